"""Winoground in its two forms: JSON Lines with photos, and Parquet with the photos in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.benchmark_files import asked, facts, photo, photo_bytes, write_lines

from naturel.annotations.errors import UserError
from naturel.evaluation.benchmarks.opening import open_benchmarks
from naturel.evaluation.questions import Kind

OWN = [[True, False], [False, True]]


def example(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "image_0": f"ex_{number}_img_0",
        "image_1": f"ex_{number}_img_1",
        "caption_0": "some plants surrounding a lightbulb",
        "caption_1": "a lightbulb surrounding some plants",
        "tag": "Adjective-Manner",
        "secondary_tag": "",
        "collapsed_tag": "Object",
        "num_main_preds": 1,
    } | more


def embedded(colour: str) -> dict[str, Any]:
    return {"bytes": photo_bytes(colour), "path": f"{colour}.png"}


@pytest.mark.parametrize("below", ["", "data"])
def test_examples_are_groups(tmp_path: Path, below: str) -> None:
    for name in ("ex_0_img_0", "ex_0_img_1", "ex_1_img_0"):
        photo(tmp_path / below / "images" / f"{name}.png")
    rows = [
        example(0, secondary_tag="Visual"),
        example(1),
        "not JSON",
        example(2, caption_1=""),
        example(3, image_1="../../ex_0_img_0"),
    ]
    write_lines(tmp_path / below / "examples.jsonl", rows)
    (found,) = open_benchmarks(["winoground"], tmp_path)
    assert found.benchmark == "winoground/all"
    assert found.kind is Kind.GROUP
    assert asked(found) == [
        (
            ["ex_0_img_0.png", "ex_0_img_1.png"],
            ["some plants surrounding a lightbulb", "a lightbulb surrounding some plants"],
            OWN,
        )
    ]
    assert [facts(found, name) for name in ("id", "tag", "linguistic_tag", "secondary_tag")] == [
        ["0"],
        ["Object"],
        ["Adjective-Manner"],
        ["Visual"],
    ]
    assert found.left_out == {
        "bad row: the line is no JSON": 1,
        "photo is missing": 3,  # of 1, 2 and 3: their photos are looked for first
    }
    assert "https://huggingface.co/datasets/facebook/winoground" in found.notes[0]


def test_parquet_has_the_photos_in_it(tmp_path: Path) -> None:
    rows = [
        example(0, image_0=embedded("red"), image_1=embedded("blue")),
        example(1, image_0=embedded("red"), image_1=None),
    ]
    (tmp_path / "data").mkdir()
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "data" / "test-00000-of-00001.parquet")
    (found,) = open_benchmarks(["winoground/all"], tmp_path)
    assert len(found) == 1
    assert found.true.tolist() == [OWN]
    assert [picture.open().getpixel((0, 0)) for picture in found.pictures] == [(255, 0, 0), (0, 0, 255)]
    assert facts(found, "tag") == ["Object"]
    assert facts(found, "secondary_tag") == [None]
    assert found.left_out == {"photo is missing": 1}


def test_neither_form_is_there_or_it_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"examples\.jsonl is missing. It is published at https://huggingface"
    ):
        open_benchmarks(["winoground"], tmp_path)
    (tmp_path / "test.parquet").write_bytes(b"PAR1")
    with pytest.raises(UserError, match=r"test\.parquet cannot be read"):
        open_benchmarks(["winoground"], tmp_path)
