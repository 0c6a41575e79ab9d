"""Counter-images: pictures mirrored left to right, with their relations, in which left and right change places.

A picture and its mirror image differ in nothing but the sides: "cat to the left of dog" is true of one and false of
the other. Whatever else the source says of a picture is said of its mirror image too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations import schema
from naturel.annotations.nouns import NounTable
from naturel.annotations.relations import Vocabulary
from naturel.builders.engine import conform
from naturel.builders.sources.tables import SourceTables

SUFFIX = "-mirrored"
"""What is added to the ids of a picture and of its relations."""

WITH_WRITING = (
    "Billboard", "Book", "Calculator", "Clock", "Computer keyboard", "Flag", "Laptop", "Mobile phone", "Poster",
    "Remote control", "Scoreboard", "Sign", "Stop sign", "Traffic sign", "Vehicle registration plate", "Watch",
)  # fmt: skip
"""Labels of things that mostly carry writing or a figure with a right way round: their pictures look mirrored."""

NO_DERIVATIVES = r"(?i)(^|[^a-z])nd([^a-z]|$)|no[ -]?deriv"
"""Licences that forbid a changed picture."""


@dataclass(frozen=True)
class Mirroring:
    """Which pictures are mirrored, and what for."""

    records: bool
    """Whether records are made of the mirror images; else they only serve as negative images."""
    excluded: Collection[str] = WITH_WRITING
    """Pictures with a thing of these labels, or of one below them, are not mirrored."""


def add_mirrors(
    tables: SourceTables, mirroring: Mirroring, vocabulary: Vocabulary, nouns: NounTable
) -> SourceTables:
    """Add the mirror image of every picture in which a side is claimed.

    Pictures that have a counterpart already, whose licence forbids changes, or that show an excluded label, are left
    as they are, and counted.

    Args:
        tables: A source's tables.
        mirroring: Which pictures are mirrored, and what for.
        vocabulary: The relations; `mirror` tells which change places.
        nouns: The nouns, for the labels below the excluded ones.

    Returns:
        The tables with rows for the mirror images; the two pictures name each other as counterparts.
    """
    images = conform(tables.images, schema.IMAGES)
    sided = pa.array([relation.name for relation in vocabulary if relation.mirror], pa.string())
    triplets = conform(tables.triplets, schema.TRIPLETS)
    claimed = triplets.filter(pc.is_in(triplets["relation"], value_set=sided))["image_id"]
    wanted = pc.and_(_among(images["image_id"], claimed), pc.is_null(images["counterpart_id"]))
    labels = {below for label in mirroring.excluded for below in (label, *nouns.descendants(label))}
    objects = conform(tables.objects, schema.OBJECTS)
    showing = objects.filter(pc.is_in(objects["label"], value_set=pa.array(sorted(labels), pa.string())))
    written = pc.and_(wanted, _among(images["image_id"], showing["image_id"]))
    forbidden = pc.fill_null(pc.match_substring_regex(images["license"], NO_DERIVATIVES), False)
    forbidden = pc.and_(pc.and_(wanted, forbidden), pc.invert(written))
    mirrored = pc.and_(wanted, pc.invert(pc.or_(written, forbidden)))
    dropped = Counter(
        {
            "mirror image: its picture has writing or signs": int(pc.sum(written).as_py() or 0),
            "mirror image: its picture's licence forbids changes": int(pc.sum(forbidden).as_py() or 0),
        }
    )
    chosen = images.filter(mirrored)
    ids = chosen["image_id"]
    parts = {
        "objects": _of(objects, ids),
        "absent_labels": _of(conform(tables.absent_labels, schema.ABSENT_LABELS), ids),
        "relations": _exchanged(_of(conform(tables.relations, schema.RELATIONS), ids), vocabulary),
        "triplets": _exchanged(_of(triplets, ids), vocabulary) if mirroring.records else triplets.slice(0, 0),
    }
    together = {
        name: pa.concat_tables([conform(getattr(tables, name), part.schema), _renamed(part)])
        for name, part in parts.items()
    }
    return replace(
        tables,
        images=_images(images, np.asarray(mirrored, dtype=np.bool_)),
        dropped=tables.dropped + dropped,
        **together,
    )


def _among(values: pa.ChunkedArray, names: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.is_in(values, value_set=pc.unique(names))


def _of(table: pa.Table, ids: pa.ChunkedArray) -> pa.Table:
    return table.filter(pc.is_in(table["image_id"], value_set=ids.combine_chunks()))


def _suffixed(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(values, SUFFIX, "")


def _renamed(table: pa.Table) -> pa.Table:
    """The rows as those of the mirror images."""
    for name in ("image_id", "relation_id"):
        if name in table.column_names:
            table = table.set_column(table.column_names.index(name), name, _suffixed(table[name]))
    return table


def _exchanged(table: pa.Table, vocabulary: Vocabulary) -> pa.Table:
    """The rows with each relation as in the mirrored picture, without the source's words where it changed."""
    relation = table["relation"].combine_chunks().dictionary_encode()
    names = relation.dictionary.to_pylist()
    after = pa.array([vocabulary.mirrored(name) for name in names], pa.string()).take(relation.indices)
    phrase = pc.if_else(pc.equal(after, table["relation"]), table["phrase"], None)
    table = table.set_column(table.column_names.index("relation"), "relation", after)
    return table.set_column(table.column_names.index("phrase"), "phrase", phrase)


def _images(images: pa.Table, mirrored: np.typing.NDArray[np.bool_]) -> pa.Table:
    """All pictures and the mirror images of the marked ones, which name each other as counterparts."""
    ids = images["image_id"]
    counterpart = pc.if_else(pa.array(mirrored), _suffixed(ids), images["counterpart_id"])
    place = images.column_names.index("counterpart_id")
    chosen = images.filter(pa.array(mirrored))
    changed = {
        "image_id": _suffixed(chosen["image_id"]),
        "file_name": pc.coalesce(chosen["file_name"], chosen["image_id"]),
        "mirrored": pa.array(np.ones(chosen.num_rows, dtype=np.bool_)),
        "counterpart_id": chosen["image_id"],
    }
    for name, values in changed.items():
        chosen = chosen.set_column(chosen.column_names.index(name), name, values)
    return pa.concat_tables(
        [images.set_column(place, "counterpart_id", counterpart), chosen.cast(images.schema)]
    )
