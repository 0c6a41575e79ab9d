"""The example that trains a small CLIP runs from end to end; its figures need half an hour and are not looked at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("torch")
SCRIPT = Path(__file__).parents[2] / "examples" / "small_clip.py"


def run(out: Path, *more: str) -> str:
    command = [
        sys.executable,
        str(SCRIPT),
        "--quick",
        "--out",
        str(out),
        "--seeds",
        "0",
        "--jobs",
        "1",
        *more,
    ]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_it_runs(tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = run(out, "--variants", "groups; swap, one way round")
    told = json.loads((out / "results.json").read_text())
    assert [(each["variant"], each["seed"]) for each in told["runs"]] == [
        ("groups", 0),
        ("swap, one way round", 0),
    ]
    assert all(each["questions"]["group"] > 0 and each["curve"][-1][0] == 4 for each in told["runs"])
    # Whole 2x2 groups: every sentence is as often positive as negative. One way round: only ever one of the two.
    assert told["attacks"]["groups"] <= 0.6
    table = (out / "table.md").read_text()
    assert table.splitlines()[2].startswith("| groups |")
    assert table in first
    with Image.open(out / "figure.png") as figure:
        assert figure.width > 600
