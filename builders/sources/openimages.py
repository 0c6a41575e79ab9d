"""Open Images: visual relationships, boxes, verified labels and image metadata, V4 to V7.

Formats: https://storage.googleapis.com/openimages/web/download_v6.html#df-visual-relationships . The same reader
serves the official files, wherever they lie, and the embedded sample, which is laid out like them.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations import schema
from naturel.annotations.errors import UserError
from naturel.annotations.joins import codes_of
from naturel.annotations.nouns import NounTable
from naturel.annotations.relations import Vocabulary
from naturel.builders.engine import NUMBER, TEXT, conform, header_of, read_csv_of
from naturel.builders.sources.openimages_faults import BOX_LAYOUT, RELATION_LAYOUT, Faults
from naturel.builders.sources.openimages_files import PICTURES
from naturel.builders.sources.openimages_labels import Labels, read_labels
from naturel.builders.sources.openimages_objects import (
    Objects,
    Wanted,
    add_boxed_objects,
    object_table,
    picture_ids,
    read_absent_labels,
    read_boxes,
    related_objects,
    turned,
)
from naturel.builders.sources.openimages_rows import (
    SOURCE,
    RelationNames,
    RelationRows,
    no_relation_rows,
    read_relation_rows,
    relation_names,
)
from naturel.builders.sources.sampling import Chosen, Sampling, choose_triplets
from naturel.builders.sources.spatial import Mining, mine_triplets, nothing_mined, sample_triplets
from naturel.builders.sources.tables import SourceTables

__all__ = ["ANNOTATION_LICENSE", "SOURCE", "Sampling", "read_openimages"]

ANNOTATION_LICENSE = "CC BY 4.0"
METADATA = {
    "OriginalLandingURL": "landing_url",
    "License": "license",
    "Author": "author",
    "Title": "title",
    "Rotation": "rotation",
}
"""Columns of the image metadata file -> ours."""


def read_openimages(
    files: Mapping[str, Path],
    split: str,
    sampling: Sampling,
    vocabulary: Vocabulary,
    nouns: NounTable,
    pictures: str = PICTURES,
    mining: Mining | None = None,
) -> SourceTables:
    """Read one split of Open Images.

    Args:
        files: Kind -> path, as `find_files` gives them; only `relations` is needed, or `boxes` to mine them.
        split: train, validation or test; it is recorded, and part of the picture addresses.
        sampling: Which (picture, triplet)s are wanted.
        vocabulary: The relations.
        nouns: The nouns; classes that neither they nor the class file know are left out and counted.
        pictures: Where pictures are published: `<pictures>/<split>/<image id>.jpg`.
        mining: Which spatial triplets are mined from all boxes, besides those annotated; None: none are.

    Returns:
        The source's tables, for the sampled pictures.

    Raises:
        UserError: A file is damaged, lacks a column, or has no usable row.
    """
    reader = _Reader(files, vocabulary, nouns)
    if mining is None:
        return reader.read(split, sampling, pictures)
    return reader.read_spatial(split, sampling, pictures, mining)


def read_boxed_openimages(
    files: Mapping[str, Path], split: str, vocabulary: Vocabulary, nouns: NounTable, pictures: str = PICTURES
) -> SourceTables:
    """Read the boxes of one split and nothing else: all pictures that have any, without relations or triplets.

    Args:
        files: Kind -> path, as `find_files` gives them; `boxes` is needed.
        split: train, validation or test.
        vocabulary: The relations.
        nouns: The nouns.
        pictures: Where pictures are published.

    Raises:
        UserError: A file is damaged or lacks a column.
    """
    return _Reader(files, vocabulary, nouns).read_boxed(split, pictures)


class _Reader:
    """Reads the files one after another; what has been left out and noted so far."""

    def __init__(self, files: Mapping[str, Path], vocabulary: Vocabulary, nouns: NounTable) -> None:
        self.files, self.vocabulary, self.nouns = files, vocabulary, nouns
        self.dropped: Counter[str] = Counter()
        self.notes: list[str] = []
        self.examples: dict[str, str] = {}
        self.names: RelationNames = relation_names(vocabulary)
        self.labels: Labels = read_labels(files, nouns, self.dropped)

    def read(self, split: str, sampling: Sampling, pictures: str) -> SourceTables:
        """All tables of the sampled pictures."""
        rows = self._relation_rows()
        chosen = choose_triplets(rows, sampling, self.vocabulary, self.labels, self.dropped)
        numbers = np.unique(rows.picture[chosen.row])
        wanted = Wanted(rows.pictures.take(pa.array(numbers)), numbers)
        triplets = self._triplets(rows, chosen)
        is_wanted = np.zeros(len(rows.pictures), dtype=np.bool_)
        is_wanted[numbers] = True
        if len(numbers) < len(rows.pictures):
            rows = rows.take(np.flatnonzero(is_wanted[rows.picture]))
        objects, complete = self._objects(rows, wanted)
        images = self._images(wanted.ids, split, pictures)
        return self._tables(rows, wanted, triplets, objects, complete, images)

    def read_spatial(self, split: str, sampling: Sampling, pictures: str, mining: Mining) -> SourceTables:
        """All tables, with spatial triplets mined from the boxes of pictures whose boxes are complete.

        Boxes and metadata of all pictures are read before any is sampled: what a picture has shows only then.
        """
        rows = self._relation_rows() if "relations" in self.files else no_relation_rows()
        boxed = picture_ids(self.files["boxes"])
        rows = rows.among(pc.unique(pa.concat_arrays([rows.pictures, boxed])).sort())
        everything = Wanted(rows.pictures, np.arange(len(rows.pictures), dtype=np.int32))
        objects, complete = self._objects(rows, everything)
        images = self._images(everything.ids, split, pictures)
        upright = turned(objects.take(np.flatnonzero(complete[objects.picture])), images["rotation"])
        mined = mine_triplets(
            object_table(upright, rows.pictures, self.labels), mining, self.vocabulary, self.nouns
        )
        self.dropped.update(mined.dropped)
        self.notes.append(mining.note)
        found = [conform(mined.triplets, schema.TRIPLETS)]
        if len(rows):
            annotated = choose_triplets(
                rows, Sampling(sampling.seed), self.vocabulary, self.labels, self.dropped
            )
            found.append(conform(self._triplets(rows, annotated), schema.TRIPLETS))
        triplets = sample_triplets(pa.concat_tables(found), sampling, self.dropped)
        if not triplets.num_rows:
            raise UserError(nothing_mined(self.files["boxes"], self.dropped))
        numbers = codes_of(triplets["image_id"].combine_chunks().unique().sort(), rows.pictures)
        wanted = Wanted(rows.pictures.take(pa.array(numbers)), numbers.astype(np.int32))
        objects = objects.take(np.flatnonzero(np.isin(objects.picture, numbers)))
        rows = rows.take(np.flatnonzero(np.isin(rows.picture, numbers)))
        return self._tables(rows, wanted, triplets, objects, complete, images.take(pa.array(numbers)))

    def read_boxed(self, split: str, pictures: str) -> SourceTables:
        """Every picture of the box file."""
        rows = no_relation_rows().among(picture_ids(self.files["boxes"]).sort())
        everything = Wanted(rows.pictures, np.arange(len(rows.pictures), dtype=np.int32))
        objects, complete = self._objects(rows, everything)
        images = self._images(everything.ids, split, pictures)
        return self._tables(rows, everything, schema.TRIPLETS.empty_table(), objects, complete, images)

    def _tables(
        self,
        rows: RelationRows,
        wanted: Wanted,
        triplets: pa.Table,
        objects: Objects,
        complete: npt.NDArray[np.bool_],
        images: pa.Table,
    ) -> SourceTables:
        """What is known of the wanted pictures; `complete` has all pictures, the other arguments only those."""
        return SourceTables(
            images=images.append_column("boxes_complete", pa.array(complete[wanted.numbers])),
            objects=object_table(objects, rows.pictures, self.labels),
            absent_labels=self._absent_labels(rows, wanted, objects),
            relations=self._relations(rows),
            triplets=triplets,
            dropped=+self.dropped,
            notes=tuple(self.notes),
            examples=self.examples,
        )

    def _relation_rows(self) -> RelationRows:
        path = self.files["relations"]
        faults = Faults(path, RELATION_LAYOUT, "relation row")
        rows, dropped = read_relation_rows(path, self.labels, self.names, faults)
        self.dropped.update(dropped)
        self._explain(faults)
        return rows

    def _explain(self, faults: Faults, pictures: frozenset[str] | None = None) -> None:
        """Count bad rows, give an example of each reason, and say so where they are many."""
        self.dropped.update(faults.by_reason)
        self.examples |= faults.find_examples(self.labels, self.names.numbers, self.names.unary, pictures)
        bad = sum(faults.counts.values())
        if bad * 2 > faults.total:
            self.notes.append(
                f"{bad:,} of {faults.total:,} {faults.prefix}s of {faults.path.name} could not be used: the files "
                "may be of different versions"
            )

    def _label_column(self, numbers: npt.NDArray[np.int16]) -> pa.DictionaryArray:
        return pa.DictionaryArray.from_arrays(numbers, self.labels.names)

    def _relation_column(self, numbers: npt.NDArray[np.int16]) -> pa.DictionaryArray:
        return pa.DictionaryArray.from_arrays(numbers, pa.array(self.names.names))

    def _triplets(self, rows: RelationRows, chosen: Chosen) -> pa.Table:
        """A table like `schema.TRIPLETS`."""
        row = chosen.row
        return pa.table(
            {
                "image_id": pa.DictionaryArray.from_arrays(rows.picture[row], rows.pictures),
                "subject_label": self._label_column(rows.subject[row]),
                "relation": self._relation_column(rows.relation[row]),
                "object_label": self._label_column(rows.object[row]),
                "subject_id": pa.array(rows.subject_key[row]),
                "object_id": pa.array(rows.object_key[row], mask=rows.unary[row]),
                "pairs": pa.array(chosen.pairs),
            }
        )

    def _relations(self, rows: RelationRows) -> pa.Table:
        """A table like `schema.RELATIONS`."""
        evidence = pa.DictionaryArray.from_arrays(np.zeros(len(rows), np.int8), pa.array(["annotated"]))
        return pa.table(
            {
                "image_id": pa.DictionaryArray.from_arrays(rows.picture, rows.pictures),
                "relation_id": pa.array(rows.id),
                "subject_id": pa.array(rows.subject_key),
                "subject_label": self._label_column(rows.subject),
                "relation": self._relation_column(rows.relation),
                "object_id": pa.array(rows.object_key, mask=rows.unary),
                "object_label": self._label_column(rows.object),
                "evidence": evidence,
            }
        )

    def _objects(self, rows: RelationRows, wanted: Wanted) -> tuple[Objects, npt.NDArray[np.bool_]]:
        """All objects of the wanted pictures, of the relation rows and of the box file where present.

        Also whether each picture's boxes are complete: it is in the box file, and none of its rows is damaged.
        """
        objects = related_objects(rows)
        complete = np.zeros(len(rows.pictures), dtype=np.bool_)
        path = self.files.get("boxes")
        if path is None:
            self.notes.append("no box file: only boxes that take part in a relation are known")
            return objects, complete
        faults = Faults(path, BOX_LAYOUT, "box row")
        boxed, damaged = read_boxes(path, wanted, self.labels, faults)
        if faults.counts:
            self._explain(faults, frozenset(wanted.ids.to_pylist()))
        complete[boxed.picture] = True
        complete[damaged] = False
        return add_boxed_objects(objects, boxed), complete

    def _absent_labels(self, rows: RelationRows, wanted: Wanted, objects: Objects) -> pa.Table:
        path = self.files.get("labels")
        if path is None:
            self.notes.append("no human image-label file: no label is known to be absent")
            return schema.ABSENT_LABELS.empty_table()
        table, dropped = read_absent_labels(path, wanted, rows.pictures, self.labels, objects)
        self.dropped.update(dropped)
        return table

    def _images(self, ids: pa.Array, split: str, pictures: str) -> pa.Table:
        """Columns of `schema.IMAGES`, without `boxes_complete`; what the metadata file does not say is null."""
        count = len(ids)
        said = {ours: pa.nulls(count, schema.IMAGES.field(ours).type) for ours in METADATA.values()}
        path = self.files.get("images")
        if path is None:
            self.notes.append("no image metadata file: licences, authors and rotation are unknown")
        else:
            metadata = self._metadata(path, ids)
            numbers = pa.array(np.arange(count, dtype=np.int32))
            place = pc.index_in(numbers, value_set=metadata["place"].combine_chunks())
            for ours in metadata.column_names[1:]:
                said[ours] = metadata[ours].take(place)
            without = said["license"].null_count
            if without:
                self.notes.append(f"{without:,} pictures have no licence in {path.name}")
        urls = pc.binary_join_element_wise(f"{pictures}/{split}/", ids, ".jpg", "")
        source = {name: pa.array([value]) for name, value in (("source", SOURCE), ("source_split", split))}
        zeros = np.zeros(count, np.int8)
        repeated = {name: pa.DictionaryArray.from_arrays(zeros, value) for name, value in source.items()}
        return pa.table({"image_id": ids, "url": urls, **repeated, **said})

    def _metadata(self, path: Path, wanted: pa.Array) -> pa.Table:
        """One row a wanted picture that the metadata file knows: `place` (which), and the columns that it has."""
        present = header_of(path)
        missing = [name for name in METADATA if name not in present]
        if missing:
            self.notes.append(f"{path.name} has no column {', '.join(missing)}")
        types = {name: NUMBER if name == "Rotation" else TEXT for name in METADATA if name in present}
        columns = ["place", *types]
        tables = []
        malformed = 0
        for batch in read_csv_of(path, {"ImageID": TEXT} | types, "ImageID", wanted):
            whole = pc.is_null(batch.column("surplus"))
            malformed += batch.num_rows - (pc.sum(whole).as_py() or 0)
            table = pa.table({name: _clean(batch.column(name)) for name in columns})
            tables.append(table.filter(whole))
        self.dropped["image row: malformed row"] += malformed
        names = ["place", *(METADATA[name] for name in types)]
        if not tables:
            kinds = {"place": pa.int32()} | {name: schema.IMAGES.field(name).type for name in names[1:]}
            return pa.schema(kinds).empty_table()
        table = pa.concat_tables(tables).rename_columns(names)
        repeated = table.num_rows - len(table["place"].unique())
        if repeated:  # the smallest of them stands, whatever the order of rows
            self.dropped["image row: repeated"] += repeated
            table = table.sort_by([(name, "ascending") for name in names])
        return table


def _clean(values: pa.Array) -> pa.Array:
    """Empty text as null, other text in Unicode normal form C; numbers as they are."""
    if not pa.types.is_large_string(values.type):
        return values
    text = values.cast(pa.string())
    special = pc.fill_null(pc.invert(pc.string_is_ascii(text)), False)
    if pc.any(special).as_py():  # Arrow's own NFC leaves composed characters apart
        composed = [unicodedata.normalize("NFC", value) for value in text.filter(special).to_pylist()]
        text = pc.replace_with_mask(text, special, pa.array(composed, pa.string()))
    return pc.if_else(pc.equal(text, ""), None, text)
