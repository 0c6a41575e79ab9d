"""Claims: ids, swaps and keys."""

from __future__ import annotations

import hashlib
import unicodedata

import pytest

from naturel.annotations.claims import Claim


def test_claim_id_is_the_digest_of_its_parts() -> None:
    expected = hashlib.sha256(b"cat\ton\tdesk").hexdigest()[:16]
    assert Claim("cat", "on", "desk").claim_id == expected


def test_claim_id_does_not_depend_on_the_unicode_form() -> None:
    composed, decomposed = (unicodedata.normalize(form, "café table") for form in ("NFC", "NFD"))
    assert composed != decomposed
    assert Claim("cat", "on", composed).claim_id == Claim("cat", "on", decomposed).claim_id


def test_claims_differ_in_every_part() -> None:
    claims = [
        Claim("cat", "on", "desk"),
        Claim("desk", "on", "cat"),
        Claim("cat", "under", "desk"),
        Claim("cat", "on", "table"),
    ]
    assert len({claim.claim_id for claim in claims}) == 4


def test_swapped_exchanges_the_nouns() -> None:
    assert Claim("cat", "on", "desk").swapped() == Claim("desk", "on", "cat")


def test_an_attribute_claim_has_no_swap() -> None:
    with pytest.raises(ValueError, match="no swap"):
        Claim("table", "is", "Wooden").swapped()


def test_a_claim_its_swap_and_its_contrasts_share_their_pair_key() -> None:
    claim = Claim("cat", "on", "desk")
    assert claim.pair_key == claim.swapped().pair_key == Claim("cat", "under", "desk").pair_key
    assert claim.pair_key != Claim("dog", "on", "desk").pair_key


def test_attribute_contrasts_share_their_pair_key() -> None:
    assert Claim("bag", "is", "Wooden").pair_key == Claim("bag", "is", "Plastic").pair_key
