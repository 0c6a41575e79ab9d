"""True and false sentences ranked against each other: does a true one get a higher score than a false one?

AUC is the share of pairs of a true and a false question in which the true one is scored higher, a tie counting half
(Mann and Whitney, 1947); random scores reach 1/2. Ranked against each other are all questions, or those alone that
have the same sentence (true of one picture, false of another) or the same picture; there a tie is wrong.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from naturel.annotations.joins import Integers
from naturel.annotations.truth import Flags

Floats = npt.NDArray[np.float64]
CHANCE = 1 / 2


def auc(scores: Floats, true: Flags, weights: Floats | None = None) -> Floats:
    """The area under the curve of receiver operating characteristic.

    Args:
        scores: Of n questions, shape (n,); one that is no number is lower than all.
        true: Shape (n,).
        weights: How often each question counts, shape (b, n); None: once.

    Returns:
        Shape (b,), NaN where there is no true or no false question.
    """
    scores = np.where(np.isnan(scores), -np.inf, scores)
    weights = np.ones((1, len(scores))) if weights is None else weights
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(_changes(scores[order]))  # of scores that are alike
    if not len(order):
        return np.full(len(weights), np.nan)
    right = np.add.reduceat(weights[:, order] * true[order], starts, axis=1)
    wrong = np.add.reduceat(weights[:, order] * ~true[order], starts, axis=1)
    below = np.cumsum(wrong, axis=1) - wrong
    with np.errstate(invalid="ignore"):
        area = (right * (below + wrong / 2)).sum(axis=1) / (right.sum(axis=1) * wrong.sum(axis=1))
    return np.asarray(area, dtype=np.float64)


def ranked_pairs(scores: Floats, true: Flags, groups: Integers) -> tuple[Floats, Floats]:
    """Pairs of a true and a false question of the same group, and how many of them are in the right order.

    Args:
        scores: Of n questions, shape (n,); a pair with one that is no number is not in order.
        true: Shape (n,).
        groups: Shape (n,): numbers from 0.

    Returns:
        Of each group: pairs in order (higher, not equal), and all pairs; shape (max(groups) + 1,).
    """
    count = int(groups.max()) + 1 if len(groups) else 0
    pairs = _count(true, groups, count) * _count(~true, groups, count)
    known = ~np.isnan(scores)
    scores, true, groups = scores[known], true[known], groups[known]
    order = np.lexsort((scores, groups))
    scores, true, groups = scores[order], true[order], groups[order]
    before: Integers = (
        np.cumsum(~true, dtype=np.int64) - ~true
    )  # false questions that come before each, in all groups
    new_group = _changes(groups)
    new_score = new_group | _changes(scores)
    below: Integers = _since(before, new_score) - _since(before, new_group)
    return _count(np.where(true, below, 0), groups, count), pairs


def _changes(values: npt.NDArray[Any]) -> Flags:
    """Whether each value differs from the one before; the first one does."""
    changes = np.ones(len(values), dtype=np.bool_)
    changes[1:] = values[1:] != values[:-1]
    return changes


def _count(values: npt.NDArray[Any], groups: Integers, count: int) -> Floats:
    """The sum of each group's values."""
    return np.asarray(np.bincount(groups, values.astype(np.float64), count), dtype=np.float64)


def _since(values: Integers, start: Flags) -> Integers:
    """At each place the value at the last start."""
    places = np.maximum.accumulate(np.where(start, np.arange(len(values)), 0))
    return np.asarray(values[places], dtype=np.int64)
