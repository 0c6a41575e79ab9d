"""The commands answer at once: what takes long to load is loaded when it is used."""

from __future__ import annotations

import subprocess
import sys

SLOW = ("daft", "datasets", "httpx", "jinja2", "numpy", "openai", "pyarrow", "pydantic", "sklearn", "spacy")


def test_the_commands_load_nothing_slow() -> None:
    code = "import sys; import naturel.cli; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(SLOW) & set(done.stdout.split())
