"""The 2x2 groups of a dataset: who stands against whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from naturel.annotations.errors import UserError
from naturel.annotations.joins import Integers
from naturel.builders.choice import Hashes
from naturel.loaders.sentences import Sentences


@dataclass(frozen=True)
class Groups:
    """g groups, each of two records with a pair; the record whose id has the smaller hash comes first."""

    number: Integers
    """Of the group's id in `Sentences.group_names`, shape (g,)."""
    records: Integers
    """Shape (g, 2)."""
    pairs: Integers
    """Which pair of the record, 1 to 3, shape (g, 2)."""
    halves: int
    """Groups of which only one record is here: of a part of a release."""

    def __len__(self) -> int:
        return len(self.records)


def find_groups(sentences: Sentences) -> Groups:
    """Find the groups whose two records are both here, in the order of their numbers.

    Raises:
        UserError: A record stands twice in the data, or the two sentences of a group are not opposed.
    """
    records, pairs = np.nonzero(sentences.groups >= 0)
    number = sentences.groups[records, pairs].astype(np.int64)
    order = np.lexsort((sentences.hashes[records], number))
    records, pairs, number = records[order], pairs[order], number[order]
    sizes = np.bincount(number, minlength=len(sentences.group_names))
    if (sizes > 2).any():
        name = sentences.group_names[int(np.argmax(sizes > 2))]
        raise UserError(
            f"group {name} has {sizes.max()} members, not two: records stand twice in the data. "
            "Give each release, split and configuration once."
        )
    first = np.flatnonzero(sizes[number] == 2)[::2]
    members = np.stack([first, first + 1], axis=1)
    groups = Groups(number[first], records[members], pairs[members], int((sizes == 1).sum()))
    _check_opposed(groups, sentences)
    return groups


def _check_opposed(groups: Groups, sentences: Sentences) -> None:
    said = sentences.positive[groups.records, groups.pairs]
    denied = sentences.negative[groups.records, groups.pairs]
    wrong = (said != denied[:, ::-1]).any(axis=1)
    if wrong.any():
        name = sentences.group_names[int(groups.number[np.argmax(wrong)])]
        raise UserError(
            f"the sentences of group {name} are not opposed, so the data are damaged. "
            "Copy the release again completely."
        )


def disjoint(groups: Groups, keys: Hashes, count: int) -> Integers:
    """Choose groups of which no two share a record, going through them by their keys, smallest first.

    Args:
        groups: All groups.
        keys: A different number for each, shape (g,).
        count: Records in the data.

    Returns:
        Numbers of the chosen groups in the order of their keys. No further group could be added.
    """
    rank = np.empty(len(groups), dtype=np.int64)
    rank[np.argsort(keys, kind="stable")] = np.arange(len(groups))
    taken = np.zeros(count, dtype=np.bool_)
    left = np.arange(len(groups))
    chosen = []
    # A group that comes before all others at both its records is chosen in any order of going through; so in rounds.
    while len(left):
        members = groups.records[left]
        best = np.full(count, len(groups))
        np.minimum.at(best, members.ravel(), np.repeat(rank[left], 2))
        won = left[(best[members] == rank[left][:, None]).all(axis=1)]
        chosen.append(won)
        taken[groups.records[won]] = True
        left = left[~taken[members].any(axis=1)]
    together = np.concatenate([*chosen, np.empty(0, np.int64)]).astype(np.int64)
    return together[np.argsort(rank[together])]
