"""Which claims a record denies, and in which sentences.

Complex negatives come from 2x2 groups first (`groups.py`). What these leave open is filled with claims that are
positives elsewhere, then with others, of different kinds in turn. The simple negative is the swap where it is proved
false, else what comes first; in a record of a group it is the group's, so that this pair is balanced as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations.joins import Integers, codes_of
from naturel.annotations.truth import Flags
from naturel.builders.candidates import KINDS, SWAP
from naturel.builders.choice import Hashes, mix, place_in_group
from naturel.builders.groups import SLOTS, Denials, Groups, facing, form_groups
from naturel.builders.sentences import COMPLEX, Sentences, Wording, is_whole, word_groups, word_rest
from naturel.builders.settings import Balance

CHUNK = 50_000
"""Records whose sentences are chosen at a time."""


@dataclass(frozen=True)
class Choice:
    """The captions of each record, as row numbers into the caption table."""

    records: Integers  # rows of the positives table, shape (n,)
    simple: Integers  # shape (n, 2): positive, negative
    complex_positive: Integers  # shape (n, 3)
    complex_negative: Integers  # shape (n, 3)
    negatives: Integers  # shape (n, 4): candidate rows of the simple negative and the three complex ones
    partner: (
        Integers  # shape (n, 3): the other record of each pair's group, as a place in `records`; -1: none
    )
    alone: int  # records left out because no group could be formed


class Chooser:
    """Records to be, each with what could be denied of it."""

    def __init__(
        self,
        proved: pa.Table,
        false: pa.Table,
        owner: Integers,
        hashes: Hashes,
        sentences: Sentences,
        counterpart: pa.Array,
    ) -> None:
        """Takes the positives, what is false in their pictures (each claim once a record), and whose it is.

        `counterpart` is the counterpart of each positive's picture.
        """
        self.sentences, self.hashes = sentences, hashes
        images = pc.unique(proved["image_id"])
        self.image, self.counterpart = codes_of(proved["image_id"], images), codes_of(counterpart, images)
        self.positive = codes_of(proved["claim_id"], sentences.claims)
        self.denials = Denials(
            owner,
            codes_of(false["claim_id"], sentences.claims),
            codes_of(false["kind"], pa.array(KINDS)),
        )
        self.shuffled = mix(hashes[owner], sentences.claim_hash[self.denials.claim])
        # A claim that is a positive of other pictures cannot be told from the text alone.
        self.stated = np.zeros(len(sentences.claims), dtype=np.bool_)
        self.stated[self.positive[self.positive >= 0]] = True
        rank = np.asarray(false["rank"].to_numpy(), dtype=np.int64)
        is_swap = self.denials.kind == KINDS.index(SWAP)
        order = np.lexsort((self.shuffled, rank, ~is_swap, owner))
        self.simple = _first_by_group(owner, order, len(hashes), 1)[:, 0]
        self.able = sentences.usable(proved["claim_id"], COMPLEX) & (self.simple >= 0)
        self.groups = Groups.none(len(hashes))
        self.denied = np.full((len(hashes), COMPLEX), -1, dtype=np.int64)
        self.wording = Wording.empty(len(hashes))

    def choose(self, balance: Balance, seed: int) -> Choice:
        """Choose claims and sentences for every record that can have them."""
        if balance is not Balance.OFF:
            self._form_groups(seed, strict=balance is Balance.STRICT)
        if balance is Balance.STRICT:
            records, alone = self._all_in_groups()
        else:
            records, alone = self._fill_up(prefer=balance is Balance.PREFER), 0
        simple, ours, theirs = self._captions(records)
        place = np.full(len(self.hashes) + 1, -1, dtype=np.int64)
        place[records] = np.arange(len(records))
        return Choice(
            records=records,
            simple=simple,
            complex_positive=ours,
            complex_negative=theirs,
            negatives=np.hstack([self._simple_denial(records)[:, None], self.denied[records]]),
            partner=place[self.groups.partner[records]],
            alone=alone,
        )

    def _form_groups(self, seed: int, *, strict: bool) -> None:
        denials, claim_hash = self.denials, self.sentences.claim_hash
        stateable = np.zeros(len(claim_hash), dtype=np.bool_)
        stateable[self.positive[self.able]] = True
        rows = np.flatnonzero(self.able[denials.owner] & stateable[denials.claim])
        if not len(rows):
            return
        wanted = Denials(denials.owner[rows], denials.claim[rows], denials.kind[rows])
        mates = facing(wanted, self.positive, self.image, self.counterpart)
        self.groups = form_groups(wanted, self.positive, self.hashes, claim_hash, seed, mates, strict=strict)
        denial = self.groups.denial
        denial[denial >= 0] = rows[denial[denial >= 0]]
        self.denied[:] = denial
        claims = np.where(denial >= 0, denials.claim[denial], -1)
        for slot in range(SLOTS):
            a, b = self.groups.pairs(slot, claim_hash[self.positive] < claim_hash[claims[:, slot]])
            for start in range(0, len(a), CHUNK):
                part = (a[start : start + CHUNK], b[start : start + CHUNK])
                word_groups(self.wording, slot, part, self.positive, claims, self.hashes, self.sentences)

    def _all_in_groups(self) -> tuple[Integers, int]:
        """The records whose pairs are all in groups, and how many have sentences but no such groups."""
        kept = np.asarray((self.groups.partner >= 0).all(axis=1))
        records = np.flatnonzero(kept)
        unsaid = records[~self._whole(records)]
        kept[unsaid] = False
        while True:
            torn = np.flatnonzero(kept & ~kept[self.groups.partner].all(axis=1))
            if not len(torn):
                break
            kept[torn] = False
        return np.flatnonzero(kept), int(self.able.sum()) - len(unsaid) - int(kept.sum())

    def _fill_up(self, *, prefer: bool) -> Integers:
        """Fill what groups leave open, and give the records that become whole.

        A record that finds no three sentences so leaves its groups, and at last denies whatever it can: no record
        is lost because negatives were preferred.
        """
        plain = np.full(len(self.hashes), not prefer)
        partner = self.groups.partner
        whole = np.zeros(len(plain), dtype=np.bool_)
        todo = np.flatnonzero(self.able)
        while len(todo):
            self._fill(todo, plain)
            whole[todo] = self._whole(todo)
            failed = todo[~whole[todo] & ~plain[todo]]
            plain[failed[(partner[failed] < 0).all(axis=1)]] = True
            todo = np.unique(np.append(failed, partner[failed]))
            todo = todo[todo >= 0]
            for slot in range(SLOTS):
                self.groups.dissolve(failed[partner[failed, slot] >= 0], slot)
        return np.flatnonzero(whole)

    def _fill(self, records: Integers, plain: Flags) -> None:
        """Choose claims and sentences for the open slots of some records."""
        wanted = np.zeros(len(plain), dtype=np.bool_)
        wanted[records] = True
        rows = np.flatnonzero(wanted[self.denials.owner])
        owner, claim, kind = self.denials.owner[rows], self.denials.claim[rows], self.denials.kind[rows]
        taken = self.groups.denial[owner]
        had_claim, had_kind = (
            (np.where(taken >= 0, all_[taken], -1) == values[:, None]).any(axis=1)
            for all_, values in ((self.denials.claim, claim), (self.denials.kind, kind))
        )
        strange = ~self.stated[claim] & ~plain[owner]
        # The first of each kind come before the second of any; a kind that a group has is one behind.
        turn = place_in_group(self.shuffled[rows], kind, strange, had_claim, owner) + had_kind
        order = np.lexsort((self.shuffled[rows], turn, strange, had_claim, owner))
        first = _first_by_group(owner, order, len(plain), COMPLEX)[records]
        is_open = self.groups.partner[records] < 0
        count = (first >= 0).sum(axis=1, keepdims=True)
        picked = rows[np.take_along_axis(first, (np.cumsum(is_open, axis=1) - 1) % count, axis=1)]
        self.denied[records] = np.where(is_open, picked, self.groups.denial[records])
        for side in (self.wording.ours, self.wording.theirs):
            side[records] = np.where(is_open, -1, side[records])
        claims = self.denials.claim[self.denied]
        for start in range(0, len(records), CHUNK):
            part = records[start : start + CHUNK]
            word_rest(self.wording, part, self.positive, claims, self.hashes, self.sentences)

    def _simple_denial(self, records: Integers) -> Integers:
        """What the simple negative of each record denies."""
        grouped = self.groups.denial[records, 0]
        return np.where(grouped >= 0, grouped, self.simple[records])

    def _captions(self, records: Integers) -> tuple[Integers, Integers, Integers]:
        """Rows of the simple captions (positive, negative), and of the complex ones of either side."""
        sentences, positive = self.sentences, self.positive[records]
        denied, simple = (
            self.denials.claim[self.denied[records]],
            self.denials.claim[self._simple_denial(records)],
        )
        return (
            np.stack([sentences.simple[positive], sentences.simple[simple]], axis=1),
            sentences.rows(positive[:, None], self.wording.ours[records]),
            sentences.rows(denied, self.wording.theirs[records]),
        )

    def _whole(self, records: Integers) -> Flags:
        simple, ours, theirs = self._captions(records)
        return is_whole(
            np.hstack([simple[:, :1], ours]), np.hstack([simple[:, 1:], theirs]), self.sentences.text
        )


def _first_by_group(groups: Integers, order: Integers, count: int, width: int) -> Integers:
    """The first `width` rows of each group in the given order (grouped), shape (count, width), -1 where fewer."""
    sorted_groups = groups[order]
    start = np.searchsorted(sorted_groups, np.arange(count))
    place = np.arange(len(order)) - start[sorted_groups]
    out = np.full((count, width), -1, dtype=np.int64)
    keep = place < width
    out[sorted_groups[keep], place[keep]] = order[keep]
    return out
