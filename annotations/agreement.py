"""How far annotators agree, and how much of that is more than chance.

Only what annotators said on their own counts: adjudications are left out. A *unit* is one thing that was judged: its
labels by annotator. All measures look at units with at least two labels.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from naturel.annotations.decisions import Decision
from naturel.annotations.verdicts import replay, resolve, said

Unit = Mapping[str, str]
"""Annotator -> label."""
Votes = dict[str, dict[str, Decision]]
"""Key -> annotator -> the decision that stands."""


@dataclass(frozen=True)
class Agreement:
    """How far labels of the same units agree. Measures are None where they are not defined."""

    units: int
    """With at least two labels."""
    pairs: int
    """Of labels of one unit."""
    raw: float | None
    """The share of pairs that are equal."""
    alpha: float | None
    """Krippendorff's: 1 is perfect, 0 is chance."""
    prevalence: dict[str, float]
    """Label -> its share of the labels of these units. Where one label is rare, chance alone agrees often, and
    `alpha` can be low although `raw` is high."""


@dataclass(frozen=True)
class PairAgreement:
    """How far two annotators, or one and all others, agree."""

    pairs: int
    raw: float | None
    kappa: float | None
    """Cohen's: 1 is perfect, 0 is chance."""


def votes_of(decisions: Iterable[Decision]) -> Votes:
    """What each annotator says of each key on their own."""
    votes: Votes = {}
    for (annotator, key), decision in replay(one for one in decisions if not one.adjudication).items():
        if decision.decides:
            votes.setdefault(key, {})[annotator] = decision
    return votes


def measure(units: Iterable[Unit]) -> Agreement:
    """Measure the agreement of labels."""
    judged = [list(unit.values()) for unit in units if len(unit) > 1]
    pairs = equal = 0
    shares: Counter[str] = Counter()
    for labels in judged:
        counts = Counter(labels)
        pairs += len(labels) * (len(labels) - 1) // 2
        equal += sum(count * (count - 1) // 2 for count in counts.values())
        shares.update(counts)
    total = sum(shares.values())
    prevalence = {label: count / total for label, count in sorted(shares.items())}
    return Agreement(
        len(judged), pairs, equal / pairs if pairs else None, krippendorff_alpha(judged), prevalence
    )


def krippendorff_alpha(units: Iterable[Sequence[str]]) -> float | None:
    """Krippendorff's alpha of nominal labels; a unit may have any number of them.

    Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section C.

    Args:
        units: The labels of each unit; those with fewer than two say nothing.

    Returns:
        Alpha; None where all labels are the same, or no unit has two.
    """
    equal = 0.0
    totals: Counter[str] = Counter()
    for labels in units:
        if len(labels) > 1:
            counts = Counter(labels)
            totals.update(counts)
            equal += sum(count * (count - 1) for count in counts.values()) / (len(labels) - 1)
    n = sum(totals.values())
    by_chance = sum(count * (count - 1) for count in totals.values())
    if n < 2 or by_chance == n * (n - 1):
        return None
    return ((n - 1) * equal - by_chance) / (n * (n - 1) - by_chance)


def cohen_kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Cohen's kappa of two annotators' labels.

    Cohen, "A coefficient of agreement for nominal scales" (1960).

    Args:
        pairs: The first annotator's label and the second's, of each unit that both judged.

    Returns:
        Kappa; None where there are no pairs, or both gave one and the same label throughout.
    """
    first, second = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    n = len(pairs)
    by_chance = sum(count * second[label] for label, count in first.items())
    if by_chance == n * n:
        return None
    return (n * sum(one == other for one, other in pairs) - by_chance) / (n * n - by_chance)


def of_annotators(
    units: Iterable[Unit],
) -> tuple[dict[str, PairAgreement], dict[tuple[str, str], PairAgreement]]:
    """Each annotator's agreement with all others together, and that of each two annotators."""
    alone: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    both: defaultdict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for unit in units:
        for one, other in itertools.combinations(sorted(unit), 2):
            labels = (unit[one], unit[other])
            both[one, other].append(labels)
            alone[one].append(labels)
            alone[other].append(labels[::-1])
    return (
        {name: _of_pairs(pairs) for name, pairs in sorted(alone.items())},
        {names: _of_pairs(pairs) for names, pairs in sorted(both.items())},
    )


def _of_pairs(pairs: Sequence[tuple[str, str]]) -> PairAgreement:
    return PairAgreement(
        len(pairs), sum(one == other for one, other in pairs) / len(pairs), cohen_kappa(pairs)
    )


def of_verdicts(votes: Votes) -> list[Unit]:
    """Units labelled with verdicts: accept, reject or edit."""
    return [{name: str(one.verdict) for name, one in by_name.items()} for by_name in votes.values()]


def of_reason(votes: Votes, reason: str) -> list[Unit]:
    """Units labelled with whether a thing was rejected for a reason."""
    return [
        {name: reason if one.reason == reason else "not" for name, one in by_name.items()}
        for by_name in votes.values()
    ]


def by_group(votes: Votes, groups_of: Callable[[str, Decision], Iterable[str]]) -> dict[str, Agreement]:
    """Agreement about verdicts, in groups.

    Args:
        votes: What annotators say.
        groups_of: Given a key and one of its decisions: the groups that the key belongs to.
    """
    groups: defaultdict[str, Votes] = defaultdict(dict)
    for key, by_name in votes.items():
        for group in groups_of(key, next(iter(by_name.values()))):
            groups[group][key] = by_name
    return {group: measure(of_verdicts(members)) for group, members in sorted(groups.items())}


def disagreements(decisions: Iterable[Decision]) -> dict[str, tuple[Decision, ...]]:
    """What waits for an adjudicator: keys of which several annotators say different things, and nobody settled it.

    Returns:
        Key -> what its annotators say, by annotator; in the order of keys.
    """
    decisions = list(decisions)
    settled = {
        key for key, outcome in resolve(replay(decisions)).outcomes.items() if outcome.decision.adjudication
    }
    return {
        key: tuple(by_name[name] for name in sorted(by_name))
        for key, by_name in sorted(votes_of(decisions).items())
        if key not in settled and len({said(one) for one in by_name.values()}) > 1
    }
