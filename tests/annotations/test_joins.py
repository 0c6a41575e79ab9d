"""Joins over integers, against nested loops."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from naturel.annotations.joins import Integers, Lookup, any_by_group, codes_of, distinct, matches, spread

keys = st.lists(st.integers(-3, 4), max_size=12)


def integers(values: list[int]) -> Integers:
    return np.array(values, dtype=np.int64)


@given(keys, keys)
def test_matches_is_a_nested_loop(left: list[int], right: list[int]) -> None:
    expected = [(i, j) for i, a in enumerate(left) for j, b in enumerate(right) if a == b]
    rows, others = matches(integers(left), integers(right))
    assert list(zip(rows.tolist(), others.tolist(), strict=True)) == expected
    assert rows.dtype == others.dtype == np.int64


@given(keys, keys, keys)
def test_a_lookup_can_be_used_again(first: list[int], second: list[int], right: list[int]) -> None:
    lookup = Lookup(integers(right))
    for left in (first, second, first):
        found, expected = lookup.matches(integers(left)), matches(integers(left), integers(right))
        assert [column.tolist() for column in found] == [column.tolist() for column in expected]


@given(st.lists(st.integers(0, 4), max_size=8))
def test_spread_numbers_members(sizes: list[int]) -> None:
    expected = [(group, place) for group, size in enumerate(sizes) for place in range(size)]
    group, place = spread(integers(sizes))
    assert list(zip(group.tolist(), place.tolist(), strict=True)) == expected


@given(st.lists(st.tuples(st.integers(-2, 2), st.integers(-2, 2)), max_size=12))
def test_distinct_is_a_sorted_set(rows: list[tuple[int, int]]) -> None:
    columns = distinct(integers([a for a, _ in rows]), integers([b for _, b in rows]))
    assert list(zip(*(column.tolist() for column in columns), strict=True)) == sorted(set(rows))


@pytest.mark.parametrize("chunks", [[["b", None, "a", "z", "b"]], [["b"], [None, "a"], [], ["z", "b"]]])
def test_codes_of_values(chunks: list[list[str | None]]) -> None:
    values = pa.chunked_array(chunks, pa.string())
    assert codes_of(values, pa.array(["a", "b"])).tolist() == [1, -1, 0, -1, 1]


def test_null_is_in_no_vocabulary() -> None:
    assert codes_of(pa.array(["a", None]), pa.array([None, "a"])).tolist() == [1, -1]


def test_the_first_of_equal_words_counts() -> None:
    assert codes_of(pa.array(["b", "a"]), pa.array(["a", "b", "b"])).tolist() == [1, 0]


def test_codes_of_nothing() -> None:
    nothing = pa.chunked_array([], pa.string())
    assert codes_of(nothing, pa.array(["a"])).tolist() == []
    assert codes_of(pa.array(["a"]), pa.array([], pa.string())).tolist() == [-1]


def test_any_by_group() -> None:
    flags = np.array([False, True, False, True])
    assert any_by_group(flags, integers([0, 2, 2, 3]), 5).tolist() == [False, False, True, True, False]
    assert any_by_group(flags[:0], integers([]), 2).tolist() == [False, False]
