"""Parquet as Hugging Face reads it best: small row groups, pictures as they are, pages found by an index.

Pictures are compressed already: stored plain they cost no time, and the Hub re-uploads only what changed. Row groups
of a hundred let a stream start at once and keep memory flat.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from naturel.builders.files import sync_and_rename

PICTURE_ROWS = 100
"""Rows a row group where pictures are embedded."""
PLAIN_ROWS = 10_000
"""Rows a row group elsewhere."""
SHARD_BYTES = 400_000_000
"""A shard holds about this many bytes of pictures."""


def shard_starts(sizes: list[int], limit: int = SHARD_BYTES) -> list[int]:
    """Where shards begin, so that each holds at most `limit` bytes (or one block).

    Args:
        sizes: Bytes of each block of rows, in order.
        limit: Bytes a shard.

    Returns:
        Numbers of the first block of each shard, beginning with 0.
    """
    starts, filled = [0], 0
    for number, size in enumerate(sizes):
        if filled and filled + size > limit:
            starts.append(number)
            filled = 0
        filled += size
    return starts


def write_shards(
    blocks: Iterable[pa.Table], starts: list[int], schema: pa.Schema, folder: Path, name: str
) -> list[Path]:
    """Write blocks of rows, one row group each, into `name-00000-of-00002.parquet` and so on.

    Args:
        blocks: Rows in their final order.
        starts: The first block of each shard (`shard_starts`).
        schema: Of the blocks, with the metadata to write.
        folder: Where the files go.
        name: The first part of their names: the split.

    Returns:
        The files.
    """
    paths = []
    stream = iter(blocks)
    for number, (start, end) in enumerate(itertools.pairwise([*starts, None])):
        path = folder / f"{name}-{number:05d}-of-{len(starts):05d}.parquet"
        temporary = path.with_name(path.name + ".partial")
        part = stream if end is None else itertools.islice(stream, end - (start or 0))
        with closing(_writer(temporary, schema)) as writer:
            for block in part:
                writer.write_table(block, row_group_size=max(1, block.num_rows))
        sync_and_rename(temporary, path)
        paths.append(path)
    return paths


def blocks_of(table: pa.Table, rows: int) -> Iterator[pa.Table]:
    """A table in blocks of `rows`; one empty block of an empty table."""
    for start in range(0, max(1, table.num_rows), rows):
        yield table.slice(start, rows)


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    leaves = list(_leaves(schema))
    pictures = [leaf for leaf in leaves if leaf.endswith("image.bytes")]
    return pq.ParquetWriter(
        path,
        schema,
        compression={leaf: "none" if leaf in pictures else "zstd" for leaf in leaves},
        use_dictionary=[leaf for leaf in leaves if leaf not in pictures],
        write_statistics=[leaf for leaf in leaves if leaf not in pictures],
        write_page_index=True,
    )


def _leaves(fields: Iterable[pa.Field], prefix: str = "") -> Iterator[str]:
    """Parquet's names of the leaf columns: `subject.label`, `complex_positives.list.element`."""
    for field in fields:
        name, kind = prefix + field.name, field.type
        if pa.types.is_struct(kind):
            yield from _leaves(kind, name + ".")
        elif pa.types.is_fixed_size_list(kind) or pa.types.is_list(kind):
            yield from _leaves([pa.field("element", kind.value_type)], name + ".list.")
        else:
            yield name
