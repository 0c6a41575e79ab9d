from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from helpers.llm_server import SCHEMA, completion, error, good, question

from naturel.annotations.errors import UserError
from naturel.builders.llm.answers import Outcome
from naturel.builders.llm.cache import AnswerCache
from naturel.builders.llm.money import Meter, Prices
from naturel.builders.llm.requests import Request
from naturel.builders.llm.requests_file import RequestsFileEngine, take_responses, write_requests


def line(request: Request, body: Any, status: int = 200, error: Any = None) -> str:
    response = None if body is None else {"status_code": status, "request_id": "r", "body": body}
    return json.dumps({"id": "v", "custom_id": request.digest, "response": response, "error": error}) + "\n"


def test_a_request_file_is_openais(tmp_path: Path) -> None:
    path = tmp_path / "new" / "requests.jsonl"
    assert write_requests(path, [question("a"), question("b"), question("a")]) == 2
    first = json.loads(path.read_text().splitlines()[0])
    assert (first["custom_id"], first["method"], first["url"]) == (
        question("a").digest,
        "POST",
        "/v1/chat/completions",
    )
    assert first["body"]["max_completion_tokens"] == 50
    assert first["body"]["response_format"]["json_schema"]["schema"] == SCHEMA.document
    with pytest.raises(UserError, match="cannot be written"):
        write_requests(path / "below", [question("a")])


def test_there_and_back(tmp_path: Path, cache: AnswerCache) -> None:
    asked, answered = tmp_path / "requests.jsonl", tmp_path / "responses.jsonl"
    requests = [question(text) for text in "abc"]
    meter = Meter(Prices({}))
    before = RequestsFileEngine(asked).complete(requests, cache, meter)
    assert {result.outcome for result in before} == {Outcome.NOT_ASKED}
    assert len(asked.read_text().splitlines()) == 3

    answered.write_text(line(requests[2], good("c")) + line(requests[0], good("a")))
    engine = RequestsFileEngine(asked, answered)
    after = engine.complete(requests, cache, meter)
    assert [result.outcome for result in after] == [Outcome.ANSWER, Outcome.NOT_ASKED, Outcome.ANSWER]
    assert engine.written == 1
    assert json.loads(asked.read_text())["custom_id"] == requests[1].digest
    assert (meter.calls, meter.input_tokens, meter.cost) == (2, 22, Decimal(0))

    answered.unlink()
    told: list[str] = []
    RequestsFileEngine(None).complete(requests, cache, meter, lambda result: told.append(result.text))
    assert (len(told), meter.cached, meter.calls) == (2, 2, 2)


def test_bad_lines_are_counted_with_their_numbers(cache: AnswerCache) -> None:
    wanted = {question(text).digest: question(text) for text in "abcdefg"}
    a, b, c, d, e, f, g = wanted.values()
    lines = [
        line(a, good("a")),
        "\n",
        line(b, good("b"))[:40],
        "[1, 2]\n",
        line(question("stranger"), good("x")),
        '{"custom_id": 3}\n',
        line(b, error("bad"), 400),
        line(c, error("slow down"), 429),
        line(d, None, error={"code": "batch_expired", "message": "window"}),
        line(e, {"nonsense": 1}),
        line(f, completion(None, refusal="no")),
        line(f, error("late"), 500),
        line(g, error("late"), 500),
        line(g, good("g")),
        json.dumps({"custom_id": a.digest, "response": None, "error": None}),
    ]
    taken = take_responses(lines, wanted, cache)
    assert [number for number, _ in taken.bad_lines] == [3, 4, 6, 15]
    assert taken.bad_lines[0][1].startswith("not JSON")
    assert taken.unknown == 1
    assert [taken.results[digest].outcome for digest in wanted] == [
        Outcome.ANSWER,
        Outcome.BAD_REQUEST,
        Outcome.RATE_LIMITED,
        Outcome.EXPIRED,
        Outcome.BAD_RESPONSE,
        Outcome.REFUSAL,
        Outcome.ANSWER,
    ]
    assert len(cache.results(wanted.values())) == 3


def test_vllms_rejections(cache: AnswerCache) -> None:
    rejected = {"status_code": 400, "request_id": "vllm-batch-1", "body": None}
    text = json.dumps(
        {"custom_id": question("a").digest, "response": rejected, "error": error("maximum context length")}
    )
    taken = take_responses([text], {question("a").digest: question("a")}, cache)
    (result,) = taken.results.values()
    assert result.outcome is Outcome.BAD_REQUEST
    assert "maximum context length" in result.detail


def test_broken_characters_and_missing_files(tmp_path: Path, cache: AnswerCache) -> None:
    path = tmp_path / "responses.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + line(question("a"), good("a")).encode() + b"\xff\xfe\n")
    engine = RequestsFileEngine(None, path)
    assert engine.complete([question("a")], cache, Meter(Prices({})))[0].is_answer
    assert [number for number, _ in engine.taken.bad_lines] == [2]
    with pytest.raises(UserError, match="cannot be read"):
        RequestsFileEngine(None, tmp_path / "none").complete([question("b")], cache, Meter(Prices({})))
