"""Nameable pictograms, drawn by code alone.

`draw(label, box, style)` draws any of `PICTOGRAMS` into any box and returns shapes and anchors; `posed` draws a
person whose limbs reach for points; `Canvas` paints what they return.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from naturel.builders.sources.pictograms import animals, furniture, outdoors, people, things
from naturel.builders.sources.pictograms.canvas import Canvas
from naturel.builders.sources.pictograms.palette import random_style
from naturel.builders.sources.pictograms.pen import Box, Drawing, Pen, Point, Style
from naturel.builders.sources.pictograms.people import PEOPLE, Pose, posed

__all__ = [
    "PEOPLE",
    "PICTOGRAMS",
    "Box",
    "Canvas",
    "Drawing",
    "Pictogram",
    "Point",
    "Pose",
    "Style",
    "draw",
    "posed",
    "random_style",
]


@dataclass(frozen=True)
class Pictogram:
    """A thing that can be drawn, with its natural size in its own units."""

    size: tuple[float, float]
    ink: Callable[[Pen, Style], None]
    variants: Mapping[str, tuple[float, float]]
    """Sizes of the variants that differ in shape."""

    def natural(self, variant: str = "") -> tuple[float, float]:
        """Return the size of a variant."""
        return self.variants.get(variant, self.size)


def _entry(
    width: float,
    height: float,
    ink: Callable[[Pen, Style], None],
    variants: Mapping[str, tuple[float, float]] | None = None,
) -> Pictogram:
    return Pictogram((width, height), ink, variants or {})


def _person(label: str) -> Pictogram:
    def ink(pen: Pen, style: Style) -> None:
        people.person(pen, label, style, Pose())

    return Pictogram(people.SIZE, ink, {})


PICTOGRAMS: Mapping[str, Pictogram] = {
    **{label: _person(label) for label in PEOPLE},
    "Cat": _entry(74, 92, animals.cat),
    "Dog": _entry(110, 84, animals.dog),
    "Bird": _entry(64, 52, animals.bird),
    "Horse": _entry(140, 124, animals.horse),
    "Table": _entry(120, 66, furniture.table),
    "Chair": _entry(68, 98, furniture.chair),
    "Bench": _entry(130, 64, furniture.bench),
    "Box": _entry(100, 72, furniture.box),
    "Bowl": _entry(90, 44, furniture.bowl),
    "Suitcase": _entry(96, 66, furniture.suitcase),
    "Ball": _entry(40, 40, things.ball),
    "Football": _entry(40, 40, things.football),
    "Tennis ball": _entry(40, 40, things.tennis_ball),
    "Tennis racket": _entry(44, 110, things.racket),
    "Apple": _entry(40, 44, things.apple),
    "Orange": _entry(40, 42, things.orange),
    "Mug": _entry(52, 46, things.mug),
    "Book": _entry(100, 30, things.book, {"upright": (56, 70), "open": (90, 52)}),
    "Bottle": _entry(30, 96, things.bottle),
    "Guitar": _entry(64, 170, things.guitar),
    "Drum": _entry(84, 62, things.drum),
    "Hat": _entry(74, 36, things.hat),
    "Sunglasses": _entry(60, 22, things.sunglasses),
    "Backpack": _entry(66, 84, things.backpack),
    "Umbrella": _entry(120, 130, things.umbrella),
    "Balloon": _entry(42, 110, things.balloon),
    "Laptop": _entry(90, 62, things.laptop),
    "Bicycle": _entry(140, 92, outdoors.bicycle),
    "Car": _entry(190, 86, outdoors.car),
    "Tree": _entry(100, 150, outdoors.tree),
}


def draw(label: str, box: Box, style: Style | None = None) -> Drawing:
    """Draw a pictogram into a box.

    Args:
        label: a key of `PICTOGRAMS`.
        box: left, top, right, bottom in pixels; any shape, the pictogram is stretched to it.
        style: colours, material, variant, mirroring.
    """
    style = style or Style()
    pictogram = PICTOGRAMS[label]
    pen = Pen(box, pictogram.natural(style.variant), style.flip)
    pictogram.ink(pen, style)
    return pen.done()
