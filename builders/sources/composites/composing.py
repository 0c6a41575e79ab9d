"""Put two cut-outs on a background, in both arrangements."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from naturel.builders.sources.composites.backgrounds import draw_background
from naturel.builders.sources.composites.cutouts import Bank, Credit, CutOut, Room, Scene, Wanted
from naturel.builders.sources.composites.layouts import MARGIN, Layout, layout_of
from naturel.builders.sources.composites.plan import Group

COVERS = 128
"""A pixel at least this opaque, of 255, hides what is behind it."""

Box = tuple[float, float, float, float]
Spot = tuple[float, float]
"""The middle of a thing's foot, in pixels."""


@dataclass(frozen=True)
class Composite:
    """One finished picture."""

    image: Image.Image
    boxes: tuple[Box, Box]
    """Tight around what is seen of the thing and of the base; fractions."""
    hidden: tuple[bool, bool]
    """Whether something covers a part of it."""


@dataclass(frozen=True)
class Composed:
    """The two pictures of a group, and what they are made of."""

    pictures: tuple[Composite, Composite]
    cut_outs: tuple[CutOut, CutOut]

    @property
    def credits(self) -> tuple[Credit, Credit]:
        """Whose work the two are."""
        return self.cut_outs[0].credit, self.cut_outs[1].credit


def compose(group: Group, bank: Bank, seed: int) -> Composed:
    """Make the two pictures of a group: the same cut-outs, of the same size, on the same background."""
    layout = layout_of(seed, group.scene, group.layout)
    wanted_thing, wanted_base = group.wanted
    base = _cut(bank, wanted_base, layout.cell, layout.scales[1])
    thing = _cut(bank, wanted_thing, _size_of_thing(group.scene, layout, base), layout.scales[0])
    arranged = _ARRANGE[group.scene](layout, thing, base)
    ground = draw_background(layout.width, layout.height, group.scene, layout.background)
    inside = group.scene is Scene.INSIDE
    first, second = (
        _paste(ground, layout, (thing, base), spots, front=inside and number == 0)
        for number, spots in enumerate(arranged)
    )
    return Composed((first, second), (thing, base))


def _cut(bank: Bank, wanted: Wanted, cell: tuple[int, int], scale: float) -> CutOut:
    return bank.cut_out(wanted, max(round(cell[0] * scale), 8), max(round(cell[1] * scale), 8))


def _size_of_thing(scene: Scene, layout: Layout, base: CutOut) -> tuple[int, int]:
    """How large the thing can be at most, in pixels."""
    if scene is Scene.STANDING:
        on, under = base.rooms["on"], base.rooms["under"]
        return int(min(on.right - on.left, under.right - under.left)), int(under.height)
    if scene is Scene.INSIDE:
        room = base.rooms["inside"]
        beside = layout.width - 2 * MARGIN - base.image.width - layout.gap
        return int(min(room.right - room.left, beside)), int(room.height)
    return layout.cell


def _exchanged(layout: Layout, thing: CutOut, base: CutOut) -> tuple[tuple[Spot, Spot], ...]:
    return layout.cells, layout.cells[::-1]


def _stacked_clear(layout: Layout, thing: CutOut, base: CutOut) -> tuple[tuple[Spot, Spot], ...]:
    """One above the other: moved to the left or right by less than half of the narrower one."""
    narrower = min(thing.image.width, base.image.width)
    (x, upper), (_, lower) = layout.cells
    x = min(max(x, MARGIN + layout.cell[0] / 2), layout.width - MARGIN - layout.cell[0] / 2)
    away = 0.2 * layout.shift * narrower / 2
    places = ((x - away, upper), (x + away, lower))
    return places, places[::-1]


def _standing(layout: Layout, thing: CutOut, base: CutOut) -> tuple[tuple[Spot, Spot], ...]:
    foot = layout.cells[0]
    on, under = (_within(base, foot, base.rooms[name], thing, layout.shift) for name in ("on", "under"))
    return (on, foot), (under, foot)


def _stacked(layout: Layout, thing: CutOut, base: CutOut) -> tuple[tuple[Spot, Spot], ...]:
    foot = layout.cells[0]
    return (
        (_within(base, foot, base.rooms["on"], thing, layout.shift), foot),
        (foot, _within(thing, foot, thing.rooms["on"], base, layout.shift)),
    )


def _inside(layout: Layout, thing: CutOut, base: CutOut) -> tuple[tuple[Spot, Spot], ...]:
    """The container stays; the thing is inside it, or next to it on one side."""
    spare = layout.width - 2 * MARGIN - base.image.width - layout.gap - thing.image.width
    rim, side = MARGIN + max(spare, 0) * (abs(layout.shift) / 2), 1 if layout.shift > 0 else -1
    x = layout.width / 2 + side * (layout.width / 2 - rim - base.image.width / 2)
    beside = x - side * (base.image.width / 2 + layout.gap + thing.image.width / 2)
    ground = layout.cells[0][1]
    inside = _within(base, (x, ground), base.rooms["inside"], thing, layout.shift)
    return (inside, (x, ground)), ((beside, ground), (x, ground))


_ARRANGE = {
    Scene.BESIDE: _exchanged,
    Scene.ABOVE: _stacked_clear,
    Scene.STANDING: _standing,
    Scene.STACKED: _stacked,
    Scene.INSIDE: _inside,
}
"""From a layout, the thing and the base to where the two are, in the first and in the second picture."""


def _within(base: CutOut, foot: Spot, room: Room, thing: CutOut, shift: float) -> Spot:
    """A place in a room of a base that stands at `foot`."""
    left, top = foot[0] - base.image.width / 2, foot[1] - base.image.height
    spare = max(room.right - room.left - thing.image.width, 0)
    return left + (room.left + room.right) / 2 + shift * spare / 2, top + room.floor


def _paste(
    ground: Image.Image,
    layout: Layout,
    cut_outs: tuple[CutOut, CutOut],
    spots: tuple[Spot, Spot],
    *,
    front: bool,
) -> Composite:
    """Paste the base, then the thing, then what of the base is in front of it."""
    image = ground.copy()
    seen: list[Image.Image] = [Image.new("L", image.size), Image.new("L", image.size)]
    corners = [_corner(cut_out.image, spot) for cut_out, spot in zip(cut_outs, spots, strict=True)]
    layers = [(1, cut_outs[1].image), (0, cut_outs[0].image)]
    if front and cut_outs[1].front is not None:
        layers.append((1, cut_outs[1].front))
    for number, layer in layers:
        opacity, corner = layer.getchannel("A"), corners[number]
        image.paste(layer.convert("RGB"), corner, opacity)
        covers = opacity.point([255 if value >= COVERS else 0 for value in range(256)])
        seen[1 - number].paste(0, corner, covers)
        seen[number].paste(255, corner, opacity.point([255 if value else 0 for value in range(256)]))
    boxes = tuple(_box(mask) for mask in seen)
    hidden = tuple(
        _pixels(mask) < _pixels(cut_out.image.getchannel("A"))
        for mask, cut_out in zip(seen, cut_outs, strict=True)
    )
    return Composite(image, (boxes[0], boxes[1]), (hidden[0], hidden[1]))


def _pixels(mask: Image.Image) -> int:
    """How many are not 0."""
    return int(np.count_nonzero(np.asarray(mask)))


def _corner(image: Image.Image, spot: Spot) -> tuple[int, int]:
    return round(spot[0] - image.width / 2), round(spot[1] - image.height)


def _box(mask: Image.Image) -> Box:
    bounds = mask.getbbox()
    if bounds is None:
        raise ValueError("a thing is hidden")
    left, top, right, bottom = bounds
    return left / mask.width, top / mask.height, right / mask.width, bottom / mask.height
