"""One call to a server that speaks OpenAI's API, and what can go wrong with it."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import time
from dataclasses import dataclass
from types import TracebackType
from typing import NoReturn, Self
from urllib.parse import urlsplit, urlunsplit

import openai

from naturel.annotations.errors import UserError
from naturel.builders.llm.answers import Answer, Outcome
from naturel.builders.llm.dialects import Server, body, complaint
from naturel.builders.llm.requests import Request
from naturel.builders.llm.waiting import asked_wait

OPENAI_URL = "https://api.openai.com/v1"
VLLM_URL = "http://127.0.0.1:8000/v1"
"""Where `vllm serve` listens unless told otherwise."""
NO_KEY = "none"
"""What is sent as key where none is needed."""
SECRET_LENGTH = 12
"""Shorter keys are words for servers that take any key."""


@dataclass(frozen=True)
class ApiSettings:
    """How a server is reached; nothing here shapes an answer.

    Attributes:
        base_url: Address of the API, mostly ending in /v1; None for `OPENAI_BASE_URL`, or else OpenAI.
        concurrency: Calls at once.
        attempts: Tries of a call that fails on the way, in all.
        connect_timeout: Seconds to wait for a connection.
        answer_timeout: Seconds to wait for a whole answer; servers may queue calls for minutes.
        backoff: Longest wait (s) after the first failed try; doubled after each.
        longest_wait: Longest wait (s) between tries. A server that asks for more stops the run.
        give_up_after: So many requests in a row without any answer stop the run.
    """

    base_url: str | None = None
    concurrency: int = 32
    attempts: int = 6
    connect_timeout: float = 10.0
    answer_timeout: float = 900.0
    backoff: float = 1.0
    longest_wait: float = 120.0
    give_up_after: int = 40

    @property
    def address(self) -> str:
        """The address in use, as given."""
        return (self.base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI_URL).rstrip("/")

    @property
    def public_address(self) -> str:
        """The address without user name, password and query: for messages and the cache."""
        parts = urlsplit(self.address)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))

    @property
    def is_local(self) -> bool:
        """Whether the server is on this machine or this network, where no key is needed."""
        host = urlsplit(self.address).hostname or ""
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return (
                host == "localhost" or "." not in host or host.endswith((".local", ".localhost", ".internal"))
            )
        return address.is_loopback or address.is_private


class CallError(Exception):
    """A call brought no answer.

    Attributes:
        outcome: The kind of failure.
        detail: What the server said, or what happened; never with the key.
        status: The HTTP status, where there was a response.
        again: Whether another try may help.
        wait: Seconds for which the server asked to be left alone.
        unreachable: There was no connection.
        maybe_billed: The server may have made an answer that did not arrive.
    """

    def __init__(
        self,
        outcome: Outcome,
        detail: str,
        *,
        status: int = 0,
        again: bool = False,
        wait: float | None = None,
        unreachable: bool = False,
        maybe_billed: bool = False,
    ) -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.detail = detail
        self.status = status
        self.again = again
        self.wait = wait
        self.unreachable = unreachable
        self.maybe_billed = maybe_billed


class Api:
    """A server; use it with `async with`, inside one event loop."""

    def __init__(self, settings: ApiSettings) -> None:
        self.settings = settings
        self._key = api_key(settings)
        count = settings.concurrency
        limits = type(openai.DEFAULT_CONNECTION_LIMITS)(
            max_connections=count, max_keepalive_connections=count
        )
        timeout = openai.Timeout(settings.answer_timeout, connect=settings.connect_timeout)
        self.client = openai.AsyncOpenAI(
            api_key=self._key,
            base_url=settings.address,
            timeout=timeout,
            max_retries=0,  # tries are counted and paid by us
            http_client=openai.DefaultAsyncHttpxClient(limits=limits, timeout=timeout),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.client.close()

    async def call(self, request: Request, server: Server) -> Answer:
        """Make one call.

        Raises:
            CallError: It brought no answer.
            UserError: No call can bring any: the key is wrong, the model unknown, the money spent.
        """
        began, start = time.time(), time.perf_counter()
        try:
            async with asyncio.timeout(self.settings.answer_timeout):
                # The text as it came: the package's own reading would cost a third of the processor time.
                text = await self.client.post(request.endpoint, body=body(request, server), cast_to=str)
        except (TimeoutError, openai.APIConnectionError) as error:
            raise self._broken(error) from error
        except openai.APIStatusError as error:
            await self._stop_if_hopeless(error, request)
            raise self._rejected(error) from error
        seconds = time.perf_counter() - start
        dialect = "".join((server.dialect, *(f" -{name}" for name in sorted(server.dropped))))
        return Answer(self.without_key(text), seconds, dialect, began + seconds)

    def without_key(self, text: str) -> str:
        """A text in which the key is not to be read."""
        return text.replace(self._key, "[key]") if len(self._key) >= SECRET_LENGTH else text

    def _broken(self, error: Exception) -> CallError:
        """There was no response, or no end of it."""
        cause = error.__cause__
        name = type(cause).__name__
        connecting = name in ("ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol")
        outcome = Outcome.CONNECTION
        if isinstance(error, TimeoutError | openai.APITimeoutError) and not connecting:
            outcome = Outcome.TIMEOUT
        detail = self.without_key(
            f"{name}: {cause}" if cause else f"no answer in {self.settings.answer_timeout} s"
        )
        return CallError(outcome, detail, again=True, unreachable=connecting, maybe_billed=not connecting)

    def _rejected(self, error: openai.APIStatusError) -> CallError:
        status = error.status_code
        text = self.without_key(error.response.text)
        wait = asked_wait(error.response.headers)
        if status == 429:
            return CallError(Outcome.RATE_LIMITED, text, status=status, again=True, wait=wait)
        if status >= 500:
            return CallError(Outcome.SERVER_ERROR, text, status=status, again=True, wait=wait)
        again = status in (408, 409, 425)
        return CallError(Outcome.BAD_REQUEST, text, status=status, again=again, wait=wait)

    async def _stop_if_hopeless(self, error: openai.APIStatusError, request: Request) -> None:
        where, model = self.settings.public_address, request.model
        if error.status_code in (401, 403):
            stop_at_key(where, error.status_code)
        if request.likelihood and error.status_code == 404:
            raise UserError(
                f"The server {where} does not know the model {model}, or has no {request.endpoint} (HTTP 404)."
                f"{await self._offered()} Mend --lm, or --base-url: the address of most servers ends in /v1. "
                f"{what_gives_likelihoods(model)}"
            )
        if request.likelihood and "prompt_logprobs" in complaint(error.response.text)[0]:
            stop_without_likelihood(where, model, self.without_key(error.message)[:300])
        if error.status_code == 404:
            raise UserError(
                f"The server {where} does not know the model {model} (HTTP 404).{await self._offered()} Mend "
                "--model, or --base-url: the address of most servers ends in /v1."
            )
        if error.status_code == 402 or error.code == "insufficient_quota":
            raise UserError(
                f"The account at {where} has no money left (HTTP {error.status_code}). Fill it up and run the same "
                "command again: all answers so far are kept."
            )
        if "Invalid schema for response_format" in error.response.text:
            raise UserError(
                f"The server {where} rejects the JSON schema of the prompt: {self.without_key(error.message)[:500]}. "
                "Mend the schema."
            )

    async def _offered(self) -> str:
        """Which models there are, where the server tells."""
        try:
            models = await self.client.models.list(timeout=self.settings.connect_timeout)
            names = [model.id for model in models.data[:12]]
        except (openai.OpenAIError, TypeError, AttributeError):
            return ""
        return f" It has: {', '.join(names)}." if names else ""


def what_gives_likelihoods(model: str) -> str:
    """Which server to use for log-likelihoods of texts."""
    return f"Log-likelihoods of texts come from vLLM: `vllm serve {model}`, then --base-url {VLLM_URL}."


def stop_without_likelihood(where: str, model: str, why: str) -> NoReturn:
    """Stop because a server does not tell how likely a text is.

    Raises:
        UserError: Always.
    """
    raise UserError(
        f"The server {where} does not tell how likely texts are (model {model}): {why.rstrip('.')}. "
        f"{what_gives_likelihoods(model)}"
    )


def stop_at_key(where: str, status: int) -> NoReturn:
    """Stop because a server does not accept the key.

    Raises:
        UserError: Always.
    """
    raise UserError(
        f"The server {where} does not accept the key (HTTP {status}). Set OPENAI_API_KEY to a key that is valid "
        "there and may use this model."
    )


def api_key(settings: ApiSettings) -> str:
    """The key in `OPENAI_API_KEY`.

    Raises:
        UserError: There is none, and the server is not a local one.
    """
    key = os.environ.get("OPENAI_API_KEY", "").strip()
    if key or settings.is_local:
        return key or NO_KEY
    raise UserError(
        f"OPENAI_API_KEY is not set, and {settings.public_address} is no local server. Set it to your key (to any "
        "word for a server that takes no key), or name a local server with --base-url."
    )
