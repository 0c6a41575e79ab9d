"""Pairs of a positive and a negative caption, from NatuRel releases, SugarCrepe files and other tables."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from naturel.annotations.errors import UserError
from naturel.builders.choice import mix, seeded
from naturel.builders.versions import versions_in

NO_GROUP = "none"
"""The grouping in which each pair stands alone."""
POSITIONS = 4
"""Pairs of a record: the simple one, then three complex ones."""
RECORD_COLUMNS = (
    "image_id",
    "subject",
    "relation",
    "object",
    "simple_positive",
    "simple_negative",
    "complex_positives",
    "complex_negatives",
    "negative_claims",
    "negative_kinds",
    "negative_proofs",
)
SUGARCREPE = {"positive": "caption", "negative": "negative_caption", "group": "filename"}
EMPTY = "empty caption"
DELIMITERS = {".csv": ",", ".tsv": "\t"}
SUFFIXES = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".parquet")


@dataclass(frozen=True)
class Pairs:
    """Pairs, one a row, with the groups that they may be held out by and the facets that they are counted by."""

    source: str
    """Where they come from, for people."""
    table: pa.Table
    """`positive` and `negative`, and the columns that `groups` and `facets` name."""
    groups: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Grouping -> the columns with the group of the positive and of the negative caption; often one column."""
    facets: tuple[str, ...] = ()
    default_group: str = NO_GROUP
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Reason -> pairs that were not used for it."""

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def sample(self, limit: int, seed: int) -> Pairs:
        """At most `limit` pairs, chosen by the hash of their place."""
        if len(self) <= limit:
            return self
        hashes = mix(seeded(seed), np.arange(len(self), dtype=np.uint64))
        chosen = np.sort(np.argsort(hashes, kind="stable")[:limit])
        return self._with(self.table.take(pa.array(chosen)), self.left_out)

    def without_empty(self) -> Pairs:
        """Only pairs of two captions that hold something, with the others counted."""
        full = pa.array(np.ones(len(self), dtype=bool))
        for name in ("positive", "negative"):
            text = pc.fill_null(pc.utf8_trim_whitespace(self.table[name]), "")
            full = pc.and_(full, pc.greater(pc.utf8_length(text), 0))
        kept = self.table.filter(full)
        empty = len(self) - kept.num_rows
        return self._with(kept, {**self.left_out, EMPTY: empty}) if empty else self

    def _with(self, table: pa.Table, left_out: Mapping[str, int]) -> Pairs:
        return Pairs(self.source, table, self.groups, self.facets, self.default_group, left_out)


def pairs_of(
    positives: Sequence[str | None],
    negatives: Sequence[str | None],
    groups: Sequence[str] | None = None,
    *,
    source: str = "pairs",
) -> Pairs:
    """Pairs of given captions.

    Args:
        positives: The positive captions.
        negatives: The negative captions, in the same order.
        groups: Which pairs belong together, to be held out together. None: each stands alone.
        source: Where they come from, for messages.
    """
    columns = {
        "positive": pa.array(positives, pa.string()),
        "negative": pa.array(negatives, pa.string()),
    }
    if groups is None:
        return Pairs(source, pa.table(columns))
    table = pa.table({**columns, "group": pa.array(groups, pa.string())})
    return Pairs(source, table, {"group": ("group", "group")}, default_group="group")


def read_pairs(
    path: Path, positive: str | None = None, negative: str | None = None, group: str | None = None
) -> Pairs:
    """Read pairs from whatever `path` is.

    Args:
        path: A NatuRel release or build, a SugarCrepe file or a folder of them; with named columns any JSON, JSON
            Lines, CSV, TSV or Parquet file, or a folder that `load_dataset` opens.
        positive: Column of positive captions, texts or lists of texts; needed for any but the first three.
        negative: Column of negative captions, in the same form.
        group: Column with the group of each row; only with the two others.

    Raises:
        UserError: There is no such path, column or form.
    """
    if not path.exists():
        raise UserError(f"{path} does not exist. Give a release, a build, or a file of caption pairs.")
    if (positive is None) != (negative is None):
        given, missing = ("--positive", "--negative") if negative is None else ("--negative", "--positive")
        raise UserError(f"{path}: {given} is given without {missing}. Name both columns, or neither.")
    if positive is not None and negative is not None:
        columns = {"positive": positive, "negative": negative}
        return _named(path, columns if group in (None, NO_GROUP) else columns | {"group": str(group)})
    if path.is_dir():
        return _folder(path)
    if path.suffix == ".json":
        return _sugarcrepe([path], path)
    raise UserError(
        f"{path}: name its columns of captions with --positive COLUMN and --negative COLUMN. Only NatuRel releases "
        "and SugarCrepe's JSON files are read without."
    )


def _folder(path: Path) -> Pairs:
    """A release, a build or a folder of SugarCrepe files, told apart by what lies in it."""
    if any((path / "data").rglob("*.parquet")):
        return _release(path)
    if (path / "release").is_dir():
        found = versions_in(path / "release").values()
        finished = [folder for folder in found if any((folder / "data").rglob("*.parquet"))]
        if not finished:
            raise UserError(f"{path}/release holds no finished release yet. Run build-naturel to its end.")
        return _release(finished[-1])
    files = sorted(path.glob("*.json"))
    if files:
        return _sugarcrepe(files, path)
    raise UserError(
        f"{path} holds neither data/*.parquet, nor release/, nor *.json. Give a NatuRel release, a build or a folder "
        "of SugarCrepe files, or name the columns with --positive and --negative."
    )


def _release(path: Path) -> Pairs:
    """The four pairs of each record of a release; pictures are not read."""
    tables = []
    for file in sorted((path / "data").rglob("*.parquet")):
        try:
            names = pq.read_schema(file).names
            _must_have(file, RECORD_COLUMNS, names)
            tables.append(pq.read_table(file, columns=list(RECORD_COLUMNS)))
        except pa.ArrowInvalid as error:
            raise UserError(
                f"{file} cannot be read as Parquet: {error}. Build or download it again."
            ) from error
    records = pa.concat_tables(tables, promote_options="permissive").combine_chunks()
    blocks = [_position(records, position) for position in range(POSITIONS)]
    groups = {
        "claim": ("positive_claim", "negative_claim"),
        "pair": ("positive_pair", "negative_pair"),
        "image": ("image", "image"),
    }
    facets = ("kind", "relation", "proof", "style")
    return Pairs(str(path), pa.concat_tables(blocks), groups, facets, "claim").without_empty()


def _position(records: pa.Table, position: int) -> pa.Table:
    """One pair of each record: the simple one at 0, a complex one after it."""
    simple = position == 0
    positive = (
        records["simple_positive"] if simple else pc.list_element(records["complex_positives"], position - 1)
    )
    negative = (
        records["simple_negative"] if simple else pc.list_element(records["complex_negatives"], position - 1)
    )
    subject = pc.struct_field(records["subject"], "noun")
    object_ = pc.struct_field(records["object"], "noun")
    claim = pc.list_element(records["negative_claims"], position)
    other = [pc.struct_field(claim, name) for name in ("subject", "relation", "object")]
    return pa.table(
        {
            "positive": positive,
            "negative": negative,
            "positive_claim": _joined(subject, records["relation"], object_),
            "negative_claim": _joined(*other),
            "positive_pair": _unordered(subject, object_),
            "negative_pair": _unordered(other[0], other[2]),
            "image": records["image_id"],
            "kind": pc.list_element(records["negative_kinds"], position),
            "relation": records["relation"],
            "proof": pc.list_element(records["negative_proofs"], position),
            "style": pa.array(["simple" if simple else "complex"] * records.num_rows, pa.string()),
        }
    )


def _joined(*parts: pa.ChunkedArray) -> pa.ChunkedArray:
    # Attributes are nouns in lower case in records, but labels in claims.
    return pc.utf8_lower(pc.binary_join_element_wise(*parts, " | "))


def _unordered(first: pa.ChunkedArray, second: pa.ChunkedArray) -> pa.ChunkedArray:
    first, second = pc.utf8_lower(first), pc.utf8_lower(second)
    in_order = pc.less_equal(first, second)
    return _joined(pc.if_else(in_order, first, second), pc.if_else(in_order, second, first))


def _sugarcrepe(files: Sequence[Path], path: Path) -> Pairs:
    """SugarCrepe's items; the file that an item stands in is its kind of negative."""
    parts = []
    for file in files:
        part = _collect(file, _json_rows(file), SUGARCREPE)
        parts.append(part.append_column("kind", pa.array([file.stem] * part.num_rows, pa.string())))
    table = pa.concat_tables(parts).rename_columns({"group": "image"})
    return Pairs(str(path), table, {"image": ("image", "image")}, ("kind",)).without_empty()


def _named(path: Path, columns: Mapping[str, str]) -> Pairs:
    """Any table with named columns."""
    if path.is_dir():
        rows = _dataset_rows(path, list(columns.values()))
    elif path.suffix == ".parquet":
        rows = _parquet_rows(path, list(columns.values()))
    elif path.suffix in DELIMITERS:
        rows = _delimited_rows(path, list(columns.values()))
    elif path.suffix in SUFFIXES:
        rows = _json_rows(path) if path.suffix == ".json" else _json_lines(path)
    else:
        raise UserError(f"{path}: the suffix {path.suffix or '(none)'} is none of {', '.join(SUFFIXES)}.")
    table = _collect(path, rows, columns)
    if "group" not in columns:
        return Pairs(str(path), table).without_empty()
    name = columns["group"]
    return Pairs(str(path), table, {name: ("group", "group")}, (), name).without_empty()


def _collect(
    path: Path, rows: Iterable[tuple[str, Mapping[str, Any]]], columns: Mapping[str, str]
) -> pa.Table:
    """Pairs of rows whose captions are texts, or lists of as many texts."""
    collected: dict[str, list[str | None]] = {name: [] for name in columns}
    for place, row in rows:
        _must_have(path, columns.values(), row, place)
        sides = {
            side: _texts(path, place, columns[side], row[columns[side]]) for side in ("positive", "negative")
        }
        if len(sides["positive"]) != len(sides["negative"]):
            raise UserError(
                f"{path}, {place}: {columns['positive']} holds {len(sides['positive'])} captions and "
                f"{columns['negative']} holds {len(sides['negative'])}. Pairs need as many of each."
            )
        for side, texts in sides.items():
            collected[side].extend(texts)
        if "group" in columns:
            collected["group"].extend([str(row[columns["group"]])] * len(sides["positive"]))
    return pa.table({name: pa.array(values, pa.string()) for name, values in collected.items()})


def _texts(path: Path, place: str, column: str, value: object) -> list[str | None]:
    texts: list[str | None] = []
    for entry in value if isinstance(value, list) else [value]:
        if entry is not None and not isinstance(entry, str):
            raise UserError(
                f"{path}, {place}: {column} holds {entry!r}, which is no caption. Name a column of texts or of lists "
                "of texts."
            )
        texts.append(entry)
    return texts


def _must_have(path: Path, wanted: Iterable[str], present: Iterable[str], place: str = "") -> None:
    names = list(present)
    for column in wanted:
        if column not in names:
            where = f"{path}, {place}" if place else str(path)
            raise UserError(
                f"{where} has no column {column}; it has {', '.join(map(str, names)) or 'none'}. Name the columns of "
                "captions with --positive and --negative."
            )


def _json_rows(path: Path) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """The objects of a JSON list, or the values of a JSON object."""
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise UserError(f"{path} is not JSON: {error}. Mend or download it again.") from error
    if isinstance(data, list):
        data = dict(enumerate(data))
    if not isinstance(data, dict) or not data or not all(isinstance(row, dict) for row in data.values()):
        raise UserError(
            f'{path} is not a table: it must be a list of objects, or an object of objects like {{"0": {{...}}}}.'
        )
    return [(f"item {key}", row) for key, row in data.items()]


def _json_lines(path: Path) -> Iterable[tuple[str, Mapping[str, Any]]]:
    with path.open(encoding="utf-8-sig") as file:
        try:
            for number, line in enumerate(file, 1):
                if line.strip():
                    row = json.loads(line)
                    if not isinstance(row, dict):
                        raise UserError(f"{path}, line {number} is not a JSON object. Give one a line.")
                    yield f"line {number}", row
        except UnicodeDecodeError as error:
            raise UserError(f"{path} is not UTF-8: {error}. Save it as UTF-8.") from error
        except json.JSONDecodeError as error:
            raise UserError(f"{path}, line {number} is not JSON: {error}. Mend that line.") from error


def _delimited_rows(path: Path, columns: list[str]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            reader = csv.DictReader(file, delimiter=DELIMITERS[path.suffix])
            _must_have(path, columns, reader.fieldnames or ())
            for row in reader:
                yield f"line {reader.line_num}", row
        except (UnicodeDecodeError, csv.Error) as error:
            raise UserError(
                f"{path} cannot be read as {path.suffix[1:].upper()}: {error}. Save it as UTF-8."
            ) from error


def _parquet_rows(path: Path, columns: list[str]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    try:
        file = pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise UserError(f"{path} cannot be read as Parquet: {error}. Write or download it again.") from error
    _must_have(path, columns, file.schema_arrow.names)
    return _numbered(file.read(columns=columns))


def _dataset_rows(path: Path, columns: list[str]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """All splits of a folder that `load_dataset` opens; only the named columns are read."""
    import datasets

    try:
        splits = datasets.load_dataset(str(path))
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        raise UserError(
            f"{path} cannot be opened by load_dataset: {error}. Give a file of it instead."
        ) from error
    for name, split in splits.items():
        _must_have(path, columns, split.column_names)
        for place, row in _numbered(split.select_columns(columns).with_format("arrow")[:]):
            yield f"split {name}, {place}", row


def _numbered(table: pa.Table) -> Iterable[tuple[str, Mapping[str, Any]]]:
    return ((f"row {number}", row) for number, row in enumerate(table.to_pylist()))
