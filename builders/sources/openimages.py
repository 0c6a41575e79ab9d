"""Open Images: visual relationships, boxes, verified labels and image metadata, V4 to V7.

Formats: https://storage.googleapis.com/openimages/web/download_v6.html#df-visual-relationships . The same reader
serves the official files, wherever they lie, and the embedded sample, which is laid out like them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import daft
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from daft import DataFrame, Expression, Window, col, lit
from daft.functions import hash as hash_of
from daft.functions import row_number, when

from naturel.annotations import schema
from naturel.annotations.errors import UserError
from naturel.annotations.nouns import NounTable
from naturel.annotations.relations import Vocabulary
from naturel.builders.engine import NUMBER, TEXT, collect, frame_of, header_of, scan_csv
from naturel.builders.sources.openimages_files import PICTURES
from naturel.builders.sources.tables import SourceTables

SOURCE = "openimages"
ANNOTATION_LICENSE = "CC BY 4.0"

SLACK = 0.01
"""How far outside [0, 1] a coordinate may lie (rounding in the files); it is clipped."""
SAME_BOX = 1000
"""Boxes of one label that agree to 1/SAME_BOX of the picture are one object in every file."""


@dataclass(frozen=True)
class Sampling:
    """Which (picture, triplet)s become records."""

    seed: int = 0
    max_images: int | None = None
    max_per_triplet: int | None = None
    relations: tuple[str, ...] = ()
    """Canonical relations to keep; empty: all usable ones."""


@dataclass
class _Reading:
    """What has been left out and noted so far."""

    dropped: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)


def read_openimages(
    files: Mapping[str, Path],
    split: str,
    sampling: Sampling,
    vocabulary: Vocabulary,
    nouns: NounTable,
    pictures: str = PICTURES,
) -> SourceTables:
    """Read one split of Open Images.

    Args:
        files: Kind -> path, as `find_files` gives them; only `relations` is needed.
        split: train, validation or test; it is recorded, and part of the picture addresses.
        sampling: Which (picture, triplet)s are wanted.
        vocabulary: The relations.
        nouns: The nouns; classes that neither they nor the class file know are left out and counted.
        pictures: Where pictures are published: `<pictures>/<split>/<image id>.jpg`.

    Returns:
        The source's tables, for the sampled pictures.

    Raises:
        UserError: A file is damaged, lacks a column, or has no usable row.
    """
    reading = _Reading()
    labels = _label_names(files, nouns)
    rows = _relation_rows(files["relations"], labels, vocabulary, reading)
    triplets = _sample(rows, sampling, vocabulary, reading)
    wanted = frame_of(pa.table({"image_id": triplets["image_id"].unique()}))

    relations = frame_of(rows).join(wanted, on="image_id", how="semi")
    objects = _objects(relations, files.get("boxes"), wanted, labels, reading)
    absent = _absent_labels(files.get("labels"), wanted, labels, reading)
    images = _images(files.get("images"), wanted, split, pictures, "boxes" in files, reading)
    return SourceTables(
        images=images,
        objects=objects,
        absent_labels=absent,
        relations=relations.select(
            *(col(name) for name in schema.RELATIONS.names if name != "evidence"),
            lit("annotated").alias("evidence"),
        ).to_arrow(),
        triplets=triplets,
        dropped=reading.dropped,
        notes=tuple(reading.notes),
    )


def _label_names(files: Mapping[str, Path], nouns: NounTable) -> pa.Table:
    """Open Images id (MID) -> label, from the class files where present, else from the embedded noun table."""
    names = {noun.mid: noun.label for noun in nouns.nouns.values() if noun.mid}
    names |= {attribute.mid: attribute.label for attribute in nouns.attributes.values() if attribute.mid}
    attributes = {attribute.label.casefold() for attribute in nouns.attributes.values()}
    attribute_mids = {attribute.mid for attribute in nouns.attributes.values()}
    kinds = {mid: mid in attribute_mids for mid in names}
    for kind in ("classes", "attributes"):
        path = files.get(kind)
        if path is None:
            continue
        first = header_of(path)
        header = None if first[0] in ("id", "LabelName") else ["id", "name"]
        columns = dict.fromkeys((header or first)[:2], TEXT)
        table = collect(scan_csv(path, columns, header=header), str(path))
        for mid, name in zip(table.column(0).to_pylist(), table.column(1).to_pylist(), strict=True):
            if mid and name:
                names[mid] = names.get(mid, name)
                kinds[mid] = kind == "attributes" or name.casefold() in attributes
    return pa.table(
        {
            "mid": pa.array(names.keys(), pa.string()),
            "label": pa.array(names.values(), pa.string()),
            "is_attribute": pa.array([kinds[mid] for mid in names], pa.bool_()),
        }
    )


def _in_unit_box(*sides: tuple[str, str]) -> Expression:
    """Whether each (low, high) pair of columns is an interval within [0, 1], give or take `SLACK`."""
    checks = [
        (col(low) >= lit(-SLACK))
        & (col(high) <= lit(1 + SLACK))
        & (col(low) < col(high))
        & ~col(low).is_nan()
        & ~col(high).is_nan()
        for low, high in sides
    ]
    whole = checks[0]
    for check in checks[1:]:
        whole = whole & check
    return whole


def _box(x_min: str, y_min: str, x_max: str, y_max: str) -> list[Expression]:
    """The four coordinates, clipped to [0, 1], in the order of our boxes."""
    return [col(name).clip(lit(0.0), lit(1.0)) for name in (x_min, y_min, x_max, y_max)]


def _object_id(label: Expression, box: Sequence[Expression]) -> Expression:
    """An id from content, so that the relation file and the box file name the same object alike."""
    grid = [(side * SAME_BOX).round().cast(daft.DataType.int32()) for side in box]
    return hash_of(label, *grid, hash_function="xxhash64").cast(TEXT)


def _relation_rows(path: Path, labels: pa.Table, vocabulary: Vocabulary, reading: _Reading) -> pa.Table:
    """Read and check the relation file: good rows as relations with the boxes of their two objects."""
    sides = ("XMin1", "XMax1", "YMin1", "YMax1", "XMin2", "XMax2", "YMin2", "YMax2")
    texts = ("ImageID", "LabelName1", "LabelName2", "RelationshipLabel")
    types = dict.fromkeys(texts, TEXT) | dict.fromkeys(sides, NUMBER)
    raw = scan_csv(path, types)
    source_names = [
        (name, relation.name, relation.kind == "attribute")
        for relation in vocabulary
        for name in relation.sources.get(SOURCE, ())
    ]
    known = pa.table(
        {
            "RelationshipLabel": pa.array([row[0] for row in source_names]),
            "relation": pa.array([row[1] for row in source_names]),
            "unary": pa.array([row[2] for row in source_names]),
        }
    )
    for side in ("1", "2"):
        names = frame_of(labels).select(
            col("mid").alias(f"LabelName{side}"),
            col("label").alias(f"label{side}"),
            col("is_attribute").alias(f"attribute{side}"),
        )
        raw = raw.join(names, on=f"LabelName{side}", how="left")
    raw = raw.join(frame_of(known), on="RelationshipLabel", how="left")

    missing = col("surplus").not_null()
    for name in texts:
        missing = missing | col(name).is_null() | (col(name) == lit(""))
    no_number = col(sides[0]).is_null()
    for name in sides[1:]:
        no_number = no_number | col(name).is_null()
    good_box = _in_unit_box(("XMin1", "XMax1"), ("YMin1", "YMax1"), ("XMin2", "XMax2"), ("YMin2", "YMax2"))
    reason = (
        when(missing, "malformed row")
        .when(no_number, "a coordinate is not a number")
        .when(~good_box, "box is inverted, empty or outside the picture")
        .when(col("label1").is_null() | col("label2").is_null(), "unknown class")
        .when(col("relation").is_null(), "unknown relation")
        .when(
            col("attribute1") | (col("attribute2") != col("unary")),
            "class where an attribute belongs, or the reverse",
        )
        .otherwise("")
    )
    box1, box2 = _box("XMin1", "YMin1", "XMax1", "YMax1"), _box("XMin2", "YMin2", "XMax2", "YMax2")
    frame = raw.select(
        reason.alias("reason"),
        col("ImageID").alias("image_id"),
        col("label1").alias("subject_label"),
        col("relation"),
        col("label2").alias("object_label"),
        col("unary"),
        _object_id(col("label1"), box1).alias("subject_id"),
        when(col("unary"), lit(None).cast(TEXT))
        .otherwise(_object_id(col("label2"), box2))
        .alias("object_id"),
        *(side.alias(f"s{i}") for i, side in enumerate(box1)),
        *(side.alias(f"o{i}") for i, side in enumerate(box2)),
    )
    table = collect(frame, str(path))
    total = table.num_rows
    for entry in table["reason"].value_counts().to_pylist():
        if entry["values"]:
            reading.dropped[f"relation row: {entry['values']}"] += entry["counts"]
    table = table.filter(pc.equal(table["reason"], "")).drop_columns(["reason"])
    same = pc.fill_null(pc.equal(table["subject_id"], table["object_id"]), False)
    reading.dropped["relation row: subject and object are one box"] += pc.sum(same).as_py() or 0
    table = table.filter(pc.invert(same))
    if table.num_rows == 0:
        why = ", ".join(
            f"{name.removeprefix('relation row: ')}: {n}" for name, n in reading.dropped.most_common()
        )
        raise UserError(
            f"{path}: none of its {total} rows can be used ({why or 'it has only a header'}). "
            "Are the class files of the same version in this folder?"
        )
    return _distinct_relations(table, reading)


def _distinct_relations(table: pa.Table, reading: _Reading) -> pa.Table:
    """Give each relation its id, and keep one of equal rows."""
    keyed = frame_of(table).with_column(
        "relation_id",
        hash_of(
            col("image_id"),
            col("subject_id"),
            col("relation"),
            col("object_id").fill_null(col("object_label")),
            hash_function="xxhash64",
        ).cast(TEXT),
    )
    # Boxes that differ by rounding only are one object: the smallest coordinates stand, whatever the row order.
    sides = [f"{side}{i}" for side in "so" for i in range(4)]
    same = ["subject_id", "subject_label", "relation", "object_id", "object_label", "unary"]
    distinct = (
        keyed.groupby("image_id", "relation_id")
        .agg(*(col(name).any_value() for name in same), *(col(name).min() for name in sides))
        .to_arrow()
    )
    repeated = table.num_rows - distinct.num_rows
    if repeated:
        reading.dropped["relation row: repeated"] += repeated
    return distinct


def _area(side: str) -> Expression:
    return (col(f"{side}2") - col(f"{side}0")) * (col(f"{side}3") - col(f"{side}1"))


def _sample(rows: pa.Table, sampling: Sampling, vocabulary: Vocabulary, reading: _Reading) -> pa.Table:
    """Choose (picture, triplet)s by the hash of seed and key, and the pair of boxes that stands for each."""
    usable = [r.name for r in vocabulary if r.usable]
    keep = [name for name in usable if not sampling.relations or name in sampling.relations]
    key = ("image_id", "subject_label", "relation", "object_label")
    pairs = frame_of(rows).where(col("relation").is_in(keep)).with_column("area", _area("s") + _area("o"))
    largest = Window().partition_by(*key).order_by("area", "relation_id", desc=[True, False])
    first = pairs.with_column("place", row_number().over(largest)).where(col("place") == lit(1))
    counts = pairs.groupby(*key).agg(col("relation_id").count().cast(daft.DataType.int32()).alias("pairs"))
    chosen = first.join(counts, on=list(key)).select(*key, "subject_id", "object_id", "pairs").collect()
    total = chosen.count_rows()
    if total == 0:
        raise UserError(
            f"no row has a relation of {', '.join(sampling.relations or usable)}: nothing to build."
        )
    if sampling.max_per_triplet is not None:
        order = hash_of(*(col(name) for name in key), seed=sampling.seed, hash_function="xxhash64")
        window = Window().partition_by(*key[1:]).order_by("order", "image_id")
        ranked = chosen.with_column("order", order).with_column("place", row_number().over(window))
        chosen = (
            ranked.where(col("place") <= lit(sampling.max_per_triplet)).exclude("order", "place").collect()
        )
    if sampling.max_images is not None:
        images = (
            chosen.select("image_id")
            .distinct()
            .with_column("order", hash_of(col("image_id"), seed=sampling.seed, hash_function="xxhash64"))
        )
        images = images.sort(["order", "image_id"]).limit(sampling.max_images).select("image_id")
        chosen = chosen.join(images, on="image_id", how="semi").collect()
    left_out = total - chosen.count_rows()
    if left_out:
        reading.dropped["triplet: not in the sample asked for"] += left_out
    unused = rows.num_rows - pairs.count_rows()
    if unused:
        reading.dropped["relation row: relation not asked for or not usable"] += unused
    return chosen.to_arrow()


def _objects(
    relations: DataFrame, path: Path | None, wanted: DataFrame, labels: pa.Table, reading: _Reading
) -> pa.Table:
    """All boxes of the wanted pictures: those of the relation rows, and those of the box file where present."""
    columns = ["image_id", "object_id", "label", "b0", "b1", "b2", "b3"]
    subjects = relations.select(
        "image_id",
        col("subject_id").alias("object_id"),
        col("subject_label").alias("label"),
        *(col(f"s{i}").alias(f"b{i}") for i in range(4)),
    )
    others = relations.where(col("object_id").not_null()).select(
        "image_id",
        "object_id",
        col("object_label").alias("label"),
        *(col(f"o{i}").alias(f"b{i}") for i in range(4)),
    )
    flags = ("is_group_of", "is_depiction", "is_occluded", "is_truncated")
    nothing = [lit(None).cast(daft.DataType.bool()).alias(name) for name in flags]
    named = subjects.union_all(others).select(*columns, *nothing, lit(1).alias("rank"))
    if path is not None:
        named = named.union_all(_box_rows(path, wanted, labels, reading))
    else:
        reading.notes.append("no box file: only boxes that take part in a relation are known")
    # The box file's row wins: it carries the flags.
    window = Window().partition_by("image_id", "object_id").order_by("rank", "b0", "b1", "b2", "b3")
    table = named.with_column("place", row_number().over(window)).where(col("place") == lit(1)).to_arrow()
    return _with_box(table, "b")


def _with_box(table: pa.Table, prefix: str) -> pa.Table:
    """Gather four coordinate columns into one box column."""
    sides = np.stack([table[f"{prefix}{i}"].to_numpy() for i in range(4)], axis=1).astype(np.float32)
    box = pa.FixedSizeListArray.from_arrays(pa.array(sides.reshape(-1)), 4)
    return table.append_column("box", box.cast(schema.BOX))


def _flag(name: str) -> Expression:
    """A flag of the box file: 1, 0, or -1 for unknown."""
    value = when(col(name) == lit(1), True).when(col(name) == lit(0), False).otherwise(lit(None))
    return value.cast(daft.DataType.bool())


def _box_rows(path: Path, wanted: DataFrame, labels: pa.Table, reading: _Reading) -> DataFrame:
    """The box file's rows for the wanted pictures; its flags are 1, 0 or -1 (unknown)."""
    flags = {
        "IsGroupOf": "is_group_of",
        "IsDepiction": "is_depiction",
        "IsOccluded": "is_occluded",
        "IsTruncated": "is_truncated",
    }
    sides = ("XMin", "YMin", "XMax", "YMax")
    types = {"ImageID": TEXT, "LabelName": TEXT} | dict.fromkeys((*sides, *flags), NUMBER)
    names = frame_of(labels).select(col("mid").alias("LabelName"), col("label"))
    raw = scan_csv(path, types).join(
        wanted.select(col("image_id").alias("ImageID")), on="ImageID", how="semi"
    )
    box = _box(*sides)
    frame = raw.join(names, on="LabelName", how="left").select(
        when(
            col("XMin").is_null() | col("XMax").is_null() | col("YMin").is_null() | col("YMax").is_null(),
            "malformed row",
        )
        .when(
            ~_in_unit_box(("XMin", "XMax"), ("YMin", "YMax")), "box is inverted, empty or outside the picture"
        )
        .when(col("label").is_null(), "unknown class")
        .otherwise("")
        .alias("reason"),
        col("ImageID").alias("image_id"),
        _object_id(col("label"), box).alias("object_id"),
        "label",
        *(side.alias(f"b{i}") for i, side in enumerate(box)),
        *(_flag(name).alias(ours) for name, ours in flags.items()),
        lit(0).alias("rank"),
    )
    table = collect(frame, str(path))
    for entry in table["reason"].value_counts().to_pylist():
        if entry["values"]:
            reading.dropped[f"box row: {entry['values']}"] += entry["counts"]
    return frame_of(table.filter(pc.equal(table["reason"], "")).drop_columns(["reason"]))


def _absent_labels(path: Path | None, wanted: DataFrame, labels: pa.Table, reading: _Reading) -> pa.Table:
    """Labels that people verified as absent: confidence 0 in the human image-label file."""
    if path is None:
        reading.notes.append("no human image-label file: no label is known to be absent")
        return schema.ABSENT_LABELS.empty_table()
    names = frame_of(labels).select(col("mid").alias("LabelName"), col("label"))
    frame = (
        scan_csv(path, {"ImageID": TEXT, "LabelName": TEXT, "Confidence": NUMBER})
        .where(col("Confidence") == lit(0))
        .join(wanted.select(col("image_id").alias("ImageID")), on="ImageID", how="semi")
        .join(names, on="LabelName")
        .select(col("ImageID").alias("image_id"), "label")
        .distinct()
    )
    return collect(frame, str(path))


def _images(
    path: Path | None, wanted: DataFrame, split: str, pictures: str, boxes_complete: bool, reading: _Reading
) -> pa.Table:
    """One row a wanted picture; what the metadata file does not say is null."""
    columns = {
        "OriginalLandingURL": "landing_url",
        "License": "license",
        "Author": "author",
        "Title": "title",
        "Rotation": "rotation",
    }
    frame = wanted.with_columns(
        {
            "source": lit(SOURCE),
            "source_split": lit(split),
            "boxes_complete": lit(boxes_complete),
            "url": lit(f"{pictures}/{split}/") + col("image_id") + lit(".jpg"),
        }
    )
    if path is None:
        reading.notes.append("no image metadata file: licences, authors and rotation are unknown")
        empty = {ours: lit(None).cast(NUMBER if ours == "rotation" else TEXT) for ours in columns.values()}
        return frame.with_columns(empty).select(*schema.IMAGES.names).to_arrow()
    present = header_of(path)
    types = {"ImageID": TEXT} | {
        name: NUMBER if name == "Rotation" else TEXT for name in columns if name in present
    }
    metadata = (
        scan_csv(path, types)
        .join(wanted.select(col("image_id").alias("ImageID")), on="ImageID", how="semi")
        .distinct("ImageID")
        .select(
            col("ImageID").alias("image_id"),
            *(col(name).alias(columns[name]) for name in types if name != "ImageID"),
        )
    )
    joined = frame.join(metadata, on="image_id", how="left")
    gaps = {
        ours: lit(None).cast(NUMBER if ours == "rotation" else TEXT)
        for name, ours in columns.items()
        if name not in present
    }
    table = collect(joined.with_columns(gaps).select(*schema.IMAGES.names), str(path))
    without = table["license"].null_count
    if without:
        reading.notes.append(f"{without} pictures have no licence in {path.name}")
    return table
