"""COCO- and GQA-spatial: rows of image, right caption, wrong caption."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.benchmark_files import asked, facts, photo, write_json

from naturel.annotations.errors import UserError
from naturel.evaluation.benchmarks.opening import open_benchmarks


def test_coco_photos_have_twelve_digits(tmp_path: Path) -> None:
    photo(tmp_path / "val2017" / "000000000139.jpg")
    write_json(
        tmp_path / "coco_qa_one_obj.json",
        [[139, "A photo of a cat on the left", "A photo of a cat on the right"]],
    )
    two = [
        [139, "A photo of a cat to the right of a dog", "A photo of a cat to the left of a dog"],
        [139, "A photo of a cat above a dog", "A photo of a cat below a dog"],
        ["139", "A photo of a cat below a dog", "A photo of a cat above a dog"],
    ]
    write_json(tmp_path / "coco_qa_two_obj.json", two)
    one_thing, two_things = open_benchmarks(["coco_spatial"], tmp_path)
    assert (one_thing.benchmark, two_things.benchmark) == ("coco_spatial/one", "coco_spatial/two")
    assert asked(one_thing) == [
        (
            ["000000000139.jpg"],
            ["A photo of a cat on the left", "A photo of a cat on the right"],
            [[True, False]],
        )
    ]
    assert facts(one_thing, "relation") == ["left"]
    assert facts(two_things, "relation") == ["right", "above", "below"]


def test_gqa_photos_have_their_ids(tmp_path: Path) -> None:
    photo(tmp_path / "gqa_spatial" / "vg_images" / "n12.jpg")
    photo(tmp_path / "visual_genome" / "VG_100K_2" / "7.jpg")
    rows = [
        ["n12", "A photo of a cat in front of a dog", "A photo of a cat behind a dog"],
        [7, "A photo of a cat behind a dog", "A photo of a cat in front of a dog"],
        [7, "A photo of a cat on top of a dog", "A photo of a cat under a dog"],
        [8, "A photo of a cat to the left of a dog", "A photo of a cat to the right of a dog"],
    ]
    write_json(tmp_path / "gqa_spatial" / "vg_qa_two_obj.json", rows)
    (found,) = open_benchmarks(["gqa_spatial/two"], tmp_path)
    assert [row[0] for row in asked(found)] == [["n12.jpg"], ["7.jpg"], ["7.jpg"]]
    assert facts(found, "relation") == ["front", "behind", "top"]
    assert found.left_out == {"photo is missing": 1}
    assert "vg_images.tar.gz" in found.notes[0]


def test_bad_rows_and_missing_files(tmp_path: Path) -> None:
    photo(tmp_path / "val2017" / "000000000139.jpg")
    rows = [
        [139, "right", "wrong"],
        [139, "right"],
        {"image": 139},
        ["../../../../139", "right", "wrong"],
        [None, "a", "b"],
    ]
    write_json(tmp_path / "coco_qa_two_obj.json", rows)
    (found,) = open_benchmarks(["coco_spatial/two"], tmp_path)
    assert len(found) == 1
    assert facts(found, "relation") == [None]
    assert found.left_out == {
        "bad row: it is no list of image, right caption and wrong caption": 2,
        "bad row: the photo's name is missing, or leads out of its folder": 2,
    }
    with pytest.raises(UserError, match=r"vg_qa_one_obj\.json is missing.*vg_qa_two_obj\.json is missing"):
        open_benchmarks(["gqa_spatial"], tmp_path)
