"""Keys, addresses, and what stops a run."""

from __future__ import annotations

import time
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from helpers.llm_server import (
    LlmServer,
    Reply,
    error,
    good,
    question,
)

from naturel.annotations.errors import UserError
from naturel.builders.llm.answers import Result
from naturel.builders.llm.api_call import ApiSettings
from naturel.builders.llm.cache import AnswerCache
from naturel.builders.llm.dialects import Server
from naturel.builders.llm.money import Meter, Price, Prices
from naturel.builders.llm.openai_api import OpenAIEngine

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


def test_a_wrong_key(cache: AnswerCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with LlmServer(key="another") as server:
        with pytest.raises(UserError, match=r"does not accept the key .* Set OPENAI_API_KEY") as caught:
            ask(server, cache, "a", "b")
        assert KEY not in str(caught.value)
        assert KEY not in repr(caught.value.__cause__ and str(caught.value))


def test_the_right_key_is_nowhere(cache: AnswerCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    echo = Reply(error(f"no luck for Bearer {KEY}"), 500)
    with LlmServer({"a": [echo] * 9}, answer=lambda text: good(text) | {"key": KEY}, key=KEY) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        engine = OpenAIEngine(replace(settings(server), base_url=None))
        failed, answered = engine.complete([question("a"), question("b")], cache, meter())
        assert failed.detail.startswith('HTTP 500: {"error": {"message": "no luck for Bearer [key]"')
        assert answered.is_answer
    cache.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    assert KEY.encode() not in cache.path.read_bytes()


def test_no_key_for_a_server_far_away(cache: AnswerCache) -> None:
    with pytest.raises(
        UserError, match=r"OPENAI_API_KEY is not set, and https://api.openai.com/v1 is no local"
    ):
        OpenAIEngine().complete([question("a")], cache, meter())


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("http://localhost:8000/v1", True),
        ("http://127.0.0.1/v1", True),
        ("http://[::1]:80/v1", True),
        ("http://192.168.0.7/v1", True),
        ("http://gpu:8000/v1", True),
        ("https://api.openai.com/v1", False),
        ("http://8.8.8.8/v1", False),
    ],
)
def test_local_addresses(address: str, local: bool) -> None:
    assert ApiSettings(address).is_local is local


def test_secrets_in_addresses_are_not_shown() -> None:
    assert ApiSettings("http://me:word@host:80/v1/?key=x").public_address == "http://host:80/v1/"


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (
            Reply(error("no such model", code="model_not_found"), 404),
            r"does not know the model tiny .* It has: tiny\.",
        ),
        (Reply(error("quota", code="insufficient_quota"), 429), "has no money left"),
        (
            Reply(error("Invalid schema for response_format 'caption': additionalProperties"), 400),
            "Mend the schema",
        ),
        (Reply(error("forbidden"), 403), r"does not accept the key \(HTTP 403\)"),
    ],
)
def test_what_stops_the_run_at_once(cache: AnswerCache, reply: Reply, message: str) -> None:
    with LlmServer({"a": [reply] * 9}) as server:
        with pytest.raises(UserError, match=message):
            ask(server, cache, "a", "b", "c")
        assert len(server.bodies) == 1


def test_no_server(cache: AnswerCache) -> None:
    with LlmServer() as server:
        gone = server
    start = time.monotonic()
    with pytest.raises(
        UserError, match=r"There is no server at http://127.0.0.1.*Start it, or mend --base-url"
    ):
        ask(gone, cache, "a", "b")
    assert time.monotonic() - start < 1


def test_a_server_that_dies_stops_the_run_and_loses_nothing(cache: AnswerCache) -> None:
    script = {str(i): [Reply("oops", 500)] * 9 for i in range(10, 100)}
    with LlmServer(script) as server:
        with pytest.raises(
            UserError, match=r"none of the last \d requests; the last one: server_error: oops"
        ):
            ask(server, cache, *map(str, range(100)), give_up_after=5, concurrency=4, attempts=1)
        assert len(cache.results([question(str(i)) for i in range(10)])) == 10
        assert len(server.bodies) < 30
        assert cache.database.rows("SELECT * FROM claims") == []
