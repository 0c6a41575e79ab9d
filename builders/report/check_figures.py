"""What the report says of the captions' checks: what was found, what was rejected and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations.joins import codes_of
from naturel.builders.choice import hash_texts
from naturel.builders.report.tables import CHECK_COLUMNS, Release, ranked_counts

REJECTED = "rejected"
STATES = ("yes", "unsure", "no")
NOT_CHECKED = "not checked"
NO_REASON = "no reason given"
QUOTED = 8


@dataclass(frozen=True)
class Writer:
    """The captions of one writer."""

    name: str
    captions: int
    states: list[int]
    """In the order of `Checks.states`."""
    rejected: int


@dataclass(frozen=True)
class Quoted:
    """A rejected sentence."""

    text: str
    claim: str
    reason: str
    states: str
    writer: str


@dataclass(frozen=True)
class Checks:
    """The captions of a release by what was found in them."""

    states: list[str]
    """Whether captions state their claims: yes, unsure, no, and whatever else is there."""
    writers: list[Writer]
    captions: int
    stated: int
    rejected: int
    standing: int
    """Rejected captions that stand in records all the same."""
    reasons: list[tuple[str, int]]
    quoted: list[Quoted]


def read_checks(release: Release) -> Checks | None:
    """Count the outcomes of a release's checks; None where its captions were not checked."""
    table = release.captions
    if any(name not in table.column_names for name in CHECK_COLUMNS):
        return None
    states = pc.fill_null(table["states"], NOT_CHECKED).to_pylist()
    writers = table["writer"].to_pylist()
    rejected = np.array([status == REJECTED for status in table["status"].to_pylist()], dtype=np.bool_)
    reasons = pc.fill_null(table["status_reason"], NO_REASON).to_pylist()
    order = [name for name in STATES if name in states]
    order += [name for name, _ in ranked_counts(Counter(states)) if name not in STATES]
    by_writer = Counter(zip(writers, states, strict=True))
    refused = Counter(writer for writer, out in zip(writers, rejected, strict=True) if out)
    counted = ranked_counts(Counter(reason for reason, out in zip(reasons, rejected, strict=True) if out))
    standing = np.unique(release.caption_rows)
    return Checks(
        states=order,
        writers=[
            Writer(str(name), count, [by_writer[name, state] for state in order], refused[name])
            for name, count in ranked_counts(Counter(writers))
        ],
        captions=table.num_rows,
        stated=states.count("yes"),
        rejected=int(rejected.sum()),
        standing=int(rejected[standing].sum()),
        reasons=counted,
        quoted=_quote(release, np.flatnonzero(rejected).tolist(), [name for name, _ in counted], reasons),
    )


def _quote(release: Release, rows: list[int], order: list[str], reasons: list[str]) -> list[Quoted]:
    """Rejected sentences: of each reason in turn, chosen by a hash of their ids."""
    if "text" not in release.captions.column_names:
        return []
    ids = release.captions["caption_id"].to_pylist()
    hashed = dict(zip(rows, hash_texts(ids[row] for row in rows).tolist(), strict=True))
    queues = [
        sorted((row for row in rows if reasons[row] == reason), key=hashed.__getitem__) for reason in order
    ]
    longest = max(map(len, queues), default=0)
    turns = [queue[turn] for turn in range(min(longest, QUOTED)) for queue in queues if turn < len(queue)]
    chosen = turns[:QUOTED]
    kept = release.captions.take(pa.array(chosen, pa.int64()))
    claims = release.claim_names(codes_of(kept["claim_id"], release.claims["claim_id"].combine_chunks()))
    return [
        Quoted(str(row["text"]), claim, reasons[number], str(row["states"]), str(row["writer"]))
        for number, row, claim in zip(chosen, kept.to_pylist(), claims, strict=True)
    ]
