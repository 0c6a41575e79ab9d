"""Boxes that follow their pictures."""

import pyarrow as pa

from naturel.annotations import schema
from naturel.builders.upright import upright_objects


def test_boxes_turn_with_their_pictures_and_failed_pictures_take_theirs_along() -> None:
    objects = pa.Table.from_pylist(
        [
            {"image_id": name, "object_id": "1", "label": "Cat", "box": [0.0, 0.0, 0.5, 0.25]}
            for name in ("upright", "turned", "mirrored", "failed")
        ],
        schema.OBJECTS,
    )
    pictures = pa.table(
        {
            "image_id": ["mirrored", "turned", "upright"],
            "turns": pa.array([0, 1, 0], pa.int8()),
            "mirrored": [True, False, False],
        }
    )
    boxes = {row["image_id"]: row["box"] for row in upright_objects(objects, pictures).to_pylist()}
    # A quarter turn counterclockwise takes the point (x, y) to (y, 1 - x).
    assert boxes == {
        "upright": [0.0, 0.0, 0.5, 0.25],
        "turned": [0.0, 0.5, 0.25, 1.0],
        "mirrored": [0.5, 0.0, 1.0, 0.25],
    }
