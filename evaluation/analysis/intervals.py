"""Means with their intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from naturel.annotations.joins import Integers
from naturel.evaluation.metrics.bootstrap import share_interval

Floats = npt.NDArray[np.float64]
RESAMPLES = 1000


@dataclass(frozen=True)
class Figure:
    """A mean with its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float
    spread: float
    """Standard deviation."""
    count: int
    """What it is a mean of."""


def summarise(
    values: Floats,
    clusters: Integers | None = None,
    *,
    bounds: tuple[float, float] = (-1.0, 1.0),
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Figure:
    """The mean of values.

    Args:
        values: Shape (n,), n > 0.
        clusters: Which of them are drawn together, shape (n,); None: each by itself.
        bounds: What values can be: the interval of one cluster, of which nothing can be learnt about others.
        seed: Of the draws.
        resamples: How many.
    """
    count = len(values)
    together = np.arange(count) if clusters is None else clusters
    low, high = bounds
    if (together != together[0]).any():
        low, high = share_interval(values, np.ones(count), together, seed=seed, resamples=resamples)
    return Figure(float(values.mean()), low, high, float(values.std()), count)
