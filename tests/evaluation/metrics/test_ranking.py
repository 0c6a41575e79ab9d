"""AUC and ranked pairs, against counting every pair."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from naturel.evaluation.metrics.ranking import auc, ranked_pairs

ROWS = st.lists(st.tuples(st.integers(0, 6), st.booleans(), st.integers(0, 3)), min_size=1, max_size=30)


def test_auc_by_hand() -> None:
    scores = np.array([0.9, 0.5, 0.5, 0.1])
    true = np.array([1, 1, 0, 0], dtype=np.bool_)
    # pairs: .9 > .5, .9 > .1, .5 = .5 (half), .5 > .1: 3.5 of 4
    assert auc(scores, true).tolist() == [0.875]
    weights = np.array([[1, 1, 1, 1], [0, 2, 1, 1], [1, 1, 0, 0]], dtype=np.float64)
    found = auc(scores, true, weights)
    assert found[:2].tolist() == [0.875, 0.75]  # the true one of .5 twice: (half, whole) of two each
    assert np.isnan(found[2])  # no false one was drawn


@given(ROWS)
def test_auc_is_that_of_others(rows: list[Any]) -> None:
    scores, true = np.array([row[0] for row in rows], float), np.array([row[1] for row in rows])
    if true.all() or not true.any():
        assert np.isnan(auc(scores, true)[0])
    else:
        assert auc(scores, true)[0] == pytest.approx(roc_auc_score(true, scores))


@given(ROWS)
def test_ranked_pairs_are_counted_as_one_by_one(rows: list[Any]) -> None:
    scores, true = np.array([row[0] for row in rows], float), np.array([row[1] for row in rows])
    groups = np.array([row[2] for row in rows])
    hits, pairs = ranked_pairs(scores, true, groups)
    for group in range(groups.max() + 1):
        those = [
            one > other
            for one, is_true, here in zip(scores, true, groups, strict=True)
            for other, also_true, there in zip(scores, true, groups, strict=True)
            if here == there == group and is_true and not also_true
        ]
        assert (hits[group], pairs[group]) == (sum(those), len(those))


def test_a_score_that_is_no_number_wins_no_pair() -> None:
    scores = np.array([np.nan, 0.2, np.nan, 0.1])
    true = np.array([1, 1, 0, 0], dtype=np.bool_)
    hits, pairs = ranked_pairs(scores, true, np.zeros(4, dtype=np.int64))
    assert (hits[0], pairs[0]) == (1, 4)
    assert auc(scores, true)[0] == pytest.approx((0.5 + 0 + 1 + 1) / 4)


def test_random_scores_reach_one_half() -> None:
    random = np.random.default_rng(5)
    scores, true = random.random(60_000), random.random(60_000) < 0.3
    assert auc(scores, true)[0] == pytest.approx(0.5, abs=0.01)
    hits, pairs = ranked_pairs(scores, true, random.integers(0, 5_000, 60_000))
    assert hits.sum() / pairs.sum() == pytest.approx(0.5, abs=0.01)
