"""The engine for OpenAI's Batch API: half the price, within a day, and nothing submitted twice."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import openai
from openai.types import Batch

from naturel.annotations.errors import UserError
from naturel.builders.llm.answers import Outcome, Result, in_order
from naturel.builders.llm.api_call import ApiSettings, api_key, stop_at_key
from naturel.builders.llm.batch_ledger import BatchLedger, Part
from naturel.builders.llm.cache import AnswerCache
from naturel.builders.llm.dialects import Server, adapt
from naturel.builders.llm.engines import OnResult
from naturel.builders.llm.money import BATCH_FACTOR, Meter
from naturel.builders.llm.requests import Request
from naturel.builders.llm.requests_file import FILE_SERVER, request_line, take_responses
from naturel.builders.progress import Progress, SilentProgress

MARK = "naturel_part"
"""The key in a batch's metadata under which our name for it stands."""
TERMINAL = ("completed", "failed", "expired", "cancelled")


@dataclass(frozen=True)
class BatchSettings:
    """How batches are made and watched.

    Attributes:
        api: How the server is reached.
        poll_seconds: How often batches are looked at.
        wait: Stay until all batches are done; else submit, collect what is ready, and come back another time.
        max_requests: Requests in a batch at most.
        max_bytes: Bytes of its file at most.
    """

    api: ApiSettings = field(default_factory=ApiSettings)
    poll_seconds: float = 30.0
    wait: bool = True
    max_requests: int = 50_000
    max_bytes: int = 200_000_000


class OpenAIBatchEngine:
    """Answers requests by batches."""

    def __init__(self, settings: BatchSettings | None = None, progress: Progress | None = None) -> None:
        self.settings = settings or BatchSettings()
        self.progress = progress or SilentProgress()

    def complete(
        self, requests: Sequence[Request], cache: AnswerCache, meter: Meter, on_result: OnResult | None = None
    ) -> list[Result]:
        """Answer requests; see `Engine.complete`.

        A batch that expired, failed or was cancelled leaves its unanswered requests with the outcome `expired`; the
        next call submits them anew. Without `wait`, requests under way have the outcome `not_asked`.
        """
        wanted = {request.digest: request for request in requests}
        results = cache.results(wanted.values())
        meter.cached += len(results)
        missing = {digest: request for digest, request in wanted.items() if digest not in results}
        if on_result is not None:
            for result in results.values():
                on_result(result)
        if missing:
            run = _Run(self.settings, cache, meter, missing, on_result)
            with self.progress.task("waiting for batches", len(missing), "answers") as task:
                try:
                    for count in run.collect(run.submit()):
                        task.advance(count)
                finally:
                    run.close()
            results |= run.results
        return in_order(requests, results)


class _Run:
    """The state of one `complete`."""

    def __init__(
        self,
        settings: BatchSettings,
        cache: AnswerCache,
        meter: Meter,
        wanted: Mapping[str, Request],
        on_result: OnResult | None,
    ) -> None:
        self.settings = settings
        self.cache = cache
        self.meter = meter
        self.wanted = wanted
        self.on_result = on_result
        self.where = settings.api.public_address
        self.ledger = BatchLedger(cache, self.where)
        self.results: dict[str, Result] = {}
        self.reserved: dict[str, Request] = {}
        timeout = openai.Timeout(settings.api.answer_timeout, connect=settings.api.connect_timeout)
        self.client = openai.OpenAI(
            api_key=api_key(settings.api),
            base_url=settings.api.address,
            timeout=timeout,
            max_retries=settings.api.attempts - 1,
        )

    def close(self) -> None:
        """Let go of the connection, and of money that is not spent."""
        for request in self.reserved.values():
            self.meter.release(request, BATCH_FACTOR)
        self.client.close()

    def submit(self) -> list[Part]:
        """Submit what no open batch has; gives all open batches with anything wanted."""
        parts = self.ledger.open_parts(self.wanted)
        under_way = {digest for part in parts for digest in part.requests}
        for digest in under_way & self.wanted.keys():
            self._reserve(self.wanted[digest], is_made=True)
        by_model: dict[str, list[Request]] = {}
        for digest, request in self.wanted.items():
            if digest not in under_way and not self.meter.stopped:
                if self._reserve(request):
                    by_model.setdefault(request.model, []).append(request)
                else:
                    self.meter.stopped = True
        for model, requests in by_model.items():
            server = self._server(model)
            for some in self._split(requests, server):
                if (part := self.ledger.plan(some, server)) is not None:
                    self._submit(part, is_new=True)
        for part in parts:
            if part.id is None:
                self._submit(part, is_new=False)
        return self.ledger.open_parts(self.wanted)

    def _reserve(self, request: Request, is_made: bool = False) -> bool:
        if not self.meter.reserve(request, BATCH_FACTOR, is_made=is_made):
            return False
        self.reserved[request.digest] = request
        return True

    def _server(self, model: str) -> Server:
        return self.cache.server(self.where, model) or FILE_SERVER

    def _split(self, requests: Iterable[Request], server: Server) -> Iterator[list[Request]]:
        some: list[Request] = []
        size = 0
        for request in requests:
            length = len(request_line(request, server).encode())
            if some and (len(some) == self.settings.max_requests or size + length > self.settings.max_bytes):
                yield some
                some, size = [], 0
            some.append(request)
            size += length
        if some:
            yield some

    def _submit(self, part: Part, is_new: bool) -> None:
        """Make a batch of a part, unless it is one already or another process is about to."""
        if part.name not in self.cache.claim([part.name]):
            return
        try:
            if self.ledger.id_of(part) is None:
                with self._told():
                    batch = (None if is_new else self._find(part)) or self._create(part)
                self.ledger.submitted(part, batch.id)
        finally:
            self.cache.release_claims([part.name])

    def _find(self, part: Part) -> Batch | None:
        """The batch of a part that was perhaps submitted by a process that died."""
        for batch in self.client.batches.list(limit=100):
            if (batch.metadata or {}).get(MARK) == part.name:
                return batch
            if batch.created_at < part.time - 3600:  # they come newest first
                break
        return None

    def _create(self, part: Part) -> Batch:
        lines = "".join(request_line(request, part.server) for request in part.requests.values())
        file = self.client.files.create(file=(f"naturel-{part.name}.jsonl", lines.encode()), purpose="batch")
        # Tried once: after a broken connection the batch may exist. The next run finds it by its mark.
        once = self.client.with_options(max_retries=0)
        return once.batches.create(
            input_file_id=file.id,
            endpoint="/v1/chat/completions",
            completion_window="24h",
            metadata={MARK: part.name},
        )

    def collect(self, parts: list[Part]) -> Iterator[int]:
        """Watch batches until all are done; yields how many requests are done with, as that grows."""
        while parts:
            still_open = []
            for part in parts:
                if self._collect(part):
                    yield len(part.requests.keys() & self.wanted.keys())
                else:
                    still_open.append(part)
            parts = still_open
            if parts and not self.settings.wait:
                return
            if parts:
                time.sleep(self.settings.poll_seconds)

    def _collect(self, part: Part) -> bool:
        """Take a batch's answers if it is done."""
        if not self.ledger.is_open(part):  # another process was faster
            for known in self.cache.results(self._mine(part)).values():
                self._finish(known)
            return True
        id = self.ledger.id_of(part)
        if id is None:
            self._submit(part, is_new=False)
            return False
        with self._told():
            batch = self.client.batches.retrieve(id)
            if batch.status not in TERMINAL:
                return False
            lines = [
                line for file in (batch.output_file_id, batch.error_file_id) for line in self._lines(file)
            ]
        taken = take_responses(lines, part.requests, self.cache, part.server.dialect)
        self.ledger.closed(part, batch.status)
        self._learn(part, taken.results.values())
        for request in self._mine(part):
            result = taken.results.get(request.digest)
            self._finish(result or Result(request, Outcome.EXPIRED, detail=_explain(batch)))
        return True

    def _mine(self, part: Part) -> list[Request]:
        return [request for digest, request in self.wanted.items() if digest in part.requests]

    def _lines(self, file_id: str | None) -> list[str]:
        if file_id is None:
            return []
        return self.client.files.content(file_id).content.decode("utf-8", "replace").split("\n")

    def _learn(self, part: Part, results: Iterable[Result]) -> None:
        """Keep what a rejection tells about the server, for the next batch."""
        for result in results:
            if result.outcome is Outcome.BAD_REQUEST:
                adapted = adapt(part.server, result.request, 400, result.detail)
                if adapted is not None:
                    self.cache.remember_server(self.where, result.request.model, adapted)
                    return

    def _finish(self, result: Result) -> None:
        """A request is done with; only answers are billed, and only by the process that collects them."""
        request, completion = result.request, result.completion
        self.results[request.digest] = result
        self.meter.cached += result.cached
        self.meter.calls += not result.cached and result.outcome is not Outcome.EXPIRED
        if self.reserved.pop(request.digest, None) is not None:
            if completion is not None and not result.cached:
                self.meter.settle(request, completion.usage, completion.content, BATCH_FACTOR)
            else:
                self.meter.release(request, BATCH_FACTOR)
        if self.on_result is not None:
            self.on_result(result)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say what users can mend. Batches live on the server: nothing is lost meanwhile."""
        go_on = "Batches go on without us: run the same command again later."
        try:
            yield
        except openai.APIConnectionError as error:
            raise UserError(f"The server {self.where} cannot be reached ({error}). {go_on}") from error
        except openai.APIStatusError as error:
            if error.status_code in (401, 403):
                stop_at_key(self.where, error.status_code)
            if error.status_code in (404, 405):
                raise UserError(
                    f"The server {self.where} has no Batch API, or no such batch for this key ({_short(error)}). Use "
                    "the key that submitted it, give it up with `naturel cache prune --batches`, or ask without "
                    "batches."
                ) from error
            raise UserError(
                f"The server {self.where} rejects the batch (HTTP {error.status_code}: {_short(error)}). {go_on}"
            ) from error


def _short(error: openai.APIStatusError) -> str:
    body = error.body
    message = body.get("message") if isinstance(body, dict) else None
    return str(message or error.response.text)[:300]


def _explain(batch: Batch) -> str:
    """Why a batch left a request without an answer."""
    faults = [fault.message or "" for fault in (batch.errors.data or [])] if batch.errors else []
    return f"the batch {batch.id} is {batch.status}" + (f": {'; '.join(faults)[:500]}" if faults else "")
