"""Spatial triplets from all boxes of Open Images (`--spatial`)."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.openimages_folder import LEFT, Box, Boxed, Folder, Photo, Relation

from naturel.annotations.errors import UserError
from naturel.annotations.nouns import load_nouns
from naturel.annotations.relations import load_vocabulary
from naturel.builders.progress import SilentProgress
from naturel.builders.settings import BuildSettings
from naturel.builders.sources import spatial
from naturel.builders.sources.licensing import NOT_ASKED_FOR
from naturel.builders.sources.openimages_origin import open_openimages
from naturel.builders.sources.tables import SourceTables

FAR: Box = (0.6, 0.2, 0.9, 0.6)
PHOTOS = Path(__file__).parents[4] / "shared/data/openimages_photos"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "data")


def read(folder: Folder, **settings: object) -> SourceTables:
    options = BuildSettings(data=folder.path, spatial=True, **settings)
    return open_openimages(options, folder.path, SilentProgress()).read(load_vocabulary(), load_nouns())


def triplets(tables: SourceTables) -> set[tuple[str, ...]]:
    return {tuple(list(row.values())[:4]) for row in tables.triplets.to_pylist()}


def pair(image: str) -> list[Boxed | str]:
    return [Boxed(image, "Cat", LEFT), Boxed(image, "Guitar", FAR)]


def mined(image: str) -> set[tuple[str, ...]]:
    return {(image, "Cat", "left_of", "Guitar"), (image, "Guitar", "right_of", "Cat")}


def test_a_folder_with_boxes_alone(folder: Folder) -> None:
    folder.boxes([*pair("b"), *pair("a"), Boxed("c", "Cat", LEFT)])
    tables = read(folder)
    assert triplets(tables) == mined("a") | mined("b")
    assert sorted(tables.images["image_id"].to_pylist()) == ["a", "b"]
    assert tables.images["boxes_complete"].to_pylist() == [True, True]
    assert tables.objects.num_rows == 4
    assert tables.relations.num_rows == 0
    ids = {(row["image_id"], str(row["object_id"])) for row in tables.objects.to_pylist()}
    assert {(row["image_id"], row["subject_id"]) for row in tables.triplets.to_pylist()} == ids


def test_besides_annotated_triplets(folder: Folder) -> None:
    folder.relations([Relation("a", "Cat", "on", "Table"), Relation("d", "Cat", "on", "Table")])
    folder.boxes(pair("b"))
    tables = read(folder)
    assert triplets(tables) == {
        ("a", "Cat", "on", "Table"),
        ("d", "Cat", "on", "Table"),
        *mined("b"),
    }
    assert tables.relations.num_rows == 2
    complete = dict(
        zip(tables.images["image_id"].to_pylist(), tables.images["boxes_complete"].to_pylist(), strict=True)
    )
    assert complete == {"a": False, "b": True, "d": False}


def test_boxes_that_only_relations_know_are_not_mined(folder: Folder) -> None:
    folder.relations([Relation("a", "Cat", "at", "Guitar", LEFT, FAR)])
    folder.boxes(pair("b"))
    assert triplets(read(folder)) == {("a", "Cat", "at", "Guitar"), *mined("b")}


@pytest.mark.parametrize("flag", [1, -1])
def test_groups_and_boxes_of_which_nobody_said(folder: Folder, flag: int) -> None:
    folder.boxes([Boxed("a", "Cat", LEFT, (0, 0, flag, 0)), Boxed("a", "Guitar", FAR), *pair("b")])
    tables = read(folder)
    assert triplets(tables) == mined("b")
    assert tables.dropped[spatial.NOT_SINGLE] == 1


def test_a_damaged_row_spoils_its_picture(folder: Folder) -> None:
    folder.boxes([*pair("a"), "a,xclick,/m/01yrx,1,0.5,abc,0,1,0,0,0,0,0", *pair("b")])
    assert triplets(read(folder)) == mined("b")


def test_the_picture_is_turned_before_sides_are_told(folder: Folder) -> None:
    # A quarter counterclockwise: what was on the left is at the bottom.
    folder.boxes(
        [
            *pair("a"),
            *pair("b"),
            Boxed("c", "Cat", (0.2, 0.1, 0.6, 0.3)),
            Boxed("c", "Guitar", (0.2, 0.6, 0.6, 0.9)),
        ]
    )
    folder.images([Photo("a", rotation="90.0"), Photo("b"), Photo("c", rotation="90.0")])
    # In c, the cat was above: turned, it is on the left.
    assert triplets(read(folder)) == mined("b") | mined("c")


def test_sampling(folder: Folder) -> None:
    folder.relations([Relation("a", "Cat", "on", "Table")])
    folder.boxes([box for image in "bcdefg" for box in pair(image)])
    assert read(folder, max_images=3).images.num_rows == 3
    only = read(folder, relations="left_of")
    assert {row[2] for row in triplets(only)} == {"left_of"}
    assert only.images.num_rows == 6
    assert only.relations.num_rows == 0


def test_licences(folder: Folder) -> None:
    folder.boxes([*pair("a"), *pair("b")])
    folder.images([Photo("a"), Photo("b", license="https://creativecommons.org/licenses/by-nc/2.0/")])
    tables = read(folder, licenses="by")
    assert triplets(tables) == mined("a")
    assert tables.dropped[NOT_ASKED_FOR] == 1


def test_without_boxes(folder: Folder) -> None:
    folder.relations([Relation("a", "Cat", "on", "Table")])
    with pytest.raises(UserError, match=r"none of oidv6-train-annotations-bbox\.csv"):
        read(folder)


@pytest.mark.skipif(
    not PHOTOS.is_dir(), reason="real photos are not here; give them as ../shared/data/openimages_photos"
)
def test_real_boxes_of_which_nobody_said_whether_they_are_groups() -> None:
    options = BuildSettings(data=PHOTOS, spatial=True)
    origin = open_openimages(options, PHOTOS, SilentProgress())
    with pytest.raises(UserError, match="or a group, or drawn: 226"):
        origin.read(load_vocabulary(), load_nouns())
