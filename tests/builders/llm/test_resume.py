"""Processes that are killed, and processes that share a cache: no finished call is made twice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers.llm_server import LlmServer, question

from naturel.builders.llm.cache import AnswerCache

ROOT = Path(__file__).parents[3]
WORK = """
import sys
from pathlib import Path
from helpers.llm_server import question
from naturel.builders.llm.api_call import ApiSettings
from naturel.builders.llm.cache import AnswerCache
from naturel.builders.llm.money import FREE, Meter, Prices
from naturel.builders.llm.openai_api import OpenAIEngine

url, path, count, concurrency = sys.argv[1:]
requests = [question(str(i)) for i in range(int(count))]
with AnswerCache(Path(path)) as cache:
    print("ready", flush=True)
    sys.stdin.readline()
    meter = Meter(Prices({}, FREE))
    results = OpenAIEngine(ApiSettings(url, concurrency=int(concurrency))).complete(requests, cache, meter)
print(sum(result.is_answer for result in results), meter.calls, meter.cached)
"""


def start(
    server: LlmServer, path: Path, count: int, concurrency: int, processes: int = 1
) -> list[subprocess.Popen[str]]:
    """Start processes that begin their work at the same time."""
    command = [sys.executable, "-c", WORK, server.url, str(path), str(count), str(concurrency)]
    pipe = subprocess.PIPE
    started = [
        subprocess.Popen(command, cwd=ROOT / "tests", stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        for _ in range(processes)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return started


def end(process: subprocess.Popen[str]) -> list[int]:
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    return [int(number) for number in out.split()]


def answered(path: Path, count: int) -> set[str]:
    with AnswerCache(path) as cache:
        requests = {question(str(i)).digest: str(i) for i in range(count)}
        return {requests[digest] for digest in cache.results(question(str(i)) for i in range(count))}


@pytest.mark.parametrize(("how", "kills"), [(signal.SIGKILL, 2), (signal.SIGINT, 1)])
def test_a_killed_run_repeats_no_finished_call(tmp_path: Path, how: signal.Signals, kills: int) -> None:
    count, concurrency = 100, 8
    path = tmp_path / "answers.sqlite"
    with LlmServer(pause=0.02) as server:
        for _ in range(kills):
            (process,) = start(server, path, count, concurrency)
            time.sleep(random.uniform(0.05, 0.35))
            process.send_signal(how)
            process.communicate(timeout=10)
            kept = answered(path, count)
            calls = {text: server.calls[text] for text in kept}
        found, made, known = end(*start(server, path, count, concurrency))
        assert (found, made + known) == (count, count)
        assert known == len(kept)
        assert {text: server.calls[text] for text in kept} == calls
        # What was on its way when the process died is the only thing asked anew.
        assert sum(server.calls.values()) <= count + kills * concurrency


def test_two_processes_share_one_cache_and_the_work(tmp_path: Path) -> None:
    count = 150
    path = tmp_path / "answers.sqlite"
    with LlmServer(pause=0.02) as server:
        results = [end(process) for process in start(server, path, count, 4, processes=2)]
        assert [result[0] for result in results] == [count, count]
        assert set(server.calls.values()) == {1}
        assert sum(result[1] for result in results) == count
        assert all(result[1] > 10 for result in results)


def test_the_work_of_a_dead_process_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    with LlmServer(pause=0.05) as server:
        first, second = start(server, path, 40, 4, processes=2)
        time.sleep(0.1)
        first.kill()
        first.communicate()
        assert end(second)[0] == 40
        assert sum(server.calls.values()) <= 44
