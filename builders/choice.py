"""Choices that look random and never change: each is a hash of the build's seed and a key."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from naturel.annotations.joins import Integers

Hashes = npt.NDArray[np.uint64]


def hash_text(text: str) -> int:
    """64 bits of the text's SHA-256."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def hash_texts(texts: Iterable[str]) -> Hashes:
    """64 bits of each text's SHA-256, shape (n,)."""
    return np.array([hash_text(text) for text in texts], dtype=np.uint64)


def seeded(seed: int) -> Hashes:
    """The seed as a key for `mix`, shape (1,)."""
    return np.array([seed], dtype=np.uint64)


def mix(*keys: Hashes) -> Hashes:
    """A number for each combination of keys, spread evenly over 64 bits (the finaliser of SplitMix64, by Vigna).

    Args:
        *keys: Arrays that broadcast together.
    """
    mixed = np.zeros(1, dtype=np.uint64)
    for key in keys:
        mixed = (mixed ^ key) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed = mixed ^ (mixed >> np.uint64(31))
    return mixed


def place_in_group(key: Hashes, *columns: npt.NDArray[Any]) -> Integers:
    """The place of each row among those that are alike in all columns, in the order of the key."""
    order = np.lexsort((key, *columns))
    new = np.zeros(len(order), dtype=np.bool_)
    new[:1] = True
    for column in columns:
        new[1:] |= column[order][1:] != column[order][:-1]
    starts = np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order)) - starts
    return place
