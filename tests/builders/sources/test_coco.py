"""Datasets in COCO's format as a source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from helpers.coco_folder import ABOVE, BELOW, COCO, LEFT, RIGHT, Things, instances, write_instances

from naturel.annotations.errors import UserError
from naturel.annotations.nouns import Number, load_nouns
from naturel.annotations.relations import load_vocabulary
from naturel.builders.progress import SilentProgress
from naturel.builders.settings import BuildSettings
from naturel.builders.sources import coco, spatial
from naturel.builders.sources.coco import open_coco
from naturel.builders.sources.coco_labels import COCO_CATEGORIES, is_coco, label_of
from naturel.builders.sources.licensing import NOT_ASKED_FOR, UNKNOWN
from naturel.builders.sources.origin import Origin
from naturel.builders.sources.tables import SourceTables

NOUNS = load_nouns()
DATA = Path(__file__).parents[4] / "shared/data/coco"
PAIR: Things = [("cat", LEFT), ("dog", RIGHT)]


def opened(folder: Path, **settings: object) -> Origin:
    return open_coco(BuildSettings(source="coco", data=folder, **settings), folder / "work", SilentProgress())


def read(
    folder: Path,
    pictures: Mapping[int, Things],
    categories: Sequence[str] = COCO,
    photos: Mapping[int, Mapping[str, Any]] | None = None,
    **settings: object,
) -> SourceTables:
    write_instances(folder / "annotations/instances_train2017.json", instances(pictures, categories, photos))
    return opened(folder, **settings).read(load_vocabulary(), NOUNS)


def triplets(tables: SourceTables) -> set[tuple[str, str, str, str]]:
    return {tuple(list(row.values())[:4]) for row in tables.triplets.to_pylist()}


def absent(tables: SourceTables, image: str) -> set[str]:
    return {row["label"] for row in tables.absent_labels.to_pylist() if row["image_id"] == image}


def test_the_tables(tmp_path: Path) -> None:
    tables = read(tmp_path, {9: PAIR, 10: [("cat", LEFT)]})
    assert triplets(tables) == {("coco-9", "Cat", "left_of", "Dog"), ("coco-9", "Dog", "right_of", "Cat")}
    assert tables.images.to_pylist() == [
        {
            "image_id": "coco-9",
            "source": "coco",
            "source_split": "train",
            "url": "http://pictures.example/train2017/000000000009.jpg",
            "landing_url": "http://flickr.example/9",
            "license": "Attribution License (http://creativecommons.org/licenses/by/2.0/)",
            "file_name": "000000000009.jpg",
            "boxes_complete": True,
        }
    ]
    first, second = tables.objects.to_pylist()
    assert (first["image_id"], first["label"], first["is_group_of"]) == ("coco-9", "Cat", False)
    assert second["box"] == pytest.approx([0.7, 0.2, 1, 0.8])
    assert tables.relations.num_rows == 0


def test_every_other_category_of_coco_is_absent(tmp_path: Path) -> None:
    tables = read(tmp_path, {9: [*PAIR, ("teddy bear", ABOVE)]})
    labels = {label_of(name, NOUNS) for name in COCO_CATEGORIES}
    # A teddy bear could be called a bear.
    assert absent(tables, "coco-9") == labels - {"Cat", "Dog", "Teddy bear", "Bear"}


def test_of_another_list_nothing_is_absent(tmp_path: Path) -> None:
    tables = read(tmp_path, {9: PAIR}, ("cat", "dog", "pencil sharpener"))
    assert tables.absent_labels.num_rows == 0
    assert any("not COCO's own 80" in note for note in tables.notes)


def test_lvis_says_what_is_absent_and_what_is_not_all_boxed(tmp_path: Path) -> None:
    categories = ("cat", "dog", "bow_(weapon)", "bow_(decorative_ribbons)", "kite")
    photos = {
        1: {"neg_category_ids": [3, 5], "not_exhaustive_category_ids": []},
        2: {"neg_category_ids": [3, 4, 1], "not_exhaustive_category_ids": []},
        3: {"neg_category_ids": [], "not_exhaustive_category_ids": [2]},
    }
    tables = read(tmp_path, dict.fromkeys((1, 2, 3), PAIR), categories, photos)
    # "bow" is absent only where neither bow is; a cat is boxed in 2 all the same.
    assert absent(tables, "coco-1") == {"Kite"}
    assert absent(tables, "coco-2") == {"bow"}
    assert set(tables.triplets["image_id"].to_pylist()) == {"coco-1", "coco-2"}
    assert tables.dropped[spatial.NOT_SINGLE] == 1


def test_crowds_and_second_things_give_nothing(tmp_path: Path) -> None:
    pictures: dict[int, Things] = {
        1: [("cat", LEFT, {"iscrowd": 1}), ("dog", RIGHT)],
        2: [("cat", LEFT), ("dog", RIGHT), ("dog", BELOW)],
        3: [("chair", LEFT), ("couch", BELOW), ("dog", RIGHT)],
        4: PAIR,
    }
    tables = read(tmp_path, pictures)
    assert set(tables.images["image_id"].to_pylist()) == {"coco-4"}


def test_a_picture_with_a_damaged_annotation_is_not_used(tmp_path: Path) -> None:
    tables = read(tmp_path, {1: [*PAIR, ("kite", (10, 10, 0, 0))], 2: PAIR})
    assert tables.images["image_id"].to_pylist() == ["coco-2"]
    assert tables.dropped[coco.DAMAGED] == 1
    assert "bbox is [10.0" in next(iter(tables.examples.values()))


def test_licences(tmp_path: Path) -> None:
    photos: dict[int, dict[str, int | None]] = {
        1: {"license": 1},
        2: {"license": 4},
        3: {"license": 77},
        4: {"license": None},
    }
    pictures = dict.fromkeys(photos, PAIR)
    tables = read(tmp_path, pictures, photos=photos, licenses="by")
    assert tables.images["image_id"].to_pylist() == ["coco-2"]
    assert (tables.dropped[NOT_ASKED_FOR], tables.dropped[UNKNOWN]) == (1, 2)
    assert read(tmp_path, pictures, photos=photos, licenses="1,4").images.num_rows == 2
    assert read(tmp_path, pictures, photos=photos).images["license"].null_count == 2


def test_licences_come_before_the_sample(tmp_path: Path) -> None:
    photos = {number: {"license": 1 if number % 2 else 4} for number in range(20)}
    tables = read(tmp_path, dict.fromkeys(photos, PAIR), photos=photos, licenses="by", max_images=10)
    assert tables.images.num_rows == 10


def test_sampling(tmp_path: Path) -> None:
    pictures = dict.fromkeys(range(20), PAIR)
    assert read(tmp_path, pictures, max_images=4).images.num_rows == 4
    assert read(tmp_path, pictures, max_per_triplet=3, relations="left_of").triplets.num_rows == 3


def test_settings_of_the_mining(tmp_path: Path) -> None:
    small: Things = [("cat", (0, 0, 20, 20)), ("dog", RIGHT)]  # .02 of the picture
    with pytest.raises(UserError, match="smaller than --min-area: 1"):
        read(tmp_path, {1: small})
    assert read(tmp_path, {1: small}, min_area=0.01).triplets.num_rows == 2
    with pytest.raises(UserError, match="no spatial relation holds by the --margin: 1"):
        read(tmp_path, {1: PAIR}, margin=0.45)


def test_pictures_without_address_cannot_be_linked_to(tmp_path: Path) -> None:
    photos = {1: {"coco_url": None}}
    assert read(tmp_path, {1: PAIR, 2: PAIR}, photos=photos).images["url"].null_count == 1
    linked = read(tmp_path, {1: PAIR, 2: PAIR}, photos=photos, images="link")
    assert linked.images["image_id"].to_pylist() == ["coco-2"]
    assert linked.dropped[coco.NO_ADDRESS] == 1


def test_data_is_needed(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--source coco needs --data"):
        open_coco(BuildSettings(source="coco"), tmp_path, SilentProgress())


def test_what_shapes_the_tables_is_in_the_key(tmp_path: Path) -> None:
    write_instances(tmp_path / "instances.json", instances({1: PAIR}))
    keys = [
        str(opened(tmp_path, **settings).key)
        for settings in (
            {},
            {"min_area": 0.1},
            {"margin": 0.1},
            {"licenses": "by"},
            {"seed": 1},
            {"max_images": 5},
            {"max_per_triplet": 5},
            {"relations": "above"},
            {"split": "test"},
            {"images": "link"},
        )
    ]
    assert len(set(keys)) == len(keys)
    assert opened(tmp_path).inputs == {"annotations": tmp_path / "instances.json"}


SAID = {
    "cell phone": ("Mobile phone", "a mobile phone", "mobile phones"),
    "couch": ("Couch", "a couch", "couches"),
    "cow": ("Cattle", "a cow", "cows"),
    "cup": ("Cup", "a cup", "cups"),
    "dining table": ("Kitchen & dining room table", "a dining table", "dining tables"),
    "donut": ("Doughnut", "a doughnut", "doughnuts"),
    "frisbee": ("Flying disc", "a frisbee", "frisbees"),
    "hair drier": ("Hair dryer", "a hair dryer", "hair dryers"),
    "keyboard": ("Computer keyboard", "a computer keyboard", "computer keyboards"),
    "knife": ("Knife", "a knife", "knives"),
    "mouse": ("Computer mouse", "a computer mouse", "computer mice"),
    "orange": ("Orange", "an orange", "oranges"),
    "person": ("Person", "a person", "people"),
    "potted plant": ("Potted plant", "a potted plant", "potted plants"),
    "remote": ("Remote control", "a remote control", "remote controls"),
    "scissors": ("Scissors", "scissors", "scissors"),
    "sheep": ("Sheep", "a sheep", "sheep"),
    "skis": ("Skis", "skis", "skis"),
    "sports ball": ("Ball", "a ball", "balls"),
    "tie": ("Tie", "a tie", "ties"),
    "tv": ("Television", "a television", "televisions"),
}


@pytest.mark.parametrize("category", SAID)
def test_how_categories_are_said(category: str) -> None:
    noun = NOUNS.noun_for(label_of(category, NOUNS))
    assert (label_of(category, NOUNS), noun.indefinite(), noun.plural) == SAID[category]


def test_all_other_categories_of_coco_are_said_as_they_are() -> None:
    labels = {name: label_of(name, NOUNS) for name in COCO_CATEGORIES}
    assert len(set(labels.values())) == len(COCO_CATEGORIES) == 80
    for name in COCO_CATEGORIES - SAID.keys() - {"microwave"}:
        assert NOUNS.noun_for(labels[name]).noun == name
        assert labels[name] in NOUNS.nouns
    assert NOUNS.noun_for(labels["broccoli"]).number is Number.MASS
    assert NOUNS.noun_for(labels["skis"]).is_plural


@pytest.mark.parametrize(
    ("category", "label"),
    [
        ("bow_(weapon)", "bow"),
        ("bat_(animal)", "bat"),
        ("alarm_clock", "Alarm clock"),
        ("mouse_(computer_equipment)", "Computer mouse"),
        ("pencil_sharpener", "Pencil sharpener"),
        ("Wheel Clamp", "Wheel Clamp"),
    ],
)
def test_categories_of_other_lists(category: str, label: str) -> None:
    assert label_of(category, NOUNS) == label


def test_what_is_cocos_own_list() -> None:
    assert is_coco(COCO)
    assert not is_coco(COCO[1:])
    assert not is_coco([*COCO, "lamp"])


@pytest.mark.skipif(
    not DATA.is_dir(), reason="real COCO files are not here; give them as ../shared/data/coco"
)
@pytest.mark.parametrize(("split", "count"), [("train", 10), ("validation", 6)])
def test_real_files(split: str, count: int) -> None:
    origin = open_coco(BuildSettings(source="coco", data=DATA, splits=split), DATA, SilentProgress())
    tables = origin.read(load_vocabulary(), NOUNS)
    assert tables.triplets.num_rows == count
    assert origin.folders == (DATA / "images", DATA)
    for name in tables.images["file_name"].to_pylist():
        assert (DATA / "images" / name).is_file()
