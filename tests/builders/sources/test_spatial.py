"""Spatial triplets from boxes alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from naturel.annotations import geometry, schema
from naturel.annotations.nouns import load_nouns
from naturel.annotations.relations import load_vocabulary
from naturel.builders.engine import conform
from naturel.builders.sources import spatial
from naturel.builders.sources.sampling import Sampling
from naturel.builders.sources.spatial import Mined, Mining, mine_triplets, sample_triplets

NOUNS, VOCABULARY = load_nouns(), load_vocabulary()
Box = tuple[float, float, float, float]
LEFT: Box = (0.0, 0.2, 0.3, 0.8)
RIGHT: Box = (0.7, 0.2, 1.0, 0.8)
TOP: Box = (0.3, 0.0, 0.7, 0.3)
BOTTOM: Box = (0.3, 0.6, 0.7, 1.0)


def objects(*rows: tuple[str, str, Box], **flags: Sequence[bool | None]) -> pa.Table:
    """Rows of picture, label and box; nothing is a group unless said."""
    table = {
        "image_id": [image for image, _, _ in rows],
        "object_id": [str(i) for i in range(len(rows))],
        "label": [label for _, label, _ in rows],
        "box": [list(box) for _, _, box in rows],
        "is_group_of": flags.get("is_group_of", [False] * len(rows)),
        "is_depiction": flags.get("is_depiction", [None] * len(rows)),
    }
    return conform(pa.table(table), schema.OBJECTS)


def mine(*rows: tuple[str, str, Box], min_area: float = 0.03, margin: float = 0.03) -> Mined:
    return mine_flagged(objects(*rows), min_area, margin)


def mine_flagged(table: pa.Table, min_area: float = 0.03, margin: float = 0.03) -> Mined:
    return mine_triplets(table, Mining(min_area, margin), VOCABULARY, NOUNS)


def said(mined: Mined) -> set[tuple[str, str, str]]:
    return {
        (row["subject_label"], row["relation"], row["object_label"]) for row in mined.triplets.to_pylist()
    }


def test_a_pair_side_by_side_gives_both_directions() -> None:
    mined = mine(("p", "Cat", LEFT), ("p", "Dog", RIGHT))
    assert mined.triplets.to_pylist() == [
        {
            "image_id": "p",
            "subject_label": "Cat",
            "relation": "left_of",
            "object_label": "Dog",
            "subject_id": "0",
            "object_id": "1",
            "pairs": 1,
        },
        {
            "image_id": "p",
            "subject_label": "Dog",
            "relation": "right_of",
            "object_label": "Cat",
            "subject_id": "1",
            "object_id": "0",
            "pairs": 1,
        },
    ]
    assert not mined.dropped


def test_above_needs_an_upper_thing_that_is_mostly_aloft() -> None:
    assert said(mine(("p", "Kite", TOP), ("p", "Dog", BOTTOM))) == {
        ("Kite", "above", "Dog"),
        ("Dog", "below", "Kite"),
    }
    for upper, lower in (("Car", "Dog"), ("Dog", "Kite")):
        mined = mine(("p", upper, TOP), ("p", lower, BOTTOM))
        assert not said(mined)
        assert mined.dropped == {spatial.DEPTH: 1}


def test_things_that_are_mostly_aloft_are_labels() -> None:
    assert NOUNS.nouns.keys() >= spatial.ALOFT


@pytest.mark.parametrize(
    ("second", "why"),
    [
        ("Cat", "the same label"),
        ("Lynx", "a cat may be called so"),
        ("Animal", "one above"),
        ("Carnivore", "two above"),
    ],
)
def test_a_second_thing_that_could_be_meant(second: str, why: str) -> None:
    mined = mine(("p", "Cat", LEFT), ("p", "Dog", RIGHT), ("p", second, (0.4, 0.4, 0.45, 0.45)))
    assert not {triplet for triplet in said(mined) if "Cat" in triplet}, why


def test_only_its_own_picture_counts() -> None:
    mined = mine(("p", "Cat", LEFT), ("p", "Dog", RIGHT), ("q", "Cat", LEFT), ("q", "Cat", RIGHT))
    assert mined.triplets["image_id"].to_pylist() == ["p", "p"]
    assert mined.dropped == {spatial.NOT_SINGLE: 2}


@pytest.mark.parametrize("group", [True, None])
def test_a_group_or_what_may_be_one_gives_nothing(group: bool | None) -> None:
    mined = mine_flagged(objects(("p", "Cat", LEFT), ("p", "Dog", RIGHT), is_group_of=[False, group]))
    assert not said(mined)
    assert mined.dropped == {spatial.NOT_SINGLE: 1}


def test_a_drawn_thing_gives_nothing() -> None:
    table = objects(("p", "Cat", LEFT), ("p", "Dog", RIGHT), is_depiction=[True, False])
    assert not said(mine_flagged(table))


@pytest.mark.parametrize(("side", "found"), [(0.2, True), (0.18, True), (0.17, False)])
def test_the_least_area(side: float, found: bool) -> None:  # .18 squared is .0324
    mined = mine(("p", "Cat", LEFT), ("p", "Ball", (0.7, 0.2, 0.7 + side, 0.2 + side)))
    assert bool(said(mined)) == found
    assert mined.dropped == ({} if found else {spatial.SMALL: 1})


@pytest.mark.parametrize(("gap", "found"), [(0.06, True), (0.04, False)])
def test_the_margin_is_added_to_the_rule(gap: float, found: bool) -> None:
    # The rule asks for .02 of free space; the centres are less than .1 apart.
    first, second = (0.4, 0.0, 0.44, 1.0), (0.44 + gap, 0.0, 0.48 + gap, 1.0)
    assert bool(said(mine(("p", "Cat", first), ("p", "Dog", second)))) == found
    assert said(mine(("p", "Cat", first), ("p", "Dog", second), margin=0))


def test_blocks_of_pictures_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(str(image), label, box) for image in range(7) for label, box in (("Cat", LEFT), ("Dog", RIGHT))]
    whole = mine(*rows).triplets.to_pylist()
    monkeypatch.setattr(spatial, "BLOCK", 3)
    in_blocks = mine(*rows).triplets.to_pylist()
    assert sorted(in_blocks, key=str) == sorted(whole, key=str)
    assert len(whole) == 14


def test_no_boxes_at_all() -> None:
    assert mine().triplets.num_rows == 0


LABELS = ("Cat", "Dog", "Kite", "Table", "Lynx", "Person", "Man", "Ball")


@st.composite
def pictures(draw: st.DrawFn) -> list[tuple[str, str, Box]]:
    side = st.integers(0, 20)
    rows = []
    for _ in range(draw(st.integers(0, 8))):
        x, y = (sorted(draw(st.lists(side, min_size=2, max_size=2, unique=True))) for _ in range(2))
        box = (x[0] / 20, y[0] / 20, x[1] / 20, y[1] / 20)
        rows.append((draw(st.sampled_from("pq")), draw(st.sampled_from(LABELS)), box))
    return rows


@given(pictures())
def test_a_mirrored_picture_has_left_and_right_exchanged(rows: list[tuple[str, str, Box]]) -> None:
    boxes = [geometry.mirror(np.array([box]))[0].tolist() for _, _, box in rows]
    mirrored = [(image, label, tuple(box)) for (image, label, _), box in zip(rows, boxes, strict=True)]
    opposite = {"left_of": "right_of", "right_of": "left_of"}

    def of(mined: Mined) -> Counter[tuple[str, ...]]:
        return Counter(tuple(str(value) for value in row.values()) for row in mined.triplets.to_pylist())

    # Off the grid of the boxes, so that rounding cannot decide.
    there, back = (mine(*each, min_area=0.011, margin=0.033) for each in (rows, mirrored))
    exchanged = Counter(
        {(*row[:2], opposite.get(row[2], row[2]), *row[3:]): count for row, count in of(there).items()}
    )
    assert of(back) == exchanged


@given(pictures())
def test_each_thing_named_is_the_only_one_of_its_name(rows: list[tuple[str, str, Box]]) -> None:
    for row in mine(*rows, min_area=0, margin=0.001).triplets.to_pylist():
        for label in (row["subject_label"], row["object_label"]):
            alike = NOUNS.same_thing(label)
            assert sum(image == row["image_id"] and other in alike for image, other, _ in rows) == 1
        subject, thing = rows[int(row["subject_id"])], rows[int(row["object_id"])]
        assert (subject[:2], thing[:2]) == (
            (row["image_id"], row["subject_label"]),
            (row["image_id"], row["object_label"]),
        )
        assert geometry.holds(VOCABULARY[row["relation"]].geometry.true, [subject[2]], [thing[2]]).all()


def table_of(count: int) -> pa.Table:
    rows = [
        (str(image), label, box) for image in range(count) for label, box in (("Cat", LEFT), ("Dog", RIGHT))
    ]
    return mine(*rows).triplets


def test_sampling_by_picture_only_adds() -> None:
    triplets, before = table_of(20), set[str]()
    for count in range(1, 21):
        dropped: Counter[str] = Counter()
        kept = sample_triplets(triplets, Sampling(3, max_images=count), dropped)
        images = set(kept["image_id"].to_pylist())
        assert len(images) == count
        assert images >= before
        assert dropped["triplet: not in the sample asked for"] == 40 - 2 * count
        before = images


def test_sampling_by_triplet_and_relation() -> None:
    triplets = table_of(20)
    kept = sample_triplets(triplets, Sampling(0, max_per_triplet=3), Counter())
    assert Counter(kept["relation"].to_pylist()) == {"left_of": 3, "right_of": 3}
    dropped: Counter[str] = Counter()
    kept = sample_triplets(triplets, Sampling(0, relations=("left_of",)), dropped)
    assert set(kept["relation"].to_pylist()) == {"left_of"}
    assert +dropped == {"triplet: relation not asked for": 20}


def test_another_seed_another_sample_whatever_the_order_of_rows() -> None:
    triplets = table_of(20)

    def images(seed: int, table: pa.Table) -> set[str]:
        return set(sample_triplets(table, Sampling(seed, max_images=5), Counter())["image_id"].to_pylist())

    assert images(0, triplets) == images(0, triplets.take(list(reversed(range(40)))))
    assert images(0, triplets) != images(1, triplets)
