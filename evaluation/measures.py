"""What an evaluation finds: one figure a row."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """One figure, with its 95 % bootstrap interval."""

    benchmark: str
    metric: str
    """Such as `accuracy`, `pair accuracy`, `group`, `AugAcc`, `brittleness`."""
    value: float
    """A share, 0 to 1."""
    low: float
    high: float
    count: int
    """What it is a share of: questions, pairs, sets, relations."""
    chance: float | None = None
    """What random scores reach; None where that is not known in advance."""
    facet: str = ""
    """What the figure is a slice by, such as `relation`; empty for the whole."""
    slice: str = ""
    """The slice's value, such as `left_of`."""
    model: str = ""
