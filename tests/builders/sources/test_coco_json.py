"""Reading instances files: what is good, and what becomes of the rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.coco_folder import LEFT, RIGHT, instances, write_instances

from naturel.annotations.errors import UserError
from naturel.builders.sources import coco_json
from naturel.builders.sources.coco_json import CocoRows, read_coco


def read(folder: Path, content: object) -> CocoRows:
    return read_coco(write_instances(folder / "instances.json", content))


def test_what_a_file_says(tmp_path: Path) -> None:
    rows = read(tmp_path, instances({7: [("cat", LEFT), ("dog", RIGHT, {"iscrowd": 1})]}))
    (photo,) = rows.photos
    assert (photo.id, photo.file, photo.license) == (7, "000000000007.jpg", 4)
    assert photo.coco_url == "http://pictures.example/train2017/000000000007.jpg"
    assert [rows.categories[place].name for place in rows.category] == ["cat", "dog"]
    assert rows.photo.tolist() == [0, 0]
    assert rows.id.tolist() == [1, 2]
    assert rows.crowd.tolist() == [False, True]
    np.testing.assert_allclose(rows.box, [[0, 0.2, 0.3, 0.8], [0.7, 0.2, 1, 0.8]], atol=1e-6)
    assert rows.licenses["4"].text == "Attribution License (http://creativecommons.org/licenses/by/2.0/)"
    assert not rows.dropped
    assert not rows.damaged


def test_lists_in_another_order_and_ids_as_text(tmp_path: Path) -> None:
    content = instances({1: [("cat", LEFT)]})
    content["images"][0]["id"] = content["annotations"][0]["image_id"] = "a/b"
    content["annotations"][0]["category_id"] = str(content["annotations"][0]["category_id"])
    rows = read(tmp_path, dict(reversed(content.items())))
    assert rows.photos[0].id == "a/b"
    assert rows.photo.tolist() == [0]
    assert rows.categories[rows.category[0]].name == "cat"


def test_boxes_are_cut_off_at_the_edges(tmp_path: Path) -> None:
    rows = read(tmp_path, instances({1: [("cat", (-20, 50, 60, 90))]}))
    np.testing.assert_allclose(rows.box, [[0, 0.5, 0.2, 1]], atol=1e-6)


@pytest.mark.parametrize(
    ("reason", "fields", "shown"),
    [
        (coco_json.BAD_BOX, {"bbox": [10, 10, 0, 20]}, "annotation 2: bbox is [10.0, 10.0, 0.0, 20.0]"),
        (coco_json.BAD_BOX, {"bbox": [10, 10, 20, -20]}, "annotation 2: bbox is [10.0, 10.0, 20.0, -20.0]"),
        (coco_json.BAD_BOX, {"bbox": [200, 10, 20, 20]}, "annotation 2: bbox is [200.0"),
        (coco_json.NO_NUMBER, {"bbox": [1, 2, 3]}, "annotation number 2: Expected `array` of length 4"),
        (coco_json.NO_NUMBER, {"bbox": [1, 2, 3, "4"]}, "annotation number 2: Expected `float`, got `str`"),
        (
            coco_json.NO_NUMBER,
            {"bbox": [1, 2, 3, float("nan")]},
            "annotation number 2: Expected `float`, got `null`",
        ),
        (
            coco_json.NO_NUMBER,
            {"bbox": [1, float("-inf"), 3, 4]},
            "annotation number 2: Expected `float`, got `null`",
        ),
        (coco_json.NO_NUMBER, {"bbox": None}, "annotation number 2"),
        (coco_json.MALFORMED, {"id": None}, "annotation number 2: Expected `int`, got `null`"),
        (coco_json.MALFORMED, {"category_id": [1]}, "annotation number 2"),
        (coco_json.NO_CATEGORY, {"category_id": 999}, "annotation 2: category_id is 999"),
        (coco_json.NO_PICTURE, {"image_id": 999}, "annotation 2: image_id is 999"),
        (coco_json.REPEATED, {"id": 1}, "annotation 1: its id stands twice"),
    ],
)
def test_annotations_that_cannot_be_used(
    tmp_path: Path, reason: str, fields: dict[str, Any], shown: str
) -> None:
    rows = read(tmp_path, instances({5: [("cat", LEFT), ("dog", RIGHT, fields)], 6: [("cat", LEFT)]}))
    assert rows.dropped == {reason: 1}
    assert rows.examples[reason].startswith(f"instances.json, {shown}")
    assert rows.id.tolist() == [1, 3]
    unharmed = reason in (coco_json.NO_PICTURE, coco_json.REPEATED)
    assert rows.damaged == (frozenset() if unharmed else {0})


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"width": 0}, "picture: malformed"),
        ({"height": None}, "picture: malformed"),
        ({"id": 5}, "picture: repeated"),
        ({"id": "5"}, "picture: repeated"),
    ],
)
def test_pictures_that_cannot_be_used(tmp_path: Path, fields: dict[str, Any], reason: str) -> None:
    content = instances({5: [("cat", LEFT)], 6: [("cat", LEFT)]}, photos={6: fields})
    rows = read(tmp_path, content)
    assert [photo.id for photo in rows.photos] == [5]
    assert rows.dropped == {reason: 1, coco_json.NO_PICTURE: 1}
    assert rows.examples[reason].startswith("instances.json, picture number 2: ")


def test_lvis_names_no_file(tmp_path: Path) -> None:
    photo = {"file_name": None, "neg_category_ids": [2], "not_exhaustive_category_ids": [1]}
    (read_photo,) = read(tmp_path, instances({5: [("cat", LEFT)]}, photos={5: photo})).photos
    assert read_photo.file == "train2017/000000000005.jpg"
    assert read_photo.neg_category_ids == (2,)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("{", "no JSON, or damaged"),
        ('{"images": [}', "no JSON, or damaged"),
        ("[]", "no instances file in COCO's format: Expected `object`, got `array`"),
        ('{"images": []}', "missing required field `annotations`"),
        (
            '{"images": [], "annotations": {}, "categories": []}',
            r"Expected `array`, got `object` - at `\$.annotations`",
        ),
        (json.dumps(instances({})), "none of its annotations can be used .there are none"),
        (json.dumps(instances({1: [("cat", LEFT, {"image_id": 2})]})), "its picture is not in the file: 1"),
    ],
)
def test_files_that_are_no_instances_files(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as raised:
        read(tmp_path, content)
    assert str(tmp_path / "instances.json") in str(raised.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        read_coco(tmp_path / "instances.json")
