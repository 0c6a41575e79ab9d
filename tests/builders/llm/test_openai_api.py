from __future__ import annotations

import time
from dataclasses import replace
from decimal import Decimal
from email.utils import formatdate
from typing import Any

import pytest
from helpers.llm_server import (
    HTML,
    LlmServer,
    Reply,
    completion,
    error,
    good,
    llama_cpp,
    no_json_at_all,
    question,
    strict_openai,
    twice,
    with_logprobs,
    without_usage,
)

from naturel.annotations.errors import UserError
from naturel.builders.llm.answers import Outcome, Result, Usage
from naturel.builders.llm.api_call import ApiSettings
from naturel.builders.llm.cache import AnswerCache
from naturel.builders.llm.dialects import Dialect, Server
from naturel.builders.llm.engines import complete_insisting
from naturel.builders.llm.housekeeping import cache_stats
from naturel.builders.llm.money import Meter, Price, Prices, estimate_usage, worst_usage
from naturel.builders.llm.openai_api import OpenAIEngine
from naturel.builders.llm.requests import Request, Sampling

PRICE = Price(Decimal(1000), Decimal(2000))
KNOWN = Server().having_answered(question("a"))
KEY = "sk-test-0123456789abcdef"


def settings(server: LlmServer, **values: Any) -> ApiSettings:
    quick = ApiSettings(
        server.url, attempts=3, connect_timeout=0.5, answer_timeout=0.5, backoff=0.01, longest_wait=3
    )
    return replace(quick, **values)


def meter(max_cost: Decimal | None = None) -> Meter:
    return Meter(Prices({"tiny": PRICE}), max_cost)


def ask(server: LlmServer, cache: AnswerCache, *texts: str, **values: Any) -> list[Result]:
    return OpenAIEngine(settings(server, **values)).complete(
        [question(text) for text in texts], cache, meter()
    )


FAULTS: dict[str, tuple[list[Reply], Outcome, int, int]] = {
    # replies, outcome, calls, of these maybe billed without an answer
    "good": ([], Outcome.ANSWER, 1, 0),
    "busy": ([Reply(error("slow down"), 429)], Outcome.ANSWER, 2, 0),
    "busy for ever": ([Reply(error("slow down"), 429)] * 9, Outcome.RATE_LIMITED, 3, 0),
    "broken twice": ([Reply("oops", 500), Reply("oops", 503)], Outcome.ANSWER, 3, 0),
    "broken": ([Reply("oops", 500)] * 9, Outcome.SERVER_ERROR, 3, 0),
    "hangs once": ([Reply(hang=True)], Outcome.ANSWER, 2, 1),
    "hangs": ([Reply(hang=True)] * 9, Outcome.TIMEOUT, 3, 3),
    "drips": ([Reply(good("drips"), drip=0.2)], Outcome.ANSWER, 2, 1),
    "slow": ([Reply(good("slow"), drip=0.01)], Outcome.ANSWER, 1, 0),
    "hangs up": ([Reply(drop=True)], Outcome.ANSWER, 2, 1),
    "breaks off": ([Reply(good("breaks off"), cut=40)], Outcome.ANSWER, 2, 1),
    "always breaks off": ([Reply(good("x"), cut=40)] * 9, Outcome.CONNECTION, 3, 3),
    "html": ([HTML], Outcome.ANSWER, 2, 1),
    "always html": ([HTML] * 9, Outcome.BAD_RESPONSE, 3, 3),
    "error with 200": ([Reply(error("overloaded"))], Outcome.ANSWER, 2, 1),
    "too long": ([Reply(error("maximum context length is 4096"), 400)], Outcome.BAD_REQUEST, 1, 0),
    "two choices": ([Reply(twice("two choices"))], Outcome.ANSWER, 1, 0),
    "off the schema": ([Reply(completion('{"title": "a"}', "off the schema"))], Outcome.MALFORMED, 1, 0),
    "prose": ([Reply(completion("Here it is!", "prose"))], Outcome.MALFORMED, 1, 0),
    "refusal": ([Reply(completion(None, "refusal", refusal="No."))], Outcome.REFUSAL, 1, 0),
    "empty": ([Reply(completion("", "empty"))], Outcome.EMPTY, 1, 0),
    "truncated": ([Reply(completion('{"cap', "truncated", finish="length"))], Outcome.TRUNCATED, 1, 0),
    "french": ([Reply(completion('{"caption": "Un chat."}', "french"))], Outcome.ANSWER, 1, 0),
}


def test_every_fault_at_once_adds_up(cache: AnswerCache) -> None:
    """One server with all faults, all requests at the same time: calls, answers and costs are exact."""
    with LlmServer({text: fault[0] for text, fault in FAULTS.items()}) as server:
        cache.remember_server(server.url, "tiny", KNOWN)
        engine, spent = OpenAIEngine(settings(server)), meter()
        told: list[Result] = []
        requests = [question(text) for text in FAULTS]
        results = engine.complete(requests, cache, spent, told.append)
        found = {
            text: (result.outcome, server.calls[text]) for text, result in zip(FAULTS, results, strict=True)
        }
        assert found == {text: (fault[1], fault[2]) for text, fault in FAULTS.items()}
        assert [result.request for result in results] == requests
        assert len(told) == len(FAULTS)
        calls = sum(server.calls.values())
        finished = [text for text, fault in FAULTS.items() if fault[1].is_finished]
        lost = {text: fault[3] for text, fault in FAULTS.items() if fault[3]}
        assert (spent.calls, spent.cached, spent.estimated_calls) == (calls, 0, 0)
        assert spent.lost_calls == sum(lost.values())
        assert spent.input_tokens == sum(10 + len(text) for text in finished)
        assert spent.output_tokens == 5 * len(finished)
        paid = sum((PRICE.of(Usage(10 + len(text), 5)) for text in finished), Decimal(0))
        perhaps = sum((n * PRICE.of(worst_usage(question(text))) for text, n in lost.items()), Decimal(0))
        assert spent.cost == paid + perhaps
        assert not spent.is_waiting

        again = meter()
        engine.complete([question(text) for text in finished], cache, again)
        assert sum(server.calls.values()) == calls
        assert (again.calls, again.cached, again.cost) == (0, len(finished), Decimal(0))
        (stats,) = cache_stats(cache).models
        assert sum(stats.outcomes.values()) == len(finished)
        assert stats.failed_calls["timeout"] == 5


def test_raw_text_of_failed_answers_is_kept(cache: AnswerCache) -> None:
    with LlmServer({"a": FAULTS["prose"][0]}) as server:
        cache.remember_server(server.url, "tiny", KNOWN)
        (result,) = ask(server, cache, "a")
        assert result.text == "Here it is!"
        assert result.detail.startswith("not JSON")
        (known,) = ask(server, cache, "a")
        assert (known.cached, known.outcome, known.text) == (True, Outcome.MALFORMED, "Here it is!")


def test_asking_again_with_other_seeds(cache: AnswerCache) -> None:
    with LlmServer(
        {"a": [*FAULTS["prose"][0], *FAULTS["refusal"][0]], "b": FAULTS["empty"][0] * 9}
    ) as server:
        cache.remember_server(server.url, "tiny", KNOWN)
        engine, spent = OpenAIEngine(settings(server)), meter()
        requests = [question("a"), question("b"), question("c")]
        results = complete_insisting(engine, requests, cache, spent, 3)
        assert [result.outcome for result in results] == [Outcome.ANSWER, Outcome.EMPTY, Outcome.ANSWER]
        assert [result.request.attempt for result in results] == [2, 2, 0]
        assert (server.calls["a"], server.calls["b"], server.calls["c"], spent.calls) == (3, 3, 1, 7)
        assert len({body["seed"] for body in server.bodies if body["messages"][-1]["content"] == "a"}) == 3
        later = meter()
        assert complete_insisting(engine, requests, cache, later, 3)[0].value == results[0].value
        assert later.calls == 0


def test_equal_requests_are_asked_once(cache: AnswerCache) -> None:
    with LlmServer() as server:
        results = ask(server, cache, "a", "b", "a", "a")
        assert [result.value["caption"] for result in results] == [f"Here is {x}." for x in "abaa"]
        assert server.calls == {"a": 1, "b": 1}


def test_nothing_to_ask_needs_no_server(cache: AnswerCache) -> None:
    engine = OpenAIEngine(ApiSettings("http://127.0.0.1:1/v1"))
    assert engine.complete([], cache, meter()) == []


@pytest.mark.parametrize("form", ["seconds", "milliseconds", "date"])
def test_retry_after_is_honoured_by_all(cache: AnswerCache, form: str) -> None:
    wait = {
        "seconds": {"Retry-After": "0.5"},
        "milliseconds": {"Retry-After-Ms": "500", "Retry-After": "60"},
        "date": {"Retry-After": formatdate(time.time() + 1.5, usegmt=True)},
    }[form]
    with LlmServer({"a": [Reply(error("slow down"), 429, wait)]}) as server:
        start = time.monotonic()
        results = ask(server, cache, "a", "b", "c")
        assert all(result.is_answer for result in results)
        assert 0.5 <= time.monotonic() - start < 2.8
        assert server.calls["a"] == 2


def test_a_wait_that_is_too_long_stops_the_run(cache: AnswerCache) -> None:
    with LlmServer({"b": [Reply(error("tomorrow"), 429, {"Retry-After": "86400"})]}) as server:
        with pytest.raises(UserError, match=r"left alone for 86,400 s.*same command"):
            ask(server, cache, "a", "b", "c", concurrency=1)
        assert cache.results([question("a")])[question("a").digest].is_answer
        assert server.calls == {"a": 1, "b": 1}


def test_concurrency_is_bounded_and_used(cache: AnswerCache) -> None:
    with LlmServer(pause=0.03) as server:
        cache.remember_server(server.url, "tiny", KNOWN)
        results = ask(server, cache, *map(str, range(40)), concurrency=8)
        assert all(result.is_answer for result in results)
        assert server.most_at_once == 8


@pytest.mark.parametrize(
    ("judge", "expected", "calls"),
    [
        (None, Server(), 5),
        (llama_cpp, Server(Dialect.JSON_OBJECT_SCHEMA), 6),
        (strict_openai, Server(cap="max_completion_tokens"), 6),
        (no_json_at_all, Server(Dialect.WORDS, dropped=frozenset({"seed"})), 9),
    ],
)
def test_dialects_are_found_once_and_remembered(
    cache: AnswerCache, judge: Any, expected: Server, calls: int
) -> None:
    with LlmServer(judge=judge) as server:
        assert all(result.is_answer for result in ask(server, cache, *"abcde"))
        assert len(server.bodies) == calls
        known = expected.having_answered(question("a"))
        assert cache.server(server.url, "tiny") == known
        ask(server, cache, "f", "g")
        assert len(server.bodies) == calls + 2


def test_a_server_that_pays_no_heed_to_the_schema_is_told_in_words(cache: AnswerCache) -> None:
    def deaf(text: str) -> dict[str, Any]:
        told = "JSON schema" in server.bodies[-1]["messages"][0]["content"]
        return good(text) if told else completion("Here it is!", text)

    with LlmServer(answer=deaf) as server:
        spent = meter()
        (result,) = OpenAIEngine(settings(server)).complete([question("a")], cache, spent)
        assert result.is_answer
        remembered = cache.server(server.url, "tiny")
        assert remembered is not None
        assert remembered.dialect is Dialect.JSON_OBJECT
        assert (spent.calls, spent.output_tokens) == (3, 15)


def test_a_bad_model_does_not_spoil_the_dialect(cache: AnswerCache) -> None:
    with LlmServer(answer=lambda text: completion("Here it is!", text)) as server:
        results = ask(server, cache, "a", "b")
        assert [result.outcome for result in results] == [Outcome.MALFORMED] * 2
        remembered = cache.server(server.url, "tiny")
        assert remembered is not None
        assert remembered.dialect is Dialect.JSON_SCHEMA
        assert (server.calls["a"], server.calls["b"]) == (4, 1)


def test_a_server_without_logprobs(cache: AnswerCache) -> None:
    judging = Sampling(max_tokens=1, top_logprobs=2)
    requests = [question(text, judging, schema=None) for text in "ab"]
    with LlmServer(judge=no_json_at_all) as server:
        results = OpenAIEngine(settings(server)).complete(requests, cache, meter())
        assert all(result.is_answer for result in results)
        row = cache.database.rows("SELECT dialect FROM answers")[0]
        assert row["dialect"] == "json_schema -seed -top_logprobs"
    with LlmServer(answer=with_logprobs) as server:
        (result,) = OpenAIEngine(settings(server)).complete([requests[0].again()], cache, meter())
        assert result.completion is not None
        assert result.completion.logprobs == ({"yes": -0.1, "no": -2.5},)


def test_what_is_learnt_at_the_same_time_is_not_lost(cache: AnswerCache) -> None:
    judging = question("judge", Sampling(max_tokens=1, top_logprobs=2), schema=None)
    slow = {str(i): [Reply(good(str(i)), pause=0.2)] for i in range(1, 8)}
    with LlmServer(slow, judge=no_json_at_all) as server:
        requests = [*map(question, "01234567"), judging]
        OpenAIEngine(settings(server)).complete(requests, cache, meter())
        remembered = cache.server(server.url, "tiny")
        assert remembered is not None
        assert remembered.dropped == {"seed", "top_logprobs"}
        assert remembered.known == {"chat", "schema", "seed", "top_logprobs"}


def test_no_usage_is_estimated_and_said(cache: AnswerCache) -> None:
    with LlmServer(answer=without_usage) as server:
        spent = meter()
        OpenAIEngine(settings(server)).complete([question("a")], cache, spent)
        usage = Usage(estimate_usage(question("a")).input_tokens, len('{"caption": "Here is a."}') // 4 + 1)
        assert (spent.estimated_calls, spent.cost) == (1, PRICE.of(usage))


@pytest.mark.parametrize("concurrency", [1, 8])
def test_the_budget_is_never_passed(cache: AnswerCache, concurrency: int) -> None:
    requests = [question(f"{i:02}") for i in range(60)]
    worst = PRICE.of(worst_usage(requests[0]))
    limit = worst + PRICE.of(Usage(12, 5)) * 20
    with LlmServer(pause=0.002) as server:
        engine, spent = OpenAIEngine(settings(server, concurrency=concurrency)), meter(limit)
        results = engine.complete(requests, cache, spent)
        answered = sum(result.is_answer for result in results)
        assert spent.stopped
        # As much as fits, also with many calls at once: they wait for each other's money.
        assert answered == sum(server.calls.values()) == 21
        assert spent.cost == 21 * PRICE.of(Usage(12, 5)) <= limit
        assert {result.outcome for result in results} == {Outcome.ANSWER, Outcome.NOT_ASKED}
        engine.complete(requests, cache, meter())
        assert max(server.calls.values()) == 1


def test_no_money_at_all(cache: AnswerCache) -> None:
    with LlmServer() as server:
        spent = meter(Decimal(0))
        (result,) = OpenAIEngine(settings(server)).complete([question("a")], cache, spent)
        assert (result.outcome, spent.stopped, len(server.bodies)) == (Outcome.NOT_ASKED, True, 0)


def test_an_unknown_price_stops_before_anything_is_asked(cache: AnswerCache) -> None:
    with LlmServer() as server:
        with pytest.raises(UserError, match="--price IN,OUT"):
            OpenAIEngine(settings(server)).complete([question("a")], cache, Meter(Prices({})))
        assert server.bodies == []


def test_inside_a_running_loop(cache: AnswerCache) -> None:
    """As in a notebook."""
    import asyncio

    async def notebook() -> list[Result]:
        return ask(server, cache, "a")

    with LlmServer() as server:
        assert asyncio.run(notebook())[0].is_answer


def test_a_callers_mistake_is_not_hidden(cache: AnswerCache) -> None:
    def clumsy(result: Result) -> None:
        raise ZeroDivisionError

    with LlmServer() as server, pytest.raises(ZeroDivisionError):
        OpenAIEngine(settings(server)).complete([question("a"), question("b")], cache, meter(), clumsy)


def test_models_are_asked_apart(cache: AnswerCache) -> None:
    requests: list[Request] = [question("a"), replace(question("a"), model="other")]
    prices = Prices({"tiny": PRICE, "other": Price(Decimal(1), Decimal(1))})
    with LlmServer() as server:
        spent = Meter(prices)
        results = OpenAIEngine(settings(server)).complete(requests, cache, spent)
        assert all(result.is_answer for result in results)
        assert {body["model"] for body in server.bodies} == {"tiny", "other"}
        assert spent.cost == prices.of("tiny").of(Usage(11, 5)) + prices.of("other").of(Usage(11, 5))
