"""Gold items: captions, relations or pictures whose right verdict is known, to measure annotators by."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from naturel.annotations.agreement import votes_of
from naturel.annotations.claims import Claim
from naturel.annotations.decisions import Decision, Verdict, caption_key
from naturel.annotations.errors import UserError

CLAIM = ("subject", "relation", "object")
SHOWN = 5
"""Faults told."""


@dataclass(frozen=True)
class Accuracy:
    """How one annotator did on gold items."""

    items: int
    right: int
    accepted: int
    """Bad ones that were accepted."""
    refused: int
    """Good ones that were rejected or edited."""


def read_gold(path: Path) -> dict[str, bool]:
    """Read gold items.

    Args:
        path: JSON lines, or comma-separated values with a first line of names where the file's name ends in .csv. Of
            each item `verdict` (accept or reject), and either `key` or, of a caption, `sentence`, `subject`,
            `relation` and `object`.

    Returns:
        Key -> whether it is good.

    Raises:
        UserError: The file cannot be read, has no item, or has faults; they are named with their lines.
    """
    items: dict[str, bool] = {}
    faults = []
    for number, row in _rows(path):
        try:
            key, good = _item(row)
            if items.setdefault(key, good) != good:
                raise ValueError("contradicts an earlier line about the same")
        except ValueError as error:
            faults.append(f"line {number} {error}")
    if faults:
        more = f"; and {len(faults) - SHOWN:,} more" if len(faults) > SHOWN else ""
        raise UserError(f"--gold {path}: {'; '.join(faults[:SHOWN])}{more}.")
    if not items:
        raise UserError(f"--gold {path} has no item.")
    return items


def accuracy(decisions: Iterable[Decision], gold: Mapping[str, bool]) -> dict[str, Accuracy]:
    """How each annotator did on gold items; an edit says that the caption is not good as it is."""
    found: dict[str, list[tuple[bool, bool]]] = {}
    for key, by_name in votes_of(decisions).items():
        if key in gold:
            for name, decision in by_name.items():
                found.setdefault(name, []).append((gold[key], decision.verdict is Verdict.ACCEPT))
    return {
        name: Accuracy(
            len(pairs),
            sum(good == kept for good, kept in pairs),
            sum(kept and not good for good, kept in pairs),
            sum(good and not kept for good, kept in pairs),
        )
        for name, pairs in sorted(found.items())
    }


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any] | None]]:
    """Line numbers and rows; None for a line that is no row."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            if path.suffix.lower() == ".csv":
                reader = csv.DictReader(file)
                yield from ((reader.line_num, row) for row in reader)
            else:
                yield from ((number, _parsed(line)) for number, line in enumerate(file, 1) if line.strip())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"--gold {path} cannot be read: {error}") from error


def _parsed(line: str) -> Mapping[str, Any] | None:
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None


def _item(row: Mapping[str, Any] | None) -> tuple[str, bool]:
    if row is None:
        raise ValueError("is no JSON object")
    verdict = row.get("verdict")
    if verdict not in (Verdict.ACCEPT, Verdict.REJECT):
        raise ValueError(f"has the verdict {verdict!r}, which is neither accept nor reject")
    if key := row.get("key"):
        return str(key), verdict == Verdict.ACCEPT
    parts = [row.get(name) for name in ("sentence", *CLAIM)]
    if not all(isinstance(part, str) and part for part in parts):
        raise ValueError("has neither key nor sentence, subject, relation and object")
    sentence, *claim = map(str, parts)
    return caption_key(sentence, Claim(*claim)), verdict == Verdict.ACCEPT
