"""Pairs, sets and macro averages, against values worked out by hand and against chance."""

from __future__ import annotations

import numpy as np
import pytest

from naturel.evaluation.metrics.together import all_right, means


def test_a_pair_counts_if_both_are_right() -> None:
    right = np.array([1, 1, 1, 0, 0, 0, 1], dtype=np.bool_)
    numbers = np.array([4, 4, 2, 2, 7, 7, -1])
    found = all_right(right, np.full(7, 0.25), numbers)
    assert found.values.tolist() == [0.0, 1.0, 0.0]  # pairs 2, 4, 7
    assert found.first.tolist() == [2, 0, 4]
    np.testing.assert_allclose(found.chances, 1 / 16)


def test_a_macro_average_gives_each_relation_the_same_weight() -> None:
    right = np.array([1, 1, 1, 0, 0, 1], dtype=np.bool_)
    numbers = np.array([0, 0, 0, 0, 1, -1])
    found = means(right, np.array([0.5, 0.5, 0.5, 0.5, 0.25, 0.5]), numbers)
    assert found.values.tolist() == [0.75, 0.0]
    assert found.values.mean() == 0.375  # and not 3/5
    assert found.chances.tolist() == [0.5, 0.25]


@pytest.mark.parametrize(("size", "options", "chance"), [(2, 4, 0.0625), (4, 4, 0.00390625), (2, 2, 0.25)])
def test_chance_of_pairs_and_sets_of_random_scores(size: int, options: int, chance: float) -> None:
    sets = 200_000
    scores = np.random.default_rng(2).random((sets * size, options))
    right = scores.argmax(axis=1) == 0
    found = all_right(right, np.full(len(right), 1 / options), np.repeat(np.arange(sets), size))
    assert found.values.mean() == pytest.approx(chance, abs=0.002 if chance > 0.01 else 0.0005)
    np.testing.assert_allclose(found.chances, chance)
