"""What language models answer, read from the raw response each time, and what comes of a request."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

import jsonschema

from naturel.builders.llm.requests import Request, Schema


class Outcome(StrEnum):
    """What came of a request. The first five are said by the model; the rest are no answers."""

    ANSWER = "answer"
    REFUSAL = "refusal"
    EMPTY = "empty"
    TRUNCATED = "truncated"
    MALFORMED = "malformed"

    BAD_REQUEST = "bad_request"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    BAD_RESPONSE = "bad_response"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    EXPIRED = "expired"
    NOT_ASKED = "not_asked"

    @property
    def is_finished(self) -> bool:
        """Whether the model spoke: such a call was paid, is kept, and is never made again."""
        return self in _FINISHED


_FINISHED = frozenset(list(Outcome)[:5])


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a server counted."""

    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class Completion:
    """A Chat Completions response, read.

    Attributes:
        content: The text of the first choice.
        finish_reason: Why the model stopped: stop, length, content_filter, ...
        refusal: The words of a refusal, where the server tells it apart.
        usage: Tokens; None where the server does not say.
        model: The model as reported.
        logprobs: For each token of the answer, the log-probabilities of the tokens that could have stood there,
            the chosen one first; None where none came.
        prompt_logprobs: For a request of a likelihood: of each token of the text after all before it. The very
            first token, which has nothing before it, is not among them: where the model's tokenizer puts a mark
            of the beginning before a text, that mark; with other models the text's own first token.
    """

    content: str
    finish_reason: str | None = None
    refusal: str | None = None
    usage: Usage | None = None
    model: str | None = None
    logprobs: tuple[dict[str, float], ...] | None = None
    prompt_logprobs: tuple[float, ...] | None = None


class NotACompletionError(Exception):
    """A response that is none of a model."""


class NoLikelihoodError(NotACompletionError):
    """A completion without the log-probabilities of its prompt, which the server was asked for."""


def read_response(request: Request, raw: str) -> Completion:
    """Read what a server says to a request.

    Raises:
        NotACompletionError: It is not JSON, or not what was asked for.
    """
    return read_likelihood(raw) if request.likelihood else read_completion(raw)


def read_likelihood(raw: str) -> Completion:
    """Read the response to a request of a likelihood.

    Raises:
        NoLikelihoodError: The server ignored that log-probabilities of the prompt were wanted.
        NotACompletionError: It is not JSON, or has no choice, or no numbers.
    """
    document, choice = _first_choice(raw)
    tokens = choice.get("prompt_logprobs")
    if not isinstance(tokens, list):
        raise NoLikelihoodError("no prompt_logprobs")
    found = tuple(_of_prompt(token) for token in (tokens[1:] if tokens[:1] == [None] else tokens))
    usage, model = _usage(document.get("usage")), _text(document.get("model"))
    return Completion("", _text(choice.get("finish_reason")), None, usage, model, prompt_logprobs=found)


def _of_prompt(token: object) -> float:
    """The log-probability of a token of the prompt, which comes before any alternatives to it."""
    entry = next(iter(token.values()), None) if isinstance(token, dict) else None
    value = entry.get("logprob") if isinstance(entry, dict) else None
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise NotACompletionError(f"prompt_logprobs without a number: {token}")
    return float(value)


def read_completion(raw: str) -> Completion:
    """Read the first choice of a response; others, which some servers add, are not looked at.

    Raises:
        NotACompletionError: It is not JSON, or has no choice with a message.
    """
    document, choice = _first_choice(raw)
    message = choice.get("message")
    if not isinstance(message, dict):
        raise NotACompletionError("no choices with a message")
    return Completion(
        _text(message.get("content")) or "",
        _text(choice.get("finish_reason")),
        _text(message.get("refusal")),
        _usage(document.get("usage")),
        _text(document.get("model")),
        _logprobs(choice.get("logprobs")),
    )


def _first_choice(raw: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A response and its first choice."""
    try:
        document = json.loads(raw)
    except ValueError as error:
        raise NotACompletionError("not JSON") from error
    choices = document.get("choices") if isinstance(document, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict):
        raise NotACompletionError("no choices")
    return document, choice


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _usage(value: object) -> Usage | None:
    if not isinstance(value, dict):
        return None
    counts = [value.get("prompt_tokens"), value.get("completion_tokens")]
    if not all(isinstance(count, int) and count >= 0 for count in counts):
        return None
    return Usage(int(value["prompt_tokens"]), int(value["completion_tokens"]))


def _logprobs(value: object) -> tuple[dict[str, float], ...] | None:
    tokens = value.get("content") if isinstance(value, dict) else None
    if not isinstance(tokens, list):
        return None
    return tuple(_alternatives(token) for token in tokens if isinstance(token, dict))


def _alternatives(token: dict[str, Any]) -> dict[str, float]:
    found: dict[str, float] = {}
    for entry in (token, *(token.get("top_logprobs") or ())):
        if isinstance(entry, dict) and isinstance(entry.get("logprob"), int | float):
            found.setdefault(str(entry.get("token")), float(entry["logprob"]))
    return found


@dataclass(frozen=True, slots=True)
class Answer:
    """A response as it came, with what the cache knows about it.

    Attributes:
        raw: The body of the response.
        seconds: From sending to the last byte; 0 where that is not known.
        dialect: How the server was told the schema; what it did not accept follows, as `-seed`.
        time: When it came, in seconds since the epoch.
    """

    raw: str
    seconds: float
    dialect: str
    time: float


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one request.

    Attributes:
        request: What was asked.
        outcome: What came of it.
        completion: What the model said, for the finished outcomes.
        value: The JSON that the model wrote (with a schema), or its text, or the log-probabilities of a text's
            tokens (for a likelihood), where the outcome is an answer.
        detail: Why it is no answer, in a few words.
        cached: Whether it was known before.
    """

    request: Request
    outcome: Outcome
    completion: Completion | None = None
    value: Any = None
    detail: str = ""
    cached: bool = False

    @property
    def is_answer(self) -> bool:
        """Whether the model answered as asked."""
        return self.outcome is Outcome.ANSWER

    @property
    def text(self) -> str:
        """The model's text, whatever it is worth."""
        return self.completion.content if self.completion else ""


def judge(request: Request, raw: str, cached: bool = False) -> Result:
    """Read a response and say what came of the request.

    Raises:
        NotACompletionError: The response is none of a model.
    """
    completion = read_response(request, raw)
    if request.likelihood:
        return Result(request, Outcome.ANSWER, completion, completion.prompt_logprobs, cached=cached)
    outcome, value, detail = _judge(completion, request)
    return Result(request, outcome, completion, value, detail, cached)


def _judge(completion: Completion, request: Request) -> tuple[Outcome, Any, str]:
    schema = request.schema
    # Who asks for the probabilities of free text looks at its first tokens, and needs no end.
    wants_first_tokens = schema is None and request.sampling.top_logprobs is not None
    if completion.refusal or completion.finish_reason == "content_filter":
        return Outcome.REFUSAL, None, completion.refusal or "content_filter"
    if completion.finish_reason == "length" and not wants_first_tokens:
        return Outcome.TRUNCATED, None, "the answer reached max_tokens"
    if not completion.content.strip():
        return Outcome.EMPTY, None, "no text"
    if schema is None:
        return Outcome.ANSWER, completion.content, ""
    try:
        value = json.loads(_unfenced(completion.content))
        json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        return Outcome.MALFORMED, None, f"not JSON: {error}"
    fault = next(iter(_validator(schema).iter_errors(value)), None)
    if fault is not None:
        return Outcome.MALFORMED, None, f"off the schema at {fault.json_path}: {fault.message[:200]}"
    return Outcome.ANSWER, value, ""


def _unfenced(text: str) -> str:
    """JSON without the Markdown fence that models like to put around it."""
    text = text.strip()
    if text.startswith("```") and text.endswith("```") and "\n" in text:
        return text[text.index("\n") : -3]
    return text


@lru_cache(maxsize=64)
def _validator(schema: Schema) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema.document)


def in_order(requests: Sequence[Request], results: dict[str, Result]) -> list[Result]:
    """A result for each request, in order; what is missing was not asked."""
    missing = {
        request.digest: Result(request, Outcome.NOT_ASKED)
        for request in requests
        if request.digest not in results
    }
    found = results | missing
    return [found[request.digest] for request in requests]
