"""Cut-outs from photos: along the outline where the source has one, else the box as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw

from naturel.builders.progress import Progress
from naturel.builders.sources.composites.cutouts import CutOut, Scene, Wanted, fit
from naturel.builders.sources.composites.photo_things import Thing
from naturel.builders.sources.licensing import license_code

Outline = Sequence[Sequence[float]]
"""Polygons, each x, y, x, y, ... in pixels of the photo."""
FINER = 4
"""How many times finer than the photo an outline is drawn, for a soft edge."""


class PhotoBank:
    """Things cut out of photos."""

    def __init__(self, things: Mapping[str, Sequence[Thing]], outlines: Mapping[str, Outline]) -> None:
        """Take what `find_things` chose, and outlines by object id."""
        self._things, self._outlines = things, outlines

    @property
    def labels(self) -> Sequence[str]:
        """What there is at least one thing of."""
        return sorted(self._things)

    def fits(self, scene: Scene, thing: str, base: str) -> bool:
        """Cut-outs can be apart from one another, and nothing else: nobody said what one could stand on."""
        return scene in (Scene.BESIDE, Scene.ABOVE)

    def may_meet(self, first: Wanted, second: Wanted) -> bool:
        """Whether the licences of the two can be kept in one picture.

        A share-alike licence asks that the whole be under it, so it goes with itself, and with licences that ask for
        no more than a name.
        """
        codes = {license_code(self._thing(wanted).credit.license) or "" for wanted in (first, second)}
        alike = {code for code in codes if code.endswith("sa")}
        return not alike or len(codes) == 1 or (len(alike) == 1 and codes - alike <= {"by", "cc0", "pd"})

    def prepare(self, wanted: Sequence[Wanted], progress: Progress) -> None:
        """Nothing has to be made ready."""

    def cut_out(self, wanted: Wanted, width: int, height: int) -> CutOut:
        """One of the things with the label."""
        thing = self._thing(wanted)
        with Image.open(thing.photo) as photo:
            left, top = (round(thing.box[i] * photo.size[i]) for i in (0, 1))
            right, bottom = (round(thing.box[i + 2] * photo.size[i]) for i in (0, 1))
            cut = photo.convert("RGB").crop((left, top, right, bottom)).convert("RGBA")
        if outline := self._outlines.get(thing.object_id):
            cut.putalpha(_mask(outline, (left, top), cut.size))
        return CutOut(image=fit(cut, width, height), credit=thing.credit, absent=thing.absent)

    def _thing(self, wanted: Wanted) -> Thing:
        things = self._things[wanted.label]
        return things[wanted.instance % len(things)]


def _mask(outline: Outline, corner: tuple[int, int], size: tuple[int, int]) -> Image.Image:
    """What is within an outline, of the part of the photo that begins at `corner`."""
    mask = Image.new("L", (size[0] * FINER, size[1] * FINER))
    pen = ImageDraw.Draw(mask)
    for polygon in outline:
        points = (np.reshape(polygon, (-1, 2)) - corner) * FINER - 0.5  # from edges to middles of pixels
        pen.polygon([(x, y) for x, y in points.tolist()], fill=255)
    return mask.resize(size, Image.Resampling.BOX)
