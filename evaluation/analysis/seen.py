"""Have we seen this before? A Bloom filter of fixed size, for corpora that do not fit."""

from __future__ import annotations

import numpy as np

from naturel.annotations.truth import Flags
from naturel.builders.choice import Hashes

WORDS = 23
"""Binary logarithm of the filter's size: 2**23 words of 64 bits are 64 MiB."""
PROBES = 4
"""Bits set for a text, all of them in one word: one look into memory a text."""


class Seen:
    """Remembers hashes approximately: what was seen is always known, what was not is rarely taken for seen."""

    def __init__(self, words: int = WORDS) -> None:
        """Takes the binary logarithm of the filter's size in words of 64 bits."""
        self._table = np.zeros(1 << words, dtype=np.uint64)
        self._shift = np.uint64(64 - words)

    def add(self, hashes: Hashes) -> Flags:
        """Remember hashes.

        Args:
            hashes: 64 well-mixed bits each, shape (n,).

        Returns:
            Which were seen before, in an earlier call or earlier in this one, shape (n,).
        """
        bits = np.zeros(len(hashes), dtype=np.uint64)
        for probe in range(PROBES):
            bits |= np.uint64(1) << ((hashes >> np.uint64(6 * probe)) & np.uint64(63))
        place = hashes >> self._shift
        seen = (self._table[place] & bits) == bits
        np.bitwise_or.at(self._table, place, bits)
        again = np.ones(len(hashes), dtype=np.bool_)
        again[np.unique(hashes, return_index=True)[1]] = False
        found: Flags = seen | again
        return found
