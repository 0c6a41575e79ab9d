"""What decisions change in a build's tables."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from helpers.deciding import decide

from naturel.annotations import schema
from naturel.annotations.claims import Claim
from naturel.annotations.decisions import Decision, caption_key, relation_key
from naturel.annotations.errors import UserError
from naturel.annotations.journal import Journal
from naturel.annotations.verdicts import replay, resolve
from naturel.builders.captions.writer import caption_id
from naturel.builders.decided import (
    Decided,
    decide_captions,
    decide_pictures,
    mark_reviewed,
    move_boxes,
    overrule,
    read_decided,
    recount,
    reject_pictures,
    without,
    without_relations,
)

CAT, DOG = Claim("cat", "on", "desk"), Claim("dog", "on", "desk")
SHA = "ab" * 32


def captions(**texts: Claim) -> pa.Table:
    """Captions by text; one that begins with "bad" was rejected by the checks."""
    rows = [
        {
            "caption_id": caption_id(claim.claim_id, text),
            "claim_id": claim.claim_id,
            "text": text,
            "style": "complex",
            "construction": "svo",
            "writer": "grammar",
            "status": "rejected" if text.startswith("bad") else "ok",
            "status_reason": "colour" if text.startswith("bad") else None,
        }
        for text, claim in texts.items()
    ]
    return pa.Table.from_pylist(rows, schema.CAPTIONS)


def check(written: pa.Table) -> pa.Table:
    """A stand-in for the checks: what begins with "bad" is rejected."""
    rows = written.to_pylist()
    for row in rows:
        bad = row["text"].startswith("bad")
        row |= {
            "states": "yes",
            "status": "rejected" if bad else "ok",
            "status_reason": "colour" if bad else None,
        }
    return pa.Table.from_pylist(rows, schema.CAPTIONS)


def said(*decisions: tuple[str, Claim, dict[str, Any]]) -> dict[str, Decision]:
    return {
        caption_key(text, claim): decide(number, key=caption_key(text, claim), **values)
        for number, (text, claim, values) in enumerate(decisions)
    }


REJECT = {"verdict": "reject", "reason": "awkward"}


def edit(text: str) -> dict[str, Any]:
    return {"verdict": "edit", "text": text}


def found(table: pa.Table) -> dict[str, tuple[str, str, str | None]]:
    return {row["text"]: (row["writer"], row["status"], row["status_reason"]) for row in table.to_pylist()}


def test_captions_are_rejected_and_edited() -> None:
    table = captions(one=CAT, two=CAT, three=CAT, bad=CAT, one_more=DOG)
    decided = said(
        ("one", CAT, REJECT),
        ("two", CAT, edit("new")),
        ("three", CAT, {}),
        ("bad", CAT, REJECT),
        ("one", DOG, REJECT),
    )
    made = decide_captions(table, decided, check)
    assert found(made.table) == {
        "one": ("grammar", "rejected", "review: awkward"),
        "two": ("grammar", "rejected", "review: edited"),
        "three": ("grammar", "ok", None),
        "bad": ("grammar", "rejected", "colour"),
        "one_more": ("grammar", "ok", None),
        "new": ("human", "ok", None),
    }
    new = made.table.to_pylist()[-1]
    assert (new["caption_id"], new["claim_id"]) == (caption_id(CAT.claim_id, "new"), CAT.claim_id)
    assert (new["style"], new["construction"]) == ("complex", "svo")
    assert made.edits.to_pylist() == [
        {"caption_id": caption_id(CAT.claim_id, "two"), "edited_id": new["caption_id"], "written": True}
    ]
    assert made.dropped == Counter({"caption: review: awkward": 1, "caption: review: edited": 1})
    assert made.unknown == 1


def test_what_people_write_is_checked_and_can_be_decided_about() -> None:
    table = captions(one=CAT, two=CAT, three=CAT, four=CAT)
    decided = said(
        ("one", CAT, edit("bad new")),
        ("two", CAT, edit("draft")),
        ("draft", CAT, edit("final")),
        ("three", CAT, edit("four")),
        ("four", CAT, edit("four")),
    )
    made = decide_captions(table, decided, check)
    assert found(made.table) == {
        "one": ("grammar", "rejected", "review: edited"),
        "two": ("grammar", "rejected", "review: edited"),
        "three": ("grammar", "rejected", "review: edited"),
        "four": ("grammar", "ok", None),
        "bad new": ("human", "rejected", "colour"),
        "draft": ("human", "rejected", "review: edited"),
        "final": ("human", "ok", None),
    }
    assert made.dropped["caption: colour"] == 1
    assert made.unknown == 0


def decided_of(*decisions: Decision) -> Decided:
    return Decided(decisions, (), resolve(replay(decisions)))


CLAIMS = pa.Table.from_pylist(
    [
        {
            "claim_id": claim.claim_id,
            "subject": claim.subject,
            "relation": claim.relation,
            "object": claim.object,
            "subject_label": claim.subject.title(),
            "object_label": claim.object.title(),
            "images_true": 0,
            "images_false": 0,
        }
        for claim in (CAT, DOG)
    ],
    schema.CLAIMS,
)
PICTURES = pa.Table.from_pylist(
    [{"image_id": "1", "sha256": SHA, "status": "ok"}, {"image_id": "2", "status": "ok"}], schema.PICTURES
)
TRIPLETS = pa.Table.from_pylist(
    [
        {
            "image_id": image,
            "subject_label": "Cat",
            "relation": "on",
            "object_label": "Desk",
            "subject_id": "a",
            "object_id": "b",
            "claim_id": CAT.claim_id,
        }
        for image in "12"
    ],
    schema.CLAIMED_TRIPLETS,
)
CANDIDATES = pa.Table.from_pylist(
    [
        {
            "image_id": image,
            "positive_claim": CAT.claim_id,
            "claim_id": claim.claim_id,
            "kind": kind,
            "truth": truth,
            "proof": proof,
        }
        for image in "12"
        for claim, kind, truth, proof in (
            (CAT, "positive", "true", "annotated"),
            (DOG, "subject", "false", "absent"),
        )
    ],
    schema.CANDIDATES,
)


def relation(number: int, image: str, claim: Claim, **values: Any) -> Decision:
    return decide(number, kind="relation", key=relation_key(image, claim), **values)


def test_pictures_and_relations_are_found_by_their_keys() -> None:
    decided = decided_of(
        relation(
            1, SHA, CAT, verdict="edit", boxes={"subject": [0, 0, 0.5, 0.5], "object": [0.5, 0.5, 1, 1]}
        ),
        relation(2, SHA, DOG, verdict="reject", reason="negative_is_true"),
        relation(3, "id:2", CAT, verdict="reject", reason="wrong_box"),
        relation(4, SHA, Claim("cat", "under", "desk"), verdict="reject", reason="other"),
        relation(5, "id:1", CAT, verdict="reject", reason="other"),
        decide(6, kind="image", key="id:3", verdict="reject", reason="blurred"),
    )
    seen = decide_pictures(PICTURES, CANDIDATES, CLAIMS, TRIPLETS, decided)
    assert seen.gone.to_pylist() == [
        {"image_id": "2", "positive_claim": CAT.claim_id, "reason": "review: wrong_box"}
    ]
    assert sorted(map(tuple, (row.values() for row in seen.true.to_pylist()))) == sorted(
        [("1", CAT.claim_id), ("1", DOG.claim_id)]
    )
    assert seen.boxes.to_pylist() == [
        {"image_id": "1", "object_id": "a", "box": [0, 0, 0.5, 0.5]},
        {"image_id": "1", "object_id": "b", "box": [0.5, 0.5, 1, 1]},
    ]
    assert seen.rejected.num_rows == 0
    assert seen.unknown == 3


def test_a_rejected_picture_makes_no_record() -> None:
    decided = decided_of(decide(1, kind="image", key="id:2", verdict="reject", reason="blurred"))
    seen = decide_pictures(PICTURES, CANDIDATES, CLAIMS, TRIPLETS, decided)
    assert seen.rejected.to_pylist() == [{"image_id": "2", "reason": "review: blurred"}]
    kept = without(CANDIDATES, "positive_claim", seen.gone)
    assert kept["image_id"].to_pylist() == ["1", "1"]
    pictures = reject_pictures(PICTURES, seen.rejected).to_pylist()
    assert [(row["status"], row["status_reason"]) for row in pictures] == [
        ("ok", None),
        ("failed", "review: blurred"),
    ]


def test_people_overrule_what_was_judged_and_claims_are_counted_anew() -> None:
    true = pa.table({"image_id": ["1", "1"], "claim_id": [CAT.claim_id, DOG.claim_id]})
    judged = overrule(CANDIDATES, true)
    assert list(zip(judged["truth"].to_pylist(), judged["proof"].to_pylist(), strict=True)) == [
        ("true", "human"),
        ("true", "human"),
        ("true", "annotated"),
        ("false", "absent"),
    ]
    assert judged.schema == CANDIDATES.schema
    counted = recount(CLAIMS, judged)
    assert counted.schema == schema.CLAIMS
    assert list(
        zip(*(counted[name].to_pylist() for name in ("images_true", "images_false")), strict=True)
    ) == [
        (2, 0),
        (1, 1),
    ]


def test_boxes_move_and_others_stay() -> None:
    objects = pa.Table.from_pylist(
        [{"image_id": image, "object_id": "a", "box": [0, 0, 1, 1]} for image in "12"], schema.OBJECTS
    )
    drawn = pa.table(
        {"image_id": ["2"], "object_id": ["a"], "box": pa.array([[0.25, 0, 0.5, 1]], schema.BOX)}
    )
    moved = move_boxes(objects, drawn)
    assert moved["box"].to_pylist() == [[0, 0, 1, 1], [0.25, 0, 0.5, 1]]
    assert moved.schema == objects.schema
    assert move_boxes(objects, drawn.slice(0, 0)).equals(objects)


def test_evidence_for_a_rejected_relation_goes() -> None:
    rows = [
        {"image_id": image, "subject_label": label, "relation": "on", "object_label": "Desk"}
        for image in "12"
        for label in ("Cat", "Horse")
    ]
    relations = pa.Table.from_pylist(rows, schema.RELATIONS)
    gone = pa.table({"image_id": ["1"], "positive_claim": [CAT.claim_id]})
    triplets = [
        row | {"claim_id": CAT.claim_id if row["subject_label"] == "Cat" else "other"} for row in rows
    ]
    claimed = pa.Table.from_pylist(triplets, schema.CLAIMED_TRIPLETS)
    kept = without_relations(relations, claimed, gone).to_pylist()
    assert [(row["image_id"], row["subject_label"]) for row in kept] == [
        ("1", "Horse"),
        ("2", "Cat"),
        ("2", "Horse"),
    ]


def test_records_are_reviewed_where_something_of_them_was_accepted() -> None:
    table = captions(one=CAT, two=CAT)
    one, two = table["caption_id"].to_pylist()

    def record(image: str, sha256: str | None, claim: Claim, caption: str) -> dict[str, Any]:
        identity = f"{image}-{claim.claim_id}"
        return {"id": identity, "image_id": image, "sha256": sha256, "caption_ids": [caption] * 8}

    rows = [
        record("1", SHA, CAT, two),
        record("1", SHA, DOG, two),
        record("2", None, CAT, two),
        record("3", None, CAT, one),
        record("4", None, CAT, "edited"),
        record("5", None, CAT, two),
    ]
    fields = [schema.RECORDS.field(name) for name in rows[0]]
    decided = decided_of(
        decide(1, key=caption_key("one", CAT)),
        decide(2, key=caption_key("two", CAT), verdict="reject", reason="other"),
        relation(3, SHA, CAT),
        decide(4, kind="image", key="id:2"),
        relation(5, "id:5", CAT, verdict="reject", reason="unclear"),
    )
    marked = mark_reviewed(pa.Table.from_pylist(rows, pa.schema(fields)), table, ["edited"], decided)
    assert marked["reviewed"].to_pylist() == [True, False, True, True, True, False]


def test_journals_are_read_where_they_are_said_to_be(tmp_path: Path) -> None:
    assert read_decided(tmp_path, None).decisions == ()
    for folder, number in (("review", 1), ("other", 2)):
        with Journal(tmp_path / folder, "ada") as journal:
            journal.append(decide(number, key="k"))
    assert [one.id.int for one in read_decided(tmp_path, None).decisions] == [1]
    assert [one.id.int for one in read_decided(tmp_path, tmp_path / "other").decisions] == [2]
    with pytest.raises(UserError, match=r"--decisions .* is not a folder"):
        read_decided(tmp_path, tmp_path / "missing")


def test_the_digest_is_of_what_is_to_be_done() -> None:
    alone = decided_of(decide(1, key="k", verdict="reject", reason="awkward"))
    agreed = decided_of(
        decide(1, key="k", verdict="reject", reason="awkward"),
        decide(2, "bob", key="k", verdict="reject", reason="awkward"),
    )
    other = decided_of(decide(1, key="k", verdict="edit", text="A cat."))
    assert alone.digest == agreed.digest != other.digest
