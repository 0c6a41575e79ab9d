"""Pictures cropped to subject and object."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from helpers.visual_genome_folder import Folder, node, photo, relation
from hypothesis import given
from hypothesis import strategies as st

from naturel.annotations import schema
from naturel.builders.engine import conform
from naturel.builders.sources.cropping import crop_to_unions, see_in_crops
from naturel.builders.sources.tables import SourceTables

BOXES = {
    "cup": [0.1, 0.2, 0.3, 0.4],
    "desk": [0.2, 0.4, 0.5, 0.6],
    "lamp": [0.4, 0.3, 0.58, 0.5],
    "door": [0.45, 0.2, 0.9, 0.6],
}
"""The crop around cup and desk is [0.1, 0.2, 0.5, 0.6]; most of the lamp and a ninth of the door lie in it."""


def test_boxes_in_a_crop() -> None:
    seen = see_in_crops([[0.1, 0.2, 0.5, 0.6]], np.array([7]), list(BOXES.values()), np.array([7, 7, 7, 7]))
    assert seen.crop.tolist() == [0, 0, 0]
    assert seen.box.tolist() == [0, 1, 2]
    expected = [[0, 0, 0.5, 0.5], [0.25, 0.5, 1, 1], [0.75, 0.25, 1, 0.75]]
    np.testing.assert_allclose(seen.boxes, expected, atol=1e-6)


def test_boxes_of_other_pictures_are_not_seen() -> None:
    seen = see_in_crops([[0, 0, 1, 1]], np.array([1]), [[0.1, 0.1, 0.2, 0.2]] * 2, np.array([0, 1]))
    assert seen.box.tolist() == [1]


def test_a_box_without_area_is_not_seen() -> None:
    assert len(see_in_crops([[0, 0, 1, 1]], np.array([0]), [[0.1, 0.1, 0.1, 0.2]], np.array([0])).box) == 0


boxes = st.tuples(*[st.integers(0, 20)] * 4).map(
    lambda s: [
        min(s[0], s[2]) / 20,
        min(s[1], s[3]) / 20,
        max(s[0], s[2]) / 20 + 0.05,
        max(s[1], s[3]) / 20 + 0.05,
    ]
)


@given(st.lists(boxes, min_size=1, max_size=8), boxes)
def test_a_box_seen_goes_back_to_its_part_in_the_crop(found: list[list[float]], crop: list[float]) -> None:
    seen = see_in_crops([crop], np.array([0]), found, np.zeros(len(found), np.int64))
    assert ((seen.boxes >= 0) & (seen.boxes <= 1)).all()
    corner, size = np.array(crop[:2]), np.array(crop[2:]) - np.array(crop[:2])
    back = seen.boxes * np.tile(size, 2) + np.tile(corner, 2)
    whole = np.array(found)[seen.box]
    low, high = np.maximum(whole[:, :2], crop[:2]), np.minimum(whole[:, 2:], crop[2:])
    np.testing.assert_allclose(back, np.hstack([low, high]), atol=1e-9)


def table(kind: pa.Schema, *rows: dict[str, Any]) -> pa.Table:
    return conform(pa.Table.from_pylist(list(rows)), kind)


def things(crop: list[float] | None = None) -> SourceTables:
    image = {"image_id": "p", "source": "s", "boxes_complete": True, "crop": crop, "counterpart_id": "q"}
    objects = [{"image_id": "p", "object_id": name, "label": name, "box": box} for name, box in BOXES.items()]

    def row(subject: str, said: str, other: str | None, label: str = "") -> dict[str, Any]:
        named = {"subject_id": subject, "subject_label": subject, "object_label": label or other}
        return {"image_id": "p", "relation": said, "object_id": other, **named}

    related = [
        row("cup", "on", "desk"),
        row("lamp", "on", "desk"),
        row("cup", "near", "door"),
        row("desk", "is", None, "Wooden"),
        row("door", "is", None, "Wooden"),
    ]
    wanted = [row("cup", "on", "desk"), row("cup", "near", "desk"), row("desk", "is", None, "Wooden")]
    return SourceTables(
        images=table(schema.IMAGES, image),
        objects=table(schema.OBJECTS, *objects),
        absent_labels=table(schema.ABSENT_LABELS, {"image_id": "p", "label": "cat"}),
        relations=table(schema.RELATIONS, *related),
        triplets=table(schema.TRIPLETS, *wanted),
    )


def test_triplets_of_one_pair_share_a_crop() -> None:
    tables = crop_to_unions(things())
    pair, pair_too, desk = tables.triplets["image_id"].to_pylist()
    assert pair == pair_too != desk
    assert pair.startswith("p-")
    assert len(pair) == len("p-") + 8
    crops = dict(zip(tables.images["image_id"].to_pylist(), tables.images["crop"].to_pylist(), strict=True))
    assert crops[pair] == pytest.approx([0.1, 0.2, 0.5, 0.6])
    assert crops[desk] == pytest.approx(BOXES["desk"])
    assert tables.images["source"].to_pylist() == ["s", "s"]
    assert tables.images["counterpart_id"].null_count == 2


def test_what_is_seen_there_stays() -> None:
    tables = crop_to_unions(things())
    pair = tables.triplets["image_id"][0].as_py()
    seen = tables.objects.filter(pa.compute.equal(tables.objects["image_id"], pair))
    assert sorted(seen["object_id"].to_pylist()) == ["cup", "desk", "lamp"]
    said = tables.relations.filter(pa.compute.equal(tables.relations["image_id"], pair))
    found = zip(said["subject_id"].to_pylist(), said["relation"].to_pylist(), strict=True)
    assert sorted(found) == [("cup", "on"), ("desk", "is"), ("lamp", "on")]
    assert tables.absent_labels["image_id"].to_pylist() == sorted(tables.images["image_id"].to_pylist())


def test_a_crop_of_a_crop() -> None:
    tables = crop_to_unions(things(crop=[0.5, 0.0, 1.0, 0.5]))
    crops = dict(zip(tables.images["image_id"].to_pylist(), tables.images["crop"].to_pylist(), strict=True))
    assert crops[tables.triplets["image_id"][0].as_py()] == pytest.approx([0.55, 0.1, 0.75, 0.3])


def test_a_source_that_is_read(tmp_path: Any) -> None:
    folder = Folder(tmp_path / "vg")
    folder.pictures(photo(4))
    folder.relations({4: [relation(1, node(1, "cup"), "on", node(2, "desk", (0, 40, 100, 50)))]})
    tables = crop_to_unions(folder.read())
    assert tables.images["file_name"].to_pylist() == ["VG_100K/4.jpg"]
    assert tables.images["crop"].to_pylist()[0] == pytest.approx([0.0, 0.2, 0.5, 0.9])
    box = dict(zip(tables.objects["object_id"].to_pylist(), tables.objects["box"].to_pylist(), strict=True))
    assert box["1"] == pytest.approx([0.2, 0.0, 0.6, 4 / 7])
    assert box["2"] == pytest.approx([0.0, 2 / 7, 1.0, 1.0])
