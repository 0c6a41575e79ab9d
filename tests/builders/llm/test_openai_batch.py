from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from helpers.llm_server import LlmServer, Reply, error, good, question, strict_openai

from naturel.annotations.errors import UserError
from naturel.builders.llm.answers import Outcome, Result, Usage
from naturel.builders.llm.api_call import ApiSettings
from naturel.builders.llm.batch_ledger import BatchLedger
from naturel.builders.llm.cache import AnswerCache
from naturel.builders.llm.housekeeping import abandon_batches
from naturel.builders.llm.money import BATCH_FACTOR, Meter, Price, Prices, worst_usage
from naturel.builders.llm.openai_batch import BatchSettings, OpenAIBatchEngine
from naturel.builders.llm.requests import Request, Sampling
from naturel.builders.llm.requests_file import FILE_SERVER, request_line

PRICE = Price(Decimal(1000), Decimal(2000))
REQUESTS = [question(text) for text in "abcdef"]


def meter(max_cost: Decimal | None = None) -> Meter:
    return Meter(Prices({"tiny": PRICE}), max_cost)


def settings(server: LlmServer, **values: Any) -> BatchSettings:
    api = ApiSettings(server.url, attempts=1, connect_timeout=0.5, answer_timeout=5)
    return BatchSettings(api, poll_seconds=0.01, **values)


def ask(
    server: LlmServer,
    cache: AnswerCache,
    requests: list[Request] = REQUESTS,
    spent: Meter | None = None,
    **values: Any,
) -> list[Result]:
    return OpenAIBatchEngine(settings(server, **values)).complete(requests, cache, spent or meter())


def outcomes(results: list[Result]) -> list[Outcome]:
    return [result.outcome for result in results]


def test_a_batch_from_end_to_end(cache: AnswerCache) -> None:
    with LlmServer() as server:
        spent = meter()
        told: list[Result] = []
        results = OpenAIBatchEngine(settings(server)).complete(
            [*REQUESTS, REQUESTS[0]], cache, spent, told.append
        )
        assert [result.value["caption"] for result in results] == [f"Here is {x}." for x in "abcdefa"]
        assert (len(server.batches), len(told), spent.calls) == (1, 6, 6)
        assert spent.cost == 6 * PRICE.of(Usage(11, 5)) / 2
        assert not spent.is_waiting
        again = meter()
        ask(server, cache, spent=again)
        assert (len(server.batches), again.cached, again.cost) == (1, 6, Decimal(0))


def test_batches_are_split_at_the_limits(cache: AnswerCache) -> None:
    size = len(request_line(REQUESTS[0], FILE_SERVER))
    with LlmServer() as server:
        assert set(outcomes(ask(server, cache, max_requests=4))) == {Outcome.ANSWER}
        assert [len(content.splitlines()) for content in list(server.files.values())[:2]] == [4, 2]
    others = [request.again() for request in REQUESTS]
    with LlmServer() as server:
        ask(server, cache, others, max_bytes=2 * size + 10)
        assert len(server.batches) == 3
        inputs = [server.files[batch["input_file_id"]] for batch in server.batches.values()]
        assert all(len(content) <= 2 * size + 10 for content in inputs)


@pytest.mark.parametrize("end", ["expired", "cancelled"])
def test_a_batch_that_is_half_done(cache: AnswerCache, end: str) -> None:
    with LlmServer(batch_ends=[end]) as server:
        spent = meter()
        first = ask(server, cache, spent=spent)
        assert outcomes(first) == [Outcome.ANSWER] * 3 + [Outcome.EXPIRED] * 3
        assert (spent.calls, spent.cost) == (3, 3 * PRICE.of(Usage(11, 5)) / 2)
        assert set(outcomes(ask(server, cache))) == {Outcome.ANSWER}
        assert len(server.batches) == 2
        assert set(server.calls.values()) == {1}


def test_a_batch_that_failed(cache: AnswerCache) -> None:
    with LlmServer(batch_ends=["failed"]) as server:
        results = ask(server, cache)
        assert set(outcomes(results)) == {Outcome.EXPIRED}
        assert results[0].detail == "the batch batch-0 is failed: Enqueued token limit reached"


def test_single_failures_in_a_batch(cache: AnswerCache) -> None:
    with LlmServer({"b": [Reply(error("broken"), 500)], "d": [Reply(error("too long"), 400)]}) as server:
        results = ask(server, cache)
        assert outcomes(results)[1] is Outcome.SERVER_ERROR
        assert outcomes(results)[3] is Outcome.BAD_REQUEST
        assert set(outcomes(ask(server, cache))) == {Outcome.ANSWER}
        assert server.calls == {"a": 1, "b": 2, "c": 1, "d": 2, "e": 1, "f": 1}


def test_what_a_rejection_teaches_serves_the_next_batch(cache: AnswerCache) -> None:
    requests = [question(text, Sampling(max_tokens=50, temperature=0.5)) for text in "ab"]
    with LlmServer(judge=strict_openai) as server:
        assert set(outcomes(ask(server, cache, requests))) == {Outcome.BAD_REQUEST}
        assert set(outcomes(ask(server, cache, requests))) == {Outcome.ANSWER}


def test_coming_back_another_time(cache: AnswerCache) -> None:
    with LlmServer() as server:
        assert set(outcomes(ask(server, cache, wait=False))) == {Outcome.NOT_ASKED}
        more = [*REQUESTS, question("g")]
        assert outcomes(ask(server, cache, more, wait=False)) == [Outcome.ANSWER] * 6 + [Outcome.NOT_ASKED]
        ask(server, cache, more)
        assert len(server.batches) == 2
        assert set(server.calls.values()) == {1}


def test_a_process_that_dies_while_waiting(cache: AnswerCache, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(seconds: float) -> None:
        raise KeyboardInterrupt

    with LlmServer() as server:
        with monkeypatch.context() as patch:
            patch.setattr("naturel.builders.llm.openai_batch.time.sleep", die)
            with pytest.raises(KeyboardInterrupt):
                ask(server, cache)
        assert set(outcomes(ask(server, cache))) == {Outcome.ANSWER}
        assert len(server.batches) == 1


def test_a_process_that_dies_before_it_submits(cache: AnswerCache) -> None:
    with LlmServer() as server:
        BatchLedger(cache, server.url).plan(REQUESTS, FILE_SERVER)
        assert set(outcomes(ask(server, cache))) == {Outcome.ANSWER}
        assert len(server.batches) == 1


def test_a_batch_whose_name_was_never_learnt(cache: AnswerCache) -> None:
    """The batch was made, and the connection broke before the answer."""
    with LlmServer(lose_created_batch=True) as server:
        with pytest.raises(UserError, match=r"cannot be reached .* run the same command again"):
            ask(server, cache)
        assert len(server.batches) == 1
        assert set(outcomes(ask(server, cache))) == {Outcome.ANSWER}
        assert len(server.batches) == 1


def test_another_builds_batch_is_collected_for_both(cache: AnswerCache) -> None:
    with LlmServer() as server:
        ask(server, cache, wait=False)
        (result,) = ask(server, cache, REQUESTS[:1])
        assert result.is_answer
        assert len(cache.results(REQUESTS)) == 6


def test_the_budget_holds_before_anything_is_submitted(cache: AnswerCache) -> None:
    worst = PRICE.times(BATCH_FACTOR).of(worst_usage(REQUESTS[0]))
    with LlmServer() as server:
        spent = meter(4 * worst)
        assert outcomes(ask(server, cache, spent=spent)) == [Outcome.ANSWER] * 4 + [Outcome.NOT_ASKED] * 2
        assert spent.stopped
        assert spent.cost == 4 * PRICE.of(Usage(11, 5)) / 2


def test_a_server_without_batches(cache: AnswerCache, monkeypatch: pytest.MonkeyPatch) -> None:
    with LlmServer() as server:
        monkeypatch.setattr(server, "create_batch", lambda body: Reply(error("no such place"), 404))
        with pytest.raises(UserError, match="has no Batch API"):
            ask(server, cache)
    with pytest.raises(UserError, match="cannot be reached"):
        ask(server, cache)


def test_a_wrong_key(cache: AnswerCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789abcdef")
    with LlmServer(key="another") as server, pytest.raises(UserError, match="OPENAI_API_KEY") as caught:
        ask(server, cache)
    assert "0123456789" not in str(caught.value)


def test_a_batch_that_is_gone_can_be_given_up(cache: AnswerCache) -> None:
    with LlmServer() as server:
        ask(server, cache, wait=False)
        server.batches.clear()
        with pytest.raises(UserError, match="naturel cache prune --batches"):
            ask(server, cache)
        assert abandon_batches(cache) == 1
        assert abandon_batches(cache, dry=False) == 1
        assert set(outcomes(ask(server, cache))) == {Outcome.ANSWER}


def test_answers_need_no_usage(cache: AnswerCache) -> None:
    with LlmServer(answer=lambda text: good(text) | {"usage": None}) as server:
        spent = meter()
        ask(server, cache, spent=spent)
        assert spent.estimated_calls == 6
