"""All scenes of the testbed as arrays, and which of them are for training; numbers only, nothing is drawn.

A scene is a row of `CELLS` cells. Cells are empty (0) or hold a thing, as the number of its label. Scenes hold one
thing, or two different ones. The setting is that of Yamamoto, Noguchi and Tanizawa: *Left-Right Symmetry Breaking in
CLIP-style Vision-Language Models Trained on Synthetic Spatial-Relation Data* (arXiv 2601.12809): few or many pairs of
labels and few or many layouts are trained, and unseen pairs are asked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from naturel.annotations.joins import Integers
from naturel.annotations.truth import Flags
from naturel.builders.choice import Hashes, hash_texts, mix, seeded

Cells = npt.NDArray[np.int16]

CELLS = 10
LABELS = (
    *("Cat", "Dog", "Bird", "Horse", "Chair", "Table", "Suitcase", "Football", "Apple", "Mug", "Bottle"),
    *("Guitar", "Hat", "Umbrella", "Car"),
    *("Tree", "Bicycle", "Balloon", "Drum", "Laptop"),
)
"""The names of labels 1, 2, ...; the first `TRAINING_LABELS` are for training, the others are held out."""
TRAINING_LABELS = 15
ALL_PAIRS = TRAINING_LABELS * (TRAINING_LABELS - 1) // 2
"""Pairs of training labels, whichever is on the left."""
ALL_LAYOUTS = CELLS * (CELLS - 1) // 2
"""Layouts: pairs of cells."""
VALIDATION_SHARE = 10
"""One in so many layouts of a pair is for validation, at least one."""

SPLITS = ("train", "validation", "test")
TRAIN, VALIDATION, TEST = range(3)
KINDS = ("one object", "seen pair", "unseen pair", "unseen label")
"""What training knows of a scene's labels: see `Scenes.kind`."""
ONE_OBJECT, SEEN_PAIR, UNSEEN_PAIR, UNSEEN_LABEL = range(4)


@dataclass(frozen=True)
class Scenes:
    """Scenes, one a row. Those of two things come first, each followed by the one with its labels exchanged."""

    cells: Cells
    """Labels of the cells from left to right, 0 where there is nothing, shape (n, `CELLS`)."""
    left: Cells
    """The label on the left, or the only one, shape (n,)."""
    right: Cells
    """The label on the right, 0 in scenes of one thing, shape (n,)."""
    left_cell: Integers
    """Where `left` is, shape (n,)."""
    right_cell: Integers
    """Where `right` is, -1 in scenes of one thing, shape (n,)."""
    kind: Integers
    """Number in `KINDS`, shape (n,): one thing; or two that are trained together, that are trained but never
    together, or of which at least one has a label that is held out."""
    seen_layout: Flags
    """Whether things are trained in these two cells, shape (n,); false in scenes of one thing."""
    split: Integers
    """Number in `SPLITS`, shape (n,)."""

    def __len__(self) -> int:
        return len(self.left)

    def take(self, rows: Integers) -> Scenes:
        """Some of the scenes, in the given order."""
        return Scenes(*(column[rows] for column in vars(self).values()))


def make_scenes(seed: int, pairs: int, layouts: int, *, own_layouts: bool = False) -> Scenes:
    """Make every scene there is, and say which are for training.

    Scenes of two things, each in both orders (so that a pair's caption is as often true as false):

    * train: the chosen pairs in the chosen layouts. Of each pair one layout in ten is for validation instead; none,
      where one pair or one layout is all there is, for then it would not be trained at all;
    * test: all others. Chosen pairs in other layouts, pairs never seen together, and pairs with a held-out label.

    Scenes of one thing are trained for all labels, also for those that are held out of scenes of two: otherwise
    their names would mean nothing. Of each label one cell is for validation and one for the test.

    Args:
        seed: Chooses pairs, layouts and cells, by hash.
        pairs: How many pairs of labels are trained, 1 to `ALL_PAIRS`.
        layouts: How many layouts are trained, 1 to `ALL_LAYOUTS`.
        own_layouts: Each pair is trained in layouts of its own, as in the paper; otherwise all in the same ones.

    Returns:
        The scenes, always the same number: of two things, 190 pairs of labels x 45 layouts x 2 orders = 17,100;
        of one thing, 20 labels x 10 cells = 200.

    Raises:
        ValueError: `pairs` or `layouts` is out of range.
    """
    if not 1 <= pairs <= ALL_PAIRS:
        raise ValueError(f"1 to {ALL_PAIRS} pairs, not {pairs}")
    if not 1 <= layouts <= ALL_LAYOUTS:
        raise ValueError(f"1 to {ALL_LAYOUTS} layouts, not {layouts}")
    two, one = _of_two_things(seed, pairs, layouts, own_layouts), _of_one_thing(seed)
    return Scenes(
        *(np.concatenate(columns) for columns in zip(vars(two).values(), vars(one).values(), strict=True))
    )


def _of_two_things(seed: int, pairs: int, layouts: int, own_layouts: bool) -> Scenes:
    labels = np.stack(np.triu_indices(len(LABELS), 1), axis=1) + 1
    places = np.stack(np.triu_indices(CELLS, 1), axis=1)
    trained = np.asarray((labels <= TRAINING_LABELS).all(axis=1))
    pair_turn = _turns(seed, "pair", labels, trained)
    if own_layouts:
        layout_turn = _own_turns(seed, labels, places)
    else:
        layout_turn = _turns(seed, "layout", places, np.ones(len(places), dtype=np.bool_))[None]
    seen_pair = pair_turn < pairs

    split = np.where(seen_pair[:, None] & (layout_turn < layouts), TRAIN, TEST)
    if pairs > 1 and layouts > 1:
        # Each pair in turn gives the next layouts away, so that no layout is given away by all.
        given = max(layouts // VALIDATION_SHARE, 1)
        away = (layout_turn - pair_turn[:, None] * given) % layouts < given
        split[away & (split == TRAIN)] = VALIDATION
    kind = np.where(seen_pair, SEEN_PAIR, np.where(trained, UNSEEN_PAIR, UNSEEN_LABEL))

    pair, layout, order = (axis.ravel() for axis in np.indices((len(labels), len(places), 2)))
    return _scenes(
        labels[pair, order],
        labels[pair, 1 - order],
        places[layout, 0],
        places[layout, 1],
        kind[pair],
        (split == TRAIN).any(axis=0)[layout],
        split[pair, layout],
    )


def _of_one_thing(seed: int) -> Scenes:
    label, cell = (axis.ravel() for axis in np.indices((len(LABELS), CELLS)))
    chance = _chance(seed, "cell", np.stack([label, cell], axis=1)).reshape(len(LABELS), CELLS)
    turn = chance.argsort(axis=1).argsort(axis=1).ravel()
    split = np.where(turn == 0, VALIDATION, np.where(turn == 1, TEST, TRAIN))
    count = len(label)
    return _scenes(
        label + 1,
        np.zeros(count, dtype=np.int64),
        cell,
        np.full(count, -1),
        np.full(count, ONE_OBJECT),
        np.zeros(count, dtype=np.bool_),
        split,
    )


def _scenes(
    left: Integers,
    right: Integers,
    left_cell: Integers,
    right_cell: Integers,
    kind: Integers,
    seen_layout: Flags,
    split: Integers,
) -> Scenes:
    rows = np.arange(len(left))
    cells = np.zeros((len(left), CELLS), dtype=np.int16)
    cells[rows, left_cell] = left
    two = right > 0
    cells[rows[two], right_cell[two]] = right[two]
    return Scenes(
        cells,
        left.astype(np.int16),
        right.astype(np.int16),
        left_cell,
        right_cell,
        kind,
        seen_layout,
        split,
    )


def _turns(seed: int, what: str, keys: Integers, usable: Flags) -> Integers:
    """The place of each key, shape (n, 2), in an order by hash in which usable ones come first."""
    order = np.lexsort((_chance(seed, what, keys), ~usable))
    turn = np.empty(len(keys), dtype=np.int64)
    turn[order] = np.arange(len(keys))
    return turn


def _own_turns(seed: int, labels: Integers, places: Integers) -> Integers:
    """The place of each layout in an order of each pair's own, shape (pairs, layouts)."""
    pair, layout = (axis.ravel() for axis in np.indices((len(labels), len(places))))
    chance = _chance(seed, "own layout", np.concatenate([labels[pair], places[layout]], axis=1))
    return chance.reshape(len(labels), len(places)).argsort(axis=1).argsort(axis=1)


def _chance(seed: int, what: str, keys: Integers) -> Hashes:
    """A number for each key, shape (n, k), that looks random."""
    return mix(seeded(seed), hash_texts([what]), *keys.astype(np.uint64).T)
