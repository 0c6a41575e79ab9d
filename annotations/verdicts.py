"""What follows from decisions: what each annotator says now, and what is to be done.

decisions -> replay -> what each annotator says of each key -> resolve -> the outcome of each key
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from naturel.annotations.decisions import NEGATIVE_IS_TRUE, Decision, Verdict

Standing = dict[tuple[str, str], Decision]
"""(annotator, key) -> the decision that stands."""


def in_order(decisions: Iterable[Decision]) -> list[Decision]:
    """Decisions by time, whatever journal they come from; an undo after what it takes back."""
    return sorted(decisions, key=lambda one: (one.time, one.verdict is Verdict.UNDO, one.id))


def replay(decisions: Iterable[Decision]) -> Standing:
    """What each annotator says now, of each key.

    The latest decision stands. One that was taken back by its annotator's undo never was; an undo can be taken back
    too. A skip decides nothing: it stands only where the annotator decided nothing else. An adjudication gives way to
    another adjudication only.

    Args:
        decisions: Of any annotators, in any order, each id once.

    Returns:
        The decisions that stand, in the order of their times.
    """
    standing: Standing = {}
    retracted: set[tuple[str, UUID]] = set()
    for decision in reversed(in_order(decisions)):
        place = (decision.annotator, decision.key)
        if (decision.annotator, decision.id) in retracted:
            continue
        if decision.verdict is Verdict.UNDO:
            if decision.retracts is not None:
                retracted.add((decision.annotator, decision.retracts))
        elif place not in standing or _weight(decision) > _weight(standing[place]):
            standing[place] = decision
    return dict(sorted(standing.items(), key=lambda item: (item[1].time, item[1].id)))


def _weight(decision: Decision) -> int:
    return 2 if decision.adjudication else int(decision.decides)


class By(StrEnum):
    """How an outcome came about."""

    ONE = "one annotator"
    AGREEMENT = "agreement"
    MAJORITY = "majority"
    ADJUDICATION = "adjudication"


@dataclass(frozen=True)
class Outcome:
    """What is to be done about a key."""

    decision: Decision
    """Says what; of several that say the same, the latest."""
    by: By
    annotators: tuple[str, ...]
    """All who decided about the key, in alphabetical order."""


@dataclass(frozen=True)
class Resolved:
    """The outcome of each key."""

    outcomes: dict[str, Outcome]
    """Key -> what is to be done, in the order of keys."""
    disputed: dict[str, tuple[Decision, ...]]
    """Key -> what its annotators say, where no side has more votes than all others; nothing is done about it."""


def resolve(standing: Mapping[tuple[str, str], Decision]) -> Resolved:
    """Settle each key: an adjudication decides, else what most annotators say.

    Annotators say the same when they accept, reject, or edit to the same text or boxes; the reasons for a rejection
    may differ, except that a rejection because a negative is true is one of its own: it has another effect. Of
    several adjudications the latest decides.

    Args:
        standing: As `replay` gives it.
    """
    by_key: dict[str, list[Decision]] = {}
    for decision in sorted(standing.values(), key=lambda one: (one.key, one.time, one.id)):
        if decision.decides:
            by_key.setdefault(decision.key, []).append(decision)
    outcomes, disputed = {}, {}
    for key, decisions in by_key.items():
        found = _settle(decisions)
        if found is None:
            disputed[key] = tuple(decisions)
        else:
            outcomes[key] = Outcome(*found, tuple(sorted(one.annotator for one in decisions)))
    return Resolved(outcomes, disputed)


def _settle(decisions: list[Decision]) -> tuple[Decision, By] | None:
    """What decides about one key, of decisions in the order of their times; None: nothing does."""
    if adjudications := [decision for decision in decisions if decision.adjudication]:
        return adjudications[-1], By.ADJUDICATION
    if len(decisions) == 1:
        return decisions[0], By.ONE
    votes = Counter(said(decision) for decision in decisions).most_common()
    if len(votes) > 1 and votes[0][1] == votes[1][1]:
        return None
    winner = next(decision for decision in reversed(decisions) if said(decision) == votes[0][0])
    return winner, By.AGREEMENT if len(votes) == 1 else By.MAJORITY


def said(decision: Decision) -> str:
    """What a decision says, so that two annotators who say the same give the same text."""
    if decision.verdict is Verdict.EDIT:
        return f"edit {decision.text or decision.boxes}"
    if decision.reason == NEGATIVE_IS_TRUE:
        return NEGATIVE_IS_TRUE
    return str(decision.verdict)
