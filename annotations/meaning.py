"""What one annotated relation proves about another."""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from naturel.annotations.joins import Integers
from naturel.annotations.relations import Vocabulary

Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int8]
"""Verdicts, or members of `Proof`."""


class Proof(IntEnum):
    """Proofs in order of strength: where several hold, the first is named."""

    HUMAN = 0
    CONSTRUCTED = 1
    ANNOTATED = 2
    INVERSE = 3
    ANTISYMMETRIC = 4
    EXCLUSIVE = 5
    GEOMETRIC = 6
    ABSENT = 7
    NONE = 8


class Meaning:
    """What an annotated relation proves about another one on the same pair, or on the pair swapped.

    Some relations can be mutual between some kinds of things (two people kick each other), so there is one table
    for each class of pairs that are alike in this.
    """

    def __init__(self, vocabulary: Vocabulary, kinds: list[str]) -> None:
        """Takes the kind of each label, by label code."""
        distinct = sorted(set(kinds))
        self._kind = np.array([distinct.index(kind) for kind in kinds], dtype=np.int64)
        self._table_of = np.zeros((len(distinct), len(distinct)), dtype=np.int64)
        tables: dict[frozenset[str], Codes] = {}
        for i, first in enumerate(distinct):
            for j, second in enumerate(distinct):
                mutual = frozenset(r.name for r in vocabulary if {first, second} <= set(r.mutual_kinds))
                if mutual not in tables:
                    tables[mutual] = _table(vocabulary, first, second)
                self._table_of[i, j] = list(tables).index(mutual)
        self._tables = np.array(list(tables.values()), dtype=np.int8).reshape(
            -1, len(vocabulary), 2, len(vocabulary)
        )

    def of(
        self, said: Integers, swapped: Flags, asked: Integers, subject: Integers, thing: Integers
    ) -> Codes:
        """Proofs, `Proof.NONE` where nothing follows; `subject` and `thing` are the annotation's own labels."""
        table = self._table_of[self._kind[subject], self._kind[thing]]
        return self._tables[table, said, swapped.astype(np.int64), asked]


@lru_cache(maxsize=32)
def _table(vocabulary: Vocabulary, subject_kind: str, object_kind: str) -> Codes:
    """`table[r, swapped, asked]`: what r on (a, b) proves about `asked` on (a, b), or on (b, a) if swapped."""
    place = {name: i for i, name in enumerate(vocabulary.names)}
    table = np.full((len(place), 2, len(place)), Proof.NONE, dtype=np.int8)
    for name, row in place.items():
        for (other, swapped), proof in vocabulary.ruled_out(name, subject_kind, object_kind).items():
            table[row, int(swapped), place[other]] = (
                Proof.ANTISYMMETRIC if proof == "antisymmetric" else Proof.EXCLUSIVE
            )
        for other, swapped in vocabulary.implied(name):
            table[row, int(swapped), place[other]] = Proof.INVERSE if swapped else Proof.ANNOTATED
    return table
