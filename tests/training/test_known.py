"""What is known to be true of a picture, besides what its own item says."""

from __future__ import annotations

from typing import Any

import datasets
import numpy as np
from helpers.square_release import records, sentences
from hypothesis import given
from hypothesis import strategies as st

from naturel.loaders import Pairs
from naturel.training.known import KnownTruth

BARE = ("image", "negative_image", "group_ids")


def known_of(rows: list[dict[str, Any]]) -> KnownTruth:
    bare = [{name: value for name, value in row.items() if name not in BARE} for row in rows]
    dataset = datasets.Dataset.from_list(bare)
    return KnownTruth(dataset, Pairs(dataset).sentences)


SQUARES = known_of(records())
"""12 pictures, 48 sentences."""


def true_of(known: KnownTruth, image: str) -> set[str]:
    """Sentences that are known to be true of a picture."""
    place = np.array([known.image_ids.index(image)])
    flags = known.known(place, np.arange(len(known.texts)))[0]
    return {text for text, flag in zip(known.texts, flags, strict=True) if flag}


def test_all_sentences_of_a_claim_are_true_where_it_is_true() -> None:
    """Two pictures of the same claim, whose records have different sentences."""
    one, other = records(("red", "green"), shifts=(0, 1))[:2]
    other["complex_positives"] = [f"{text} Indeed." for text in other["complex_positives"]]
    known = known_of([one, other])
    expected = {*sentences("red", "green"), *other["complex_positives"]}
    assert true_of(known, "red-green-0") == true_of(known, "red-green-1") == expected


def test_the_inverse_relation_says_the_same() -> None:
    one, other = records(("red", "green"))
    other |= {
        "relation": "right_of",
        "subject": one["object"],
        "object": one["subject"],
    }  # green right of red
    other |= {"negative_claims": [{"subject": "green", "relation": "left_of", "object": "red"}] * 4}
    one["negative_claims"] = [{"subject": "red", "relation": "right_of", "object": "green"}] * 4
    for side in ("positive", "negative"):
        other[f"simple_{side}"] = f"other {side} 0"
        other[f"complex_{side}s"] = [f"other {side} {form}" for form in (1, 2, 3)]
    other |= {"image_id": "another picture", "negative_image_id": None, "negative_image_pair": None}
    known = known_of([one, other])
    assert true_of(known, "red-green-0") == {
        *sentences("red", "green"),
        *(f"other positive {i}" for i in range(4)),
    }


def test_what_a_record_denies_is_never_true_there() -> None:
    """A sentence that states the record's claim by mistake, and is its negative."""
    one, other = records(("red", "green"))
    one["complex_negatives"] = [sentences("red", "green")[1], "x", "y"]
    known = known_of([one, other])
    assert sentences("red", "green")[1] not in true_of(known, "red-green-0")


def test_a_negative_image_shows_the_sentence_that_it_was_chosen_for() -> None:
    (one, _) = records(("red", "green"))
    one["negative_image_id"] = "somewhere else"
    one["negative_image_pair"] = 1
    del one["negative_claims"]
    assert true_of(known_of([one]), "somewhere else") == {sentences("green", "red")[2]}


def test_other_pictures_and_sentences_are_unknown() -> None:
    known = known_of(records())
    assert not known.known(np.array([-1, -2]), np.arange(len(known.texts))).any()
    assert not known.known(np.arange(3), np.array([-1, -5])).any()
    rows = known.known(np.array([-1, 0]), np.array([-1, *range(len(known.texts))]))
    assert rows.sum() == 4


def test_records_without_claims_know_their_own_words() -> None:
    rows = records(("red", "green"))
    for row in rows:
        for name in (
            "subject",
            "relation",
            "object",
            "negative_claims",
            "negative_image_id",
            "negative_image_pair",
        ):
            del row[name]
    assert true_of(known_of(rows), "red-green-0") == set(sentences("red", "green"))


@given(
    images=st.lists(st.integers(-3, 11), max_size=8),
    texts=st.lists(st.integers(-3, 47), max_size=12, unique=True),
)
def test_a_part_of_the_table_is_what_the_whole_says(images: list[int], texts: list[int]) -> None:
    whole = SQUARES.known(np.arange(12), np.arange(48))
    found = SQUARES.known(np.array(images, dtype=np.int64), np.array(texts, dtype=np.int64))
    assert found.shape == (len(images), len(texts))
    for row, image in enumerate(images):
        for column, text in enumerate(texts):
            assert found[row, column] == (image >= 0 and text >= 0 and whole[image, text])
