"""Which (picture, triplet)s become records: chosen by hash, so that the same seed always chooses the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sized
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from naturel.annotations.errors import UserError
from naturel.annotations.joins import Integers
from naturel.annotations.relations import Vocabulary
from naturel.builders.choice import Hashes, hash_texts, mix, seeded
from naturel.builders.sources.grouping import Boxes, fold, grid, group_starts


@dataclass(frozen=True)
class Sampling:
    """Which (picture, triplet)s become records.

    Pictures are taken in the order of a hash of seed and id: a larger `max_images` only adds pictures.
    """

    seed: int = 0
    max_images: int | None = None
    max_per_triplet: int | None = None
    relations: tuple[str, ...] = ()
    """Canonical relations to keep; empty: all usable ones."""


class TripletRows(Protocol):
    """A source's annotated relations, one row each."""

    @property
    def picture(self) -> npt.NDArray[np.int32]:
        """Number of the picture."""

    @property
    def subject(self) -> npt.NDArray[Any]:
        """Number of the subject's label."""

    @property
    def relation(self) -> npt.NDArray[Any]:
        """Number of the relation in the vocabulary."""

    @property
    def object(self) -> npt.NDArray[Any]:
        """Number of the object's label, or of the attribute."""

    @property
    def subject_box(self) -> Boxes:
        """Shape (n, 4)."""

    @property
    def object_box(self) -> Boxes:
        """Shape (n, 4)."""

    @property
    def id(self) -> Hashes:
        """A number for each row, by its content."""

    @property
    def picture_hashes(self) -> Hashes:
        """A hash of each picture's id."""

    def __len__(self) -> int: ...


class Named(Protocol):
    """Names by number."""

    @property
    def names(self) -> Sized:
        """The name of each number."""

    @property
    def hashes(self) -> Hashes:
        """A hash of each name."""


@dataclass(frozen=True)
class Chosen:
    """The (picture, triplet)s chosen."""

    row: Integers
    """The relation row whose pair of boxes stands for each: the largest pair."""
    pairs: npt.NDArray[np.int32]
    """How many pairs of boxes carry it."""


def choose_triplets(
    rows: TripletRows,
    sampling: Sampling,
    vocabulary: Vocabulary,
    labels: Named,
    dropped: Counter[str],
) -> Chosen:
    """Choose (picture, triplet)s, and the pair of boxes that stands for each.

    Args:
        rows: All usable rows.
        sampling: What is wanted.
        vocabulary: Which relations are usable.
        labels: The labels' numbers.
        dropped: Where what is not chosen is counted.

    Raises:
        UserError: Nothing is left.
    """
    usable = [relation.name for relation in vocabulary.usable]
    keep = [name for name in usable if not sampling.relations or name in sampling.relations]
    eligible = np.flatnonzero(np.isin(rows.relation, [vocabulary.names.index(name) for name in keep]))
    dropped["relation row: relation not asked for or not usable"] += len(rows) - len(eligible)
    if not len(eligible):
        raise UserError(
            f"no row has a relation of {', '.join(sampling.relations or usable)}: nothing to build."
        )
    size = np.int64(len(labels.names))
    triplet = (rows.relation[eligible] * size + rows.subject[eligible]) * size + rows.object[eligible]
    key = rows.picture[eligible] * np.int64(len(vocabulary)) * size * size + triplet
    place, pairs = _largest(key, _areas(rows, eligible), rows.id[eligible])
    row, triplet = eligible[place], triplet[place]
    total = len(row)
    if sampling.max_per_triplet is not None:
        kept = _few_of_each(rows, row, triplet, sampling, vocabulary, labels)
        row, pairs = row[kept], pairs[kept]
    if sampling.max_images is not None:
        kept = np.isin(rows.picture[row], _few_pictures(rows, row, sampling.seed, sampling.max_images))
        row, pairs = row[kept], pairs[kept]
    dropped["triplet: not in the sample asked for"] += total - len(row)
    return Chosen(row, pairs)


def _areas(rows: TripletRows, which: Integers) -> npt.NDArray[np.float32]:
    """The two boxes' areas together, in steps of the grid, so that rounding in the files decides nothing."""
    total = np.zeros(len(which), dtype=np.float32)
    for boxes in (rows.subject_box, rows.object_box):
        sides = grid(np.take(boxes, which, axis=0))
        total += (sides[:, 2] - sides[:, 0]) * (sides[:, 3] - sides[:, 1])
    return total


def _largest(
    key: Integers, area: npt.NDArray[np.float32], ids: Hashes
) -> tuple[Integers, npt.NDArray[np.int32]]:
    """The place of the largest row of each key (of equals, the one with the smallest id), and the rows it has."""
    order = np.argsort(key)
    first = group_starts(key[order])
    pairs = np.diff(np.append(first, len(key))).astype(np.int32)
    group = np.empty(len(key), dtype=np.int64)
    group[order] = np.repeat(np.arange(len(first)), pairs)
    rank = np.where(area == fold(np.maximum, area, order, first)[group], ids, np.iinfo(np.uint64).max)
    best = np.flatnonzero(rank == fold(np.minimum, rank, order, first)[group])
    return best, pairs[group[best]]


def _few_of_each(
    rows: TripletRows,
    row: Integers,
    triplet: Integers,
    sampling: Sampling,
    vocabulary: Vocabulary,
    labels: Named,
) -> npt.NDArray[np.bool_]:
    """Which stay where each triplet has `max_per_triplet` pictures at most."""
    text = (
        labels.hashes[rows.subject[row]],
        hash_texts(vocabulary.names)[rows.relation[row]],
        labels.hashes[rows.object[row]],
    )
    chance = mix(seeded(sampling.seed), rows.picture_hashes[rows.picture[row]], *text)
    order = np.lexsort((rows.picture[row], chance, triplet))
    first = group_starts(triplet[order])
    place = np.arange(len(order)) - np.repeat(first, np.diff(np.append(first, len(order))))
    kept = np.zeros(len(order), dtype=np.bool_)
    kept[order] = place < (sampling.max_per_triplet or 0)
    return kept


def _few_pictures(rows: TripletRows, row: Integers, seed: int, count: int) -> Integers:
    """Numbers of the pictures that a sample of `count` takes."""
    pictures = np.unique(rows.picture[row]).astype(np.int64)
    chance = mix(seeded(seed), rows.picture_hashes[pictures])
    return pictures[np.lexsort((pictures, chance))[:count]]
