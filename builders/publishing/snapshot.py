"""A release as it is compared: its records, captions and known faults, columns read one at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from naturel.annotations import schema
from naturel.annotations.errors import UserError
from naturel.builders.publishing.errata import ERRATA, Erratum, read_errata
from naturel.builders.release import record_schema
from naturel.builders.report.tables import MEND, find_release, read_manifest

SPLIT = pa.field("split", pa.string())
"""What the names of a release's files say of its records."""


@dataclass(frozen=True)
class Rows:
    """One table: its columns, each read when it is asked for."""

    key: str
    """The column that names a row."""
    schema: pa.Schema
    read: Callable[[str], pa.ChunkedArray]

    @property
    def plain(self) -> dict[str, pa.DataType]:
        """Types of the columns, without pictures: their digests say whether they changed."""
        return {field.name: field.type for field in self.schema if field.type != schema.IMAGE}

    @property
    def embedded(self) -> bool:
        """Whether pictures stand in the rows."""
        return len(self.plain) < len(self.schema)

    def column(self, name: str) -> pa.Array:
        """One column."""
        return self.read(name).combine_chunks()

    @cached_property
    def ids(self) -> pa.Array:
        """What names each row."""
        return self.column(self.key)

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Snapshot:
    """A release, or one that is about to be written."""

    version: str
    records: Rows
    captions: Rows
    errata: tuple[Erratum, ...] = ()


def rows_of(key: str, table: pa.Table, kind: pa.Schema | None = None) -> Rows:
    """The rows of a table in memory.

    Args:
        key: The column that names a row.
        table: The rows.
        kind: The columns that it will have when it is written; those that it lacks (pictures, the version) are not
            compared. None: those that it has.
    """
    return Rows(key, (kind or table.schema).remove_metadata(), lambda name: table[name])


def snapshot_of(
    version: str, records: pa.Table, captions: pa.Table, errata: Sequence[Erratum], *, embedded: bool
) -> Snapshot:
    """A release that is about to be written, from its tables in memory.

    Args:
        version: What it may be called.
        records: Records with their `split`, as `release.Contents` has them.
        captions: `schema.CAPTIONS`.
        errata: Known faults.
        embedded: Whether pictures will stand in the records.
    """
    kind = schema.release_schema(record_schema(records), with_images=embedded).append(SPLIT)
    return Snapshot(
        version, rows_of("id", records, kind), rows_of("caption_id", captions, schema.CAPTIONS), tuple(errata)
    )


def open_snapshot(path: Path) -> Snapshot:
    """A release's folder, or a build's (its newest release).

    Raises:
        UserError: It is not a release, or not a complete one.
    """
    folder = find_release(path)
    errata = folder / ERRATA
    return Snapshot(
        str(read_manifest(folder).get("version", folder.name)),
        _with_split(_rows_in(folder / "data", "id"), folder / "data"),
        _rows_in(folder / "captions", "caption_id"),
        read_errata(errata) if errata.is_file() else (),
    )


def _rows_in(folder: Path, key: str) -> Rows:
    paths = sorted(folder.rglob("*.parquet"))
    if not paths:
        raise UserError(f"{folder} has no Parquet files. {MEND}")

    def read(name: str) -> pa.ChunkedArray:
        try:
            parts = [pq.read_table(path, columns=[name], partitioning=None)[name] for path in paths]
        except (OSError, KeyError, pa.ArrowException) as error:
            raise UserError(f"{folder}: the column {name} cannot be read: {error}. {MEND}") from error
        return pa.chunked_array([chunk for part in parts for chunk in part.chunks], parts[0].type)

    try:
        columns = pq.read_schema(paths[0]).remove_metadata()
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"{paths[0]} cannot be read: {error}. {MEND}") from error
    if key not in columns.names:
        raise UserError(f"{paths[0]} has no column {key}: it is not a release of NatuRel.")
    return Rows(key, columns, read)


def _with_split(records: Rows, folder: Path) -> Rows:
    """Records with the split that the names of their files say."""
    paths = sorted(folder.rglob("*.parquet"))

    def read(name: str) -> pa.ChunkedArray:
        if name != SPLIT.name:
            return records.read(name)
        splits = [path.name.split("-")[0] for path in paths]
        counts = [pq.read_metadata(path).num_rows for path in paths]
        return pa.chunked_array([pa.array(splits).take(pa.array(np.repeat(np.arange(len(paths)), counts)))])

    return Rows(records.key, records.schema.append(SPLIT), read)
