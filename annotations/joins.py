"""Joins over integer keys in numpy: deterministic in order, no engine needed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Integers = npt.NDArray[np.int64]


class Lookup:
    """Keys that several arrays of keys are joined with, sorted once."""

    def __init__(self, keys: Integers) -> None:
        """Takes the keys of the right side, shape (m,), in any order."""
        self._rows = np.argsort(keys, kind="stable")
        self._ordered = keys[self._rows]

    def matches(self, left: Integers) -> tuple[Integers, Integers]:
        """All pairs of rows whose keys are equal: an inner join.

        Args:
            left: Keys, shape (n,).

        Returns:
            Row numbers into `left` and into the lookup's keys, both of shape (pairs,), in the order of `left`'s rows
            and, within one, of the lookup's rows.
        """
        first = np.searchsorted(self._ordered, left, side="left")
        count = np.searchsorted(self._ordered, left, side="right") - first
        left_rows, within = spread(count)
        return left_rows, self._rows[first[left_rows] + within]


def matches(left: Integers, right: Integers) -> tuple[Integers, Integers]:
    """All pairs of rows whose keys are equal: an inner join.

    Args:
        left: Keys, shape (n,).
        right: Keys, shape (m,), in any order.

    Returns:
        Row numbers into `left` and into `right`, both of shape (pairs,), in the order of `left`'s rows and, within
        one, of `right`'s rows.
    """
    return Lookup(right).matches(left)


def spread(count: Integers) -> tuple[Integers, Integers]:
    """Number the members of groups, given the size of each: sizes 2, 0, 1 give groups 0, 0, 2 and places 0, 1, 0."""
    group = np.repeat(np.arange(len(count), dtype=np.int64), count)
    return group, np.arange(len(group), dtype=np.int64) - (np.cumsum(count) - count)[group]


def distinct(*columns: Integers) -> tuple[Integers, ...]:
    """The distinct rows of a table of integer columns, sorted by the first column, then the next."""
    table = np.stack(columns)
    table = table[:, np.lexsort(table[::-1])]
    new = np.ones(table.shape[1], dtype=np.bool_)
    new[1:] = (table[:, 1:] != table[:, :-1]).any(axis=0)
    return tuple(table[:, new])


def codes_of(values: pa.ChunkedArray | pa.Array, vocabulary: pa.Array) -> Integers:
    """The place of each value in `vocabulary` (its first); -1 where it is not there or null."""
    found = pc.fill_null(pc.index_in(values, value_set=vocabulary, skip_nulls=True), -1)
    if isinstance(found, pa.ChunkedArray):
        found = found.combine_chunks()
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.int64)


def any_by_group(flags: npt.NDArray[np.bool_], groups: Integers, count: int) -> npt.NDArray[np.bool_]:
    """Whether any flag of each group 0..count-1 is set; False for a group without rows."""
    out = np.zeros(count, dtype=np.bool_)
    out[groups[flags]] = True
    return out
