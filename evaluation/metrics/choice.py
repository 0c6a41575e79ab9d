"""One picture and several sentences: is every true one scored higher than every false one?"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from naturel.annotations.truth import Flags

Floats = npt.NDArray[np.float64]


def choice_right(scores: Floats, true: Flags, there: Flags) -> Flags:
    """Whether each question is answered: min s(true) > max s(false), for each of its pictures.

    A tie is wrong: a model that scores all sentences alike knows nothing. So is a question with a score that is no
    number.

    Args:
        scores: Shape (n, a, c).
        true: Which sentence is true of which picture, shape (n, a, c).
        there: Which sentences there are, shape (n, c).

    Returns:
        Shape (n,).
    """
    lowest = np.where(true, scores, np.inf).min(axis=2)
    highest = np.where(there[:, None, :] & ~true, scores, -np.inf).max(axis=2)
    return np.asarray((lowest > highest).all(axis=1), dtype=np.bool_)


def choice_chance(true: Flags, there: Flags) -> Floats:
    """How often random scores answer each question.

    Of t + f scores in random order, the t true ones come first in t! f! of (t + f)! orders: 1 / C(t + f, t), which is
    1 / c with one true sentence of c. Pictures are independent, so that theirs are multiplied.

    Args:
        true: Shape (n, a, c).
        there: Shape (n, c).

    Returns:
        Shape (n,).
    """
    right = true.sum(axis=2)
    wrong = (there[:, None, :] & ~true).sum(axis=2)
    kinds, numbers = np.unique(np.stack([right, wrong]).reshape(2, -1), axis=1, return_inverse=True)
    chances = np.array([1 / math.comb(int(t + f), int(t)) for t, f in kinds.T], dtype=np.float64)
    return np.asarray(chances[numbers].reshape(right.shape).prod(axis=1), dtype=np.float64)
