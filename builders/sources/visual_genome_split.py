"""Splits of Visual Genome, which has none of its own: by a hash of the photo, 80 : 10 : 10."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from naturel.annotations.joins import Integers
from naturel.builders.choice import mix
from naturel.builders.settings import Split

SHARES = {Split.TRAIN: (0.0, 0.8), Split.VALIDATION: (0.8, 0.9), Split.TEST: (0.9, 1.0)}
"""Where in [0, 1) the hashes of each split lie."""
_COCO, _OWN = np.array([1], np.uint64), np.array([2], np.uint64)


def in_split(split: Split, ids: Integers, coco: Integers) -> npt.NDArray[np.bool_]:
    """Which pictures belong to a split.

    A photo of COCO is placed by its COCO id, since several pictures may be the same photo.

    Args:
        split: The split.
        ids: Visual Genome's picture ids, shape (n,).
        coco: Their COCO ids, -1 where there is none.
    """
    by_photo, by_picture = mix(_COCO, coco.astype(np.uint64)), mix(_OWN, ids.astype(np.uint64))
    place = (np.where(coco >= 0, by_photo, by_picture) >> np.uint64(11)) / 2.0**53
    low, high = SHARES[split]
    chosen: npt.NDArray[np.bool_] = (place >= low) & (place < high)
    return chosen
