"""What is known of the sampled pictures besides their relations: objects, and labels that are absent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations import geometry, schema
from naturel.annotations.joins import Integers
from naturel.builders.choice import Hashes, mix
from naturel.builders.engine import NUMBER, TEXT, read_csv, read_csv_of
from naturel.builders.sources.grouping import Boxes, Values, fold, group_starts
from naturel.builders.sources.openimages_faults import (
    BOX_LAYOUT,
    FORM_NUMBERS,
    Faults,
    judge_rows,
)
from naturel.builders.sources.openimages_labels import Labels
from naturel.builders.sources.openimages_rows import RelationRows, object_keys, parts_of

FLAGS = {
    "IsGroupOf": "is_group_of",
    "IsDepiction": "is_depiction",
    "IsOccluded": "is_occluded",
    "IsTruncated": "is_truncated",
}
"""Columns of the box file -> ours; 1, 0, or -1 where nobody said."""
NOT_SAID = -1

Said = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Wanted:
    """The sampled pictures."""

    ids: pa.Array
    numbers: npt.NDArray[np.int32]
    """Their numbers in `RelationRows.pictures`, ascending."""


@dataclass(frozen=True)
class Objects:
    """Objects of the sampled pictures, one row each."""

    picture: npt.NDArray[np.int32]
    """Number of the picture in `RelationRows.pictures`."""
    label: npt.NDArray[np.int16]
    key: Hashes
    box: Boxes
    said: Said
    """Flags in the order of `FLAGS`, shape (n, 4)."""

    def take(self, rows: Integers) -> Objects:
        """Some of the rows."""
        names = ("picture", "label", "key", "box", "said")
        return Objects(*(np.take(getattr(self, name), rows, axis=0) for name in names))

    @property
    def places(self) -> Hashes:
        """A number for each (picture, object)."""
        return _places(self.picture, self.key)


def related_objects(rows: RelationRows) -> Objects:
    """The objects that take part in relations."""
    two = np.flatnonzero(~rows.unary)

    def sides(subjects: npt.NDArray[Values], objects: npt.NDArray[Values]) -> npt.NDArray[Values]:
        return np.concatenate([subjects, np.take(objects, two, axis=0)])

    places = sides(_places(rows.picture, rows.subject_key), _places(rows.picture, rows.object_key))
    order = np.argsort(places)
    first = group_starts(places[order])
    del places
    box = fold(np.minimum, sides(rows.subject_box, rows.object_box), order, first)
    one = order[first]
    del order, first
    return Objects(
        sides(rows.picture, rows.picture)[one],
        sides(rows.subject, rows.object)[one],
        sides(rows.subject_key, rows.object_key)[one],
        box,
        np.full((len(one), len(FLAGS)), NOT_SAID, dtype=np.int8),
    )


def _places(picture: npt.NDArray[np.int32], key: Hashes) -> Hashes:
    """A number for each (picture, object)."""
    places = np.empty(len(key), dtype=np.uint64)
    for part in parts_of(len(key)):
        places[part] = mix(picture[part].astype(np.uint64), key[part])
    return places


def add_boxed_objects(objects: Objects, boxed: Objects) -> Objects:
    """Add the box file's objects; where both know one, the box file's row stands: it has the flags."""
    boxed = _distinct(boxed)
    return _together([objects.take(np.flatnonzero(~np.isin(objects.places, boxed.places))), boxed])


def read_boxes(path: Path, wanted: Wanted, labels: Labels, faults: Faults) -> tuple[Objects, Integers]:
    """The box file's rows of the wanted pictures.

    Args:
        path: The file.
        wanted: The pictures.
        labels: What classes there are.
        faults: Where bad rows are counted.

    Returns:
        The objects, and the numbers of pictures with a row that is damaged.
    """
    sides = BOX_LAYOUT.boxes[0]
    types = dict.fromkeys(BOX_LAYOUT.ids, TEXT) | dict.fromkeys((*sides, *FLAGS), NUMBER)
    parts = [_no_objects()]
    damaged = [np.zeros(0, np.int64)]
    for batch in read_csv_of(path, types, "ImageID", wanted.ids):
        judged = judge_rows(batch, BOX_LAYOUT, labels, {}, ())
        faults.add(judged)
        good = np.flatnonzero(judged.reason == 0)
        label, box = judged.labels[0][good].astype(np.int16), np.take(judged.boxes[0], good, axis=0)
        said = np.stack([batch.column(name).to_numpy(zero_copy_only=False)[good] for name in FLAGS], axis=1)
        said = np.where((said == 0) | (said == 1), said, NOT_SAID).astype(np.int8)
        picture = wanted.numbers[batch.column("place").to_numpy()]
        damaged.append(picture[np.isin(judged.reason, FORM_NUMBERS)].astype(np.int64))
        key = object_keys(labels.hashes[label], box)
        parts.append(Objects(picture[good], label, key, box, said))
    return _together(parts), np.concatenate(damaged)


def picture_ids(path: Path) -> pa.Array:
    """The ids of all pictures of the box file, each once."""
    found = [pc.unique(batch.column("ImageID")) for batch in read_csv(path, {"ImageID": TEXT})]
    ids = pc.unique(pa.chunked_array(found, pa.large_string())).cast(pa.string())
    return ids.filter(pc.and_(pc.is_valid(ids), pc.not_equal(ids, "")))


def turned(objects: Objects, rotation: pa.ChunkedArray) -> Objects:
    """The objects with their boxes as the pictures will stand.

    Args:
        objects: With boxes in the pictures as published.
        rotation: Degrees counterclockwise to upright of each picture; null: upright.
    """
    degrees = np.nan_to_num(rotation.to_numpy())
    turns = (np.rint(degrees / 90).astype(np.int64) % 4)[objects.picture]
    box = objects.box.copy()
    for quarter in (1, 2, 3):
        box[turns == quarter] = geometry.rotate(box[turns == quarter], quarter)
    return replace(objects, box=box)


def _together(parts: Sequence[Objects]) -> Objects:
    names = ("picture", "label", "key", "box", "said")
    return Objects(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _no_objects() -> Objects:
    return Objects(
        np.zeros(0, np.int32),
        np.zeros(0, np.int16),
        np.zeros(0, np.uint64),
        np.zeros((0, 4), np.float32),
        np.zeros((0, len(FLAGS)), np.int8),
    )


def _distinct(objects: Objects) -> Objects:
    """One row an object: the smallest of its coordinates, and each flag that any of its rows sets."""
    places = objects.places
    order = np.argsort(places)
    first = group_starts(places[order])
    box = fold(np.minimum, objects.box, order, first)
    said = fold(np.maximum, objects.said, order, first)
    return replace(objects.take(order[first]), box=box, said=said)


def object_table(objects: Objects, pictures: pa.Array, labels: Labels) -> pa.Table:
    """The objects as a table like `schema.OBJECTS`."""
    columns = {
        "image_id": pa.DictionaryArray.from_arrays(objects.picture, pictures),
        "object_id": pa.array(objects.key),
        "label": pa.DictionaryArray.from_arrays(objects.label, labels.names),
        "box": pa.FixedSizeListArray.from_arrays(pa.array(objects.box.reshape(-1)), 4).cast(schema.BOX),
    }
    for i, name in enumerate(FLAGS.values()):
        said = objects.said[:, i]
        columns[name] = pa.array(said == 1, mask=said == NOT_SAID)
    return pa.table(columns)


def read_absent_labels(
    path: Path, wanted: Wanted, pictures: pa.Array, labels: Labels, objects: Objects
) -> tuple[pa.Table, dict[str, int]]:
    """Labels that people verified as absent: confidence 0 in the human image-label file.

    A label that the same file also calls present, or that has a box in the picture, is not taken for absent.

    Args:
        path: The file.
        wanted: The pictures.
        pictures: The pictures' ids.
        labels: What classes there are.
        objects: The objects of these pictures.

    Returns:
        A table like `schema.ABSENT_LABELS`, and reason -> rows left out.
    """
    size = np.int64(len(labels.names))
    sure: list[Integers] = []
    denied: list[Integers] = []
    malformed = unknown = 0
    for picture, place, confidence in _label_rows(path, wanted, labels):
        bad = np.isnan(confidence)
        malformed += int(bad.sum())
        unknown += int((~bad & (confidence == 0) & (place < 0)).sum())
        key = picture * size + labels.label[place]
        sure.append(key[(confidence > 0) & (place >= 0)])
        denied.append(key[(confidence == 0) & (place >= 0)])
    boxed = objects.picture * size + objects.label
    absent = np.unique(np.concatenate([np.zeros(0, np.int64), *denied]))
    contradicted = np.isin(absent, np.concatenate([boxed, *sure]))
    absent = absent[~contradicted]
    picture, label = (absent // size).astype(np.int32), (absent % size).astype(np.int16)
    table = pa.table(
        {
            "image_id": pa.DictionaryArray.from_arrays(picture, pictures),
            "label": pa.DictionaryArray.from_arrays(label, labels.names),
        }
    )
    return table, {
        "label row: malformed row": malformed,
        "label row: unknown class": unknown,
        "label row: absent here, but present by another row or a box": int(contradicted.sum()),
    }


def _label_rows(
    path: Path, wanted: Wanted, labels: Labels
) -> Iterator[tuple[Integers, Integers, npt.NDArray[np.float32]]]:
    """Number of the picture, place of the id and confidence of each row of the wanted pictures, by batches."""
    types = {"ImageID": TEXT, "LabelName": TEXT, "Confidence": NUMBER}
    for batch in read_csv_of(path, types, "ImageID", wanted.ids):
        confidence = batch.column("Confidence").to_numpy(zero_copy_only=False).astype(np.float32)
        spoilt = np.array(batch.column("surplus").is_valid()) | np.array(batch.column("LabelName").is_null())
        confidence = np.where(spoilt, np.float32("nan"), confidence)
        picture = wanted.numbers[batch.column("place").to_numpy()].astype(np.int64)
        yield picture, labels.places(batch.column("LabelName")), confidence
