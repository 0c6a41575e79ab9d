"""Complete records: chosen captions, with the boxes, the picture's facts and the claims denied."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations import schema
from naturel.annotations.joins import codes_of


def complete_records(
    chosen: pa.Table,
    *,
    claims: pa.Table,
    triplets: pa.Table,
    objects: pa.Table,
    images: pa.Table,
    pictures: pa.Table,
    attributes: Mapping[str, str],
) -> pa.Table:
    """Join everything that a record says.

    Args:
        chosen: What `assemble` gives.
        claims: `schema.CLAIMS`.
        triplets: `schema.CLAIMED_TRIPLETS`, the pair of boxes that stands for each.
        objects: `schema.OBJECTS`, boxes upright.
        images: `schema.IMAGES`.
        pictures: `schema.PICTURES`.
        attributes: Attribute label -> adjective, the noun of an attribute triplet's object.

    Returns:
        `schema.RECORDS` without `reviewed` and `version`, one row a row of `chosen`.
    """
    claim = codes_of(chosen["positive_claim"], claims["claim_id"].combine_chunks())
    positive = claims.take(pa.array(claim))
    image = images.take(pa.array(codes_of(chosen["image_id"], images["image_id"].combine_chunks())))
    picture = pictures.take(pa.array(codes_of(chosen["image_id"], pictures["image_id"].combine_chunks())))

    pair, subject_box, object_box = standing_pairs(
        chosen["image_id"], chosen["positive_claim"], triplets, objects
    )
    unary = pc.is_null(pair["object_id"])
    adjectives = pa.array([attributes.get(label) for label in positive["object"].to_pylist()], pa.string())
    nouns = pc.if_else(unary, adjectives, positive["object"])

    return pa.table(
        {
            "id": pc.binary_join_element_wise(chosen["image_id"], chosen["positive_claim"], "-"),
            "image_id": chosen["image_id"],
            "source": image["source"],
            "source_split": image["source_split"],
            "url": image["url"],
            **moves_of(image, picture),
            "width": picture["width"],
            "height": picture["height"],
            "subject": _entity(pair["subject_label"], positive["subject"], subject_box),
            "relation": positive["relation"],
            "source_relation": pair["phrase"],
            "object": _entity(pair["object_label"], nouns, object_box),
            "simple_positive": chosen["simple_positive"],
            "simple_negative": chosen["simple_negative"],
            "complex_positives": chosen["complex_positives"],
            "complex_negatives": chosen["complex_negatives"],
            "positive_proof": chosen["positive_proof"],
            "negative_claims": _claims(chosen["negative_claim_ids"], claims),
            "negative_kinds": chosen["negative_kinds"],
            "negative_proofs": chosen["negative_proofs"],
            "group_ids": chosen["group_ids"],
            "caption_ids": chosen["caption_ids"],
            "license": image["license"],
            "author": image["author"],
            "landing_url": image["landing_url"],
            "sha256": picture["sha256"],
            "phash": picture["phash"],
        }
    )


def standing_pairs(
    image_ids: pa.ChunkedArray, claims: pa.ChunkedArray, triplets: pa.Table, objects: pa.Table
) -> tuple[pa.Table, pa.Array, pa.Array]:
    """The annotated pair that stands for each claim in a picture.

    Args:
        image_ids: The picture of each row.
        claims: The id of the claim of each row.
        triplets: `schema.CLAIMED_TRIPLETS`; it has every such picture and claim.
        objects: `schema.OBJECTS`.

    Returns:
        The rows of `triplets`, and the boxes of subject and object.
    """
    key = pc.binary_join_element_wise(image_ids, claims, "\t")
    pair = triplets.take(pa.array(codes_of(key, _join(triplets, "image_id", "claim_id"))))
    object_key = _join(objects, "image_id", "object_id")
    # The object of an attribute triplet is the attribute: its box is the subject's.
    sides = (pair["subject_id"], pc.coalesce(pair["object_id"], pair["subject_id"]))
    box = objects["box"].combine_chunks()
    rows = (codes_of(pc.binary_join_element_wise(pair["image_id"], side, "\t"), object_key) for side in sides)
    subject_box, object_box = (box.take(pa.array(found)) for found in rows)
    return pair, subject_box, object_box


def moves_of(image: pa.Table, picture: pa.Table) -> dict[str, pa.Array]:
    """What is done to the source's file, in this order, until it is the picture: `crop`, `rotation`, `mirrored`.

    Args:
        image: `schema.IMAGES`, row for row with `picture`.
        picture: `schema.PICTURES`.

    Returns:
        The columns of `schema.RECORDS`. An embedded picture is upright: its rotation is 0.
    """
    turns = np.asarray(picture["turns"].to_numpy(), dtype=np.int16)
    linked = np.asarray(pc.is_null(picture["sha256"]))
    mirrored = pc.fill_null(image["mirrored"], False)
    # `turns` are those of a picture that is mirrored first; records tell to mirror last.
    degrees = np.where(np.asarray(mirrored, dtype=np.bool_), -turns % 4, turns) * 90
    return {
        "crop": image["crop"],
        "rotation": pa.array(np.where(linked, degrees, 0), pa.int16()),
        "mirrored": mirrored,
    }


def _join(table: pa.Table, *names: str) -> pa.Array:
    """Several text columns as one key."""
    key = pc.binary_join_element_wise(*(table[name] for name in names), "\t")
    return key.combine_chunks() if isinstance(key, pa.ChunkedArray) else key


def _entity(label: pa.ChunkedArray, noun: pa.ChunkedArray, box: pa.Array) -> pa.Array:
    flat = [
        part.combine_chunks() if isinstance(part, pa.ChunkedArray) else part for part in (label, noun, box)
    ]
    return pa.StructArray.from_arrays(flat, names=["label", "noun", "box"])


def _claims(ids: pa.ChunkedArray, claims: pa.Table) -> pa.Array:
    """The four denied claims of each record, spelt out."""
    flat = ids.combine_chunks().flatten()
    rows = claims.take(pa.array(codes_of(flat, claims["claim_id"].combine_chunks())))
    names = ["subject", "relation", "object"]
    spelt = pa.StructArray.from_arrays([rows[name].combine_chunks() for name in names], names=names)
    return pa.FixedSizeListArray.from_arrays(spelt, schema.RECORDS.field("negative_claims").type.list_size)
