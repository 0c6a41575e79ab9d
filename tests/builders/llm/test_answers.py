from __future__ import annotations

import json
from typing import Any

import pytest
from helpers.llm_server import (
    SCHEMA,
    caption,
    completion,
    good,
    question,
    twice,
    with_logprobs,
    without_usage,
)

from naturel.builders.llm.answers import NotACompletionError, Outcome, Usage, judge, read_completion
from naturel.builders.llm.requests import Sampling


def judged(response: dict[str, Any], schema: bool = True) -> tuple[Outcome, Any]:
    request = question("a") if schema else question("a", schema=None)
    result = judge(request, json.dumps(response))
    return result.outcome, result.value


def test_an_answer() -> None:
    result = judge(question("a"), json.dumps(good("a")))
    assert result.is_answer
    assert result.value == {"caption": "Here is a."}
    assert result.text == caption("a")
    assert result.completion is not None
    assert result.completion.usage == Usage(11, 5)
    assert result.completion.model == "tiny-2026"


@pytest.mark.parametrize(
    ("response", "outcome"),
    [
        (completion(None, refusal="I cannot."), Outcome.REFUSAL),
        (completion("", finish="content_filter"), Outcome.REFUSAL),
        (completion(None), Outcome.EMPTY),
        (completion("  \n"), Outcome.EMPTY),
        (completion('{"caption": "Her', finish="length"), Outcome.TRUNCATED),
        (completion(caption("a"), finish="length"), Outcome.TRUNCATED),
        (completion("Here is a."), Outcome.MALFORMED),
        (completion('{"caption": 3}'), Outcome.MALFORMED),
        (completion('{"caption": "a", "more": 1}'), Outcome.MALFORMED),
        (completion('["a"]'), Outcome.MALFORMED),
        (completion('{"caption": "\\ud800"}'), Outcome.MALFORMED),
        (completion("[" * 100_000), Outcome.MALFORMED),
    ],
)
def test_what_is_no_answer(response: dict[str, Any], outcome: Outcome) -> None:
    assert judged(response) == (outcome, None)
    assert outcome.is_finished


def test_kinder_forms() -> None:
    assert judged(completion(f"```json\n{caption('a')}\n```")) == (Outcome.ANSWER, {"caption": "Here is a."})
    assert judged(completion("Any text."), schema=False) == (Outcome.ANSWER, "Any text.")
    assert judged(twice("a")) == (Outcome.ANSWER, {"caption": "Here is a."})


def test_the_fault_is_named() -> None:
    result = judge(question("a"), json.dumps(completion('{"caption": 3}')))
    assert result.detail == "off the schema at $.caption: 3 is not of type 'string'"
    assert SCHEMA.document["properties"]["caption"]["type"] == "string"


def test_one_token_is_enough_for_its_probabilities() -> None:
    request = question("a", Sampling(max_tokens=1, top_logprobs=2), schema=None)
    raw = json.dumps(completion("yes", finish="length"))
    assert judge(request, raw).is_answer
    assert judge(question("a", schema=None), raw).outcome is Outcome.TRUNCATED


def test_usage_may_be_missing_or_nonsense() -> None:
    assert read_completion(json.dumps(without_usage("a"))).usage is None
    nonsense = good("a") | {"usage": {"prompt_tokens": "many", "completion_tokens": -1}}
    assert read_completion(json.dumps(nonsense)).usage is None


def test_logprobs() -> None:
    assert read_completion(json.dumps(with_logprobs("a"))).logprobs == ({"yes": -0.1, "no": -2.5},)
    assert read_completion(json.dumps(good("a"))).logprobs is None


@pytest.mark.parametrize(
    "raw",
    ["<html>", "", "[]", "{}", '{"choices": []}', '{"choices": [{"text": "a"}]}', '{"error": {}}', "null"],
)
def test_no_completion_at_all(raw: str) -> None:
    with pytest.raises(NotACompletionError):
        read_completion(raw)
