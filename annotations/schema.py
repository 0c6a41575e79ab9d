"""The tables that pass between the rooms: their Arrow schemas, and the Hugging Face Features of a record.

All boxes are `[x_min, y_min, x_max, y_max]` as fractions of width and height in [0, 1], origin top left, in the
upright picture. All ids are strings. All text is UTF-8 in Unicode normal form C.
"""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

BOX = pa.list_(pa.float32(), 4)
"""One box: `[x_min, y_min, x_max, y_max]`."""

IMAGES = pa.schema(
    {
        "image_id": pa.string(),
        "source": pa.string(),
        "source_split": pa.string(),
        "url": pa.string(),
        "landing_url": pa.string(),
        "license": pa.string(),
        "author": pa.string(),
        "title": pa.string(),
        "rotation": pa.float32(),  # degrees counterclockwise to upright, as the source says; null: unknown
        "boxes_complete": pa.bool_(),  # whether all things of the boxed labels are boxed
        "file_name": pa.string(),  # below one of the source's folders; null: found by `image_id`
        "crop": pa.list_(
            pa.float32()
        ),  # the box of the file that is the picture, before it is turned; null: all of it
        "mirrored": pa.bool_(),  # whether the picture is the mirror image (left to right) of the upright file
        "counterpart_id": pa.string(),  # the picture that shows the same in the other arrangement; null: none
    }
)
"""One row a picture, as its source describes it. A source may leave out the columns from `file_name` on.

A source gives boxes as fractions of the `crop`, before the file is turned or mirrored; they follow the picture later.
Relations and triplets are those of the finished picture: in a mirrored one, left and right are exchanged.
"""

PICTURES = pa.schema(
    {
        "image_id": pa.string(),
        "width": pa.int32(),  # pixels, of the stored picture
        "height": pa.int32(),
        "sha256": pa.string(),
        "phash": pa.string(),
        "turns": pa.int8(),  # counterclockwise quarter turns that made it upright
        "mirrored": pa.bool_(),  # mirrored horizontally before those turns
        "status": pa.string(),  # ok | failed
        "status_reason": pa.string(),
    }
)
"""One row a picture that was looked for, with what became of it."""

OBJECTS = pa.schema(
    {
        "image_id": pa.string(),
        "object_id": pa.string(),
        "label": pa.string(),
        "box": BOX,
        "is_group_of": pa.bool_(),
        "is_depiction": pa.bool_(),
        "is_occluded": pa.bool_(),
        "is_truncated": pa.bool_(),
    }
)
"""All boxes known for a picture. `object_id` is unique within the picture."""

ABSENT_LABELS = pa.schema({"image_id": pa.string(), "label": pa.string()})
"""Labels that people verified as absent from a picture."""

RELATIONS = pa.schema(
    {
        "image_id": pa.string(),
        "relation_id": pa.string(),
        "subject_id": pa.string(),
        "subject_label": pa.string(),
        "relation": pa.string(),
        "object_id": pa.string(),
        "object_label": pa.string(),
        "evidence": pa.string(),  # annotated | constructed | human
        "phrase": pa.string(),  # the source's own words where they say more than the relation; null: they do not
    }
)
"""Annotated relations between two objects; for `is` the object is an attribute label, and `object_id` null."""

TRIPLETS = pa.schema(
    {
        "image_id": pa.string(),
        "subject_label": pa.string(),
        "relation": pa.string(),
        "object_label": pa.string(),
        "subject_id": pa.string(),  # the annotated pair that stands for the triplet in the record
        "object_id": pa.string(),
        "pairs": pa.int32(),  # how many annotated pairs carry it
        "phrase": pa.string(),  # of the pair that stands for it, as in `RELATIONS`
    }
)
"""The (picture, triplet)s that the build is asked to make records of."""

CLAIMED_TRIPLETS = pa.schema([*TRIPLETS, pa.field("claim_id", pa.string())])
"""Of the pictures that are there, with the claim that each makes; a claim stands once a picture."""

TOKENS = pa.schema(
    {
        "image_id": pa.string(),  # of the scene; only some scenes have a picture and records
        "split": pa.string(),  # train | validation | test
        "kind": pa.string(),  # one object | seen pair | unseen pair | unseen label: what training knows of its labels
        "seen_layout": pa.bool_(),  # whether training has things in these two cells; null with one object
        "cells": pa.list_(pa.int16(), 10),  # labels from left to right; 0: empty
        "captions": pa.list_(pa.list_(pa.int16())),  # all true, each with its end token
    }
)
"""The scenes of the testbed as tokens (`naturel.builders.sources.testbed`), pictures or not."""

CLAIMS = pa.schema(
    {
        "claim_id": pa.string(),
        "subject": pa.string(),
        "relation": pa.string(),
        "object": pa.string(),
        "subject_label": pa.string(),
        "object_label": pa.string(),
        "images_true": pa.int32(),
        "images_false": pa.int32(),
    }
)
"""Every claim that is stated or denied somewhere, with the number of pictures where it is proved."""

CANDIDATES = pa.schema(
    {
        "image_id": pa.string(),
        "positive_claim": pa.string(),
        "claim_id": pa.string(),
        "kind": pa.string(),  # positive | swap | contrast | attribute | subject | object
        "rank": pa.int16(),  # order of preference within the record, from 0
        "truth": pa.string(),  # true | false | unknown
        "proof": pa.string(),  # null where unknown
    }
)
"""For every record to be: the claims that could serve as its negatives, and whether they are false there."""

WRITTEN = pa.schema(
    {
        "caption_id": pa.string(),
        "claim_id": pa.string(),
        "text": pa.string(),
        "style": pa.string(),  # simple | complex
        "construction": pa.string(),
        "writer": pa.string(),  # grammar, or a model's name
        "prompt_id": pa.string(),  # null for the grammar
        "prompt_digest": pa.string(),
        "request_digest": pa.string(),  # under which the cache has the model's answer
    }
)
"""Every sentence as it was written, with the claim that it should state."""

CAPTIONS = pa.schema(
    [
        *WRITTEN,
        pa.field("states", pa.string()),  # whether it states its claim: yes | no | unsure
        pa.field("problems", pa.list_(pa.string())),  # of its wording
        pa.field("status", pa.string()),  # ok | rejected
        pa.field("status_reason", pa.string()),  # null where ok
    ]
)
"""Every sentence with what was found in it; those that are ok stand in records."""

_ENTITY = pa.struct({"label": pa.string(), "noun": pa.string(), "box": BOX})
_CLAIM = pa.struct({"subject": pa.string(), "relation": pa.string(), "object": pa.string()})

RECORDS = pa.schema(
    {
        "id": pa.string(),
        "image_id": pa.string(),
        "source": pa.string(),
        "source_split": pa.string(),
        "url": pa.string(),
        "crop": pa.list_(pa.float32()),  # the box of the source's file that is the picture; null: all of it
        "rotation": pa.int16(),  # degrees counterclockwise that a linked picture still needs; 0 when embedded
        "mirrored": pa.bool_(),  # whether the picture is the mirror image of the source's, mirrored last
        "width": pa.int32(),
        "height": pa.int32(),
        "subject": _ENTITY,
        "relation": pa.string(),
        "source_relation": pa.string(),  # the source's own words where they say more; null: they do not
        "object": _ENTITY,
        "simple_positive": pa.string(),
        "simple_negative": pa.string(),
        "complex_positives": pa.list_(pa.string(), 3),
        "complex_negatives": pa.list_(pa.string(), 3),
        "positive_proof": pa.string(),
        "negative_claims": pa.list_(_CLAIM, 4),  # of the simple negative, then of the three complex ones
        "negative_kinds": pa.list_(pa.string(), 4),
        "negative_proofs": pa.list_(pa.string(), 4),
        "group_ids": pa.list_(pa.string(), 3),  # of the 2x2 group of each complex pair; null: in none
        "caption_ids": pa.list_(pa.string(), 8),  # simple +, simple -, three complex +, three complex -
        "reviewed": pa.bool_(),  # whether people accepted its picture, its claim or one of its captions
        "license": pa.string(),
        "author": pa.string(),
        "landing_url": pa.string(),
        "sha256": pa.string(),
        "phash": pa.string(),
        "version": pa.string(),
    }
)
"""One row a (picture, triplet): what users load. With pictures embedded, `image` follows `id`."""

NEGATIVE_IMAGES = pa.schema(
    {
        "negative_image_id": pa.string(),  # null: none was found
        "negative_image_pair": pa.int8(),  # the complex pair whose negative is true there: 0, 1 or 2
        # What a picture that is not embedded still needs, as in `RECORDS`.
        "negative_image_source": pa.struct(
            {
                "url": pa.string(),
                "crop": pa.list_(pa.float32()),
                "rotation": pa.int16(),
                "mirrored": pa.bool_(),
            }
        ),
    }
)
"""Further columns of records, in builds that look for negative images: another picture, where a negative claim of the
record is proved true and its positive claim proved false. Embedded, `negative_image` follows them."""

IMAGE = pa.struct({"bytes": pa.binary(), "path": pa.string()})
"""How the Hugging Face `Image` feature lies in Arrow."""


def release_schema(base: pa.Schema, *, with_images: bool) -> pa.Schema:
    """Add the image columns and the metadata from which `datasets` restores the Features.

    Args:
        base: The table's schema, for example `RECORDS`.
        with_images: Whether the pictures are embedded: `image` becomes the second column, and `negative_image` the
            last where the schema has negative images.

    Returns:
        The schema to write, with the `huggingface` key in its metadata.
    """
    fields = list(base)
    if with_images:
        fields.insert(1, pa.field("image", IMAGE))
        if "negative_image_id" in base.names:
            fields.append(pa.field("negative_image", IMAGE))
    features = {
        field.name: _IMAGE_FEATURE if field.type == IMAGE else _feature(field.type) for field in fields
    }
    metadata = json.dumps({"info": {"features": features}}, sort_keys=True)
    return pa.schema(fields, metadata={"huggingface": metadata})


_IMAGE_FEATURE = {"_type": "Image"}


def _feature(kind: pa.DataType) -> dict[str, Any]:
    """The `datasets` feature, in its JSON form, of an Arrow type."""
    if pa.types.is_struct(kind):
        return {field.name: _feature(field.type) for field in kind}
    if pa.types.is_fixed_size_list(kind):
        return {"_type": "List", "feature": _feature(kind.value_type), "length": kind.list_size}
    if pa.types.is_list(kind):
        return {"_type": "List", "feature": _feature(kind.value_type)}
    names = {pa.float32(): "float32", pa.bool_(): "bool"}
    return {"_type": "Value", "dtype": names.get(kind, str(kind))}
