"""What the report says of pictures: duplicates by digest, and small copies for the examples."""

from __future__ import annotations

import base64
import io
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from PIL import Image, ImageOps

from naturel.annotations.joins import Integers
from naturel.builders.report.tables import encode

NEAR = 4
"""Perceptual hashes that differ in at most so many of their 64 bits are near-duplicates."""
LONGEST_SIDE = 320
QUALITY = 80
_HASH = re.compile("[0-9a-f]{16}")


@dataclass(frozen=True)
class Duplicates:
    """Pictures that are not the only ones of their look."""

    pictures: int
    """Pictures that have a double."""
    groups: int
    """Groups that they form."""
    of: int
    """Pictures whose digest is known."""


def exact_duplicates(digests: pa.Array) -> Duplicates:
    """Count equal digests, one a picture."""
    coded = encode(digests)
    sizes = np.bincount(coded.codes[coded.codes >= 0])
    several = sizes[sizes > 1]
    return Duplicates(int(several.sum()), len(several), int(sizes.sum()))


def near_duplicates(hashes: pa.Array, near: int = NEAR) -> Duplicates:
    """Count pictures within a Hamming distance of each other, directly or by way of others.

    Two hashes that differ in at most `near` bits agree in at least one of `near + 1` bands, so that only hashes with
    an equal band are compared: nothing is missed, and the work does not grow with the square of the pictures.

    Args:
        hashes: 16 hexadecimal digits a picture; others are passed over.
        near: The largest distance.
    """
    known = [text for text in hashes.to_pylist() if text and _HASH.fullmatch(text)]
    values = np.frombuffer(bytes.fromhex("".join(known)), dtype=">u8").astype(np.uint64)
    distinct, sizes = np.unique(values, return_counts=True)
    pairs = [found for band in _bands(near + 1) for found in _close_pairs(distinct, band, near)]
    linked = np.concatenate(pairs, axis=1) if pairs else np.empty((2, 0), dtype=np.int64)
    root = _components(len(distinct), linked)
    members = np.bincount(root, weights=sizes, minlength=len(distinct)).astype(np.int64)
    several = members[members > 1]
    return Duplicates(int(several.sum()), len(several), len(known))


def _bands(count: int) -> Iterator[np.uint64]:
    """Masks that share out the 64 bits."""
    edges = [64 * number // count for number in range(count + 1)]
    for low, high in itertools.pairwise(edges):
        yield np.uint64(((1 << (high - low)) - 1) << low)


def _close_pairs(values: npt.NDArray[np.uint64], band: np.uint64, near: int) -> Iterator[Integers]:
    """Places of close values whose band is equal, shape (2, pairs) each."""
    order = np.argsort(values & band, kind="stable")
    ordered = values[order]
    key = ordered & band
    first = np.arange(max(len(key) - 1, 0))
    distance = 1
    while True:
        first = first[first + distance < len(key)]
        first = first[key[first] == key[first + distance]]
        if not len(first):
            return
        bits = np.bitwise_count(ordered[first] ^ ordered[first + distance])
        close = first[bits <= near]
        if len(close):
            yield np.stack([order[close], order[close + distance]])
        distance += 1


def _components(count: int, pairs: Integers) -> Integers:
    """The smallest member of each one's group, shape (count,)."""
    root = np.arange(count, dtype=np.int64)
    left, right = pairs
    while True:
        low = np.minimum(root[left], root[right])
        lower = root.copy()
        for side in (left, right):
            np.minimum.at(lower, side, low)
            np.minimum.at(lower, root[side], low)
        lower = lower[lower]
        if np.array_equal(lower, root):
            return root
        root = lower


@dataclass(frozen=True)
class SmallPicture:
    """A picture for the page."""

    width: int
    height: int
    address: str
    """A `data:` address: the bytes themselves."""


def shrink(data: bytes | None) -> SmallPicture | None:
    """A small JPEG of a picture, upright; None where it cannot be read."""
    if not data:
        return None
    try:
        with Image.open(io.BytesIO(data)) as opened:
            opened.draft("RGB", (2 * LONGEST_SIDE, 2 * LONGEST_SIDE))
            picture = ImageOps.exif_transpose(opened).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    clean = Image.new("RGB", picture.size)
    clean.paste(picture)
    clean.save(buffer, "JPEG", quality=QUALITY, optimize=True)
    text = base64.b64encode(buffer.getvalue()).decode("ascii")
    return SmallPicture(*picture.size, f"data:image/jpeg;base64,{text}")
