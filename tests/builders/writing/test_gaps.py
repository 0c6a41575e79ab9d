"""Which of the grammar's captions fill the gaps of a model."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from naturel.annotations import schema
from naturel.annotations.claims import Claim
from naturel.annotations.nouns import load_nouns
from naturel.annotations.relations import load_vocabulary
from naturel.builders.captions.writer import caption_id, write_captions
from naturel.builders.progress import SilentProgress
from naturel.builders.writing.gaps import choose_fillers

CLAIM = Claim("cat", "on", "table")
CLAIMS = {claim.claim_id: claim for claim in (CLAIM, CLAIM.swapped())}


@pytest.fixture(scope="module")
def plain() -> pa.Table:
    """All that the grammar says of a claim and its swap."""
    rows = [
        {
            "claim_id": claim_id,
            "subject": claim.subject,
            "relation": claim.relation,
            "object": claim.object,
            "subject_label": claim.subject.capitalize(),
            "object_label": claim.object.capitalize(),
        }
        for claim_id, claim in CLAIMS.items()
    ]
    return write_captions(
        pa.Table.from_pylist(rows), load_vocabulary(), load_nouns(), 40, 0, SilentProgress()
    )


def written(text: str, status: str = "ok") -> dict[str, Any]:
    claim_id = CLAIM.claim_id
    return {"claim_id": claim_id, "caption_id": caption_id(claim_id, text), "text": text, "status": status}


def fillers(plain: pa.Table, wanting: dict[str, int], *rows: dict[str, Any]) -> list[dict[str, Any]]:
    chosen = choose_fillers(plain, rows, wanting, CLAIMS, 0)
    assert chosen.schema == schema.WRITTEN
    found: list[dict[str, Any]] = chosen.to_pylist()
    return found


def test_as_many_as_are_missing_and_a_swap_is_filled_alike(plain: pa.Table) -> None:
    swap = CLAIM.swapped().claim_id
    found = fillers(plain, {CLAIM.claim_id: 2, swap: 4})
    by_claim = {
        claim_id: {row["construction"] for row in found if row["claim_id"] == claim_id} for claim_id in CLAIMS
    }
    assert (len(by_claim[CLAIM.claim_id]), len(by_claim[swap])) == (2, 4)
    assert by_claim[CLAIM.claim_id] < by_claim[swap]
    assert {row["style"] for row in found} == {"complex"}


def test_nothing_is_missing(plain: pa.Table) -> None:
    assert fillers(plain, {}) == []


def test_what_the_model_said_fills_nothing(plain: pa.Table) -> None:
    first = fillers(plain, {CLAIM.claim_id: 3})
    for status in ("ok", "rejected"):
        again = fillers(plain, {CLAIM.claim_id: 3}, written(first[0]["text"], status))
        assert len(again) == 3
        assert first[0]["caption_id"] not in {row["caption_id"] for row in again}


def test_what_the_model_all_but_said_fills_nothing(plain: pa.Table) -> None:
    everything = fillers(plain, {CLAIM.claim_id: 40})
    svo = next(row for row in everything if row["construction"] == "svo")
    other = svo["text"].replace("The cat", "A cat")
    assert other != svo["text"]
    found = fillers(plain, {CLAIM.claim_id: 40}, written(other))
    assert svo["text"] not in {row["text"] for row in found}
