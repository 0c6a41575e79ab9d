"""Which sentences of a record are paired: a hash of the seed, the epoch and the record's id, never of its place.

The schemes are those of the NatuRel poster (Khetan, Sieh and Iyer, 2024): NegCLIP single pair, NegCLIP all pairs,
SigLIP two pairs; and the 2x2 groups of NatuRel.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict, get_args

import numpy as np
import numpy.typing as npt

from naturel.annotations.errors import UserError
from naturel.annotations.joins import Integers
from naturel.builders.choice import Hashes, mix, seeded
from naturel.loaders.sentences import COMPLEX, PAIRS

Scheme = Literal["single", "all", "two", "groups"]
"""How pairs are made of records.

`single`: one random complex positive with one random complex negative, an item a record.
`all`: the simple pair, and the complex positives each with the negative opposed to it, four items a record.
`two`: two positives and two negatives, each two different ones of four, an item a record.
`groups`: the pairs that are members of 2x2 groups. Two items that follow each other are a group: two pictures and two
sentences, each of them true of one picture and proved false in the other.
"""

NegativeImages = Literal["release", "blank", "off"]
"""Which negative pictures items have: the release's (None where it has none), the poster's blank one, or none."""


class Fields(TypedDict):
    """What every item says."""

    id: str
    """Of the record."""
    image_id: str
    image: Any
    """A PIL picture; None in a release with links."""
    image_source: dict[str, Any] | None
    """In a release with links: `url`, and the `crop`, `rotation` and `mirrored` that the file still needs."""
    group_id: str | None
    """The 2x2 group of which the (first) pair is a member."""
    negative_image: Any
    """A PIL picture; None where there is none."""
    negative_image_id: str | None
    negative_image_source: dict[str, Any] | None
    negative_image_caption: str | None
    """The complex negative of the record that is true of the negative image; the item's own may be another."""


class Pair(Fields):
    """An item of `single`, `all` or `groups`."""

    positive: str
    negative: str


class TwoPairs(Fields):
    """An item of `two`."""

    positives: list[str]
    negatives: list[str]


def check_scheme(scheme: str) -> None:
    """See whether there is such a scheme.

    Raises:
        UserError: There is not.
    """
    if scheme not in get_args(Scheme):
        raise UserError(f"there is no scheme {scheme!r}: give one of {', '.join(get_args(Scheme))}.")


def choose(
    scheme: Scheme, hashes: Hashes, seed: int, epochs: npt.NDArray[np.int64], pairs: Integers
) -> tuple[Integers, Integers]:
    """Choose sentences for items.

    Args:
        scheme: The scheme.
        hashes: Of the record's id, shape (k,).
        seed: The seed.
        epochs: The epoch of each item, shape (k,).
        pairs: The pair that an item has to be of (0 to 3), or -1 where the hash decides, shape (k,).

    Returns:
        Which of a record's four positives and which of its four negatives: two arrays of shape (k, 1), of shape
        (k, 2) for `two`. A given pair stands first.
    """
    numbers = mix(seeded(seed), epochs.astype(np.uint64), hashes)
    if scheme == "two":
        return _two(numbers, pairs), _two(mix(numbers, seeded(1)), pairs)
    size = np.uint64(COMPLEX)
    free = pairs < 0
    positive = np.where(free, (1 + numbers % size).astype(np.int64), pairs)
    negative = np.where(free, (1 + numbers // size % size).astype(np.int64), pairs)
    return positive[:, None], negative[:, None]


def _two(numbers: Hashes, pairs: Integers) -> Integers:
    """Two different ones of four, shape (k, 2)."""
    count = np.uint64(PAIRS)
    first = np.where(pairs < 0, (numbers % count).astype(np.int64), pairs)
    step = (1 + numbers // count % np.uint64(PAIRS - 1)).astype(np.int64)
    return np.stack([first, (first + step) % PAIRS], axis=1)
