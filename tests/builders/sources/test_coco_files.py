"""Finding the files of a dataset in COCO's format."""

from __future__ import annotations

from pathlib import Path

import pytest

from naturel.annotations.errors import UserError
from naturel.builders.sources.coco_files import about_file, find_coco


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    return folder


@pytest.mark.parametrize(
    ("split", "name"),
    [
        ("train", "annotations/instances_train2017.json"),
        ("validation", "annotations/instances_val2017.json"),
        ("train", "instances_train2014.json"),
        ("validation", "instances_minival2014.json"),
        ("validation", "lvis_v1_val.json"),
        ("train", "annotations/lvis_v1_train.json"),
        ("validation", "valid/_annotations.coco.json"),
        ("test", "test/_annotations.coco.json"),
        ("test", "annotations/instances_test.json"),
    ],
)
def test_a_file_by_its_name_or_folder(tmp_path: Path, split: str, name: str) -> None:
    others = {
        "annotations/captions_train2017.json",
        "annotations/person_keypoints_val2017.json",
        "image_info_test2017.json",
    }
    found = find_coco(touch(tmp_path, name, *others), split)
    assert found.annotations == tmp_path / name
    assert not found.notes
    assert find_splits(tmp_path) == {split}


def find_splits(folder: Path) -> set[str]:
    found = set()
    for split in ("train", "validation", "test"):
        try:
            find_coco(folder, split)
        except UserError:
            continue
        found.add(split)
    return found


def test_a_single_file_without_a_split_serves_any(tmp_path: Path) -> None:
    touch(tmp_path, "instances.json")
    assert find_splits(tmp_path) == {"train", "validation", "test"}
    assert find_coco(tmp_path, "test").notes == (
        "instances.json does not say its split: it was taken for test",
    )
    touch(tmp_path, "annotations/instances.json")
    assert find_splits(tmp_path) == set()


def test_of_several_the_newest_of_coco(tmp_path: Path) -> None:
    touch(tmp_path, "lvis_v1_train.json", "instances_train2014.json", "instances_train2017.json")
    found = find_coco(tmp_path, "train")
    assert found.annotations.name == "instances_train2017.json"
    assert found.notes == ("of 3 files of the split train, instances_train2017.json was read",)


def test_the_split_that_is_there_is_named(tmp_path: Path) -> None:
    touch(tmp_path, "annotations/instances_val2017.json")
    with pytest.raises(UserError, match="--split validation") as raised:
        find_coco(tmp_path, "train")
    assert "instances_train2017.json" in str(raised.value)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no such folder"):
        find_coco(tmp_path / "none", "train")


def test_folders_of_photos(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "annotations/instances_train2017.json",
        "images/train2017/1.jpg",
        "train2017/1.jpg",
        "val2017/1.jpg",
    )
    folders = find_coco(tmp_path, "train").folders
    expected = ("train2017", "images/train2017", "images", "annotations", "")
    assert folders == tuple(tmp_path / name for name in expected)


def test_photos_beside_the_file(tmp_path: Path) -> None:
    touch(tmp_path, "valid/_annotations.coco.json")
    assert find_coco(tmp_path, "validation").folders[0] == tmp_path / "valid"


@pytest.mark.parametrize(
    ("name", "card_license", "who"),
    [
        ("instances_val2017.json", "cc-by-4.0", "Lin et al."),
        ("instances_valminusminival2014.json", "cc-by-4.0", "Lin et al."),
        ("lvis_v1_train.json", "cc-by-4.0", "Gupta"),
        ("instances_train.json", "unknown", ""),
        ("_annotations.coco.json", "unknown", ""),
    ],
)
def test_what_the_card_says(name: str, card_license: str, who: str) -> None:
    about = about_file(Path("data") / name)
    assert about.card_license == card_license
    assert about.citation.startswith(who)
    assert bool(about.citation) == bool(who)
    assert (name in about.license_sentence) == (card_license == "unknown")
