"""Which items each step has: a matter of the seed, the epoch and the step alone, so that a run can go on anywhere."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from naturel.annotations.errors import UserError
from naturel.annotations.joins import Integers
from naturel.builders.choice import Hashes, mix, seeded
from naturel.loaders.batches import GroupBatches
from naturel.loaders.map_style import Draw, Pairs
from naturel.loaders.sentences import PAIRS
from naturel.training.settings import TrainSettings


@dataclass(frozen=True)
class Step:
    """What one step is of."""

    draws: list[Draw]
    """Of the release; the two members of a group follow each other."""
    mixed: list[int]
    """Numbers of the caption set."""
    epoch: int


class Plan:
    """All steps of a run."""

    def __init__(self, settings: TrainSettings, pairs: Pairs, captioned: int = 0) -> None:
        """Counts the steps.

        Args:
            settings: The settings.
            pairs: The release's pairs, of the settings' scheme.
            captioned: How many pictures the plain caption set has.

        Raises:
            UserError: There are too few items for one batch.
        """
        self._settings, self._pairs, self._captioned = settings, pairs, captioned
        if captioned < settings.mixed:
            raise UserError(
                f"--mix {settings.mix} has {captioned:,} pictures, fewer than the {settings.mixed:,} that a batch "
                "takes of it. Give a smaller --mix-share or --batch-size."
            )
        self._groups = (
            GroupBatches(pairs, settings.released, settings.groups, seed=settings.seed)
            if settings.scheme in ("single", "two")
            else None
        )
        self._ends = self._epochs()
        self._drawn: tuple[int, list[list[Draw]]] = (-1, [])
        self.steps = min(int(self._ends[-1]), settings.max_steps or int(self._ends[-1]))
        """Of the run."""

    def step(self, number: int) -> Step:
        """The items of a step.

        Args:
            number: From 0, below `steps`.
        """
        epoch, place, _ = self._place(number)
        if self._drawn[0] != epoch:
            self._drawn = epoch, self._draws(epoch)
        return Step(self._drawn[1][place], self._mixed(number), epoch)

    @property
    def epoch_steps(self) -> int:
        """Of the first epoch; others may have some more or less, by how many groups come together."""
        return int(self._ends[0])

    def epochs(self, steps: int) -> float:
        """How many epochs so many steps are."""
        if not steps:
            return 0.0
        epoch, place, count = self._place(steps - 1)
        return epoch + (place + 1) / count

    def ends_epoch(self, steps: int) -> bool:
        """Whether an epoch ends after so many steps."""
        return bool(np.isin(steps, self._ends))

    @property
    def items(self) -> int:
        """Items of the release that an epoch could have."""
        return len(self._pairs)

    def _place(self, number: int) -> tuple[int, int, int]:
        """The epoch of a step, its place in it, and how many steps the epoch has."""
        epoch = int(np.searchsorted(self._ends, number, side="right"))
        start = int(self._ends[epoch - 1]) if epoch else 0
        return epoch, number - start, int(self._ends[epoch]) - start

    def _epochs(self) -> Integers:
        """The number of steps up to the end of each epoch."""
        settings, steps = self._settings, len(self._pairs) // self._settings.released
        if self._groups is None and not steps:
            what = "members of groups" if settings.scheme == "groups" else "pairs"
            raise UserError(
                f"the split {settings.split} of {settings.data} has {len(self._pairs):,} {what}, which give no "
                f"batch of {settings.released}. Give a smaller --batch-size."
            )
        if self._groups is None or not settings.groups:
            return np.arange(1, settings.epochs + 1) * (steps if self._groups is None else len(self._groups))
        counts: list[int] = []
        while len(counts) < settings.epochs and sum(counts) < (settings.max_steps or sys.maxsize):
            self._groups.set_epoch(len(counts))
            counts.append(len(self._groups))
        ends: Integers = np.cumsum(counts)
        return ends

    def _draws(self, epoch: int) -> list[list[Draw]]:
        """The batches of an epoch."""
        if self._groups is not None:
            self._groups.set_epoch(epoch)
            return list(self._groups)
        key = mix(seeded(self._settings.seed), seeded(epoch))
        size = self._settings.released
        if self._settings.scheme == "groups":
            groups = self._pairs.groups
            order = np.argsort(mix(key, groups.number.astype(np.uint64)), kind="stable")
            rows, pairs = groups.records[order].ravel(), groups.pairs[order].ravel()
        else:
            rows, pairs = self._all(key)
        return [
            [Draw(row, pair, epoch) for row, pair in zip(*part, strict=True)]
            for part in zip(_cut(rows, size), _cut(pairs, size), strict=True)
        ]

    def _all(self, key: Hashes) -> tuple[Integers, Integers]:
        """Every pair of every record, in the order of a hash."""
        hashes = self._pairs.sentences.hashes
        rows, pairs = np.repeat(np.arange(len(hashes)), PAIRS), np.tile(np.arange(PAIRS), len(hashes))
        order = np.argsort(mix(key, hashes[rows], pairs.astype(np.uint64)), kind="stable")
        return rows[order], pairs[order]

    def _mixed(self, number: int) -> list[int]:
        """Pictures of the caption set go round and round, each time in another order."""
        places = np.arange(number * self._settings.mixed, (number + 1) * self._settings.mixed)
        if not len(places):
            return []
        rounds, within = np.divmod(places, self._captioned)
        return [
            int(self._round(turn)[place])
            for turn, place in zip(rounds.tolist(), within.tolist(), strict=True)
        ]

    def _round(self, turn: int) -> Integers:
        return _shuffled(self._captioned, self._settings.seed, turn)


@lru_cache(maxsize=2)
def _shuffled(count: int, seed: int, turn: int) -> Integers:
    order: Integers = np.argsort(
        mix(seeded(seed), seeded(turn), np.arange(count, dtype=np.uint64)), kind="stable"
    )
    return order


def _cut(values: Integers, size: int) -> list[list[int]]:
    whole = len(values) // size * size
    parts: list[list[int]] = values[:whole].reshape(-1, size).tolist()
    return parts
