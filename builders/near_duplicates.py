"""Near-duplicate pictures, told by their perceptual hashes."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa

from naturel.annotations.joins import Integers, distinct, matches

DISTANCE = 4
"""Two pictures whose 64-bit hashes differ in at most so many bits are near-duplicates."""
CROWD = 2_000
"""Pictures with one and the same sixteenth-part of a hash that are compared all with all; of larger sets, only equal
hashes are found: they are blank or nearly so."""


def near_duplicates(hashes: pa.ChunkedArray) -> tuple[Integers, Integers]:
    """All pairs of pictures that look alike.

    Hashes that differ in at most 4 bits agree in at least one of 5 parts, so only those that agree in a part are
    compared.

    Args:
        hashes: Perceptual hashes (`imagehash.phash`), 16 hexadecimal digits each, none null.

    Returns:
        Row numbers of either picture, each pair once, the smaller number first.
    """
    if not len(hashes):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    bits = np.array([int(text, 16) for text in hashes.to_pylist()], dtype=np.uint64)
    same, first = np.unique(bits, return_inverse=True)
    places = np.linspace(0, 64, DISTANCE + 2).astype(int)
    found = [_chain(first)]
    for start, end in itertools.pairwise(places):
        mask = np.uint64((1 << int(end - start)) - 1)
        part = ((same >> np.uint64(start)) & mask).astype(np.int64)
        use = np.flatnonzero(np.bincount(part)[part] <= CROWD)
        a, b = matches(part[use], part[use])
        a, b = use[a[a < b]], use[b[a < b]]
        near = np.bitwise_count(same[a] ^ same[b]) <= DISTANCE
        one = np.zeros(len(same), dtype=np.int64)
        one[first[::-1]] = np.arange(len(bits))[::-1]  # the first row with each hash
        found.append((one[a[near]], one[b[near]]))
    a, b = (np.concatenate(side) for side in zip(*found, strict=True))
    low, high = distinct(np.minimum(a, b), np.maximum(a, b))
    return low, high


def _chain(groups: Integers) -> tuple[Integers, Integers]:
    """Pairs that connect the members of each group: each with the next one."""
    order = np.argsort(groups, kind="stable")
    next_is_same = np.flatnonzero(np.diff(groups[order]) == 0)
    return order[next_is_same], order[next_is_same + 1]
