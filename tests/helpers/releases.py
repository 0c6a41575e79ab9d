"""Small releases made by hand, to compare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from naturel.annotations import schema
from naturel.builders.publishing.errata import Erratum
from naturel.builders.publishing.snapshot import SPLIT, Snapshot, rows_of

Row = dict[str, Any]
RECORDS = schema.RECORDS.append(SPLIT)


def caption(name: str, claim: str = "cat on desk", **more: Any) -> Row:
    """A caption as the grammar writes it, accepted."""
    return {
        "caption_id": name,
        "claim_id": claim,
        "text": f"Sentence {name}.",
        "style": "complex",
        "construction": "svo",
        "writer": "grammar",
        "states": "yes",
        "problems": [],
        "status": "ok",
    } | more


def record(name: str, image: str, captions: str = "p0 n0 p1 p2 p3 n1 n2 n3", **more: Any) -> Row:
    """A record whose captions are named, in the order of `caption_ids`."""
    ids = captions.split()
    text = [f"Sentence {caption}." for caption in ids]
    box = [0.0, 0.0, 0.5, 0.5]
    return {
        "id": name,
        "image_id": image,
        "source": "openimages",
        "source_split": "train",
        "split": "train",
        "url": f"https://example.org/{image}.jpg",
        "rotation": 0,
        "width": 400,
        "height": 300,
        "subject": {"label": "Cat", "noun": "cat", "box": box},
        "relation": "on",
        "object": {"label": "Desk", "noun": "desk", "box": box},
        "simple_positive": text[0],
        "simple_negative": text[1],
        "complex_positives": text[2:5],
        "complex_negatives": text[5:],
        "positive_proof": "annotated",
        "negative_claims": [{"subject": "desk", "relation": "on", "object": "cat"}] * 4,
        "negative_kinds": ["swap"] * 4,
        "negative_proofs": ["antisymmetric"] * 4,
        "group_ids": [None, None, None],
        "caption_ids": ids,
        "license": "https://creativecommons.org/licenses/by/2.0/",
        "sha256": f"digest of {image}",
    } | more


def captions_of_both() -> list[Row]:
    """Five captions of a claim (p0 to p4) and five of its swap (n0 to n4)."""
    claims = {"p": "cat on desk", "n": "desk on cat"}
    return [caption(f"{side}{place}", claim) for side, claim in claims.items() for place in range(5)]


def small_release(
    records: Sequence[Row],
    captions: Sequence[Row],
    version: str = "1.0.0",
    errata: Sequence[Erratum] = (),
    kind: pa.Schema = RECORDS,
) -> Snapshot:
    """A release of these rows, without pictures."""
    return Snapshot(
        version,
        rows_of("id", pa.Table.from_pylist(list(records), kind)),
        rows_of("caption_id", pa.Table.from_pylist(list(captions), schema.CAPTIONS)),
        tuple(errata),
    )
