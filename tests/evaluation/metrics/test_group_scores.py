"""Winoground's three scores on score matrices whose answer is read off."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from naturel.evaluation.metrics.groups import GROUP_CHANCE, IMAGE_CHANCE, TEXT_CHANCE, group_right


@pytest.mark.parametrize(
    ("scores", "expected"),  # rows are pictures, columns are sentences
    [
        ([[0.9, 0.1], [0.2, 0.8]], (True, True, True)),
        ([[0.9, 0.8], [0.5, 0.6]], (True, False, False)),  # sentence 1 likes picture 0 better
        ([[0.5, 0.6], [0.4, 0.7]], (False, True, False)),  # picture 0 likes sentence 1 better
        ([[0.1, 0.9], [0.8, 0.2]], (False, False, False)),
        ([[0.5, 0.5], [0.5, 0.5]], (False, False, False)),  # ties are wrong
        ([[0.5, 0.5], [0.1, 0.9]], (False, True, False)),
    ],
)
def test_scores_of_one_group(scores: Any, expected: tuple[bool, bool, bool]) -> None:
    assert tuple(bool(flags[0]) for flags in group_right(np.array([scores]))) == expected


def test_random_scores_reach_chance() -> None:
    found = group_right(np.random.default_rng(3).random((300_000, 2, 2)))
    chances = (TEXT_CHANCE, IMAGE_CHANCE, GROUP_CHANCE)
    assert chances == (0.25, 0.25, 1 / 6)
    for flags, chance in zip(found, chances, strict=True):
        assert flags.mean() == pytest.approx(chance, abs=0.003)


@given(arrays(np.float64, (5, 2, 2), elements=st.floats(-1, 1)))
def test_group_is_at_most_the_lower_of_text_and_image(scores: Any) -> None:
    text, image, group = (flags.mean() for flags in group_right(scores))
    assert group <= min(text, image)


@given(arrays(np.int64, (5, 2, 2), elements=st.integers(-9, 9)))
def test_exchanging_pictures_and_sentences_exchanges_the_scores(scores: Any) -> None:
    text, image, group = group_right(scores.astype(np.float64))
    turned = group_right(scores.astype(np.float64).transpose(0, 2, 1))
    for straight, other in zip((image, text, group), turned, strict=True):
        np.testing.assert_array_equal(straight, other)
