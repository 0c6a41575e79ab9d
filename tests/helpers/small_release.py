"""A release made by hand, as small or as large as wanted: what the review app needs, with no build behind it."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image, ImageDraw

from naturel.annotations import schema
from naturel.annotations.claims import Claim

NOUNS = ("cat", "desk", "dog", "chair", "ball", "table", "book", "bench", "cup", "bed")
SUBJECT_BOX, OBJECT_BOX = [0.1, 0.2, 0.4, 0.6], [0.3, 0.5, 0.9, 0.95]
FORMS = ("{0} on {1}", "A {0} is on a {1}.", "There is a {0} on a {1}.", "In the picture, a {0} is on a {1}.")
"""A simple sentence, and three complex ones."""
AT_ONCE = 2_000


def claims(pairs: int) -> list[Claim]:
    """Claims with their swaps after them: 2 * `pairs`."""
    found: list[Claim] = []
    for i, first in enumerate(NOUNS):
        for second in NOUNS[i + 1 :]:
            found += [Claim(first, "on", second), Claim(second, "on", first)]
    return found[: 2 * pairs]


def sentences(claim: Claim) -> list[str]:
    """The four sentences of a claim."""
    return [form.format(claim.subject, claim.object) for form in FORMS]


def caption_id(claim: Claim, form: int) -> str:
    return f"{claim.claim_id}{form:04d}"


def write_release(folder: Path, records: int, pictures: int, pairs: int = 3) -> Path:
    """Write a release: record i has picture i % pictures and the claim i % (2 * pairs), denies its swap.

    Args:
        folder: Where to; the release is `folder/release/1.0.0`.
        records: How many.
        pictures: How many different ones, each of 320 x 240 pixels.
        pairs: How many pairs of a claim and its swap there are; at most 45.

    Returns:
        The release's folder.
    """
    release = folder / "release" / "1.0.0"
    for name in ("data", "captions", "claims"):
        (release / name).mkdir(parents=True)
    stated = claims(pairs)
    images = [_picture(number) for number in range(pictures)]
    table = schema.release_schema(schema.RECORDS, with_images=True)
    with pq.ParquetWriter(release / "data" / "train-00000-of-00001.parquet", table) as writer:
        for batch in _batches(records, stated, images):
            writer.write_table(pa.Table.from_pylist(batch, table), row_group_size=100)
    pq.write_table(
        pa.Table.from_pylist(
            [_caption(claim, form) for claim in stated for form in range(4)], schema.CAPTIONS
        ),
        release / "captions" / "captions.parquet",
    )
    pq.write_table(
        pa.Table.from_pylist([_claim(claim) for claim in stated], schema.CLAIMS),
        release / "claims" / "claims.parquet",
    )
    (release / "attribution.csv").write_text("image_id\n")
    manifest = {"version": "1.0.0", "rows": {"data": records}, "content": f"{records} {pictures} {pairs}"}
    (release / "manifest.json").write_text(json.dumps(manifest))
    return release


def _batches(records: int, stated: list[Claim], images: list[bytes]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, records, AT_ONCE):
        yield [_record(row, stated, images) for row in range(start, min(start + AT_ONCE, records))]


def _picture(number: int) -> bytes:
    image = Image.new("RGB", (320, 240), ((37 * number) % 256, (91 * number) % 256, 180))
    ImageDraw.Draw(image).text((4, 4), str(number))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG")
    return buffer.getvalue()


def _record(row: int, stated: list[Claim], images: list[bytes]) -> dict[str, Any]:
    image = images[row % len(images)]
    claim = stated[row % len(stated)]
    swap = claim.swapped()
    right, wrong = sentences(claim), sentences(swap)
    places = [
        (claim, 0),
        (swap, 0),
        *((claim, form) for form in (1, 2, 3)),
        *((swap, form) for form in (1, 2, 3)),
    ]
    return {
        "id": f"r{row:06d}",
        "image": {"bytes": image, "path": f"p{row % len(images)}.jpg"},
        "image_id": f"p{row % len(images)}",
        "source": "drawn",
        "source_split": "train",
        "rotation": 0,
        "width": 320,
        "height": 240,
        "subject": {"label": claim.subject.title(), "noun": claim.subject, "box": SUBJECT_BOX},
        "relation": claim.relation,
        "object": {"label": claim.object.title(), "noun": claim.object, "box": OBJECT_BOX},
        "simple_positive": right[0],
        "simple_negative": wrong[0],
        "complex_positives": right[1:],
        "complex_negatives": wrong[1:],
        "positive_proof": "annotated",
        "negative_claims": [{"subject": swap.subject, "relation": swap.relation, "object": swap.object}] * 4,
        "negative_kinds": ["swap"] * 4,
        "negative_proofs": ["antisymmetric"] * 4,
        "group_ids": [None] * 3,
        "caption_ids": [caption_id(*place) for place in places],
        "sha256": hashlib.sha256(image).hexdigest(),
        "version": "1.0.0",
    }


def _caption(claim: Claim, form: int) -> dict[str, Any]:
    return {
        "caption_id": caption_id(claim, form),
        "claim_id": claim.claim_id,
        "text": sentences(claim)[form],
        "style": "complex" if form else "simple",
        "construction": "existential" if form == 2 else "plain",
        "writer": "grammar",
        "states": "unsure" if form == 3 else "yes",
        "problems": [],
        "status": "ok",
    }


def _claim(claim: Claim) -> dict[str, Any]:
    return {
        "claim_id": claim.claim_id,
        "subject": claim.subject,
        "relation": claim.relation,
        "object": claim.object,
        "subject_label": claim.subject.title(),
        "object_label": claim.object.title(),
        "images_true": 1,
        "images_false": 1,
    }
