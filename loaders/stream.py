"""Pairs one after the other: for a dataset that is streamed."""

from __future__ import annotations

import itertools
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from naturel.annotations.errors import UserError
from naturel.builders.choice import Hashes, hash_text, mix, seeded
from naturel.loaders.epoch import Epoch
from naturel.loaders.items import Item, hide_negative_images, make_items
from naturel.loaders.schemes import NegativeImages, Scheme, check_scheme, choose
from naturel.loaders.sentences import PAIRS, PICTURES, READ, Sentences, check_columns

ROWS = 256
"""Records that are read at a time; with pictures, tens of megabytes."""


class PairStream:
    """Training pairs of a stream, for torch's `DataLoader` (with workers) and every loop.

    An item is the one that `Pairs` makes of the same record, seed and epoch. Files are shared out to workers and
    (`datasets.distributed.split_dataset_by_node`) ranks. Pairs are held back in a buffer: to shuffle them, or, in the
    scheme `groups`, until their partner comes; the two then follow each other, so that batches of an even size keep
    them together. A group whose records lie further apart than the buffer is left out, with a warning; so is one
    whose records are in files of different workers. Pictures wait undecoded.
    """

    def __init__(
        self,
        dataset: Any,
        scheme: Scheme = "single",
        seed: int = 0,
        *,
        negative_images: NegativeImages = "release",
        buffer: int = 1000,
    ) -> None:
        """Reads nothing yet.

        Args:
            dataset: A `datasets.IterableDataset` of records.
            scheme: How pairs are made of records.
            seed: Shapes every choice.
            negative_images: Which negative pictures items have.
            buffer: Pairs that are held back; 0: pairs come in the order of the records.

        Raises:
            UserError: There is no such scheme, or these are not records of a release.
        """
        check_scheme(scheme)
        if buffer < 0 or (scheme == "groups" and buffer == 0):
            raise UserError(
                f"a buffer of {buffer} pairs cannot be; groups need one that holds a pair at least."
            )
        names = dataset.column_names
        if names is not None:
            check_columns(names)
            wanted = (*READ, *(PICTURES if negative_images == "release" else PICTURES[:1]))
            dataset = dataset.select_columns([name for name in names if name in wanted])
        self.scheme: Scheme = scheme
        self.seed = seed
        self.negative_images: NegativeImages = negative_images
        self.buffer = buffer
        self.left_out = 0
        """Groups that the last pass left out, in this process."""
        self._dataset = dataset.with_format("arrow")
        self._epoch = Epoch()
        if "torch" in sys.modules:
            from torch.utils.data import IterableDataset

            IterableDataset.register(PairStream)  # what `DataLoader` asks for

    @property
    def epoch(self) -> int:
        """The epoch: in another one other sentences are chosen, and files come in another order."""
        return self._epoch.value

    def set_epoch(self, epoch: int) -> None:
        """Begin an epoch, here and in workers that are running."""
        self._epoch.value = epoch

    def __iter__(self) -> Iterator[Item]:
        pairs = self._coupled() if self.scheme == "groups" else self._shuffled()
        import datasets

        features = self._dataset.features or {}
        for item in pairs:
            for name in PICTURES:
                item[name] = _decode(item[name], features.get(name) or datasets.Image())
            hide_negative_images([item], self.negative_images)
            yield item

    def _blocks(self) -> Iterator[tuple[list[Item], Hashes]]:
        """All pairs in the order of the records, their pictures undecoded, with a number of each."""
        key = mix(seeded(self.seed), seeded(self.epoch))
        for table in self._tables():
            sentences = Sentences.from_table(table, embedded=PICTURES[0] in table.column_names)
            rows, pairs = np.arange(len(sentences)), np.full(len(sentences), -1)
            if self.scheme == "all":
                rows, pairs = np.repeat(rows, PAIRS), np.tile(np.arange(PAIRS), len(rows))
            elif self.scheme == "groups":
                rows, pairs = np.nonzero(sentences.groups >= 0)
            epochs = np.full(len(rows), self.epoch)
            places = choose(self.scheme, sentences.hashes[rows], self.seed, epochs, pairs)
            items = make_items(sentences, self.scheme, rows, *places)
            for name in PICTURES:
                if name in table.column_names:
                    pictures = table[name].to_pylist()
                    for item, row in zip(items, rows.tolist(), strict=True):
                        item[name] = pictures[row]
            yield items, mix(key, sentences.hashes[rows], (pairs + 1).astype(np.uint64))

    def _tables(self) -> Iterator[pa.Table]:
        """The records of this worker, in blocks."""
        dataset = self._dataset
        if "torch" in sys.modules:
            from torch.utils.data import get_worker_info

            worker = get_worker_info()
            if worker is not None:
                workers = min(worker.num_workers, dataset.num_shards)
                if worker.id >= workers:
                    return
                dataset = dataset.shard(workers, worker.id, contiguous=False)
        dataset.set_epoch(self.epoch)
        yield from dataset.iter(ROWS)

    def _shuffled(self) -> Iterator[Item]:
        """Each pair takes the place of one that waits, chosen by a hash, and sends it on."""
        waiting: dict[int, Item] = {}
        for items, numbers in self._blocks():
            if not self.buffer:
                yield from items
                continue
            places = (numbers % np.uint64(self.buffer)).tolist()
            for place, item in zip(places, items, strict=True):
                gone = waiting.get(place)
                waiting[place] = item
                if gone is not None:
                    yield gone
        yield from (waiting[place] for place in sorted(waiting))

    def _coupled(self) -> Iterator[Item]:
        """The two members of each group, as soon as both are there."""
        waiting: dict[str, Item] = {}
        self.left_out = 0
        for item in itertools.chain.from_iterable(items for items, _ in self._blocks()):
            group = item["group_id"]
            partner = waiting.pop(group, None)
            if partner is None:
                waiting[group] = item
                if len(waiting) > self.buffer:
                    del waiting[next(iter(waiting))]
                    self.left_out += 1
            else:
                yield from sorted((partner, item), key=lambda member: hash_text(member["id"]))
        self.left_out += len(waiting)
        if self.left_out:
            warnings.warn(
                f"{self.left_out:,} members of groups were left out: their partners are in other files or splits, or "
                f"further away than the buffer of {self.buffer:,} pairs. Give a larger buffer, or do not stream.",
                stacklevel=2,
            )


def _decode(picture: Any, feature: Any) -> Any:
    """A picture as `datasets` gives it; one of a column that is not decoded stays as it is."""
    return picture if picture is None or not feature.decode else feature.decode_example(picture)
