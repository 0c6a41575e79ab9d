"""Which captions training gets, and which the tests."""

from __future__ import annotations

import pyarrow as pa
import pytest

from naturel.annotations import schema
from naturel.annotations.errors import UserError
from naturel.builders.compose import deal_captions
from naturel.builders.engine import conform
from naturel.builders.settings import BuildSettings
from naturel.builders.splits import Splits

Told = list[tuple[str, str, str]]
"""Claim, construction and text of complex captions."""


def splits_of(*names: str) -> Splits:
    images = pa.table({"image_id": [f"p-{name}" for name in names], "split": list(names)})
    return Splits(images, schema.CLAIMS.empty_table().select(["claim_id"]), {})


def dealt(told: Told, split: str, seed: int, *splits: str, per_claim: int = 8) -> Told:
    """What a split gets of these captions and of a simple one a claim."""
    rows = [
        {
            "claim_id": claim,
            "construction": construction,
            "text": text,
            "style": "complex",
            "writer": "grammar",
        }
        for claim, construction, text in told
    ]
    rows += [
        {"claim_id": claim, "construction": "simple", "text": claim, "style": "simple", "writer": "grammar"}
        for claim in sorted({claim for claim, _, _ in told})
    ]
    table = conform(pa.Table.from_pylist([row | {"status": "ok"} for row in rows]), schema.CAPTIONS)
    settings = BuildSettings(seed=seed, captions_per_claim=per_claim)
    found = deal_captions(table, split, splits_of(*splits), settings).to_pylist()
    assert sum(row["style"] == "simple" for row in found) == len(rows) - len(told)
    return [(row["claim_id"], row["construction"], row["text"]) for row in found if row["style"] == "complex"]


EIGHT: Told = [(claim, f"c{n}", f"{claim} as c{n}") for claim in ("one", "two") for n in range(8)]


def test_training_alone_has_all_captions() -> None:
    assert dealt(EIGHT, "train", 0, "train") == EIGHT


def test_training_and_tests_have_half_each_by_construction() -> None:
    train = dealt(EIGHT, "train", 0, "train", "validation", "test")
    test = dealt(EIGHT, "test", 0, "train", "validation", "test")
    assert dealt(EIGHT, "validation", 0, "train", "validation", "test") == test
    assert sorted(train + test) == sorted(EIGHT)
    for claim in ("one", "two"):
        assert sum(row[0] == claim for row in train) == 4
    assert {row[1] for row in train if row[0] == "one"} == {row[1] for row in train if row[0] == "two"}


@pytest.mark.parametrize("seed", range(8))
def test_a_sentence_of_two_claims_has_one_side(seed: int) -> None:
    # "a cat to the left of a dog" also says that the dog is to the right of the cat, in another construction.
    told: Told = [
        ("left", "reduced", "A cat to the left of a dog."),
        ("left", "inverse_reduced", "A dog to the right of a cat."),
        ("left", "fronted", "To the left of the dog is a cat."),
        ("right", "reduced", "A dog to the right of a cat."),
        ("right", "inverse_reduced", "A cat to the left of a dog."),
    ]
    train, test = (dealt(told, name, seed, "train", "test") for name in ("train", "test"))
    assert sorted(train + test) == sorted(told)
    assert not {text for _, _, text in train} & {text for _, _, text in test}


def test_too_few_captions_for_two_sides() -> None:
    with pytest.raises(UserError, match=r"a claim needs 6 at least"):
        dealt(EIGHT, "train", 0, "train", "test", per_claim=5)
