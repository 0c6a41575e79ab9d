"""What a release holds, as annotators see it."""

from __future__ import annotations

import hashlib

from helpers.small_release import SUBJECT_BOX, claims

from naturel.annotations.claims import Claim
from naturel.annotations.decisions import caption_key, relation_key
from naturel.review.contents import Contents, sample_id

CAT_ON_DESK = Claim("cat", "on", "desk")
KEY = caption_key("cat on desk", CAT_ON_DESK)


def test_captions_are_there_once_with_their_uses(contents: Contents) -> None:
    assert len(contents.caption_keys) == 6 * 4
    number = contents.caption_numbers[KEY]
    assert contents.uses[number] == 4
    assert contents.places_of(number, positive=True).tolist() == [0, 6]
    assert contents.places_of(number, positive=False).tolist() == [1, 7]


def test_a_caption_knows_its_claim_and_style(contents: Contents) -> None:
    simple = contents.caption(contents.caption_numbers[KEY])
    assert (simple.text, simple.claim, simple.style) == ("cat on desk", CAT_ON_DESK, "simple")
    assert simple.doubt is None
    key = caption_key("In the picture, a cat is on a desk.", CAT_ON_DESK)
    unsure = contents.caption(contents.caption_numbers[key])
    assert unsure.style == "complex"
    assert unsure.doubt == "the reader is unsure whether it states its claim"
    assert key in contents.doubted
    assert len(contents.doubted) == 6


def test_records_are_found_by_what_decisions_are_about(contents: Contents) -> None:
    image = contents.image_keys[0]
    assert contents.image_keys[4] == contents.image_keys[8] == image
    assert contents.records_with(image) == [0, 4, 8]
    assert contents.relation_keys[0] == relation_key(image, CAT_ON_DESK)
    assert contents.records_with(contents.relation_keys[0]) == [0]
    swapped = relation_key(image, Claim("desk", "on", "cat"))  # denied there
    assert contents.records_with(swapped) == [0]
    assert contents.records_with(relation_key(image, Claim("cat", "on", "moon"))) == []
    assert contents.records_with("0" * 64) == []


def test_a_record_has_its_sentences_and_denied_claims(contents: Contents) -> None:
    record = contents.record(1)
    assert record["claim"] == claims(3)[1] == Claim("desk", "on", "cat")
    assert record["negative_claims"] == [CAT_ON_DESK] * 4
    assert record["positives"][0] == "desk on cat"
    assert record["negatives"][0] == "cat on desk"


def test_samples_are_the_records_in_order(contents: Contents) -> None:
    samples = list(contents.samples())
    assert [sample["id"] for sample in samples] == [f"r{row:06d}" for row in range(12)]
    assert samples[5]["media"] == (samples[1]["sha256"], "p1.jpg")
    assert [round(edge, 5) for edge in samples[0]["subject"]["box"]] == SUBJECT_BOX


def test_sample_ids_depend_on_record_and_dataset() -> None:
    assert sample_id("one", "r1") == hashlib.sha256(b"one\tr1").hexdigest()[:24]
    assert len({sample_id("one", "r1"), sample_id("one", "r2"), sample_id("two", "r1")}) == 3
