"""Which files of Visual Genome are found, and how they are streamed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers.visual_genome_folder import Folder

from naturel.annotations.errors import UserError
from naturel.builders.sources.visual_genome_files import find_files, read_aliases, read_entries

ENTRIES = [{"image_id": 4, "relationships": []}, {"image_id": 5, "relationships": [{"x": 1.5}]}]


@pytest.mark.parametrize("ending", [".json", ".json.gz", ".json.zip"])
def test_entries_of_each_packing(tmp_path: Path, ending: str) -> None:
    file = Folder(tmp_path).write(f"relationships{ending}", ENTRIES)
    assert list(read_entries(file)) == ENTRIES


def test_the_highest_version_wins_and_plain_before_packed(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    names = ["relationships.json", "relationships_v1_2.json.zip", "relationships_v1_4.json.gz"]
    for name in [*names, "relationships_v1_4.json", "image_data.json", "object_alias.txt", "notes.json"]:
        folder.write(name, ENTRIES)
    found = find_files(tmp_path)
    assert {kind: path.name for kind, path in found.items()} == {
        "relationships": "relationships_v1_4.json",
        "image_data": "image_data.json",
        "object_alias": "object_alias.txt",
    }


@pytest.mark.parametrize(
    ("present", "missing"), [("image_data.json", "relationships"), ("relationships.json", "image_data")]
)
def test_a_missing_file(tmp_path: Path, present: str, missing: str) -> None:
    Folder(tmp_path).write(present, ENTRIES)
    with pytest.raises(UserError, match=f"{missing}.json is missing.*washington.edu"):
        find_files(tmp_path)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        find_files(tmp_path / "nowhere")


def whole() -> bytes:
    return json.dumps(ENTRIES).encode()


def test_a_file_cut_off_names_the_last_picture(tmp_path: Path) -> None:
    file = Folder(tmp_path).write("relationships.json", whole()[:-8])
    with pytest.raises(UserError, match=r"cannot be read to its end: .*after entry 1 \(image 4\)"):
        list(read_entries(file))


@pytest.mark.parametrize("ending", [".json.gz", ".json.zip"])
def test_a_packed_file_cut_off(tmp_path: Path, ending: str) -> None:
    file = Folder(tmp_path).write(f"relationships{ending}", whole())
    file.write_bytes(file.read_bytes()[:-12])
    with pytest.raises(UserError, match="cannot be read to its end"):
        list(read_entries(file))


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "cannot be read to its end"),
        ("[]", "no list of pictures"),
        ('{"image_id": 1}', "no list of pictures"),
        ('[{"image_id": 1}, 7]', "entry 2: expected the entry of a picture, found '7'"),
        (b"\x80\x81", "cannot be read to its end"),
    ],
)
def test_what_is_no_list_of_pictures(tmp_path: Path, content: str | bytes, fault: str) -> None:
    file = Folder(tmp_path).write("relationships.json", content)
    with pytest.raises(UserError, match=fault):
        list(read_entries(file))


def test_an_archive_of_several_files(tmp_path: Path) -> None:
    import zipfile

    file = tmp_path / "relationships.json.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.json", "[]")
        archive.writestr("b.json", "[]")
    with pytest.raises(UserError, match="expected one JSON file in it, found 2"):
        list(read_entries(file))


def test_aliases_lead_to_the_first_of_their_line(tmp_path: Path) -> None:
    file = Folder(tmp_path).write(
        "object_alias.txt", "Bike, bicycle,push  bike\nperson,human\nbicycle,cycle\n\n"
    )
    assert read_aliases(file) == {
        "bike": "bike",
        "bicycle": "bike",
        "push bike": "bike",
        "person": "person",
        "human": "person",
        "cycle": "bike",
    }
    assert read_aliases(None) == {}


def test_an_alias_file_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"object_alias\.txt cannot be read"):
        read_aliases(Folder(tmp_path).write("object_alias.txt", b"\xff\xfe\x00"))
