"""Pairs by number: for a dataset that is on this machine."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from naturel.annotations.joins import Integers
from naturel.loaders.epoch import Epoch
from naturel.loaders.groups import Groups, find_groups
from naturel.loaders.items import Item, hide_negative_images, make_items
from naturel.loaders.schemes import NegativeImages, Scheme, check_scheme, choose
from naturel.loaders.sentences import PAIRS, PICTURES, READ, Sentences, check_columns


class Draw(NamedTuple):
    """An item that a sampler asks for; it says all that the item depends on."""

    record: int
    """The record's row."""
    pair: int
    """0: the simple pair, 1 to 3: a complex pair, -1: what the scheme makes of the record."""
    epoch: int


class Pairs:
    """Training pairs by number, for torch's `DataLoader` and everything that takes sequences.

    The sentences are read when this is made, pictures when an item is asked for. Items are dictionaries (`Pair`,
    `TwoPairs`), and depend on the seed, the epoch and the record's id alone.
    """

    def __init__(
        self,
        dataset: Any,
        scheme: Scheme = "single",
        seed: int = 0,
        *,
        negative_images: NegativeImages = "release",
    ) -> None:
        """Reads the sentences.

        Args:
            dataset: A `datasets.Dataset` of records.
            scheme: How pairs are made of records.
            seed: Shapes every choice.
            negative_images: Which negative pictures items have.

        Raises:
            UserError: There is no such scheme, or these are not records of a release.
        """
        check_scheme(scheme)
        check_columns(dataset.column_names)
        self.scheme: Scheme = scheme
        self.seed = seed
        self.negative_images: NegativeImages = negative_images
        read = dataset.select_columns([name for name in dataset.column_names if name in READ])
        embedded = PICTURES[0] in dataset.column_names
        self.sentences = Sentences.from_table(read.with_format("arrow")[:], embedded=embedded)
        self.groups: Groups = find_groups(self.sentences)
        wanted = PICTURES if negative_images == "release" else PICTURES[:1]
        names = [name for name in wanted if name in dataset.column_names]
        self._pictures = dataset.select_columns(names) if names else None
        self._epoch = Epoch()

    @property
    def epoch(self) -> int:
        """The epoch: in another one other sentences are chosen."""
        return self._epoch.value

    def set_epoch(self, epoch: int) -> None:
        """Begin an epoch, here and in workers that are running."""
        self._epoch.value = epoch

    def __len__(self) -> int:
        if self.scheme == "groups":
            return 2 * len(self.groups)
        return len(self.sentences) * (PAIRS if self.scheme == "all" else 1)

    def __getitem__(self, index: int | Draw) -> Item:
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int | Draw]) -> list[Item]:
        """Several items at once, which is faster; torch's `DataLoader` asks so for a batch."""
        rows, pairs, epochs = self._look_up(indices)
        return self._make(rows, pairs, epochs)

    def __iter__(self) -> Iterator[Item]:
        size = 1000 if self._pictures is None else 16  # pictures are decoded a block at a time
        for start in range(0, len(self), size):
            yield from self.__getitems__(range(start, min(start + size, len(self))))

    def _look_up(self, indices: Sequence[int | Draw]) -> tuple[Integers, Integers, Integers]:
        """The record, the pair and the epoch of each item, shape (k,)."""
        drawn = np.array([isinstance(index, Draw) for index in indices], dtype=np.bool_)
        if drawn.all():
            table = np.array(indices, dtype=np.int64).reshape(-1, 3)
            if len(table) and not (table[:, 0].min() >= 0 and table[:, 0].max() < len(self.sentences)):
                raise IndexError(f"a draw of a record that is not among the {len(self.sentences)}")
            return table[:, 0], table[:, 1], table[:, 2]
        if drawn.any():
            raise TypeError("numbers and draws in one batch")
        places = np.array([self._place(index) for index in indices], dtype=np.int64)
        free = np.full(len(places), -1)
        if self.scheme == "groups":
            rows, pairs = self.groups.records.ravel()[places], self.groups.pairs.ravel()[places]
        elif self.scheme == "all":
            rows, pairs = np.divmod(places, PAIRS)
        else:
            rows, pairs = places, free
        return rows, pairs, np.full(len(places), self.epoch)

    def _place(self, index: Any) -> int:
        place = operator.index(index)
        if not -len(self) <= place < len(self):
            raise IndexError(f"no pair {place}: there are {len(self)}")
        return place % len(self)

    def _make(self, rows: Integers, pairs: Integers, epochs: Integers) -> list[Item]:
        chosen = choose(self.scheme, self.sentences.hashes[rows], self.seed, epochs, pairs)
        items = make_items(self.sentences, self.scheme, rows, *chosen)
        if self._pictures is not None:
            once, which = np.unique(rows, return_inverse=True)
            for name, pictures in self._pictures[once.tolist()].items():
                for item, place in zip(items, which.tolist(), strict=True):
                    item[name] = pictures[place]
        hide_negative_images(items, self.negative_images)
        return items
