"""The rows of two releases' tables, matched by their ids."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from naturel.annotations.joins import codes_of
from naturel.builders.publishing.changes import Change, Changes, Flags
from naturel.builders.publishing.snapshot import Rows
from naturel.builders.publishing.unequal import Mask, unequal

HISTORY = ("version", "request_digest")
"""Columns that say how a row came to be, and nothing of what it holds."""


class Pairing:
    """Which rows are in both tables, and which in one."""

    def __init__(self, before: Rows, after: Rows) -> None:
        """Matches the rows of an older and a newer table."""
        self.before, self.after = before, after
        place = codes_of(before.ids, after.ids)
        self.old = np.flatnonzero(place >= 0)
        """Rows of `before` that are in both tables."""
        self.new = place[self.old]
        """The same rows in `after`, in the same order."""
        self.removed = np.flatnonzero(place < 0)
        self.added = np.flatnonzero(codes_of(after.ids, before.ids) < 0)

    def shared(self, skip: Iterable[str] = ()) -> list[str]:
        """Columns that can be compared: both tables have them, of the same type."""
        left, before = {self.before.key, *HISTORY, *skip}, self.before.plain
        return [
            name for name, kind in self.after.plain.items() if name not in left and before.get(name) == kind
        ]

    def pair(self, name: str) -> tuple[pa.Array, pa.Array]:
        """A column of the rows in both, as it was and as it is."""
        old, new = self.before.column(name), self.after.column(name)
        return old.take(pa.array(self.old)), new.take(pa.array(self.new))

    def differ(self, names: Iterable[str]) -> Mask:
        """Which of the rows in both differ in any of these columns; those that cannot be compared do not count."""
        out = np.zeros(len(self.old), dtype=np.bool_)
        for name in set(names).intersection(self.shared()):
            out |= unequal(*self.pair(name))
        return out

    def changes(self, added: Flags, removed: Flags, changed: Flags) -> Changes:
        """Put together what became of the rows.

        Args:
            added: Why each of the rows `added` is new.
            removed: Why each of the rows `removed` is gone.
            changed: Why each of the rows in both changed; one without a reason did not change.
        """
        touched = changed.any(axis=1)
        ids = {
            Change.ADDED: self.after.ids.take(pa.array(self.added)),
            Change.REMOVED: self.before.ids.take(pa.array(self.removed)),
            Change.CHANGED: self.after.ids.take(pa.array(self.new[touched])),
        }
        reasons = {Change.ADDED: added, Change.REMOVED: removed, Change.CHANGED: changed[touched]}
        return Changes(len(self.before), len(self.after), ids, reasons)
