"""What every benchmark becomes: questions, each of a few pictures and a few sentences."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from PIL import Image

from naturel.annotations.joins import Integers
from naturel.annotations.truth import Flags

Scores = npt.NDArray[np.float64]

# What Pillow's readers raise for damaged files, and for those of too many pixels.
_DAMAGE = (
    *(OSError, SyntaxError, ValueError, LookupError, TypeError, EOFError, ArithmeticError, AttributeError),
    *(struct.error, zlib.error, Image.DecompressionBombError),
)


class Kind(StrEnum):
    """How many pictures and sentences a question has, and what is asked."""

    CHOICE = "choice"
    """One picture, several sentences: the true ones have to score higher than the false ones."""
    GROUP = "group"
    """Two pictures and two sentences; sentence i is true of picture i (Winoground, 2x2 groups)."""
    HARD_POSITIVE = "hard_positive"
    """One picture and three sentences: the caption, a hard positive (true as well), a hard negative."""
    JUDGEMENT = "judgement"
    """One picture and one sentence, true or false (VSR); questions are ranked against each other."""


@dataclass(frozen=True)
class Picture:
    """A picture that is opened when it is needed."""

    key: str
    """Tells it from the benchmark's other pictures; with a crop, another key than the whole picture's."""
    source: Path | bytes
    """A file, or the bytes of one."""
    crop: tuple[int, int, int, int] | None = None
    """The part that is shown: x_min, y_min, x_max, y_max in pixels, origin top left."""

    def open(self) -> Image.Image:
        """Decode the picture: RGB, cropped.

        Raises:
            OSError: It cannot be read.
        """
        raw = io.BytesIO(self.source) if isinstance(self.source, bytes) else self.source
        try:
            with Image.open(raw) as image:
                picture = image.convert("RGB")
            shown = picture if self.crop is None else picture.crop(self.crop)
        except _DAMAGE as error:
            raise OSError(f"{self.key} cannot be read: {error}") from error
        if not (shown.width and shown.height):
            raise OSError(f"{self.key} has no pixels in {self.crop}")
        return shown


@dataclass(frozen=True)
class Questions:
    """n questions of one benchmark, each of a pictures and c sentences."""

    benchmark: str
    """Its name, such as `sugarcrepe/add_att`."""
    kind: Kind
    pictures: tuple[Picture, ...]
    """Each different picture once."""
    captions: tuple[str, ...]
    """Each different sentence once."""
    images: Integers
    """Numbers of pictures, shape (n, a)."""
    texts: Integers
    """Numbers of sentences, shape (n, c); -1 where a question has fewer than c."""
    true: Flags
    """Which sentence is true of which picture, shape (n, a, c); false where there is no sentence."""
    facts: Mapping[str, pa.Array] = field(default_factory=dict)
    """What figures are broken down by (`measuring.FACETS`), and what belongs together, each of n rows: always `id`;
    as known, `relation`, `negative_kind`, `construction`, `proof`, `pair`, `set` (ids of what pair and set accuracy
    go by), `tag`, `asymmetric_relation` (null where the benchmark's authors do not average over it)."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Reason -> how many questions of the files are not asked."""
    notes: tuple[str, ...] = ()
    """What users should know, such as where missing files are published."""

    def __len__(self) -> int:
        return len(self.images)
