"""Visual Genome's entries as columns of numbers: pictures, things with their boxes, relations, attributes.

Names and predicates are numbers here, in the order in which they were met; what they mean is found later, once for
each. Two million relations take 150 MB.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from naturel.annotations.joins import Integers
from naturel.builders.sources.grouping import Boxes
from naturel.builders.sources.visual_genome_files import read_entries

Entry = Mapping[str, Any]
Value = TypeVar("Value")

NO_PICTURE = "its picture is not in image_data.json"
MALFORMED = "malformed row"


class Numbering(Generic[Value]):
    """Values by number, in the order in which they were met."""

    def __init__(self) -> None:
        self._numbers: dict[Value, int] = {}

    def __call__(self, value: Value) -> int:
        """The number of a value."""
        return self._numbers.setdefault(value, len(self._numbers))

    @property
    def values(self) -> list[Value]:
        """The value of each number."""
        return list(self._numbers)


@dataclass
class Faults:
    """What was left out: reason -> how often, and the first place."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def add(self, reason: str, place: str, count: int = 1) -> None:
        """Count something left out."""
        self.counts[reason] += count
        self.examples.setdefault(reason, place)


@dataclass(frozen=True)
class Photos:
    """The pictures of `image_data.json`."""

    number: Mapping[int, int]
    """Picture id -> its place in the columns."""
    size: npt.NDArray[np.float32]
    """Width and height in pixels, shape (n, 2)."""
    coco: Integers
    """The COCO id of the photo; -1 where it has none."""
    urls: list[str | None]

    @property
    def ids(self) -> Integers:
        """The id of each."""
        return np.fromiter(self.number, np.int64, len(self.number))


def walk_photos(path: Path, faults: Faults) -> Photos:
    """Read `image_data.json`."""
    number: dict[int, int] = {}
    sizes, coco, urls = array("f"), array("q"), list[str | None]()
    for entry in read_entries(path):
        image = image_of(entry)
        width, height = number_of(entry.get("width")), number_of(entry.get("height"))
        place = f"{path.name}, image {image}"
        if image is None:
            faults.add(f"picture row: {MALFORMED}", f"{path.name}: {str(dict(entry))[:80]}")
        elif not (width > 0 and height > 0):
            faults.add("picture row: no width or height", place)
        elif image in number:
            faults.add("picture row: repeated", place)
        else:
            number[image] = len(number)
            sizes.extend((width, height))
            photo = whole(entry.get("coco_id"))
            coco.append(-1 if photo is None else photo)
            url = entry.get("url")
            urls.append(url if isinstance(url, str) and url else None)
    return Photos(
        number, np.frombuffer(sizes, np.float32).reshape(-1, 2), np.frombuffer(coco, np.int64), urls
    )


class Things:
    """Boxed things, one row each; the same thing of the same entry once."""

    def __init__(self) -> None:
        self.names: Numbering[tuple[str, ...]] = Numbering()
        self._picture, self._key, self._name, self._box = array("i"), array("q"), array("i"), array("f")

    def __len__(self) -> int:
        return len(self._key)

    def add(self, picture: int, node: object, known: dict[int, int]) -> int:
        """Put a node in, and give its row; -1: it is no node with an id.

        Args:
            picture: Its picture's number.
            node: As the file has it.
            known: Object id -> row, of the entry's nodes so far.
        """
        if not isinstance(node, dict):
            return -1
        key = whole(node.get("object_id"))
        if key is None:
            return -1
        row = known.get(key)
        if row is None:
            row = known[key] = len(self._key)
            self._picture.append(picture)
            self._key.append(key)
            self._name.append(self.names(_names(node)))
            self._box.extend([number_of(node.get(side)) for side in ("x", "y", "w", "h")])
        return row

    @property
    def picture(self) -> npt.NDArray[np.int32]:
        """Number of each thing's picture."""
        return np.frombuffer(self._picture, np.int32)

    @property
    def key(self) -> Integers:
        """Visual Genome's object id."""
        return np.frombuffer(self._key, np.int64)

    @property
    def name(self) -> npt.NDArray[np.int32]:
        """Place of its names in `names`."""
        return np.frombuffer(self._name, np.int32)

    @property
    def box(self) -> Boxes:
        """x, y, width and height in pixels, as given, shape (n, 4); NaN where no number is given."""
        return np.frombuffer(self._box, np.float32).reshape(-1, 4)


@dataclass
class Links:
    """Relations, and attributes (whose object is the attribute), one row each."""

    what: Numbering[str] = field(default_factory=Numbering)
    """Predicates, or attributes."""
    id: array[int] = field(default_factory=lambda: array("q"))
    """The relationship id; -1: none."""
    subject: array[int] = field(default_factory=lambda: array("i"))
    """Row in `Things`."""
    said: array[int] = field(default_factory=lambda: array("i"))
    """Number in `what`."""
    object: array[int] = field(default_factory=lambda: array("i"))
    """Row in `Things`; -1 for an attribute."""

    def __len__(self) -> int:
        return len(self.subject)

    def add(self, number: int, subject: int, said: str, thing: int = -1) -> None:
        """Put a row in."""
        self.id.append(number)
        self.subject.append(subject)
        self.said.append(self.what(said))
        self.object.append(thing)


@dataclass
class Walk:
    """Reads files whose entries are pictures' lists of things."""

    photos: Photos
    wanted: npt.NDArray[np.bool_]
    """Which pictures; entries of others are passed over."""
    faults: Faults
    things: Things = field(default_factory=Things)
    passed_over: int = 0
    """Rows of pictures that are not wanted."""

    def relations(self, path: Path) -> Links:
        """Read `relationships.json`."""
        links = Links()
        for picture, image, rows in self._entries(path, "relationships", "relation row"):
            known: dict[int, int] = {}
            for row in rows:
                said = row.get("predicate") if isinstance(row, dict) else None
                number = whole(row.get("relationship_id")) if isinstance(row, dict) else None
                if not isinstance(said, str):
                    self._fault(f"relation row: {MALFORMED}", path, image, f"relation {number}")
                    continue
                subject = self.things.add(picture, row.get("subject"), known)
                thing = self.things.add(picture, row.get("object"), known)
                if subject < 0 or thing < 0:
                    reason = "relation row: subject or object without an object_id"
                    self._fault(reason, path, image, f"relation {number}")
                else:
                    links.add(-1 if number is None else number, subject, said, thing)
        return links

    def attributes(self, path: Path, is_ours: Callable[[str], bool]) -> Links:
        """Read the attributes of `attributes.json`, or of an `objects.json` that has them.

        Args:
            path: The file.
            is_ours: Whether an attribute is one that we know; others are counted.
        """
        links = Links()
        field_name = "attributes" if path.name.startswith("attributes") else "objects"
        for picture, image, rows in self._entries(path, field_name, "attribute row"):
            known: dict[int, int] = {}
            for row in rows:
                if not isinstance(row, dict):
                    self._fault(f"attribute row: {MALFORMED}", path, image, str(row)[:40])
                    continue
                said = row.get("attributes")
                for attribute in said if isinstance(said, list) else ():
                    number = f"object {whole(row.get('object_id'))}"
                    if not isinstance(attribute, str):
                        self._fault(f"attribute row: {MALFORMED}", path, image, number)
                    elif not is_ours(attribute):
                        reason = "attribute row: attribute that we do not have"
                        self._fault(reason, path, image, f"{number}: {attribute!r}")
                    elif (subject := self.things.add(picture, row, known)) < 0:
                        self._fault("attribute row: thing without an object_id", path, image, number)
                    else:
                        links.add(-1, subject, attribute)
        return links

    def objects(self, path: Path, known_of: Callable[[int], list[int]]) -> None:
        """Read `objects.json` into `things`.

        Args:
            path: The file.
            known_of: The object ids of a picture that are known already; they are passed over.
        """
        for picture, image, rows in self._entries(path, "objects", "object row"):
            known = dict.fromkeys(known_of(picture), 0)
            for row in rows:
                if self.things.add(picture, row, known) < 0:
                    self.faults.add("object row: thing without an object_id", f"{path.name}, image {image}")

    def _fault(self, reason: str, path: Path, image: int, what: str) -> None:
        self.faults.add(reason, f"{path.name}, image {image}, {what}")

    def _entries(self, path: Path, key: str, what: str) -> Iterator[tuple[int, int, list[Any]]]:
        """Number, id and rows of each wanted picture."""
        for entry in read_entries(path):
            image, rows = image_of(entry), entry.get(key)
            if image is None or not isinstance(rows, list):
                self.faults.add(f"{what}: {MALFORMED}", f"{path.name}, image {image}: no list {key}")
                continue
            picture = self.photos.number.get(image)
            if picture is None:
                self.faults.add(f"{what}: {NO_PICTURE}", f"{path.name}, image {image}", len(rows))
            elif self.wanted[picture]:
                yield picture, image, rows
            else:
                self.passed_over += len(rows)


def image_of(entry: Entry) -> int | None:
    """The picture's id of an entry."""
    return whole(entry.get("image_id", entry.get("id")))


def whole(value: object) -> int | None:
    """An id: a whole number from 0 to 2**63 - 1; None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63:
        return value
    return None


def number_of(value: object) -> float:
    """A number; NaN for anything else."""
    if type(value) is int and -(2**31) < value < 2**31:  # nearly always: quickest
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**63:
        return float(value)
    return float("nan")


def _names(node: Entry) -> tuple[str, ...]:
    """The names of a node: `names`, or `name`."""
    names = node.get("names")
    found = tuple(name for name in names if isinstance(name, str)) if isinstance(names, list) else ()
    if not found:
        name = node.get("name")
        found = (name,) if isinstance(name, str) else ()
    return found
