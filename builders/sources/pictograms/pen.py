"""Pictograms as data: shapes in picture coordinates, drawn with a pen in a box of its own units.

A pictogram function gets a `Pen` and a `Style` and leaves shapes and named anchor points behind. Nothing is
painted yet: a scene decides what lies over what, and may turn or move a drawing first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

Point = tuple[float, float]
Box = tuple[float, float, float, float]
Color = tuple[int, int, int]
Paint = tuple[int, int, int, int]

INK: Color = (58, 52, 60)


def shade(color: Color, factor: float) -> Color:
    """Darken (factor < 1) or lighten towards white (factor > 1)."""
    if factor <= 1:
        return (round(color[0] * factor), round(color[1] * factor), round(color[2] * factor))
    t = factor - 1
    return (
        round(color[0] + (255 - color[0]) * t),
        round(color[1] + (255 - color[1]) * t),
        round(color[2] + (255 - color[2]) * t),
    )


@dataclass(frozen=True)
class Style:
    """The colours and the variant of one drawn thing."""

    main: Color = (88, 129, 168)
    second: Color = (74, 78, 105)
    skin: Color = (241, 194, 158)
    hair: Color = (84, 56, 40)
    material: str = ""
    """"wooden", "plastic", "transparent", "leather", "textile" or "": how the surface is drawn."""
    variant: str = ""
    """A form of the pictogram, for example "open" for a book."""
    flip: bool = False


@dataclass(frozen=True)
class Shape:
    """One polygon or one line in picture coordinates."""

    points: tuple[Point, ...]
    fill: Paint | None
    line: Paint | None
    width: float
    closed: bool

    def moved(self, points: Iterable[Point]) -> Shape:
        """Return the same shape with other points."""
        return replace(self, points=tuple(points))


@dataclass(frozen=True)
class Drawing:
    """What a pictogram left: shapes behind, shapes in front (what is inside lies between), anchors."""

    back: tuple[Shape, ...]
    front: tuple[Shape, ...]
    anchors: Mapping[str, Point] = field(default_factory=dict)

    def rotated(self, degrees: float, center: Point) -> Drawing:
        """Turn clockwise about a point."""
        cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))

        def turn(p: Point) -> Point:
            x, y = p[0] - center[0], p[1] - center[1]
            return (center[0] + x * cos - y * sin, center[1] + x * sin + y * cos)

        return self._mapped(turn)

    def shifted(self, dx: float, dy: float) -> Drawing:
        """Move by a vector."""
        return self._mapped(lambda p: (p[0] + dx, p[1] + dy))

    def _mapped(self, move: Callable[[Point], Point]) -> Drawing:
        return Drawing(
            tuple(s.moved(map(move, s.points)) for s in self.back),
            tuple(s.moved(map(move, s.points)) for s in self.front),
            {name: move(p) for name, p in self.anchors.items()},
        )

    def bounds(self) -> Box:
        """The box of all shapes, lines with half their width."""
        shapes = self.back + self.front
        edge = [s.width / 2 if s.line else 0.0 for s in shapes]
        return (
            min(p[0] - e for s, e in zip(shapes, edge, strict=True) for p in s.points),
            min(p[1] - e for s, e in zip(shapes, edge, strict=True) for p in s.points),
            max(p[0] + e for s, e in zip(shapes, edge, strict=True) for p in s.points),
            max(p[1] + e for s, e in zip(shapes, edge, strict=True) for p in s.points),
        )


def spline(points: Sequence[Point], closed: bool, steps: int = 8) -> list[Point]:
    """Return a smooth curve through the points (Catmull-Rom)."""
    n = len(points)
    out: list[Point] = []
    for i in range(n if closed else n - 1):
        if closed:
            a, b, c, d = points[i - 1], points[i], points[(i + 1) % n], points[(i + 2) % n]
        else:
            a, b, c, d = points[max(i - 1, 0)], points[i], points[i + 1], points[min(i + 2, n - 1)]
        for step in range(steps):
            t = step / steps
            out.append((_catmull(a[0], b[0], c[0], d[0], t), _catmull(a[1], b[1], c[1], d[1], t)))
    if not closed:
        out.append(points[-1])
    return out


def _catmull(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t**3)


class Pen:
    """Draws in units of a pictogram's natural size, which it maps onto a box of the picture."""

    def __init__(self, box: Box, size: tuple[float, float], flip: bool = False) -> None:
        self._box, self._size, self._flip = box, size, flip
        self._sx = (box[2] - box[0]) / size[0]
        self._sy = (box[3] - box[1]) / size[1]
        self._scale = (self._sx + self._sy) / 2
        self._back: list[Shape] = []
        self._front: list[Shape] = []
        self._anchors: dict[str, Point] = {}
        self.in_front = False
        self.contour = 1.5

    def at(self, x: float, y: float) -> Point:
        """Return the place in the picture of a point in units."""
        px = self._box[2] - x * self._sx if self._flip else self._box[0] + x * self._sx
        return (px, self._box[1] + y * self._sy)

    def local(self, place: Point) -> Point:
        """Return the units of a place in the picture: `at`, reversed."""
        x = self._box[2] - place[0] if self._flip else place[0] - self._box[0]
        return (x / self._sx, (place[1] - self._box[1]) / self._sy)

    def done(self) -> Drawing:
        """Return what was drawn."""
        return Drawing(tuple(self._back), tuple(self._front), dict(self._anchors))

    def anchor(self, name: str, x: float, y: float) -> None:
        """Name a point."""
        self._anchors[name] = self.at(x, y)

    def poly(
        self,
        points: Sequence[Point],
        fill: Color,
        *,
        alpha: int = 255,
        smooth: bool = False,
        outline: Color | None = None,
        contour: bool = True,
    ) -> None:
        """Draw a filled polygon, or a closed curve through the points."""
        if smooth:
            points = spline(points, closed=True)
        line = (*(outline or shade(fill, 0.68)), 255) if contour else None
        places = tuple(self.at(*p) for p in points)
        self._add(Shape(places, (*fill, alpha), line, self.contour, closed=True))

    def rect(
        self,
        x0: float,
        y0: float,
        x1: float,
        y1: float,
        fill: Color,
        *,
        radius: float = 0,
        alpha: int = 255,
        contour: bool = True,
    ) -> None:
        """Draw a rectangle with round corners."""
        if radius <= 0:
            points: list[Point] = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
        else:
            points = []
            corners = (
                (x1 - radius, y0 + radius, -90),
                (x1 - radius, y1 - radius, 0),
                (x0 + radius, y1 - radius, 90),
                (x0 + radius, y0 + radius, 180),
            )
            for cx, cy, start in corners:
                points += arc_points(cx, cy, radius, radius, start, start + 90, 6)
        self.poly(points, fill, alpha=alpha, contour=contour)

    def ellipse(
        self,
        cx: float,
        cy: float,
        rx: float,
        ry: float,
        fill: Color,
        *,
        alpha: int = 255,
        contour: bool = True,
        outline: Color | None = None,
    ) -> None:
        """Draw a filled ellipse."""
        points = arc_points(cx, cy, rx, ry, 0, 360, 36)[:-1]
        self.poly(points, fill, alpha=alpha, contour=contour, outline=outline)

    def stroke(
        self, points: Sequence[Point], width: float, color: Color, *, smooth: bool = False, edge: bool = False
    ) -> None:
        """Draw a line with round ends; `edge` gives it a darker contour, `width` is in units."""
        places = tuple(self.at(*p) for p in (spline(points, closed=False) if smooth else points))
        thick = max(width * self._scale, 0.9)
        if edge:
            rim = (*shade(color, 0.68), 255)
            self._add(Shape(places, None, rim, thick + self.contour, closed=False))
            thick = max(thick - self.contour, 0.6)
        self._add(Shape(places, None, (*color, 255), thick, closed=False))

    def arc(
        self, cx: float, cy: float, rx: float, ry: float, start: float, end: float, width: float, color: Color
    ) -> None:
        """Draw a part of an ellipse's edge; degrees run clockwise from the right."""
        steps = max(10, round(abs(end - start) / 7))
        self.stroke(arc_points(cx, cy, rx, ry, start, end, steps), width, color)

    def grain(self, x0: float, y0: float, x1: float, y1: float, wood: Color, lines: int = 3) -> None:
        """Draw wood grain: wavy lines along a board that lies or stands."""
        dark = shade(wood, 0.8)
        for i in range(1, lines + 1):
            f = i / (lines + 1)
            if x1 - x0 >= y1 - y0:
                y, d, w = y0 + (y1 - y0) * f, (y1 - y0) * 0.06, x1 - x0
                wave = [(x0 + w * t / 6, y + (d if (t + i) % 2 else -d)) for t in range(7)]
            else:
                x, d, h = x0 + (x1 - x0) * f, (x1 - x0) * 0.06, y1 - y0
                wave = [(x + (d if (t + i) % 2 else -d), y0 + h * t / 6) for t in range(7)]
            self.stroke(wave, 0.5, dark, smooth=True)

    def _add(self, shape: Shape) -> None:
        (self._front if self.in_front else self._back).append(shape)


def arc_points(
    cx: float, cy: float, rx: float, ry: float, start: float, end: float, steps: int
) -> list[Point]:
    """Return points on an ellipse's edge, from one angle to another."""
    angles = [math.radians(start + (end - start) * i / steps) for i in range(steps + 1)]
    return [(cx + rx * math.cos(a), cy + ry * math.sin(a)) for a in angles]
