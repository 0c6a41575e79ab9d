"""Caps: shares worked out by hand, and held whatever comes."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from naturel.annotations.errors import UserError
from naturel.builders.caps import within_share
from naturel.builders.choice import hash_texts


def kept(groups: list[int], share: float, strata: list[int] | None = None) -> list[int]:
    """The rows that stay."""
    hashes = hash_texts(map(str, range(len(groups))))
    flags = within_share(np.array(groups), share, hashes, np.array(strata or groups), "--max-share-triplet")
    return [int(row) for row in np.flatnonzero(flags)]


def test_the_largest_number_that_keeps_the_share() -> None:
    # 10, 3 and 3 rows: 6 + 3 + 3 = 12, and 6 is half of it; with 7 it would be 7 of 13.
    groups = [0] * 10 + [1] * 3 + [2] * 3
    assert Counter(groups[row] for row in kept(groups, 0.5)) == {0: 6, 1: 3, 2: 3}
    assert kept(groups, 1) == list(range(16))


def test_what_is_rare_in_a_group_stays() -> None:
    # The large group has nine rows of one stratum and one of another.
    groups, strata = [0] * 10 + [1] * 4, [0] * 9 + [1] + [2] * 4
    rows = kept(groups, 0.5, strata)
    assert 9 in rows
    assert Counter(groups[row] for row in rows) == {0: 4, 1: 4}


def test_a_share_that_cannot_be_kept_is_an_error() -> None:
    with pytest.raises(
        UserError, match=r"--max-share-triplet 0\.2: there are only 3 kinds .* at least 0\.333"
    ):
        kept([0] * 4 + [1] * 4 + [2] * 4, 0.2)
    assert kept([], 0.2) == []


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60), st.floats(0.05, 1))
def test_no_group_has_more_than_its_share_and_no_row_goes_in_vain(groups: list[int], share: float) -> None:
    assume(len(set(groups)) * share >= 1)
    try:
        rows = kept(groups, share)
    except UserError:
        assume(False)
    counts, before = Counter(groups[row] for row in rows), Counter(groups)
    assert max(counts.values()) <= share * len(rows) + 1e-6
    cut = [group for group in counts if counts[group] < before[group]]
    assert len({counts[group] for group in cut}) <= 1  # all that were cut have one size
    if cut:
        more = {group: min(before[group], counts[cut[0]] + 1) for group in before}
        assert max(more.values()) > share * sum(more.values())
