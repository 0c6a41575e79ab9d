"""From scores to figures: what is measured of each kind of question, of all of them and of each slice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from naturel.annotations.joins import Integers
from naturel.annotations.truth import Flags
from naturel.evaluation.measures import Measure
from naturel.evaluation.metrics import groups, hard_positives, ranking
from naturel.evaluation.metrics.bootstrap import share_interval, weighted_interval
from naturel.evaluation.metrics.choice import choice_chance, choice_right
from naturel.evaluation.metrics.together import Together, all_right, means
from naturel.evaluation.questions import Kind, Questions, Scores

FACETS = (
    "relation", "negative_kind", "construction", "proof", "kind", "tag", "linguistic_tag", "secondary_tag",
)  # fmt: skip
"""Facts that figures are broken down by."""
MACROS = {"relation": "macro accuracy", "asymmetric_relation": "macro accuracy, without symmetric"}
"""Facts whose values count alike in an average, and what that is called."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Share:
    """A figure that is a share of u units."""

    metric: str
    hits: Floats
    """What each unit adds to the numerator, shape (u,)."""
    sizes: Floats
    """And to the denominator."""
    clusters: Integers
    """Units that are drawn together."""
    chances: Floats
    """What random scores reach of each."""


@dataclass(frozen=True)
class _Draws:
    """How intervals are found."""

    seed: int
    resamples: int


def measure(
    questions: Questions, scores: Scores, *, seed: int = 0, resamples: int = 1000, prefix: str = ""
) -> list[Measure]:
    """Measure scores.

    Args:
        questions: What was asked.
        scores: Of each picture and sentence, shape (n, a, c), NaN where there is no sentence. NaN elsewhere is wrong.
        seed: Of the intervals' draws.
        resamples: How many draws.
        prefix: Goes before the metrics' names, such as `prior-corrected `.

    Returns:
        The figures of all questions, then those of each slice by facet and value; none of no questions.

    Raises:
        ValueError: The scores are not of this shape.
    """
    if scores.shape != questions.true.shape:
        raise ValueError(f"scores of shape {scores.shape}, questions of shape {questions.true.shape}")
    if not len(questions):
        return []
    draws = _Draws(seed, resamples)
    of = {
        Kind.CHOICE: _choice,
        Kind.GROUP: _group,
        Kind.HARD_POSITIVE: _hard_positive,
        Kind.JUDGEMENT: _judgement,
    }[questions.kind]
    found = of(questions, np.asarray(scores, dtype=np.float64), draws)
    return [replace(each, benchmark=questions.benchmark, metric=f"{prefix}{each.metric}") for each in found]


def _choice(questions: Questions, scores: Floats, draws: _Draws) -> list[Measure]:
    there = questions.texts >= 0
    right = choice_right(scores, questions.true, there)
    chances = choice_chance(questions.true, there)
    clusters = _clusters(questions)
    accuracy = _of_questions("accuracy", right, clusters, chances)
    whole = [_measure(accuracy, draws)]
    for name, metric in MACROS.items():
        codes = _codes(questions, name)[1]
        if len(np.unique(codes[codes >= 0])) > 1:
            relations = means(right, chances, codes)
            whole.append(_measure(_of_together(metric, relations, np.arange(len(relations.first))), draws))
    for name, metric in {"pair": "pair accuracy", "set": "set accuracy"}.items():
        codes = _codes(questions, name)[1]
        if (codes >= 0).any():
            sets = all_right(right, chances, codes)
            whole.append(_measure(_of_together(metric, sets, clusters[sets.first]), draws))
    return [*whole, *_slices(questions, [accuracy], draws)]


def _group(questions: Questions, scores: Floats, draws: _Draws) -> list[Measure]:
    clusters = np.unique(np.sort(questions.images, axis=1), axis=0, return_inverse=True)[1].ravel()
    chances = (groups.TEXT_CHANCE, groups.IMAGE_CHANCE, groups.GROUP_CHANCE)
    shares = [
        _of_questions(metric, right, clusters, np.full(len(right), chance))
        for metric, right, chance in zip(
            ("text", "image", "group"), groups.group_right(scores), chances, strict=True
        )
    ]
    return [*(_measure(share, draws) for share in shares), *_slices(questions, shares, draws)]


def _hard_positive(questions: Questions, scores: Floats, draws: _Draws) -> list[Measure]:
    found = hard_positives.judge_hard_positives(scores[:, 0, :])
    clusters = _clusters(questions)
    shares = [
        _of_questions(metric, right, clusters, np.full(len(right), chance))
        for metric, right, chance in (
            ("accuracy", found.caption, hard_positives.ACCURACY_CHANCE),
            ("hard positive accuracy", found.positive, hard_positives.ACCURACY_CHANCE),
            ("AugAcc", found.augmented, hard_positives.AUGACC_CHANCE),
            ("brittleness", found.brittle, hard_positives.BRITTLENESS_CHANCE),
        )
    ]
    return [*(_measure(share, draws) for share in shares), *_slices(questions, shares, draws)]


def _judgement(questions: Questions, scores: Floats, draws: _Draws) -> list[Measure]:
    rows = np.arange(len(questions))
    found = _ranked(questions, scores, rows, draws)
    for facet, value, rows in _parts(questions):
        found += [replace(each, facet=facet, slice=value) for each in _ranked(questions, scores, rows, draws)]
    return found


def _ranked(questions: Questions, scores: Floats, rows: Integers, draws: _Draws) -> list[Measure]:
    """The figures of some judgements; none where all are true or all are false."""
    points, true = scores[rows, 0, 0], questions.true[rows, 0, 0]
    if true.all() or not true.any():
        return []
    pictures = _photos(questions)[questions.images[rows, 0]]
    low, high = weighted_interval(
        lambda weights: ranking.auc(points, true, weights),
        np.unique(pictures, return_inverse=True)[1],
        seed=draws.seed,
        resamples=draws.resamples,
    )
    area = float(ranking.auc(points, true)[0])
    found = [Measure("", "AUC", area, low, high, len(rows), ranking.CHANCE)]
    for metric, numbers in (
        ("same-caption ranking", questions.texts[rows, 0]),
        ("same-picture ranking", questions.images[rows, 0]),
    ):
        hits, pairs = ranking.ranked_pairs(points, true, numbers)
        some = np.flatnonzero(pairs > 0)
        if len(some):
            chances = np.full(len(some), ranking.CHANCE)
            share = _Share(metric, hits[some], pairs[some], some, chances)
            found.append(_measure(share, draws))
    return found


def _photos(questions: Questions) -> Integers:
    """A number of each picture by its key, the same whatever their order; crops of one photo have the same."""
    keys = [
        picture.key if picture.crop is None else picture.key.rpartition("#")[0]
        for picture in questions.pictures
    ]
    numbers = {key: number for number, key in enumerate(sorted(set(keys)))}
    return np.array([numbers[key] for key in keys], dtype=np.int64)


def _of_questions(metric: str, right: Flags, clusters: Integers, chances: Floats) -> _Share:
    return _Share(metric, right.astype(np.float64), np.ones(len(right)), clusters, chances)


def _of_together(metric: str, found: Together, clusters: Integers) -> _Share:
    return _Share(metric, found.values, np.ones(len(found.values)), clusters, found.chances)


def _measure(share: _Share, draws: _Draws, rows: Integers | None = None) -> Measure:
    """The figure of some units, or of all."""
    rows = np.arange(len(share.hits)) if rows is None else rows
    hits, sizes, chances = share.hits[rows], share.sizes[rows], share.chances[rows]
    alike = bool((chances == chances[0]).all())
    low, high = share_interval(hits, sizes, share.clusters[rows], seed=draws.seed, resamples=draws.resamples)
    return Measure(
        benchmark="",
        metric=share.metric,
        value=float(hits.sum() / sizes.sum()),
        low=low,
        high=high,
        count=round(float(sizes.sum())),
        chance=float(chances[0]) if alike else float((chances * sizes).sum() / sizes.sum()),
    )


def _slices(questions: Questions, shares: Sequence[_Share], draws: _Draws) -> list[Measure]:
    return [
        replace(_measure(share, draws, rows), facet=facet, slice=value)
        for facet, value, rows in _parts(questions)
        for share in shares
    ]


def _parts(questions: Questions) -> Iterator[tuple[str, str, Integers]]:
    """The questions of each facet's values, by name; those without a value are in none."""
    for facet in FACETS:
        names, codes = _codes(questions, facet)
        order = np.argsort(codes, kind="stable")
        bounds = np.searchsorted(codes[order], np.arange(len(names) + 1))
        for code in sorted(range(len(names)), key=names.__getitem__):
            rows = order[bounds[code] : bounds[code + 1]]
            if len(rows):
                yield facet, names[code], rows


def _codes(questions: Questions, name: str) -> tuple[list[str], Integers]:
    """A fact's values, and the number of each question's; -1 without one."""
    if name not in questions.facts:
        return [], np.full(len(questions), -1)
    encoded = questions.facts[name].cast(pa.string()).dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return encoded.dictionary.to_pylist(), codes


def _clusters(questions: Questions) -> Integers:
    """What is drawn together: a set, else a pair, else the questions about a picture."""
    clusters = _photos(questions)[questions.images[:, 0]]
    for name in ("pair", "set"):
        codes = _codes(questions, name)[1]
        clusters = np.where(codes >= 0, codes + clusters.max() + 1, clusters)
    return clusters
