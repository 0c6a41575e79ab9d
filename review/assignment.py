"""Who judges what: every key goes to one annotator, a share of them to two."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from naturel.builders.choice import hash_text, hash_texts, mix, seeded


def assign(
    keys: Collection[str], annotators: Collection[str], overlap: float, seed: int
) -> dict[str, list[str]]:
    """Share keys out among annotators.

    Each choice is a hash, so that a key stays where it is when other keys come and go; a further annotator takes keys
    over from all others alike, and moves nothing else.

    Args:
        keys: What is to be judged.
        annotators: Names, each once.
        overlap: The share of keys that two annotators get, to measure their agreement; in [0, 1].
        seed: Other seeds give other shares.

    Returns:
        Annotator -> keys, in the order of `keys`.

    Raises:
        ValueError: There is nobody, or `overlap` is not in [0, 1].
    """
    if not annotators:
        raise ValueError("there is no annotator to assign anything to")
    if not 0 <= overlap <= 1:
        raise ValueError(f"overlap {overlap} is not between 0 and 1")
    names, listed = sorted(set(annotators)), list(keys)
    hashed = hash_texts(listed)
    # Each annotator bids for each key; the highest bid wins it (rendezvous hashing).
    bids = mix(seeded(seed), hashed[:, None], hash_texts(names)[None, :])
    order = np.argsort(bids, axis=1)[:, ::-1]
    chance = mix(seeded(seed), hashed, np.array([hash_text("overlap")], dtype=np.uint64))
    twice = (chance >> np.uint64(11)) / float(1 << 53) < overlap
    mine = order[:, :1] == np.arange(len(names))
    if len(names) > 1:
        mine |= (order[:, 1:2] == np.arange(len(names))) & twice[:, None]
    return {name: [listed[row] for row in np.flatnonzero(mine[:, at])] for at, name in enumerate(names)}
