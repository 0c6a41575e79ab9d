"""Schemas of answers: the part that all servers take, against the jsonschema package where it is installed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naturel.prompts.answers import answer_faults, answer_in_order, schema_faults, schema_in_order

CAPTION: dict[str, Any] = {
    "type": "object",
    "required": ["construction", "text"],
    "additionalProperties": False,
    "properties": {"text": {"type": "string"}, "construction": {"type": "string", "enum": ["svo", "cleft"]}},
}
SCHEMA: dict[str, Any] = {
    "additionalProperties": False,
    "type": "object",
    "properties": {
        "captions": {"type": "array", "items": CAPTION},
        "count": {"type": "integer"},
        "sure": {"type": "boolean"},
        "share": {"type": "number"},
    },
    "required": ["captions", "count", "sure", "share"],
}

leaves = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(allow_nan=False)
    | st.sampled_from(["svo", "x"])
)
captions = st.dictionaries(st.sampled_from(["construction", "text", "odd"]), leaves)
answers = leaves | st.dictionaries(
    st.sampled_from(["captions", "count", "sure", "share", "odd"]), leaves | st.lists(captions, max_size=2)
)


def test_a_strict_schema_has_no_fault() -> None:
    assert list(schema_faults(SCHEMA)) == []
    assert list(schema_faults({"type": "string", "enum": ["yes", "no"]})) == []


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        (None, "schema: "),
        ({}, "schema.type: "),
        ({"type": ["string", "null"]}, "schema.type: "),
        ({"type": "string", "maxLength": 3}, "schema.maxLength: "),
        ({"type": "string", "enum": ["a", "a"]}, "schema.enum: "),
        ({"type": "string", "enum": []}, "schema.enum: "),
        ({"type": "array"}, "schema.items: "),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 2}, "schema.maxItems: "),
        ({"type": "object"}, "schema.properties: "),
        ({**CAPTION, "required": ["text"]}, "schema.required: "),
        ({**CAPTION, "additionalProperties": True}, "schema.additionalProperties: "),
        (
            {**CAPTION, "properties": {"text": {"type": "text"}}, "required": ["text"]},
            "schema.properties.text.type: ",
        ),
    ],
)
def test_what_some_server_refuses_is_a_fault(schema: object, place: str) -> None:
    faults = list(schema_faults(schema))
    assert len(faults) == 1
    assert faults[0].startswith(place)


@given(answers)
def test_answers_are_judged_as_jsonschema_does(answer: Any) -> None:
    package: Any = pytest.importorskip("jsonschema")
    # JSON Schema takes 1.0 for an integer; we do not, as no model writes a count so.
    whole = isinstance(answer, dict) and isinstance(answer.get("count"), float)
    if not whole:
        valid = package.Draft202012Validator(SCHEMA).is_valid(answer)
        assert (not list(answer_faults(answer, SCHEMA))) == valid


def test_faults_of_an_answer_name_their_places() -> None:
    answer = {"captions": [{"construction": "passive", "text": 3, "note": ""}], "count": True, "sure": True}
    assert list(answer_faults(answer, SCHEMA)) == [
        "answer: has no 'share'",
        "answer.captions.0.construction: 'passive' is none of svo, cleft",
        "answer.captions.0.text: 3 is no string",
        "answer.captions.0: 'note' is not in the schema",
        "answer.count: True is no integer",
    ]


def test_the_order_of_keys_comes_from_required() -> None:
    sent = json.dumps(schema_in_order(SCHEMA)["properties"]["captions"])
    assert sent == (
        '{"items": {"additionalProperties": false, "properties": {"construction": {"enum": ["svo", "cleft"], '
        '"type": "string"}, "text": {"type": "string"}}, "required": ["construction", "text"], "type": "object"}, '
        '"type": "array"}'
    )
    answer = {"share": 0.5, "captions": [{"text": "A.", "construction": "svo"}], "sure": False, "count": 1}
    assert json.dumps(answer_in_order(answer, SCHEMA)) == (
        '{"captions": [{"construction": "svo", "text": "A."}], "count": 1, "sure": false, "share": 0.5}'
    )
