"""Who judges what."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naturel.review.assignment import assign

KEYS = [f"key {number}" for number in range(3000)]
NAMES = ["ada", "bob", "cyd"]


def owners(assigned: dict[str, list[str]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, keys in assigned.items():
        assert len(keys) == len(set(keys))
        for key in keys:
            found.setdefault(key, set()).add(name)
    return found


@given(
    st.sets(st.text(max_size=4), max_size=8),
    st.sets(st.text(min_size=1, max_size=3), min_size=1, max_size=4),
    st.floats(0, 1),
    st.integers(0, 2**32 - 1),
)
def test_every_key_has_one_annotator_or_two(
    keys: set[str], names: set[str], overlap: float, seed: int
) -> None:
    assigned = assign(sorted(keys), sorted(names), overlap, seed)
    assert assigned.keys() == names
    found = owners(assigned)
    assert found.keys() == keys
    most = 1 if overlap == 0 or len(names) == 1 else 2
    assert all(1 <= len(who) <= most for who in found.values())
    if overlap == 1 and len(names) > 1:
        assert all(len(who) == 2 for who in found.values())
    again = assign(sorted(keys, reverse=True), sorted(names, reverse=True), overlap, seed)
    assert {name: sorted(mine) for name, mine in again.items()} == {
        name: sorted(mine) for name, mine in assigned.items()
    }


def test_shares_are_even_and_the_overlap_is_as_asked() -> None:
    found = owners(assign(KEYS, NAMES, 0.1, 0))
    twice = sum(len(who) == 2 for who in found.values())
    assert abs(twice - 300) < 4 * (3000 * 0.1 * 0.9) ** 0.5  # four standard deviations of a binomial
    shares = Counter(name for who in found.values() for name in who)
    assert all(abs(shares[name] - 1100) < 4 * (3300 * 2 / 9) ** 0.5 for name in NAMES)
    pairs = Counter(tuple(sorted(who)) for who in found.values() if len(who) == 2)
    assert len(pairs) == 3


def test_another_seed_shares_otherwise() -> None:
    assert assign(KEYS, NAMES, 0.1, 0) != assign(KEYS, NAMES, 0.1, 1)


def test_a_further_annotator_only_takes_over() -> None:
    before, after = owners(assign(KEYS, NAMES, 0, 0)), owners(assign(KEYS, [*NAMES, "dan"], 0, 0))
    assert all(after[key] in (before[key], {"dan"}) for key in KEYS)
    assert 600 < sum(who == {"dan"} for who in after.values()) < 900


def test_nobody_and_strange_shares_are_refused() -> None:
    with pytest.raises(ValueError, match="no annotator"):
        assign(KEYS, [], 0.1, 0)
    with pytest.raises(ValueError, match=r"overlap 1.5 is not between 0 and 1"):
        assign(KEYS, NAMES, 1.5, 0)
