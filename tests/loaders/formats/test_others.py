"""SugarCrepe's, WebDataset's and JSON lines' layouts, read back."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import datasets
import pytest
from helpers.paired_records import ROWS, origin, picture_bytes, write_release

from naturel.annotations.errors import UserError
from naturel.builders.checks.blind_inputs import read_pairs
from naturel.builders.progress import SilentProgress
from naturel.loaders.export import Format, export
from naturel.loaders.formats.files import file_stem, picture_suffix
from naturel.loaders.formats.source import Source
from naturel.loaders.formats.webdataset import write_webdataset


@pytest.fixture
def release(tmp_path: Path) -> Path:
    files = {"train-0": ROWS[:3], "train-1": ROWS[3:]}
    return write_release(tmp_path / "release", files, pictures=True, negatives={"ann": "N"})


def test_sugarcrepe_sorts_pairs_by_kind(release: Path, tmp_path: Path) -> None:
    export(release, Format.SUGARCREPE, tmp_path / "out", SilentProgress())
    tests = {path.stem: json.loads(path.read_text()) for path in (tmp_path / "out" / "train").iterdir()}
    # The kinds of each record are swap, object, contrast, attribute.
    assert {name: len(test) for name, test in tests.items()} == {
        "swap_obj": 5,
        "replace_obj": 5,
        "replace_rel": 5,
        "replace_att": 5,
    }
    assert list(tests["swap_obj"]) == ["0", "1", "2", "3", "4"]
    assert tests["swap_obj"]["0"] == {"filename": "A.jpg", "caption": "P0", "negative_caption": "Q0"}
    assert tests["replace_att"]["3"] == {"filename": "A.jpg", "caption": "S3", "negative_caption": "R1"}
    assert (tmp_path / "out" / "images" / "A.jpg").read_bytes() == picture_bytes("A")


def test_sugarcrepe_is_what_the_blind_attack_reads(release: Path, tmp_path: Path) -> None:
    export(release, Format.SUGARCREPE, tmp_path / "out", SilentProgress())
    assert len(read_pairs(tmp_path / "out" / "train")) == 20


def test_webdataset_has_picture_text_and_facts_of_a_record(release: Path, tmp_path: Path) -> None:
    done = export(release, Format.WEBDATASET, tmp_path / "out", SilentProgress())
    assert done.written == {"records": 5, "shards": 1}
    with tarfile.open(tmp_path / "out" / "train-00000.tar") as tar:
        members = tar.getmembers()
        content = {member.name: tar.extractfile(member).read() for member in members}  # type: ignore[union-attr]
    assert [member.name for member in members[:4]] == ["ann.jpg", "ann.txt", "ann.json", "bob.jpg"]
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode) for m in members} == {(0, 0, 0, "", "", 0o644)}
    assert content["ann.jpg"] == picture_bytes("A")
    assert content["ann.txt"] == b"P1"
    facts = json.loads(content["ann.json"])
    assert facts["complex_negatives"] == ["Q1", "R2", "X3"]
    assert facts["negative_image_id"] == "N"
    assert not {"image", "negative_image"} & set(facts)


def test_webdataset_is_cut_into_shards(release: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    counts = write_webdataset(Source(release), tmp_path / "out", SilentProgress(), shard=2)
    assert counts.written == {"records": 5, "shards": 3}
    keys = []
    for number in range(3):
        with tarfile.open(tmp_path / "out" / f"train-{number:05d}.tar") as tar:
            keys.append([name.removesuffix(".txt") for name in tar.getnames() if name.endswith(".txt")])
    assert keys == [["ann", "bob"], ["cas", "dan"], ["eve"]]


def test_datasets_opens_the_webdataset(release: Path, tmp_path: Path) -> None:
    export(release, Format.WEBDATASET, tmp_path / "out", SilentProgress())
    files = str(tmp_path / "out" / "train-*.tar")
    rows: list[Any] = list(
        datasets.load_dataset("webdataset", data_files=files, split="train", streaming=True)
    )
    assert [row["__key__"] for row in rows] == ["ann", "bob", "cas", "dan", "eve"]
    assert [row["txt"] for row in rows] == ["P1", "Q1", "R1", "S1", "T1"]
    assert rows[0]["jpg"].size == (8, 6)


@pytest.mark.parametrize("pictures", [True, False])
def test_json_lines_have_all_columns(tmp_path: Path, pictures: bool) -> None:
    release = write_release(
        tmp_path / "release", {"train-0": ROWS}, pictures=pictures, negatives={"ann": "N"}
    )
    export(release, Format.JSONL, tmp_path / "out", SilentProgress())
    lines = [json.loads(line) for line in (tmp_path / "out" / "train.jsonl").read_text().splitlines()]
    for line, row in zip(lines, ROWS, strict=True):
        shown = {name: line.pop(name) for name in ("image", "negative_image") if name in line}
        negative = [line.pop(f"negative_image_{name}") for name in ("id", "pair", "source")]
        assert line == row
        assert negative == (["N", 1, origin("N")] if row["id"] == "ann" else [None] * 3)
        if pictures:
            assert shown["image"] == f"images/{row['image_id']}.jpg"
            assert shown["negative_image"] == ("images/N.jpg" if row["id"] == "ann" else None)
        else:
            assert shown == {}
    found = {path.name for path in tmp_path.glob("out/images/*")}
    assert found == ({f"{name}.jpg" for name in "ABCDN"} if pictures else set())


def test_ids_become_names_that_stay_apart() -> None:
    assert file_stem("ab_C-9") == "ab_C-9"
    assert file_stem("a.b") == "a%2Eb"
    assert file_stem("a%2Eb") == "a%252Eb"
    assert file_stem("ü/..") == "%C3%BC%2F%2E%2E"
    for identifier in ("", "x" * 181, "ü" * 31):
        with pytest.raises(UserError, match="cannot name a file"):
            file_stem(identifier)


def test_endings_are_those_of_the_bytes() -> None:
    assert picture_suffix(picture_bytes("A"), "A") == "jpg"
    assert picture_suffix(picture_bytes("A", "PNG"), "A") == "png"
    assert picture_suffix(picture_bytes("A", "WEBP"), "A") == "webp"
    for data in (b"", b"<html>", picture_bytes("A", "GIF")):
        with pytest.raises(UserError, match="picture A is neither JPEG, PNG nor WebP"):
            picture_suffix(data, "A")
