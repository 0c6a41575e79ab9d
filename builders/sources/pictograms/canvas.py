"""A supersampled picture that knows, for every pixel, which object is seen there."""

from __future__ import annotations

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
            solid = shape.fill is not None and shape.fill[3] > WINDOW_ALPHA
            _paint(self._mask, shape, owner if solid else None, owner if shape.line else None)

    def shadow(self, cx: float, cy: float, rx: float, ry: float) -> None:
        """Paint a soft shadow on the ground."""
        for grow in (1.0, 0.85, 0.7, 0.55):
            box = (cx - rx * grow, cy - ry * grow, cx + rx * grow, cy + ry * grow)
            self._pen.ellipse([v * SUPERSAMPLING for v in box], fill=(40, 35, 50, 26))

    def image(self) -> Image.Image:
        """Return the picture at its own size."""
        return self._image.resize((self.width, self.height), Image.Resampling.LANCZOS)

    def visible(self, owner: int) -> tuple[Box, tuple[Point, ...], float]:
        """Where an object is seen.

        Returns:
            Its tight box, its extreme points (top, left, bottom, right), both as fractions, and the number
            of the picture's pixels that it takes.

        Raises:
            ValueError: nothing of the object is seen.
        """
        seen = np.asarray(self._owners) == owner
        rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
        if not rows.size:
            raise ValueError(f"object {owner} is hidden")
        height, width = seen.shape
        top, bottom, left, right = int(rows[0]), int(rows[-1]), int(columns[0]), int(columns[-1])
        box = (left / width, top / height, (right + 1) / width, (bottom + 1) / height)
        points = (
            (_middle(seen[top]) / width, box[1]),
            (box[0], _middle(seen[:, left]) / height),
            (_middle(seen[bottom]) / width, box[3]),
            (box[2], _middle(seen[:, right]) / height),
        )
        return box, points, float(seen.sum()) / SUPERSAMPLING**2


def area(shapes: Sequence[Shape], width: int, height: int) -> int:
    """Return the number of pixels that the shapes take when nothing covers them."""
    image = Image.new("L", (width * SUPERSAMPLING, height * SUPERSAMPLING), 0)
    mask = ImageDraw.Draw(image)
    for shape in shapes:
        _paint(mask, shape, 255 if shape.fill else None, 255 if shape.line else None)
    return int(image.histogram()[255]) // SUPERSAMPLING**2


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
