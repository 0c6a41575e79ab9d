"""Which items a step has."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import datasets
import pytest
from helpers.square_release import records

from naturel.annotations.errors import UserError
from naturel.loaders import Pairs
from naturel.training.plan import Plan
from naturel.training.settings import TrainSettings


@pytest.fixture(scope="module")
def dataset() -> datasets.Dataset:
    """24 records in 36 groups, without their pictures."""
    rows = records(shifts=(0, 1))
    return datasets.Dataset.from_list(
        [
            {name: value for name, value in row.items() if name not in ("image", "negative_image")}
            for row in rows
        ]
    )


def plan_of(dataset: Any, captioned: int = 0, **options: Any) -> tuple[Plan, Pairs]:
    settings = TrainSettings(data="d", model="m", out=Path("o"), **options)
    pairs = Pairs(dataset, settings.scheme, settings.seed)
    return Plan(settings, pairs, captioned), pairs


@pytest.mark.parametrize(("scheme", "items"), [("single", 24), ("two", 24), ("all", 96), ("groups", 72)])
def test_every_item_comes_once_an_epoch(dataset: datasets.Dataset, scheme: Any, items: int) -> None:
    plan, _ = plan_of(dataset, scheme=scheme, batch_size=8, epochs=2)
    assert (plan.items, plan.epoch_steps, plan.steps) == (items, items // 8, 2 * (items // 8))
    for epoch in (0, 1):
        steps = [plan.step(epoch * plan.epoch_steps + place) for place in range(plan.epoch_steps)]
        assert {draw.epoch for step in steps for draw in step.draws} == {epoch}
        drawn = Counter((draw.record, draw.pair) for step in steps for draw in step.draws)
        assert set(drawn.values()) == {1}
        assert len(drawn) == items


def test_batches_of_groups_hold_whole_groups(dataset: datasets.Dataset) -> None:
    plan, pairs = plan_of(dataset, scheme="groups", batch_size=10)
    for number in range(plan.epoch_steps):
        names = [pairs[draw]["group_id"] for draw in plan.step(number).draws]
        assert names[::2] == names[1::2]
        assert len(set(names)) == 5


def test_single_pairs_with_a_set_number_of_groups(dataset: datasets.Dataset) -> None:
    plan, pairs = plan_of(dataset, scheme="single", batch_size=8, groups=3)
    for number in range(plan.epoch_steps):
        drawn = [draw for draw in plan.step(number).draws if draw.pair >= 0]
        assert sorted(Counter(pairs[draw]["group_id"] for draw in drawn).values()) == [2, 2, 2]


def test_epochs_may_have_different_numbers_of_steps() -> None:
    """A path of records, each in a group with the next: how many groups without a common record is chance."""
    form = records()[0]
    chain = []
    for number in range(30):
        row = {name: value for name, value in form.items() if name not in ("image", "negative_image")}
        said = [f"{number} {slot}" for slot in range(3)]
        row |= {"id": f"r{number}", "image_id": f"i{number}", "complex_positives": said}
        row["complex_negatives"] = [f"{number - 1} 1", f"{number + 1} 0", "x"]
        row["group_ids"] = [f"g{number - 1}" if number else None, f"g{number}" if number < 29 else None, None]
        chain.append(row)
    plan, pairs = plan_of(
        datasets.Dataset.from_list(chain), scheme="single", batch_size=2, groups=1, epochs=12
    )
    assert len(pairs.groups) == 29
    steps = [plan.step(number) for number in range(plan.steps)]
    counts = [sum(step.epoch == epoch for step in steps) for epoch in range(12)]
    assert len(set(counts)) > 1
    ends = [sum(counts[: epoch + 1]) for epoch in range(12)]
    assert [number for number in range(1, plan.steps + 1) if plan.ends_epoch(number)] == ends
    assert [plan.epochs(end) for end in (0, *ends)] == list(range(13))
    assert 1 < plan.epochs(ends[0] + 1) < 2
    assert all(len(step.draws) == 2 for step in steps)


@pytest.mark.parametrize("scheme", ["single", "all", "groups"])
def test_steps_depend_on_seed_and_number_alone(dataset: datasets.Dataset, scheme: Any) -> None:
    one, _ = plan_of(dataset, scheme=scheme, batch_size=8)
    other, _ = plan_of(dataset, scheme=scheme, batch_size=8)
    last = one.steps - 1
    assert other.step(last) == one.step(last) != one.step(0)
    seeded, _ = plan_of(dataset, scheme=scheme, batch_size=8, seed=1)
    assert seeded.step(0) != one.step(0)


def test_mixed_pictures_go_round(dataset: datasets.Dataset) -> None:
    """A quarter of 8 are 2 of the caption set's 5: the first five draws are all of them, and so are the next."""
    mix = {"mix": Path("set.jsonl"), "mix_share": 0.25}
    plan, _ = plan_of(dataset, 5, batch_size=8, epochs=3, **mix)
    steps = [plan.step(number) for number in range(5)]
    assert {len(step.draws) for step in steps} == {6}
    mixed = [number for step in steps for number in step.mixed]
    assert sorted(mixed[:5]) == sorted(mixed[5:]) == [0, 1, 2, 3, 4]
    with pytest.raises(UserError, match="1 pictures, fewer than the 2"):
        plan_of(dataset, 1, batch_size=8, **mix)


def test_a_run_may_end_early(dataset: datasets.Dataset) -> None:
    assert plan_of(dataset, batch_size=8, max_steps=2)[0].steps == 2


@pytest.mark.parametrize("scheme", ["single", "all", "groups"])
def test_too_few_for_a_batch(dataset: datasets.Dataset, scheme: Any) -> None:
    with pytest.raises(UserError, match="no batch of 200"):
        plan_of(dataset, scheme=scheme, batch_size=200)
