"""AugAcc and Brittleness of all six orders of caption, hard positive and hard negative."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from naturel.evaluation.metrics.hard_positives import (
    ACCURACY_CHANCE,
    AUGACC_CHANCE,
    BRITTLENESS_CHANCE,
    judge_hard_positives,
)


@pytest.mark.parametrize(
    ("scores", "accuracy", "augmented", "brittle"),  # caption, hard positive, hard negative
    [
        ((3, 2, 1), True, True, False),  # c > p > n
        ((2, 3, 1), True, True, False),  # p > c > n
        ((3, 1, 2), True, False, True),  # c > n > p
        ((1, 3, 2), False, False, True),  # p > n > c
        ((2, 1, 3), False, False, False),  # n > c > p
        ((1, 2, 3), False, False, False),  # n > p > c
        ((3, 2, 2), True, False, False),  # a tie with the negative counts for neither
        ((2, 2, 1), True, True, False),  # one of the two true ones does not matter
        ((2, 3, 2), False, False, False),
    ],
)
def test_each_order(scores: tuple[int, ...], accuracy: bool, augmented: bool, brittle: bool) -> None:
    found = judge_hard_positives(np.array([scores], dtype=np.float64))
    assert (found.caption[0], found.augmented[0], found.brittle[0]) == (accuracy, augmented, brittle)


def test_chance_is_the_share_of_orders_and_what_random_scores_reach() -> None:
    orders = judge_hard_positives(np.array(list(itertools.permutations((1.0, 2.0, 3.0)))))
    shares = [orders.caption.mean(), orders.augmented.mean(), orders.brittle.mean()]
    chances = [ACCURACY_CHANCE, AUGACC_CHANCE, BRITTLENESS_CHANCE]
    assert shares == pytest.approx(chances)
    assert chances == pytest.approx([0.5, 1 / 3, 1 / 3])
    found = judge_hard_positives(np.random.default_rng(4).random((300_000, 3)))
    drawn = [found.caption.mean(), found.augmented.mean(), found.brittle.mean()]
    assert drawn == pytest.approx(chances, abs=0.003)
