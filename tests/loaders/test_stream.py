"""Pairs of a stream: the same items as by number, shuffled, coupled, and shared out to workers."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import datasets
import pytest
from datasets.distributed import split_dataset_by_node
from helpers.paired_records import ROWS, dataset_of, write_release
from torch.utils.data import DataLoader

from naturel.annotations.errors import UserError
from naturel.loaders import Pairs, PairStream, Scheme, pairs

SCHEMES: tuple[Scheme, ...] = ("single", "all", "two", "groups")


def said(item: Any) -> tuple[str, str]:
    return item["id"], repr([value for name, value in item.items() if not name.endswith("image")])


def plain(items: Any) -> list[Any]:
    return list(items)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A release with two files of two and three records, pictures embedded."""
    files = {"train-0": ROWS[:2], "train-1": ROWS[2:]}
    return write_release(tmp_path / "release", files, pictures=True, negatives={"ann": "N"})


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("epoch", [0, 3])
def test_a_stream_has_the_items_that_there_are_by_number(folder: Path, scheme: Scheme, epoch: int) -> None:
    streamed = pairs(folder, scheme, seed=2, streaming=True)
    numbered = pairs(folder, scheme, seed=2)
    assert isinstance(streamed, PairStream)
    assert isinstance(numbered, Pairs)
    for made in (streamed, numbered):
        made.set_epoch(epoch)
    found = list(streamed)
    assert sorted(map(said, found)) == sorted(said(item) for item in numbered)
    assert all(item["image"].size == (8, 6) for item in found)
    assert {item["id"] for item in found if item["negative_image"] is not None} == {"ann"}


def test_without_a_buffer_pairs_come_in_the_order_of_records() -> None:
    made = PairStream(dataset_of().to_iterable_dataset(), "all", buffer=0)
    assert [item["positive"] for item in made] == [f"{claim}{slot}" for claim in "PQRST" for slot in range(4)]


def test_a_buffer_shuffles_by_seed_and_epoch() -> None:
    def order(seed: int, epoch: int) -> list[str]:
        made = PairStream(dataset_of().to_iterable_dataset(), "all", seed=seed, buffer=8)
        made.set_epoch(epoch)
        return [item["positive"] for item in made]

    straight = [f"{claim}{slot}" for claim in "PQRST" for slot in range(4)]
    assert order(0, 0) == order(0, 0)
    assert sorted(order(0, 0)) == straight != order(0, 0)
    assert order(0, 0) != order(1, 0) != order(0, 1) != order(0, 0)


def test_members_of_a_group_follow_each_other() -> None:
    found = list(PairStream(dataset_of().to_iterable_dataset(), "groups"))
    assert len(found) == 6
    for first, second in zip(found[::2], found[1::2], strict=True):
        assert first["group_id"] == second["group_id"]
        assert (first["positive"], first["negative"]) == (second["negative"], second["positive"])


def test_groups_further_apart_than_the_buffer_are_left_out_and_told() -> None:
    data = dataset_of().select([0, 4, 2, 3, 1])  # ann, eve, cas, dan, bob
    made = PairStream(data.to_iterable_dataset(), "groups", buffer=2)
    with pytest.warns(UserWarning, match=r"2 members of groups were left out.* buffer of 2 pairs"):
        found = list(made)
    # Ann's g1 and g2 wait; the g3 of cas sends g1 away; her g2 meets ann's, dan's g3 hers; bob's g1 waits in vain.
    assert [item["group_id"] for item in found] == ["g2", "g2", "g3", "g3"]
    assert made.left_out == 2


@pytest.mark.parametrize("files", [1, 2])
def test_workers_share_the_files_and_follow_the_epoch(tmp_path: Path, files: int) -> None:
    shares = {f"train-{number}": ROWS[number::files] for number in range(files)}
    folder = write_release(tmp_path / "release", shares, pictures=True)
    made = pairs(folder, "single", streaming=True)
    loader: Any = DataLoader(
        made,  # type: ignore[arg-type]
        batch_size=2,
        num_workers=2,
        persistent_workers=True,
        collate_fn=plain,
    )
    numbered = pairs(folder, "single")
    for epoch in (0, 1):
        made.set_epoch(epoch)
        numbered.set_epoch(epoch)
        found = [said(item) for batch in loader for item in batch]
        assert sorted(found) == sorted(said(item) for item in numbered)


def test_ranks_share_the_records(folder: Path) -> None:
    stream = datasets.load_dataset(str(folder), split="train", streaming=True)
    found = [
        {item["id"] for item in PairStream(split_dataset_by_node(stream, rank=rank, world_size=2), "single")}
        for rank in (0, 1)
    ]
    assert found[0] | found[1] == {row["id"] for row in ROWS}
    assert not found[0] & found[1]


def test_an_even_batch_keeps_groups_together(folder: Path) -> None:
    made = pairs(folder, "groups", streaming=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for batch in DataLoader(made, batch_size=2, collate_fn=plain):  # type: ignore[arg-type]
            assert batch[0]["group_id"] == batch[1]["group_id"]


def test_pictures_that_the_user_does_not_decode_stay_as_they_are(folder: Path) -> None:
    stream = datasets.load_dataset(str(folder), split="train", streaming=True).decode(False)
    item = next(iter(PairStream(stream, "single", buffer=0)))
    assert item["image"]["bytes"][:2] == b"\xff\xd8"


def test_blank_and_no_negative_pictures(folder: Path) -> None:
    blank = list(pairs(folder, "single", streaming=True, negative_images="blank"))
    assert {item["negative_image"].size for item in blank} == {(224, 224)}
    off = list(pairs(folder, "single", streaming=True, negative_images="off"))
    assert {item["negative_image"] for item in off} == {None}


def test_faults_are_told(folder: Path, tmp_path: Path) -> None:
    stream = dataset_of().to_iterable_dataset()
    with pytest.raises(UserError, match="no scheme"):
        PairStream(stream, "none")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="groups need one that holds a pair"):
        PairStream(stream, "groups", buffer=0)
    with pytest.raises(UserError, match="they have no id"):
        PairStream(stream.remove_columns("id"), "single")
    with pytest.raises(UserError, match="no split dev: give one of train"):
        pairs(folder, "single", split="dev")
    with pytest.raises(UserError, match=r"cannot be opened as a dataset.*'captions' not found"):
        pairs(folder, "single", config="captions")
    with pytest.raises(UserError, match="is not a folder"):
        pairs(tmp_path / "nowhere", "single")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="holds no release"):
        pairs(str(tmp_path / "empty"), "single")
