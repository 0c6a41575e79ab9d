"""The hard positive truth: two files of the same rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from helpers.benchmark_files import asked, photo, write_json

from naturel.annotations.errors import UserError
from naturel.evaluation.benchmarks.opening import open_benchmarks
from naturel.evaluation.questions import Kind

RELATIONS = "vl_checklist_relations.json"


def row(true: str, false: str, image: str = "data/VG_100K/61.jpg", **more: Any) -> dict[str, Any]:
    return {"image_id": "61", "true_caption": true, "false_caption": false, "image_path": image} | more


def write(folder: Path, original: list[Any], swapped: list[Any], name: str = RELATIONS) -> None:
    write_json(folder / "data" / name, original)
    write_json(folder / "swapped_data" / name, swapped)


@pytest.mark.parametrize("place", ["data/VG_100K", "VG_100K", "visual_genome/VG_100K"])
def test_replace_is_caption_hard_positive_hard_negative(tmp_path: Path, place: str) -> None:
    photo(tmp_path / place / "61.jpg")
    write(tmp_path, [row("cup in box", "cup off box")], [row("cup within box", "cup out of box")])
    (found,) = open_benchmarks(["hard_positives/replace_rel"], tmp_path)
    assert found.benchmark == "hard_positives/replace_rel"
    assert found.kind is Kind.HARD_POSITIVE
    assert asked(found) == [
        (["VG_100K/61.jpg"], ["cup in box", "cup within box", "cup out of box"], [[True, True, False]])
    ]


def test_swap_shows_the_crop(tmp_path: Path) -> None:
    photo(tmp_path / "data" / "images" / "5.jpg")
    box = {"bbox_x": 1, "bbox_y": 2, "bbox_w": 3, "bbox_h": 4}
    original = row("the red cat and the big dog", "the big cat and the red dog", "5.jpg", **box)
    swapped = row("the big dog and the red cat", "the big cat and the red dog", "5.jpg", **box)
    write(tmp_path, [original], [swapped], "visual_genome_attribution.json")
    (found,) = open_benchmarks(["hard_positives/swap"], tmp_path)
    assert asked(found)[0][0] == ["5.jpg#1,2,4,6"]
    assert found.pictures[0].open().size == (3, 4)


def test_bad_rows_and_missing_photos_are_counted(tmp_path: Path) -> None:
    photo(tmp_path / "data" / "VG_100K" / "61.jpg")
    original = [
        row("a", "b"),
        row("a", "b"),
        row("a", "b", "data/VG_100K/62.jpg"),
        row("", "b"),
        row("a", "b", "data/../x.jpg"),
    ]
    swapped = [row("c", "b"), row("c", "b", "data/VG_100K/9.jpg"), *(original[2:4]), original[4]]
    write(tmp_path, original, swapped)
    found = open_benchmarks(["hard_positives"], tmp_path)
    assert len(found) == 1  # the other two are missing
    assert len(found[0]) == 1
    assert found[0].left_out == {
        "bad row: the photo's name is missing, or leads out of its folder": 1,
        "bad row: the two files are about different photos": 1,
        "bad row: true_caption is missing or no text": 1,
        "photo is missing": 1,
    }
    told = " ".join(found[0].notes)
    assert "visualgenome" in told
    assert "vl_checklist_attributes.json is missing" in told
    assert "visual_genome_attribution.json is missing" in told


def test_files_that_do_not_belong_together(tmp_path: Path) -> None:
    write(tmp_path, [row("a", "b")], [row("a", "b"), row("a", "b")])
    with pytest.raises(UserError, match=r"has 1 rows, .* has 2: they do not belong together"):
        open_benchmarks(["hard_positives/replace_rel"], tmp_path)
    (tmp_path / "swapped_data" / RELATIONS).unlink()
    with pytest.raises(UserError, match=r"swapped_data/vl_checklist_relations\.json is missing"):
        open_benchmarks(["hard_positives/replace_rel"], tmp_path)
