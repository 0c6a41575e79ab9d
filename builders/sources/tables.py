"""What every source gives, and the one place that turns a bad row into a counted reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pyarrow as pa


@dataclass(frozen=True)
class SourceTables:
    """What every source gives: the tables of `naturel.annotations.schema`, and what it left out and why."""

    images: pa.Table
    objects: pa.Table
    absent_labels: pa.Table
    relations: pa.Table
    triplets: pa.Table
    dropped: Counter[str] = field(default_factory=Counter)
    """Reason -> rows left out, for example `relation rows: unknown class`."""
    notes: tuple[str, ...] = ()
    """What a reader of the card should know: files used, files that were not there."""
