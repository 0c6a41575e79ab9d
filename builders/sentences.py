"""Which sentence says a claim: never one twice in a record, and a pair's two built alike where both can be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations.joins import Integers, codes_of
from naturel.annotations.truth import Flags
from naturel.builders.choice import Hashes, hash_texts, mix

COMPLEX = 3
"""Complex captions a side."""


class Sentences:
    """Captions by claim and construction: rows of the caption table, -1 where there is none."""

    def __init__(self, captions: pa.Table) -> None:
        """Takes `schema.CAPTIONS`."""
        self.claims = pc.unique(captions["claim_id"])
        claim = codes_of(captions["claim_id"], self.claims)
        simple = codes_of(captions["style"], pa.array(["simple"])) == 0
        # A construction of one writer and prompt is not that of another: a pair has both sentences from one hand.
        manner = pc.binary_join_element_wise(
            captions["construction"], captions["writer"], pc.fill_null(captions["prompt_id"], ""), "\t"
        )
        names = pc.unique(manner.filter(pa.array(~simple)))
        construction = codes_of(manner, names)
        self.text = codes_of(captions["text"], pc.unique(captions["text"]))
        self.claim_hash = hash_texts(self.claims.to_pylist())
        self.construction_hash = hash_texts(names.to_pylist())
        # Of several captions with one claim and construction, the one with the least id.
        rows = np.argsort(captions["caption_id"].to_numpy())[::-1]
        simple_rows, complex_rows = rows[simple[rows]], rows[~simple[rows]]
        self.simple = np.full(len(self.claims), -1, dtype=np.int64)
        self.simple[claim[simple_rows]] = simple_rows
        self.complex = np.full((len(self.claims), len(names)), -1, dtype=np.int64)
        self.complex[claim[complex_rows], construction[complex_rows]] = complex_rows

    def usable(self, claims: pa.ChunkedArray, least: int = 1) -> Flags:
        """Whether each claim has a simple caption and so many complex ones."""
        usable = (self.simple >= 0) & ((self.complex >= 0).sum(axis=1) >= least)
        return np.append(usable, False)[codes_of(claims, self.claims)]  # -1: a claim without any caption

    def rows(self, claims: Integers, constructions: Integers) -> Integers:
        """The caption of each claim in each construction, -1 where the construction is -1."""
        return np.where(constructions >= 0, self.complex[claims, constructions], -1)

    def texts(self, claims: Integers, constructions: Integers) -> Integers:
        """The number of each such caption's text, -1 where there is none."""
        return np.append(self.text, -1)[self.rows(claims, constructions)]

    def preference(self, hashes: Hashes) -> npt.NDArray[np.float64]:
        """A number in [0, 1) for each record (or group) and construction: which it likes best."""
        mixed = mix(hashes[:, None], self.construction_hash[None, :])
        return (mixed >> np.uint64(12)).astype(np.float64) / 2.0**52


@dataclass
class Wording:
    """The constructions of each record's complex captions, -1 where none is chosen yet, shape (n, 3) each."""

    ours: Integers
    theirs: Integers

    @classmethod
    def empty(cls, count: int) -> Wording:
        """For so many records."""
        return cls(*(np.full((count, COMPLEX), -1, dtype=np.int64) for _ in range(2)))


def _among(used: Integers, width: int) -> Flags:
    """Which of `width` constructions stand in each row of `used`, shape (n, width)."""
    found: Flags = (used[:, :, None] == np.arange(width)).any(axis=1)
    return found


def _rather_new(free: Flags, claim: Integers, used: list[Integers], sentences: Sentences) -> Flags:
    """The free constructions whose texts are not among the `used` ones of their row; all of them where none is so.

    Two claims can have one text: where a cat has a dog to its left, the dog is to the left of the cat.
    """
    texts = sentences.texts(claim[:, None], np.arange(free.shape[1]))
    new = free.copy()
    for column in np.hstack(used).T:
        new &= texts != column[:, None]
    return np.where(new.any(axis=1, keepdims=True), new, free)


def word_groups(
    wording: Wording,
    slot: int,
    pairs: tuple[Integers, Integers],
    positive: Integers,
    denied: Integers,
    hashes: Hashes,
    sentences: Sentences,
) -> None:
    """Choose the two sentences of each group of a slot.

    Args:
        wording: What earlier slots chose; this slot is filled in.
        slot: 0, 1 or 2.
        pairs: The two records of each group. No record is in two.
        positive: The positive claim of each record.
        denied: The claims that each record denies, shape (n, 3), -1 where none is chosen yet.
        hashes: One a record.
        sentences: All captions.
    """
    a, b = pairs
    p, q = positive[a], positive[b]
    width = sentences.complex.shape[1]
    # A sentence of p is a positive of a and a negative of b.
    said_by = [_among(wording.ours[one], width) for one in (a, b)]
    denied_by = [_among(wording.theirs[one], width) for one in (b, a)]
    repeated = [
        _among(np.where(denied[one] == claim[:, None], wording.theirs[one], -1), width)
        for one, claim in ((b, p), (a, q))
    ]
    free_p, free_q = (
        (sentences.complex[claim] >= 0) & ~said & ~again
        for claim, said, again in zip((p, q), said_by, repeated, strict=True)
    )
    used = [
        sentences.texts(claims[one], said[one])
        for one in (a, b)
        for claims, said in ((positive[:, None], wording.ours), (denied, wording.theirs))
    ]
    free_p, free_q = (_rather_new(free, claim, used, sentences) for free, claim in ((free_p, p), (free_q, q)))
    liking = sentences.preference(mix(hashes[a], hashes[b]))
    fresh_p, fresh_q = (
        ~used for used in denied_by
    )  # a construction that the denying record has not yet denied in
    alike = free_p & free_q
    rows = np.arange(len(a))
    value = np.where(alike, 2 + (fresh_p & fresh_q), fresh_p) + liking
    first = np.argmax(np.where(free_p, value, -1), axis=1)
    second = np.where(alike[rows, first], first, np.argmax(np.where(free_q, fresh_q + liking, -1), axis=1))
    first = np.where(free_p[rows, first], first, -1)
    second = np.where(free_q[rows, second], second, -1)
    wording.ours[a, slot], wording.theirs[a, slot] = first, second
    wording.ours[b, slot], wording.theirs[b, slot] = second, first


def word_rest(
    wording: Wording,
    records: Integers,
    positive: Integers,
    denied: Integers,
    hashes: Hashes,
    sentences: Sentences,
) -> None:
    """Choose what groups left open, a pair's two sentences in the same construction wherever both have it.

    Args:
        wording: What groups chose; the open slots of `records` are filled in.
        records: The records to look at.
        positive: The positive claim of each record.
        denied: The three claims that each record denies.
        hashes: One a record.
        sentences: All captions.
    """
    width = sentences.complex.shape[1]
    ours, theirs = sentences.complex[positive[records]] >= 0, sentences.complex[denied[records]] >= 0
    waiting = wording.ours[records] < 0
    free_ours = ours & ~_among(wording.ours[records], width)
    free_theirs = ~_among(wording.theirs[records], width)
    liking = sentences.preference(hashes[records])
    for _ in range(COMPLEX):
        can = theirs & (free_theirs[:, None, :] & waiting[:, :, None])
        alike = can & free_ours[:, None, :]
        # First the slot with the fewest constructions of both, then of its own; what has none of both can wait.
        choices = alike.sum(axis=2)
        urgency = np.where(choices > 0, choices, width + 1) * (width + 1) + can.sum(axis=2)
        slot = np.argmin(np.where(waiting, urgency, (width + 2) * (width + 1)), axis=1)
        at = np.flatnonzero(waiting.any(axis=1))
        slot = slot[at]
        mine, here, shared = free_ours[at], can[at, slot], alike[at, slot]
        # Best is a construction of both; then one that the slots to come cannot use.
        value = COMPLEX - (can[at].sum(axis=1) - here) + liking[at]  # in (0, COMPLEX + 1)
        rows = np.arange(len(at))
        pick = np.argmax(np.where(mine, value + shared * 2 * COMPLEX, 0), axis=1)
        other = np.where(shared[rows, pick], pick, np.argmax(np.where(here, value, 0), axis=1))
        wording.ours[records[at], slot] = np.where(mine[rows, pick], pick, -1)
        wording.theirs[records[at], slot] = np.where(here[rows, other], other, -1)
        free_ours[at, pick] = False
        free_theirs[at, other] = False
        waiting[at, slot] = False


def is_whole(ours: Integers, theirs: Integers, text: Integers) -> Flags:
    """Whether each record has all its captions, no two complex ones of a side alike, and none on both sides.

    Args:
        ours: Rows of its positive captions, the simple one first, -1 where there is none, shape (n, 4).
        theirs: Rows of its negative captions.
        text: The number of each caption's text.
    """
    found = ((ours >= 0) & (theirs >= 0)).all(axis=1)
    ours, theirs = (np.append(text, -1)[side] for side in (ours, theirs))
    both = (ours[:, :, None] == theirs[:, None, :]).any(axis=(1, 2))
    for side in (ours[:, 1:], theirs[:, 1:]):
        both |= (np.diff(np.sort(side, axis=1), axis=1) == 0).any(axis=1)
    whole: Flags = found & ~both
    return whole
