"""What became of a table's rows between two releases, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from naturel.builders.publishing.unequal import Mask


class Change(StrEnum):
    """What became of a row."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Reason(StrEnum):
    """Why."""

    SOURCE = "source"
    """The picture, its boxes, labels or evidence, or the claim itself, is new, gone or different."""
    PROMPT = "prompt"
    """A caption by another writer, or after another prompt."""
    REVIEW = "review"
    """A person's decision."""
    CHECKS = "checks"
    """A caption fares otherwise in the checks than before."""
    CHOICE = "choice"
    """Another sentence, negative or partner was chosen among what there was."""


REASONS = tuple(Reason)
Flags = npt.NDArray[np.bool_]
"""Shape (n, reasons): why each of n rows is added, removed or changed, in the order of `REASONS`."""


def flags(count: int, reasons: Mapping[Reason, Mask]) -> Flags:
    """The reasons of `count` rows side by side; those that are not given apply to none."""
    out = np.zeros((count, len(REASONS)), dtype=np.bool_)
    for reason, mask in reasons.items():
        out[:, REASONS.index(reason)] = mask
    return out


@dataclass(frozen=True)
class Changes:
    """What became of the rows of one table."""

    before: int
    """Rows in the older release."""
    after: int
    ids: Mapping[Change, pa.Array]
    reasons: Mapping[Change, Flags]

    def count(self, change: Change) -> int:
        """How many rows were added, removed or changed."""
        return len(self.ids[change])

    def by_reason(self, change: Change) -> dict[Reason, int]:
        """Rows for each reason that occurs; a row that changed for two reasons counts for both."""
        counts = self.reasons[change].sum(axis=0).tolist()
        return {reason: count for reason, count in zip(REASONS, counts, strict=True) if count}

    def ids_of(self, change: Change, reason: Reason) -> pa.Array:
        """Ids of the rows that were added, removed or changed for a reason, sorted."""
        ids = self.ids[change].filter(pa.array(self.reasons[change][:, REASONS.index(reason)]))
        return ids.take(pc.array_sort_indices(ids))

    def __bool__(self) -> bool:
        return any(map(len, self.ids.values()))
