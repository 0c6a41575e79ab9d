"""Questions of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.benchmark_files import asked, facts, photo, write_lines
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from naturel.annotations.errors import UserError
from naturel.evaluation.benchmarks.opening import open_benchmarks
from naturel.evaluation.measuring import measure
from naturel.evaluation.questions import Kind

GOOD = {"image": "a.jpg", "captions": ["cat on bed", "bed on cat"], "labels": [1, 0]}


def test_labels_and_places_of_true_captions(tmp_path: Path) -> None:
    photo(tmp_path / "a.jpg")
    photo(tmp_path / "sub" / "b.jpg", "blue")
    rows = [
        GOOD | {"id": "first", "relation": "on", "kind": "swap"},
        {"image": "sub/b.jpg", "captions": ["x", "y", "z"], "true": 2, "crop": [1, 2, 5, 9]},
        {"image": "sub/b.jpg", "captions": ["x", "y", "z"], "true": [0, 1], "relation": 7},
        {"image": "a.jpg", "captions": ["x", "y"], "labels": [False, True]},
    ]
    path = write_lines(tmp_path / "mine.jsonl", rows)
    for data in (path, tmp_path, {"jsonl": path}):
        (found,) = open_benchmarks(["jsonl"], data)
        assert (found.benchmark, found.kind) == ("jsonl/mine", Kind.CHOICE)
        assert asked(found) == [
            (["a.jpg"], ["cat on bed", "bed on cat"], [[True, False]]),
            (["sub/b.jpg#1,2,5,9"], ["x", "y", "z"], [[False, False, True]]),
            (["sub/b.jpg"], ["x", "y", "z"], [[True, True, False]]),
            (["a.jpg"], ["x", "y"], [[False, True]]),
        ]
        assert found.texts[0].tolist() == [0, 1, -1]
        assert facts(found, "id") == ["first", "2", "3", "4"]
        assert facts(found, "relation") == ["on", None, "7", None]
        assert facts(found, "kind") == ["swap", None, None, None]


def test_lines_of_one_caption_are_judgements(tmp_path: Path) -> None:
    photo(tmp_path / "a.jpg")
    rows = [
        {"image": "a.jpg", "captions": ["x"], "labels": [1]},
        {"image": "a.jpg", "captions": ["y"], "labels": [0]},
    ]
    write_lines(tmp_path / "b.jsonl", rows)
    write_lines(tmp_path / "c.jsonl", [*rows, GOOD])
    found = open_benchmarks(["jsonl"], tmp_path)
    assert [(each.benchmark, each.kind, len(each)) for each in found] == [
        ("jsonl/b:judgements", Kind.JUDGEMENT, 2),
        ("jsonl/c", Kind.CHOICE, 1),
        ("jsonl/c:judgements", Kind.JUDGEMENT, 2),
    ]
    (only,) = open_benchmarks(["jsonl/b"], tmp_path)
    assert only.benchmark == "jsonl/b:judgements"


def test_pairs_and_sets_of_which_a_line_is_left_out_are_forgotten(tmp_path: Path) -> None:
    photo(tmp_path / "a.jpg")
    rows = [
        GOOD | {"pair": "p", "set": "s"},
        GOOD | {"pair": "p", "set": "s"},
        GOOD | {"pair": "q", "set": "t"},
        GOOD | {"pair": "q", "set": "t", "image": "none.jpg"},
    ]
    write_lines(tmp_path / "mine.jsonl", rows)
    (found,) = open_benchmarks(["jsonl"], tmp_path)
    assert facts(found, "pair") == ["p", "p", None]
    scores = np.array([[[1.0, 0.0]]] * 3)
    assert {each.metric: each.count for each in measure(found, scores)} == {
        "accuracy": 3, "pair accuracy": 1, "set accuracy": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"image": "a.jpg"}, "captions is missing or no list"),
        (GOOD | {"captions": []}, "captions is missing or no list"),
        (GOOD | {"captions": ["a", 1]}, "a caption is missing or no text"),
        (GOOD | {"captions": ["a", "\ud800"]}, "a caption is missing or no text"),
        (GOOD | {"labels": [1]}, "labels are not one 0 or 1 for each caption"),
        (GOOD | {"labels": [1, 2]}, "labels are not one 0 or 1 for each caption"),
        (GOOD | {"labels": [1, 1]}, "its captions are all true or all false"),
        ({"image": "a.jpg", "captions": ["a", "b"]}, "it has no labels, and true is no place of a caption"),
        ({"image": "a.jpg", "captions": ["a", "b"], "true": 2}, "it has no labels, and true is no place"),
        ({"image": "a.jpg", "captions": ["a", "b"], "true": True}, "it has no labels, and true is no place"),
        (GOOD | {"crop": [1, 2, 3]}, "the crop is not four whole numbers"),
        (GOOD | {"crop": "all"}, "the crop is not four whole numbers"),
        (GOOD | {"image": "../a.jpg"}, "the photo's name is missing, or leads out of its folder"),
        (GOOD | {"image": "/etc/passwd"}, "the photo's name is missing, or leads out of its folder"),
        (GOOD | {"image": "C:a.jpg"}, "the photo's name is missing, or leads out of its folder"),
        ("[1, 2", "the line is no JSON"),
        ([1, 2], "it is no object"),
    ],
)
def test_bad_lines_are_counted_and_alone_an_error(tmp_path: Path, row: Any, reason: str) -> None:
    photo(tmp_path / "a.jpg")
    path = write_lines(tmp_path / "mine.jsonl", [GOOD, row])
    (found,) = open_benchmarks(["jsonl"], path)
    assert len(found) == 1
    ((counted, times),) = found.left_out.items()
    assert counted.startswith(f"bad row: {reason}")
    assert times == 1
    write_lines(path, [row])
    with pytest.raises(
        UserError, match=rf"mine\.jsonl holds no question of jsonl/mine.*line 1 \(bad row: {reason}"
    ):
        open_benchmarks(["jsonl"], path)


def test_bad_lines_of_one_caption_are_counted_with_the_others(tmp_path: Path) -> None:
    photo(tmp_path / "a.jpg")
    single = {"image": "a.jpg", "captions": [None]}
    path = write_lines(tmp_path / "mine.jsonl", [GOOD, single])
    (found,) = open_benchmarks(["jsonl"], path)
    assert (found.benchmark, len(found)) == ("jsonl/mine", 1)
    assert found.left_out == {"bad row: a caption is missing or no text": 1}
    write_lines(path, [single])
    with pytest.raises(UserError, match=r"line 1 \(bad row: a caption is missing"):
        open_benchmarks(["jsonl"], path)
    write_lines(path, [{"image": "a.jpg", "captions": ["x"], "true": "x"}, GOOD | {"labels": [1]}])
    with pytest.raises(UserError, match=r"line 2 \(bad row: labels"):
        open_benchmarks(["jsonl"], path)
    path.write_text("\n")
    with pytest.raises(UserError, match=r"mine\.jsonl holds no question of jsonl/mine: it is empty"):
        open_benchmarks(["jsonl"], path)


def test_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"holds no file \*\.jsonl"):
        open_benchmarks(["jsonl"], tmp_path)
    with pytest.raises(UserError, match=r"holds no file other\.jsonl"):
        open_benchmarks(["jsonl/other"], tmp_path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.text(max_size=3) | st.just("a.jpg"),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
FIELDS = st.sampled_from(["image", "captions", "labels", "true", "id", "crop", "pair", "set", "relation"])


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.dictionaries(FIELDS, JSON), max_size=4))
def test_whatever_a_line_holds_it_is_asked_or_counted(tmp_path: Path, rows: list[Any]) -> None:
    photo(tmp_path / "a.jpg")
    lines = [GOOD, *({**GOOD, **row} for row in rows)]
    path = write_lines(tmp_path / "mine.jsonl", lines)
    found = open_benchmarks(["jsonl"], path)
    assert sum(len(each) + sum(each.left_out.values()) for each in found) == len(lines)
    for each in found:
        measure(each, np.zeros(each.true.shape), resamples=5)
