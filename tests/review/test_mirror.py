"""What decisions change in the app's database, and which boxes were drawn anew."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from bson import ObjectId
from helpers.small_release import OBJECT_BOX, SUBJECT_BOX

from naturel.annotations.claims import Claim
from naturel.annotations.decisions import Decision, caption_key, from_values
from naturel.review.contents import Contents, sample_id
from naturel.review.mirror import changed_boxes, changes_of, sides


def made(**values: Any) -> Decision:
    return from_values({"id": uuid4(), "time": datetime.now(UTC), "annotator": "anna"} | values)


def change(decision: Decision, contents: Contents) -> tuple[list[str], dict[str, Any]]:
    """The records that a decision changes, and how."""
    (update,) = changes_of([decision], contents, "d")
    ids = set(update._filter["_id"]["$in"])
    rows = [row for row in range(contents.count) if ObjectId(sample_id("d", contents.record_id(row))) in ids]
    assert len(rows) == len(ids)
    assert isinstance(update._doc, dict)
    return [contents.record_id(row) for row in rows], update._doc


def test_a_rejected_caption_is_told_by_all_its_records(contents: Contents) -> None:
    claim = Claim("cat", "on", "desk")
    key = contents.caption_keys[contents.caption_numbers[caption_key("cat on desk", claim)]]
    decision = made(
        kind="caption", key=key, verdict="reject", reason="awkward", sentence="cat on desk", claim=claim
    )
    records, how = change(decision, contents)
    assert records == ["r000000", "r000001", "r000006", "r000007"]
    assert how == {"$addToSet": {"bad_captions": "cat on desk"}}
    undo = made(kind="caption", key=key, verdict="undo", retracts=decision.id, sentence="cat on desk")
    assert change(undo, contents)[1] == {"$pull": {"bad_captions": "cat on desk"}}


def test_a_rejected_relation_is_told_by_its_record(contents: Contents) -> None:
    decision = made(kind="relation", key=contents.relation_keys[2], verdict="reject", reason="wrong_relation")
    records, how = change(decision, contents)
    assert records == ["r000002"]
    assert how["$addToSet"] == {"reviewed_by": "anna"}
    assert how["$set"] == {"verdict": "reject", "reason": "wrong_relation"}


def test_drawn_boxes_are_put_back_for_the_next_annotator(contents: Contents) -> None:
    boxes = {"subject": [0.1, 0.1, 0.5, 0.5]}
    decision = made(kind="relation", key=contents.relation_keys[2], verdict="edit", boxes=boxes)
    _, how = change(decision, contents)
    assert how["$set"]["subject.bounding_box"] == pytest.approx(sides(SUBJECT_BOX), abs=1e-6)
    assert "object.bounding_box" not in how["$set"]


def test_a_decision_about_nothing_that_is_there_changes_nothing(contents: Contents) -> None:
    gone = made(kind="image", key="0" * 64, verdict="accept")
    assert list(changes_of([gone], contents, "d")) == []


def test_a_box_that_was_moved_is_found_and_cut_at_the_edges() -> None:
    release = {"subject": SUBJECT_BOX, "object": OBJECT_BOX}
    assert changed_boxes({"subject": [0.10000001, 0.2, 0.4, 0.6], "object": OBJECT_BOX}, release) == {}
    moved = {"subject": [-0.02, 0.2, 0.4, 0.6], "object": None}
    assert changed_boxes(moved, release) == {"subject": [0.0, 0.2, 0.4, 0.6]}
