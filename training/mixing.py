"""A plain caption set that is mixed into training: pictures with captions, of any of the usual layouts.

A COCO captions file (`images` and `annotations`), JSONL, CSV or TSV (open_clip's `filepath` and `title` among
others), Parquet with paths or embedded pictures, webdataset archives (`000.jpg`, `000.txt`), or a folder of several.
"""

from __future__ import annotations

import csv
import io
import json
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from naturel.annotations.errors import UserError

PICTURE_NAMES = ("image", "filepath", "file_name", "path", "image_path", "filename", "jpg")
CAPTION_NAMES = ("caption", "captions", "title", "text", "sentence", "txt")
"""Column names, the first that is there is taken."""
SUFFIXES = (".json", ".jsonl", ".csv", ".tsv", ".parquet", ".tar")
PICTURES = (".jpg", ".jpeg", ".png", ".webp")


class Place(NamedTuple):
    """Where a picture is: a file, a piece of one, or a row of a Parquet file."""

    file: Path
    start: int = -1
    """The first byte of a piece, or the row group."""
    size: int = -1
    """Bytes of a piece; -1: a whole file."""
    row: int = -1
    """The row within the row group; -1: not in Parquet."""


class CaptionSet:
    """Pictures by number, each with captions."""

    def __init__(self) -> None:
        self.places: list[Place] = []
        self.captions: list[list[int]] = []
        """Numbers of sentences of each picture."""
        self.texts: list[str] = []
        """Each different sentence once."""
        self.left_out: Counter[str] = Counter()
        """Reason -> rows."""
        self._numbers: dict[str, int] = {}
        self._pictures: dict[Place, int] = {}

    def __len__(self) -> int:
        return len(self.places)

    def add(self, place: Place, captions: list[Any]) -> None:
        """Add captions of a picture; the same picture may come again."""
        texts = [text.strip() for text in captions if isinstance(text, str) and text.strip()]
        if not texts:
            self.left_out["without a caption"] += 1
            return
        if place.row < 0 and place.size < 0 and place not in self._pictures and not place.file.is_file():
            self.left_out["picture missing"] += 1
            return
        number = self._pictures.setdefault(place, len(self.places))
        if number == len(self.places):
            self.places.append(place)
            self.captions.append([])
        self.captions[number] += [self._numbers.setdefault(text, len(self._numbers)) for text in texts]

    def finish(self) -> None:
        """Number the sentences."""
        self.texts = [*self._numbers]
        self._pictures.clear()

    def open(self, number: int) -> Image.Image | None:
        """A picture, decoded: RGB; None where it cannot be read."""
        place = self.places[number]
        try:
            with Image.open(io.BytesIO(_read(place))) as picture:
                return picture.convert("RGB")
        except (OSError, ValueError, Image.DecompressionBombError):
            return None


def open_captions(path: Path, images: Path | None = None) -> CaptionSet:
    """Read a caption set; pictures stay where they are.

    Args:
        path: A file, or a folder of files.
        images: The folder of its pictures; None: that of the file.

    Raises:
        UserError: There is no such file, its layout is unknown, or it has no picture with a caption.
    """
    files = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES) if path.is_dir() else [path]
    if not path.exists() or not files:
        raise UserError(
            f"--mix {path}: there is no such file, or no {', '.join(SUFFIXES)} in the folder. Give a COCO captions "
            "file, JSONL, CSV, Parquet or webdataset archives."
        )
    found = CaptionSet()
    for file in files:
        reader = _READERS.get(file.suffix)
        if reader is None:
            raise UserError(f"--mix {file}: a caption set ends in {', '.join(SUFFIXES)}.")
        try:
            for place, captions in reader(file, images or file.parent):
                found.add(place, captions)
        except (OSError, ValueError, KeyError, TypeError, tarfile.TarError) as error:
            raise UserError(f"--mix {file} cannot be read: {type(error).__name__}: {error}") from error
    found.finish()
    if not found.places:
        reasons = (
            "; ".join(f"{count:,} {reason}" for reason, count in found.left_out.items()) or "it is empty"
        )
        raise UserError(
            f"--mix {path} has no picture with a caption: {reasons}. Say where the pictures are with --mix-images."
        )
    return found


Rows = Iterator[tuple[Place, list[Any]]]


def _coco(file: Path, images: Path) -> Rows:
    content = json.loads(file.read_bytes())
    names = {image["id"]: image["file_name"] for image in content["images"]}
    for annotation in content["annotations"]:
        yield Place(images / names[annotation["image_id"]]), [annotation["caption"]]


def _jsonl(file: Path, images: Path) -> Rows:
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield _row(json.loads(line), images)


def _csv(file: Path, images: Path) -> Rows:
    with file.open(encoding="utf-8", newline="") as lines:
        head = lines.readline()
        lines.seek(0)
        for row in csv.DictReader(lines, delimiter="\t" if "\t" in head else ","):
            yield _row(row, images)


def _parquet(file: Path, images: Path) -> Rows:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as content:
        picture = _first(content.schema_arrow.names, PICTURE_NAMES, "picture")
        caption = _first(content.schema_arrow.names, CAPTION_NAMES, "caption")
        embedded = pa.types.is_struct(content.schema_arrow.field(picture).type)
        for group in range(content.num_row_groups):
            rows = content.read_row_group(
                group, columns=[caption] if embedded else [picture, caption]
            ).to_pylist()
            for number, row in enumerate(rows):
                place = Place(file, group, row=number) if embedded else Place(images / str(row[picture]))
                yield place, _listed(row[caption])


def _tar(file: Path, images: Path) -> Rows:
    pictures: dict[str, Place] = {}
    texts: dict[str, list[Any]] = {}
    with tarfile.open(file) as archive:
        for member in archive:
            folder, slash, name = member.name.rpartition("/")
            stem, dot, suffix = name.partition(".")
            stem = f"{folder}{slash}{stem}"
            if f"{dot}{suffix.lower()}" in PICTURES:
                pictures[stem] = Place(file, member.offset_data, member.size)
            elif suffix == "txt":
                content = archive.extractfile(member)
                texts[stem] = [content.read().decode("utf-8")] if content else []
    for stem, place in pictures.items():
        yield place, texts.get(stem, [])


_READERS: dict[str, Callable[[Path, Path], Rows]] = {
    ".json": _coco,
    ".jsonl": _jsonl,
    ".csv": _csv,
    ".tsv": _csv,
    ".parquet": _parquet,
    ".tar": _tar,
}


def _row(row: dict[str, Any], images: Path) -> tuple[Place, list[Any]]:
    picture = _first(list(row), PICTURE_NAMES, "picture")
    caption = _first(list(row), CAPTION_NAMES, "caption")
    return Place(images / str(row[picture])), _listed(row[caption])


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _first(present: list[str], wanted: tuple[str, ...], what: str) -> str:
    for name in wanted:
        if name in present:
            return name
    raise ValueError(f"no column of a {what}: found {', '.join(present)}, looked for {', '.join(wanted)}")


def _read(place: Place) -> bytes:
    if place.row >= 0:
        return _read_row(place)
    with place.file.open("rb") as file:
        if place.size < 0:
            return file.read()
        file.seek(place.start)
        return file.read(place.size)


def _read_row(place: Place) -> bytes:
    import pyarrow.parquet as pq

    with pq.ParquetFile(place.file) as content:
        picture = _first(content.schema_arrow.names, PICTURE_NAMES, "picture")
        group = content.read_row_group(place.start, columns=[f"{picture}.bytes"])
    found: bytes | None = group[picture][place.row].as_py()["bytes"]
    return found or b""
