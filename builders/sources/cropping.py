"""Pictures cropped to what a triplet is about: the smallest box around its subject and its object.

As ARO's VG-Relation does (Yuksekgonul et al., ICLR 2023): what else the whole picture shows cannot mislead.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations import schema
from naturel.annotations.geometry import Boxes, area, as_boxes, union_box
from naturel.annotations.joins import Integers, Lookup, codes_of
from naturel.builders.choice import hash_texts
from naturel.builders.engine import conform
from naturel.builders.sources.origin import Origin
from naturel.builders.sources.tables import SourceTables

LEAST_INSIDE = 0.5
"""A box that lies in the crop by less than this share of its area is not seen there."""
CHUNK = 1_000_000
"""Pairs of crop and box looked at at a time."""


@dataclass(frozen=True)
class Seen:
    """Boxes that are seen in crops, one row each."""

    crop: Integers
    """Number of the crop."""
    box: Integers
    """Number of the box."""
    boxes: Boxes
    """Clipped to the crop, fractions of its sides, shape (n, 4)."""


def see_in_crops(
    crops: npt.ArrayLike, crop_picture: Integers, boxes: npt.ArrayLike, box_picture: Integers
) -> Seen:
    """Which boxes are seen in crops of their picture, and where.

    Args:
        crops: Shape (n, 4), fractions of the whole picture.
        crop_picture: A number for the picture of each crop, shape (n,).
        boxes: Shape (m, 4), fractions of the whole picture.
        box_picture: The same numbers for the boxes, shape (m,).

    Returns:
        Each (crop, box) of the same picture of which `LEAST_INSIDE` of the box lies in the crop, by crop.
    """
    outer, inner = as_boxes(crops), as_boxes(boxes)
    lookup = Lookup(box_picture)
    parts = [Seen(np.zeros(0, np.int64), np.zeros(0, np.int64), inner[:0])]
    for rows in np.array_split(np.arange(len(outer)), max(1, len(outer) * 32 // CHUNK)):
        at, box = lookup.matches(crop_picture[rows])
        crop = rows[at]
        around, found = outer[crop], inner[box]
        low, high = np.maximum(found[:, :2], around[:, :2]), np.minimum(found[:, 2:], around[:, 2:])
        whole, part = area(found), area(np.hstack([low, high]))
        kept = np.flatnonzero((whole > 0) & (part >= LEAST_INSIDE * whole))
        corner, size = around[kept, :2], around[kept, 2:] - around[kept, :2]
        moved = np.hstack([(low[kept] - corner) / size, (high[kept] - corner) / size])
        parts.append(Seen(crop[kept], box[kept], np.clip(moved, 0.0, 1.0)))
    return Seen(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("crop", "box", "boxes"))
    )


def with_union_crops(origin: Origin) -> Origin:
    """A source whose pictures are crops around the two boxes of each triplet."""
    return replace(
        origin,
        key={**origin.key, "crop": "union"},
        read=lambda vocabulary, nouns: crop_to_unions(origin.read(vocabulary, nouns)),
        linkable=False,  # an address gives the whole picture
    )


def crop_to_unions(tables: SourceTables) -> SourceTables:
    """Crop each triplet's picture to the smallest box around the pair that stands for it.

    Triplets with the same crop share a picture, `<id>-<8 hexadecimal digits of the crop>`. Boxes of which less than
    half lies in it are left out there, and relations with them.
    """
    images, objects, absent, relations, triplets = (
        conform(table, kind)
        for table, kind in (
            (tables.images, schema.IMAGES),
            (tables.objects, schema.OBJECTS),
            (tables.absent_labels, schema.ABSENT_LABELS),
            (tables.relations, schema.RELATIONS),
            (tables.triplets, schema.TRIPLETS),
        )
    )
    ids = images["image_id"].combine_chunks()
    boxes = _boxes(objects["box"])
    keys = _keys(objects, "object_id")
    subject = codes_of(_keys(triplets, "subject_id"), keys)
    other = codes_of(_keys(triplets, "object_id"), keys)
    unions = union_box(boxes[subject], boxes[np.where(other < 0, subject, other)]).astype(np.float32)
    named = [
        f"{image}-{code & 0xFFFFFFFF:08x}"
        for image, code in zip(
            triplets["image_id"].to_pylist(),
            hash_texts(" ".join(f"{side:.6f}" for side in box) for box in unions.tolist()).tolist(),
            strict=True,
        )
    ]
    crop_ids, first, crop_of = np.unique(
        np.array(named, dtype=object), return_index=True, return_inverse=True
    )
    crops = unions[first]
    picture = codes_of(triplets["image_id"].take(pa.array(first)), ids)
    names = pa.array(crop_ids.tolist(), pa.string())
    seen = see_in_crops(crops, picture, boxes, codes_of(objects["image_id"], ids))
    cropped = objects.take(pa.array(seen.box))
    cropped = _replaced(cropped, "image_id", names.take(pa.array(seen.crop)))
    cropped = _replaced(cropped, "box", _column(seen.boxes, schema.BOX))
    at, row = Lookup(codes_of(relations["image_id"], ids)).matches(picture)
    related = _replaced(relations.take(pa.array(row)), "image_id", names.take(pa.array(at)))
    inside = _keys(cropped, "object_id")
    there = (codes_of(_keys(related, "subject_id"), inside) >= 0) & (
        (codes_of(_keys(related, "object_id"), inside) >= 0) | np.asarray(pc.is_null(related["object_id"]))
    )
    at, gone = Lookup(codes_of(absent["image_id"], ids)).matches(picture)
    return replace(
        tables,
        images=_cropped_images(images.take(pa.array(picture)), names, crops),
        objects=cropped,
        absent_labels=_replaced(absent.take(pa.array(gone)), "image_id", names.take(pa.array(at))),
        relations=related.filter(pa.array(there)),
        triplets=_replaced(triplets, "image_id", names.take(pa.array(crop_of))),
    )


def _cropped_images(images: pa.Table, names: pa.Array, crops: npt.NDArray[np.float32]) -> pa.Table:
    """The crops as pictures; a picture that is a crop of its file already is cropped further."""
    whole = pa.scalar([0.0, 0.0, 1.0, 1.0], schema.IMAGES.field("crop").type)
    before = _boxes(pc.fill_null(images["crop"], whole))
    corner, size = before[:, :2], before[:, 2:] - before[:, :2]
    of_file = np.hstack([corner + crops[:, :2] * size, corner + crops[:, 2:] * size])
    images = _replaced(images, "image_id", names)
    images = _replaced(images, "counterpart_id", pa.nulls(images.num_rows, pa.string()))
    return _replaced(images, "crop", _column(of_file, schema.IMAGES.field("crop").type))


def _boxes(column: pa.ChunkedArray) -> Boxes:
    return as_boxes(column.combine_chunks().flatten().to_numpy(zero_copy_only=False).reshape(-1, 4))


def _column(boxes: Boxes, kind: pa.DataType) -> pa.Array:
    flat = pa.array(boxes.astype(np.float32).reshape(-1))
    return pa.FixedSizeListArray.from_arrays(flat, 4).cast(kind)


def _keys(table: pa.Table, column: str) -> pa.Array:
    """One text for (picture, object); null where there is no object."""
    keys = pc.binary_join_element_wise(table["image_id"], table[column], "\t")
    return keys.combine_chunks() if isinstance(keys, pa.ChunkedArray) else keys


def _replaced(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, column)
