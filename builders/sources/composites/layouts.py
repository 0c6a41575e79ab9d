"""Layouts: where the two places of a picture are, how large things are, and what the background is.

A layout is a pure function of the build's seed, the scene and the layout's number, so that the number of layouts is
a setting of its own, whatever is shown in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from naturel.builders.sources.composites.cutouts import Scene

SIZES = ((400, 400), (420, 360), (360, 420))
UPRIGHT = ((400, 400), (380, 400), (360, 420))
"""High enough for what stands on a wide table."""
MARGIN = 14
"""Pixels at the border that stay free."""


@dataclass(frozen=True)
class Layout:
    """Lengths in pixels; shares between 0 and 1."""

    width: int
    height: int
    cells: tuple[tuple[float, float], tuple[float, float]]
    """The middle of the foot of either place: left and right, or upper and lower; otherwise the first only."""
    cell: tuple[int, int]
    """Width and height that a thing has at most in either place."""
    scales: tuple[float, float]
    """Of the first and of the second thing."""
    gap: float
    """Between the cells."""
    shift: float
    """How far something is from the middle of where it can be, -1 to 1."""
    background: int
    """The number of the background."""


def layout_of(seed: int, scene: Scene, number: int) -> Layout:
    """The layout with a number."""
    rng = Random(f"{seed}/layout/{scene}/{number}")  # noqa: S311
    width, height = rng.choice(UPRIGHT if scene is Scene.STANDING else SIZES)
    across, up = width - 2 * MARGIN, height - 2 * MARGIN
    shift = rng.uniform(-1, 1)
    scales = (rng.uniform(0.8, 1.0), rng.uniform(0.8, 1.0))
    ground = height - MARGIN - rng.uniform(0, 0.1) * height
    if scene is Scene.BESIDE:
        gap = rng.uniform(0.05, 0.16) * width
        cell = ((across - gap) / 2, min(0.66 * up, ground - MARGIN))
        middle = MARGIN + across / 2
        sway = rng.uniform(-0.05, 0.05) * height
        ground = rng.uniform(MARGIN + cell[1] + abs(sway), height - MARGIN - abs(sway))
        reach = (cell[0] + gap) / 2
        cells = ((middle - reach, ground - sway), (middle + reach, ground + sway))
    elif scene is Scene.ABOVE:
        gap = rng.uniform(0.05, 0.11) * height
        cell = (0.6 * across, (up - gap) / 2)
        middle = width / 2 + shift * (width / 2 - MARGIN - cell[0] / 2)
        cells = ((middle, MARGIN + cell[1]), (middle, height - MARGIN))
    elif scene is Scene.STANDING:
        gap = 0.0
        cell = (0.94 * across, 0.8 * up)
        scales = (0.9 + scales[0] / 10, 0.9 + scales[1] / 10)  # what is under a bench is small as it is
        middle = width / 2 + shift * (across - cell[0]) / 2
        cells = ((middle, ground), (middle, ground))
    elif scene is Scene.STACKED:
        gap = 0.0
        cell = (0.62 * across, 0.42 * up)
        middle = width / 2 + shift * (across - cell[0]) / 2
        cells = ((middle, ground), (middle, ground))
    else:
        gap = rng.uniform(0.012, 0.035) * width
        cell = (0.56 * across, 0.54 * up)
        cells = ((width / 2, ground), (width / 2, ground))
    return Layout(
        width,
        height,
        cells,
        (int(cell[0]), int(cell[1])),
        scales,
        gap,
        shift,
        rng.randrange(2**32),
    )
