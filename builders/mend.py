"""Records mended after decisions: as few of them change as can be, and no more of each than must.

Assembled anew, a dataset without one caption or one picture differs in many records: groups find other partners,
sentences move. So records are assembled as if nothing had been decided, and those that have what was decided against
are mended one by one: another caption of the same claim, else of another claim that is proved false there, else the
record is left out. In a group both records get the same new sentence; where that cannot be, the group is dissolved,
and its records keep what is right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations.joins import Integers
from naturel.annotations.truth import FALSE, TRUE, Flags
from naturel.builders.assemble import NOT_PROVED
from naturel.builders.candidates import POSITIVE
from naturel.builders.checks.captions import OK, REJECTED
from naturel.builders.choice import hash_text
from naturel.builders.groups import SLOTS

NO_OTHER = "record: review: no other caption or claim"
POSITIVES, NEGATIVES = 2, 5
"""Where the three complex captions of either side begin in `caption_ids`; before them stand the simple ones."""


@dataclass(frozen=True)
class Revised:
    """What decisions change in a build's tables."""

    captions: pa.Table
    """`schema.CAPTIONS`, after decisions."""
    edits: pa.Table
    """`caption_id`, and `edited_id`: the caption that people made of it."""
    candidates: pa.Table
    """`schema.CANDIDATES` of the pictures that were decided about, judged again."""
    gone: pa.Table
    """`image_id`, `positive_claim` and `reason` of what makes no record any more."""


def mend(
    chosen: pa.Table, candidates: pa.Table, revised: Revised, seed: int
) -> tuple[pa.Table, Counter[str]]:
    """Mend the records that decisions touch.

    Args:
        chosen: What `assemble` gives without decisions.
        candidates: `schema.CANDIDATES` without decisions.
        revised: What decisions change.
        seed: The build's seed.

    Returns:
        The records that are left, in the same order and with the same columns, and how many are left out and why.
    """
    reasons = dict(zip(_keys(revised.gone), revised.gone["reason"].to_pylist(), strict=True))
    keys = _keys(chosen)
    gone = np.array([key in reasons for key in keys], dtype=np.bool_)
    dropped = Counter(f"record: {reasons[key]}" for key, lost in zip(keys, gone, strict=True) if lost)
    lost_groups = _groups(chosen.filter(pa.array(gone))).drop_null().to_pylist()
    kept = chosen.filter(pa.array(~gone))
    rows = np.flatnonzero(_touched(kept, revised))
    records = [_Record.of(row) for row in kept.take(pa.array(rows)).to_pylist()]
    mender = _Mender(revised, set(pc.unique(chosen["positive_claim"]).to_pylist()), lost_groups, seed)
    mender.mend(records, candidates)
    dropped.update(record.lost for record in records if record.lost)
    return _put_back(kept, rows, records, mender), dropped


@dataclass
class _Record:
    """A record that is being mended."""

    image_id: str
    claim: str
    proof: str
    captions: list[str]
    """The eight ids."""
    claims: list[str]
    """The four that are denied, the simple negative's first; so `kinds` and `proofs`."""
    kinds: list[str]
    proofs: list[str]
    groups: list[str | None]
    bad: set[int] = field(default_factory=set)
    """Places in `captions` that need another one."""
    untrue: set[int] = field(default_factory=set)
    """Places in `claims` that need another one: those that are not false any more."""
    lost: str | None = None
    """Why it is left out."""

    @classmethod
    def of(cls, row: dict[str, Any]) -> _Record:
        """Takes a row of what `assemble` gives."""
        return cls(
            image_id=row["image_id"],
            claim=row["positive_claim"],
            proof=row["positive_proof"],
            captions=list(row["caption_ids"]),
            claims=list(row["negative_claim_ids"]),
            kinds=list(row["negative_kinds"]),
            proofs=list(row["negative_proofs"]),
            groups=list(row["group_ids"]),
        )

    def claim_at(self, place: int) -> str:
        """The claim that a caption states."""
        denied = _denied(place)
        return self.claim if denied is None else self.claims[denied]

    def opposite(self, place: int) -> int:
        """The place of the other caption of a pair."""
        return {0: 1, 1: 0}.get(place, place + SLOTS if place < NEGATIVES else place - SLOTS)


def _denied(place: int) -> int | None:
    """The place in `claims` of what a caption denies; None: it is a positive."""
    return 0 if place == 1 else place - NEGATIVES + 1 if place >= NEGATIVES else None


class _Mender:
    def __init__(self, revised: Revised, stated: set[str], dissolved: Iterable[str], seed: int) -> None:
        self.stated, self.seed = stated, seed
        self.dissolved = set(dissolved)
        """Ids of groups that are none any more."""
        self.edits = dict(
            zip(revised.edits["caption_id"].to_pylist(), revised.edits["edited_id"].to_pylist(), strict=True)
        )
        names = ["caption_id", "claim_id", "text", "style", "construction", "status"]
        rows = revised.captions.select(names).to_pylist()
        self.captions = {row["caption_id"]: row for row in rows}
        self.sayings: dict[tuple[str, str], list[str]] = {}
        for row in rows:
            if row["status"] == OK:
                self.sayings.setdefault((row["claim_id"], row["style"]), []).append(row["caption_id"])
        self.images = set(pc.unique(revised.candidates["image_id"]).to_pylist())
        self.judged = _by_record(revised.candidates)

    def mend(self, records: list[_Record], candidates: pa.Table) -> None:
        """Mend records, or note that they are lost."""
        for record in records:
            self._look(record)
        self._mend_groups(records)
        wanting = [record for record in records if record.bad and not record.lost]
        images = pa.array(sorted({record.image_id for record in wanting}), pa.string())
        options = _by_record(candidates.filter(pc.is_in(candidates["image_id"], value_set=images)))
        for record in wanting:
            key = (record.image_id, record.claim)
            self._mend_record(
                record, (self.judged if record.image_id in self.images else options).get(key, [])
            )
        for record in records:
            if record.lost:
                self.dissolved.update(group for group in record.groups if group)

    def _look(self, record: _Record) -> None:
        """Put edits in, and find what is bad."""
        for place, caption in enumerate(record.captions):
            record.captions[place] = self._edited(caption)
            said = self._text(record, place)
            bad = self.captions[record.captions[place]]["status"] == REJECTED
            if bad or any(self._text(record, other) == said for other in range(place)):
                record.bad.add(place)
        if record.image_id not in self.images:
            return
        rows = self.judged.get((record.image_id, record.claim), [])
        positive = next((row for row in rows if row["kind"] == POSITIVE), None)
        if positive is None or positive["truth"] != TRUE:
            record.lost = NOT_PROVED
            return
        record.proof = positive["proof"]
        false = {row["claim_id"]: row["proof"] for row in rows if row["truth"] == FALSE}
        for number, claim in enumerate(record.claims):
            if claim in false:
                record.proofs[number] = false[claim]
                continue
            record.untrue.add(number)
            record.bad.add(1 if number == 0 else NEGATIVES - 1 + number)
            if number and (group := record.groups[number - 1]):
                self.dissolved.add(group)

    def _edited(self, caption: str) -> str:
        """What people made of a caption, if it stands; else the caption itself."""
        found, seen = caption, {caption}
        while self.captions[found]["status"] == REJECTED:
            found = self.edits.get(found, caption)
            if found in seen:
                return caption
            seen.add(found)
        return found

    def _text(self, record: _Record, place: int) -> str:
        return str(self.captions[record.captions[place]]["text"])

    def _mend_groups(self, records: list[_Record]) -> None:
        """Give both records of a group the same new sentence."""
        members: dict[str, list[tuple[_Record, int]]] = {}
        for record in records:
            for slot, group in enumerate(record.groups):
                if group and not record.lost:
                    members.setdefault(group, []).append((record, slot))
        for group, pair in sorted(members.items()):
            if group in self.dissolved or len(pair) != 2:
                continue
            pair.sort(key=lambda member: (member[0].image_id, member[0].claim))  # not the records' order
            for (one, slot), (other, other_slot) in (pair, pair[::-1]):
                places = ((one, POSITIVES + slot), (other, NEGATIVES + other_slot))
                if any(place in record.bad for record, place in places):
                    self._replace(places, f"{group}\t{one.claim}", group)

    def _replace(self, places: Sequence[tuple[_Record, int]], key: str, group: str | None = None) -> bool:
        """Find one caption for all places, which state one claim; without one a group is dissolved."""
        used = {
            self._text(record, other)
            for record, place in places
            for other in range(len(record.captions))
            if other != place and other not in record.bad
        }
        record, place = places[0]
        style = self.captions[record.captions[place]]["style"]
        across = record.captions[record.opposite(place)]
        liked = self.captions[across]["construction"]
        free = [
            caption
            for caption in self.sayings.get((record.claim_at(place), style), ())
            if self.captions[caption]["text"] not in used
        ]
        if not free:
            if group:
                self.dissolved.add(group)
            return False
        best = min(
            free, key=lambda one: (self.captions[one]["construction"] != liked, self._chance(key, one), one)
        )
        for record, place in places:
            record.captions[place] = best
            record.bad.discard(place)
        return True

    def _mend_record(self, record: _Record, options: list[dict[str, Any]]) -> None:
        key = f"{record.image_id}\t{record.claim}"
        for place in sorted(record.bad):
            denied = _denied(place)
            if denied not in record.untrue and self._replace([(record, place)], key):
                continue
            if denied is None or not self._deny_other(record, place, denied, options, key):
                record.lost = NO_OTHER
                return

    def _deny_other(
        self, record: _Record, place: int, denied: int, options: list[dict[str, Any]], key: str
    ) -> bool:
        """Deny another claim that is false in the picture: one that is a positive elsewhere, and of another kind."""
        others = {claim for number, claim in enumerate(record.claims) if number != denied}
        kinds = {kind for number, kind in enumerate(record.kinds) if number != denied}
        was = (record.claims[denied], record.kinds[denied], record.proofs[denied])

        def order(row: dict[str, Any]) -> tuple[bool, bool, bool, int, int]:
            claim, kind = row["claim_id"], row["kind"]
            chance = self._chance(key, claim)
            return (claim in others, claim not in self.stated, kind in kinds, row["rank"], chance)

        false = [row for row in options if row["truth"] == FALSE and row["kind"] != POSITIVE]
        for row in sorted(false, key=order):
            if row["claim_id"] == was[0]:
                continue
            names = ("claim_id", "kind", "proof")
            record.claims[denied], record.kinds[denied], record.proofs[denied] = (row[name] for name in names)
            if self._replace([(record, place)], key):
                return True
        record.claims[denied], record.kinds[denied], record.proofs[denied] = was
        return False

    def _chance(self, key: str, name: str) -> int:
        return hash_text(f"{self.seed}\t{key}\t{name}")


def _keys(table: pa.Table) -> list[str]:
    keys: list[str] = pc.binary_join_element_wise(
        table["image_id"], table["positive_claim"], "\t"
    ).to_pylist()
    return keys


def _groups(table: pa.Table) -> pa.Array:
    return table["group_ids"].combine_chunks().flatten()


def _touched(chosen: pa.Table, revised: Revised) -> Flags:
    """Whether each record is of a picture that was decided about, or has a caption that was."""
    against = revised.captions.filter(pc.equal(revised.captions["status"], REJECTED))["caption_id"]
    used = chosen["caption_ids"].combine_chunks().flatten()
    bad = np.asarray(pc.is_in(used, value_set=against.combine_chunks())).reshape(
        -1, chosen["caption_ids"].type.list_size
    )
    images = pc.unique(revised.candidates["image_id"])
    touched: Flags = bad.any(axis=1) | np.asarray(pc.is_in(chosen["image_id"], value_set=images))
    return touched


def _by_record(candidates: pa.Table) -> dict[tuple[str, str], list[dict[str, Any]]]:
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in candidates.to_pylist():
        found.setdefault((row["image_id"], row["positive_claim"]), []).append(row)
    return found


def _put_back(kept: pa.Table, rows: Integers, records: list[_Record], mender: _Mender) -> pa.Table:
    """The records with the mended ones in their places, and without groups that are none any more."""
    texts = {caption: row["text"] for caption, row in mender.captions.items()}
    mended = [
        {
            "image_id": record.image_id,
            "positive_claim": record.claim,
            "positive_proof": record.proof,
            "simple_positive": texts[record.captions[0]],
            "simple_negative": texts[record.captions[1]],
            "complex_positives": [texts[one] for one in record.captions[POSITIVES:NEGATIVES]],
            "complex_negatives": [texts[one] for one in record.captions[NEGATIVES:]],
            "negative_claim_ids": record.claims,
            "negative_kinds": record.kinds,
            "negative_proofs": record.proofs,
            "group_ids": record.groups,
            "caption_ids": record.captions,
        }
        for record in records
        if not record.lost
    ]
    stay = np.setdiff1d(np.arange(kept.num_rows), rows)
    places = np.append(stay, [row for row, record in zip(rows, records, strict=True) if not record.lost])
    table = pa.concat_tables([kept.take(pa.array(stay)), pa.Table.from_pylist(mended, kept.schema)])
    table = table.take(pa.array(np.argsort(places)))
    groups = _groups(table)
    gone = pc.is_in(groups, value_set=pa.array(sorted(mender.dissolved), pa.string()))
    column = pa.FixedSizeListArray.from_arrays(pc.if_else(gone, pa.scalar(None, pa.string()), groups), SLOTS)
    return table.set_column(table.schema.get_field_index("group_ids"), "group_ids", column)
