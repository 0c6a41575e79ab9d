"""The boxed things of Visual Genome, judged: a label and a box in the picture, or the reason why not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations import schema
from naturel.annotations.joins import Integers
from naturel.builders.choice import Hashes, hash_texts
from naturel.builders.sources.grouping import Boxes
from naturel.builders.sources.visual_genome_names import (
    NO_LETTERS,
    NO_NAME,
    TOO_LONG,
    UNKNOWN,
    NameReader,
)
from naturel.builders.sources.visual_genome_walk import Photos, Things

NO_NUMBERS = "box that is not of numbers"
NO_AREA = "box without area"
OUTSIDE = "box outside the picture"
REASONS = ("", NO_NAME, NO_LETTERS, TOO_LONG, UNKNOWN, NO_NUMBERS, NO_AREA, OUTSIDE)
"""Why a thing cannot be used; the first: it can."""


@dataclass(frozen=True)
class Labels:
    """Labels by number, in the order of the alphabet."""

    names: tuple[str, ...]

    @cached_property
    def number(self) -> dict[str, int]:
        """Number of each label."""
        return {name: i for i, name in enumerate(self.names)}

    @cached_property
    def hashes(self) -> Hashes:
        """A hash of each label."""
        return hash_texts(self.names)

    def column(self, numbers: npt.NDArray[np.int32]) -> pa.DictionaryArray:
        """The labels of numbers, as text."""
        return pa.DictionaryArray.from_arrays(numbers, pa.array(self.names, pa.string()))


@dataclass(frozen=True)
class Judged:
    """Things, each once a picture."""

    of_row: Integers
    """The thing of each row that was judged."""
    picture: npt.NDArray[np.int32]
    key: Integers
    """Visual Genome's object id."""
    labels: Labels
    label: npt.NDArray[np.int32]
    """Number in `labels`; 0 where there is a reason."""
    several_of: npt.NDArray[np.int32]
    """For a label in the plural that of one of them; -1 for others."""
    box: Boxes
    """Clipped to the picture, fractions of its sides, shape (n, 4)."""
    reason: npt.NDArray[np.int8]
    """Place in `REASONS`."""
    clipped: int
    """How many usable boxes reached over the edge by more than a pixel."""

    def table(self, which: Integers, image_ids: pa.Array) -> pa.Table:
        """Things as a table like `schema.OBJECTS`; several things are also a group of the single label.

        Args:
            which: Their numbers; all are usable.
            image_ids: Id of each picture.
        """
        many = which[self.several_of[which] >= 0]
        both = np.concatenate([which, many])
        one, each = (pa.array(self.key[part]).cast(pa.string()) for part in (which, many))
        each = pc.binary_join_element_wise(each, "each", "-")
        label = np.concatenate([self.label[which], self.several_of[many]])
        group = np.arange(len(both)) >= len(which)
        return pa.table(
            {
                "image_id": pa.DictionaryArray.from_arrays(self.picture[both], image_ids),
                "object_id": pa.concat_arrays([one, each]),
                "label": self.labels.column(label),
                "box": pa.FixedSizeListArray.from_arrays(pa.array(self.box[both].reshape(-1)), 4).cast(
                    schema.BOX
                ),
                "is_group_of": pa.array(group),
            }
        )


def judge_things(
    things: Things, photos: Photos, reader: NameReader, more_labels: Iterable[str] = ()
) -> Judged:
    """Judge names and boxes; a thing that stands in several entries is taken from the first.

    Args:
        things: As they were read.
        photos: Their pictures.
        reader: What names mean.
        more_labels: Labels that are to have a number too.
    """
    order = np.lexsort((things.key, things.picture))  # stable: the first row of each thing comes first
    picture, key = things.picture[order], things.key[order]
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = (picture[1:] != picture[:-1]) | (key[1:] != key[:-1])
    of_row = np.empty(len(order), dtype=np.int64)
    of_row[order] = np.cumsum(new) - 1
    first = order[new]
    meanings = [reader.meaning(names) for names in things.names.values]
    labels = Labels(
        tuple(sorted({m.label for m in meanings} | {m.several_of for m in meanings} | {*more_labels, ""}))
    )
    name = things.name[first]
    box, reason, clipped = _clip(things.box[first], photos.size[things.picture[first]])
    why = _numbers([REASONS.index(m.reason) for m in meanings], name).astype(np.int8)
    reason = np.where(why > 0, why, reason)
    several = [labels.number[m.several_of] if m.several_of else -1 for m in meanings]
    return Judged(
        of_row=of_row,
        picture=things.picture[first],
        key=things.key[first],
        labels=labels,
        label=_numbers([labels.number[m.label] for m in meanings], name),
        several_of=_numbers(several, name),
        box=box,
        reason=reason,
        clipped=int((clipped & (reason == 0)).sum()),
    )


def _numbers(values: Sequence[int], which: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    return np.array(values, dtype=np.int32)[which]


def _clip(
    pixels: Boxes, size: npt.NDArray[np.float32]
) -> tuple[Boxes, npt.NDArray[np.int8], npt.NDArray[np.bool_]]:
    """Boxes clipped to their pictures, the reason where that cannot be, and whether much was cut off."""
    low, extent = pixels[:, :2], pixels[:, 2:]
    high = low + extent
    zero = np.zeros_like(low)
    low_in, high_in = np.clip(low, zero, size), np.clip(high, zero, size)
    finite = np.isfinite(pixels).all(axis=1)
    conditions = [~finite, (extent <= 0).any(axis=1), (high_in <= low_in).any(axis=1)]
    reasons = [REASONS.index(reason) for reason in (NO_NUMBERS, NO_AREA, OUTSIDE)]
    reason = np.select(conditions, reasons, 0).astype(np.int8)
    box = np.hstack([low_in / size, high_in / size]).astype(np.float32)
    over = (low < low_in - 1).any(axis=1) | (high > high_in + 1).any(axis=1)
    return box, reason, over
