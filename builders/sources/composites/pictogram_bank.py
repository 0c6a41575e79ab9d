"""Cut-outs drawn by `pictograms`: no download, no third-party artwork, CC0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

import numpy as np
from PIL import Image

from naturel.builders.progress import Progress
from naturel.builders.sources.composites.cutouts import FAINT, Credit, CutOut, Role, Room, Scene, Wanted
from naturel.builders.sources.pictograms import PICTOGRAMS, Canvas, draw, random_style
from naturel.builders.sources.pictograms.pen import Color, Point, Shape
from naturel.builders.sources.sample import AUTHOR, LICENSE
from naturel.builders.sources.scenes import MATERIALS

PAD = 3
"""Pixels around a drawing for its contour."""
CREDIT = Credit(LICENSE, AUTHOR)

_SMALL = (
    *(
        "Apple",
        "Backpack",
        "Ball",
        "Bird",
        "Book",
        "Bowl",
        "Box",
        "Cat",
        "Dog",
        "Drum",
        "Football",
        "Hat",
        "Laptop",
    ),
    *("Mug", "Orange", "Suitcase", "Tennis ball"),
)
STANDING: Mapping[str, tuple[str, ...]] = {"Bench": _SMALL, "Table": (*_SMALL, "Bottle")}
"""What can be on and under which furniture, large enough under it to be told."""
STACKABLE = ("Book", "Box", "Drum", "Suitcase")
"""What stands firm on, and bears, one another."""
CONTAINED: Mapping[str, tuple[str, ...]] = {
    "Bowl": ("Apple", "Ball", "Football", "Mug", "Orange", "Tennis ball"),
    "Box": (
        *("Backpack", "Ball", "Balloon", "Bird", "Bottle", "Cat", "Dog", "Drum", "Football", "Guitar"),
        *("Tennis racket", "Umbrella"),
    ),
}
"""What can be seen inside what."""
CONTAINERS: Mapping[str, tuple[float, float, float]] = {"Bowl": (29, 46, 0), "Box": (28, 84, 6)}
"""Half the width of the room inside, the height of what looks out of it, and how far it stands above the drawing's
anchor, so that it can be told; in the drawing's own units."""
UNDER: Mapping[str, tuple[float, float]] = {"Bench": (47, 43), "Table": (33, 21)}
"""Half the way between the legs, and how far down what is under it can reach up."""
STRETCHED: Mapping[str, float] = {"Bench": 1.6, "Table": 1.15}
"""How much higher than usual furniture is under which something has to be seen."""


class PictogramBank:
    """The drawings of the embedded sample, one at a time."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    @property
    def labels(self) -> Sequence[str]:
        """What can be drawn."""
        return sorted(PICTOGRAMS)

    def fits(self, scene: Scene, thing: str, base: str) -> bool:
        """Whether the scene can be drawn with these two."""
        if scene is Scene.STANDING:
            return thing in STANDING.get(base, ())
        if scene is Scene.STACKED:
            return {thing, base} <= {*STACKABLE}
        if scene is Scene.INSIDE:
            return thing in CONTAINED.get(base, ())
        return True

    def may_meet(self, first: Wanted, second: Wanted) -> bool:
        """They are nobody's."""
        return True

    def prepare(self, wanted: Sequence[Wanted], progress: Progress) -> None:
        """Nothing has to be made ready."""

    def cut_out(self, wanted: Wanted, width: int, height: int) -> CutOut:
        """Draw one; its colours, material, form and direction are those of its number."""
        label, base = wanted.label, wanted.role is Role.BASE
        rng = Random(f"{self._seed}/{label}/{wanted.instance}")  # noqa: S311
        variant = _variant(wanted, rng)
        style = random_style(label, rng, rng.choice(MATERIALS.get(label, ("",))), variant, rng.random() < 0.5)
        across, up = PICTOGRAMS[label].natural(style.variant)
        if base and wanted.scene is Scene.STANDING:
            up *= STRETCHED[label]
        scale = min((width - 2 * PAD) / across, (height - 2 * PAD) / up)
        size = (across * scale, up * scale)
        drawing = draw(label, (PAD, PAD, PAD + size[0], PAD + size[1]), style)
        whole = _cut(drawing.back + drawing.front, width, height)
        contains = base and wanted.scene is Scene.INSIDE
        bounds = whole.getchannel("A").getbbox() or (0, 0, width, height)
        anchors = {name: (x - bounds[0], y - bounds[1]) for name, (x, y) in drawing.anchors.items()}
        return CutOut(
            image=whole.crop(bounds),
            credit=CREDIT,
            front=_cut(drawing.front, width, height).crop(bounds) if contains else None,
            rooms=_rooms(wanted, anchors, scale, bounds[2] - bounds[0]) if _bears(wanted) else {},
        )


def _variant(wanted: Wanted, rng: Random) -> str:
    if wanted.label == "Box":
        return "" if wanted.scene is Scene.INSIDE and wanted.role is Role.BASE else "closed"
    if wanted.label == "Book" and wanted.scene in (Scene.BESIDE, Scene.ABOVE):
        return rng.choice(("upright", "open"))  # the third form, lying, is flat and hard to tell when small
    return ""


def _bears(wanted: Wanted) -> bool:
    """Whether something is to be on, under or inside it."""
    alone = wanted.scene in (Scene.BESIDE, Scene.ABOVE)
    return not alone and (wanted.role is Role.BASE or wanted.scene is Scene.STACKED)


def _rooms(wanted: Wanted, anchors: Mapping[str, Point], scale: float, width: float) -> dict[str, Room]:
    """Where another thing can be, from the drawing's anchors in pixels."""
    if wanted.scene is Scene.INSIDE:
        x, floor = anchors["inside"]
        half, height, up = CONTAINERS[wanted.label]
        return {"inside": Room(x - half * scale, x + half * scale, floor - up * scale, height * scale)}
    ends = (anchors.get("left", (0.0, 0.0))[0], anchors.get("right", (width, 0.0))[0])
    rooms = {"on": Room(min(ends), max(ends), anchors["top"][1])}
    if wanted.scene is Scene.STANDING:
        half, top = UNDER[wanted.label]
        x, floor = anchors["under"]
        height = 0.94 * (floor - top * scale * STRETCHED[wanted.label])
        rooms["under"] = Room(x - half * scale, x + half * scale, floor, height)
    return rooms


def _cut(shapes: Sequence[Shape], width: int, height: int) -> Image.Image:
    """Shapes on a transparent ground: what differs between a black and a white ground is see-through."""
    grounds: tuple[Color, Color] = ((0, 0, 0), (255, 255, 255))
    painted = []
    for ground in grounds:
        canvas = Canvas(width, height, ground)
        canvas.paint(shapes)
        painted.append(np.asarray(canvas.image(), dtype=np.float64))
    on_black, on_white = painted
    alpha = np.clip(255 - (on_white - on_black).mean(axis=2), 0, 255)
    alpha[alpha < FAINT] = 0
    color = on_black * 255 / np.maximum(alpha, 1)[..., None]
    pixels = np.dstack([np.clip(color, 0, 255), alpha]).round().astype(np.uint8)
    pixels[pixels[..., 3] == 0] = 0
    return Image.fromarray(pixels)
