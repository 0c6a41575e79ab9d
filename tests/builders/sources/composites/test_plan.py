"""Which pictures are planned."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import combinations

import pytest

from naturel.annotations.errors import UserError
from naturel.annotations.nouns import load_nouns
from naturel.builders.composite_settings import Arrangement
from naturel.builders.settings import Split
from naturel.builders.sources.composites.cutouts import Scene
from naturel.builders.sources.composites.pictogram_bank import PictogramBank
from naturel.builders.sources.composites.plan import Group, Limits, plan_groups, split_of

LIMITS = Limits(
    seed=0,
    split=Split.TRAIN,
    arrangements=tuple(Arrangement),
    relations=(),
    layouts=16,
    per_triplet=None,
    nouns=None,
    pairs=None,
    images=400,
)


def plan(**changes: object) -> tuple[Group, ...]:
    limits = replace(LIMITS, **changes)  # type: ignore[arg-type]
    return plan_groups(PictogramBank(0), "pictograms", limits, load_nouns()).groups


def pair_of(group: Group) -> frozenset[str]:
    return frozenset(group.labels)


def test_the_same_settings_give_the_same_plan_and_another_seed_another_one() -> None:
    assert plan() == plan()
    assert plan()[:50] != plan(seed=1)[:50]


def test_arrangements_come_equally_often() -> None:
    count = Counter(group.scene for group in plan())
    assert count[Scene.BESIDE] == count[Scene.ABOVE] == count[Scene.INSIDE] == 50
    assert count[Scene.STANDING] + count[Scene.STACKED] == 50


def test_every_picture_has_a_name_of_its_own() -> None:
    ids = [image_id for group in plan() for image_id in group.image_ids]
    assert len(set(ids)) == len(ids) == 400
    assert all(len(one) == len("composite-") + 16 for one in ids)


def test_an_odd_number_of_pictures_leaves_no_half_group() -> None:
    assert len(plan(images=7)) == 3


def test_every_pair_comes_in_one_layout_before_any_comes_in_two() -> None:
    groups = plan(arrangements=(Arrangement.LEFT_RIGHT,), nouns=6, images=1000)
    pairs = len({pair_of(group) for group in groups})
    assert len({pair_of(group) for group in groups[:pairs]}) == pairs
    assert Counter(pair_of(group) for group in groups) == {pair_of(group): 16 for group in groups}


def test_nouns_pairs_and_layouts_are_settings_of_their_own() -> None:
    few = plan(nouns=8, images=10_000)
    assert len({label for group in few for label in group.labels}) <= 8
    assert len({pair_of(group) for group in plan(pairs=5, images=10_000)}) == 5
    assert {group.layout for group in plan(layouts=3)} == {0, 1, 2}


def test_fewer_nouns_or_pairs_are_a_part_of_more() -> None:
    some = {pair_of(group) for group in plan(pairs=5, images=10_000)}
    more = {pair_of(group) for group in plan(pairs=9, images=10_000)}
    assert some < more


def test_at_most_so_many_pictures_a_triplet() -> None:
    groups = plan(arrangements=(Arrangement.ABOVE_BELOW,), nouns=6, per_triplet=2, images=10_000)
    assert set(Counter(pair_of(group) for group in groups).values()) == {2}


def test_only_scenes_in_which_a_wanted_relation_is_true() -> None:
    assert {group.scene for group in plan(relations=("over",))} == {Scene.STANDING}
    assert {group.scene for group in plan(relations=("left_of", "next_to"))} == {Scene.BESIDE, Scene.INSIDE}


def test_no_pair_crosses_splits_whatever_the_seed() -> None:
    pairs = {
        split: {pair_of(group) for seed in (0, 1) for group in plan(split=split, seed=seed, images=10_000)}
        for split in Split
    }
    assert all(pairs.values())
    assert not any(pairs[one] & pairs[other] for one, other in combinations(Split, 2))


def test_about_eight_of_ten_pairs_are_for_training() -> None:
    labels = [f"noun {number}" for number in range(100)]
    count = Counter(split_of(a, b) for a, b in combinations(labels, 2))
    assert 0.78 < count[Split.TRAIN] / 4950 < 0.82
    assert 0.08 < count[Split.TEST] / 4950 < 0.12
    assert all(split_of(a, b) is split_of(b, a) for a, b in combinations(labels[:10], 2))


def test_two_names_for_one_thing_are_no_pair() -> None:
    nouns = load_nouns()
    assert "Ball" in nouns.same_thing("Football")
    assert not [group for group in plan(images=10_000) if group.thing in nouns.same_thing(group.base)]


@pytest.mark.parametrize("changes", [{"images": 1}, {"nouns": 2, "arrangements": (Arrangement.INSIDE,)}])
def test_what_gives_nothing_is_an_error_that_names_the_mend(changes: dict[str, object]) -> None:
    with pytest.raises(UserError, match=r"--nouns.*--max-images"):
        plan(**changes)
