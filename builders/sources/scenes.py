"""Scenes of pictograms: where things stand, what lies over what, and which relations hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from PIL import Image

from naturel.builders.sources.pictograms import (
    PEOPLE,
    PICTOGRAMS,
    Box,
    Canvas,
    Drawing,
    Point,
    Pose,
    Style,
    draw,
    posed,
    random_style,
)
from naturel.builders.sources.pictograms.canvas import area
from naturel.builders.sources.pictograms.pen import Color, Pen, Shape, shade

SIZES = ((400, 300), (400, 280), (384, 288), (400, 267), (360, 288), (372, 300))
WALLS: tuple[Color, ...] = (
    (236, 226, 208),
    (214, 226, 226),
    (226, 218, 230),
    (220, 230, 212),
    (240, 222, 212),
)
FLOORS: tuple[Color, ...] = (
    (198, 178, 158),
    (180, 184, 186),
    (190, 180, 196),
    (206, 192, 168),
    (176, 188, 178),
)
SKIES: tuple[Color, ...] = ((206, 228, 240), (222, 234, 240), (240, 230, 216))
MEADOWS: tuple[Color, ...] = ((166, 200, 138), (178, 204, 146), (156, 190, 140))

HEIGHTS: Mapping[str, float] = {
    "Man": 100, "Woman": 95, "Boy": 74, "Girl": 72, "Cat": 32, "Dog": 42, "Bird": 16, "Horse": 94, "Table": 46,
    "Chair": 52, "Bench": 46, "Box": 34, "Bowl": 16, "Suitcase": 34, "Ball": 18, "Football": 15, "Tennis ball": 8,
    "Tennis racket": 42, "Apple": 11, "Orange": 11, "Mug": 13, "Book": 9, "Bottle": 24, "Guitar": 64, "Drum": 28,
    "Hat": 16, "Sunglasses": 6, "Backpack": 34, "Umbrella": 62, "Balloon": 46, "Laptop": 20, "Bicycle": 54,
    "Car": 70, "Tree": 112,
}  # fmt: skip
"""How high things are, where a man is 100: a little larger than life for the small ones."""

VARIANT_HEIGHTS: Mapping[tuple[str, str], float] = {("Book", "upright"): 22, ("Book", "open"): 18}

MATERIALS: Mapping[str, tuple[str, ...]] = {
    "Table": ("wooden", "wooden", "plastic", ""),
    "Chair": ("wooden", "wooden", "plastic", ""),
    "Bench": ("wooden", "wooden", ""),
    "Guitar": ("wooden",),
    "Bottle": ("transparent", ""),
    "Suitcase": ("leather", ""),
    "Backpack": ("textile", ""),
}


@dataclass
class Item:
    """One thing of a scene."""

    label: str
    drawing: Drawing
    z: float
    z_front: float
    material: str = ""
    shadow: bool = True
    counts: list[Item] = field(default_factory=list)
    """What is boxed together with it, as the hat of a person."""

    @property
    def bounds(self) -> Box:
        """Its box in pixels when nothing covers it."""
        return self.drawing.bounds()

    def __getitem__(self, anchor: str) -> Point:
        return self.drawing.anchors[anchor]


@dataclass(frozen=True)
class Seen:
    """One thing as it is seen in the finished picture; places are fractions."""

    label: str
    box: Box
    extremes: tuple[Point, ...]
    occluded: bool
    truncated: bool
    material: str


@dataclass
class Scene:
    """A picture in the making."""

    rng: Random
    width: int
    height: int
    outdoors: bool
    unit: float
    """Pixels to a hundredth of a man."""
    items: list[Item] = field(default_factory=list)
    relations: list[tuple[int, str, int]] = field(default_factory=list)
    extra: list[tuple[float, tuple[Shape, ...]]] = field(default_factory=list)
    ground: float = 0.0

    def __post_init__(self) -> None:
        self.horizon = self.height * self.rng.uniform(0.6, 0.7)
        self.ground = self.height * self.rng.uniform(0.9, 0.94)

    def size(self, label: str, scale: float = 1.0, variant: str = "") -> tuple[float, float]:
        """Return width and height in pixels."""
        width, height = PICTOGRAMS[label].natural(variant)
        tall = VARIANT_HEIGHTS.get((label, variant), HEIGHTS[label]) * self.unit * scale
        return tall * width / height, tall

    def style(
        self, label: str, flip: bool | None = None, variant: str = "", material: str | None = None
    ) -> Style:
        """Choose a style; a material among those that the thing may have."""
        if material is None:
            material = self.rng.choice(MATERIALS.get(label, ("",)))
        flip = self.rng.random() < 0.5 if flip is None else flip
        return random_style(label, self.rng, material, variant, flip)

    def stand(
        self,
        label: str,
        x: float,
        y: float | None = None,
        *,
        z: float = 1.0,
        scale: float = 1.0,
        flip: bool | None = None,
        variant: str = "",
        material: str | None = None,
    ) -> Item:
        """Let a thing stand with the middle of its foot at (x, y); y is the ground if not given."""
        y = self.ground if y is None else y
        width, height = self.size(label, scale, variant)
        style = self.style(label, flip, variant, material)
        drawing = draw(label, (x - width / 2, y - height, x + width / 2, y), style)
        return self.add(Item(label, drawing, z, z + 0.5, style.material))

    def hang(
        self,
        label: str,
        anchor: str,
        at: Point,
        *,
        z: float,
        scale: float = 1.0,
        flip: bool = False,
        variant: str = "",
        turn: float = 0.0,
    ) -> Item:
        """Place a thing by one of its anchors, turned clockwise about it."""
        width, height = self.size(label, scale, variant)
        style = self.style(label, flip, variant)
        drawing = draw(label, (0, 0, width, height), style)
        where = drawing.anchors[anchor]
        drawing = drawing.rotated(turn, where).shifted(at[0] - where[0], at[1] - where[1])
        return self.add(Item(label, drawing, z, z + 0.01, style.material, shadow=False))

    def person(
        self,
        label: str,
        place: Point,
        pose: Pose,
        *,
        z: float = 1.0,
        z_front: float | None = None,
        flip: bool = False,
        scale: float = 1.0,
    ) -> Item:
        """Place a person who stands on, or sits at, a place."""
        style = self.style(label, flip)
        drawing = posed(label, place, HEIGHTS[label] * self.unit * scale, style, pose)
        front = z + 0.5 if z_front is None else z_front
        return self.add(Item(label, drawing, z, front, shadow=pose.kind == "stand"))

    def add(self, item: Item) -> Item:
        """Add a thing."""
        self.items.append(item)
        return item

    def relate(self, subject: Item, relation: str, thing: Item) -> None:
        """State a relation that is true."""
        self.relations.append((self._index(subject), relation, self._index(thing)))

    def stroke(self, points: Sequence[Point], width: float, color: Color, z: float) -> None:
        """Draw a line that belongs to no object; points and width in pixels."""
        pen = Pen((0, 0, 1, 1), (1, 1))
        pen.stroke(points, width, color, edge=True)
        self.extra.append((z, pen.done().back))

    def _index(self, item: Item) -> int:
        return next(i for i, other in enumerate(self.items) if other is item)

    def free(self, width: float, margin: float) -> list[tuple[float, float]]:
        """Return the stretches in which the middle of a thing of that width meets nothing."""
        taken = sorted((i.bounds[0] - margin, i.bounds[2] + margin) for i in self.items)
        stretches, x = [], 6.0
        for left, right in [*taken, (self.width - 6.0, self.width)]:
            if left - x >= width:
                stretches.append((x + width / 2, left - width / 2))
            x = max(x, right)
        return stretches

    def distract(self, labels: Iterable[str], scale: float = 1.0) -> Item | None:
        """Put one of the things clear of all others, if there is room for one."""
        choices = list(labels)
        self.rng.shuffle(choices)
        near_people = any(i.label in (*PEOPLE, "Table") for i in self.items)
        for label in choices:
            width, height = self.size(label, scale)
            if height > 0.95 * self.ground:
                continue
            clear = 0.09 if label in PEOPLE or label == "Table" else 0.05 if near_people else 0.04
            stretches = self.free(width, self.width * clear)
            if stretches:
                left, right = self.rng.choice(stretches)
                y = self.ground - self.rng.uniform(0, 0.04) * self.height
                if label in PEOPLE:
                    return self.person(label, (self.rng.uniform(left, right), y), Pose(), z=0.5, scale=scale)
                variant = "closed" if label == "Box" else ""
                return self.stand(
                    label, self.rng.uniform(left, right), y, z=0.5, scale=scale, variant=variant
                )
        return None

    def render(self) -> tuple[Image.Image, tuple[Seen, ...]]:
        """Paint the scene and see where its things are."""
        canvas = Canvas(self.width, self.height, (255, 255, 255))
        self._paint_ground(canvas)
        layers: list[tuple[float, int, int, tuple[Shape, ...]]] = []
        for number, item in enumerate(self.items, start=1):
            layers.append((item.z, number, number, item.drawing.back))
            layers.append((item.z_front, number, number, item.drawing.front))
        layers += [(z, len(self.items) + n, 0, shapes) for n, (z, shapes) in enumerate(self.extra)]
        shaded = set()
        for _, _, owner, shapes in sorted(layers, key=lambda layer: layer[:2]):
            if owner and self.items[owner - 1].shadow and owner not in shaded:
                shaded.add(owner)
                x0, _, x1, y1 = self.items[owner - 1].bounds
                canvas.shadow((x0 + x1) / 2, y1 - 1, (x1 - x0) * 0.52, 1 + self.unit * 1.6)
            canvas.paint(shapes, owner)
        pixels = canvas.pixels()
        return canvas.image(), tuple(self._seen(canvas, n + 1, pixels) for n in range(len(self.items)))

    def _seen(self, canvas: Canvas, number: int, pixels: Sequence[float]) -> Seen:
        item = self.items[number - 1]
        group = [item, *item.counts]
        owners = [self._index(member) + 1 for member in group]
        box, extremes = canvas.visible(*owners)
        shapes = [shape for member in group for shape in member.drawing.back + member.drawing.front]
        x0, y0, x1, y1 = Drawing(tuple(shapes), ()).bounds()
        alone = area(shapes, (x0, y0, x1, y1), (self.width, self.height))
        occluded = sum(pixels[owner] for owner in owners) < 0.93 * alone
        truncated = x0 < 0 or y0 < 0 or x1 > self.width or y1 > self.height
        return Seen(item.label, box, extremes, occluded, truncated, item.material)

    def _paint_ground(self, canvas: Canvas) -> None:
        rng = self.rng
        above, below = (
            rng.choice(SKIES if self.outdoors else WALLS),
            rng.choice(MEADOWS if self.outdoors else FLOORS),
        )
        pen = Pen((0, 0, self.width, self.height), (self.width, self.height))
        pen.rect(0, 0, self.width, self.height, above, contour=False)
        if self.outdoors:
            hills = [(self.width * i / 5, self.horizon - rng.uniform(4, 22)) for i in range(6)]
            corners = [(self.width + 9.0, self.horizon + 30), (-9.0, self.horizon + 30)]
            pen.poly([(-9.0, self.horizon), *hills, *corners], shade(below, 1.3), smooth=True, contour=False)
        pen.rect(0, self.horizon, self.width, self.height, below, contour=False)
        if not self.outdoors:
            pen.rect(0, self.horizon - 4, self.width, self.horizon, shade(above, 1.5), contour=False)
        canvas.paint(pen.done().back)


def open_scene(rng: Random, outdoors: bool, closeness: float) -> Scene:
    """Begin a scene; `closeness` is the height of a man as a share of the picture's height."""
    width, height = rng.choice(SIZES)
    return Scene(rng, width, height, outdoors, unit=height * closeness / 100 * rng.uniform(0.96, 1.04))
