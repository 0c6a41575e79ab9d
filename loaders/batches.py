"""Batches in which opposing pairs stand together, and in which there is a set number of them.

The left-right study (arXiv 2311.11477) trains with batches of 512 of which 64 contrastive pairs keep both members.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from naturel.annotations.errors import UserError
from naturel.annotations.joins import Integers
from naturel.builders.choice import hash_texts, mix, seeded
from naturel.loaders.groups import disjoint
from naturel.loaders.map_style import Draw, Pairs
from naturel.loaders.stream import PairStream

Leftover = Literal["drop", "keep"]


@dataclass(frozen=True)
class _Plan:
    """The batches of an epoch, of all ranks."""

    batches: list[tuple[Integers, Integers]]
    """Records and their pairs; members of groups first, two by two."""
    left_out: int
    """Records that are in none."""


class GroupBatches:
    """A batch sampler for torch's `DataLoader` (`batch_sampler=`), which does without torch.

    In every batch are `groups` whole 2x2 groups, two records each, and other records up to `batch_size`. No record
    stands twice in an epoch. The batches depend on the seed, the epoch and the ids alone; every rank gets as many as
    the others, and others than they.
    """

    def __init__(
        self,
        pairs: Pairs | PairStream,
        batch_size: int,
        groups: int,
        *,
        seed: int | None = None,
        rank: int = 0,
        world_size: int = 1,
        leftover: Leftover = "drop",
    ) -> None:
        """Checks that there can be such batches.

        Args:
            pairs: What the batches are of: of any scheme, but no stream. Records outside of groups give what they
                give in the scheme `single` (in `two`, what they give there).
            batch_size: Records a batch, of one rank.
            groups: 2x2 groups a batch; 0 for none.
            seed: Shapes the batches; None: that of `pairs`.
            rank: Which of the processes that train together this is.
            world_size: How many they are.
            leftover: What to do with records left when groups or records run out: `drop` them for the epoch, or
                `keep` them in further batches, the first with the groups that are left, the last one smaller.

        Raises:
            UserError: There are not so many groups or records, the numbers contradict each other, or it is a stream.
        """
        if isinstance(pairs, PairStream):
            raise UserError(
                "batches with groups need pairs by number: open the release without streaming. "
                "A stream of the scheme groups keeps groups together by itself."
            )
        self.pairs = pairs
        self.batch_size, self.group_count = batch_size, groups
        self.seed = pairs.seed if seed is None else seed
        self.rank, self.world_size, self.leftover = rank, world_size, leftover
        self.epoch = 0
        self._planned: tuple[int, _Plan] | None = None
        if not (groups >= 0 and 2 * groups <= batch_size and batch_size > 0):
            raise UserError(
                f"a batch of {batch_size} records cannot have {groups} groups of two; give at most half as many."
            )
        if not 0 <= rank < world_size:
            raise UserError(f"rank {rank} is not one of {world_size}: they are numbered from 0.")
        names = pairs.sentences.group_names.take(pairs.groups.number)
        self._group_hashes = hash_texts(names.to_pylist())
        if leftover == "drop" and not len(self):
            raise UserError(
                f"{len(pairs.sentences)} records with {len(pairs.groups)} groups give no batch of {batch_size} "
                f"records with {groups} groups for each of {world_size} ranks. Ask for fewer groups or smaller "
                "batches, or build with --balance strict."
            )

    def set_epoch(self, epoch: int) -> None:
        """Begin an epoch: other batches, and other sentences in them."""
        self.epoch = epoch

    @property
    def left_out(self) -> int:
        """Records that no batch of this epoch has, on any rank."""
        return self._plan().left_out

    def __len__(self) -> int:
        return len(self._plan().batches) // self.world_size

    def __iter__(self) -> Iterator[list[Draw]]:
        for records, pairs in self._plan().batches[self.rank :: self.world_size]:
            yield [
                Draw(record, pair, self.epoch)
                for record, pair in zip(records.tolist(), pairs.tolist(), strict=True)
            ]

    def _plan(self) -> _Plan:
        if self._planned is None or self._planned[0] != self.epoch:
            self._planned = self.epoch, self._make_plan()
        return self._planned[1]

    def _make_plan(self) -> _Plan:
        count = len(self.pairs.sentences)
        key = mix(seeded(self.seed), seeded(self.epoch))
        groups = self.pairs.groups
        chosen = (
            disjoint(groups, mix(key, self._group_hashes), count) if self.group_count else np.empty(0, int)
        )
        full = count // self.batch_size
        if self.group_count:
            full = min(full, len(chosen) // self.group_count)
        rest = full * self.group_count
        used, spare = chosen[:rest], chosen[rest:]
        # Records of no group come before those of groups that are not needed, so that these stay whole for later.
        alone = np.ones(count, dtype=np.bool_)
        alone[groups.records[used]] = False
        in_spare = np.zeros(count, dtype=np.bool_)
        in_spare[groups.records[spare]] = True
        singles = np.flatnonzero(alone)
        singles = singles[np.lexsort((mix(key, self.pairs.sentences.hashes[singles]), in_spare[singles]))]
        share = self.batch_size - 2 * self.group_count
        batches = [
            self._batch(
                used[number * self.group_count : (number + 1) * self.group_count],
                singles[number * share : (number + 1) * share],
            )
            for number in range(full)
        ]
        if self.leftover == "keep":
            batches += self._further(spare, singles[full * share :])
        batches = batches[: len(batches) // self.world_size * self.world_size]
        return _Plan(batches, count - sum(len(records) for records, _ in batches))

    def _further(self, groups: Integers, singles: Integers) -> list[tuple[Integers, Integers]]:
        """Batches of what is left: there are too few groups for more than one, or too few records."""
        left = np.zeros(len(self.pairs.sentences), dtype=np.bool_)
        left[singles] = True
        members = self.pairs.groups.records
        groups = groups[left[members[groups]].all(axis=1)][: min(self.group_count, len(singles) // 2)]
        singles = singles[~np.isin(singles, members[groups])]
        batches = []
        while len(groups) or len(singles):
            room = self.batch_size - 2 * len(groups)
            batches.append(self._batch(groups, singles[:room]))
            groups, singles = groups[:0], singles[room:]
        return batches

    def _batch(self, groups: Integers, singles: Integers) -> tuple[Integers, Integers]:
        members = self.pairs.groups
        records = np.concatenate([members.records[groups].ravel(), singles])
        pairs = np.concatenate([members.pairs[groups].ravel(), np.full(len(singles), -1)])
        return records, pairs
