"""Choices of one picture: hand-made scores, chance, and what cannot change an answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from naturel.evaluation.metrics.choice import choice_chance, choice_right

NAN = float("nan")


def right(scores: list[float], true: list[int], there: list[int] | None = None) -> bool:
    """One question of one picture."""
    flags = np.array([[true]], dtype=np.bool_)
    present = np.ones((1, len(true)), dtype=np.bool_) if there is None else np.array([there], dtype=np.bool_)
    return bool(choice_right(np.array([[scores]]), flags, present)[0])


@pytest.mark.parametrize(
    ("scores", "true", "expected"),
    [
        ([0.3, 0.2], [1, 0], True),
        ([0.2, 0.3], [1, 0], False),
        ([0.2, 0.2], [1, 0], False),  # a tie is wrong
        ([0.1, 0.4, 0.3, 0.2], [0, 1, 0, 0], True),
        ([0.1, 0.4, 0.4, 0.2], [0, 1, 0, 0], False),
        ([0.9, 0.3, 0.4, 0.2], [1, 0, 1, 0], True),  # both true ones are above both false ones
        ([0.9, 0.3, 0.25, 0.2], [1, 0, 1, 0], False),  # one of the true ones is not
        ([NAN, 0.2], [1, 0], False),
        ([0.2, NAN], [1, 0], False),
    ],
)
def test_every_true_sentence_is_above_every_false_one(scores: Any, true: Any, expected: bool) -> None:
    assert right(scores, true) is expected


def test_sentences_that_are_not_there_do_not_count() -> None:
    assert right([0.3, 0.2, NAN], [1, 0, 0], [1, 1, 0])
    assert right([0.3, 0.2, 0.9], [1, 0, 0], [1, 1, 0])


def test_chance_is_one_of_the_orders_that_are_right() -> None:
    true = np.array([[[1, 0, 0, 0]], [[1, 1, 0, 0]], [[1, 0, 0, 0]], [[1, 1, 1, 0]]], dtype=np.bool_)
    there = np.array([[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 0, 0], [1, 1, 1, 1]], dtype=np.bool_)
    # 4 sentences, one true: 1/4; two and two: 2! 2! / 4! = 1/6; 2 sentences: 1/2; three true of four: 3! / 4! = 1/4
    np.testing.assert_allclose(choice_chance(true, there), [1 / 4, 1 / 6, 1 / 2, 1 / 4])


@pytest.mark.parametrize("flags", [[1, 0], [1, 0, 0, 0], [1, 1, 0, 0]])
def test_random_scores_reach_chance(flags: list[int]) -> None:
    count = 200_000
    true = np.broadcast_to(np.array(flags, dtype=np.bool_), (count, 1, len(flags)))
    there = np.ones((count, len(flags)), dtype=np.bool_)
    found = choice_right(np.random.default_rng(1).normal(size=true.shape), true, there).mean()
    assert found == pytest.approx(choice_chance(true[:1], there[:1])[0], abs=0.004)


@given(arrays(np.int64, (7, 1, 3), elements=st.integers(-50, 50)), st.data())
def test_only_the_order_of_scores_matters(scores: Any, data: Any) -> None:
    true = np.zeros((7, 1, 3), dtype=np.bool_)
    true[:, :, data.draw(st.integers(0, 2))] = True
    there = np.ones((7, 3), dtype=np.bool_)
    straight = choice_right(scores.astype(np.float64), true, there)
    np.testing.assert_array_equal(straight, choice_right(np.exp(scores / 10.0), true, there))
    np.testing.assert_array_equal(straight, choice_right(3.0 * scores - 7, true, there))
