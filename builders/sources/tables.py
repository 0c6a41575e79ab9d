"""What every source gives: tables, and what it left out, why, and where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa


@dataclass(frozen=True)
class SourceTables:
    """What every source gives: the tables of `naturel.annotations.schema`, and what it left out and why.

    The tables have the columns of their schema, in any order of rows; columns that are null throughout may be left
    out. Text that repeats may be dictionary-encoded, and ids may be integers: `engine.conform` gives them the
    schema's types. A picture's id is unique among all sources: sources whose own ids are plain numbers put a prefix
    before them ("coco-139").
    """

    images: pa.Table
    objects: pa.Table
    absent_labels: pa.Table
    relations: pa.Table
    triplets: pa.Table
    tokens: pa.Table | None = None
    """`schema.TOKENS`, of a source whose scenes can be given as tokens."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Reason -> rows left out, for example `relation row: unknown class`."""
    notes: tuple[str, ...] = ()
    """What a reader of the card should know, for example files that were not there."""
    examples: Mapping[str, str] = field(default_factory=dict)
    """Reason -> the first row left out for it: file, line and field, for example
    `train-annotations-vrd.csv, line 12: XMin1 is 'abc'`."""
    unmapped: Counter[str] = field(default_factory=Counter)
    """A source's own name for a relation that the vocabulary does not have -> rows that had it."""
