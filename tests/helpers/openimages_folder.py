"""Tiny folders of official Open Images files, from rows that can be read."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from naturel.annotations.nouns import load_nouns
from naturel.annotations.relations import load_vocabulary
from naturel.builders.sources.openimages import Sampling, read_openimages
from naturel.builders.sources.openimages_files import find_files
from naturel.builders.sources.tables import SourceTables

Box = tuple[float, float, float, float]

MIDS = {
    "Cat": "/m/01yrx",
    "Chair": "/m/01mzpv",
    "Guitar": "/m/0342h",
    "Man": "/m/04yx4",
    "Table": "/m/04bcr3",
    "Woman": "/m/03bt1vf",
    "Wooden": "/m/083vt",
    "(made of)Leather": "/m/04lbp",
}

LEFT: Box = (0.1, 0.2, 0.3, 0.6)
RIGHT: Box = (0.5, 0.4, 0.9, 0.8)

VRD = "oidv6-train-annotations-vrd.csv"
BOXES = "oidv6-train-annotations-bbox.csv"
LABELS = "train-annotations-human-imagelabels-boxable.csv"
IMAGES = "train-images-boxable-with-rotation.csv"
CLASSES = "oidv6-class-descriptions-boxable.csv"
ATTRIBUTES = "oidv6-attributes-description.csv"

VRD_HEADER = "ImageID,LabelName1,LabelName2,XMin1,XMax1,YMin1,YMax1,XMin2,XMax2,YMin2,YMax2,RelationshipLabel"
BOX_HEADER = (
    "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,"
    "IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside"
)
LABEL_HEADER = "ImageID,Source,LabelName,Confidence"
IMAGE_HEADER = (
    "ImageID,Subset,OriginalURL,OriginalLandingURL,License,AuthorProfileURL,Author,Title,OriginalSize,OriginalMD5,"
    "Thumbnail300KURL,Rotation"
)


@dataclass(frozen=True)
class Relation:
    """A row of the relation file: `Relation("p1", "Cat", "on", "Table")`; for `is` both boxes are the first."""

    image: str
    subject: str
    relation: str
    object: str
    box1: Box = LEFT
    box2: Box = RIGHT

    @property
    def line(self) -> str:
        second = self.box1 if self.relation == "is" else self.box2
        fields = [self.image, mid(self.subject), mid(self.object), *_sides(self.box1), *_sides(second)]
        return ",".join([*fields, self.relation])


@dataclass(frozen=True)
class Boxed:
    """A row of the box file; flags are occluded, truncated, group of, depiction."""

    image: str
    label: str
    box: Box
    flags: tuple[int, int, int, int] = (0, 0, 0, 0)

    @property
    def line(self) -> str:
        flags = ",".join(map(str, self.flags))
        return f"{self.image},xclick,{mid(self.label)},1,{','.join(_sides(self.box))},{flags},0"


@dataclass(frozen=True)
class Photo:
    """A row of the image metadata file."""

    image: str
    license: str = "https://creativecommons.org/licenses/by/2.0/"
    author: str = "Ann"
    title: str = "A title"
    rotation: str = "0.0"

    @property
    def line(self) -> str:
        text = io.StringIO(newline="")
        page = f"https://flickr.example/{self.image}"
        row = [
            self.image,
            "train",
            "",
            page,
            self.license,
            "",
            self.author,
            self.title,
            "1",
            "",
            "",
            self.rotation,
        ]
        csv.writer(text, lineterminator="").writerow(row)
        return text.getvalue()


def mid(label: str) -> str:
    """A label's Open Images id; what is none of the known labels stays as it is."""
    return MIDS.get(label, label)


def _sides(box: Box) -> list[str]:
    x_min, y_min, x_max, y_max = box
    return [f"{side:g}" for side in (x_min, x_max, y_min, y_max)]


@dataclass(frozen=True)
class Folder:
    """A folder to fill and to read."""

    path: Path

    def write(
        self, name: str, header: str, lines: Iterable[str], *, end: str = "\n", start: bytes = b""
    ) -> Path:
        """Write lines as a file; gzip where the name says so."""
        body = [header, *lines] if header else list(lines)
        return self.write_bytes(name, start + "".join(line + end for line in body).encode())

    def write_bytes(self, name: str, data: bytes) -> Path:
        """Write bytes as a file; gzip where the name says so."""
        self.path.mkdir(exist_ok=True)
        file = self.path / name
        file.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return file

    def relations(self, rows: Sequence[Relation | str], name: str = VRD) -> Path:
        """Write the relation file; a row can also be given as text."""
        return self.write(name, VRD_HEADER, [row if isinstance(row, str) else row.line for row in rows])

    def boxes(self, rows: Sequence[Boxed | str]) -> Path:
        """Write the box file."""
        return self.write(BOXES, BOX_HEADER, [row if isinstance(row, str) else row.line for row in rows])

    def labels(self, rows: Iterable[tuple[str, str, str]]) -> Path:
        """Write the human image-label file: picture, label, confidence."""
        lines = [f"{image},verification,{mid(label)},{confidence}" for image, label, confidence in rows]
        return self.write(LABELS, LABEL_HEADER, lines)

    def images(self, rows: Sequence[Photo]) -> Path:
        """Write the image metadata file."""
        return self.write(IMAGES, IMAGE_HEADER, [row.line for row in rows])

    def read(self, split: str = "train", **sampling: object) -> SourceTables:
        """Read the folder as a build does."""
        files = find_files(self.path, split)
        return read_openimages(files, split, Sampling(**sampling), load_vocabulary(), load_nouns())  # type: ignore[arg-type]
