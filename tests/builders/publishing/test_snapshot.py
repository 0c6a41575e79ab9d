"""Releases opened to be compared."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from naturel.annotations import schema
from naturel.annotations.errors import UserError
from naturel.builders.publishing.snapshot import open_snapshot, snapshot_of


def write(folder: Path, files: dict[str, pa.Table]) -> Path:
    """A release's folder with these tables."""
    folder.mkdir(exist_ok=True)
    for name, table in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path)
    (folder / "manifest.json").write_text(json.dumps({"version": "1.2.3"}))
    return folder


CAPTIONS = {"captions/captions-00000-of-00001.parquet": pa.table({"caption_id": ["c"]})}


def test_shards_of_all_sources_and_splits_are_one_table(tmp_path: Path) -> None:
    shards = {
        "data/first/train-00000-of-00002.parquet": pa.table({"id": ["a", "b"]}),
        "data/first/train-00001-of-00002.parquet": pa.table({"id": ["c"]}),
        "data/second/test_unseen_pairs-00000-of-00001.parquet": pa.table({"id": ["d"]}),
    }
    snapshot = open_snapshot(write(tmp_path, shards | CAPTIONS))
    assert snapshot.version == "1.2.3"
    assert snapshot.records.ids.to_pylist() == ["a", "b", "c", "d"]
    assert snapshot.records.column("split").to_pylist() == ["train"] * 3 + ["test_unseen_pairs"]
    assert snapshot.captions.ids.to_pylist() == ["c"]
    assert not snapshot.records.embedded


def test_what_is_about_to_be_written_has_the_columns_of_a_release() -> None:
    records = pa.Table.from_pylist(
        [{"id": "a", "split": "test"}], schema.RECORDS.append(pa.field("split", pa.string()))
    )
    records = records.drop_columns(["version"])
    captions = pa.Table.from_pylist([], schema.CAPTIONS)
    snapshot = snapshot_of("", records, captions, (), embedded=True)
    assert snapshot.records.embedded
    assert list(snapshot.records.plain) == [*schema.RECORDS.names, "split"]
    assert snapshot.records.column("split").to_pylist() == ["test"]
    assert not snapshot_of("", records, captions, (), embedded=False).records.embedded


def test_folders_that_are_no_whole_release_are_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no Parquet files"):
        open_snapshot(write(tmp_path / "empty", {}))
    strange = {"data/x/train-00000-of-00001.parquet": pa.table({"name": ["a"]})}
    with pytest.raises(UserError, match="has no column id: it is not a release of NatuRel"):
        open_snapshot(write(tmp_path / "strange", strange | CAPTIONS))
    whole = {"data/x/train-00000-of-00001.parquet": pa.table({"id": ["a"]})}
    damaged = write(tmp_path / "damaged", whole | CAPTIONS)
    (damaged / "data" / "x" / "train-00000-of-00001.parquet").write_bytes(b"PAR1")
    with pytest.raises(UserError, match="cannot be read"):
        open_snapshot(damaged)
    with pytest.raises(UserError, match="holds no release"):
        open_snapshot(tmp_path)
