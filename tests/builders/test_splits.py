"""Splits: what is held out, what stays together, and what the leakage check finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
import pytest
from helpers.scenes import VOCABULARY

from naturel.annotations import schema
from naturel.annotations.claims import Claim
from naturel.annotations.errors import UserError
from naturel.builders.choice import hash_text, hash_texts, mix, seeded
from naturel.builders.leakage import check_leakage
from naturel.builders.settings import Holdout
from naturel.builders.splits import Splits, split_build

NOUNS = ("cat", "dog", "bed", "hat", "cup", "car")
CLAIMS = [
    Claim(a, relation, b) for a in NOUNS for b in NOUNS if a < b for relation in ("left_of", "right_of", "on")
]


def split(
    pictures: Mapping[str, Mapping[str, Any]],
    said: Mapping[str, list[Claim]],
    claims: list[Claim] = CLAIMS,
    **shares: float,
) -> Splits:
    """Pictures, each with facts of its own, and what is true of them."""
    images = [
        {"image_id": name, "source": "coco", "source_split": "train"} | dict(facts)
        for name, facts in pictures.items()
    ]
    seen = [{"image_id": name, "phash": facts.get("phash")} for name, facts in pictures.items()]
    rows = [
        {"claim_id": one.claim_id, "subject": one.subject, "relation": one.relation, "object": one.object}
        for one in claims
    ]
    pairs = [(name, one.claim_id) for name, ones in said.items() for one in ones]
    positives = pa.table(
        {
            "image_id": pa.array([name for name, _ in pairs], pa.string()),
            "claim_id": pa.array([one for _, one in pairs], pa.string()),
        }
    )
    known = [{name: value for name, value in row.items() if name in schema.IMAGES.names} for row in images]
    return split_build(
        pa.Table.from_pylist(known, schema.IMAGES),
        pa.Table.from_pylist(seen, schema.PICTURES),
        positives,
        pa.Table.from_pylist(rows, schema.CLAIMS),
        Holdout(**shares),
        0,
        VOCABULARY,
    )


def places(found: Splits) -> dict[str, str]:
    return {row["image_id"]: row["split"] for row in found.images.to_pylist()}


def held(found: Splits, claims: list[Claim] = CLAIMS) -> dict[Claim, str]:
    names = {one.claim_id: one for one in claims}
    return {names[row["claim_id"]]: row["split"] for row in found.claims.to_pylist() if row["split"]}


def chance(what: str) -> float:
    """The number in [0, 1) that decides whether something is held out, at seed 0."""
    return float(mix(seeded(0), hash_texts([what]))[0]) / 2.0**64


def test_source_splits_are_kept() -> None:
    pictures = {name: {"source_split": name} for name in ("train", "validation", "test")}
    assert places(split(pictures, {})) == {name: name for name in pictures}


def test_pairs_are_held_out_by_hash_and_take_their_pictures_along() -> None:
    keys = {
        tuple(sorted((one.subject, one.object))): chance(
            "pair\t" + "\t".join(sorted((one.subject, one.object)))
        )
        for one in CLAIMS
    }
    out = {pair for pair, number in keys.items() if number < 0.4}
    assert 0 < len(out) < len(keys)
    said = {f"{one.subject}-{one.object}": [one] for one in CLAIMS if one.relation == "on"}
    found = split({name: {} for name in said}, said, pairs=0.4)
    assert places(found) == {
        name: "test_unseen_pairs" if tuple(sorted(name.split("-"))) in out else "train" for name in said
    }
    assert set(held(found)) == {one for one in CLAIMS if tuple(sorted((one.subject, one.object))) in out}
    assert found.moved["pictures with something held out"] == len(out)


def test_objects_come_before_pairs() -> None:
    out = {noun for noun in NOUNS if chance(f"object\t{noun}") < 0.5}
    assert 0 < len(out) < len(NOUNS)
    found = held(split({}, {}, objects=0.5, pairs=0.99))
    assert {one for one, name in found.items() if name == "test_unseen_objects"} == {
        one for one in CLAIMS if {one.subject, one.object} & out
    }


def test_a_relation_goes_with_its_inverse_and_its_mirror() -> None:
    both = [Claim("dog", "right_of", "cat"), *CLAIMS]
    found = held(split({}, {}, claims=both, relations=0.5), both)
    assert set(found.values()) == {"test_unseen_relations_for_pair"}
    for a, b in {(one.subject, one.object) for one in CLAIMS}:
        assert (Claim(a, "left_of", b) in found) == (Claim(a, "right_of", b) in found)
    assert (Claim("dog", "right_of", "cat") in found) == (Claim("cat", "left_of", "dog") in found)


def test_near_duplicates_and_counterparts_follow_what_tests_most() -> None:
    pictures: dict[str, dict[str, Any]] = {
        "a": {"phash": "00000000000000ff"},
        "b": {"phash": "00000000000000fe", "source_split": "validation"},
        "c": {"phash": "00000000000000fc", "source_split": "test"},
        "far": {"phash": "ffffffff00000000"},
        "made": {"phash": "00000000000000ff", "source": "composites"},
        "mate": {"counterpart_id": "far-mate", "source_split": "test"},
        "far-mate": {"counterpart_id": "mate"},
    }
    found = split(pictures, {})
    assert places(found) == {
        "a": "test", "b": "test", "c": "test", "far": "train", "made": "train", "mate": "test", "far-mate": "test",
    }  # fmt: skip
    assert found.moved["pictures that follow a near-duplicate or counterpart"] == 3


# The check ---------------------------------------------------------------------------------------------------


def record(number: int, split: str = "train", **changes: Any) -> dict[str, Any]:
    """A record that shares nothing with others."""
    name = f"{split}-{number}"
    return {
        "image_id": name,
        "source": "coco",
        "source_split": split if split in ("train", "validation", "test") else "train",
        "sha256": name,
        "phash": f"{hash_text(name):016x}",
        "split": split,
        "group_ids": [f"{name}/{slot}" for slot in range(3)],
        "subject": {"noun": f"a{name}"},
        "relation": "on",
        "object": {"noun": f"b{name}"},
        "complex_positives": [f"{name} + {slot}" for slot in range(3)],
        "complex_negatives": [f"{name} - {slot}" for slot in range(3)],
        "negative_claims": [{"subject": f"b{name}", "relation": "on", "object": f"a{name}"}] * 4,
    } | changes


FORM = pa.schema(
    [
        *(schema.RECORDS.field(name) for name in record(0) if name in schema.RECORDS.names),
        pa.field("split", pa.string()),
    ]
)


def check(*records: dict[str, Any]) -> dict[str, int]:
    return check_leakage(pa.Table.from_pylist(list(records), FORM))


def test_clean_splits_pass_and_are_counted() -> None:
    assert check(record(1), record(2, "test")) == {"pictures": 2, "groups": 6, "sentences": 12}


SHARED: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "image_id in two splits": lambda one: {"image_id": one["image_id"]},
    "sha256 in two splits": lambda one: {"sha256": one["sha256"]},
    "groups in two splits": lambda one: {"group_ids": [None, one["group_ids"][2], None]},
    "complex captions of training that test too": lambda one: {"complex_negatives": one["complex_positives"]},
    "near-duplicate pictures": lambda one: {"phash": f"{int(one['phash'], 16) ^ 0b101:016x}"},
}


@pytest.mark.parametrize("fault", SHARED)
def test_each_leak_is_found(fault: str) -> None:
    first = record(1)
    with pytest.raises(UserError, match=fault):
        check(first, record(2, "test", **SHARED[fault](first)))
    if fault != "sha256 in two splits":  # made pictures may look alike, and one split may share all
        check(first, record(2, **SHARED[fault](first)))


def test_test_pictures_of_the_source_must_not_train() -> None:
    with pytest.raises(UserError, match="1 pictures of other source splits that train, such as 'train-1'"):
        check(record(1, source_split="validation"))


@pytest.mark.parametrize(
    ("name", "leaks"),
    [
        ("test_unseen_objects", {"subject": {"noun": "cat"}, "object": {"noun": "bed"}}),
        ("test_unseen_pairs", {"subject": {"noun": "bed"}, "object": {"noun": "cat"}, "relation": "under"}),
        ("test_unseen_relations_for_pair", {"subject": {"noun": "cat"}, "object": {"noun": "bed"}}),
    ],
)
def test_what_is_held_out_is_in_no_caption_of_training(name: str, leaks: dict[str, Any]) -> None:
    said = {"subject": "cat", "relation": "on", "object": "bed"}
    train = record(1, negative_claims=[said] * 4)
    with pytest.raises(UserError, match=f"1 claims of {name} that training says"):
        check(train, record(2, name, **leaks))
    check(train, record(2, name, subject={"noun": "cat"}, object={"noun": "hat"}))
    other = {"relation": "under"} if name == "test_unseen_relations_for_pair" else {"object": {"noun": "hat"}}
    check(train, record(2, name, **(leaks | other)))
