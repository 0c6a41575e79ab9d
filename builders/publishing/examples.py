"""A few of the rows that changed, told in words: what a row said before, and what it says now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from naturel.annotations.joins import codes_of
from naturel.builders.publishing.changes import REASONS, Change, Changes, Reason
from naturel.builders.publishing.difference import Difference
from naturel.builders.publishing.pairing import HISTORY
from naturel.builders.publishing.snapshot import Rows, Snapshot

Path = tuple[str, ...]
CONSEQUENCES = ("caption_ids", "group_ids", "negative_claims", "negative_kinds")
"""Columns that say again what the sentences say; they are told only where nothing else differs."""


@dataclass(frozen=True)
class Example:
    """One row that was added, removed or changed."""

    id: str
    lines: tuple[str, ...]
    """What it says, or each thing that differs."""


@dataclass(frozen=True)
class Examples:
    """Some of the rows of one table that changed in one way for one reason."""

    table: str
    change: Change
    reason: Reason
    count: int
    """How many there are."""
    shown: tuple[Example, ...]


def find_examples(before: Snapshot, after: Snapshot, difference: Difference, most: int) -> list[Examples]:
    """Rows of each kind of change, evenly spread over the sorted ids.

    Args:
        before: The older release.
        after: The newer one.
        difference: What changed between them.
        most: Examples of each kind and reason at most.
    """
    tables = (
        ("records", before.records, after.records, difference.records),
        ("captions", before.captions, after.captions, difference.captions),
    )
    return [found for name, old, new, changes in tables for found in _of_table(name, old, new, changes, most)]


def _of_table(table: str, before: Rows, after: Rows, changes: Changes, most: int) -> list[Examples]:
    chosen = {
        (change, reason): (len(ids), _spread(ids, most))
        for change in Change
        for reason in REASONS
        if len(ids := changes.ids_of(change, reason))
    }
    wanted = pa.array(sorted({name for _, ids in chosen.values() for name in ids}), pa.string())
    old, new = _rows(before, wanted), _rows(after, wanted)
    return [
        Examples(
            table,
            change,
            reason,
            count,
            tuple(Example(name, tuple(_told(change, old.get(name), new.get(name)))) for name in ids),
        )
        for (change, reason), (count, ids) in chosen.items()
    ]


def _spread(ids: pa.Array, most: int) -> list[str]:
    """At most so many ids, the first of each equal part."""
    count = min(most, len(ids))
    places = np.arange(count) * len(ids) // max(1, count)
    names: list[str] = ids.take(pa.array(places)).to_pylist()
    return names


def _rows(table: Rows, ids: pa.Array) -> dict[str, dict[str, Any]]:
    """The rows of these ids, as far as they are there; each column is read once."""
    places = codes_of(ids, table.ids)
    places = places[places >= 0]
    if not len(places):
        return {}
    names = [name for name in table.plain if name not in HISTORY]
    part = pa.table({name: table.column(name).take(pa.array(places)) for name in names})
    return {row[table.key]: row for row in part.to_pylist()}


def _told(change: Change, old: dict[str, Any] | None, new: dict[str, Any] | None) -> Iterator[str]:
    if change != Change.CHANGED:
        yield from _said(old or new or {})
    elif old and new:
        yield from _different(old, new)


def _said(row: dict[str, Any]) -> Iterator[str]:
    """A whole row in a line."""
    if "text" in row:
        yield f'"{row["text"]}" ({row["writer"]})'
    else:
        triplet = f"{row['subject']['noun']} {row['relation']} {row['object']['noun']}"
        yield f'picture {row["image_id"]}, {triplet}: "{row["simple_positive"]}"'


def _different(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """Each thing that differs."""
    both = [name for name in new if name in old and new[name] != old[name]]
    told = [name for name in both if name not in CONSEQUENCES] or both
    for name in told:
        for path, before, after in _leaves((name,), old[name], new[name]):
            yield f"{'.'.join(path)}: {_value(before)} → {_value(after)}"


def _leaves(path: Path, old: Any, new: Any) -> Iterator[tuple[Path, Any, Any]]:
    """The innermost values that differ; boxes are one value."""
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for name in new:
            yield from _leaves((*path, name), old.get(name), new[name])
    elif _is_list(old) and _is_list(new) and len(old) == len(new) and not isinstance(new[0], float):
        for place, (before, after) in enumerate(zip(old, new, strict=True), 1):
            yield from _leaves((*path, str(place)), before, after)
    else:
        yield path, old, new


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and bool(value)


def _value(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return str(value)
