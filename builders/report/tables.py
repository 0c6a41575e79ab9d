"""A finished release as the report reads it: small tables and integer codes, never the pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from naturel.annotations.errors import UserError
from naturel.annotations.joins import Integers, codes_of
from naturel.builders.versions import versions_in
from naturel.builders.workspace import MANIFEST

ATTRIBUTION = "attribution.csv"
POSITIVE_PLACES = (0, 2, 3, 4)
"""Where the positives stand in `caption_ids`; the negatives have the other places."""
NEGATIVE_PLACES = (1, 5, 6, 7)
RECORD_COLUMNS = (
    "id", "image_id", "source", "source_split", "width", "height", "subject", "relation", "object",
    "simple_positive", "simple_negative", "complex_positives", "complex_negatives", "positive_proof",
    "negative_kinds", "negative_proofs", "caption_ids", "license", "author", "sha256", "phash",
)  # fmt: skip
"""What the report cannot do without, in releases of every age."""
CAPTION_COLUMNS = ("caption_id", "claim_id", "construction", "writer")
CHECK_COLUMNS = ("states", "status", "status_reason")
"""Of captions; older releases do not have them."""
CLAIM_COLUMNS = ("claim_id", "subject", "relation", "object")
LISTS = {"complex_positives": 3, "complex_negatives": 3, "negative_kinds": 4, "negative_proofs": 4}
LISTS |= {"group_ids": 3, "caption_ids": 8}
"""Entries of each list of a record."""
MEND = "Build the release again, or copy it again completely."


@dataclass(frozen=True)
class Coded:
    """A column as numbers: row i holds `values[codes[i]]`, or nothing where the code is -1."""

    values: pa.Array
    codes: Integers

    def counts(self) -> list[tuple[str, int]]:
        """Values with their counts, most frequent first, then by name."""
        return ranked(self.values.to_pylist(), np.bincount(self.codes[self.codes >= 0]))


@dataclass(frozen=True)
class Sentences:
    """The sentences of all records."""

    texts: list[str]
    """Each different sentence once."""
    simple_positive: Integers
    """Numbers of sentences, shape (n,)."""
    simple_negative: Integers
    complex_positive: Integers
    """Shape (n, 3)."""
    complex_negative: Integers

    @cached_property
    def positive(self) -> Integers:
        """How often each sentence is a positive."""
        return self._uses(self.simple_positive, self.complex_positive)

    @cached_property
    def negative(self) -> Integers:
        """How often each sentence is a negative."""
        return self._uses(self.simple_negative, self.complex_negative)

    def _uses(self, *codes: Integers) -> Integers:
        return sum(
            (np.bincount(part.ravel(), minlength=len(self.texts)) for part in codes),
            start=np.zeros(len(self.texts), dtype=np.int64),
        )


class Release:
    """A release's folder, checked when it is opened; columns are read when they are asked for."""

    def __init__(self, folder: Path) -> None:
        """Opens a folder.

        Raises:
            UserError: Something is missing or damaged.
        """
        if not folder.is_dir():
            raise UserError(
                f"{folder} is not a folder. Give a build's folder, or a release like release/1.0.0."
            )
        self.folder = folder
        self.manifest = read_manifest(folder)
        self.data = self._shards("data")
        if not (folder / ATTRIBUTION).is_file():
            raise UserError(f"{folder / ATTRIBUTION} is missing. {MEND}")
        self.rows = [_metadata(path).num_rows for path in self.data]
        self.count = sum(self.rows)
        said = self.manifest.get("rows", {}).get("data", self.count)
        if said != self.count:
            raise UserError(
                f"{folder / 'data'} holds {self.count:,} records, its manifest says {said:,}. {MEND}"
            )
        if not self.count:
            raise UserError(f"{folder / 'data'} holds no record: there is nothing to report.")
        self.names = _common_columns(self.data, RECORD_COLUMNS)
        self.embedded = "image" in self.names

    @property
    def version(self) -> str:
        """As the manifest names it."""
        return str(self.manifest.get("version", self.folder.name))

    def column(self, name: str) -> pa.Array:
        """One column of the records, of all shards."""
        parts = [_read(path, [name])[name] for path in self.data]
        whole = pa.chunked_array([chunk for part in parts for chunk in part.chunks]).combine_chunks()
        return whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole

    def coded(self, name: str, field: str | None = None) -> Coded:
        """A text column (or one field of a struct column) as numbers."""
        column = self.column(name)
        return encode(column.field(field) if field else column)

    def lists(self, name: str) -> pa.Array:
        """The entries of a list column, one record after another."""
        column = self.column(name)
        size, flat = LISTS[name], column.flatten()
        if len(flat) != len(column) * size:
            raise UserError(f"{self.folder / 'data'}: {name} has not {size} entries in every record. {MEND}")
        return flat

    def row(self, number: int, *, with_image: bool) -> dict[str, Any]:
        """One record; only its row group is read."""
        starts = np.cumsum([0, *self.rows])
        shard = int(np.searchsorted(starts, number, side="right")) - 1
        number -= int(starts[shard])
        with pq.ParquetFile(self.data[shard]) as file:
            group = 0
            while number >= file.metadata.row_group(group).num_rows:
                number -= file.metadata.row_group(group).num_rows
                group += 1
            names = [*RECORD_COLUMNS, *(["image"] if with_image else [])]
            row: dict[str, Any] = file.read_row_group(group, columns=names).slice(number, 1).to_pylist()[0]
        return row

    @cached_property
    def captions(self) -> pa.Table:
        """`schema.CAPTIONS`, without what an older release does not tell."""
        return self._table("captions", CAPTION_COLUMNS, ("text", "style", *CHECK_COLUMNS))

    @cached_property
    def claims(self) -> pa.Table:
        """`schema.CLAIMS`: what they state."""
        return self._table("claims", CLAIM_COLUMNS)

    def claim_names(self, rows: Integers) -> list[str]:
        """Claims as text; a row of -1 is unknown."""
        told = self.claims.select(["subject", "relation", "object"]).take(pa.array(rows, mask=rows < 0))
        return [
            f"{row['subject']} {row['relation']} {_object(row)}" if row["relation"] else "unknown claim"
            for row in told.to_pylist()
        ]

    @cached_property
    def caption_rows(self) -> Integers:
        """Rows of `captions`, shape (n, 8), in the order of `caption_ids`.

        Raises:
            UserError: A record names a caption that is not there.
        """
        codes = codes_of(self.lists("caption_ids"), self.captions["caption_id"].combine_chunks())
        if lost := int((codes < 0).sum()):
            raise UserError(f"{lost:,} captions of records are not in {self.folder / 'captions'}. {MEND}")
        return codes.reshape(self.count, -1)

    @cached_property
    def sentences(self) -> Sentences:
        """The sentences of all records, as numbers."""
        names = ("simple_positive", "simple_negative", "complex_positives", "complex_negatives")
        parts = [
            encode(self.lists(name) if name.startswith("complex") else self.column(name)) for name in names
        ]
        texts = pa.concat_arrays([part.values for part in parts]).unique()
        codes = [codes_of(part.values, texts)[part.codes] for part in parts]
        return Sentences(
            texts.to_pylist(), codes[0], codes[1], *(part.reshape(self.count, -1) for part in codes[2:])
        )

    def _table(self, name: str, needed: Sequence[str], wanted: Sequence[str] = ()) -> pa.Table:
        paths = self._shards(name)
        present = _common_columns(paths, needed)
        columns = [*needed, *(column for column in wanted if column in present)]
        return pa.concat_tables([_read(path, columns) for path in paths], promote_options="permissive")

    def _shards(self, name: str) -> list[Path]:
        paths = sorted((self.folder / name).rglob("*.parquet"))
        if not paths:
            raise UserError(
                f"{self.folder / name} holds no Parquet file, so this is no whole release. {MEND}"
            )
        return paths


def find_release(path: Path) -> Path:
    """The release that a path means: itself, or the newest one of a build.

    Args:
        path: A release, a build's folder, or its folder `release`.

    Raises:
        UserError: There is none.
    """
    if (path / MANIFEST).is_file():
        return path
    for root in (path / "release", path):
        finished = [folder for folder in versions_in(root).values() if (folder / MANIFEST).is_file()]
        if finished:
            return finished[-1]
    what = "holds no release" if path.is_dir() else "is not a folder"
    raise UserError(
        f"{path} {what}. Give a build's folder (the --out of naturel build) or one of its releases."
    )


def encode(values: pa.Array) -> Coded:
    """A text array as numbers."""
    encoded = values.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return Coded(encoded.dictionary, codes)


def ranked_counts(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Names with their counts, most frequent first, then by name."""
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def ranked(names: Sequence[str], counts: Integers) -> list[tuple[str, int]]:
    """Names with their counts where there are any, most frequent first, then by name."""
    return ranked_counts({name: int(count) for name, count in zip(names, counts, strict=False) if count})


def _object(row: Mapping[str, str]) -> str:
    """A claim's object; attributes are labels, as sources write them."""
    return row["object"].lower() if row["relation"] == "is" else row["object"]


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a release.

    Raises:
        UserError: It is missing or damaged.
    """
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} is missing, so this is no finished release. {MEND}") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {error}. {MEND}") from error
    if not isinstance(manifest, dict):
        raise UserError(f"{path} is not a manifest. {MEND}")
    return manifest


def _metadata(path: Path) -> pq.FileMetaData:
    try:
        return pq.read_metadata(path)
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"{path} cannot be read: {error}. {MEND}") from error


def _common_columns(paths: Sequence[Path], needed: Sequence[str]) -> set[str]:
    """The columns that all shards have.

    Raises:
        UserError: A shard lacks one that is needed.
    """
    present = [set(_metadata(path).schema.to_arrow_schema().names) for path in paths]
    for path, names in zip(paths, present, strict=True):
        if missing := [name for name in needed if name not in names]:
            raise UserError(f"{path} has no column {', '.join(missing)}. {MEND}")
    return set.intersection(*present)


def _read(path: Path, columns: list[str]) -> pa.Table:
    try:
        return pq.read_table(path, columns=columns, partitioning=None)
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"{path} cannot be read: {error}. {MEND}") from error
