"""Samples of questions."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.benchmark_files import asked, facts, photo, write_lines

from naturel.evaluation.benchmarks.opening import open_benchmarks
from naturel.evaluation.questions import Questions


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    """Forty questions of eight pictures, in ten sets of four."""
    for number in range(8):
        photo(tmp_path / f"{number}.jpg")
    rows = [
        {"image": f"{row % 8}.jpg", "captions": [f"right {row}", "wrong"], "true": 0, "set": str(row % 10)}
        for row in range(40)
    ]
    return write_lines(tmp_path / "own.jsonl", rows)


def sample(path: Path, most: int, seed: int = 0) -> Questions:
    (found,) = open_benchmarks(["jsonl"], path, max_questions=most, seed=seed)
    return found


def test_a_sample_has_whole_sets_and_what_they_need(questions: Path) -> None:
    (whole,) = open_benchmarks(["jsonl"], questions)
    found = sample(questions, 11)
    assert len(found) == 8  # two sets; a third would be too many
    assert found.left_out == {"not in the sample": 32}
    assert len(set(facts(found, "set"))) == 2
    assert [row for row in asked(whole) if row in asked(found)] == asked(found)
    assert len(found.captions) == 9
    assert len(found.pictures) == len({row[0][0] for row in asked(found)})


def test_the_seed_chooses_and_repeats(questions: Path) -> None:
    first = facts(sample(questions, 8), "id")
    assert facts(sample(questions, 8), "id") == first
    assert {tuple(facts(sample(questions, 8, seed), "id")) for seed in range(8)} != {tuple(first)}
    assert set(first) <= set(facts(sample(questions, 20), "id"))  # a larger sample has the smaller one in it


@pytest.mark.parametrize("most", [40, 100])
def test_all_are_kept_where_there_are_no_more(questions: Path, most: int) -> None:
    assert len(sample(questions, most)) == 40
    assert sample(questions, most).left_out == {}


def test_none_are_kept_where_none_fit(questions: Path) -> None:
    found = sample(questions, 3)
    assert len(found) == len(found.pictures) == len(found.captions) == 0
    assert found.left_out == {"not in the sample": 40}
