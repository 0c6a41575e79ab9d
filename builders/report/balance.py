"""Whether a sentence alone tells its side: 2x2 groups, and on how many sides sentences and claims stand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from naturel.annotations.joins import Integers, codes_of
from naturel.builders.choice import hash_texts
from naturel.builders.report.tables import NEGATIVE_PLACES, POSITIVE_PLACES, Coded, Release, encode, ranked

SLOTS = 3
"""Complex pairs of a record."""
GROUP_IDS = "group_ids"
CLAIM_BINS = ("0 %", "up to 20 %", "20–40 %", "40–60 %", "60–80 %", "80 % or more", "100 %")
"""Shares of a claim's captions that are positives."""
USE_BINS = (0, 1, 2, 3, 5, 9, 17, 33, 65)
"""The least use of each bin."""
TOP_CLAIMS = 10


@dataclass(frozen=True)
class Groups:
    """2x2 groups: two pictures and two sentences, each true of one picture and false of the other."""

    complete: int
    """Groups whose two records are there, with the same two sentences on opposite sides."""
    pairs: int
    """Complex pairs in complete groups."""
    incomplete: int
    """Pairs that name a group whose other half is not there."""
    full_records: int
    """Records with all complex pairs in complete groups."""
    by_kind: dict[str, int]
    """Complex pairs in complete groups, by the kind of the negative."""
    example: tuple[int, int, int] | None
    """Two records, and the place of the pair in the first; None where no group has two pictures."""


@dataclass(frozen=True)
class Uses:
    """Sentences by how often they are positives (rows) and negatives (columns)."""

    bins: list[str]
    cells: list[list[int]]
    most: int


@dataclass(frozen=True)
class Side:
    """Sentences that stand on one side, or on both."""

    name: str
    tone: str
    sentences: int
    uses: int


@dataclass(frozen=True)
class Balance:
    """Whether a sentence alone tells its side."""

    pairs: int
    """Complex pairs."""
    groups: Groups | None
    """None: the release was written before groups had ids."""
    sentences: int
    both: int
    """Sentences that are positives of some records and negatives of others."""
    even: int
    """Sentences that are positives as often as negatives, or once more or less."""
    sides: list[Side]
    uses: Uses
    by_kind: list[tuple[str, int, int]]
    """Kind, complex negatives, those whose sentence is a positive elsewhere."""
    claims: int
    claims_both: int
    bins: list[tuple[str, int, int, int]]
    """Share of positives, claims, positive captions, negative captions."""
    top: list[tuple[str, int, int]]
    """The most used claims: positives and negatives."""
    guess: float
    """Right answers of a reader who knows how often each sentence is a positive, and sees no picture."""


def read_balance(release: Release, kinds: Coded) -> Balance:
    """Count a release's balance.

    Args:
        release: The release.
        kinds: Of each negative, four a record.
    """
    return _Counter(release, kinds).balance()


class _Counter:
    def __init__(self, release: Release, kinds: Coded) -> None:
        self.release = release
        self.names = kinds.values.to_pylist()
        self.kinds = kinds.codes.reshape(release.count, -1)[:, 1:].ravel()
        self.sentences = release.sentences

    def balance(self) -> Balance:
        sentences, claims = self.sentences, self._claims
        elsewhere = sentences.positive[sentences.complex_negative.ravel()] > 0
        shared = dict(zip(self.names, self._by_kind(elsewhere).tolist(), strict=True))
        order = ranked(self.names, self._by_kind(np.ones(len(self.kinds), dtype=np.bool_)))
        positive, negative = (
            np.bincount(codes.ravel(), minlength=len(sentences.texts))
            for codes in (sentences.complex_positive, sentences.complex_negative)
        )
        sides = _sides(sentences.positive, sentences.negative)
        return Balance(
            pairs=sentences.complex_positive.size,
            groups=self._groups() if release_has_groups(self.release) else None,
            sentences=sum(side.sentences for side in sides),
            both=sides[0].sentences,
            even=int((np.abs(sentences.positive - sentences.negative) <= 1).sum()),
            sides=sides,
            uses=_uses(sentences.positive, sentences.negative),
            by_kind=[(name, total, shared[name]) for name, total in order],
            claims=int((claims.sum(axis=1) > 0).sum()),
            claims_both=int((claims > 0).all(axis=1).sum()),
            bins=_claim_bins(claims),
            top=self._top_claims(claims),
            guess=float(np.maximum(positive, negative).sum()) / float((positive + negative).sum()),
        )

    def _by_kind(self, chosen: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Integers:
        """Complex negatives among those chosen, by kind."""
        return np.bincount(self.kinds[chosen & (self.kinds >= 0)], minlength=len(self.names))

    @cached_property
    def _claims(self) -> Integers:
        """Positive and negative captions of each claim, shape (claims, 2)."""
        table = self.release.claims
        claim = codes_of(self.release.captions["claim_id"], table["claim_id"].combine_chunks())
        used = claim[self.release.caption_rows]
        sides = [used[:, places].ravel() for places in (POSITIVE_PLACES, NEGATIVE_PLACES)]
        return np.stack([np.bincount(side[side >= 0], minlength=table.num_rows) for side in sides], axis=1)

    def _top_claims(self, claims: Integers) -> list[tuple[str, int, int]]:
        total = claims.sum(axis=1)
        ids = np.array(self.release.claims["claim_id"].to_pylist())
        rows = np.lexsort((ids, -total))[:TOP_CLAIMS]
        rows = rows[total[rows] > 0]
        names = self.release.claim_names(rows)
        return [(name, *claims[row].tolist()) for name, row in zip(names, rows.tolist(), strict=True)]

    def _groups(self) -> Groups:
        named = encode(self.release.lists(GROUP_IDS))
        first, second = _complete(
            named.codes, self.sentences.complex_positive.ravel(), self.sentences.complex_negative.ravel()
        )
        grouped = np.zeros(len(named.codes), dtype=np.bool_)
        grouped[first] = grouped[second] = True
        counts = self._by_kind(grouped).tolist()
        return Groups(
            complete=len(first),
            pairs=2 * len(first),
            incomplete=int((named.codes >= 0).sum()) - 2 * len(first),
            full_records=int(grouped.reshape(-1, SLOTS).all(axis=1).sum()),
            by_kind=dict(zip(self.names, counts, strict=True)),
            example=self._example(named, first, second),
        )

    def _example(self, named: Coded, first: Integers, second: Integers) -> tuple[int, int, int] | None:
        """A group of two pictures, chosen by a hash of its id."""
        pictures = self.release.coded("image_id").codes
        apart = np.flatnonzero(pictures[first // SLOTS] != pictures[second // SLOTS])
        if not len(apart):
            return None
        hashes = hash_texts(named.values.take(named.codes[first[apart]]).to_pylist())
        chosen = apart[np.argmin(hashes)]
        a, b = int(first[chosen]), int(second[chosen])
        return a // SLOTS, b // SLOTS, a % SLOTS


def release_has_groups(release: Release) -> bool:
    """Whether a release says which pairs are in groups."""
    return GROUP_IDS in release.names


def _complete(group: Integers, positive: Integers, negative: Integers) -> tuple[Integers, Integers]:
    """The two pairs of each complete group; a pair is a place in the arrays."""
    size = int(group.max(initial=-1)) + 1
    twice = np.bincount(group[group >= 0], minlength=size) == 2
    places = np.flatnonzero(group >= 0)
    places = places[twice[group[places]]]
    first, second = places[np.argsort(group[places], kind="stable")].reshape(-1, 2).T
    crossed = (positive[first] == negative[second]) & (negative[first] == positive[second])
    crossed &= (first // SLOTS != second // SLOTS) & (positive[first] != negative[first])
    return first[crossed], second[crossed]


def _sides(positive: Integers, negative: Integers) -> list[Side]:
    used = positive + negative
    parts = (
        ("on both sides", "main", (positive > 0) & (negative > 0)),
        ("only positive", "positive", (positive > 0) & (negative == 0)),
        ("only negative", "negative", (positive == 0) & (negative > 0)),
    )
    return [Side(name, tone, int(held.sum()), int(used[held].sum())) for name, tone, held in parts]


def _uses(positive: Integers, negative: Integers) -> Uses:
    edges = np.array(USE_BINS)
    rows, columns = (np.searchsorted(edges, side, side="right") - 1 for side in (positive, negative))
    size = int(max(rows.max(initial=0), columns.max(initial=0))) + 1
    cells = np.zeros((size, size), dtype=np.int64)
    np.add.at(cells, (rows, columns), 1)
    names = [
        f"{low}+" if at + 1 == len(USE_BINS) else str(low) if USE_BINS[at + 1] == low + 1
        else f"{low}–{USE_BINS[at + 1] - 1}"
        for at, low in enumerate(USE_BINS[:size])
    ]  # fmt: skip
    return Uses(names, cells.tolist(), int(cells.max(initial=1)))


def _claim_bins(claims: Integers) -> list[tuple[str, int, int, int]]:
    """Claims in use, by the share of positives among their captions."""
    used = claims[claims.sum(axis=1) > 0]
    share = used[:, 0] / used.sum(axis=1)
    inner = 1 + np.minimum((share * 5).astype(np.int64), 4)
    place = np.where(share == 0, 0, np.where(share == 1, len(CLAIM_BINS) - 1, inner))
    return [
        (name, int((place == number).sum()), *used[place == number].sum(axis=0).tolist())
        for number, name in enumerate(CLAIM_BINS)
    ]
