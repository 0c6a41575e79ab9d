"""The desk: next items, decisions into the journal, undo, progress, other people's votes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from naturel.annotations.journal import read_journals
from naturel.review.choices import Queue
from naturel.review.desk import Desk

Open = Callable[..., Desk]


def decision(item: dict[str, Any], verdict: str, **others: Any) -> dict[str, Any]:
    """A decision about an item, as the panel makes it."""
    caption = item["type"] == "caption"
    about = {"sentence": item["sentence"], "claim": item["claim"]} if caption else {"claim": item["claim"]}
    kind = "caption" if caption else "relation"
    made = {"id": str(uuid4()), "time": "2024-05-01T10:00:00Z", "kind": kind, "key": item["key"], **about}
    return made | {"verdict": verdict} | others


def lines(folder: Path, annotator: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "review" / f"{annotator}.jsonl").read_text().splitlines()]


def test_a_decision_is_in_the_journal_with_who_took_it(open_desk: Open, tmp_path: Path) -> None:
    desk = open_desk("anna")
    item, following = desk.next_items(2)
    progress = desk.save([decision(item, "reject", reason="awkward") | {"annotator": "mallory"}], item["key"])
    (line,) = lines(tmp_path, "anna")
    assert (line["annotator"], line["verdict"], line["reason"]) == ("anna", "reject", "awkward")
    assert (line["session"], line["sentence"]) == ("morning", item["sentence"])
    assert (progress.done, progress.total) == (1, 24)
    assert desk.next_items(1)[0]["key"] == following["key"]


def test_the_same_id_is_one_decision(open_desk: Open, tmp_path: Path) -> None:
    desk = open_desk("anna")
    (item,) = desk.next_items(1)
    said = decision(item, "accept")
    for _ in range(3):
        desk.save([said], item["key"])
    assert len(lines(tmp_path, "anna")) == 1


def test_what_is_no_decision_is_refused_and_nothing_kept(open_desk: Open) -> None:
    desk = open_desk("anna")
    one, two = desk.next_items(2)
    with pytest.raises(ValueError, match="reason is missing"):
        desk.save([decision(one, "accept"), decision(two, "reject")], one["key"])
    assert desk.progress().done == 0
    assert not read_journals(desk.session.folder).decisions


def test_items_at_hand_are_not_given_again(open_desk: Open) -> None:
    desk = open_desk("anna")
    first = desk.next_items(3)
    more = desk.next_items(3, {item["key"] for item in first})
    assert not {item["key"] for item in first} & {item["key"] for item in more}


def test_undo_opens_the_item_again(open_desk: Open) -> None:
    desk = open_desk("anna")
    (item,) = desk.next_items(1)
    said = decision(item, "accept")
    desk.save([said], item["key"])
    undo = decision(item, "undo", retracts=said["id"])
    assert desk.undo([undo], item["key"]).done == 0
    assert desk.next_items(1)[0]["key"] == item["key"]
    assert desk.standing() == []


def test_another_start_goes_on_where_the_last_one_was(open_desk: Open) -> None:
    desk = open_desk("anna")
    items = desk.next_items(3)
    desk.save([decision(items[0], "accept")], items[0]["key"])
    desk.save([decision(items[1], "skip")], items[1]["key"])
    again = open_desk("anna")
    assert again.progress().done == 2
    assert again.next_items(1)[0]["key"] == items[2]["key"]


def test_annotators_share_the_work_and_overlap(open_desk: Open) -> None:
    names = ("anna", "ben")
    alone = [set(_keys(open_desk(name, annotators=names))) for name in names]
    assert not alone[0] & alone[1]
    assert len(alone[0] | alone[1]) == 24
    both = [set(_keys(open_desk(name, annotators=names, overlap=1.0))) for name in names]
    assert both[0] == both[1]


def test_gold_items_go_to_everybody(open_desk: Open, tmp_path: Path) -> None:
    names = ("anna", "ben")
    (first, *_) = _keys(open_desk("anna", annotators=names))
    gold = tmp_path / "gold.jsonl"
    gold.write_text(json.dumps({"key": first, "verdict": "accept"}) + "\n")
    assert first in _keys(open_desk("ben", annotators=names, gold=gold))


def test_captions_that_stand_in_most_records_come_first(open_desk: Open) -> None:
    items = open_desk("anna").next_items(24)
    assert [item["records"] for item in items] == sorted((item["records"] for item in items), reverse=True)
    item = next(item for item in items if item["sentence"] == "cat on desk")
    assert (item["positive"], item["negative"], item["records"]) == (2, 2, 4)
    assert [picture["truth"] for picture in item["pictures"]] == [True, True, False, False]


def test_flagged_are_doubts_of_the_checks_and_what_others_refused(open_desk: Open) -> None:
    anna = open_desk("anna")
    item = next(item for item in anna.next_items(24) if item["sentence"] == "cat on desk")
    anna.save([decision(item, "reject", reason="ambiguous")], item["key"])
    flagged = open_desk("ben", Queue.FLAGGED).next_items(24)
    assert len(flagged) == 7
    assert [one["sentence"] for one in flagged if one["doubt"] is None] == ["cat on desk"]
    assert open_desk("anna", Queue.FLAGGED).progress().total == 6


def test_a_dispute_is_adjudicated_with_the_votes_shown(open_desk: Open, tmp_path: Path) -> None:
    anna, ben = open_desk("anna"), open_desk("ben")
    one, two = anna.next_items(2)
    anna.save([decision(one, "accept"), decision(two, "accept")], None)
    ben.save([decision(one, "reject", reason="awkward"), decision(two, "accept")], None)

    (seen,) = open_desk("carol", Queue.DISAGREEMENT).next_items(9)
    assert seen["key"] == one["key"]
    assert "votes" not in seen

    judge = open_desk("ben", Queue.ADJUDICATE)  # who may have voted before
    (item,) = judge.next_items(9)
    assert item["votes"] == [
        {"annotator": "anna", "verdict": "accept", "reason": None, "text": None},
        {"annotator": "ben", "verdict": "reject", "reason": "awkward", "text": None},
    ]
    judge.save([decision(item, "accept")], item["key"])
    assert lines(tmp_path, "ben")[-1]["adjudication"] is True
    assert open_desk("carol", Queue.ADJUDICATE).next_items(9) == []


def test_agreement_is_told_by_kind(open_desk: Open) -> None:
    anna, ben = open_desk("anna"), open_desk("ben")
    one, two = anna.next_items(2)
    anna.save([decision(one, "accept"), decision(two, "accept")], None)
    ben.save([decision(one, "reject", reason="awkward"), decision(two, "accept")], None)
    (row,) = anna.agreement()
    assert (row["kind"], row["units"], row["raw"]) == ("caption", 2, 0.5)
    assert row["prevalence"] == {"accept": 0.75, "reject": 0.25}


def test_a_record_asks_about_each_denied_claim_once(open_desk: Open) -> None:
    (item,) = open_desk("anna", Queue.IMAGES).next_items(1)
    assert item["record_id"] == "r000000"
    assert item["key"] == item["relation_key"]
    assert [one["claim"]["subject"] for one in item["denied"]] == ["desk"]
    assert len(item["denied"][0]["sentences"]) == 4


def _keys(desk: Desk) -> list[str]:
    return [item["key"] for item in desk.next_items(99)]


def test_other_records_of_a_rejected_picture_are_not_asked_about(open_desk: Open) -> None:
    desk = open_desk("anna", queue=Queue.IMAGES)
    everything = desk.next_items(100)
    first = everything[0]
    same = [item["key"] for item in everything if item["image_key"] == first["image_key"]]
    assert 1 < len(same) < len(everything)
    about = {"id": str(uuid4()), "time": "2024-05-01T10:00:00Z", "kind": "image", "key": first["image_key"]}
    progress = desk.save([about | {"verdict": "reject", "reason": "blurred"}], first["key"])
    assert progress.done == len(same)
    assert not {item["key"] for item in desk.next_items(100)} & set(same)
    again = open_desk("anna", queue=Queue.IMAGES)
    assert again.progress().done == len(same)
    undo = about | {"id": str(uuid4()), "verdict": "undo", "retracts": about["id"]}
    assert desk.undo([undo], first["key"]).done == 0
    assert {item["key"] for item in desk.next_items(100)} >= set(same)
