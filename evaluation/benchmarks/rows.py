"""Files of benchmarks, read with suspicion: a bad row has a reason, and no name leads out of its folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from naturel.annotations.errors import UserError
from naturel.evaluation.questions import Picture

NO_PHOTO = "photo is missing"
BAD = "bad row: "
MOST_PIXELS = 89_000_000
"""Of a crop: what Pillow opens without a warning."""
LONGEST = 255
"""Bytes of a file's name."""


class LeftOut(Exception):  # noqa: N818  # it is no error, and none of these is ever shown to users
    """A row that is not asked; the text is the reason that it is counted under."""


class BadRow(LeftOut):
    """A row that is not as its file's format says: the reason begins with `BAD`."""

    def __init__(self, what: str) -> None:
        """Says what is wrong with it."""
        super().__init__(f"{BAD}{what}")


class MissingFileError(UserError):
    """A benchmark's file that is not there."""


@dataclass(frozen=True)
class Place:
    """Where a benchmark's files lie."""

    folder: Path
    family: str = ""
    photos: Mapping[str, Path] = field(default_factory=dict)
    """Folders of photos that several benchmarks use, by the names of `families.SHARED`."""
    split: tuple[str, ...] = ()
    """The splits wanted, of benchmarks that have several; empty: the default."""

    def below(self, *names: str, photos: str = "") -> list[Path]:
        """Folders to look for photos in: those below the benchmark's, then those of the shared ones."""
        roots = [self.folder, *([self.photos[photos]] if photos in self.photos else [])]
        return [root / name for root in roots for name in names]


def find_file(place: Place, names: Sequence[str], published: str) -> Path:
    """The first of these files that is there.

    Args:
        place: Where the benchmark lies.
        names: Paths below its folder, in the order of preference; the first one is the official one.
        published: Where the file can be had.

    Raises:
        MissingFileError: None is there.
    """
    for name in names:
        if (place.folder / name).is_file():
            return place.folder / name
    raise MissingFileError(f"{place.folder / names[0]} is missing. It is published at {published}.")


def read_json(path: Path) -> Any:
    """What a JSON file holds.

    Raises:
        UserError: It cannot be read, or is no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path} is no JSON: {error}. Download it again.") from error


def read_rows(path: Path) -> list[tuple[str, Any]]:
    """The entries of a JSON file, a list or an object, with their places (`row 0`, counted from 0, or the key).

    Raises:
        UserError: It cannot be read, or holds neither a list nor an object.
    """
    found = read_json(path)
    if isinstance(found, dict):
        return [(f"entry {key}", value) for key, value in found.items()]
    if isinstance(found, list):
        return [(f"row {number}", value) for number, value in enumerate(found)]
    raise UserError(f"{path} holds neither a list nor an object of questions. Download it again.")


def read_lines(path: Path) -> list[tuple[str, Any]]:
    """The objects of a JSON Lines file with their places (`line 1`); a line that is no JSON becomes a `BadRow`.

    Raises:
        UserError: It cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {error}. Give a text file in UTF-8.") from error
    return [(f"line {number}", _line(line)) for number, line in enumerate(lines, 1) if line.strip()]


def _line(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return BadRow("the line is no JSON")


def object_of(row: Any) -> dict[str, Any]:
    """The row as a JSON object.

    Raises:
        BadRow: It is none.
    """
    if isinstance(row, BadRow):
        raise row
    if not isinstance(row, dict):
        raise BadRow("it is no object")
    return row


def text_of(value: Any, name: str) -> str:
    """A sentence.

    Raises:
        BadRow: It is missing, empty, or no text.
    """
    if not isinstance(value, str) or not value.strip() or not _encodes(value):
        raise BadRow(f"{name} is missing or no text")
    return value


def label_of(value: Any) -> str | None:
    """What figures are broken down by, as text; None where it is missing or empty."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value).strip()
    return text if text and _encodes(text) else None


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can hold
        return False
    return True


def crop_of(values: Sequence[Any]) -> tuple[int, int, int, int]:
    """A crop of four whole numbers of pixels, x_min, y_min, x_max, y_max.

    Raises:
        BadRow: It is none.
    """
    if len(values) != 4 or not all(is_whole(value) for value in values):
        raise BadRow("the crop is not four whole numbers")
    x_min, y_min, x_max, y_max = (int(value) for value in values)
    if not (x_min < x_max and y_min < y_max):
        raise BadRow("the crop is empty")
    if (x_max - x_min) * (y_max - y_min) > MOST_PIXELS:
        raise BadRow("the crop is larger than pictures are")
    return x_min, y_min, x_max, y_max


def is_whole(value: Any) -> bool:
    """Whether a value of JSON is a whole number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and float(value).is_integer()


class Photos:
    """Photos that rows name; whether one is there is looked up once, and none is opened."""

    def __init__(self, folders: Sequence[Path], published: str) -> None:
        """Takes the folders to look in, in the order of preference.

        Args:
            folders: They need not exist.
            published: Where the photos can be had.
        """
        self._folders, self._published = list(folders), published
        self._found: dict[str, Path | None] = {}

    def picture(self, name: Any, crop: tuple[int, int, int, int] | None = None) -> Picture:
        """The photo of a name, such as `000000000790.jpg` or `VG_100K/61.jpg`.

        Raises:
            BadRow: It is no name, or one that leads out of the folders.
            LeftOut: The photo is missing.
        """
        if not isinstance(name, str) or not is_safe(name):
            raise BadRow("the photo's name is missing, or leads out of its folder")
        if name not in self._found:
            paths = (folder / name for folder in self._folders)
            self._found[name] = next((path for path in paths if path.is_file()), None)
        path = self._found[name]
        if path is None:
            raise LeftOut(NO_PHOTO)
        key = name if crop is None else f"{name}#{','.join(map(str, crop))}"
        return Picture(key, path, crop)

    def notes(self) -> tuple[str, ...]:
        """What users should know of missing photos."""
        missing = [name for name, path in self._found.items() if path is None]
        if not missing:
            return ()
        looked = [folder for folder in self._folders if folder.is_dir()] or self._folders[:1]
        return (
            f"{len(missing):,} of {len(self._found):,} photos are missing, such as {min(missing)}: they were looked "
            f"for in {', '.join(map(str, looked))}, and are published at {self._published}.",
        )


def is_safe(name: str) -> bool:
    """Whether a name from a file is a path below any folder that it is joined to."""
    if not name or "\0" in name or "\\" in name or not _encodes(name):
        return False
    path = PurePosixPath(name)
    if path.is_absolute() or PureWindowsPath(name).drive or ".." in path.parts:
        return False
    return len(name) < 16 * LONGEST and all(len(part.encode()) <= LONGEST for part in path.parts)
