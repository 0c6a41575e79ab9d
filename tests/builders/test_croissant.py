"""Croissant metadata, read by mlcroissant."""

from __future__ import annotations

import io
import json
import logging
from pathlib import Path
from typing import Any

import mlcroissant
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.builds import must_build
from PIL import Image

from naturel.annotations import schema
from naturel.builders.croissant import describe_release, license_address
from naturel.builders.parquet import write_shards
from naturel.builders.workspace import digest_file


@pytest.fixture(scope="module")
def release(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("croissant") / "out"
    must_build("--data", sample, "--max-images", "20", "--out", out)
    return out / "release" / "1.0.0"


def described(folder: Path) -> mlcroissant.Dataset:
    """The dataset, which mlcroissant must accept without an error; it has no date, as releases have none."""
    logging.getLogger("absl").setLevel(logging.ERROR)
    dataset = mlcroissant.Dataset(folder / "croissant.json")
    issues = dataset.metadata.ctx.issues
    assert not issues.errors
    assert all("datePublished" in warning for warning in issues.warnings)
    return dataset


def plain(value: Any) -> Any:
    """What mlcroissant gives, in Python's own types: text comes as bytes, names have their path before them."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, dict):
        return {str(name).rpartition("/")[2]: plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    return value.item() if hasattr(value, "item") else value


def as_read(row: dict[str, Any]) -> dict[str, Any]:
    """A row of Parquet as Croissant reads it: a list of structs as a struct of lists."""
    claims = row.get("negative_claims")
    if claims is None:
        return row
    return row | {"negative_claims": {name: [claim[name] for claim in claims] for name in claims[0]}}


def test_records_are_read_as_they_are_in_the_files(release: Path) -> None:
    dataset = described(release)
    for name, folder in (("records", "data"), ("captions", "captions"), ("claims", "claims")):
        table = pq.read_table(release / folder, partitioning=None)
        rows = [as_read(row) for row in table.to_pylist()]
        if name == "records":
            rows = [row | {"split": "train"} for row in rows]  # as their file's name says
        found = list(dataset.records(name))
        assert len(found) == len(rows) > 0
        for read, row in zip(found, rows, strict=True):
            read = plain(read)
            image, stored = read.pop("image", None), row.pop("image", None)
            assert read == row
            if stored is not None:
                assert image.tobytes() == Image.open(io.BytesIO(stored["bytes"])).tobytes()


def test_every_table_is_listed_with_its_digest(release: Path) -> None:
    document = json.loads((release / "croissant.json").read_text())
    files = {
        entry["contentUrl"]: entry for entry in document["distribution"] if entry["@type"] == "cr:FileObject"
    }
    tables = {path.relative_to(release).as_posix(): path for path in release.rglob("*.parquet")}
    assert files.keys() == tables.keys()
    for name, path in tables.items():
        assert files[name]["sha256"] == digest_file(path)
        assert files[name]["contentSize"] == f"{path.stat().st_size} B"
    assert document["version"] == "1.0.0"
    assert document["license"] == ["https://spdx.org/licenses/CC-BY-4.0.html"]
    assert document["citeAs"].startswith("Khetan, Sieh and Iyer: NatuRel")


def test_all_shards_of_all_sources_are_read(tmp_path: Path) -> None:
    kind = pa.schema({"id": pa.string(), "crop": pa.list_(pa.float32()), "box": schema.BOX})
    for source, split, names in (("first", "train", ["a", "b"]), ("second", "test_unseen_pairs", ["c"])):
        rows = [{"id": name, "crop": [0.5] if name == "b" else None, "box": [0, 0, 1, 0.5]} for name in names]
        blocks = [pa.Table.from_pylist([row], kind) for row in rows]
        (tmp_path / "data" / source).mkdir(parents=True)
        write_shards(blocks, list(range(len(blocks))), kind, tmp_path / "data" / source, split)
    for name in ("captions", "claims"):
        (tmp_path / name).mkdir()
        block = pa.table({"text": [name]})
        write_shards([block], [0], block.schema, tmp_path / name, name)
    digests = {
        path.relative_to(tmp_path).as_posix(): {"bytes": path.stat().st_size, "sha256": digest_file(path)}
        for path in sorted(tmp_path.rglob("*.parquet"))
    }
    document = describe_release(
        tmp_path, digests, title="Two", version="1.0.0", licenses=["cc-by-4.0", "other"], citation="Nobody."
    )
    (tmp_path / "croissant.json").write_text(json.dumps(document))
    found = [plain(record) for record in described(tmp_path).records("records")]
    assert found == [
        {"id": "a", "crop": None, "box": [0, 0, 1, 0.5], "split": "train"},
        {"id": "b", "crop": [0.5], "box": [0, 0, 1, 0.5], "split": "train"},
        {"id": "c", "crop": None, "box": [0, 0, 1, 0.5], "split": "test_unseen_pairs"},
    ]


@pytest.mark.parametrize(
    ("name", "address"),
    [("cc-by-sa-4.0", "https://spdx.org/licenses/CC-BY-SA-4.0.html"), ("other", "other")],
)
def test_licences_have_addresses_where_they_are_known(name: str, address: str) -> None:
    assert license_address(name) == address
