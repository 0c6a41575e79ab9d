"""Scenes and their captions as tokens, for models that need neither pixels nor a text tokeniser.

A caption is "[X] is in the image", or "[X] is on the left of [Y]" and "[Y] is on the right of [X]", both true. Things
have one token, the number of their label, in cells and captions alike.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from naturel.annotations import schema
from naturel.annotations.joins import Integers
from naturel.annotations.truth import Flags
from naturel.builders.sources.testbed.scenes import KINDS, LABELS, ONE_OBJECT, SPLITS, Cells, Scenes

PADDING, END = "[padding]", "[end]"
VOCABULARY = (
    PADDING,
    *(label.lower() for label in LABELS),
    *("is", "in", "the", "image", "on", "left", "right", "of"),
    END,
)
"""The word of each token. Token 0 is an empty cell, and pads captions."""
CAPTIONS, LENGTH = 2, 8
"""Captions a scene, and tokens a caption, at most."""


def caption_tokens(scenes: Scenes) -> Cells:
    """The true captions of each scene, shape (n, `CAPTIONS`, `LENGTH`), each ended and padded.

    Scenes of one thing have one caption; the second is padding throughout.
    """
    tokens = np.zeros((len(scenes), CAPTIONS, LENGTH), dtype=np.int16)
    alone = scenes.kind == ONE_OBJECT
    _write(tokens[:, 0], alone, scenes.left, ("is", "in", "the", "image"))
    for number, (first, side, second) in enumerate(
        ((scenes.left, "left", scenes.right), (scenes.right, "right", scenes.left))
    ):
        _write(tokens[:, number], ~alone, first, ("is", "on", "the", side, "of"), second)
    return tokens


def token_table(scenes: Scenes, image_ids: pa.Array) -> pa.Table:
    """The scenes as `schema.TOKENS`.

    Args:
        scenes: The scenes.
        image_ids: The id of each.
    """
    tokens = caption_tokens(scenes)
    lengths = (tokens > 0).sum(axis=2)
    sentences = pa.ListArray.from_arrays(_offsets(lengths[lengths > 0]), pa.array(tokens[tokens > 0]))
    columns = {
        "image_id": image_ids,
        "split": pa.array(SPLITS).take(pa.array(scenes.split)),
        "kind": pa.array(KINDS).take(pa.array(scenes.kind)),
        "seen_layout": pa.array(scenes.seen_layout, mask=scenes.kind == ONE_OBJECT),
        "cells": pa.FixedSizeListArray.from_arrays(pa.array(scenes.cells.ravel()), scenes.cells.shape[1]),
        "captions": pa.ListArray.from_arrays(_offsets((lengths > 0).sum(axis=1)), sentences),
    }
    return pa.table(columns).cast(schema.TOKENS)


def _write(
    tokens: Cells, rows: Flags, first: Cells, words: tuple[str, ...], second: Cells | None = None
) -> None:
    """Write one sentence into some rows of `tokens`, shape (n, `LENGTH`)."""
    parts: list[Cells | int] = [first[rows], *(VOCABULARY.index(word) for word in words)]
    if second is not None:
        parts.append(second[rows])
    for place, part in enumerate([*parts, VOCABULARY.index(END)]):
        tokens[rows, place] = part


def _offsets(lengths: Integers) -> pa.Array:
    return pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
