"""Requests as a file that OpenAI's Batch API and `vllm run-batch` take, and the responses that come back."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from naturel.annotations.errors import UserError
from naturel.builders.files import sync_and_rename
from naturel.builders.llm.answers import Answer, NotACompletionError, Outcome, Result, in_order
from naturel.builders.llm.cache import AnswerCache
from naturel.builders.llm.dialects import Server, body
from naturel.builders.llm.engines import OnResult
from naturel.builders.llm.money import Meter
from naturel.builders.llm.requests import Request

FILE_SERVER = Server(cap="max_completion_tokens")
"""What is written where nothing is known of the server: OpenAI's reasoning models and vLLM take this."""


def request_line(request: Request, server: Server = FILE_SERVER) -> str:
    """One line of a request file; `custom_id` is the digest."""
    url = f"/v1{request.endpoint}"
    line = {"custom_id": request.digest, "method": "POST", "url": url, "body": body(request, server)}
    return json.dumps(line) + "\n"


def write_requests(path: Path, requests: Iterable[Request], server: Server = FILE_SERVER) -> int:
    """Write a request file; each different request once.

    Returns:
        The number of lines.

    Raises:
        UserError: The file cannot be written.
    """
    different = {request.digest: request for request in requests}
    temporary = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("w", encoding="utf-8") as file:
            file.writelines(request_line(request, server) for request in different.values())
        sync_and_rename(temporary, path)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}. Name another file.") from error
    return len(different)


@dataclass
class Taken:
    """What came out of a responses file.

    Attributes:
        results: Of requests that were wanted, by digest: finished ones, and failures that the file tells of.
        unknown: Lines that answer no wanted request.
        bad_lines: Numbers of lines that cannot be read, with the reason.
    """

    results: dict[str, Result] = field(default_factory=dict)
    unknown: int = 0
    bad_lines: list[tuple[int, str]] = field(default_factory=list)


def take_responses(
    lines: Iterable[str],
    wanted: Mapping[str, Request],
    cache: AnswerCache,
    dialect: str = FILE_SERVER.dialect,
) -> Taken:
    """Keep the answers in the lines of a responses file.

    Args:
        lines: As OpenAI's output and error files and `vllm run-batch` have them.
        wanted: Requests by digest.
        cache: Where answers are kept.
        dialect: How the server was told the schema.
    """
    taken = Taken()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            digest, status, raw = _read_line(line)
        except ValueError as error:
            taken.bad_lines.append((number, str(error)))
            continue
        request = wanted.get(digest)
        if request is None:
            taken.unknown += 1
            continue
        earlier = taken.results.get(digest)
        if earlier is None or not earlier.outcome.is_finished:
            taken.results[digest] = _take(request, status, raw, cache, dialect)
    return taken


def _read_line(line: str) -> tuple[str, int, str]:
    """The custom id, the HTTP status (0: there was no response) and the body or the error as JSON text."""
    try:
        document = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from error
    digest = document.get("custom_id") if isinstance(document, dict) else None
    if not isinstance(digest, str):
        raise ValueError("no custom_id")
    response = document.get("response")
    response = response if isinstance(response, dict) else {}
    status = response.get("status_code", 200 if response else 0)
    content: Any = response.get("body")
    if not content:  # vLLM tells what is wrong beside the response
        content = document.get("error")
        status = 0 if status == 200 else status
    if not content:
        raise ValueError("neither response nor error")
    return digest, status if isinstance(status, int) else 0, json.dumps(content)


def _take(request: Request, status: int, raw: str, cache: AnswerCache, dialect: str) -> Result:
    outcome = Outcome.BAD_RESPONSE
    if status == 200:
        try:
            return cache.keep(request, Answer(raw, 0.0, dialect, time.time()))
        except NotACompletionError:
            pass
    elif status == 0:
        gone = "expired" in raw or "cancelled" in raw
        outcome = Outcome.EXPIRED if gone else Outcome.SERVER_ERROR
    elif status == 429:
        outcome = Outcome.RATE_LIMITED
    else:
        outcome = Outcome.BAD_REQUEST if status < 500 else Outcome.SERVER_ERROR
    cache.note_failure(request, 1, outcome, raw)
    return Result(request, outcome, detail=raw)


def read_lines(path: Path) -> Iterator[str]:
    """The lines of a responses file, broken characters replaced.

    Raises:
        UserError: The file cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            yield from file
    except OSError as error:
        raise UserError(
            f"The responses file {path} cannot be read: {error.strerror}. Name another file."
        ) from error


class RequestsFileEngine:
    """Writes what is to be asked to one file, and takes answers from another; anything may ask in between.

    Attributes:
        requests_path: Where requests without an answer are written; None writes none.
        responses_path: A file of responses, if there is one yet.
        written: Lines written by the last `complete`.
        taken: What the responses file held.
    """

    def __init__(self, requests_path: Path | None, responses_path: Path | None = None) -> None:
        self.requests_path = requests_path
        self.responses_path = responses_path
        self.written = 0
        self.taken = Taken()

    def complete(
        self, requests: Sequence[Request], cache: AnswerCache, meter: Meter, on_result: OnResult | None = None
    ) -> list[Result]:
        """Answer what can be answered; see `Engine.complete`."""
        wanted = {request.digest: request for request in requests}
        results = cache.results(wanted.values())
        meter.cached += len(results)
        missing = {digest: request for digest, request in wanted.items() if digest not in results}
        if self.responses_path is not None:
            self.taken = take_responses(read_lines(self.responses_path), missing, cache)
            results |= self.taken.results
            for result in self.taken.results.values():
                meter.calls += 1
                if result.completion is not None:
                    meter.count_free(result.request, result.completion.usage, result.completion.content)
        if self.requests_path is not None:
            unanswered = [
                request for digest, request in missing.items() if not _is_finished(results.get(digest))
            ]
            self.written = write_requests(self.requests_path, unanswered)
        if on_result is not None:
            for result in results.values():
                on_result(result)
        return in_order(requests, results)


def _is_finished(result: Result | None) -> bool:
    return result is not None and result.outcome.is_finished
