"""What became of records between two releases. One may have changed for several reasons."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations.joins import Integers, codes_of
from naturel.builders.publishing.caption_changes import CaptionPairing, as_mask
from naturel.builders.publishing.changes import Changes, Flags, Reason, flags
from naturel.builders.publishing.pairing import Pairing
from naturel.builders.publishing.snapshot import Rows
from naturel.builders.publishing.unequal import Mask, unequal

CAPTIONS = ("caption_ids", "simple_positive", "simple_negative", "complex_positives", "complex_negatives")
"""What a record says: `_slots` tells why they differ."""
CHOSEN = (
    "split", "negative_claims", "negative_kinds", "group_ids",
    "negative_image_id", "negative_image_pair", "negative_image_source",
)  # fmt: skip
"""What was chosen for a record beside its sentences, or follows from these and from the partner that it got."""
PROOFS = ("positive_proof", "negative_proofs")
REVIEWED = ("reviewed",)
DECIDED = "human"
"""The proof that is a person's decision."""


class RecordPairing(Pairing):
    """The records of two releases."""

    def __init__(self, before: Rows, after: Rows, captions: CaptionPairing) -> None:
        super().__init__(before, after)
        self.captions = captions

    def why(self) -> Changes:
        """Added, removed and changed records with their reasons."""
        return self.changes(self._why_added(), self._why_removed(), self._why_changed())

    def _why_added(self) -> Flags:
        images = self.after.column("image_id").take(pa.array(self.added))
        new = codes_of(images, self.before.column("image_id")) < 0
        used = self._used(self.after, self.added, self.captions.after)
        human = self._any(self.captions.human[1], used) & ~new
        reasons = {Reason.SOURCE: new, Reason.REVIEW: human, Reason.CHOICE: ~new & ~human}
        return flags(len(self.added), reasons)

    def _why_removed(self) -> Flags:
        images = self.before.column("image_id").take(pa.array(self.removed))
        gone = codes_of(images, self.after.column("image_id")) < 0
        used = self._used(self.before, self.removed, self.captions.after)
        rejected = self._any(self.captions.rejected[1], used)
        human = self._any(self.captions.rejected[1] & self.captions.human[1], used)
        reasons = {
            Reason.REVIEW: human,
            Reason.SOURCE: gone,
            Reason.CHECKS: rejected & ~human,
            Reason.CHOICE: ~rejected & ~gone,
        }
        return flags(len(self.removed), reasons)

    def _why_changed(self) -> Flags:
        told = {*CAPTIONS, *CHOSEN, *PROOFS, *REVIEWED}
        spoken = self._why_spoken()
        proved, by_a_person = self._proofs()
        facts = {
            Reason.SOURCE: self.differ(self.shared(skip=told)) | (proved & ~spoken.any(axis=1)),
            Reason.REVIEW: self.differ(REVIEWED) | by_a_person,
        }
        out = spoken | flags(len(self.old), facts)
        # A sentence that went changes its claim and its group too: these are no reason of their own then.
        alone = self.differ((*CAPTIONS, *CHOSEN)) & ~out.any(axis=1)
        return out | flags(len(self.old), {Reason.CHOICE: alone})

    def _why_spoken(self) -> Flags:
        """Why the captions of records in both releases differ, over each record's eight places."""
        known = self.captions
        old = self._used(self.before, self.old, known.before)
        old_now = self._used(self.before, self.old, known.after)
        new = self._used(self.after, self.new, known.after)
        ids = [column.flatten() for column in self.pair("caption_ids")]
        other = unequal(*ids).reshape(old.shape)
        rejected = _at(known.rejected[1], old_now)
        human = (rejected & _at(known.human[1], old_now)) | _at(known.human[1], new)
        same_claim = known.claim[0][old] == known.claim[1][new]
        same_hand = known.hand[0][old] == known.hand[1][new]
        rewritten = same_claim & ~same_hand
        places = {
            Reason.REVIEW: human,
            Reason.CHECKS: rejected & ~human,
            Reason.PROMPT: rewritten & ~rejected & ~human,
            Reason.CHOICE: ~rewritten & ~rejected & ~human,
        }
        return flags(len(old), {reason: (other & mask).any(axis=1) for reason, mask in places.items()})

    def _proofs(self) -> tuple[Mask, Mask]:
        """Records where the evidence of a claim is other, and those where it is or was a person's decision."""
        evidence, human = (np.zeros(len(self.old), dtype=np.bool_) for _ in range(2))
        for name in set(PROOFS).intersection(self.shared()):
            old, new = self.pair(name)
            places = (len(self.old), 1)
            if name == "negative_proofs":
                places = (len(self.old), old.type.list_size)
                old, new = old.flatten(), new.flatten()
            other = unequal(old, new)
            decided = other & (as_mask(pc.equal(old, DECIDED)) | as_mask(pc.equal(new, DECIDED)))
            evidence |= (other & ~decided).reshape(places).any(axis=1)
            human |= decided.reshape(places).any(axis=1)
        return evidence, human

    def _used(self, records: Rows, rows: Integers, captions: Rows) -> Integers:
        """Where the captions of some records are in a table of captions, shape (n, 8); -1: not there."""
        used = records.column("caption_ids").take(pa.array(rows))
        return codes_of(used.flatten(), captions.ids).reshape(len(rows), used.type.list_size)

    def _any(self, marked: Mask, used: Integers) -> Mask:
        return np.asarray(_at(marked, used).any(axis=1))


def _at(marked: Mask, places: Integers) -> Mask:
    """The marks at places; False at -1."""
    out: Mask = np.append(marked, False)[places]
    return out
