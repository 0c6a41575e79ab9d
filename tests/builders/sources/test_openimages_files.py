"""Finding official files: names of all versions, which one wins, and where they are published."""

from __future__ import annotations

from pathlib import Path

import pytest

from naturel.annotations.errors import UserError
from naturel.builders.sources.openimages_files import KINDS, PUBLISHED_BYTES, SPLITS, address_of, find_files

V4 = {
    "relations": "train-annotations-vrd.csv",
    "classes": "class-descriptions-boxable.csv",
    "attributes": "attributes-description.csv",
    "hierarchy": "bbox_labels_600_hierarchy.json",
    "boxes": "train-annotations-bbox.csv",
    "labels": "train-annotations-human-imagelabels-boxable.csv",
    "images": "train-images-boxable-with-rotation.csv",
}
CHALLENGE = {
    "relations": "challenge-2018-train-vrd.csv",
    "attributes": "challenge-2018-attributes-description.csv",
    "hierarchy": "bbox_labels_500_hierarchy.json",
}
V6 = {
    "relations": "oidv6-train-annotations-vrd.csv",
    "classes": "oidv6-class-descriptions-boxable.csv",
    "attributes": "oidv6-attributes-description.csv",
    "boxes": "oidv6-train-annotations-bbox.csv",
    "labels": "oidv6-train-annotations-human-imagelabels-boxable.csv",
    "images": "oidv6-train-images-with-labels-with-rotation.csv",
}


def fill(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_text("")
    return folder


def found(folder: Path, split: str = "train") -> dict[str, str]:
    return {kind: path.name for kind, path in find_files(folder, split).items()}


@pytest.mark.parametrize("files", [V4, CHALLENGE, V6], ids=["V4", "Challenge", "V6"])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_the_files_of_each_version(tmp_path: Path, files: dict[str, str], suffix: str) -> None:
    fill(tmp_path, *(name + suffix for name in files.values()), "README.txt")
    assert found(tmp_path) == {kind: name + suffix for kind, name in files.items()}


def test_the_newest_version_wins(tmp_path: Path) -> None:
    fill(tmp_path, *V4.values(), *CHALLENGE.values(), *V6.values())
    expected = V6 | {"hierarchy": V4["hierarchy"], "images": V4["images"]}
    assert found(tmp_path) == expected


def test_an_older_file_serves_where_the_newer_is_missing(tmp_path: Path) -> None:
    fill(tmp_path, V6["relations"], V4["classes"])
    assert found(tmp_path) == {"relations": V6["relations"], "classes": V4["classes"]}


def test_2019_wins_over_2018(tmp_path: Path) -> None:
    fill(tmp_path, "challenge-2018-train-vrd.csv", "challenge-2019-train-vrd.csv")
    assert found(tmp_path) == {"relations": "challenge-2019-train-vrd.csv"}


def test_version_counts_before_compression_and_plain_before_gzip(tmp_path: Path) -> None:
    fill(tmp_path, V6["relations"] + ".gz", V4["relations"], V4["boxes"], V4["boxes"] + ".gz")
    assert found(tmp_path) == {"relations": V6["relations"] + ".gz", "boxes": V4["boxes"]}


def test_only_files_of_the_split(tmp_path: Path) -> None:
    fill(tmp_path, *V6.values(), "oidv6-test-annotations-vrd.csv")
    assert found(tmp_path, "test") == {
        "relations": "oidv6-test-annotations-vrd.csv",
        "classes": V6["classes"],
        "attributes": V6["attributes"],
    }


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_files_of_another_split_only(tmp_path: Path, suffix: str) -> None:
    fill(tmp_path, "validation-annotations-vrd.csv" + suffix)
    with pytest.raises(UserError, match="Files of the split validation are there: use --split validation"):
        find_files(tmp_path, "train")


def test_no_relation_file(tmp_path: Path) -> None:
    fill(tmp_path, V4["boxes"])
    (tmp_path / V4["relations"]).mkdir()  # a folder of that name is no file
    with pytest.raises(UserError) as caught:
        find_files(tmp_path, "train")
    assert str(caught.value) == (
        f"--data {tmp_path}: none of oidv6-train-annotations-vrd.csv, train-annotations-vrd.csv, "
        "challenge-2019-train-vrd.csv, challenge-2018-train-vrd.csv (or .gz) is there."
    )


@pytest.mark.parametrize("make_file", [False, True])
def test_no_folder(tmp_path: Path, make_file: bool) -> None:
    path = tmp_path / "nowhere"
    if make_file:
        path.write_text("")
    with pytest.raises(UserError, match="there is no such folder"):
        find_files(path, "train")


def test_addresses() -> None:
    assert {kind: address_of(kind, "train") for kind in KINDS} == {
        "relations": "v6/oidv6-train-annotations-vrd.csv",
        "classes": "v5/class-descriptions-boxable.csv",
        "attributes": "v6/oidv6-attributes-description.csv",
        "hierarchy": "2018_04/bbox_labels_600_hierarchy.json",
        "boxes": "v6/oidv6-train-annotations-bbox.csv",
        "labels": "v5/train-annotations-human-imagelabels-boxable.csv",
        "images": "2018_04/train/train-images-boxable-with-rotation.csv",
    }
    assert address_of("boxes", "test") == "v5/test-annotations-bbox.csv"
    assert address_of("images", "test") == "2018_04/test/test-images-with-rotation.csv"
    assert address_of("relations", "validation") == "v6/oidv6-validation-annotations-vrd.csv"
    with pytest.raises(ValueError, match="no split holdout"):
        address_of("relations", "holdout")


@pytest.mark.parametrize("split", SPLITS)
def test_what_is_downloaded_is_found(tmp_path: Path, split: str) -> None:
    fill(tmp_path, *(address_of(kind, split).rsplit("/", 1)[-1] for kind in KINDS))
    assert found(tmp_path, split).keys() == KINDS.keys()


def test_published_sizes_belong_to_addresses() -> None:
    assert PUBLISHED_BYTES.keys() <= {address_of(kind, split) for kind in KINDS for split in SPLITS}
