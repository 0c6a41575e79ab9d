"""Items: what a training loop gets, as dictionaries."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

from naturel.annotations.joins import Integers
from naturel.loaders.schemes import NegativeImages, Scheme
from naturel.loaders.sentences import Sentences

BLANK_SIZE = (224, 224)
"""Of the blank picture, in pixels: what most models take."""

Item = dict[str, Any]
"""A `Pair` or `TwoPairs`."""


def make_items(
    sentences: Sentences, scheme: Scheme, rows: Integers, positive: Integers, negative: Integers
) -> list[Item]:
    """Items without their pictures.

    Args:
        sentences: The records.
        scheme: The scheme.
        rows: The record of each item, shape (k,).
        positive: Which of its positives, shape (k, 1 or 2).
        negative: Which of its negatives, of the same shape.

    Returns:
        k items.
    """
    took = pa.array(rows)
    columns: dict[str, list[Any]] = {"id": sentences.ids.take(took).to_pylist()}
    columns |= {name: fact.take(took).to_pylist() for name, fact in sentences.facts.items()}
    first = positive[:, 0]
    group = np.where(first == negative[:, 0], sentences.groups[rows, first], -1)
    columns["group_id"] = _named(sentences.group_names, group)
    columns["negative_image_caption"] = _named(sentences.texts, sentences.shown[rows])
    for side, codes, places in (
        ("positive", sentences.positive, positive),
        ("negative", sentences.negative, negative),
    ):
        if scheme == "two":
            pair = [_named(sentences.texts, codes[rows, places[:, place]]) for place in (0, 1)]
            columns[f"{side}s"] = [list(two) for two in zip(*pair, strict=True)]
        else:
            columns[side] = _named(sentences.texts, codes[rows, places[:, 0]])
    names = [*columns, "image", "negative_image"]
    return [
        dict(zip(names, values, strict=True))
        for values in zip(*columns.values(), *2 * [[None] * len(rows)], strict=True)
    ]


def hide_negative_images(items: list[Item], negative_images: NegativeImages) -> None:
    """Take from items what they should not say of negative pictures, and give them the blank one if asked for."""
    if negative_images == "release":
        return
    picture = blank() if negative_images == "blank" else None
    empty = dict.fromkeys(("negative_image_id", "negative_image_source", "negative_image_caption"))
    for item in items:
        item.update(empty, negative_image=picture)


@cache
def blank() -> Image.Image:
    """The poster's blank picture, the same object each time."""
    return Image.new("RGB", BLANK_SIZE, "white")


def _named(names: pa.Array, codes: Any) -> list[str | None]:
    taken: list[str | None] = names.take(pa.array(codes, mask=codes < 0)).to_pylist()
    return taken
