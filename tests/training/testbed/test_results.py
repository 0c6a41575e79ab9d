"""Means over seeds, gains along the axes and what is said of them, from rows made by hand."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from naturel.training.testbed.findings import exchangeable, findings
from naturel.training.testbed.grid import CellSettings
from naturel.training.testbed.names import CHOICE, NOTHING, ORDER, UNSEEN
from naturel.training.testbed.results import Results, Row
from naturel.training.testbed.tables import markdown

ACCURACIES = {
    # (pairs, layouts): of seeds 0 and 1
    (2, 2): (0.5, 0.5),
    (2, 9): (0.5, 0.7),
    (9, 2): (0.8, 1.0),
    (9, 9): (0.9, 1.0),
}


def row(pairs: int, layouts: int, seed: int, accuracy: float, removed: str = NOTHING) -> Row:
    return Row(pairs, layouts, seed, UNSEEN, removed, ORDER, accuracy, 100, 0.5)


@pytest.fixture
def results() -> Results:
    rows = [
        row(pairs, layouts, seed, accuracy)
        for (pairs, layouts), both in ACCURACIES.items()
        for seed, accuracy in enumerate(both)
    ]
    ablated = {"token x position": (0.45, 0.55), "bias x token": (0.88, 1)}
    rows += [
        row(9, 9, seed, accuracy, removed)
        for removed, both in ablated.items()
        for seed, accuracy in enumerate(both)
    ]
    return Results(rows)


def test_means_are_over_seeds(results: Results) -> None:
    # Of (.9, 1): mean .95, standard deviation sqrt(2 x .05^2) = .0707.
    mean = results.mean(UNSEEN, ORDER, pairs=9, layouts=9)
    assert str(mean) == "0.950 ± 0.071"
    # Seed 0: (.8 + .9) / 2; seed 1: 1.
    assert str(results.mean(UNSEEN, ORDER, pairs=9)) == "0.925 ± 0.106"
    assert results.mean(UNSEEN, CHOICE) is None


def test_gains_are_those_of_each_seed(results: Results) -> None:
    # Pairs: seed 0 .85 - .5 = .35, seed 1 1 - .6 = .4. Layouts: .7 - .65 = .05, .85 - .75 = .1.
    assert str(results.gain_over_pairs(UNSEEN, ORDER)) == "0.375 ± 0.035"
    assert str(results.gain_over_layouts(UNSEEN, ORDER)) == "0.075 ± 0.035"
    assert results.gain_over_pairs(UNSEEN, CHOICE) is None


def test_the_findings_are_told(results: Results) -> None:
    assert findings(results) == [
        "Unseen pairs, left-right order: +0.375 ± 0.035 from 2 to 9 label pairs, "
        "+0.075 ± 0.035 from 2 to 9 layouts.",
        "Unseen pairs, left-right order, as many scenes: 0.900 ± 0.141 with 9 pairs in 2 layouts, "
        "0.600 ± 0.141 with 2 pairs in 9 layouts.",
        "Unseen pairs, left-right order (9 pairs, 9 layouts; chance .5): "
        "0.950 ± 0.071 with the whole attention; 0.500 ± 0.071 without token x position; "
        "less than 0.05 lower without bias x token.",
    ]


def test_nothing_is_said_of_a_single_cell() -> None:
    alone = Results([row(2, 3, 0, 0.5)])
    assert exchangeable(alone) == (0, 0)
    assert findings(alone) == []
    assert findings(Results([])) == []


def test_one_seed_has_no_spread() -> None:
    assert str(Results([row(2, 2, 0, 0.5)]).mean(UNSEEN, ORDER)) == "0.500 ± 0.000"


def test_the_tables_hold_every_cell(results: Results) -> None:
    text = markdown(results, CellSettings(2, 2, 0))
    assert "Means over 2 seeds" in text
    assert "| 9 | 0.900 ± 0.141 | 0.950 ± 0.071 |" in text
    assert "| token x position | - | 0.500 ± 0.071 | - | - |" in text


def test_rows_are_written_in_order(results: Results, tmp_path: Path) -> None:
    results.write(tmp_path)
    table = pq.read_table(tmp_path / "accuracies.parquet")
    assert table.column_names == [
        *("pairs", "layouts", "seed", "asked", "removed", "measure", "accuracy", "count", "chance")
    ]
    assert table["pairs"].to_pylist() == [2] * 4 + [9] * 8
    lines = (tmp_path / "accuracies.csv").read_text(encoding="utf-8").splitlines()
    assert lines[1] == '2,2,0,"unseen pair","nothing","order",0.5,100,0.5'
    assert len(lines) == 13
    assert sorted(path.name for path in tmp_path.iterdir()) == ["accuracies.csv", "accuracies.parquet"]
