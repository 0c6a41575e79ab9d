"""The engine for servers that speak OpenAI's API: kept full, asked again with patience, each answer kept at once."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from naturel.annotations.errors import UserError
from naturel.builders.llm.answers import (
    Answer,
    NoLikelihoodError,
    NotACompletionError,
    Outcome,
    Result,
    in_order,
    judge,
    read_response,
)
from naturel.builders.llm.api_call import (
    Api,
    ApiSettings,
    CallError,
    api_key,
    stop_without_likelihood,
    what_gives_likelihoods,
)
from naturel.builders.llm.cache import CLAIM_SECONDS, AnswerCache
from naturel.builders.llm.dialects import Server, adapt
from naturel.builders.llm.engines import OnResult
from naturel.builders.llm.money import Meter
from naturel.builders.llm.requests import Request
from naturel.builders.llm.waiting import jitter, run
from naturel.builders.progress import Progress, SilentProgress, Task

LOOK_SECONDS = 0.2
"""How often answers that another process is asking for are looked for."""
GRACE_SECONDS = 30.0
"""How long calls in flight may still bring their answers when the run stops."""


class OpenAIEngine:
    """Answers requests by calls to a server."""

    def __init__(self, settings: ApiSettings | None = None, progress: Progress | None = None) -> None:
        self.settings = settings or ApiSettings()
        self.progress = progress or SilentProgress()

    def complete(
        self, requests: Sequence[Request], cache: AnswerCache, meter: Meter, on_result: OnResult | None = None
    ) -> list[Result]:
        """Answer requests; see `Engine.complete`."""
        wanted = {request.digest: request for request in requests}
        with self.progress.task("asking the model", len(wanted), "answers") as task:
            work = _Run(self.settings, cache, meter, task, on_result)
            work.start_with(wanted, cache.results(wanted.values()))
            if work.queue:
                api_key(self.settings)  # before anything is started
                for model in {request.model for request in work.queue}:
                    meter.prices.of(model)
                run(work.all())
        return in_order(requests, work.results)


class _Run:
    """The state of one `complete`."""

    def __init__(
        self, settings: ApiSettings, cache: AnswerCache, meter: Meter, task: Task, on_result: OnResult | None
    ) -> None:
        self.settings = settings
        self.cache = cache
        self.meter = meter
        self.task = task
        self.on_result = on_result
        self.results: dict[str, Result] = {}
        self.queue: deque[Request] = deque()
        self.mine: deque[Request] = deque()
        self.elsewhere: list[Request] = []
        self.servers: dict[str, Server] = {}
        self.resume = 0.0
        self.fruitless = 0
        self.answered = False

    def start_with(self, wanted: dict[str, Request], known: dict[str, Result]) -> None:
        """Take over what the cache knows; the rest is to be asked."""
        self.queue.extend(request for digest, request in wanted.items() if digest not in known)
        for result in known.values():
            self.finish(result)

    def finish(self, result: Result) -> None:
        """A request is done with."""
        self.results[result.request.digest] = result
        self.meter.cached += result.cached
        self.task.advance()
        if self.on_result is not None:
            self.on_result(result)

    async def all(self) -> None:
        """Answer everything in the queue with as many workers as calls may be made at once."""
        self.stopping = asyncio.Event()
        self.probing = asyncio.Lock()
        self.looking = asyncio.Lock()
        self.settled = asyncio.Condition()
        heart = asyncio.create_task(self._keep_claims())
        async with Api(self.settings) as self.api:
            count = min(self.settings.concurrency, len(self.queue))
            workers = [asyncio.create_task(self._worker()) for _ in range(count)]
            try:
                done, others = await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
                self.stopping.set()
                async with self.settled:
                    self.settled.notify_all()
                if others:
                    await asyncio.wait(others, timeout=GRACE_SECONDS)
                for worker in done:
                    worker.result()  # raises what stopped the run
            finally:
                for job in (heart, *workers):
                    job.cancel()
                await asyncio.gather(heart, *workers, return_exceptions=True)
                self.cache.release_claims()

    async def _keep_claims(self) -> None:
        while True:
            await asyncio.sleep(CLAIM_SECONDS / 4)
            self.cache.renew_claims()

    async def _worker(self) -> None:
        try:
            while not self.stopping.is_set() and (request := await self._next()) is not None:
                result = await self._ask(request)
                if result is not None:
                    self.finish(result)
        except BaseException:
            self.stopping.set()  # before any other worker goes on
            raise

    async def _next(self) -> Request | None:
        """A request that is ours to ask; None when nothing is left."""
        while True:
            while self.queue and not self.mine:
                self._claim_some()
            if self.mine:
                return self.mine.popleft()
            async with self.looking:
                if not self.queue and not self.mine:
                    if not self.elsewhere or self.stopping.is_set():
                        return None
                    await self._sleep(LOOK_SECONDS)
                    self.queue.extend(self.elsewhere)
                    self.elsewhere.clear()

    def _claim_some(self) -> None:
        """Claim the next requests in the queue; leave alone those that another process asks or has answered."""
        some = [self.queue.popleft() for _ in range(min(self.settings.concurrency, len(self.queue)))]
        mine = self.cache.claim(request.digest for request in some)
        answered = self.cache.results(some)  # after claiming: what is answered now was answered before
        for result in answered.values():
            self.finish(result)
        self.cache.release_claims(mine & answered.keys())
        for request in some:
            if request.digest not in answered:
                (self.mine if request.digest in mine else self.elsewhere).append(request)

    async def _sleep(self, seconds: float) -> None:
        """Wait, but no longer than until the run stops."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds)

    def _server(self, model: str) -> Server:
        if model not in self.servers:
            known = self.cache.server(self.settings.public_address, model)
            self.servers[model] = known or Server()
        return self.servers[model]

    def _learn(self, request: Request, server: Server) -> None:
        learnt = self._server(request.model).merged(server.having_answered(request))
        if learnt != self._server(request.model):
            self.servers[request.model] = learnt
            self.cache.remember_server(self.settings.public_address, request.model, learnt)

    async def _ask(self, request: Request) -> Result | None:
        """Ask; the first request that uses something new of a server is asked alone, to find out how."""
        if self._server(request.model).knows(request):
            return await self._insist(request)
        async with self.probing:
            if not self._server(request.model).knows(request):
                return await self._probe(request)
        return await self._insist(request)

    async def _probe(self, request: Request) -> Result | None:
        """Ask in weaker and weaker dialects while the answer shows that the server did not heed the schema."""
        server = self._server(request.model)
        if request.schema is None or "schema" in server.known:
            return await self._insist(request)
        first: tuple[Server, Answer] | None = None
        while True:
            got = await self._try(request, server)
            if not isinstance(got, tuple):
                if first is None:
                    return got
                break
            server, answer = got
            weaker = server.dialect.weaker()
            if judge(request, answer.raw).outcome is not Outcome.MALFORMED:
                return self._keep(request, server, answer)
            first = first or got
            if weaker is None:
                break
            self.cache.note_failure(request, 1, Outcome.MALFORMED, answer.raw)
            server = replace(server, dialect=weaker)
        return self._keep(request, *first)

    async def _insist(self, request: Request) -> Result | None:
        got = await self._try(request, self._server(request.model))
        return self._keep(request, *got) if isinstance(got, tuple) else got

    def _keep(self, request: Request, server: Server, answer: Answer) -> Result:
        result = self.cache.keep(request, answer)
        self._learn(request, server)
        return result

    async def _try(self, request: Request, server: Server) -> tuple[Server, Answer] | Result | None:
        """Call until there is a response of the model, or no hope of one; None where the run stops before."""
        number = 1
        while True:
            await self._wait_for_server()
            if not await self._afford(request):
                return None
            try:
                answer = await self._call(request, server)
            except CallError as error:
                adapted = adapt(server, request, error.status, error.detail)
                if adapted is not None:
                    server = adapted
                    continue
                self.cache.note_failure(request, number, error.outcome, error.detail)
                self._stop_if_hopeless(error, request)
                if not error.again or number == self.settings.attempts:
                    return self._give_up(request, error)
                await self._sleep(jitter(number, self.settings.backoff, self.settings.longest_wait))
                number += 1
            else:
                self.fruitless = 0
                self.answered = True
                return server, answer

    async def _call(self, request: Request, server: Server) -> Answer:
        """One call, entered in the meter whatever comes of it."""
        self.meter.calls += 1
        try:
            answer = await self.api.call(request, server)
            completion = read_response(request, answer.raw)
        except NoLikelihoodError as error:
            self.meter.lose(request)
            stop_without_likelihood(self.settings.public_address, request.model, str(error))
        except NotACompletionError as error:
            self.meter.lose(request)
            detail = f"{error}: {answer.raw}"
            raise CallError(Outcome.BAD_RESPONSE, detail, again=True) from error
        except CallError as error:
            (self.meter.lose if error.maybe_billed else self.meter.release)(request)
            raise
        except UserError:
            self.meter.release(request)
            raise
        except asyncio.CancelledError:
            self.meter.lose(request)
            raise
        else:
            self.meter.settle(request, completion.usage, completion.content)
            return answer
        finally:
            async with self.settled:
                self.settled.notify_all()

    async def _wait_for_server(self) -> None:
        """A server that asked to be left alone is left alone by all workers."""
        while (wait := self.resume - time.monotonic()) > 0 and not self.stopping.is_set():
            await self._sleep(wait)

    async def _afford(self, request: Request) -> bool:
        """Announce a call to the meter; False where there is no money for it, or the run stops."""
        async with self.settled:
            while not self.stopping.is_set() and not self.meter.stopped:
                if self.meter.reserve(request):
                    return True
                if not self.meter.is_waiting:
                    self.meter.stopped = True
                    self.stopping.set()
                    self.settled.notify_all()
                    break
                await self.settled.wait()
        return False

    def _stop_if_hopeless(self, error: CallError, request: Request) -> None:
        where = self.settings.public_address
        if error.unreachable and not self.answered:
            hint = f" {what_gives_likelihoods(request.model)}" if request.likelihood else ""
            raise UserError(
                f"There is no server at {where} ({error.detail}). Start it, or mend --base-url or OPENAI_BASE_URL."
                f"{hint}"
            ) from error
        if error.wait is None:
            return
        if error.wait > self.settings.longest_wait:
            raise UserError(
                f"The server {where} asks to be left alone for {error.wait:,.0f} s. Run the same command again then: "
                "all answers so far are kept."
            ) from error
        self.resume = max(self.resume, time.monotonic() + error.wait)

    def _give_up(self, request: Request, error: CallError) -> Result:
        self.cache.release_claims([request.digest])
        self.fruitless += 1
        if self.fruitless >= self.settings.give_up_after:
            raise UserError(
                f"The server {self.settings.public_address} answered none of the last {self.fruitless} requests; the "
                f"last one: {error.outcome}: {error.detail[:300]}. Look after it, and run the same command again: "
                "all answers so far are kept."
            ) from error
        status = f"HTTP {error.status}: " if error.status else ""
        return Result(request, error.outcome, detail=status + error.detail)
