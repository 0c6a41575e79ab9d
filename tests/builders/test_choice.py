"""Choices by hash: stable for ever, and evenly spread."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from naturel.builders.choice import Hashes, hash_text, hash_texts, mix, seeded

MASK = 2**64 - 1


def mixed_by_hand(*keys: int) -> int:
    """The same by Python's own integers."""
    state = 0
    for key in keys:
        state = (state ^ key) * 0x9E3779B97F4A7C15 & MASK
        state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & MASK
        state = (state ^ state >> 27) * 0x94D049BB133111EB & MASK
        state ^= state >> 31
    return state


def keys(*values: int) -> Hashes:
    return np.array(values, dtype=np.uint64)


def test_a_text_has_the_first_bits_of_its_digest() -> None:
    expected = int(hashlib.sha256("café".encode()).hexdigest()[:16], 16)
    assert hash_text("café") == expected
    assert hash_texts(["café", ""]).tolist() == [expected, hash_text("")]
    assert hash_texts(iter([])).shape == (0,)


@pytest.mark.parametrize("values", [(0,), (1,), (1, 2), (2, 1), (MASK, MASK, 3)])
def test_mix_is_what_it_says(values: tuple[int, ...]) -> None:
    assert mix(*(keys(value) for value in values)).tolist() == [mixed_by_hand(*values)]


def test_mix_broadcasts() -> None:
    table = mix(seeded(7), keys(1, 2, 3)[:, None], keys(4, 5)[None, :])
    assert table.tolist() == [[mixed_by_hand(7, a, b) for b in (4, 5)] for a in (1, 2, 3)]
    assert mix(seeded(7), keys()).shape == (0,)


def test_mix_spreads_evenly() -> None:
    numbers = np.arange(40_000, dtype=np.uint64)
    for seed in (0, 1, 2**32 - 1):
        mixed = mix(seeded(seed), numbers)
        assert len(np.unique(mixed)) == len(numbers)
        counts = np.bincount((mixed >> np.uint64(61)).astype(np.int64), minlength=8)
        assert abs(counts - 5_000).max() < 350  # five standard deviations
    assert (mix(seeded(0), numbers) != mix(seeded(1), numbers)).all()
