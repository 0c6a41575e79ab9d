from __future__ import annotations

import json

import pytest
from helpers.llm_server import SCHEMA, Judge, llama_cpp, no_json_at_all, question, strict_openai

from naturel.builders.llm.dialects import Dialect, Server, adapt, body
from naturel.builders.llm.requests import Message, Request, Sampling

FULL = Sampling(max_tokens=9, temperature=0.5, top_p=0.9, seed=3, top_logprobs=2)


def test_the_body_in_full() -> None:
    request = question("a", FULL)
    assert body(request, Server()) == {
        "model": "tiny",
        "messages": [{"role": "system", "content": "Write a caption."}, {"role": "user", "content": "a"}],
        "max_tokens": 9,
        "temperature": 0.5,
        "top_p": 0.9,
        "seed": request.seed,
        "logprobs": True,
        "top_logprobs": 2,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "caption", "schema": SCHEMA.document, "strict": True},
        },
    }


def test_llama_cpps_own_form() -> None:
    format_ = body(question("a"), Server(Dialect.JSON_OBJECT_SCHEMA))["response_format"]
    assert format_ == {"type": "json_object", "schema": SCHEMA.document}


@pytest.mark.parametrize("dialect", [Dialect.JSON_OBJECT, Dialect.WORDS])
def test_weak_dialects_tell_the_schema_in_words(dialect: Dialect) -> None:
    content = body(question("a"), Server(dialect))
    assert content.get("response_format") == (
        {"type": "json_object"} if dialect is Dialect.JSON_OBJECT else None
    )
    system, user = content["messages"]
    assert system["content"].startswith("Write a caption.\n\n")
    assert SCHEMA.text in system["content"]
    assert user["content"] == "a"


def test_words_without_a_system_message() -> None:
    request = Request("tiny", (Message("user", "a"),), schema=SCHEMA)
    assert [message["role"] for message in body(request, Server(Dialect.WORDS))["messages"]] == [
        "system",
        "user",
    ]


def test_free_text_has_no_format() -> None:
    for dialect in Dialect:
        content = body(question("a", schema=None), Server(dialect))
        assert "response_format" not in content
        assert len(content["messages"][0]["content"]) == len("Write a caption.")


def test_what_a_server_drops_is_not_sent() -> None:
    server = Server(cap="max_completion_tokens", dropped=frozenset({"seed", "top_logprobs", "temperature"}))
    content = body(question("a", FULL), server)
    assert content["max_completion_tokens"] == 9
    assert not content.keys() & {"max_tokens", "seed", "logprobs", "top_logprobs", "temperature"}


def settle(judge: Judge, request: Request) -> Server | None:
    """Adapt until the server takes the request."""
    server: Server | None = Server()
    while server is not None:
        reply = judge(body(request, server))
        if reply is None:
            return server
        server = adapt(server, request, reply.status, json.dumps(reply.body))
    return None


def test_known_servers_are_understood() -> None:
    request = question("a", FULL)
    openai = settle(strict_openai, request)
    assert openai == Server(cap="max_completion_tokens", dropped=frozenset({"temperature"}))
    assert settle(llama_cpp, request) == Server(Dialect.JSON_OBJECT_SCHEMA)
    plain = settle(no_json_at_all, request)
    assert plain == Server(Dialect.WORDS, dropped=frozenset({"seed", "top_logprobs"}))


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (500, "Internal Server Error"),
        (503, "no json_schema worker"),
        (429, "seed"),
        (400, "This model's maximum context length is 4096 tokens: lower max_tokens"),
        (400, '{"error": {"message": "bad", "param": "messages"}}'),
    ],
)
def test_what_no_other_form_would_mend(status: int, text: str) -> None:
    assert adapt(Server(), question("a", FULL), status, text) is None


def test_a_rejection_without_a_reason_is_one_of_the_format() -> None:
    assert adapt(Server(), question("a"), 400, "Bad Request") == Server(Dialect.JSON_OBJECT_SCHEMA)
    assert adapt(Server(), question("a", schema=None), 400, "Bad Request") is None
    assert adapt(Server(Dialect.WORDS), question("a"), 400, "Bad Request") is None


def test_an_echo_of_the_request_names_nothing() -> None:
    text = '{"error": {"message": "no response_format", "request": {"seed": 1, "temperature": 0.5}}}'
    assert adapt(Server(), question("a", FULL), 400, text) == Server(Dialect.JSON_OBJECT_SCHEMA)


def test_what_two_calls_found_out_is_known_together() -> None:
    one = Server(Dialect.JSON_OBJECT, dropped=frozenset({"seed"}), known=frozenset({"chat"}))
    other = Server(cap="max_completion_tokens", dropped=frozenset({"top_p"}), known=frozenset({"schema"}))
    both = Server(
        Dialect.JSON_OBJECT,
        "max_completion_tokens",
        frozenset({"seed", "top_p"}),
        frozenset({"chat", "schema"}),
    )
    assert one.merged(other) == other.merged(one) == both


def test_servers_are_kept_as_text() -> None:
    server = Server(Dialect.JSON_OBJECT, "max_completion_tokens", frozenset({"seed"})).having_answered(
        question("a")
    )
    assert Server.from_json(server.to_json()) == server
    assert server.knows(question("b"))
    assert not server.knows(question("b", FULL))
