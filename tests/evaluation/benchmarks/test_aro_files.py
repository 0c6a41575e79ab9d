"""ARO's VG-Relation: crops, relations, and the list of those that are not averaged over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from helpers.benchmark_files import asked, facts, photo, write_json
from PIL import Image

from naturel.annotations.errors import UserError
from naturel.evaluation.benchmarks.aro import left_out
from naturel.evaluation.benchmarks.opening import open_benchmarks

NAME = "visual_genome_relation.json"


def row(
    relation: str, image: str = "5.jpg", box: tuple[Any, ...] = (10, 5, 20, 15), **more: Any
) -> dict[str, Any]:
    return {
        "image_id": "5",
        "image_path": image,
        "bbox_x": box[0],
        "bbox_y": box[1],
        "bbox_w": box[2],
        "bbox_h": box[3],
        "true_caption": f"the cat is {relation} the bed",
        "false_caption": f"the bed is {relation} the cat",
        "relation_name": relation,
    } | more


def test_the_box_around_both_things_is_shown(tmp_path: Path) -> None:
    path = photo(tmp_path / "images" / "5.png")
    with Image.open(path) as opened:
        opened.paste("blue", (10, 5, 30, 20))
        opened.save(path)
    rows = [row("on", "5.png"), row("near", "5.png"), row("on", "5.png", (0, 0, 4, 4))]
    write_json(tmp_path / NAME, rows)
    (found,) = open_benchmarks(["aro"], tmp_path)
    assert found.benchmark == "aro/vg_relation"
    assert asked(found)[0] == (
        ["5.png#10,5,30,20"],
        ["the cat is on the bed", "the bed is on the cat"],
        [[True, False]],
    )
    assert facts(found, "relation") == ["on", "near", "on"]
    assert facts(found, "asymmetric_relation") == ["on", None, "on"]
    shown = found.pictures[0].open()
    assert shown.size == (20, 15)
    assert shown.getcolors() == [(300, (0, 0, 255))]
    assert len(found.pictures) == 2


def test_bad_rows_are_counted(tmp_path: Path) -> None:
    photo(tmp_path / "images" / "5.jpg")
    rows = [
        row("on"),
        row("on", "6.jpg"),
        row("on", "../visual_genome_relation.json"),
        row("on", box=(1, 2, 0, 5)),
        row("on", box=(1, 2, "3", 5)),
        row("on", box=(1, 2, float("nan"), 5)),
        row("on", box=(0, 0, 10**6, 10**6)),
        row("on", false_caption=None),
        [],
    ]
    write_json(tmp_path / NAME, rows)
    (found,) = open_benchmarks(["aro/vg_relation"], tmp_path)
    assert len(found) == 1
    assert found.left_out == {
        "bad row: false_caption is missing or no text": 1,
        "bad row: it is no object": 1,
        "bad row: the crop is empty": 1,
        "bad row: the crop is larger than pictures are": 1,
        "bad row: the crop is not four whole numbers": 2,
        "bad row: the photo's name is missing, or leads out of its folder": 1,
        "photo is missing": 1,
    }


def test_a_missing_file_is_told_with_its_address(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"{NAME} is missing. It is published at https://drive.google.com"):
        open_benchmarks(["aro"], tmp_path)


def test_the_relations_that_the_authors_leave_out() -> None:
    relations = left_out()
    assert len(relations) == 157
    assert {"near", "next to", "beside", "with", "biting"} <= relations
    assert not {"on", "in", "behind", "to the left of", "under"} & relations
