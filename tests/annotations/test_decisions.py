"""What a decision may say, its line in a journal, and the keys of what is judged."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from helpers.deciding import CAT, decide
from hypothesis import given
from hypothesis import strategies as st

from naturel.annotations.claims import Claim
from naturel.annotations.decisions import (
    REASONS,
    Kind,
    LaterSchemaError,
    caption_key,
    from_line,
    from_values,
    image_key,
    is_annotator,
    relation_key,
)

SHA = "ab" * 32


def test_a_line_says_what_is_given_and_no_more() -> None:
    edited = decide(7, verdict="edit", text="A cat is on a desk.", sentence="cat on desk", claim=CAT)
    assert json.loads(edited.to_line()) == {
        "schema": 1,
        "id": "00000000-0000-0000-0000-000000000007",
        "time": "2026-03-01T12:00:07Z",
        "annotator": "ada",
        "kind": "caption",
        "key": caption_key("cat on desk", CAT),
        "verdict": "edit",
        "text": "A cat is on a desk.",
        "sentence": "cat on desk",
        "claim": {"subject": "cat", "relation": "on", "object": "desk"},
    }


@given(
    text=st.text(min_size=1, max_size=40),
    reason=st.sampled_from(sorted(REASONS[Kind.RELATION])),
    edge=st.floats(0, 0.49),
    session=st.none() | st.text(max_size=5),
)
def test_a_line_is_read_back_as_it_was(text: str, reason: str, edge: float, session: str | None) -> None:
    box = (edge, edge, 1 - edge, 1.0)
    key = relation_key(SHA, CAT)
    for decision in (
        decide(1, verdict="edit", text=text, session=session),
        decide(2, kind="relation", key=key, verdict="reject", reason=reason, claim=CAT),
        decide(3, kind="relation", key=key, verdict="edit", boxes={"subject": box}, adjudication=True),
        decide(4, kind="image", key=SHA, verdict="undo", retracts="00000000-0000-0000-0000-000000000003"),
    ):
        line = decision.to_line()
        assert "\n" not in line
        assert from_line(line.encode()) == decision


def test_times_are_kept_in_utc() -> None:
    decision = from_values(decide(1).model_dump() | {"time": "2026-03-01T14:00:00+02:00"})
    assert '"2026-03-01T12:00:00Z"' in decision.to_line()


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"verdict": "reject"}, "reason is missing; rejections need it"),
        (
            {"verdict": "reject", "reason": "blurred"},
            "reason 'blurred' of a caption is none of wrong_meaning, ",
        ),
        ({"verdict": "edit"}, "text is missing; edits of captions need it"),
        ({"text": "A cat."}, "text is only for edits of captions"),
        ({"reason": "awkward"}, "reason is only for rejections"),
        ({"kind": "relation", "verdict": "edit"}, "boxes is missing; edits of relations need it"),
        ({"kind": "image", "verdict": "edit"}, "a picture cannot be edited; reject it"),
        ({"verdict": "undo"}, "retracts is missing; undos need it"),
        ({"verdict": "skip", "adjudication": True}, "an adjudication decides; it cannot skip"),
        ({"verdict": "maybe"}, "verdict: Input should be 'accept', "),
        ({"time": "2026-03-01T12:00:00"}, "time: Input should have timezone info"),
        ({"annotator": "../ada"}, "annotator: '../ada' is no annotator's name: 1 to 64 letters"),
        ({"id": "first"}, "id: Input should be a valid UUID"),
        ({"mood": "good"}, "mood: Extra inputs are not permitted"),
        ({"sentence": "desk on cat", "claim": CAT}, "key is not that of the sentence and the claim"),
        (
            {"kind": "relation", "verdict": "edit", "boxes": {"subject": [0.5, 0, 0.4, 1]}},
            "boxes.subject: (0.5, 0.0, 0.4, 1.0) is no box",
        ),
        (
            {"kind": "relation", "verdict": "edit", "boxes": {"object": [0, 0, float("nan"), 1]}},
            "boxes.object: (0.0, 0.0, nan, 1.0) is no box",
        ),
        ({"kind": "relation", "verdict": "edit", "boxes": {}}, "boxes: boxes has neither"),
    ],
)
def test_what_cannot_be_decided_is_refused(values: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=r".") as error:
        decide(1, **values)
    assert str(error.value).startswith(why)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b'{"schema": 1, "id": ', "is not JSON in UTF-8"),
        (b"\xff\xfe", "is not JSON in UTF-8"),
        (b"[1]", "is no JSON object"),
        (b'{"id": "x"}', "has no schema version"),
        (b'{"schema": 1}', "id: Field required"),
    ],
)
def test_what_is_no_line_of_a_journal_is_refused(line: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        from_line(line)


def test_a_later_schema_is_refused_as_such() -> None:
    later = json.dumps(json.loads(decide(1).to_line()) | {"schema": 2})
    with pytest.raises(LaterSchemaError, match="has schema 2; this version of NatuRel reads up to 1"):
        from_line(later)


def test_keys_are_of_the_content() -> None:
    expected = hashlib.sha256(f"caf\u00e9 on desk\t{CAT.claim_id}".encode()).hexdigest()
    assert caption_key("cafe\u0301 on desk", CAT) == caption_key("caf\u00e9 on desk", CAT) == expected
    assert caption_key("cat on desk", CAT) != caption_key("cat on desk", Claim("desk", "on", "cat"))
    assert image_key("0a1b", SHA) == SHA
    assert image_key("0a1b", None) == "id:0a1b"
    assert relation_key(SHA, CAT) == f"{SHA}/{CAT.claim_id}"


@pytest.mark.parametrize("name", ["ada", "Ada.L-2", "a_b@c.org", "7"])
def test_names_that_may_be_files(name: str) -> None:
    assert is_annotator(name)


@pytest.mark.parametrize("name", ["", ".ada", "a/b", "a b", "..", "ada\n", "é", "a" * 65, "a\\b"])
def test_names_that_may_not(name: str) -> None:
    assert not is_annotator(name)
