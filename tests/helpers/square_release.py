"""A release of coloured squares: two side by side on every picture, and the same two the other way round."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image, ImageDraw

from naturel.annotations.schema import NEGATIVE_IMAGES, RECORDS, release_schema

COLOURS = ("red", "green", "blue", "yellow")
FORMS = (
    "{0} left of {1}",
    "A {0} is left of a {1}.",
    "There is a {0} left of the {1}.",
    "Left of a {1} is a {0}.",
)
"""A simple sentence, and three complex ones."""
SIDE = 32


def sentences(left: str, right: str) -> list[str]:
    """The four sentences that say which square is on the left."""
    return [form.format(left, right) for form in FORMS]


def picture(left: str, right: str, shift: int = 0) -> bytes:
    """Two squares on white."""
    image = Image.new("RGB", (SIDE, SIDE), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((2, 8 + shift, 13, 19 + shift), fill=left)
    draw.rectangle((18, 8 + shift, 29, 19 + shift), fill=right)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def records(
    colours: Sequence[str] = COLOURS, shifts: Sequence[int] = (0,), split: str = "train"
) -> list[dict[str, Any]]:
    """A record for each ordered pair of colours and each shift, with its counterpart in three groups and as its
    negative image."""
    rows = []
    for (left, right), shift in itertools.product(itertools.permutations(colours, 2), shifts):
        name, other = f"{left}-{right}-{shift}", f"{right}-{left}-{shift}"
        said, denied = sentences(left, right), sentences(right, left)
        entity = {"label": left, "noun": left, "box": [0.0, 0.3, 0.4, 0.6]}
        swap = {"subject": right, "relation": "left_of", "object": left}
        group = "-".join(sorted((left, right))) + f"-{shift}"
        rows.append(
            dict.fromkeys(RECORDS.names)
            | {
                "id": name,
                "image_id": name,
                "image": {"bytes": picture(left, right, shift), "path": f"{name}.png"},
                "source": "squares",
                "source_split": split,
                "width": SIDE,
                "height": SIDE,
                "subject": entity,
                "relation": "left_of",
                "object": entity | {"label": right, "noun": right},
                "simple_positive": said[0],
                "simple_negative": denied[0],
                "complex_positives": said[1:],
                "complex_negatives": denied[1:],
                "positive_proof": "constructed",
                "negative_claims": [swap] * 4,
                "negative_kinds": ["swap"] * 4,
                "negative_proofs": ["antisymmetric"] * 4,
                "group_ids": [f"{group}-{form}" for form in range(3)],
                "caption_ids": [""] * 8,
                "negative_image_id": other,
                "negative_image_pair": 0,
                "negative_image": {"bytes": picture(right, left, shift), "path": f"{other}.png"},
            }
        )
    return rows


def write_squares(folder: Path, **splits: Sequence[dict[str, Any]]) -> Path:
    """Write a release of splits; without any: of `records()` as train, and of shifted ones as validation."""
    release = folder / "release" / "1.0.0"
    (release / "data").mkdir(parents=True)
    schema = release_schema(pa.schema([*RECORDS, *NEGATIVE_IMAGES]), with_images=True)
    for split, rows in (
        splits or {"train": records(), "validation": records(shifts=(3,), split="validation")}
    ).items():
        table = pa.Table.from_pylist(list(rows), schema)
        pq.write_table(table, release / "data" / f"{split}-00000-of-00001.parquet")
    (release / "manifest.json").write_text(json.dumps({"version": "1.0.0"}))
    return folder
