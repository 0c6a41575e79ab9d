"""Which scenes there are, and what training knows of them: counts worked out by hand, and leaks looked for."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naturel.builders.sources.testbed.scenes import (
    KINDS,
    LABELS,
    ONE_OBJECT,
    SPLITS,
    TRAIN,
    UNSEEN_LABEL,
    VALIDATION,
    Scenes,
    make_scenes,
)

HELD_OUT = {"Tree", "Bicycle", "Balloon", "Drum", "Laptop"}


def count(scenes: Scenes) -> Counter[tuple[str, str]]:
    """Scenes by split and kind."""
    return Counter(
        (SPLITS[split], KINDS[kind]) for split, kind in zip(scenes.split, scenes.kind, strict=True)
    )


def label_pairs(scenes: Scenes) -> set[frozenset[int]]:
    return {frozenset(pair) for pair in zip(scenes.left.tolist(), scenes.right.tolist(), strict=True)}


def layouts(scenes: Scenes) -> set[tuple[int, int]]:
    return set(zip(scenes.left_cell.tolist(), scenes.right_cell.tolist(), strict=True))


def two_of(scenes: Scenes, split: int) -> Scenes:
    return scenes.take(np.flatnonzero((scenes.split == split) & (scenes.kind != ONE_OBJECT)))


def test_three_pairs_in_four_layouts() -> None:
    # 20 labels have 190 pairs, 105 of them of the 15 training labels; ten cells have 45 layouts; two orders.
    assert count(make_scenes(seed=0, pairs=3, layouts=4)) == {
        ("train", "seen pair"): 3 * 3 * 2,
        ("validation", "seen pair"): 3 * 1 * 2,
        ("test", "seen pair"): 3 * 41 * 2,
        ("test", "unseen pair"): 102 * 45 * 2,
        ("test", "unseen label"): 85 * 45 * 2,
        ("train", "one object"): 20 * 8,
        ("validation", "one object"): 20,
        ("test", "one object"): 20,
    }


def test_all_pairs_in_all_layouts() -> None:
    # One in ten of 45 layouts: 4 of each pair are for validation. Only pairs with held-out labels are left.
    assert count(make_scenes(seed=1, pairs=105, layouts=45)) == {
        ("train", "seen pair"): 105 * 41 * 2,
        ("validation", "seen pair"): 105 * 4 * 2,
        ("test", "unseen label"): 85 * 45 * 2,
        ("train", "one object"): 160,
        ("validation", "one object"): 20,
        ("test", "one object"): 20,
    }


@pytest.mark.parametrize(("pairs", "layouts", "expected"), [(1, 4, 1 * 4 * 2), (5, 1, 5 * 1 * 2)])
def test_one_pair_or_one_layout_is_all_trained(pairs: int, layouts: int, expected: int) -> None:
    found = count(make_scenes(seed=0, pairs=pairs, layouts=layouts))
    assert found["train", "seen pair"] == expected
    assert ("validation", "seen pair") not in found


@pytest.mark.parametrize(("pairs", "layouts"), [(0, 1), (106, 1), (1, 0), (1, 46)])
def test_counts_out_of_range_are_refused(pairs: int, layouts: int) -> None:
    with pytest.raises(ValueError, match=r"1 to (105 pairs|45 layouts)"):
        make_scenes(seed=0, pairs=pairs, layouts=layouts)


def test_no_scene_is_there_twice() -> None:
    scenes = make_scenes(seed=0, pairs=10, layouts=10)
    assert len(scenes) == 17_300
    assert len(np.unique(scenes.cells, axis=0)) == 17_300


def test_cells_hold_what_the_columns_say() -> None:
    scenes = make_scenes(seed=0, pairs=10, layouts=10)
    rows = np.arange(len(scenes))
    assert (scenes.cells[rows, scenes.left_cell] == scenes.left).all()
    two = scenes.kind != ONE_OBJECT
    assert two.sum() == 17_100
    assert (scenes.cells[rows[two], scenes.right_cell[two]] == scenes.right[two]).all()
    assert (scenes.left_cell < scenes.right_cell)[two].all()
    assert (scenes.right[~two] == 0).all()
    assert (np.count_nonzero(scenes.cells, axis=1) == np.where(two, 2, 1)).all()


def test_five_labels_are_held_out() -> None:
    scenes = make_scenes(seed=3, pairs=50, layouts=20)
    strange = scenes.take(np.flatnonzero(scenes.kind == UNSEEN_LABEL))
    # Each of the 85 pairs has one of the five.
    for pair in label_pairs(strange):
        assert {LABELS[label - 1] for label in pair} & HELD_OUT
    known = scenes.take(np.flatnonzero((scenes.kind != UNSEEN_LABEL) & (scenes.kind != ONE_OBJECT)))
    assert not {LABELS[label - 1] for label in np.unique(known.cells) if label} & HELD_OUT


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 105), st.integers(1, 45))
def test_training_sees_what_was_asked_for_and_nothing_of_the_test(
    seed: int, pairs: int, layouts_: int
) -> None:
    scenes = make_scenes(seed, pairs, layouts_)
    train, validation = two_of(scenes, TRAIN), two_of(scenes, VALIDATION)
    assert len(label_pairs(train)) == pairs
    assert len(layouts(train)) == layouts_
    assert label_pairs(validation) <= label_pairs(train)
    assert layouts(validation) <= layouts(train)

    two = scenes.take(np.flatnonzero(scenes.kind != ONE_OBJECT))
    seen = label_pairs(train)
    is_seen = [frozenset(pair) in seen for pair in zip(two.left.tolist(), two.right.tolist(), strict=True)]
    assert [KINDS[kind] == "seen pair" for kind in two.kind] == is_seen
    placed = layouts(train)
    assert two.seen_layout.tolist() == [
        layout in placed for layout in zip(two.left_cell.tolist(), two.right_cell.tolist(), strict=True)
    ]
    # Each scene is followed by the one with its labels exchanged, of the same split.
    assert (two.left[::2] == two.right[1::2]).all()
    assert (two.right[::2] == two.left[1::2]).all()
    for column in (two.left_cell, two.right_cell, two.split, two.kind):
        assert (column[::2] == column[1::2]).all()


def test_more_pairs_and_layouts_keep_the_fewer() -> None:
    few = two_of(make_scenes(7, 10, 8), TRAIN)
    many = two_of(make_scenes(7, 40, 30), TRAIN)
    assert label_pairs(few) < label_pairs(many)
    assert layouts(few) < layouts(many)


def test_another_seed_chooses_others() -> None:
    one, other = (two_of(make_scenes(seed, 10, 8), TRAIN) for seed in (0, 1))
    assert label_pairs(one) != label_pairs(other)
    assert layouts(one) != layouts(other)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 105), st.integers(2, 45))
def test_pairs_may_have_layouts_of_their_own(seed: int, pairs: int, layouts_: int) -> None:
    scenes = make_scenes(seed, pairs, layouts_, own_layouts=True)
    train, validation = two_of(scenes, TRAIN), two_of(scenes, VALIDATION)
    assert label_pairs(train) == label_pairs(two_of(make_scenes(seed, pairs, layouts_), TRAIN))
    # One in ten, at least one, is for validation; each layout is there in two orders.
    kept = max(layouts_ // 10, 1)
    assert len(validation) == 2 * pairs * kept
    assert len(train) == 2 * pairs * (layouts_ - kept)
    two = scenes.take(np.flatnonzero(scenes.kind != ONE_OBJECT))
    placed = layouts(train)
    assert two.seen_layout.tolist() == [
        layout in placed for layout in zip(two.left_cell.tolist(), two.right_cell.tolist(), strict=True)
    ]


def test_layouts_of_their_own_differ_between_pairs() -> None:
    train = two_of(make_scenes(0, 20, 2, own_layouts=True), TRAIN)
    # 20 pairs with one layout each, of 45.
    assert 10 < len(layouts(train)) <= 20
