"""Figures of questions that belong together: pairs, sets, relations.

Pair and set accuracy are those of What's "up" (Kamath and others, 2023): a pair is a question and the one about the
opposite preposition, a set is all four of the same two things; each counts if all its questions are answered.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from naturel.annotations.joins import Integers
from naturel.annotations.truth import Flags

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Together:
    """u pairs, sets or relations."""

    values: Floats
    """Shape (u,): 1 or 0 of pairs and sets, accuracies of relations."""
    chances: Floats
    """Shape (u,)."""
    first: Integers
    """The number of the first question of each, shape (u,)."""


def all_right(right: Flags, chances: Floats, numbers: Integers) -> Together:
    """Whether all questions of each pair or set are answered.

    Random scores do so with the product of the questions' chances, as these are of different pictures: .25^2 = 6.25 %
    of pairs and .25^4 = .39 % of sets of What's "up", .5^2 = 25 % of pairs of two sentences each.

    Args:
        right: Whether each question is answered, shape (n,).
        chances: How often random scores do, shape (n,).
        numbers: Of its pair or set, shape (n,); -1: in none.
    """
    rows, first, numbers = _members(numbers)
    wrong = np.bincount(numbers, ~right[rows], len(first))
    product = np.ones(len(first))
    np.multiply.at(product, numbers, chances[rows])
    return Together((wrong == 0).astype(np.float64), product, first)


def means(right: Flags, chances: Floats, numbers: Integers) -> Together:
    """The accuracy of each relation; their mean is the macro accuracy, in which a rare one counts as much as others.

    Args:
        right: Whether each question is answered, shape (n,).
        chances: How often random scores do, shape (n,).
        numbers: Of its relation, shape (n,); -1: not averaged over.
    """
    rows, first, numbers = _members(numbers)
    sizes = np.bincount(numbers, minlength=len(first))
    hits = np.bincount(numbers, right[rows], len(first))
    return Together(hits / sizes, np.bincount(numbers, chances[rows], len(first)) / sizes, first)


def _members(numbers: Integers) -> tuple[Integers, Integers, Integers]:
    """Questions that are in one, the first of each, and their numbers without gaps."""
    rows = np.flatnonzero(numbers >= 0)
    _, first, found = np.unique(numbers[rows], return_index=True, return_inverse=True)
    return rows, rows[first], found
