"""Percentile bootstrap by clusters (Efron, 1979; Field and Welsh, 2007): what belongs together is drawn together.

A figure of k clusters is computed anew of k clusters drawn with replacement, as often as wanted; the interval holds
the middle 95 % of what comes out. Clusters that contribute the same are drawn as one kind with a multinomial count,
which is the same distribution, needs neither their order nor much memory, and is as fast for 500,000 questions as for
100. With one cluster nothing is known of others: the interval is then 0 to 1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from naturel.annotations.joins import Integers

Floats = npt.NDArray[np.float64]
LEVEL = 0.95
AT_ONCE = 4_000_000
"""Weights that are in memory at once."""


def share_interval(
    hits: Floats, sizes: Floats, clusters: Integers, *, seed: int, resamples: int
) -> tuple[float, float]:
    """The interval of sum(hits) / sum(sizes).

    Args:
        hits: What each unit adds to the numerator, shape (u,), u > 0.
        sizes: What it adds to the denominator, shape (u,), above 0.
        clusters: Which units are drawn together, shape (u,), any numbers.
        seed: Of the draws.
        resamples: How many.

    Returns:
        Its lower and upper bound.
    """
    numbers = np.unique(clusters, return_inverse=True)[1]
    per_cluster = np.stack([np.bincount(numbers, hits), np.bincount(numbers, sizes)], axis=1)
    count = len(per_cluster)
    if count == 1:
        return 0.0, 1.0
    kinds, times = np.unique(per_cluster, axis=0, return_counts=True)

    def shares(number: int) -> Floats:
        totals = rng.multinomial(count, times / count, size=number) @ kinds
        return np.asarray(totals[:, 0] / totals[:, 1], dtype=np.float64)

    rng = np.random.default_rng(seed)
    return _middle(_in_parts(shares, resamples, len(kinds)))


def weighted_interval(
    figure: Callable[[Floats], Floats], clusters: Integers, *, seed: int, resamples: int
) -> tuple[float, float]:
    """The interval of a figure that is no share, such as an area under a curve.

    Args:
        figure: Takes how often each unit was drawn, shape (b, u), gives the figure, shape (b,); NaN where it is not
            defined, as without a true sentence: such draws are not counted.
        clusters: Which units are drawn together, shape (u,): numbers from 0 without gaps.
        seed: Of the draws.
        resamples: How many.

    Returns:
        Its lower and upper bound.
    """
    count = int(clusters.max()) + 1
    if count == 1:
        return 0.0, 1.0

    def figures(number: int) -> Floats:
        drawn = rng.multinomial(count, np.full(count, 1 / count), size=number)
        return figure(drawn[:, clusters].astype(np.float64))

    rng = np.random.default_rng(seed)
    drawn = _in_parts(figures, resamples, max(count, len(clusters)))
    defined = drawn[~np.isnan(drawn)]
    return _middle(defined) if len(defined) else (0.0, 1.0)


def _in_parts(draw: Callable[[int], Floats], resamples: int, width: int) -> Floats:
    size = max(1, AT_ONCE // width)
    return np.concatenate([draw(min(size, resamples - start)) for start in range(0, resamples, size)])


def _middle(figures: Floats) -> tuple[float, float]:
    low, high = np.quantile(figures, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
