"""The blind attack: how well can negatives be told from positives without the picture?

Attackers learn from captions with their sides, then score captions of groups that they have not met. In each pair
the caption with the higher score is their guess of the positive; equal scores are half a hit. Chance is 0.5. A
sentence that is positive for one picture and negative for another cannot be told, and is kept.

**Groups.** Folds are made of groups, and an attacker that scores a caption has met no caption of its group. Grouped
by claim, the two captions of a pair may lie in two folds; then both folds are held out. An accuracy well *below* a
half is no tell: where sentences stand on both sides equally often, holding out some uses leaves more of the other.

**The overall figure** is that of the best attacker. The best of four (six with a language model) is a little above
chance even where there is nothing to find: about .01 for a thousand pairs.

**Against published figures.** `attack(read_pairs(file), group="none")`, the pair accuracy of "naive Bayes" over five
folds of pairs, gives on SugarCrepe with seed 0, within .02: add_obj .98, add_att .91, replace_rel .83, replace_obj
.78, replace_att .72, swap_att .64, swap_obj .59; other seeds move a figure by up to .04. It counts n-grams of 1 and 2
words in lower case without punctuation and sums the log ratios of their counts in positives and negatives, with .5
added to each. The multinomial form that also weighs n-grams not met before is weaker where negatives are longer
(add_att .83 at most), and single captions are harder to tell than pairs (add_att .76).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from naturel.annotations.errors import UserError
from naturel.builders.checks.blind_attackers import (
    RULES,
    Floats,
    Indices,
    Training,
    Views,
    attackers,
    fit_regression,
    view,
)
from naturel.builders.checks.blind_folds import Coded, code, cross_validate
from naturel.builders.checks.blind_inputs import NO_GROUP, Pairs
from naturel.builders.checks.blind_lm import LM_PAIRS, NAMES, Asked, LanguageModel, ask

MAX_PAIRS = 20_000
FOLDS = 5
TELLS = 15
"""N-grams shown for each side."""
Z = 1.959963984540054
"""Standard deviations of a normal distribution about its mean that hold 95 %."""


@dataclass(frozen=True)
class Estimate:
    """A share with its 95 % interval."""

    value: float
    low: float
    high: float
    pairs: int


@dataclass(frozen=True)
class AttackerResult:
    """How well one attacker does."""

    name: str
    accuracy: Estimate
    """Pairs whose positive has the higher score."""
    caption_accuracy: float
    """Single captions that are called by their side."""


@dataclass(frozen=True)
class Slice:
    """How well the best attacker does on the pairs that share a value."""

    facet: str
    value: str
    accuracy: Estimate


@dataclass(frozen=True)
class Tell:
    """An n-gram that gives captions away, by a logistic regression on all words of all pairs."""

    ngram: str
    """Its words; ^ and $ stand for a caption's start and end."""
    weight: float
    """More than 0 speaks for a positive."""
    positives: int
    """Positive captions that hold it."""
    negatives: int
    """Negative captions that hold it."""


@dataclass(frozen=True)
class Rule:
    """Which caption of a pair has more of something that needs no learning."""

    name: str
    positive_more: float
    negative_more: float


@dataclass(frozen=True)
class LmFindings:
    """How a language model attacked; its accuracies stand among the attackers'."""

    model: str
    pairs: int
    """Pairs that it was asked about; its attackers' accuracies are of these."""
    captions: int
    """Different captions among them."""
    higher: dict[str, Estimate]
    """Attacker -> pairs whose positive has the higher log-likelihood (a token): nothing is learnt here."""
    notes: tuple[str, ...]
    """Whether the inverse does better, and captions that could not be asked about."""


@dataclass(frozen=True)
class BlindReport:
    """What the blind attack finds."""

    source: str
    pairs: int
    """Pairs attacked."""
    pairs_available: int
    captions: int
    """Distinct captions among them."""
    on_both_sides: float
    """Share of captions, by use, whose very text is positive in one pair and negative in another."""
    group: str
    groups: int
    folds: int
    seed: int
    best: str
    """The attacker that does best."""
    accuracy: Estimate
    """Its accuracy: the overall figure."""
    attackers: tuple[AttackerResult, ...]
    slices: tuple[Slice, ...]
    """By facet, then from the most accurate to the least."""
    rules: tuple[Rule, ...]
    positive_tells: tuple[Tell, ...]
    negative_tells: tuple[Tell, ...]
    left_out: dict[str, int]
    lm: LmFindings | None = None
    """Where a language model attacked too."""

    def by(self, facet: str) -> list[Slice]:
        """The slices of one facet: `kind`, `relation`, `proof` or `style`."""
        return [found for found in self.slices if found.facet == facet]

    def worst_kind(self) -> Slice | None:
        """The kind of negative that is surest to be told: the highest lower bound."""
        return max(self.by("kind"), key=lambda found: found.accuracy.low, default=None)

    def to_dict(self) -> dict[str, Any]:
        """As JSON can say it, with shares to four decimals."""
        rounded: dict[str, Any] = _rounded(asdict(self))
        return rounded


def attack(
    pairs: Pairs,
    *,
    group: str | None = None,
    folds: int = FOLDS,
    seed: int = 0,
    max_pairs: int = MAX_PAIRS,
    lm: LanguageModel | None = None,
) -> BlindReport:
    """Attack pairs with all attackers.

    Args:
        pairs: What to attack, from `read_pairs` or `pairs_of`.
        group: What is held out together: a name in `pairs.groups`, or `none` for each pair alone. None: what suits
            these pairs, which for a release is `claim`.
        folds: Parts for cross-validation, at least 3.
        seed: Shapes the choice of pairs and folds; the same seed gives the same report.
        max_pairs: Pairs used at most, chosen by hash.
        lm: A language model that attacks too.

    Raises:
        UserError: The grouping is unknown, there are too few pairs or groups, or the language model cannot be asked.
    """
    group = group or pairs.default_group
    if group != NO_GROUP and group not in pairs.groups:
        known = ", ".join([*pairs.groups, NO_GROUP])
        raise UserError(f"{pairs.source} cannot be grouped by {group}. Use --group with one of {known}.")
    lm_pairs = lm.pairs if lm else LM_PAIRS
    for option, given, least in (
        ("--folds", folds, 3),
        ("--max-pairs", max_pairs, 3),
        ("--lm-pairs", lm_pairs, 3),
    ):
        if given < least:
            raise UserError(f"{option} {given} is too small: give {least} or more.")
    chosen = pairs.sample(max_pairs, seed)
    coded = code(chosen, group, folds, seed)
    views = view(coded.texts)
    asked = None if lm is None else ask(lm, coded.texts, (coded.positive, coded.negative), seed)
    rounds = [(attackers(views), np.arange(len(chosen)))]
    rounds += [(asked.attackers(), asked.places)] if asked else []
    results, correct = [], {}
    for some, places in rounds:
        for name, margins, called in cross_validate(coded, some, places):
            correct[name] = places, (np.sign(margins) + 1) / 2
            accuracy = interval(correct[name][1], coded.clusters[places])
            results.append(AttackerResult(name, accuracy, called))
    best = max(results, key=lambda result: result.accuracy.value)
    uses = _uses(coded)
    tells = _tells(views, uses)
    both = (uses.positive > 0) & (uses.negative > 0)
    return BlindReport(
        source=pairs.source,
        pairs=len(chosen),
        pairs_available=len(pairs),
        captions=len(coded.texts),
        on_both_sides=float((uses.positive + uses.negative)[both].sum() / (2 * len(chosen))),
        group=group,
        groups=coded.groups,
        folds=coded.folds,
        seed=seed,
        best=best.name,
        accuracy=best.accuracy,
        attackers=tuple(results),
        slices=tuple(_slices(chosen, *correct[best.name], coded.clusters)),
        rules=tuple(_rules(views.rules, coded)),
        positive_tells=tells[0],
        negative_tells=tells[1],
        left_out=dict(pairs.left_out),
        lm=_about(asked, coded) if asked else None,
    )


def interval(correct: Floats, clusters: Indices) -> Estimate:
    """The mean of hits with Wilson's 95 % interval.

    Pairs of one group stand or fall together, so the interval is that of as many independent pairs as would have the
    variance between groups; where all hit or all miss, that of as many as there are groups.

    Args:
        correct: 1 for a hit, 0 for a miss, 0.5 for a tie, shape (n,).
        clusters: The group of each, shape (n,).
    """
    count, share = len(correct), float(np.mean(correct))
    groups = len(np.unique(clusters))
    effective = float(count)
    if groups < count:
        totals = np.bincount(np.unique(clusters, return_inverse=True)[1], correct - share)
        variance = float(totals @ totals) / count**2 * groups / max(groups - 1, 1)
        if share in (0.0, 1.0) or groups == 1:
            effective = float(groups)
        elif variance > 0:
            effective = min(float(count), max(1.0, share * (1 - share) / variance))
    low, high = wilson(share, effective)
    return Estimate(share, low, high, count)


def wilson(share: float, count: float) -> tuple[float, float]:
    """Wilson's 95 % interval of a share in `count` independent trials."""
    scale = 1 + Z**2 / count
    middle = (share + Z**2 / (2 * count)) / scale
    half = Z / scale * math.sqrt(share * (1 - share) / count + Z**2 / (4 * count**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def _uses(coded: Coded) -> Training:
    """How often each text is used on either side, in all pairs."""
    count = len(coded.texts)
    return Training(
        np.bincount(coded.positive, minlength=count).astype(np.float64),
        np.bincount(coded.negative, minlength=count).astype(np.float64),
        (coded.positive, coded.negative),
    )


def _about(asked: Asked, coded: Coded) -> LmFindings:
    """What comes of taking the higher log-likelihood for the positive, and what there is to say about it."""
    differences = asked.scores[coded.positive[asked.places]] - asked.scores[coded.negative[asked.places]]
    hits = (np.nan_to_num(np.sign(differences)) + 1) / 2
    clusters = coded.clusters[asked.places]
    higher = {name: interval(column, clusters) for name, column in zip(NAMES, hits.T, strict=True)}
    notes = [
        f"{name}: the inverse does better: {1 - found.value:.3f} of positives have the lower log-likelihood "
        f"(95 %: {1 - found.high:.3f} to {1 - found.low:.3f})"
        for name, found in higher.items()
        if found.value < 0.5
    ]
    notes += [f"captions without a log-likelihood: {count:,} ({why})" for why, count in asked.reasons.items()]
    return LmFindings(asked.model, len(asked.places), asked.captions, higher, tuple(notes))


def _slices(pairs: Pairs, tried: Indices, correct: Floats, clusters: Indices) -> Iterator[Slice]:
    """Hits of the pairs that were tried, by what they share."""
    table, clusters = pairs.table.take(pa.array(tried)), clusters[tried]
    for facet in pairs.facets:
        encoded = table[facet].combine_chunks().dictionary_encode(null_encoding="encode")
        places = encoded.indices.to_numpy(zero_copy_only=False)
        found = [
            Slice(facet, str(value), interval(correct[places == place], clusters[places == place]))
            for place, value in enumerate(encoded.dictionary.to_pylist())
        ]
        yield from sorted(found, key=lambda entry: (-entry.accuracy.value, entry.value))


def _rules(measures: Floats, coded: Coded) -> Iterator[Rule]:
    """How often either caption of a pair has more, for rules that part any."""
    differences = measures[coded.positive] - measures[coded.negative]
    for name, column in zip(RULES, differences.T, strict=True):
        if column.any():
            yield Rule(name, float(np.mean(column > 0)), float(np.mean(column < 0)))


def _tells(views: Views, uses: Training) -> tuple[tuple[Tell, ...], tuple[Tell, ...]]:
    """The n-grams that speak loudest for either side."""
    weights, _ = fit_regression(views.words, uses)
    held = views.words.sign()
    counts = [held.T @ side for side in (uses.positive, uses.negative)]

    def told(order: Sequence[int], sign: int) -> tuple[Tell, ...]:
        return tuple(
            Tell(str(views.names[place]), float(weights[place]), int(counts[0][place]), int(counts[1][place]))
            for place in order[:TELLS]
            if weights[place] * sign > 0
        )

    rising = np.argsort(weights, kind="stable")
    return told(rising[::-1].tolist(), 1), told(rising.tolist(), -1)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(entry) for entry in value]
    return value
