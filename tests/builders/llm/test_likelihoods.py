"""Requests of log-likelihoods: what is asked, what is read, what is kept."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from helpers.likelihoods import likelihood, without_likelihood
from helpers.llm_server import LlmServer, question, strict_openai

from naturel.builders.llm.answers import NoLikelihoodError, NotACompletionError, Usage, judge
from naturel.builders.llm.api_call import ApiSettings
from naturel.builders.llm.cache import AnswerCache
from naturel.builders.llm.dialects import Server, body
from naturel.builders.llm.money import FREE, Meter, Prices
from naturel.builders.llm.openai_api import OpenAIEngine
from naturel.builders.llm.requests import Request, Sampling
from naturel.builders.llm.requests_file import request_line

TEXT = "a cat sits"
REQUEST = Request.likelihood_of("tiny", TEXT)
RESPONSE = likelihood(TEXT, {"a": -0.5, "cat": -3, "sits": -2.25})


def test_a_likelihood_has_a_digest_of_its_own_and_comes_back_from_its_text() -> None:
    chat = Request("tiny", REQUEST.messages, Sampling(max_tokens=1, seed=None))
    assert len({REQUEST.digest, chat.digest, Request.likelihood_of("tiny", "a cat").digest}) == 3
    assert Request.from_canonical(REQUEST.canonical) == REQUEST
    assert Request.from_canonical(chat.canonical) == chat
    assert "likelihood" not in chat.canonical


def test_the_text_is_sent_as_it_is_whatever_is_known_of_the_server() -> None:
    wanted = {"model": "tiny", "prompt": TEXT, "max_tokens": 1, "prompt_logprobs": 0}
    picky = Server(cap="max_completion_tokens", dropped=frozenset({"seed"}))
    assert body(REQUEST, Server()) == body(REQUEST, picky) == wanted
    assert json.loads(request_line(REQUEST))["url"] == "/v1/completions"
    assert json.loads(request_line(question("a")))["url"] == "/v1/chat/completions"


def test_the_numbers_of_all_tokens_but_the_first_are_read() -> None:
    result = judge(REQUEST, json.dumps(RESPONSE))
    assert result.is_answer
    assert result.value == (-3.0, -2.25)
    assert result.completion is not None
    assert result.completion.usage == Usage(3, 1)
    with_mark = likelihood(TEXT, {"a": -0.5, "cat": -3, "sits": -2.25}, mark=True)
    assert judge(REQUEST, json.dumps(with_mark)).value == (-0.5, -3.0, -2.25)


def test_alternatives_come_after_the_token_of_the_text() -> None:
    tokens = [None, {"7": {"logprob": -3.0, "rank": 9}, "2": {"logprob": -0.1, "rank": 1}}]
    assert judge(REQUEST, json.dumps({"choices": [{"prompt_logprobs": tokens}]})).value == (-3.0,)


def test_one_token_has_no_likelihood() -> None:
    assert judge(REQUEST, json.dumps({"choices": [{"prompt_logprobs": [None]}]})).value == ()


@pytest.mark.parametrize(
    "tokens",
    [
        [None, None],
        [None, {}],
        [None, {"1": {"rank": 1}}],
        [None, {"1": {"logprob": "-1"}}],
        [None, {"1": {"logprob": float("nan")}}],
        [None, {"1": {"logprob": -1.0}}, None],
        [None, -1.0],
    ],
)
def test_what_is_no_number_is_no_likelihood(tokens: list[object]) -> None:
    with pytest.raises(NotACompletionError, match="without a number"):
        judge(REQUEST, json.dumps({"choices": [{"prompt_logprobs": tokens}]}))


def test_a_completion_alone_is_no_likelihood() -> None:
    for response in (without_likelihood(TEXT), RESPONSE | {"choices": [{"prompt_logprobs": None}]}):
        with pytest.raises(NoLikelihoodError):
            judge(REQUEST, json.dumps(response))
    with pytest.raises(NotACompletionError, match="no choices"):
        judge(REQUEST, '{"error": "no"}')


def test_both_kinds_of_requests_in_one_run_are_kept(cache: AnswerCache) -> None:
    requests = [REQUEST, question("a"), replace(REQUEST, model="other")]
    with LlmServer(
        likely=lambda text: RESPONSE, judge=lambda body: strict_openai(body) if "messages" in body else None
    ) as server:
        engine = OpenAIEngine(ApiSettings(server.url))
        first = engine.complete(requests, cache, Meter(Prices({}, FREE)))
        count = len(server.bodies)
        again = engine.complete(requests, cache, Meter(Prices({}, FREE)))
        assert len(server.bodies) == count
    assert [result.value for result in first] == [(-3.0, -2.25), {"caption": "Here is a."}, (-3.0, -2.25)]
    assert [result.value for result in again] == [result.value for result in first]
    assert all(result.cached for result in again)
