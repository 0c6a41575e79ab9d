"""Pairs by number: what each scheme makes of records, whatever their order, worker or process."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from typing import Any

import datasets
import pytest
from helpers.paired_records import COLOURS, ROWS, dataset_of, number_by_hand, origin, record
from PIL import ImageColor
from torch.utils.data import DataLoader

from naturel.annotations.errors import UserError
from naturel.loaders import Draw, Pairs, Scheme, pairs

SCHEMES: tuple[Scheme, ...] = ("single", "all", "two", "groups")


def said(item: Any) -> tuple[Any, ...]:
    """The sentences of an item."""
    return (item["id"], item["positive"], item["negative"])


def plain(items: Any) -> list[Any]:
    """A collate function that collates nothing."""
    return list(items)


def test_all_pairs_are_the_simple_one_and_the_complex_ones_in_their_order() -> None:
    made = Pairs(dataset_of(), "all")
    assert len(made) == 20
    assert [said(made[place]) for place in range(4)] == [
        ("ann", "P0", "Q0"),
        ("ann", "P1", "Q1"),
        ("ann", "P2", "R2"),
        ("ann", "P3", "X3"),
    ]
    assert said(made[19]) == ("eve", "T3", "X3")
    assert [made[place]["group_id"] for place in range(4)] == [None, "g1", "g2", None]


def test_a_single_pair_is_two_complex_sentences_chosen_by_hash() -> None:
    made = Pairs(dataset_of(), "single", seed=7)
    made.set_epoch(3)
    assert len(made) == 5
    for place, (row, claim) in enumerate(zip(ROWS, "PQRST", strict=True)):
        number = number_by_hand(7, 3, row["id"])
        positive, negative = number % 3, number // 3 % 3
        assert said(made[place]) == (row["id"], f"{claim}{positive + 1}", row["complex_negatives"][negative])
        expected = row["group_ids"][positive] if positive == negative else None
        assert made[place]["group_id"] == expected


def test_two_pairs_are_two_different_sentences_of_either_side() -> None:
    made = Pairs(dataset_of(), "two", seed=1)
    for place, (row, claim) in enumerate(zip(ROWS, "PQRST", strict=True)):
        sides = [
            [f"{claim}{slot}" for slot in range(4)],
            [row["simple_negative"], *row["complex_negatives"]],
        ]
        numbers = [number_by_hand(1, 0, row["id"]), number_by_hand(1, 0, row["id"], 1)]
        expected = []
        for side, number in zip(sides, numbers, strict=True):
            first = number % 4
            expected.append([side[first], side[(first + 1 + number // 4 % 3) % 4]])
        assert [made[place]["positives"], made[place]["negatives"]] == expected


def test_groups_are_two_items_each_with_the_sentences_exchanged() -> None:
    made = Pairs(dataset_of(), "groups")
    assert len(made) == 6
    found = {made[place]["group_id"]: {said(made[place]), said(made[place + 1])} for place in (0, 2, 4)}
    assert found == {
        "g1": {("ann", "P1", "Q1"), ("bob", "Q1", "P1")},
        "g2": {("ann", "P2", "R2"), ("cas", "R2", "P2")},
        "g3": {("cas", "R1", "S3"), ("dan", "S3", "R1")},
    }
    assert all(made[place]["group_id"] == made[place + 1]["group_id"] for place in (0, 2, 4))


def test_a_group_with_one_record_elsewhere_gives_no_item() -> None:
    made = Pairs(dataset_of(ROWS[:2]), "groups")
    assert [made[place]["group_id"] for place in range(len(made))] == ["g1", "g1"]
    assert made.groups.halves == 1  # g2


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_order_of_records_does_not_matter(scheme: Scheme) -> None:
    straight = list(Pairs(dataset_of(), scheme, seed=5))
    turned = list(Pairs(dataset_of().select([3, 1, 4, 0, 2]), scheme, seed=5))
    assert sorted(map(repr, straight)) == sorted(map(repr, turned))


def test_seeds_and_epochs_choose_otherwise() -> None:
    rows = [record(f"r{number}", "A", "P", "Q0 Q1 Q2 Q3", [None] * 3) for number in range(50)]
    data = dataset_of(rows)
    made = Pairs(data, "single")
    first = [said(item) for item in made]
    assert [said(item) for item in made] == first
    assert len({item[1:] for item in first}) == 9  # all combinations of three and three
    made.set_epoch(1)
    assert [said(item) for item in made] != first
    assert [said(item) for item in Pairs(data, "single", seed=1)] != first


def test_numbers_count_from_either_end_and_not_beyond() -> None:
    made = Pairs(dataset_of(), "all")
    assert said(made[-1]) == said(made[19])
    for place in (20, -21):
        with pytest.raises(IndexError):
            made[place]
    with pytest.raises(TypeError):
        made["0"]  # type: ignore[index]


def test_several_items_at_once_are_those_one_by_one() -> None:
    made = Pairs(dataset_of(), "all")
    assert made.__getitems__([7, 0, 7]) == [made[7], made[0], made[7]]


def test_a_draw_names_record_pair_and_epoch() -> None:
    made = Pairs(dataset_of(), "single")
    later = Pairs(dataset_of(), "single")
    later.set_epoch(4)
    assert said(made[Draw(2, 0, 0)]) == ("cas", "R0", "P0")
    assert said(made[Draw(2, 1, 9)]) == ("cas", "R1", "S3")
    assert said(made[Draw(2, -1, 4)]) == said(later[2])
    two = Pairs(dataset_of(), "two")[Draw(0, 2, 0)]
    assert (two["positives"][0], two["negatives"][0], two["group_id"]) == ("P2", "R2", "g2")
    with pytest.raises(IndexError):
        made[Draw(5, 0, 0)]
    with pytest.raises(TypeError):
        made.__getitems__([Draw(0, 0, 0), 1])


def test_a_pickled_copy_makes_the_same_items() -> None:
    made = Pairs(dataset_of(pictures=True), "single", seed=3)
    made.set_epoch(2)
    copy = pickle.loads(pickle.dumps(made))  # noqa: S301
    assert copy.epoch == 2
    assert [said(item) for item in copy] == [said(item) for item in made]
    copy.set_epoch(5)
    assert made.epoch == 2


def colour(picture: Any) -> tuple[int, ...]:
    """The colour of a picture's first pixel, rounded as JPEG is not exact."""
    return tuple(round(value / 16) * 16 for value in picture.convert("RGB").getpixel((0, 0)))


def expected_colour(name: str) -> tuple[int, ...]:
    return tuple(round(value / 16) * 16 for value in ImageColor.getrgb(COLOURS[name]))


def test_items_have_decoded_pictures_and_negative_ones_where_they_are() -> None:
    made = Pairs(dataset_of(pictures=True, negatives={"ann": "N"}), "all")
    items = list(made)
    assert [colour(item["image"]) for item in items[::4]] == [expected_colour(name) for name in "ABCAD"]
    assert [colour(item["negative_image"]) for item in items[:4]] == [expected_colour("N")] * 4
    assert {item["negative_image_id"] for item in items[:4]} == {"N"}
    assert {item["negative_image_caption"] for item in items[:4]} == {"R2"}
    for item in items[4:]:
        assert item["negative_image"] is item["negative_image_id"] is item["negative_image_caption"] is None


def test_the_blank_picture_of_the_poster_and_none() -> None:
    data = dataset_of(pictures=True, negatives={"ann": "N"})
    blank = Pairs(data, "single", negative_images="blank")[0]
    assert blank["negative_image"].size == (224, 224)
    assert blank["negative_image"].getcolors() == [(224 * 224, (255, 255, 255))]
    assert blank["negative_image_id"] is None
    off = Pairs(data, "single", negative_images="off")[0]
    assert off["negative_image"] is off["image_source"] is off["negative_image_caption"] is None
    assert colour(off["image"]) == expected_colour("A")


def test_a_release_with_links_has_addresses_and_no_pictures() -> None:
    item = Pairs(dataset_of(negatives={"ann": "N"}), "single")[0]
    assert item["image"] is item["negative_image"] is None
    assert item["image_source"] == origin("A")
    assert (item["negative_image_id"], item["negative_image_source"]) == ("N", origin("N"))


@pytest.fixture
def loader() -> tuple[Pairs, Any]:
    """A `DataLoader` with workers that live on after an epoch."""
    made = Pairs(dataset_of(pictures=True), "single")
    loader: Any = DataLoader(
        made,  # type: ignore[arg-type]
        batch_size=2,
        num_workers=2,
        persistent_workers=True,
        collate_fn=plain,
    )
    return made, loader


def test_workers_that_live_on_follow_the_epoch(loader: tuple[Pairs, Any]) -> None:
    made, batches = loader
    for epoch in (0, 1, 2):
        made.set_epoch(epoch)
        got = [said(item) for batch in batches for item in batch]
        assert got == [said(item) for item in made]


def test_torch_is_not_imported() -> None:
    code = (
        "import sys; from helpers.paired_records import dataset_of; from naturel.loaders import GroupBatches, pairs\n"
        "made = pairs(dataset_of(), 'groups'); assert len(list(GroupBatches(made, 4, 1))) == 1; made[0]\n"
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}, check=False
    )
    assert done.returncode == 0


def test_faults_are_told() -> None:
    data = dataset_of()
    with pytest.raises(UserError, match="no scheme 'three': give one of single, all, two, groups"):
        Pairs(data, "three")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="they have no id, complex_negatives"):
        Pairs(data.remove_columns(["id", "complex_negatives"]), "all")
    with pytest.raises(UserError, match="not of list"):
        pairs([1, 2])
    short = record("fay", "A", "P", "Q0 Q1 Q2 Q3", [None] * 3)
    table = [*data.select([0]).to_list(), short | {"complex_negatives": ["Q1"]}]
    keep = ["id", "image_id", "simple_positive", "simple_negative", "complex_positives", "complex_negatives"]
    damaged = datasets.Dataset.from_list([{name: row[name] for name in keep} for row in table])
    with pytest.raises(UserError, match="complex_negatives of record fay are not 3 but 1"):
        Pairs(damaged, "all")


def test_records_that_stand_twice_or_are_not_opposed_are_told() -> None:
    with pytest.raises(UserError, match="group g1 has 4 members, not two"):
        Pairs(dataset_of(ROWS + [row | {"id": f"{row['id']}2"} for row in ROWS]), "groups")
    wrong = ROWS[1] | {"complex_negatives": ["P7", "X2", "X3"]}
    with pytest.raises(UserError, match="sentences of group g1 are not opposed"):
        Pairs(dataset_of([ROWS[0], wrong]), "single")


def test_releases_without_groups_are_read() -> None:
    made = Pairs(dataset_of().remove_columns(["group_ids"]), "groups")
    assert len(made) == 0
    assert list(made) == []
