"""A supersampled picture that knows, for every pixel, which object is seen there."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from naturel.builders.sources.pictograms.pen import Box, Color, Point, Shape

SUPERSAMPLING = 3
WINDOW_ALPHA = 60
"""A fill this clear hides nothing: what is seen through a window is not the window."""


class Canvas:
    """Paints shapes at three times the size; `owner` numbers follow each object's visible pixels."""

    def __init__(self, width: int, height: int, ground: Color) -> None:
        self.width, self.height = width, height
        size = (width * SUPERSAMPLING, height * SUPERSAMPLING)
        self._image = Image.new("RGB", size, ground)
        self._owners = Image.new("L", size, 0)
        self._pen = ImageDraw.Draw(self._image, "RGBA")
        self._mask = ImageDraw.Draw(self._owners)

    def paint(self, shapes: Sequence[Shape], owner: int = 0) -> None:
        """Paint the shapes over what is there; owner 0 is nobody (background, shadows)."""
        for shape in shapes:
            _paint(self._pen, shape, shape.fill, shape.line)
            _paint(self._mask, shape, owner if _hides(shape) else None, owner if shape.line else None)

    def shadow(self, cx: float, cy: float, rx: float, ry: float) -> None:
        """Paint a soft shadow on the ground."""
        for grow in (1.0, 0.85, 0.7, 0.55):
            box = (cx - rx * grow, cy - ry * grow, cx + rx * grow, cy + ry * grow)
            self._pen.ellipse([v * SUPERSAMPLING for v in box], fill=(40, 35, 50, 26))

    def image(self) -> Image.Image:
        """Return the picture at its own size."""
        return self._image.resize((self.width, self.height), Image.Resampling.LANCZOS)

    def visible(self, *owners: int) -> tuple[Box, tuple[Point, ...]]:
        """Where an object, or several taken as one, is seen.

        Returns:
            The tight box and the extreme points (top, left, bottom, right), both as fractions.

        Raises:
            ValueError: nothing of the object is seen.
        """
        mask = self._owners.point([255 if value in owners else 0 for value in range(256)])
        bounds = mask.getbbox()
        if bounds is None:
            raise ValueError(f"object {owners} is hidden")
        left, top, right, bottom = bounds
        width, height = mask.size
        seen = np.asarray(mask.crop(bounds)) > 0
        box = (left / width, top / height, right / width, bottom / height)
        points = (
            ((left + _middle(seen[0])) / width, box[1]),
            (box[0], (top + _middle(seen[:, 0])) / height),
            ((left + _middle(seen[-1])) / width, box[3]),
            (box[2], (top + _middle(seen[:, -1])) / height),
        )
        return box, points

    def pixels(self) -> list[float]:
        """Return the number of the picture's pixels that each owner takes."""
        return [count / SUPERSAMPLING**2 for count in self._owners.histogram()]


def area(shapes: Sequence[Shape], bounds: Box, picture: tuple[int, int]) -> float:
    """Return the number of pixels that the shapes take in the picture when nothing covers them."""
    left, top = max(math.floor(bounds[0]), 0), max(math.floor(bounds[1]), 0)
    right, bottom = min(math.ceil(bounds[2]), picture[0]), min(math.ceil(bounds[3]), picture[1])
    image = Image.new("L", ((right - left) * SUPERSAMPLING, (bottom - top) * SUPERSAMPLING), 0)
    mask = ImageDraw.Draw(image)
    for shape in shapes:
        here = shape.moved((x - left, y - top) for x, y in shape.points)
        _paint(mask, here, 255 if _hides(shape) else None, 255 if shape.line else None)
    return image.histogram()[255] / SUPERSAMPLING**2


def _hides(shape: Shape) -> bool:
    return shape.fill is not None and shape.fill[3] > WINDOW_ALPHA


def _middle(line: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
    places = np.flatnonzero(line)
    return float(places[len(places) // 2]) + 0.5


def _paint(
    pen: ImageDraw.ImageDraw,
    shape: Shape,
    fill: int | tuple[int, ...] | None,
    line: int | tuple[int, ...] | None,
) -> None:
    points = [(x * SUPERSAMPLING, y * SUPERSAMPLING) for x, y in shape.points]
    if fill is not None:
        pen.polygon(points, fill=fill)
    if line is None:
        return
    width = max(round(shape.width * SUPERSAMPLING), 1)
    if shape.closed:
        pen.line([*points, points[0], points[1]], fill=line, width=width, joint="curve")
        return
    pen.line(points, fill=line, width=width, joint="curve")
    radius = width / 2
    for x, y in (points[0], points[-1]):
        pen.ellipse([x - radius, y - radius, x + radius, y + radius], fill=line)
