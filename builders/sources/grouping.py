"""Rows put together: the same group, the same box."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from naturel.annotations.joins import Integers

Values = TypeVar("Values", bound=np.generic)
Boxes = npt.NDArray[np.float32]

SAME_BOX = 1000
"""Boxes of one label whose sides round to the same 1/SAME_BOX of the picture are one object, in every file."""


def grid(boxes: Boxes) -> Boxes:
    """Sides in whole steps of 1/`SAME_BOX`."""
    sides: Boxes = np.rint(boxes * np.float32(SAME_BOX))
    return sides


def fold(
    ufunc: np.ufunc, values: npt.NDArray[Values], order: Integers, first: Integers
) -> npt.NDArray[Values]:
    """Fold each group of rows into one, for example with `np.minimum`.

    Args:
        ufunc: A ufunc of two arguments.
        values: Rows in any order.
        order: Rows by group.
        first: The place in `order` where each group begins.
    """
    folded = np.take(values, order[first], axis=0)
    count = np.diff(np.append(first, len(order)))
    several = np.flatnonzero(count > 1)
    if len(several):  # most groups have one row: only the others have to be put in order
        rows = np.take(values, order[np.repeat(count > 1, count)], axis=0)
        starts = np.cumsum(count[several]) - count[several]
        folded[several] = ufunc.reduceat(rows, starts, axis=0)
    return folded


def group_starts(ordered: npt.NDArray[np.generic]) -> Integers:
    """The first row of each group of equal values that stand together."""
    return np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)])
