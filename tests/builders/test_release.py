"""What a release's folder says of itself."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from datasets import Features
from helpers.builds import must_build

from naturel.builders.release import picture_name, pictures_in


@pytest.fixture(scope="module")
def release(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("release") / "out"
    must_build("--data", sample, "--max-images", "90", "--out", out)
    return out / "release" / "1.0.0"


def test_figures_on_the_card_are_those_of_the_files(release: Path) -> None:
    card = (release / "README.md").read_text()
    table = pq.read_table(release / "data")
    figures = dict(re.findall(r"^\| ([a-z][^|]*?) \| ([\d,]+) \|$", card, re.MULTILINE))
    assert figures["records"] == f"{table.num_rows:,}"
    assert figures["image-caption pairs (4 a record)"] == f"{4 * table.num_rows:,}"
    assert figures["pictures"] == str(len(set(table["image_id"].to_pylist())))
    relations = table["relation"].to_pylist()
    for name in set(relations):
        assert figures[name] == str(relations.count(name))
    kinds = [kind for kinds in table["negative_kinds"].to_pylist() for kind in kinds[1:]]
    for name in set(kinds):
        assert figures[name] == f"{kinds.count(name):,}"
    used = {name for names in table["caption_ids"].to_pylist() for name in names}
    assert figures["different captions in use"] == f"{len(used):,}"


def test_the_yaml_of_the_card_is_what_the_hub_reads(release: Path) -> None:
    _, front, _ = (release / "README.md").read_text().split("---\n", 2)
    metadata = yaml.safe_load(front)
    assert metadata["license"] == "cc-by-4.0"  # the annotations'; the pictures have their own
    assert metadata["size_categories"] == ["n<1K"]
    names = [config["config_name"] for config in metadata["configs"]]
    assert names == ["all", "openimages", "captions", "claims"]
    for config, info in zip(metadata["configs"], metadata["dataset_info"], strict=True):
        (entry,) = config["data_files"]
        (path,) = release.glob(entry["path"])
        assert info["config_name"] == config["config_name"]
        assert info["features"] == Features.from_arrow_schema(pq.read_schema(path))._to_yaml_list()
        rows, size = pq.read_metadata(path).num_rows, path.stat().st_size
        assert info["splits"] == [{"name": entry["split"], "num_examples": rows, "num_bytes": size}]


def test_the_manifest_has_the_digest_of_every_file(release: Path) -> None:
    manifest = json.loads((release / "manifest.json").read_text())
    for name, entry in manifest["files"].items():
        data = (release / name).read_bytes()
        assert entry == {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def test_every_picture_is_attributed(release: Path) -> None:
    with (release / "attribution.csv").open() as file:
        rows = {row["image_id"]: row for row in csv.DictReader(file)}
    assert set(rows) == set(pq.read_table(release / "data", columns=["image_id"])["image_id"].to_pylist())
    assert {row["author"] for row in rows.values()} == {"NatuRel sample generator"}
    assert {row["license"] for row in rows.values()} == {"https://creativecommons.org/publicdomain/zero/1.0/"}


def test_pictures_match_their_digests(release: Path) -> None:
    for row in pq.read_table(release / "data", columns=["image", "sha256", "image_id"]).to_pylist():
        assert hashlib.sha256(row["image"]["bytes"]).hexdigest() == row["sha256"]
        assert row["image"]["path"] == f"{row['image_id']}.jpg"


@pytest.mark.parametrize(
    ("image_id", "data", "name"),
    [
        ("0a1b", b"\xff\xd8\xff\xe0", "0a1b.jpg"),
        ("0a1b", b"\x89PNG\r\n", "0a1b.png"),
        ("../../etc/passwd", b"\xff\xd8\xff\xe0", "_.._etc_passwd.jpg"),
        ("..", b"RIFF....", ".webp"),
        ("a b/c", b"GIF89a", "a_b_c.gif"),
    ],
)
def test_picture_names_are_safe(image_id: str, data: bytes, name: str) -> None:
    assert picture_name(image_id, data) == name


def test_negative_images_are_pictures_of_a_release_too() -> None:
    records = pa.table({"image_id": ["a", "a", "b"], "negative_image_id": ["c", None, "a"]})
    assert pictures_in(records)["image_id"].to_pylist() == ["a", "b", "c"]
    assert pictures_in(records.drop_columns(["negative_image_id"]))["image_id"].to_pylist() == ["a", "b"]
