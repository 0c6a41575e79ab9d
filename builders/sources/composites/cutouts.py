"""Cut-outs: single things on a transparent ground, and the banks that they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import numpy as np
from PIL import Image

from naturel.builders.progress import Progress

FAINT = 32
"""Pixels less opaque than this, of 255, are taken for nothing: a box is tight around what can be seen."""


class Scene(StrEnum):
    """How the two things of a group are arranged in its two pictures; *base* is the second thing."""

    BESIDE = "beside"
    """One to the left of the other, or to the right of it."""
    ABOVE = "above"
    """One above the other, or below it, clear of each other."""
    STANDING = "standing"
    """The thing on the base, or under it: a table."""
    STACKED = "stacked"
    """The thing on the base, or the base on the thing: two boxes."""
    INSIDE = "inside"
    """The thing inside the base, or next to it: a bowl."""


class Role(StrEnum):
    """Which of the two things of a group a cut-out is."""

    THING = "thing"
    BASE = "base"


@dataclass(frozen=True)
class Credit:
    """Whose work a cut-out is."""

    license: str = ""
    """The address of its licence; empty: unknown."""
    author: str = ""
    landing_url: str = ""


@dataclass(frozen=True)
class Room:
    """Where another thing can stand on, under or inside a cut-out, in pixels of the cut-out."""

    left: float
    right: float
    floor: float
    """Where the other thing's foot is."""
    height: float = float("inf")
    """How high it can be."""


@dataclass(frozen=True)
class CutOut:
    """One thing on a transparent ground, cut tight: its first and last rows and columns can be seen."""

    image: Image.Image
    """Mode RGBA; every pixel is either empty or at least `FAINT`."""
    credit: Credit = Credit()
    front: Image.Image | None = None
    """The part of it, of the same size, that is in front of what is inside it."""
    rooms: Mapping[str, Room] = field(default_factory=dict)
    """Of a base: "on", "under" or "inside"."""
    absent: frozenset[str] | None = None
    """Labels that are certainly not seen in it; None: all but its own."""


@dataclass(frozen=True)
class Wanted:
    """What is asked of a bank."""

    label: str
    instance: int
    """Any number; the same one gives the same thing."""
    scene: Scene
    role: Role


class Bank(Protocol):
    """Where cut-outs come from."""

    @property
    def labels(self) -> Sequence[str]:
        """What it has, as the noun table calls it, sorted."""

    def fits(self, scene: Scene, thing: str, base: str) -> bool:
        """Whether the scene can be shown with these two."""

    def may_meet(self, first: Wanted, second: Wanted) -> bool:
        """Whether the two may be put on one picture, as far as their licences go."""

    def prepare(self, wanted: Sequence[Wanted], progress: Progress) -> None:
        """Make ready what will be asked for."""

    def cut_out(self, wanted: Wanted, width: int, height: int) -> CutOut:
        """The cut-out, as large as it can be in so many pixels; the same arguments give the same one."""


def clean(image: Image.Image) -> Image.Image:
    """A picture of mode RGBA without its faint pixels, cut tight.

    Raises:
        ValueError: Nothing is left.
    """
    pixels = np.asarray(image).copy()
    pixels[pixels[..., 3] < FAINT] = 0
    cleaned = Image.fromarray(pixels)
    bounds = cleaned.getchannel("A").getbbox()
    if bounds is None:
        raise ValueError("nothing of the cut-out can be seen")
    return cleaned.crop(bounds)


def fit(image: Image.Image, width: int, height: int) -> Image.Image:
    """A cut-out brought to the largest size that fits into so many pixels, and cleaned.

    Args:
        image: Mode RGBA.
        width: Pixels.
        height: Pixels.
    """
    tight = clean(image)
    scale = min(width / tight.width, height / tight.height)
    size = (max(round(tight.width * scale), 1), max(round(tight.height * scale), 1))
    return clean(tight.resize(size, Image.Resampling.LANCZOS))
