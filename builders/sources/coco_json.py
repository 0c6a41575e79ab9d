"""Read an instances file in COCO's format.

Format: https://cocodataset.org/#format-data . A box is `[x, y, width, height]` in pixels, origin top left. LVIS adds
`neg_category_ids` (verified as absent) and `not_exhaustive_category_ids` (present, not all boxed) to each picture.

The file is mapped into memory, and its entries are decoded one by one, without the outlines that make up most of it.
"""

from __future__ import annotations

import mmap
import re
from array import array
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from naturel.annotations.errors import UserError
from naturel.annotations.joins import Integers

Key = int | str
Size = Annotated[float, msgspec.Meta(gt=0)]


class Photo(msgspec.Struct, frozen=True):
    """One entry of `images`."""

    id: Key
    width: Size
    height: Size
    file_name: str | None = None
    coco_url: str | None = None
    flickr_url: str | None = None
    license: Key | None = None
    neg_category_ids: tuple[Key, ...] | None = None
    """Categories verified as absent; None: the file does not say (only LVIS does)."""
    not_exhaustive_category_ids: tuple[Key, ...] | None = None
    """Categories of which not all things are boxed."""

    @property
    def file(self) -> str | None:
        """Its file; where only an address is given, as by LVIS, the end of that: `train2017/000000000139.jpg`."""
        return self.file_name or ("/".join(self.coco_url.split("/")[-2:]) if self.coco_url else None)


class Category(msgspec.Struct, frozen=True):
    """One entry of `categories`."""

    id: Key
    name: Annotated[str, msgspec.Meta(pattern=r"\S")]


class License(msgspec.Struct, frozen=True):
    """One entry of `licenses`."""

    id: Key
    name: str | None = None
    url: str | None = None

    @property
    def text(self) -> str | None:
        """Its name and address."""
        return f"{self.name} ({self.url})" if self.name and self.url else self.name or self.url


class _Annotation(msgspec.Struct, frozen=True, gc=False):
    id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    image_id: Key
    category_id: Key
    bbox: tuple[float, float, float, float]
    iscrowd: int | bool | None = 0


class _Owner(msgspec.Struct, frozen=True, gc=False):
    """The picture of an annotation that is damaged elsewhere."""

    image_id: Key | None = None


class _File(msgspec.Struct, frozen=True):
    """The lists of a file, their entries not decoded yet."""

    images: list[msgspec.Raw]
    annotations: list[msgspec.Raw]
    categories: list[msgspec.Raw]
    licenses: list[msgspec.Raw] = []


Entry = TypeVar("Entry", Photo, Category, License)

MALFORMED = "annotation: malformed"
NO_NUMBER = "annotation: its box is not four numbers"
BAD_BOX = "annotation: its box is empty, inverted or outside the picture"
NO_PICTURE = "annotation: its picture is not in the file"
NO_CATEGORY = "annotation: unknown category"
REPEATED = "annotation: repeated"

NO_NUMBERS = re.compile(rb"(?<=[\s,:\[])-?(?:NaN|Infinity)(?=\s*[,\]}])")
"""Numbers that JSON does not have and some tools write; they are read as null."""


@dataclass(frozen=True)
class CocoRows:
    """What an instances file holds; annotations are good ones, in the file's order."""

    photos: list[Photo]
    categories: list[Category]
    licenses: dict[str, License]
    """By id."""
    photo: Integers
    """Place of each annotation's picture in `photos`."""
    category: Integers
    """Place of its category in `categories`."""
    id: Integers
    box: npt.NDArray[np.float32]
    """Fractions `[x_min, y_min, x_max, y_max]`, clipped to the picture, shape (n, 4)."""
    crowd: npt.NDArray[np.bool_]
    """Whether it stands for a group."""
    damaged: frozenset[int]
    """Places of pictures with an annotation that could not be used."""
    dropped: Counter[str]
    examples: dict[str, str]
    """Reason -> the first entry left out for it."""


def read_coco(path: Path) -> CocoRows:
    """Read an instances file.

    Args:
        path: The JSON file.

    Returns:
        Its pictures, categories, licences and good annotations.

    Raises:
        UserError: It is no JSON, or no instances file, or has no usable annotation.
    """
    try:
        with path.open("rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:  # an empty file cannot be mapped
        raise UserError(f"{path} is empty. Download it again.") from error
    return _Reader(path).read(_lists(path, data))


def _lists(path: Path, data: mmap.mmap) -> _File:
    decode = msgspec.json.Decoder(_File).decode
    try:
        try:
            return decode(data)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            return decode(NO_NUMBERS.sub(b"null", data))
    except msgspec.ValidationError as error:
        raise UserError(
            f"{path} is no instances file in COCO's format: {error}. Give instances_*.json, not captions_*.json or "
            "image_info_*.json."
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is no JSON, or damaged: {error}. Download it again.") from error


@dataclass
class _Reader:
    """Reads the lists one after another; what has been left out so far."""

    path: Path
    dropped: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def read(self, lists: _File) -> CocoRows:
        """Everything, with annotations judged."""
        photos = self._entries(lists.images, Photo, "picture")
        categories = self._entries(lists.categories, Category, "category")
        licenses = self._entries(lists.licenses, License, "licence")
        found = self._annotations(lists.annotations, _places(photos), _places(categories))
        photo, box = np.array(found.photo, np.int64), self._boxes(found, list(photos.values()))
        good = (box[:, 2:] > box[:, :2]).all(axis=1)
        if not good.any():
            why = ", ".join(f"{reason}: {count:,}" for reason, count in self.dropped.most_common())
            raise UserError(f"{self.path}: none of its annotations can be used ({why or 'there are none'}).")
        return CocoRows(
            photos=list(photos.values()),
            categories=list(categories.values()),
            licenses=licenses,
            photo=photo[good],
            category=np.array(found.category, np.int64)[good],
            id=np.array(found.id, np.int64)[good],
            box=box[good],
            crowd=np.array(found.crowd, np.bool_)[good],
            damaged=frozenset({*found.damaged, *photo[~good].tolist()}),
            dropped=self.dropped,
            examples=self.examples,
        )

    def _drop(self, reason: str, entry: object, what: str) -> None:
        self.dropped[reason] += 1
        self.examples.setdefault(reason, f"{self.path.name}, {entry}: {what}")

    def _entries(self, raws: Sequence[msgspec.Raw], kind: type[Entry], name: str) -> dict[str, Entry]:
        """The good entries of a list by their id, as text: some tools write numbers as text in one list only."""
        decode = msgspec.json.Decoder(kind).decode
        entries: dict[str, Entry] = {}
        for number, raw in enumerate(raws, start=1):
            try:
                entry = decode(raw)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                self._drop(f"{name}: malformed", f"{name} number {number}", str(error))
                continue
            if str(entry.id) in entries:
                self._drop(
                    f"{name}: repeated", f"{name} number {number}", f"the id {entry.id!r} stands twice"
                )
            else:
                entries[str(entry.id)] = entry
        return entries

    def _annotations(
        self, raws: Sequence[msgspec.Raw], photos: dict[str, int], categories: dict[str, int]
    ) -> _Found:
        """The annotations of pictures and categories that are known."""
        decode, owner = msgspec.json.Decoder(_Annotation).decode, msgspec.json.Decoder(_Owner).decode
        found, seen = _Found(), set()
        for number, raw in enumerate(raws, start=1):
            try:
                entry = decode(raw)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                reason = NO_NUMBER if ".bbox" in str(error) else MALFORMED
                self._drop(reason, f"annotation number {number}", f"{error}, in {_shown(raw)}")
                with suppress(msgspec.DecodeError, UnicodeDecodeError):
                    found.harm(photos.get(str(owner(raw).image_id)))
                continue
            photo, category = photos.get(str(entry.image_id)), categories.get(str(entry.category_id))
            name = f"annotation {entry.id}"
            if photo is None:
                self._drop(NO_PICTURE, name, f"image_id is {entry.image_id!r}")
            elif category is None:
                self._drop(NO_CATEGORY, name, f"category_id is {entry.category_id!r}")
                found.harm(photo)
            elif entry.id in seen:
                self._drop(REPEATED, name, "its id stands twice")
            else:
                seen.add(entry.id)
                found.photo.append(photo)
                found.category.append(category)
                found.id.append(entry.id)
                found.box.extend(entry.bbox)
                found.crowd.append(bool(entry.iscrowd))
        return found

    def _boxes(self, found: _Found, photos: list[Photo]) -> npt.NDArray[np.float32]:
        """Boxes as fractions of their pictures, cut off at the edges; those of which nothing is left are counted."""
        sizes = np.array([(photo.width, photo.height) for photo in photos], np.float64).reshape(-1, 2)
        pixels = np.array(found.box, np.float64).reshape(-1, 4)
        corners = np.concatenate([pixels[:, :2], pixels[:, :2] + pixels[:, 2:]], axis=1)
        box = np.clip(corners / np.tile(sizes[np.array(found.photo, np.int64)], 2), 0, 1).astype(np.float32)
        bad = np.flatnonzero((box[:, 2:] <= box[:, :2]).any(axis=1))
        for row in bad.tolist():
            self._drop(BAD_BOX, f"annotation {found.id[row]}", f"bbox is {pixels[row].tolist()}")
        return box


@dataclass
class _Found:
    """Annotations as columns; `damaged` are places of pictures with one that could not be used."""

    photo: array[int] = field(default_factory=lambda: array("q"))
    category: array[int] = field(default_factory=lambda: array("q"))
    id: array[int] = field(default_factory=lambda: array("q"))
    box: array[float] = field(default_factory=lambda: array("d"))
    crowd: array[int] = field(default_factory=lambda: array("b"))
    damaged: set[int] = field(default_factory=set)

    def harm(self, photo: int | None) -> None:
        """Note a picture, where it is known, of an annotation that cannot be used."""
        if photo is not None:
            self.damaged.add(photo)


def _places(entries: dict[str, Entry]) -> dict[str, int]:
    return {key: place for place, key in enumerate(entries)}


def _shown(raw: msgspec.Raw) -> str:
    text = bytes(raw).decode(errors="replace")
    return text if len(text) <= 160 else text[:160] + "…"
