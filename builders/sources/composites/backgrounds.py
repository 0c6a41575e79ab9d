"""Backgrounds: plain and simply textured grounds, pale enough that things stand out, without text."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np
import numpy.typing as npt
from PIL import Image

from naturel.builders.sources.composites.cutouts import Scene
from naturel.builders.sources.pictograms.pen import Color, shade

PALE: tuple[Color, ...] = (
    (238, 229, 212), (216, 228, 228), (229, 221, 234), (222, 232, 214), (242, 225, 216), (226, 226, 230),
    (208, 222, 240), (240, 236, 206), (245, 245, 242), (206, 214, 206),
)  # fmt: skip

Pixels = npt.NDArray[np.float64]
Texture = Callable[[Pixels, Pixels, Random], Pixels]
"""From the columns and rows of a picture, in pixels, to the share of the second colour in each pixel."""


def _plain(x: Pixels, y: Pixels, rng: Random) -> Pixels:
    return np.zeros(np.broadcast_shapes(x.shape, y.shape))


def _fading(x: Pixels, y: Pixels, rng: Random) -> Pixels:
    share: Pixels = y / y.max() + 0 * x if rng.random() < 0.5 else x / x.max() + 0 * y
    return share


def _stripes(x: Pixels, y: Pixels, rng: Random) -> Pixels:
    slope, width = rng.choice((-1, -0.5, 0, 0.5, 1)), rng.uniform(22, 48)
    share: Pixels = ((x + slope * y) // width % 2 == 0).astype(np.float64)
    return share


def _checks(x: Pixels, y: Pixels, rng: Random) -> Pixels:
    side = rng.uniform(26, 52)
    share: Pixels = ((x // side + y // side) % 2 == 0).astype(np.float64)
    return share


def _dots(x: Pixels, y: Pixels, rng: Random) -> Pixels:
    pitch = rng.uniform(26, 44)
    across = (x + (y // pitch % 2) * pitch / 2) % pitch - pitch / 2
    up = y % pitch - pitch / 2
    share: Pixels = np.clip(pitch * 0.16 - np.hypot(across, up) + 0.5, 0, 1)
    return share


def _waves(x: Pixels, y: Pixels, rng: Random) -> Pixels:
    pitch, length = rng.uniform(30, 52), rng.uniform(80, 160)
    share: Pixels = (np.sin(2 * np.pi * (y + pitch / 4 * np.sin(2 * np.pi * x / length)) / pitch) + 1) / 2
    return share


def _floor(x: Pixels, y: Pixels, rng: Random) -> Pixels:
    share: Pixels = (y > rng.uniform(0.55, 0.68) * y.max()) + 0 * x
    return share


FLAT: tuple[Texture, ...] = (_plain, _fading, _stripes, _checks, _dots, _waves)
ROOMY: tuple[Texture, ...] = (*FLAT, _floor, _floor)
"""With a floor, where things stand on the ground."""


def draw_background(width: int, height: int, scene: Scene, number: int) -> Image.Image:
    """Draw the background with a number.

    Args:
        width: Pixels.
        height: Pixels.
        scene: Where one thing is above another, nothing looks like a floor.
        number: Any; the same one gives the same pixels.
    """
    rng = Random(number)  # noqa: S311
    texture = rng.choice(FLAT if scene is Scene.ABOVE else ROOMY)
    first = np.array(rng.choice(PALE), dtype=np.float64)
    other = shade((int(first[0]), int(first[1]), int(first[2])), rng.choice((0.86, 0.92, 1.4)))
    second = np.array(other, dtype=np.float64)
    x = np.arange(width, dtype=np.float64)[None, :]
    y = np.arange(height, dtype=np.float64)[:, None]
    share = texture(x, y, rng)[..., None]
    return Image.fromarray((first * (1 - share) + second * share).round().astype(np.uint8))
