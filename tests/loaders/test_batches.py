"""Batches with whole groups: how many, none twice, the same for the same seed, ranks apart."""

from __future__ import annotations

from collections import Counter
from typing import Any

import datasets
import pytest
from helpers.paired_records import ROWS, dataset_of
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from naturel.annotations.errors import UserError
from naturel.loaders import Draw, GroupBatches, Pairs, PairStream


def made_of(records: int, links: list[tuple[int, int]]) -> Pairs:
    """Records r0, r1, ... with groups g0, g1, ... between them; each record has room for three."""
    groups: list[list[str | None]] = [[] for _ in range(records)]
    against: list[list[str]] = [[] for _ in range(records)]
    for number, (a, b) in enumerate(links):
        if a % records != b % records and max(len(groups[a % records]), len(groups[b % records])) < 3:
            for one, other in ((a % records, b % records), (b % records, a % records)):
                groups[one].append(f"g{number}")
                against[one].append(f"r{other} {len(groups[other]) - (other == a % records)}")
    rows = []
    for number in range(records):
        filled = len(groups[number])
        rows.append(
            {
                "id": f"r{number}",
                "image_id": f"i{number}",
                "simple_positive": f"r{number}",
                "simple_negative": "x",
                "complex_positives": [f"r{number} {slot}" for slot in range(3)],
                "complex_negatives": against[number] + ["x"] * (3 - filled),
                "group_ids": groups[number] + [None] * (3 - filled),
            }
        )
    features = datasets.Features(
        {name: datasets.Value("string") for name in ("id", "image_id", "simple_positive", "simple_negative")}
        | {
            name: datasets.List(datasets.Value("string"))
            for name in ("complex_positives", "complex_negatives", "group_ids")
        }
    )
    return Pairs(datasets.Dataset.from_list(rows, features=features), "single")


LINKS = st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39)), min_size=1, max_size=60)


def whole_groups(pairs: Pairs, batch: list[Draw]) -> int:
    """How many groups a batch has; its drawn pairs must all be of groups that are there with both members."""
    names = Counter(pairs[draw]["group_id"] for draw in batch if draw.pair >= 0)
    assert None not in names
    assert set(names.values()) <= {2}
    return len(names)


@settings(deadline=None, max_examples=60)
@given(
    records=st.integers(4, 40),
    links=LINKS,
    size=st.integers(1, 12),
    groups=st.integers(0, 4),
    seed=st.integers(0, 3),
    epoch=st.integers(0, 3),
    ranks=st.integers(1, 3),
)
def test_batches_are_as_asked(
    records: int, links: list[tuple[int, int]], size: int, groups: int, seed: int, epoch: int, ranks: int
) -> None:
    pairs = made_of(records, links)
    try:
        samplers = [
            GroupBatches(pairs, size, groups, seed=seed, rank=rank, world_size=ranks) for rank in range(ranks)
        ]
    except UserError:
        assume(False)
    found = []
    for sampler in samplers:
        sampler.set_epoch(epoch)
        batches = list(sampler)
        assert len(batches) == len(sampler)
        assert batches == list(sampler)
        assert {draw.epoch for batch in batches for draw in batch} <= {epoch}
        found.append(batches)
    assert len({len(batches) for batches in found}) == 1
    for batch in (batch for batches in found for batch in batches):
        assert len(batch) == size
        assert whole_groups(pairs, batch) == groups
    drawn = [draw.record for batches in found for batch in batches for draw in batch]
    assert len(drawn) == len(set(drawn))
    assert samplers[0].left_out == records - len(drawn)


@settings(deadline=None, max_examples=60)
@given(records=st.integers(1, 40), links=LINKS, size=st.integers(2, 12), groups=st.integers(0, 1))
def test_kept_leftovers_make_every_record_come_once(
    records: int, links: list[tuple[int, int]], size: int, groups: int
) -> None:
    pairs = made_of(records, links)
    sampler = GroupBatches(pairs, size, groups, leftover="keep")
    batches = list(sampler)
    assert sorted(draw.record for batch in batches for draw in batch) == list(range(records))
    assert sampler.left_out == 0
    assert {len(batch) for batch in batches[:-1]} <= {size}
    counts = [whole_groups(pairs, batch) for batch in batches]
    assert counts == sorted(counts, reverse=True)
    assert max(counts) <= groups


def test_the_order_of_records_does_not_matter() -> None:
    def batches(data: Any) -> list[list[tuple[str, str]]]:
        pairs = Pairs(data, "single", seed=4)
        return [
            [(pairs[draw]["id"], pairs[draw]["positive"]) for draw in batch]
            for batch in GroupBatches(pairs, 4, 1)
        ]

    assert batches(dataset_of()) == batches(dataset_of().select([4, 2, 0, 1, 3]))


def test_epochs_differ() -> None:
    pairs = made_of(40, [(number, number + 20) for number in range(20)])
    sampler = GroupBatches(pairs, 8, 2)
    first = list(sampler)
    assert len(first) == 5
    sampler.set_epoch(1)
    assert [[draw.record for draw in batch] for batch in sampler] != [
        [draw.record for draw in b] for b in first
    ]


def test_a_data_loader_takes_it_with_workers() -> None:
    pairs = Pairs(dataset_of(pictures=True), "groups")
    sampler = GroupBatches(pairs, 4, 1)
    loader: Any = DataLoader(pairs, batch_sampler=sampler, num_workers=2, collate_fn=list)  # type: ignore[arg-type]
    for epoch in (0, 1):
        sampler.set_epoch(epoch)
        assert len(loader) == 1
        (batch,) = loader
        (drawn,) = sampler
        assert [item["id"] for item in batch] == [ROWS[draw.record]["id"] for draw in drawn]
        assert batch[0]["group_id"] == batch[1]["group_id"]
        assert (batch[0]["positive"], batch[0]["negative"]) == (batch[1]["negative"], batch[1]["positive"])


def test_what_cannot_be_is_told() -> None:
    pairs = Pairs(dataset_of(), "single")
    with pytest.raises(UserError, match="a batch of 3 records cannot have 2 groups"):
        GroupBatches(pairs, 3, 2)
    with pytest.raises(UserError, match="5 records with 3 groups give no batch of 8 records with 3 groups"):
        GroupBatches(pairs, 8, 3)
    with pytest.raises(UserError, match="rank 2 is not one of 2"):
        GroupBatches(pairs, 2, 1, rank=2, world_size=2)
    with pytest.raises(UserError, match="open the release without streaming"):
        GroupBatches(PairStream(dataset_of().to_iterable_dataset()), 2, 1)
