"""Which rows of an Open Images file cannot be used, why, and the first of each kind in its own words.

Rows are judged twice by the same rules: `judge_rows` judges all of them, column by column; `find_examples` reads the
file once more, line by line, where something was found, to name a line and a field.
"""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations.errors import UserError
from naturel.annotations.joins import Integers
from naturel.builders.csv_source import number_in
from naturel.builders.sources.grouping import Boxes
from naturel.builders.sources.openimages_labels import Labels

MALFORMED = "malformed row"
NO_NUMBER = "a coordinate is not a number"
BAD_BOX = "box is inverted, empty or outside the picture"
UNKNOWN_CLASS = "unknown class"
UNKNOWN_RELATION = "unknown relation"
MISPLACED = "class where an attribute belongs, or the reverse"
GOOD = ""
REASONS = (GOOD, MALFORMED, NO_NUMBER, BAD_BOX, UNKNOWN_CLASS, UNKNOWN_RELATION, MISPLACED)
"""In order: a row with several faults is counted under the first."""
FORM_FAULTS = (MALFORMED, NO_NUMBER, BAD_BOX)
"""Faults of the file itself; the others are a matter of what is known."""
FORM_NUMBERS = [REASONS.index(reason) for reason in FORM_FAULTS]

SLACK = 0.01
"""How far outside [0, 1] a coordinate may lie (rounding in the files); it is clipped."""

Flags = npt.NDArray[np.bool_]
LONGEST = 80
"""Characters of a bad value that are shown."""


@dataclass(frozen=True)
class Layout:
    """The columns of a file whose rows are judged."""

    ids: tuple[str, ...]
    """Columns that may not be empty."""
    boxes: tuple[tuple[str, str, str, str], ...]
    """Columns of each box: x_min, y_min, x_max, y_max."""
    classes: tuple[str, ...]
    """Columns that hold an id of a class or an attribute."""
    relation: str | None = None
    """The column of the relation; the second class is an attribute where it is an attribute relation."""


RELATION_LAYOUT = Layout(
    ("ImageID", "LabelName1", "LabelName2", "RelationshipLabel"),
    (("XMin1", "YMin1", "XMax1", "YMax1"), ("XMin2", "YMin2", "XMax2", "YMax2")),
    ("LabelName1", "LabelName2"),
    "RelationshipLabel",
)
BOX_LAYOUT = Layout(("ImageID", "LabelName"), (("XMin", "YMin", "XMax", "YMax"),), ("LabelName",))


@dataclass(frozen=True)
class Judged:
    """The rows of one batch."""

    reason: npt.NDArray[np.int8]
    """Place in `REASONS`; 0: the row is good."""
    boxes: tuple[Boxes, ...]
    """Each box of the layout, clipped, shape (n, 4)."""
    labels: tuple[Integers, ...]
    """Each class of the layout, as a number of `Labels.names`; undefined where the row is bad."""
    relation: Integers
    """Number of the relation; -1 where it is unknown or the layout has none."""


def judge_rows(
    batch: pa.RecordBatch, layout: Layout, labels: Labels, relations: Mapping[str, int], unary: Iterable[int]
) -> Judged:
    """Judge the rows of a batch.

    Args:
        batch: Columns of the layout and `surplus`, as `engine.scan_csv` gives them.
        layout: Which columns mean what.
        labels: What classes and attributes there are.
        relations: The source's name of a relation -> its number.
        unary: Numbers of the relations whose object is an attribute.
    """
    count = batch.num_rows
    malformed = _flags(pc.is_valid(batch.column("surplus")))
    for name in layout.ids:
        malformed |= _flags(pc.equal(pc.fill_null(batch.column(name), ""), ""))
    boxes, numeric, valid = [], np.ones(count, np.bool_), np.ones(count, np.bool_)
    for names in layout.boxes:
        raw = np.stack([batch.column(name).to_numpy(zero_copy_only=False) for name in names], axis=1)
        raw = raw.astype(np.float32, copy=False)
        numeric &= ~np.isnan(raw).any(axis=1)
        clipped = np.clip(raw, 0, 1)
        valid &= (raw >= -SLACK).all(axis=1) & (raw <= 1 + SLACK).all(axis=1)
        valid &= (clipped[:, :2] < clipped[:, 2:]).all(axis=1)
        boxes.append(clipped)
    places = [labels.places(batch.column(name)) for name in layout.classes]
    known = np.logical_and.reduce([place >= 0 for place in places])
    attributes = [labels.is_attribute[place] for place in places]
    relation = np.full(count, -1, dtype=np.int64)
    no_relation = np.zeros(count, np.bool_)
    misplaced = attributes[0].copy()
    if layout.relation is not None:
        encoded = pc.dictionary_encode(pc.fill_null(batch.column(layout.relation), ""))
        numbers = np.array(
            [relations.get(name, -1) for name in encoded.dictionary.to_pylist()], dtype=np.int64
        )
        relation = numbers[encoded.indices.to_numpy()] if len(numbers) else relation
        no_relation = relation < 0
        misplaced |= attributes[1] != np.isin(relation, list(unary))
    faults = (malformed, ~numeric, ~valid, ~known, no_relation, misplaced)
    reason = np.zeros(count, np.int8)
    for number, fault in reversed(list(enumerate(faults, start=1))):
        reason[fault] = number
    return Judged(reason, tuple(boxes), tuple(labels.label[place] for place in places), relation)


def _flags(values: pa.Array) -> Flags:
    return np.array(values.to_numpy(zero_copy_only=False), dtype=np.bool_)


class Faults:
    """What was found in one file: counts by reason."""

    def __init__(self, path: Path, layout: Layout, prefix: str) -> None:
        self.path, self.layout, self.prefix = path, layout, prefix
        self.counts: Counter[str] = Counter()
        self.total = 0

    def add(self, judged: Judged) -> None:
        """Count a batch."""
        self.total += len(judged.reason)
        for number, count in enumerate(np.bincount(judged.reason, minlength=len(REASONS)).tolist()):
            if number and count:
                self.counts[REASONS[number]] += count

    @property
    def by_reason(self) -> dict[str, int]:
        """Reasons as they are shown, with their counts."""
        return {f"{self.prefix}: {reason}": count for reason, count in self.counts.items()}

    def find_examples(
        self,
        labels: Labels,
        relations: Mapping[str, int],
        unary: Iterable[int],
        pictures: frozenset[str] | None = None,
    ) -> dict[str, str]:
        """The first row of each reason counted, as `file, line n: what is wrong`.

        Args:
            labels: As for `judge_rows`.
            relations: As for `judge_rows`.
            unary: As for `judge_rows`.
            pictures: Only rows of these pictures were judged; None: all.

        Raises:
            UserError: A quotation mark is not closed, so that many lines were taken for one.
        """
        wanted = set(self.counts)
        found: dict[str, str] = {}
        if not wanted:
            return found
        inspector = _Inspector(self.layout, labels, relations, frozenset(unary), pictures)
        for line, last, fields in _read_lines(self.path):
            if not inspector.names:
                inspector.names = [name.strip() for name in fields]
                continue
            reason, what = inspector.inspect(fields)
            if reason not in wanted:
                continue
            if last > line:
                raise UserError(
                    f"{self.path}, line {line}: a quotation mark is not closed, so lines {line} to {last} read as "
                    "one. Remove it, or download the file again."
                )
            wanted.discard(reason)
            found[f"{self.prefix}: {reason}"] = f"{self.path.name}, line {line}: {what}"
            if not wanted:
                break
        return found


def _read_lines(path: Path) -> Iterator[tuple[int, int, list[str]]]:
    """First line, last line and fields of every row that is not blank."""
    opener = gzip.open if path.suffix == ".gz" else open
    csv.field_size_limit(1 << 30)
    with opener(path, "rt", encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.reader(file)
        line = 1
        for fields in reader:
            if fields:
                yield line, reader.line_num, fields
            line = reader.line_num + 1


class _Inspector:
    """Judges one row, field by field, by the rules of `judge_rows`."""

    def __init__(
        self,
        layout: Layout,
        labels: Labels,
        relations: Mapping[str, int],
        unary: frozenset[int],
        pictures: frozenset[str] | None,
    ) -> None:
        self.layout, self.relations, self.unary, self.pictures = layout, relations, unary, pictures
        self.attribute = dict(zip(labels.mids.to_pylist(), labels.is_attribute.tolist(), strict=True))
        self.names: list[str] = []

    def inspect(self, fields: Sequence[str]) -> tuple[str, str]:
        """Reason and what is wrong."""
        row = dict(zip(self.names, fields, strict=False))
        if self.pictures is not None and row.get("ImageID") not in self.pictures:
            return GOOD, ""
        if len(fields) > len(self.names):
            return MALFORMED, f"{len(fields)} fields, not {len(self.names)}"
        for name in self.layout.ids:
            text = row.get(name, "")
            if not text:
                short = f"{len(fields)} fields, not {len(self.names)}"
                return MALFORMED, f"{name} is empty" if name in row else short
            if "\ufffd" in text:
                return MALFORMED, f"{name} is not UTF-8"
        return self._inspect_boxes(row) or self._inspect_meaning(row)

    def _inspect_boxes(self, row: Mapping[str, str]) -> tuple[str, str] | None:
        for names in self.layout.boxes:
            for name in names:
                if number_in(row.get(name)) is None:
                    return NO_NUMBER, f"{name} is {_shown(row.get(name, ''))}"
        for names in self.layout.boxes:
            sides = [number_in(row[name]) or 0.0 for name in names]
            for name, side in zip(names, sides, strict=True):
                if not np.float32(-SLACK) <= np.float32(side) <= np.float32(1 + SLACK):
                    return BAD_BOX, f"{name} is {_shown(row[name])}"
            clipped = [np.float32(min(max(side, 0), 1)) for side in sides]
            for low, high in ((0, 2), (1, 3)):
                if not clipped[low] < clipped[high]:
                    return BAD_BOX, (
                        f"{names[low]} is {_shown(row[names[low]])} and {names[high]} is {_shown(row[names[high]])}"
                    )
        return None

    def _inspect_meaning(self, row: Mapping[str, str]) -> tuple[str, str]:
        for name in self.layout.classes:
            if row[name] not in self.attribute:
                return UNKNOWN_CLASS, f"{name} is {_shown(row[name])}"
        expected = [False]
        if self.layout.relation is not None:
            number = self.relations.get(row[self.layout.relation], -1)
            if number < 0:
                return UNKNOWN_RELATION, f"{self.layout.relation} is {_shown(row[self.layout.relation])}"
            expected.append(number in self.unary)
        for name, attribute in zip(self.layout.classes, expected, strict=True):
            if self.attribute[row[name]] != attribute:
                kind = "a class" if attribute else "an attribute"
                return MISPLACED, f"{name} is {_shown(row[name])}, {kind}"
        return GOOD, ""


def _shown(text: str) -> str:
    return repr(text if len(text) <= LONGEST else text[:LONGEST] + "…")
