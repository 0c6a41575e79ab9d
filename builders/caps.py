"""Caps on content: no triplet and no relation takes more than its share, whatever the source has most of."""

from __future__ import annotations

import numpy as np

from naturel.annotations.errors import UserError
from naturel.annotations.joins import Integers
from naturel.annotations.truth import Flags
from naturel.builders.choice import Hashes, place_in_group


def within_share(groups: Integers, share: float, hashes: Hashes, strata: Integers, option: str) -> Flags:
    """Choose rows so that no group has more than a share of those that stay.

    Of a group that is too large, rows are taken from each of its strata in turn, within a stratum in the order of
    their hashes, so that what is rare in it stays.

    Args:
        groups: The group of each row, shape (n,).
        share: The largest share of a group, above 0, at most 1.
        hashes: One a row.
        strata: The stratum of each row.
        option: How users call the share, for the error.

    Returns:
        Which rows stay.

    Raises:
        UserError: There are so few groups that one must have a larger share.
    """
    keep = np.ones(len(groups), dtype=np.bool_)
    if not len(groups):
        return keep
    _, group, count = np.unique(groups, return_inverse=True, return_counts=True)
    most = _largest(count, share)
    if most == 0:
        raise UserError(
            f"{option} {share:g}: there are only {len(count)} kinds to share among, too few or too rare for it. "
            f"Give at least {1 / len(count):.3g}."
        )
    turn = place_in_group(hashes, group, strata)
    order = np.lexsort((hashes, turn, group))
    place = np.arange(len(order)) - np.searchsorted(group[order], group[order])
    keep[order[place >= most]] = False
    return keep


def _largest(count: Integers, share: float) -> int:
    """The largest number t so that groups cut to t rows each hold at most `share` of all that is left; 0: none."""
    low, high = 0, int(count.max())
    while low < high:
        middle = (low + high + 1) // 2
        if middle <= share * np.minimum(count, middle).sum() + 1e-9:  # holds up to a number, then no more
            low = middle
        else:
            high = middle - 1
    return low
