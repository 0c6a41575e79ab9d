"""VSR: single sentences, true or false, ranked against each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.benchmark_files import asked, facts, photo, write_lines

from naturel.annotations.errors import UserError
from naturel.evaluation.benchmarks.opening import open_benchmarks
from naturel.evaluation.measuring import measure
from naturel.evaluation.questions import Kind

ON = "The cat is on the bed."


def row(image: int, caption: str, label: Any, relation: str = "on") -> dict[str, Any]:
    return {
        "image": f"{image:012}.jpg",
        "image_link": "",
        "caption": caption,
        "label": label,
        "relation": relation,
    }


def test_the_test_split_is_ranked(tmp_path: Path) -> None:
    for number in (1, 2):
        photo(tmp_path / "images" / f"{number:012}.jpg")
    rows = [row(1, ON, 1), row(2, ON, 0), row(1, "The bed is under the cat.", 0, "under"), row(3, ON, 1)]
    write_lines(tmp_path / "splits" / "zeroshot" / "test.jsonl", rows)
    (found,) = open_benchmarks(["vsr"], tmp_path)
    assert (found.benchmark, found.kind) == ("vsr/zeroshot", Kind.JUDGEMENT)
    assert asked(found) == [
        (["000000000001.jpg"], [ON], [[True]]),
        (["000000000002.jpg"], [ON], [[False]]),
        (["000000000001.jpg"], ["The bed is under the cat."], [[False]]),
    ]
    assert facts(found, "relation") == ["on", "on", "under"]
    assert found.left_out == {"photo is missing": 1}
    assert [note.partition(" ")[2] for note in found.notes][1:] == [
        "is missing. It is published at https://github.com/cambridgeltl/visual-spatial-reasoning/tree/master/data."
    ] * 2
    values = {
        each.metric: each.value
        for each in measure(found, np.array([0.5, 0.2, 0.7]).reshape(3, 1, 1))
        if not each.facet
    }
    assert values == {"AUC": 0.5, "same-caption ranking": 1.0, "same-picture ranking": 0.0}


def test_other_splits_and_all(tmp_path: Path) -> None:
    photo(tmp_path / "coco" / "train2017" / f"{1:012}.jpg")
    folder = tmp_path / "vsr"
    write_lines(folder / "data" / "splits" / "random" / "dev.jsonl", [row(1, ON, 1)])
    write_lines(folder / "data" / "splits" / "random" / "test.jsonl", [row(1, ON, 0)])
    write_lines(
        folder / "data" / "data_files" / "all_vsr_validated_data.jsonl", [row(1, ON, 0), row(1, ON, 1)]
    )
    found = open_benchmarks(["vsr/random", "vsr/all"], tmp_path, split=["dev", "test_unseen_pairs"])
    assert [(questions.benchmark, len(questions)) for questions in found] == [
        ("vsr/random:dev", 1),
        ("vsr/all", 2),
    ]
    (plain,) = open_benchmarks(["vsr/random"], tmp_path, split=["test_unseen_pairs"])
    assert plain.benchmark == "vsr/random"


def test_bad_lines_are_counted(tmp_path: Path) -> None:
    photo(tmp_path / "images" / f"{1:012}.jpg")
    rows = [
        row(1, ON, 1),
        row(1, ON, "1"),
        row(1, ON, 2),
        "{",
        row(1, "", 1),
        {"image": "../a.jpg", "caption": "a", "label": 0},
    ]
    write_lines(tmp_path / "splits" / "random" / "test.jsonl", rows)
    (found,) = open_benchmarks(["vsr/random"], tmp_path)
    assert len(found) == 1
    assert found.left_out == {
        "bad row: caption is missing or no text": 1,
        "bad row: the label is neither 0 nor 1": 2,
        "bad row: the line is no JSON": 1,
        "bad row: the photo's name is missing, or leads out of its folder": 1,
    }
    (tmp_path / "splits" / "random" / "test.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match=r"test\.jsonl cannot be read"):
        open_benchmarks(["vsr/random"], tmp_path)
