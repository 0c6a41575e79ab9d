"""Bootstrap intervals: against their theory, by clusters, and whatever the order of rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naturel.evaluation.metrics.bootstrap import share_interval, weighted_interval


def interval(hits: Any, clusters: Any, seed: int = 0) -> tuple[float, float]:
    values = np.asarray(hits, dtype=np.float64)
    return share_interval(values, np.ones(len(values)), np.asarray(clusters), seed=seed, resamples=4000)


def test_the_interval_of_a_share_is_as_wide_as_the_normal_one() -> None:
    hits = np.arange(1000) < 300
    low, high = interval(hits, np.arange(1000))
    half = 1.96 * np.sqrt(0.3 * 0.7 / 1000)
    assert low == pytest.approx(0.3 - half, abs=0.003)
    assert high == pytest.approx(0.3 + half, abs=0.003)


def test_clusters_that_agree_within_widen_it() -> None:
    hits = np.arange(1000) < 300
    low, high = interval(hits, np.arange(1000) // 10)  # a hundred clusters of ten alike
    half = 1.96 * np.sqrt(0.3 * 0.7 / 100)
    assert low == pytest.approx(0.3 - half, abs=0.01)
    assert high == pytest.approx(0.3 + half, abs=0.01)


def test_it_covers_what_it_should() -> None:
    random = np.random.default_rng(6)
    inside = 0
    for trial in range(300):
        low, high = share_interval(
            (random.random(200) < 0.6).astype(float), np.ones(200), np.arange(200), seed=trial, resamples=400
        )
        inside += low <= 0.6 <= high
    assert 0.9 < inside / 300 < 0.985


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5)), min_size=1, max_size=40),
    st.randoms(),
    st.integers(0, 9),
)
def test_neither_order_nor_names_of_clusters_matter(rows: list[Any], random: Any, seed: int) -> None:
    straight = interval([row[0] for row in rows], [row[1] for row in rows], seed)
    random.shuffle(rows)
    assert interval([row[0] for row in rows], [7 - row[1] for row in rows], seed) == straight


def test_the_value_is_inside_and_the_seed_repeats_it() -> None:
    hits, clusters = np.arange(997) % 3 == 0, np.arange(997) // 2
    low, high = interval(hits, clusters, seed=4)
    assert low < hits.mean() < high
    assert interval(hits, clusters, seed=4) == (low, high)
    assert interval(hits, clusters, seed=5) != (low, high)


def test_one_cluster_says_nothing_of_others() -> None:
    assert interval([1, 1, 0], [3, 3, 3]) == (0.0, 1.0)
    assert weighted_interval(lambda drawn: drawn.sum(axis=1), np.zeros(3, int), seed=0, resamples=10) == (
        0,
        1,
    )


def test_a_weighted_mean_has_the_interval_of_its_share() -> None:
    hits = (np.arange(400) % 4 == 0).astype(np.float64)
    clusters = np.arange(400) // 2
    low, high = weighted_interval(
        lambda drawn: drawn @ hits / drawn.sum(axis=1), clusters, seed=0, resamples=4000
    )
    assert (low, high) == pytest.approx(interval(hits, clusters), abs=0.005)


def test_draws_without_a_figure_are_not_counted() -> None:
    always = weighted_interval(
        lambda drawn: np.where(drawn[:, 0] > 0, 0.5, np.nan), np.arange(2), seed=0, resamples=50
    )
    never = weighted_interval(lambda drawn: np.full(len(drawn), np.nan), np.arange(2), seed=0, resamples=50)
    assert (always, never) == ((0.5, 0.5), (0.0, 1.0))
