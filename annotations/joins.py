"""Joins over integer keys in numpy: deterministic in order, no engine needed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Integers = npt.NDArray[np.int64]


def matches(left: Integers, right: Integers) -> tuple[Integers, Integers]:
    """All pairs of rows whose keys are equal: an inner join.

    Args:
        left: Keys, shape (n,).
        right: Keys, shape (m,), in any order.

    Returns:
        Row numbers into `left` and into `right`, both of shape (pairs,), in the order of `left`'s rows and, within
        one, of `right`'s rows.
    """
    order = np.argsort(right, kind="stable")
    ordered = right[order]
    first = np.searchsorted(ordered, left, side="left")
    count = np.searchsorted(ordered, left, side="right") - first
    left_rows = np.repeat(np.arange(len(left), dtype=np.int64), count)
    within = np.arange(len(left_rows), dtype=np.int64) - np.repeat(np.cumsum(count) - count, count)
    return left_rows, order[np.repeat(first, count) + within]


def codes_of(values: pa.ChunkedArray | pa.Array, vocabulary: pa.Array) -> Integers:
    """The place of each value in `vocabulary`; -1 where it is not there or null."""
    found = pc.fill_null(pc.index_in(values, value_set=vocabulary), -1)
    if isinstance(found, pa.ChunkedArray):
        found = found.combine_chunks()
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.int64)


def any_by_group(flags: npt.NDArray[np.bool_], groups: Integers, count: int) -> npt.NDArray[np.bool_]:
    """Whether any flag of each group 0..count-1 is set; False for a group without rows."""
    out = np.zeros(count, dtype=np.bool_)
    out[groups[flags]] = True
    return out
