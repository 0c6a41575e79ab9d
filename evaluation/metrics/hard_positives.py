"""A caption c, a hard positive p that is true as well, and a hard negative n.

The figures of "The hard positive truth" (Kamath and others, 2024), section 4.1:

* original test accuracy: s(c) > s(n), as benchmarks without hard positives measure it;
* AugAcc, augmented test accuracy: s(c) > s(n) and s(p) > s(n);
* Brittleness: s(c) > s(n) > s(p) or s(p) > s(n) > s(c): two true sentences on different sides of a false one.

Random scores reach 1/2, 1/3 and 1/3: n is the lowest of three in a third of all orders, and in the middle in another.
A tie with n counts for none of them, as in the authors' `run_eval.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from naturel.annotations.truth import Flags

ACCURACY_CHANCE, AUGACC_CHANCE, BRITTLENESS_CHANCE = 1 / 2, 1 / 3, 1 / 3


@dataclass(frozen=True)
class HardPositives:
    """Of each question, shape (n,)."""

    caption: Flags
    """The caption is above the negative: the original test accuracy."""
    positive: Flags
    """The hard positive is above the negative."""
    augmented: Flags
    """Both are: AugAcc."""
    brittle: Flags
    """One is above, the other below: Brittleness."""


def judge_hard_positives(scores: npt.NDArray[np.float64]) -> HardPositives:
    """Judge questions.

    Args:
        scores: Of caption, hard positive and hard negative, shape (n, 3).
    """
    caption, positive, negative = scores.T
    c_above, p_above = caption > negative, positive > negative
    brittle = (c_above & (negative > positive)) | (p_above & (negative > caption))
    return HardPositives(c_above, p_above, c_above & p_above, brittle)
