"""Shards: names, row groups, compression, and reading back."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from naturel.annotations import schema
from naturel.builders.parquet import blocks_of, shard_starts, write_shards

KIND = pa.schema({"id": pa.string(), "image": schema.IMAGE, "words": pa.list_(pa.string(), 2)})


def table_of(rows: int) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                "id": f"{i:04d}",
                "image": {"bytes": bytes([i % 256]) * 50, "path": f"{i}.jpg"},
                "words": ["a", "b"],
            }
            for i in range(rows)
        ],
        KIND,
    )


@pytest.mark.parametrize(
    ("sizes", "limit", "starts"),
    [
        ([], 10, [0]),
        ([5, 5, 5], 10, [0, 2]),
        ([5, 5, 5], 100, [0]),
        ([50, 5, 50], 10, [0, 1, 2]),
        ([10, 10], 10, [0, 1]),
    ],
)
def test_shards_begin_where_the_limit_is_passed(sizes: list[int], limit: int, starts: list[int]) -> None:
    assert shard_starts(sizes, limit) == starts


@given(st.lists(st.integers(1, 50)), st.integers(1, 100))
def test_no_shard_passes_the_limit_but_for_a_single_block(sizes: list[int], limit: int) -> None:
    starts = shard_starts(sizes, limit)
    for begin, end in zip(starts, [*starts[1:], len(sizes)], strict=True):
        assert sum(sizes[begin:end]) <= limit or end - begin == 1


def test_shards_are_named_numbered_and_hold_one_row_group_a_block(tmp_path: Path) -> None:
    table = table_of(25)
    paths = write_shards(blocks_of(table, 10), [0, 2], KIND, tmp_path, "train")
    assert [path.name for path in paths] == ["train-00000-of-00002.parquet", "train-00001-of-00002.parquet"]
    assert [pq.read_metadata(path).num_row_groups for path in paths] == [2, 1]
    assert pa.concat_tables(pq.read_table(path) for path in paths).equals(table)
    assert sorted(path.name for path in tmp_path.iterdir()) == [path.name for path in paths]


def test_pictures_lie_plain_and_the_rest_is_compressed(tmp_path: Path) -> None:
    (path,) = write_shards(blocks_of(table_of(10), 10), [0], KIND, tmp_path, "train")
    group = pq.read_metadata(path).row_group(0)
    columns = {group.column(i).path_in_schema: group.column(i) for i in range(group.num_columns)}
    assert columns["image.bytes"].compression == "UNCOMPRESSED"
    assert columns["image.bytes"].has_dictionary_page is False
    assert {columns[name].compression for name in ("id", "image.path", "words.list.element")} == {"ZSTD"}
    assert all(column.has_offset_index for column in columns.values())


def test_an_empty_table_gives_one_empty_file(tmp_path: Path) -> None:
    (path,) = write_shards(blocks_of(table_of(0), 10), [0], KIND, tmp_path, "train")
    assert pq.read_table(path).num_rows == 0
    assert pq.read_schema(path).equals(KIND)
