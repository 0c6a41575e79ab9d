"""What is asked of a language model, and the digest under which its answer is kept."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, Self, TypeAlias

import jsonschema

from naturel.annotations.errors import UserError

Role: TypeAlias = Literal["system", "user", "assistant"]

DIGEST_FORMAT = 1
"""Raised when the same request would have to be asked again."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the conversation."""

    role: Role
    content: str


@dataclass(frozen=True)
class Schema:
    """A named JSON schema, kept as text: the order of its properties is the order in which models fill them.

    Make one with `Schema.of`.
    """

    name: str
    text: str

    @classmethod
    def of(cls, name: str, document: dict[str, Any]) -> Self:
        """Name a schema; `name` may have letters, digits, `_` and `-`.

        Raises:
            UserError: The document is no JSON schema.
        """
        try:
            jsonschema.Draft202012Validator.check_schema(document)
        except jsonschema.SchemaError as error:
            raise UserError(
                f"The JSON schema {name} is none: at {error.json_path}, {error.message}. Mend the prompt."
            ) from error
        return cls(name, json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")))

    @cached_property
    def document(self) -> dict[str, Any]:
        """The schema as JSON; not to be changed."""
        document: dict[str, Any] = json.loads(self.text)
        return document


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the answer is drawn, in words that every engine understands.

    Attributes:
        max_tokens: Longest answer. There is always a cap: some servers never stop without one.
        temperature: None for the model's own.
        top_p: None for the model's own.
        seed: Where the seed of every call is derived from; None sends none.
        top_logprobs: Alternatives with log-probabilities asked for each token; None asks for no probabilities.
    """

    max_tokens: int = 512
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = 0
    top_logprobs: int | None = None

    def __post_init__(self) -> None:
        """Check the ranges, and make 1 and 1.0 the same number."""
        _in_range("max_tokens", self.max_tokens, 1, 1_000_000)
        _in_range("temperature", self.temperature, 0, 2)
        _in_range("top_p", self.top_p, 0, 1)
        _in_range("top_logprobs", self.top_logprobs, 0, 20)
        for name in ("temperature", "top_p"):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else float(value))


def _in_range(name: str, value: float | None, least: float, most: float) -> None:
    if value is not None and not least <= value <= most:
        raise ValueError(f"{name} is {value}, and must be between {least} and {most}")


@dataclass(frozen=True)
class Request:
    """One call, complete: nothing that shapes the answer is elsewhere.

    Attributes:
        model: The name under which servers know the model.
        messages: The conversation so far.
        sampling: How the answer is drawn.
        schema: What the answer must look like; None for free text.
        sample_index: Which of several answers to the same question this is.
        attempt: 0 for the first time; `again` counts on.
        likelihood: Not an answer is asked, but how likely the one message is as text; see `likelihood_of`.
    """

    model: str
    messages: tuple[Message, ...]
    sampling: Sampling = Sampling()
    schema: Schema | None = None
    sample_index: int = 0
    attempt: int = 0
    likelihood: bool = False

    def __post_init__(self) -> None:
        """Check that there is something to ask."""
        if not self.messages:
            raise ValueError("a request needs at least one message")

    @classmethod
    def likelihood_of(cls, model: str, text: str) -> Self:
        """The log-probability of each token of a text by itself: no chat format, and nothing is drawn.

        Its value is `Completion.prompt_logprobs`. Servers must write at least one token; nobody reads it.
        """
        return cls(model, (Message("user", text),), Sampling(max_tokens=1, seed=None), likelihood=True)

    @property
    def endpoint(self) -> str:
        """Where servers answer it, after their base address."""
        return "/completions" if self.likelihood else "/chat/completions"

    def again(self) -> Request:
        """The same question with another seed, and so another digest."""
        return replace(self, attempt=self.attempt + 1)

    @cached_property
    def seed(self) -> int | None:
        """The seed sent: a different one for each sample and attempt, below 2**31."""
        if self.sampling.seed is None:
            return None
        text = f"{self.sampling.seed}:{self.sample_index}:{self.attempt}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) >> 1

    @cached_property
    def canonical(self) -> str:
        """The request as JSON in one fixed form: what the digest is the digest of."""
        sampling = self.sampling
        parts = {
            "format": DIGEST_FORMAT,
            "model": self.model,
            "messages": [[message.role, message.content] for message in self.messages],
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": sampling.seed,
            "top_logprobs": sampling.top_logprobs,
            "schema": None if self.schema is None else [self.schema.name, self.schema.text],
            "sample_index": self.sample_index,
            "attempt": self.attempt,
        }
        if self.likelihood:  # digests of other requests are older than this
            parts["likelihood"] = True
        return json.dumps(parts, sort_keys=True, separators=(",", ":"), allow_nan=False)

    @classmethod
    def from_canonical(cls, text: str) -> Request:
        """The request that `canonical` was written from."""
        parts = json.loads(text)
        sampling = {
            name: parts[name] for name in ("max_tokens", "temperature", "top_p", "seed", "top_logprobs")
        }
        return cls(
            parts["model"],
            tuple(Message(role, content) for role, content in parts["messages"]),
            Sampling(**sampling),
            Schema(*parts["schema"]) if parts["schema"] else None,
            parts["sample_index"],
            parts["attempt"],
            parts.get("likelihood", False),
        )

    @cached_property
    def digest(self) -> str:
        """SHA-256 of `canonical`, in hexadecimal digits."""
        return hashlib.sha256(self.canonical.encode()).hexdigest()
