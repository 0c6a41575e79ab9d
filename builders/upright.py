"""Tables of the pictures in use, and boxes that follow pictures turned upright."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations import schema
from naturel.annotations.joins import codes_of
from naturel.builders.decoding import transform_boxes


def upright_objects(objects: pa.Table, pictures: pa.Table) -> pa.Table:
    """The objects of the given pictures, their boxes turned like the pictures."""
    objects = of_images(objects, pictures)
    place = codes_of(objects["image_id"], pictures["image_id"].combine_chunks())
    turns = pictures["turns"].to_numpy()[place]
    mirrored = np.asarray(pictures["mirrored"].to_numpy(), dtype=np.bool_)[place]
    moved = (turns != 0) | mirrored
    if not moved.any():
        return objects
    boxes = objects["box"].combine_chunks().flatten().to_numpy().reshape(-1, 4).copy()
    boxes[moved] = transform_boxes(boxes[moved], turns[moved], mirrored[moved])
    column = pa.FixedSizeListArray.from_arrays(pa.array(boxes.reshape(-1), pa.float32()), 4).cast(schema.BOX)
    return objects.set_column(objects.schema.get_field_index("box"), "box", column)


def linked_pictures(images: pa.Table) -> pa.Table:
    """The picture table of a build without pictures: turned as their metadata say, size and digest unknown."""
    count = images.num_rows
    degrees = [
        0.0 if value is None or math.isnan(value) else value for value in images["rotation"].to_pylist()
    ]
    mirrored = np.asarray(pc.fill_null(images["mirrored"], False), dtype=np.bool_)
    turns = np.array([round(value / 90) % 4 for value in degrees], dtype=np.int8)
    columns: Mapping[str, pa.Array] = {
        "image_id": images["image_id"],
        # A picture that is mirrored last is one that is mirrored first and turned the other way.
        "turns": pa.array(np.where(mirrored, -turns % 4, turns), pa.int8()),
        "mirrored": pa.array(mirrored),
        "status": pa.array(["ok"] * count, pa.string()),
    }
    rows = [columns.get(field.name, pa.nulls(count, field.type)) for field in schema.PICTURES]
    return pa.table(dict(zip(schema.PICTURES.names, rows, strict=True)), schema=schema.PICTURES)


def of_images(table: pa.Table, images: pa.Table) -> pa.Table:
    """The rows of the given pictures."""
    return table.filter(pc.is_in(table["image_id"], value_set=images["image_id"].combine_chunks()))
