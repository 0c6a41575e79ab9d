"""Near-duplicates: compared with a plain loop over all pairs."""

from __future__ import annotations

import itertools

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from naturel.builders import near_duplicates as module
from naturel.builders.near_duplicates import near_duplicates


def sets_of(pairs: list[tuple[int, int]], count: int) -> set[frozenset[int]]:
    rows, columns = zip(*pairs, strict=True) if pairs else ((), ())
    graph = coo_array(([True] * len(pairs), (rows, columns)), shape=(count, count))
    _, labels = connected_components(graph, directed=False)
    return {frozenset(i for i in range(count) if labels[i] == label) for label in set(labels.tolist())}


def found(hashes: list[int]) -> list[tuple[int, int]]:
    a, b = near_duplicates(pa.chunked_array([pa.array([f"{one:016x}" for one in hashes])]))
    return list(zip(a.tolist(), b.tolist(), strict=True))


BASE = 0x0F0F_3333_5555_00FF


def test_four_bits_are_near_and_five_are_not() -> None:
    assert found([BASE, BASE ^ 0b1111]) == [(0, 1)]
    assert found([BASE, BASE ^ (1 << 63 | 1 << 40 | 1 << 20 | 1)]) == [(0, 1)]
    assert found([BASE, BASE ^ 0b11111]) == []
    assert found([BASE, 0, BASE]) == [(0, 2)]
    assert found([]) == []


@given(st.lists(st.sets(st.integers(0, 63), max_size=7), max_size=12))
def test_the_sets_are_those_of_all_pairs(flips: list[set[int]]) -> None:
    hashes = [BASE ^ sum(1 << bit for bit in bits) for bits in flips]
    plain = [
        (i, j)
        for (i, one), (j, other) in itertools.combinations(enumerate(hashes), 2)
        if (one ^ other).bit_count() <= 4
    ]
    pairs = found(hashes)
    assert set(pairs) <= set(plain)
    assert sets_of(pairs, len(hashes)) == sets_of(plain, len(hashes))


def test_of_a_crowd_only_equals_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CROWD", 1)
    assert found([BASE, BASE ^ 1, BASE]) == [(0, 2)]
