"""The rows of the relation file, as integer and coordinate arrays.

Pictures, labels and relations are numbers here, objects are 64-bit keys: three million rows fit into 200 MB, and
grouping them is sorting integers. Nothing depends on the order of the file's rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations.errors import UserError
from naturel.annotations.joins import Integers, codes_of
from naturel.annotations.relations import Vocabulary
from naturel.builders.choice import Hashes, hash_texts, mix
from naturel.builders.engine import NUMBER, TEXT, read_csv
from naturel.builders.sources.grouping import Boxes, fold, grid, group_starts
from naturel.builders.sources.openimages_faults import (
    FORM_FAULTS,
    RELATION_LAYOUT,
    Faults,
    judge_rows,
)
from naturel.builders.sources.openimages_labels import Labels

SOURCE = "openimages"


@dataclass(frozen=True)
class RelationNames:
    """What the source's relation names mean."""

    names: tuple[str, ...]
    """Canonical names; a relation's number is its place."""
    unary: frozenset[int]
    """Relations whose object is an attribute."""
    numbers: dict[str, int]
    """The source's name -> number."""

    @cached_property
    def hashes(self) -> Hashes:
        """A hash of each name."""
        return hash_texts(self.names)


def relation_names(vocabulary: Vocabulary) -> RelationNames:
    """Number the vocabulary's relations."""
    relations = list(vocabulary)
    return RelationNames(
        vocabulary.names,
        frozenset(i for i, relation in enumerate(relations) if relation.kind == "attribute"),
        {name: i for i, relation in enumerate(relations) for name in relation.sources.get(SOURCE, ())},
    )


@dataclass(frozen=True)
class RelationRows:
    """Distinct, usable rows, in any order."""

    pictures: pa.Array
    """Picture ids, sorted; a picture's number is its place."""
    picture: npt.NDArray[np.int32]
    subject: npt.NDArray[np.int16]
    """Number of the subject's label."""
    relation: npt.NDArray[np.int16]
    object: npt.NDArray[np.int16]
    """Number of the object's label, or of the attribute."""
    subject_key: Hashes
    object_key: Hashes
    """Objects by content (`object_keys`); for an attribute the hash of its label."""
    unary: npt.NDArray[np.bool_]
    subject_box: Boxes
    object_box: Boxes
    id: Hashes

    @cached_property
    def picture_hashes(self) -> Hashes:
        """A hash of each picture's id."""
        return hash_texts(self.pictures.to_pylist())

    def __len__(self) -> int:
        return len(self.picture)

    def among(self, pictures: pa.Array) -> RelationRows:
        """The same rows, with more pictures that have none; `pictures` are sorted, and the rows' own among them."""
        place = codes_of(self.pictures, pictures).astype(np.int32)
        return replace(self, pictures=pictures, picture=place[self.picture])

    def take(self, rows: Integers) -> RelationRows:
        """Some of the rows, with all pictures."""
        names = ["picture", "subject", "relation", "object", "subject_key", "object_key", "unary"]
        names += ["subject_box", "object_box", "id"]
        return replace(self, **{name: np.take(getattr(self, name), rows, axis=0) for name in names})


def no_relation_rows() -> RelationRows:
    """The rows of a source without a relation file."""
    number, key, box = np.zeros(0, np.int16), np.zeros(0, np.uint64), np.zeros((0, 4), np.float32)
    return RelationRows(
        pictures=pa.array([], pa.string()),
        picture=np.zeros(0, np.int32),
        subject=number,
        relation=number,
        object=number,
        subject_key=key,
        object_key=key,
        unary=np.zeros(0, np.bool_),
        subject_box=box,
        object_box=box,
        id=key,
    )


def object_keys(label_hashes: Hashes, boxes: Boxes) -> Hashes:
    """A key for each object from its label and its rounded box: every file that has the object gives the same."""
    packed = grid(boxes) @ np.array([2.0**30, 2.0**20, 2.0**10, 1.0])  # exact: sides have ten bits each
    return mix(label_hashes, packed.astype(np.uint64))


PART = 100_000


def parts_of(count: int) -> Iterator[slice]:
    """Slices of rows that fit into the processor's cache."""
    return (slice(start, min(start + PART, count)) for start in range(0, count, PART))


def read_relation_rows(
    path: Path, labels: Labels, relations: RelationNames, faults: Faults
) -> tuple[RelationRows, dict[str, int]]:
    """Read, judge and number the relation file's rows.

    Args:
        path: The file.
        labels: What classes there are.
        relations: What relations there are.
        faults: Where bad rows are counted.

    Returns:
        Good rows without repetitions, and reason -> good rows left out.

    Raises:
        UserError: The file cannot be read, most of it is damaged, or no row is usable.
    """
    layout = RELATION_LAYOUT
    sides = [name for box in layout.boxes for name in box]
    columns = dict.fromkeys(layout.ids, TEXT) | dict.fromkeys(sides, NUMBER)
    ids: list[pa.Array] = []
    parts: list[tuple[npt.NDArray[np.generic], ...]] = []
    for batch in read_csv(path, columns):
        judged = judge_rows(batch, layout, labels, relations.numbers, relations.unary)
        faults.add(judged)
        good = np.flatnonzero(judged.reason == 0)
        ids.append(batch.column("ImageID").take(pa.array(good)))
        subject, relation, other = (
            number[good] for number in (judged.labels[0], judged.relation, judged.labels[1])
        )
        boxes = [np.take(box, good, axis=0) for box in judged.boxes]
        unary = np.isin(relation, list(relations.unary))
        subject_key = object_keys(labels.hashes[subject], boxes[0])
        object_key = object_keys(labels.hashes[other], boxes[1])
        object_key[unary] = labels.hashes[other[unary]]
        numbers = (number.astype(np.int16) for number in (subject, relation, other))
        parts.append((*numbers, subject_key, object_key, unary, *boxes))
    _check_usable(path, faults)
    pictures, picture = _number_pictures(pa.chunked_array(ids))
    ids.clear()
    arrays: list[Any] = [np.concatenate(columns) for columns in zip(*parts, strict=True)]
    parts.clear()
    subject, relation, other, subject_key, object_key, unary, subject_box, object_box = arrays
    rows = RelationRows(
        pictures=pictures,
        picture=picture,
        subject=subject,
        relation=relation,
        object=other,
        subject_key=subject_key,
        object_key=object_key,
        unary=unary,
        subject_box=subject_box,
        object_box=object_box,
        id=np.zeros(len(picture), np.uint64),
    )
    arrays.clear()
    return _without_repetitions(path, rows, relations)


def _without_repetitions(
    path: Path, rows: RelationRows, relations: RelationNames
) -> tuple[RelationRows, dict[str, int]]:
    """Distinct rows between two things, with their ids; reason -> rows left out."""
    itself = rows.subject_key == rows.object_key
    if itself.any():
        rows = rows.take(np.flatnonzero(~itself))
    if not len(rows):
        raise UserError(
            f"{path}: in every usable row, subject and object are one box. Use the official file."
        )
    for part in parts_of(len(rows)):
        picture, relation = rows.picture_hashes[rows.picture[part]], relations.hashes[rows.relation[part]]
        rows.id[part] = mix(picture, rows.subject_key[part], relation, rows.object_key[part])
    dropped = {"relation row: subject and object are one box": int(itself.sum())}
    order = np.argsort(rows.id)
    first = group_starts(rows.id[order])
    repeated = len(rows) - len(first)
    if repeated:
        dropped["relation row: repeated"] = repeated
        subject_box = fold(np.minimum, rows.subject_box, order, first)
        object_box = fold(np.minimum, rows.object_box, order, first)
        rows = replace(rows.take(order[first]), subject_box=subject_box, object_box=object_box)
    return rows, dropped


def _check_usable(path: Path, faults: Faults) -> None:
    """Stop where a file is damaged or of another version: what came of it would not be what was asked for."""
    bad = sum(faults.counts.values())
    why = ", ".join(f"{reason}: {count:,}" for reason, count in faults.counts.most_common())
    if bad == faults.total:
        raise UserError(
            f"{path}: none of its {faults.total:,} rows can be used ({why or 'it has only a header'}). "
            "Are the class files of the same version in this folder?"
        )
    damaged = sum(faults.counts[reason] for reason in FORM_FAULTS)
    if damaged * 2 > faults.total:
        raise UserError(
            f"{path}: {damaged:,} of its {faults.total:,} rows are damaged ({why}). Download the file again."
        )


def _number_pictures(ids: pa.ChunkedArray) -> tuple[pa.Array, npt.NDArray[np.int32]]:
    """Sorted picture ids, and each row's place among them."""
    encoded = ids.dictionary_encode().combine_chunks()
    found = encoded.dictionary.cast(pa.string())
    order = pc.sort_indices(found)
    place = np.empty(len(found), dtype=np.int32)
    place[order.to_numpy()] = np.arange(len(found), dtype=np.int32)
    return found.take(order), place[encoded.indices.to_numpy()]
