"""What became of captions between two releases. Each has one reason."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations.joins import Integers, codes_of
from naturel.builders.captions.writer import HUMAN
from naturel.builders.publishing.changes import Changes, Flags, Reason, flags
from naturel.builders.publishing.pairing import Pairing
from naturel.builders.publishing.snapshot import Rows
from naturel.builders.publishing.unequal import Mask

BY_REVIEW = "review: "
"""How the reason of a rejection by a person begins."""
CHECKED = ("states", "problems", "status", "status_reason")
"""Columns that the checks, or a person, fill in."""
WRITTEN = ("writer", "prompt_id", "prompt_digest")
"""Columns that say whose words a caption is."""


class CaptionPairing(Pairing):
    """The captions of two releases. Facts on them are pairs: of the older release, of the newer one."""

    def __init__(self, before: Rows, after: Rows) -> None:
        super().__init__(before, after)
        tables = before, after
        self.hand = _numbered(*map(_hands, tables))
        """Whose words each caption is, by style, as numbers."""
        self.claim = _numbered(*(table.column("claim_id") for table in tables))
        self.human = tuple(map(_by_a_person, tables))
        """Whether a person wrote or rejected it."""
        self.rejected = tuple(map(_rejected, tables))

    def why(self) -> Changes:
        """Added, removed and changed captions with their reasons."""
        checked, rewritten = self.differ(CHECKED), self.differ(WRITTEN)
        human = checked & (self.human[0][self.old] | self.human[1][self.new])
        other = self.differ(self.shared(skip=(*CHECKED, *WRITTEN)))
        changed = {
            Reason.REVIEW: human,
            Reason.PROMPT: rewritten & ~human,
            Reason.CHECKS: checked & ~rewritten & ~human,
            Reason.CHOICE: other & ~checked & ~rewritten,
        }
        return self.changes(
            self._only_in(1, self.added), self._only_in(0, self.removed), flags(len(self.old), changed)
        )

    def _only_in(self, side: int, rows: Integers) -> Flags:
        """Why captions are in one release only (0: the older, 1: the newer)."""
        claims, hands = (self.claim[side], self.claim[1 - side]), (self.hand[side], self.hand[1 - side])
        width = 1 + max(hand.max(initial=0) for hand in hands)
        human = self.human[side][rows]
        claim_known = np.isin(claims[0][rows], claims[1])
        hand_known = np.isin((claims[0] * width + hands[0])[rows], claims[1] * width + hands[1])
        reasons = {
            Reason.REVIEW: human,
            Reason.SOURCE: ~claim_known & ~human,
            Reason.PROMPT: claim_known & ~hand_known & ~human,
            Reason.CHOICE: claim_known & hand_known & ~human,
        }
        return flags(len(rows), reasons)


def _numbered(*values: pa.Array) -> tuple[Integers, ...]:
    """Equal texts get equal numbers."""
    vocabulary = pa.concat_arrays(values).unique()
    return tuple(codes_of(value, vocabulary) for value in values)


def _hands(captions: Rows) -> pa.Array:
    # By style: a model may write the complex captions of a claim where the grammar goes on to write the simple one.
    columns = [pc.fill_null(captions.column(name), "") for name in ("style", *WRITTEN)]
    return pc.binary_join_element_wise(*columns, "\t")


def _by_a_person(captions: Rows) -> Mask:
    wrote = as_mask(pc.equal(captions.column("writer"), HUMAN))
    if "status_reason" not in captions.schema.names:
        return wrote
    return wrote | as_mask(pc.starts_with(captions.column("status_reason"), BY_REVIEW))


def _rejected(captions: Rows) -> Mask:
    if "status" not in captions.schema.names:
        return np.zeros(len(captions), dtype=np.bool_)
    return as_mask(pc.equal(captions.column("status"), "rejected"))


def as_mask(answers: pa.Array) -> Mask:
    """Answers as a mask; null is no."""
    return np.asarray(pc.fill_null(answers, False).to_numpy(zero_copy_only=False), dtype=np.bool_)
