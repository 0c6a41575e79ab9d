"""What different servers understand: four ways to ask for JSON, and parameters that some of them reject."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Literal

from naturel.builders.llm.requests import Request


class Dialect(StrEnum):
    """How a server is told the JSON schema of the answer, strictest first."""

    JSON_SCHEMA = "json_schema"
    """OpenAI, vLLM: `{"type": "json_schema", "json_schema": {"strict": true, ...}}`."""
    JSON_OBJECT_SCHEMA = "json_object_schema"
    """llama.cpp: `{"type": "json_object", "schema": {...}}`."""
    JSON_OBJECT = "json_object"
    """Any JSON object, and the schema in words."""
    WORDS = "words"
    """Nothing but words."""

    def weaker(self) -> Dialect | None:
        """The next one to try."""
        dialects = list(Dialect)
        place = dialects.index(self) + 1
        return dialects[place] if place < len(dialects) else None


OPTIONAL = ("seed", "top_logprobs", "temperature", "top_p")
"""Parameters that are left out where a server rejects them."""


@dataclass(frozen=True, slots=True)
class Server:
    """What is known of a server and a model on it.

    Attributes:
        dialect: How it is told the schema.
        cap: Its name for the longest answer.
        dropped: Parameters that it rejects.
        known: Features (see `features`) that it has answered to.
    """

    dialect: Dialect = Dialect.JSON_SCHEMA
    cap: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    dropped: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()

    def knows(self, request: Request) -> bool:
        """Whether all that `request` uses was answered before."""
        return features(request) <= self.known

    def having_answered(self, request: Request) -> Server:
        """The same, after an answer to `request`."""
        return replace(self, known=self.known | features(request))

    def merged(self, other: Server) -> Server:
        """What is known when both are: calls that run at the same time find out different things."""
        dialects = list(Dialect)
        return Server(
            max(self.dialect, other.dialect, key=dialects.index),
            self.cap if self.cap == other.cap else "max_completion_tokens",
            self.dropped | other.dropped,
            self.known | other.known,
        )

    def to_json(self) -> str:
        """For the cache."""
        return json.dumps(asdict(self) | {"dropped": sorted(self.dropped), "known": sorted(self.known)})

    @classmethod
    def from_json(cls, text: str) -> Server:
        """What `to_json` wrote."""
        values = json.loads(text)
        return cls(
            Dialect(values["dialect"]),
            values["cap"],
            frozenset(values["dropped"]),
            frozenset(values["known"]),
        )


def features(request: Request) -> frozenset[str]:
    """What a server may reject in a request."""
    if request.likelihood:
        return frozenset({"prompt_logprobs"})
    values = {name: getattr(request.sampling, name) for name in OPTIONAL} | {"schema": request.schema}
    return frozenset(name for name, value in values.items() if value is not None) | {"chat"}


def body(request: Request, server: Server) -> dict[str, Any]:
    """The body of the call."""
    sampling = request.sampling
    if request.likelihood:
        text = request.messages[0].content
        return {
            "model": request.model,
            "prompt": text,
            "max_tokens": sampling.max_tokens,
            "prompt_logprobs": 0,
        }
    content: dict[str, Any] = {
        "model": request.model,
        "messages": _messages(request, server.dialect),
        server.cap: sampling.max_tokens,
    }
    optional = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": request.seed,
        "top_logprobs": sampling.top_logprobs,
    }
    content |= {
        name: value for name, value in optional.items() if value is not None and name not in server.dropped
    }
    if "top_logprobs" in content:
        content["logprobs"] = True
    response_format = _response_format(request, server.dialect)
    if response_format is not None:
        content["response_format"] = response_format
    return content


def _response_format(request: Request, dialect: Dialect) -> dict[str, Any] | None:
    schema = request.schema
    if schema is None or dialect is Dialect.WORDS:
        return None
    if dialect is Dialect.JSON_SCHEMA:
        described = {"name": schema.name, "schema": schema.document, "strict": True}
        return {"type": "json_schema", "json_schema": described}
    if dialect is Dialect.JSON_OBJECT_SCHEMA:
        return {"type": "json_object", "schema": schema.document}
    return {"type": "json_object"}


def _messages(request: Request, dialect: Dialect) -> list[dict[str, str]]:
    messages = [{"role": message.role, "content": message.content} for message in request.messages]
    if request.schema is not None and dialect in (Dialect.JSON_OBJECT, Dialect.WORDS):
        words = (
            "Answer with one JSON object that follows this JSON schema, and with nothing else:\n"
            + request.schema.text
        )
        if messages[0]["role"] == "system":
            messages[0]["content"] += "\n\n" + words
        else:
            messages.insert(0, {"role": "system", "content": words})
    return messages


_FORMAT = re.compile(r"response_format|json_schema|json_object|structured|grammar|schema", re.IGNORECASE)
_PARAMETERS = {
    re.compile(rf"(?<![a-z_]){name}(?![a-z_])"): "top_logprobs" if name == "logprobs" else name
    for name in (*OPTIONAL, "logprobs")
}
_TOO_LONG = re.compile(r"context.{0,20}length|too (large|long)|context_length_exceeded", re.IGNORECASE)


def adapt(server: Server, request: Request, status: int, text: str) -> Server | None:
    """What to try after a server rejected a request, if anything is left to try.

    Args:
        server: What was tried.
        request: What was asked.
        status: The HTTP status.
        text: The response, as text.

    Returns:
        The server as it may be instead, or None.
    """
    if status not in (400, 415, 422, 500, 501) or _TOO_LONG.search(text):
        return None
    said, is_exact = complaint(text)
    sent = features(request) - server.dropped
    for pattern, parameter in _PARAMETERS.items():
        if parameter in sent and pattern.search(said):
            return replace(server, dropped=server.dropped | {parameter})
    if server.cap == "max_tokens" and server.cap in said:
        return replace(server, cap="max_completion_tokens")
    # A rejection (4xx) without a reason counts as one of the format; a failure (5xx) has to name the format.
    about_format = bool(_FORMAT.search(said)) or (status < 500 and not is_exact)
    weaker = server.dialect.weaker()
    if request.schema is not None and about_format and weaker is not None:
        return replace(server, dialect=weaker)
    return None


def complaint(text: str) -> tuple[str, bool]:
    """What a server says was wrong, without its echo of the request; and whether that is a parameter's name."""
    try:
        document = json.loads(text)
    except ValueError:
        return text, False
    error = document.get("error", document) if isinstance(document, dict) else document
    if not isinstance(error, dict):
        return text, False
    if error.get("param"):
        return str(error["param"]), True
    if isinstance(error.get("detail"), list):  # FastAPI: places and messages of several faults
        faults = [fault for fault in error["detail"] if isinstance(fault, dict)]
        return " ".join(f"{fault.get('loc')} {fault.get('msg')}" for fault in faults), False
    return str(error.get("message", text)), False
