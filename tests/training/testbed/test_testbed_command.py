"""`naturel testbed`: a minute grid, going on after a stop, and bad options."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from naturel.builders.progress import SilentProgress
from naturel.training.testbed import grid as grids
from naturel.training.testbed.cli import run_testbed_command
from naturel.training.testbed.grid import CellSettings, grid, run_grid
from naturel.training.testbed.model import ModelSettings
from naturel.training.testbed.names import NOTHING, ORDER, UNSEEN
from naturel.training.testbed.train import TrainingSettings


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[CellSettings]:
    """The cells that are run, each of which finds one accuracy instead of being trained."""
    cells: list[CellSettings] = []

    def fake(cell: CellSettings) -> list[dict[str, Any]]:
        cells.append(cell)
        return [
            {
                **{"pairs": cell.pairs, "layouts": cell.layouts, "seed": cell.seed, "asked": UNSEEN},
                **{"removed": NOTHING, "measure": ORDER, "accuracy": cell.pairs / 100},
                **{"count": 10, "chance": 0.5},
            }
        ]

    monkeypatch.setattr(grids, "run_cell", fake)
    return cells


def run(cells: Sequence[CellSettings], folder: Path) -> list[float]:
    return [row.accuracy for row in run_grid(cells, folder, 1, SilentProgress()).rows]


def test_a_small_grid_from_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    run_testbed_command(out, pairs="95,90", layouts="45", seeds="0", steps=2, jobs=1)
    assert sorted(path.name for path in out.iterdir()) == [
        *("accuracies.csv", "accuracies.parquet", "cells", "testbed.md", "testbed.png")
    ]
    with Image.open(out / "testbed.png") as picture:
        assert picture.width > 1000
    assert "| 90 | " in (out / "testbed.md").read_text(encoding="utf-8")
    said = capsys.readouterr().out
    assert "from 90 to 95 label pairs" in said
    assert "2 models in" in said

    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    run_testbed_command(out, pairs="90,95", layouts="45", seeds="0", steps=2, jobs=1)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_cells_in_processes_of_their_own_are_the_same(tmp_path: Path) -> None:
    code = (
        "import sys; from naturel.training.testbed.cli import run_testbed_command\n"
        "if __name__ == '__main__':\n"
        "    run_testbed_command(__import__('pathlib').Path(sys.argv[1]), '90,105', '45', '0', 1, 'both', jobs=2)\n"
    )
    script = tmp_path / "script.py"
    script.write_text(code)
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "out")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    kept = [json.loads(path.read_text()) for path in sorted((tmp_path / "out" / "cells").iterdir())]
    assert [cell["settings"]["pairs"] for cell in kept] == [105, 90]
    cell = CellSettings(
        105,
        45,
        0,
        True,
        ModelSettings(text_layers=2),
        TrainingSettings(steps=1, both_sides=True),
    )
    assert kept[0]["rows"] == grids.run_cell(cell)
    # With all pairs trained none is unseen.
    assert {row["asked"] for row in kept[0]["rows"]} == {"one object", "seen pair", "unseen labels"}


def test_a_grid_that_was_stopped_goes_on(
    tmp_path: Path, ran: list[CellSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = grid([1, 2], [3], [0, 1])
    fake = grids.run_cell

    def stopped(cell: CellSettings) -> list[dict[str, Any]]:
        if len(ran) == 2:
            raise KeyboardInterrupt
        return fake(cell)

    monkeypatch.setattr(grids, "run_cell", stopped)
    with pytest.raises(KeyboardInterrupt):
        run(cells, tmp_path)
    monkeypatch.setattr(grids, "run_cell", fake)
    assert run(cells, tmp_path) == [0.01, 0.01, 0.02, 0.02]
    assert ran == cells


def test_other_settings_are_other_cells(tmp_path: Path, ran: list[CellSettings]) -> None:
    for steps in (1, 2, 1):
        run(grid([1], [3], [0], training=TrainingSettings(steps=steps)), tmp_path)
    run(grid([1], [3], [0], own_layouts=False, training=TrainingSettings(steps=1)), tmp_path)
    assert [cell.training.steps for cell in ran] == [1, 2, 1]
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("text", ["", "{}", '{"rows": [{"pairs": 1}]}', '{"rows": 3}', "[]", "\udcff"])
def test_a_cell_that_is_not_whole_is_run_again(tmp_path: Path, ran: list[CellSettings], text: str) -> None:
    cells = grid([1], [3], [0])
    cells[0].path(tmp_path).write_bytes(text.encode(errors="surrogateescape"))
    assert run(cells, tmp_path) == [0.01]
    assert run(cells, tmp_path) == [0.01]
    assert len(ran) == 1


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"pairs": "5,x"}, "--pairs 5,x: give whole numbers with commas between them"),
        ({"pairs": ""}, "--pairs : give whole numbers"),
        ({"pairs": "0,5"}, "--pairs 0,5: 0 is out of range; give numbers from 1 to 105."),
        ({"pairs": "106"}, "106 is out of range"),
        ({"layouts": "2,46"}, "46 is out of range; give numbers from 1 to 45."),
        ({"seeds": "-1"}, "-1 is out of range"),
        ({"sides": "right"}, "--sides right: give left or both."),
    ],
)
def test_bad_options_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: dict[str, Any], told: str
) -> None:
    with pytest.raises(SystemExit) as stopped:
        run_testbed_command(tmp_path / "out", **options)
    assert stopped.value.code == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_out_that_is_a_file_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(SystemExit) as stopped:
        run_testbed_command(tmp_path / "out", pairs="5", layouts="2", seeds="0", steps=1)
    assert stopped.value.code == 2
    assert "out" in capsys.readouterr().err
