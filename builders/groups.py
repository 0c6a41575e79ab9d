"""2x2 groups: two pictures and two claims, each claim true of one picture and proved false in the other.

Record A (claim p is true in its picture) and record B (claim q) can form a group where q is proved false in A's
picture and p in B's. Each takes the other's claim for a negative, so that a sentence of p and one of q stand once
on either side, and nothing but the pictures tells which is which.

Groups are formed in rounds, one for each complex pair of a record. First come counterparts: pictures that show the
same in two arrangements. Then a round goes over the pairs of claims, scarce ones first, and couples the records of
either claim in the order of their hashes, as many as both sides have.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from naturel.annotations.joins import Integers, Lookup, distinct
from naturel.annotations.truth import Flags
from naturel.builders.choice import Hashes, mix, seeded

SLOTS = 3
"""Rounds: the complex pairs of a record."""
ATTEMPTS = 8
"""Attempts to let first-round groups exchange partners, each with those that found one in the attempt before."""


@dataclass(frozen=True)
class Denials:
    """What could be denied of which record, row by row; a record has a claim once at most."""

    owner: Integers
    """The record."""
    claim: Integers
    """The number of the claim that is false there."""
    kind: Integers
    """The number of its kind."""


@dataclass(frozen=True)
class Groups:
    """The groups of each record, by slot, shape (n, 3); -1 where there is none."""

    partner: Integers
    """The other record."""
    denial: Integers
    """The row of `Denials` that this record denies there."""

    @classmethod
    def none(cls, count: int) -> Groups:
        """No group for so many records."""
        return cls(*(np.full((count, SLOTS), -1, dtype=np.int64) for _ in range(2)))

    def dissolve(self, records: Integers, slot: int) -> None:
        """Undo the groups that these records are in."""
        gone = np.append(records, self.partner[records, slot])
        gone = gone[gone >= 0]
        self.partner[gone, slot] = -1
        self.denial[gone, slot] = -1

    def pairs(self, slot: int, first: Flags) -> tuple[Integers, Integers]:
        """The two records of each group of a slot, once; `first` says of each record whether it comes first.

        `first` differs between the two of a group.
        """
        a = np.flatnonzero((self.partner[:, slot] >= 0) & first)
        return a, self.partner[a, slot]


def facing(denials: Denials, positive: Integers, image: Integers, counterpart: Integers) -> Integers:
    """For each denial, the one of the counterpart picture that it would form a group with, -1 where there is none.

    Args:
        denials: What could be denied of which record.
        positive: The claim that is true of each record.
        image: The picture of each record.
        counterpart: The counterpart of each record's picture, -1 where it has none.
    """
    claims = int(max(positive.max(initial=0), denials.claim.max(initial=0))) + 1
    records = Lookup(image * claims + positive)
    rows = np.flatnonzero((counterpart >= 0)[denials.owner])
    at, other = records.matches(counterpart[denials.owner[rows]] * claims + denials.claim[rows])
    rows = rows[at]
    answers = Lookup(denials.owner * claims + denials.claim)
    at, answer = answers.matches(other * claims + positive[denials.owner[rows]])
    found = np.full(len(denials.owner), -1, dtype=np.int64)
    found[rows[at]] = answer
    return found


def form_groups(
    denials: Denials,
    positive: Integers,
    hashes: Hashes,
    claim_hash: Hashes,
    seed: int,
    counterparts: Integers,
    *,
    strict: bool,
) -> Groups:
    """Couple records.

    Args:
        denials: What could be denied of which record.
        positive: The claim that is true of each record.
        hashes: One a record.
        claim_hash: One a claim.
        seed: The build's seed.
        counterparts: What `facing` gives: these groups are formed first.
        strict: Whether a record has three groups or none.

    Returns:
        Groups, each of two records. In rounds after the first, records rather take kinds and claims that they do not
        have yet; two that find nobody new stay together.
    """
    matcher = _Matcher(denials, positive, hashes, claim_hash, seed, counterparts)
    groups = matcher.groups
    everything = np.ones(len(denials.owner), dtype=np.bool_)
    matcher.couple_counterparts(0, everything)
    matcher.couple(0, everything)
    for slot in range(1, SLOTS):
        if strict:
            _exchange(matcher, slot)
        else:
            matcher.couple_anew(slot, everything)
        _stay_together(groups, slot)
        if not strict:
            matcher.couple(slot, everything)
    return groups


def _exchange(matcher: _Matcher, slot: int) -> None:
    """Couple records anew so that of every first-round group both find somebody, or neither."""
    groups = matcher.groups
    first = groups.partner[:, 0]
    taking_part = first >= 0
    for _ in range(ATTEMPTS):
        groups.dissolve(np.flatnonzero(groups.partner[:, slot] >= 0), slot)
        matcher.couple_anew(slot, taking_part[matcher.denials.owner])
        alone = taking_part & (groups.partner[:, slot] < 0)
        taking_part &= ~alone & ~alone[first]
    while True:
        coupled = groups.partner[:, slot] >= 0
        torn = np.flatnonzero(coupled & ~coupled[first])
        if not len(torn):
            return
        groups.dissolve(torn, slot)


def _stay_together(groups: Groups, slot: int) -> None:
    """Let two of a first-round group who are both alone in this slot have each other again."""
    first, partner = groups.partner[:, 0], groups.partner[:, slot]
    alone = np.flatnonzero((first >= 0) & (partner < 0))
    alone = alone[partner[first[alone]] < 0]
    partner[alone] = first[alone]
    groups.denial[alone, slot] = groups.denial[alone, 0]


class _Matcher:
    """Denials that have a counterpart, by pair of claims and side."""

    def __init__(
        self,
        denials: Denials,
        positive: Integers,
        hashes: Hashes,
        claim_hash: Hashes,
        seed: int,
        counterparts: Integers,
    ) -> None:
        self.denials, self.hashes, self.counterparts = denials, hashes, counterparts
        self.groups = Groups.none(len(positive))
        self.records = np.bincount(positive[positive >= 0], minlength=len(claim_hash))
        own, claim = positive[denials.owner], denials.claim
        side = (claim_hash[own] > claim_hash[claim]).astype(np.int64)
        low, high = np.where(side, claim, own), np.where(side, own, claim)
        found = low * len(claim_hash) + high
        (self.pairs,) = distinct(found)
        self.bucket = 2 * np.searchsorted(self.pairs, found) + side
        names = np.divmod(self.pairs, len(claim_hash))
        self.pair_hash = mix(seeded(seed), *(claim_hash[name] for name in names))

    def _news(self) -> tuple[Flags, Flags]:
        """Of each denial: whether its record has no group with this claim yet, and none of this kind."""
        owner, taken = self.denials.owner, self.groups.denial
        answers = []
        for values in (self.denials.claim, self.denials.kind):
            had = np.where(taken >= 0, values[taken], -1)
            answers.append((had[owner] != values[:, None]).all(axis=1))
        return answers[0], answers[1]

    def couple_anew(self, slot: int, allowed: Flags) -> None:
        """Form groups as `couple` does, with claims that neither record has yet, of new kinds first."""
        new_claim, new_kind = self._news()
        self.couple_counterparts(slot, allowed & new_claim)
        self.couple(slot, allowed & new_claim & new_kind)
        self.couple(slot, allowed & new_claim)

    def couple_counterparts(self, slot: int, allowed: Flags) -> None:
        """Form groups of counterpart pictures, where both records' denials are allowed and both are still alone.

        A record that could have several takes them in the order of their hashes: each round, those whose first choice
        is mutual are coupled.
        """
        owner, partner, denial = self.denials.owner, self.groups.partner[:, slot], self.groups.denial[:, slot]
        rows = np.flatnonzero(allowed & (self.counterparts >= 0))
        rows = rows[allowed[self.counterparts[rows]]]
        low = np.minimum(rows, self.counterparts[rows]).astype(np.uint64)
        chance = mix(seeded(slot), low)
        while len(rows):
            facing = self.counterparts[rows]
            alone = (partner[owner[rows]] < 0) & (partner[owner[facing]] < 0)
            rows, chance = rows[alone], chance[alone]
            order = np.lexsort((rows, chance, owner[rows]))
            first = order[np.append(True, np.diff(owner[rows[order]]) != 0)[: len(order)]]
            chosen = rows[first]
            mutual = chosen[np.isin(self.counterparts[chosen], chosen)]
            partner[owner[mutual]] = owner[self.counterparts[mutual]]
            denial[owner[mutual]] = mutual

    def couple(self, slot: int, allowed: Flags) -> None:
        """Form the groups that allowed denials of records without one in this slot can form."""
        owner, partner, denial = self.denials.owner, self.groups.partner[:, slot], self.groups.denial[:, slot]
        rows = np.flatnonzero(allowed & (partner[owner] < 0))
        rows = rows[np.lexsort((mix(seeded(slot), self.hashes[owner[rows]]), self.bucket[rows]))]
        starts = np.searchsorted(self.bucket[rows], np.arange(2 * len(self.pairs) + 1))
        sizes = np.diff(starts).reshape(-1, 2)
        for pair in self._scarcest_first(sizes).tolist():
            sides = [rows[starts[bucket] : starts[bucket + 1]] for bucket in (2 * pair, 2 * pair + 1)]
            left, right = (side[partner[owner[side]] < 0] for side in sides)
            count = min(len(left), len(right))
            left, right = left[:count], right[:count]
            partner[owner[left]], partner[owner[right]] = owner[right], owner[left]
            denial[owner[left]], denial[owner[right]] = left, right

    def _scarcest_first(self, sizes: Integers) -> Integers:
        """The pairs that groups can be formed of, in order; `sizes` has the records of either side.

        Scarce is a pair whose claims have few records to be coupled with for each of their own.
        """
        pairs = np.flatnonzero(sizes.min(axis=1) > 0)
        claims = np.stack(np.divmod(self.pairs[pairs], len(self.records)), axis=1)
        supply = np.zeros(len(self.records), dtype=np.int64)
        np.add.at(supply, claims, sizes[pairs, ::-1])
        plenty = (supply[claims] / self.records[claims]).sum(axis=1)
        return pairs[np.lexsort((self.pair_hash[pairs], sizes[pairs].min(axis=1), plenty))]
