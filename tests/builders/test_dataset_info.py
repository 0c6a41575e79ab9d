"""The YAML of columns, splits and sizes: as `datasets` itself would write it."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Features

from naturel.annotations import schema
from naturel.builders.dataset_info import dataset_info

NESTED = pa.schema(
    {
        "lists": pa.list_(pa.list_(pa.int16())),
        "fixed": pa.list_(pa.list_(pa.float32(), 3), 2),
        "structs": pa.list_(pa.struct({"a": pa.list_(pa.int8()), "b": pa.bool_()})),
    }
)


@pytest.mark.parametrize(
    "kind",
    [
        schema.release_schema(pa.schema([*schema.RECORDS, *schema.NEGATIVE_IMAGES]), with_images=True),
        schema.release_schema(schema.CAPTIONS, with_images=False),
        schema.release_schema(schema.CLAIMS, with_images=False),
        schema.release_schema(schema.TOKENS, with_images=False),
        NESTED,
    ],
    ids=["records", "captions", "claims", "tokens", "nested"],
)
def test_columns_are_told_as_datasets_tells_them(tmp_path: Path, kind: pa.Schema) -> None:
    pq.write_table(kind.empty_table(), tmp_path / "a-0.parquet")
    config = {"config_name": "one", "data_files": [{"split": "a", "path": "a-*.parquet"}]}
    (info,) = dataset_info(tmp_path, [config])
    assert info["features"] == Features.from_arrow_schema(kind)._to_yaml_list()
    assert info["splits"][0]["num_examples"] == 0


def test_sizes_are_those_of_all_shards(tmp_path: Path) -> None:
    for number, rows in enumerate((2, 3)):
        pq.write_table(pa.table({"x": [1] * rows}), tmp_path / f"a-{number}.parquet")
    pq.write_table(pa.table({"x": [1]}), tmp_path / "b-0.parquet")
    files = [{"split": name, "path": f"{name}-*.parquet"} for name in "ab"]
    (info,) = dataset_info(tmp_path, [{"config_name": "all", "data_files": files}])
    assert [(one["name"], one["num_examples"]) for one in info["splits"]] == [("a", 5), ("b", 1)]
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert info["download_size"] == info["dataset_size"] == size
