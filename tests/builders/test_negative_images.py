"""Negative images: found by joins, nearest first, the own mirror image where nothing else is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pytest
from helpers.scenes import VOCABULARY

from naturel.annotations import schema
from naturel.annotations.claims import Claim
from naturel.builders.negative_images import Known, find_negative_images

LABELS = {"cat": "Cat", "dog": "Dog", "bed": "Bed"}
ON, UNDER, SWAP = Claim("cat", "on", "bed"), Claim("cat", "under", "bed"), Claim("bed", "on", "cat")
LEFT, RIGHT, BACK = (
    Claim("cat", "left_of", "dog"),
    Claim("cat", "right_of", "dog"),
    Claim("dog", "left_of", "cat"),
)
CLAIMS = (ON, UNDER, SWAP, LEFT, RIGHT, BACK)
LOW, HIGH = (0.4, 0.6, 0.6, 0.9), (0.4, 0.2, 0.6, 0.5)


def candidates(pictures: Mapping[str, Mapping[Claim, list[Claim]]]) -> list[dict[str, Any]]:
    """Positive claim -> claims that are false beside it."""
    return [
        {
            "image_id": image,
            "positive_claim": positive.claim_id,
            "claim_id": claim.claim_id,
            "kind": "positive" if claim is positive else "contrast",
            "truth": "true" if claim is positive else "false",
        }
        for image, stated in pictures.items()
        for positive, denied in stated.items()
        for claim in (positive, *denied)
    ]


def known(
    pictures: Mapping[str, Mapping[Claim, list[Claim]]],
    boxes: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]] = {},
    images: Mapping[str, Mapping[str, Any]] = {},
) -> Known:
    names = [*pictures, *(name for name in images if name not in pictures)]
    objects = [
        {"image_id": name, "object_id": number, "label": "", "box": box}
        for name in names
        for number, box in zip("12", boxes.get(name, (HIGH, LOW)), strict=True)
    ]
    triplets = [
        {
            "image_id": image,
            "subject_label": LABELS[claim.subject],
            "relation": claim.relation,
            "object_label": LABELS[claim.object],
            "subject_id": "1",
            "object_id": "2",
            "claim_id": claim.claim_id,
        }
        for image, stated in pictures.items()
        for claim in stated
    ]
    claims = [
        {
            "claim_id": claim.claim_id,
            "subject": claim.subject,
            "relation": claim.relation,
            "object": claim.object,
        }
        | {"subject_label": LABELS[claim.subject], "object_label": LABELS[claim.object]}
        for claim in CLAIMS
    ]
    rows = [{"image_id": name, "url": f"https://x/{name}.jpg", **images.get(name, {})} for name in names]
    seen = [{"image_id": name, "turns": 0, "status": "ok", "sha256": name} for name in names]
    return Known(
        pa.Table.from_pylist(candidates(pictures), schema.CANDIDATES),
        pa.Table.from_pylist(claims, schema.CLAIMS),
        pa.Table.from_pylist(triplets, schema.CLAIMED_TRIPLETS),
        pa.Table.from_pylist(objects, schema.OBJECTS),
        pa.Table.from_pylist(rows, schema.IMAGES),
        pa.Table.from_pylist(seen, schema.PICTURES),
    )


def found(all_of_it: Known, image: str, positive: Claim, *denied: Claim) -> tuple[Any, Any]:
    """The picture and the pair of one record, whose three complex negatives are `denied`."""
    ids = [claim.claim_id for claim in (denied[0], *denied)]
    chosen = pa.table(
        {
            "image_id": [image],
            "positive_claim": [positive.claim_id],
            "negative_claim_ids": pa.array([ids], pa.list_(pa.string(), 4)),
        }
    )
    table, counts = find_negative_images(chosen, all_of_it, VOCABULARY)
    assert sum(counts.values()) == 1
    (row,) = table.cast(schema.NEGATIVE_IMAGES).to_pylist()
    return row["negative_image_id"], row["negative_image_pair"]


def test_the_nearest_layout_wins() -> None:
    near = ((0.4, 0.25, 0.6, 0.5), LOW)
    far = ((0.0, 0.0, 0.1, 0.1), (0.8, 0.8, 0.9, 0.9))
    everything = known(
        {"a": {ON: [UNDER]}, "far": {UNDER: [ON]}, "near": {UNDER: [ON]}, "other": {SWAP: [ON]}},
        boxes={"a": (HIGH, LOW), "near": near, "far": far},
    )
    assert found(everything, "a", ON, UNDER, UNDER, UNDER) == ("near", 0)
    # The places count, not who stands in them: the swap has the same two boxes the other way round.
    exchanged = known(
        {"a": {ON: [SWAP]}, "far": {SWAP: [ON]}, "same": {SWAP: [ON]}}, {"far": far, "same": (LOW, HIGH)}
    )
    assert found(exchanged, "a", ON, SWAP, SWAP, SWAP) == ("same", 0)


def test_the_positive_must_be_false_there() -> None:
    everything = known({"a": {ON: [UNDER]}, "both": {UNDER: [SWAP]}, "unproved": {ON: [UNDER]}})
    assert found(everything, "a", ON, UNDER, UNDER, UNDER) == (None, None)


def test_a_later_pair_serves_where_the_first_has_none() -> None:
    everything = known({"a": {ON: [UNDER, SWAP]}, "b": {SWAP: [ON]}})
    assert found(everything, "a", ON, UNDER, SWAP, SWAP) == ("b", 1)


def test_the_counterpart_comes_first() -> None:
    pictures = {"a": {ON: [UNDER]}, "b": {UNDER: [ON]}, "c": {UNDER: [ON]}}
    boxes = {"c": ((0.0, 0.0, 0.1, 0.1), (0.8, 0.8, 0.9, 0.9))}
    everything = known(pictures, boxes, images={"a": {"counterpart_id": "c"}})
    assert found(everything, "a", ON, UNDER, UNDER, UNDER) == ("c", 0)


@pytest.mark.parametrize(("denied", "image"), [(RIGHT, "a-mirrored"), (BACK, "a-mirrored"), (UNDER, None)])
def test_the_mirror_image_serves_where_only_the_side_differs(denied: Claim, image: str | None) -> None:
    images: dict[str, dict[str, Any]] = {
        "a": {"counterpart_id": "a-mirrored"},
        "a-mirrored": {"mirrored": True, "counterpart_id": "a"},
    }
    everything = known({"a": {LEFT: [denied]}}, images=images)
    assert found(everything, "a", LEFT, denied, denied, denied)[0] == image


def test_what_a_linked_picture_needs_is_said() -> None:
    images: dict[str, dict[str, Any]] = {
        "a": {"counterpart_id": "m"},
        "m": {"mirrored": True, "counterpart_id": "a", "crop": [0, 0, 0.5, 0.5]},
    }
    everything = known({"a": {LEFT: [RIGHT]}}, images=images)
    chosen = pa.table(
        {
            "image_id": ["a"],
            "positive_claim": [LEFT.claim_id],
            "negative_claim_ids": pa.array([[RIGHT.claim_id] * 4], pa.list_(pa.string(), 4)),
        }
    )
    table, counts = find_negative_images(chosen, everything, VOCABULARY)
    assert table["negative_image_source"].to_pylist() == [
        {"url": "https://x/m.jpg", "crop": [0, 0, 0.5, 0.5], "rotation": 0, "mirrored": True}
    ]
    assert +counts == {"negative images constructed by mirroring": 1}
