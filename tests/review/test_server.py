"""Questions of the panel and their answers, with a database that is not there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from helpers.small_release import OBJECT_BOX, SUBJECT_BOX

from naturel.annotations.decisions import REASONS
from naturel.annotations.journal import read_journals
from naturel.review.choices import Queue
from naturel.review.mirror import DatabaseMirror
from naturel.review.server import Answers
from naturel.review.session import Session

Boxes = dict[str, list[float] | None]


@pytest.fixture
def ask(release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answers]:
    """Makes the answers of a session; the database says that boxes are as `drawn`."""

    def answers(queue: Queue, drawn: Boxes | None = None) -> Answers:
        monkeypatch.setattr(DatabaseMirror, "start", lambda *_: None)
        monkeypatch.setattr(DatabaseMirror, "boxes", lambda *_: drawn)
        session = Session(
            release=release, folder=tmp_path / "review", annotator="anna", annotators=("anna",), queue=queue,
            overlap=0, gold=None, dataset="d", database_uri="mongodb://127.0.0.1:1", name="morning",
        )  # fmt: skip
        return Answers(session)

    return answers


def relation(item: dict[str, Any], verdict: str, **others: Any) -> dict[str, Any]:
    about = {"kind": "relation", "key": item["relation_key"], "claim": item["claim"]}
    return {"id": str(uuid4()), "time": "2024-05-01T10:00:00Z", "verdict": verdict} | about | others


def save(item: dict[str, Any], *decisions: dict[str, Any]) -> dict[str, Any]:
    boxes = {"subject": item["subject"]["box"], "object": item["object"]["box"]}
    return {"decisions": list(decisions), "done": item["key"], "sample": item["sample"], "boxes": boxes}


def test_status_says_who_is_at_work_and_the_reasons(ask: Callable[..., Answers]) -> None:
    status = ask(Queue.CAPTIONS).status({})
    assert (status["annotator"], status["queue"]) == ("anna", "captions")
    assert list(status["reasons"]["caption"]) == list(REASONS["caption"])  # type: ignore[index]
    assert status["progress"] == {"done": 0, "total": 24, "seconds": None}


def test_an_accepted_relation_with_moved_boxes_is_an_edit(
    ask: Callable[..., Answers], tmp_path: Path
) -> None:
    answers = ask(Queue.IMAGES, {"subject": [0.2, 0.2, 0.4, 0.6], "object": OBJECT_BOX})
    (item,) = answers.next({"count": 1})["items"]
    answer = answers.save(save(item, relation(item, "accept")))
    assert answer["edited"] == 1
    (kept,) = read_journals(tmp_path / "review").decisions
    assert kept.verdict == "edit"
    assert kept.boxes is not None
    assert (kept.boxes.subject, kept.boxes.object) == ((0.2, 0.2, 0.4, 0.6), None)


def test_untouched_boxes_and_rejections_stay_as_they_are(ask: Callable[..., Answers], tmp_path: Path) -> None:
    answers = ask(Queue.IMAGES, {"subject": SUBJECT_BOX, "object": OBJECT_BOX})
    one, two = answers.next({"count": 2})["items"]
    assert answers.save(save(one, relation(one, "accept")))["edited"] == 0
    answers.save(save(two, relation(two, "reject", reason="wrong_relation")))
    assert [one.verdict for one in read_journals(tmp_path / "review").decisions] == ["accept", "reject"]


def test_what_is_no_decision_is_refused_in_words(ask: Callable[..., Answers]) -> None:
    answers = ask(Queue.IMAGES, {"subject": SUBJECT_BOX, "object": OBJECT_BOX})
    (item,) = answers.next({"count": 1})["items"]
    answer = answers.save(save(item, relation(item, "reject")))
    assert "reason is missing" in answer["refused"]
    assert answers.next({"count": 1})["items"][0]["key"] == item["key"]


def test_an_edited_sentence_is_read(ask: Callable[..., Answers]) -> None:
    answers = ask(Queue.CAPTIONS)
    claim = {"subject": "cat", "relation": "on", "object": "desk"}
    good = answers.check({"text": "A cat is on a desk.", "claim": claim, "style": "complex"})
    assert (good["states"], good["says"], good["problems"]) == ("yes", ["cat on desk"], [])
    swapped = answers.check({"text": "A desk is on a cat.", "claim": claim, "style": "complex"})
    assert (swapped["states"], swapped["says"]) == ("no", ["desk on cat"])
    short = answers.check({"text": "A cat is on a a desk.", "claim": claim, "style": "complex"})
    assert "a word is there twice" in short["problems"]
