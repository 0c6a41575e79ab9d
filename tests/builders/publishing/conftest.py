"""Two releases in a row, built once."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.builds import must_build


@pytest.fixture(scope="package")
def build(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a build whose second release has more captions than its first."""
    out = tmp_path_factory.mktemp("releases") / "out"
    for captions in ("8", "9"):
        must_build("--data", sample, "--max-images", "30", "--captions-per-claim", captions, "--out", out)
    return out
