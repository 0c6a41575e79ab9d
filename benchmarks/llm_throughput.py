"""How full a server is kept: our engine against the bare `openai` client with a semaphore, in the same run.

A server in a process of its own answers every call after a fixed pause. Both contestants ask the same requests with
the same number of calls at once and read the JSON of the answers; ours also validates them, counts money and commits
every answer to the cache. The limit is the number of calls at once, divided by the pause.

    python benchmarks/llm_throughput.py --pause 0.1
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import openai

from naturel.builders.llm.api_call import ApiSettings
from naturel.builders.llm.cache import AnswerCache
from naturel.builders.llm.dialects import Server, body
from naturel.builders.llm.money import Meter, Price, Prices
from naturel.builders.llm.openai_api import OpenAIEngine
from naturel.builders.llm.requests import Message, Request, Sampling, Schema

SCHEMA = Schema.of(
    "captions",
    {
        "type": "object",
        "properties": {"captions": {"type": "array", "items": {"type": "string"}}},
        "required": ["captions"],
        "additionalProperties": False,
    },
)
CAPTIONS = json.dumps({"captions": [f"On the desk in picture {i}, there sits a cat." for i in range(8)]})
COMPLETION = json.dumps(
    {
        "id": "c",
        "object": "chat.completion",
        "created": 0,
        "model": "m",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": CAPTIONS}, "finish_reason": "stop"}
        ],
        "usage": {"prompt_tokens": 400, "completion_tokens": 120, "total_tokens": 520},
    }
).encode()


def serve(pause: float, port: multiprocessing.Queue[int], stop: Event) -> None:
    """Answer every call with the same completion, a pause (s) after it came."""
    response = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(
        COMPLETION
    )

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                await reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r")[0]))
                await asyncio.sleep(pause)
                writer.write(response + COMPLETION)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=512)
        port.put(server.sockets[0].getsockname()[1])
        while not stop.is_set():
            await asyncio.sleep(0.05)

    asyncio.run(run())


@contextmanager
def serving(pause: float) -> Iterator[str]:
    port: multiprocessing.Queue[int] = multiprocessing.Queue()
    stop = multiprocessing.Event()
    process = multiprocessing.Process(target=serve, args=(pause, port, stop), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{port.get(timeout=10)}/v1"
    finally:
        stop.set()
        process.join()


def make_requests(count: int) -> list[Request]:
    system = Message("system", "You write captions that say exactly what you are told. " * 20)
    return [
        Request(
            "m", (system, Message("user", f"Claim {i}: the cat is on the desk.")), Sampling(300, 0.7), SCHEMA
        )
        for i in range(count)
    ]


def ours(requests: list[Request], url: str, concurrency: int) -> None:
    meter = Meter(Prices({"m": Price(Decimal("0.15"), Decimal("0.6"))}))
    with tempfile.TemporaryDirectory() as folder, AnswerCache(Path(folder) / "answers.sqlite") as cache:
        engine = OpenAIEngine(ApiSettings(url, concurrency=concurrency))
        results = engine.complete(requests, cache, meter)
    assert all(result.is_answer for result in results)
    assert meter.calls == len(requests)


def bare(requests: list[Request], url: str, concurrency: int) -> None:
    bodies: list[dict[str, Any]] = [body(request, Server()) for request in requests]

    async def run() -> list[Any]:
        semaphore = asyncio.Semaphore(concurrency)

        async def ask(content: dict[str, Any]) -> Any:
            async with semaphore:
                response = await client.chat.completions.create(**content)
            return json.loads(response.choices[0].message.content or "")

        async with openai.AsyncOpenAI(base_url=url, api_key="none") as client:
            return await asyncio.gather(*map(ask, bodies))

    assert len(asyncio.run(run())) == len(requests)


def seconds_of(work: Callable[[], None]) -> tuple[float, float]:
    """Wall and processor seconds."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def best_of(
    rounds: int, requests: list[Request], url: str, concurrency: int
) -> dict[str, tuple[float, float]]:
    """The least wall and processor seconds of each contestant; they take turns, as others use the machine too."""
    figures: dict[str, list[tuple[float, float]]] = {"bare": [], "ours": []}
    for _ in range(rounds):
        for work in (bare, ours):
            figures[work.__name__].append(seconds_of(partial(work, requests, url, concurrency)))
    return {
        name: (min(wall for wall, _ in found), min(cpu for _, cpu in found))
        for name, found in figures.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pause", type=float, default=0.1, help="seconds before each answer")
    parser.add_argument("--seconds", type=float, default=3.0, help="about so long for each round")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    titles = ("limit/s", "bare/s", "ours/s", "ours/bare", "bare CPU ms", "ours CPU ms")
    print(f"{'at once':>8}{'calls':>8}" + "".join(f"{title:>13}" for title in titles))
    with serving(options.pause) as url:
        for work in (ours, bare):
            work(make_requests(8), url, 8)  # imports and first connections
        for concurrency in (1, 8, 64, 256):
            limit = concurrency / options.pause
            requests = make_requests(max(10, int(options.seconds * min(limit, 500))))
            figures = best_of(options.rounds, requests, url, concurrency)
            rate = {name: len(requests) / wall for name, (wall, _) in figures.items()}
            each = {name: cpu / len(requests) * 1000 for name, (_, cpu) in figures.items()}
            row = (limit, rate["bare"], rate["ours"], rate["ours"] / rate["bare"], each["bare"], each["ours"])
            print(f"{concurrency:8}{len(requests):8}" + "".join(f"{value:13.2f}" for value in row))


if __name__ == "__main__":
    main()
