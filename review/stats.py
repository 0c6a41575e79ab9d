"""What stands in journals, in figures: decisions, their outcomes, pace, agreement."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from naturel.annotations.agreement import (
    Agreement,
    PairAgreement,
    disagreements,
    of_annotators,
    of_verdicts,
    votes_of,
)
from naturel.annotations.decisions import Decision, Verdict
from naturel.annotations.verdicts import By, in_order, replay, resolve
from naturel.builders.review_facts import agreements

PAUSE = 300.0
"""Seconds between two decisions from which on nobody was at work."""


@dataclass(frozen=True)
class Pace:
    """How fast one annotator decides."""

    seconds: float
    """Median time from one decision to the next, pauses left out."""
    an_hour: float
    """Decisions in an hour of work."""


@dataclass(frozen=True)
class Stats:
    """Figures of journals."""

    lines: int
    """Decisions ever taken, undone ones and undos too."""
    standing: Counter[tuple[str, str, str, str]]
    """(annotator, kind, verdict, reason or nothing) -> decisions that stand."""
    outcomes: Counter[str]
    """How keys were settled -> keys."""
    disputed: int
    """Keys where no side has more votes: nothing is done about them."""
    disagreements: int
    """Keys that wait for an adjudicator: the disputed ones, and those that a majority settled."""
    pace: dict[str, Pace]
    agreement: dict[str, Agreement]
    """By group; the first is over everything."""
    alone: dict[str, PairAgreement]
    """Each annotator against all others."""
    pairs: dict[tuple[str, str], PairAgreement]


def compute_stats(decisions: Sequence[Decision], groups: Mapping[str, Sequence[str]]) -> Stats:
    """Compute the figures.

    Args:
        decisions: Each id once.
        groups: Of captions, as `builders.review_facts.caption_groups` gives them; may be empty.
    """
    standing = replay(decisions)
    resolved = resolve(standing)
    votes = votes_of(decisions)
    alone, pairs = of_annotators(of_verdicts(votes))
    return Stats(
        lines=len(decisions),
        standing=Counter(
            (one.annotator, str(one.kind), str(one.verdict), one.reason or "") for one in standing.values()
        ),
        outcomes=Counter(
            {str(by): sum(outcome.by is by for outcome in resolved.outcomes.values()) for by in By}
        ),
        disputed=len(resolved.disputed),
        disagreements=len(disagreements(decisions)),
        pace=pace_of(decisions),
        agreement={name: found for name, found in agreements(votes, groups).items() if found.units},
        alone=alone,
        pairs=pairs,
    )


def pace_of(decisions: Iterable[Decision]) -> dict[str, Pace]:
    """The pace of each annotator who took at least two decisions without a pause between them."""
    times: dict[str, list[float]] = {}
    for decision in in_order(decisions):
        if decision.verdict is not Verdict.UNDO:
            times.setdefault(decision.annotator, []).append(decision.time.timestamp())
    found = {}
    for annotator, moments in sorted(times.items()):
        gaps = [later - earlier for earlier, later in itertools.pairwise(moments)]
        working = [gap for gap in gaps if gap < PAUSE]
        if sum(working) > 0:
            found[annotator] = Pace(median(working), 3600 * len(working) / sum(working))
    return found
