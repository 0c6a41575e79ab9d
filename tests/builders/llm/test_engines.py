"""All engines look the same from outside."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from helpers.llm_server import LlmServer, question

from naturel.annotations.errors import UserError
from naturel.builders.llm.answers import Outcome
from naturel.builders.llm.api_call import ApiSettings
from naturel.builders.llm.cache import AnswerCache
from naturel.builders.llm.engines import Engine, complete_insisting
from naturel.builders.llm.money import FREE, Meter, Prices
from naturel.builders.llm.openai_api import OpenAIEngine
from naturel.builders.llm.openai_batch import BatchSettings, OpenAIBatchEngine
from naturel.builders.llm.requests_file import RequestsFileEngine
from naturel.builders.llm.vllm_offline import VllmEngine
from naturel.builders.llm.waiting import asked_wait, jitter


def test_what_one_engine_answered_all_know(cache: AnswerCache, tmp_path: Path) -> None:
    with LlmServer() as server:
        api = ApiSettings(server.url)
        engines: list[Engine] = [
            OpenAIEngine(api),
            OpenAIBatchEngine(BatchSettings(api)),
            RequestsFileEngine(tmp_path / "requests.jsonl"),
        ]
        with suppress(UserError):  # where vLLM is not installed
            engines.append(VllmEngine())
        for engine in engines:
            meter = Meter(Prices({}, FREE))
            assert engine.complete([question("a")], cache, meter)[0].is_answer
            assert (meter.calls, meter.cached) == ((1, 0) if engine is engines[0] else (0, 1))
        assert len(server.bodies) == 1


def test_what_was_not_asked_is_not_asked_again(cache: AnswerCache, tmp_path: Path) -> None:
    engine = RequestsFileEngine(tmp_path / "requests.jsonl")
    results = complete_insisting(engine, [question("a")], cache, Meter(Prices({})), 5)
    assert [(result.outcome, result.request.attempt) for result in results] == [(Outcome.NOT_ASKED, 0)]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "-7"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after-ms": "1500", "retry-after": "7"}, 1.5),
        ({"retry-after-ms": "x", "retry-after": "7"}, 7.0),
    ],
)
def test_how_long_a_server_wants_to_be_left_alone(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_wait(headers) == seconds


def test_waits_double_up_to_a_limit_and_are_never_the_same() -> None:
    for number, most in ((1, 1.0), (2, 2.0), (3, 4.0), (4, 5.0), (5000, 5.0)):
        waits = {jitter(number, 1.0, 5.0) for _ in range(200)}
        assert len(waits) == 200
        assert most * 0.9 < max(waits) <= most
        assert min(waits) < most * 0.1
