"""Builds by a model that answers badly, behind a server that misbehaves, in processes that are killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from helpers.builds import COMMAND, release_files
from helpers.caption_server import Asked, CaptionServer, answer_of, reply_of
from helpers.llm_server import HTML, Reply, completion, error, llama_cpp, without_usage
from helpers.model_builds import (
    CLAIMS,
    Builder,
    captions_of,
    counts_of,
    half_wrong,
    manifest_of,
    run_command,
    write_small_source,
)

from naturel.builders.llm.api_call import ApiSettings
from naturel.builders.llm.cache import AnswerCache
from naturel.builders.llm.requests import Request
from naturel.builders.writing import captioner


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_source(tmp_path_factory.mktemp("source") / "openimages")


@pytest.fixture
def builder(source: Path, tmp_path: Path) -> Builder:
    return Builder(source, tmp_path)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few tries, short waits."""
    quick = partial(ApiSettings, attempts=2, backoff=0.01, answer_timeout=0.6)
    monkeypatch.setattr(captioner, "ApiSettings", quick)


# Misbehaviour

GERMAN = "Die Katze ist auf dem Tisch."


def german(asked: Asked) -> Reply:
    return reply_of(asked, {name: f"{GERMAN[:-1]} {name}." for name in asked.constructions})


def slow(asked: Asked) -> Reply:
    return reply_of(asked, drip=0.1)


def no_usage(asked: Asked) -> Reply:
    return Reply(without_usage(asked.text) | {"choices": completion(answer_of(asked.good))["choices"]})


def two_choices(asked: Asked) -> Reply:
    body = completion(answer_of(asked.good), asked.text)
    return Reply(body | {"choices": [*body["choices"], *completion("Another.")["choices"]]})


PERSISTENT: dict[str, tuple[str, Any]] = {
    "429 with Retry-After": (
        "rate_limited",
        lambda asked: Reply(error("slow down"), 429, headers={"Retry-After": "0.05"}),
    ),
    "429 without": ("rate_limited", lambda asked: Reply(error("slow down"), 429)),
    "500": ("server_error", lambda asked: Reply(error("oh"), 500)),
    "hang": ("timeout", lambda asked: Reply(hang=True)),
    "slow tokens": ("timeout", slow),
    "closed in the middle": ("connection", lambda asked: reply_of(asked, cut=40)),
    "closed without a word": ("connection", lambda asked: Reply(drop=True)),
    "HTML": ("bad_response", lambda asked: HTML),
    "off the schema": (
        "malformed",
        lambda asked: Reply(completion('{"captions": [{"text": 3}]}', asked.text)),
    ),
    "wrong language": ("answer", german),
    "refusal": ("refusal", lambda asked: Reply(completion(None, asked.text, refusal="No."))),
}
HARMLESS: dict[str, Any] = {"no usage": no_usage, "duplicated choices": two_choices}


class Trouble:
    """Gives each misbehaviour a claim of its own; the first claims are answered well, so that the server is known."""

    def __init__(self, *kinds: str) -> None:
        self.kinds = ["", "", *kinds]
        self.claims: dict[str, str] = {}
        self.constructions: Counter[str] = Counter()

    def __call__(self, asked: Asked) -> Reply | None:
        taken = len(self.claims)
        kind = self.claims.setdefault(asked.statement, self.kinds[taken] if taken < len(self.kinds) else "")
        if asked.number == 1:
            self.constructions[kind] += len(asked.constructions)
        behave = HARMLESS.get(kind) or PERSISTENT.get(kind, (None, None))[1]
        return behave(asked) if behave else None


@pytest.mark.usefixtures("impatient")
def test_all_misbehaviour_at_once_leaves_a_finished_build(builder: Builder, tmp_path: Path) -> None:
    trouble = Trouble(*PERSISTENT, *HARMLESS)
    out = tmp_path / "out"
    with CaptionServer(trouble) as server:
        done = builder.must(server, out, "--price", "1,2", "--concurrency", "8")
        calls = len(server.bodies)
    counts = counts_of(out)
    assert done.count("calls to the model") == calls
    answers = Counter(
        {name.removeprefix("answers, "): n for name, n in counts.items() if name.startswith("answers, ")}
    )
    expected = Counter({"answer": CLAIMS - len(PERSISTENT)})
    for outcome, _ in PERSISTENT.values():
        expected[outcome] += 3
    assert answers == expected
    # Two tries of what fails on the way, one of what the model itself says; three rounds of either.
    spoken = ("malformed", "answer", "refusal")
    tries = sum(3 if outcome in spoken else 6 for outcome, _ in PERSISTENT.values())
    assert calls == CLAIMS - len(PERSISTENT) + tries
    gaps = sum(n for kind, n in trouble.constructions.items() if kind in PERSISTENT)
    assert counts["claims with gaps"] == done.count("claims with gaps") == len(PERSISTENT)
    assert counts["gaps filled by the grammar"] == done.count("gaps filled by the grammar") == gaps
    assert counts["gaps left open"] == 0
    assert done.count("calls whose tokens were estimated") == 1
    written = Counter(row["writer"] for row in captions_of(out) if row["status"] == "ok")
    assert written["grammar"] == gaps
    rejected = manifest_of(out, "captions")["dropped"]
    assert sum(rejected.values()) == 3 * trouble.constructions["wrong language"]
    assert sum(
        count for name, count in counts.items() if name.startswith("checked, tiny: rejected")
    ) + rejected["caption: said before by the model"] == sum(rejected.values())


@pytest.mark.usefixtures("impatient")
def test_without_fallback_gaps_are_left_and_counted(builder: Builder, tmp_path: Path) -> None:
    trouble = Trouble("refusal", "HTML")
    out = tmp_path / "out"
    with CaptionServer(trouble) as server:
        done = builder.must(server, out, "--no-fallback")
    gaps = trouble.constructions["refusal"] + trouble.constructions["HTML"]
    assert (done.count("gaps filled by the grammar"), done.count("gaps left open")) == (0, gaps)
    assert {row["writer"] for row in captions_of(out)} == {"tiny"}


@pytest.mark.usefixtures("impatient")
def test_calls_that_failed_on_the_way_are_made_again_by_the_next_build(
    builder: Builder, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    failed = "claims whose last call failed; the next build asks again"
    with CaptionServer(Trouble("refusal", "HTML")) as server:
        builder.must(server, out)
    assert counts_of(out)[failed] == 1
    assert counts_of(out)["claims with gaps"] == 2
    with CaptionServer() as server:
        builder.must(server, out)
        assert len(server.bodies) == 1  # what the model refused three times is not asked again
    assert failed not in counts_of(out)
    assert counts_of(out)["claims with gaps"] == 1
    with CaptionServer() as server:
        assert "nothing was redone" in builder.must(server, out).out
        assert not server.bodies


def test_a_server_without_json_schema_is_learnt_once(builder: Builder, tmp_path: Path) -> None:
    with CaptionServer(judge=llama_cpp) as server:
        done = builder.must(server, tmp_path / "out")
        kinds = Counter(body["response_format"]["type"] for body in server.bodies)
        assert done.count("calls to the model") == len(server.bodies) == CLAIMS + 1
        assert kinds == {"json_schema": 1, "json_object": CLAIMS}
    assert counts_of(tmp_path / "out")["claims with gaps"] == 0


def test_wrong_sentences_are_asked_for_again_and_no_more(builder: Builder, tmp_path: Path) -> None:
    with CaptionServer(half_wrong) as server:
        done = builder.must(server, tmp_path / "out")
        first = {asked.statement: asked for asked in server.asked if asked.number == 1}
        again = [asked for asked in server.asked if asked.number == 2]
        assert done.count("calls to the model") == len(server.bodies) == len(first) + len(again)
    assert len(first) == len(again) == CLAIMS
    for asked in again:
        assert asked.constructions == first[asked.statement].constructions[::2]
        assert asked.seed != first[asked.statement].seed
    assert counts_of(tmp_path / "out")["claims with gaps"] == 0


# Kills


def test_killed_at_random_moments_and_no_finished_call_is_repeated(
    builder: Builder, source: Path, tmp_path: Path
) -> None:
    concurrency, kills = 2, 3
    moments = random.Random(11)
    with CaptionServer(half_wrong, pause=0.05) as server:
        options = builder.options(server.url, tmp_path / "out", "--concurrency", str(concurrency))
        kept: set[Call] = set()
        for _ in range(kills):
            before = len(server.bodies)
            process = subprocess.Popen(
                [*COMMAND, "--source", "openimages", *options],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            while len(server.bodies) == before and process.poll() is None:
                time.sleep(0.01)
            time.sleep(moments.uniform(0, 0.3))
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            again = {_call(body) for body in server.bodies[before:]}
            assert not again & kept
            kept = set(_kept(builder.cache))
        made = len(server.bodies)
        done = run_command(*options)
        assert done.code == 0
        assert not {_call(body) for body in server.bodies[made:]} & kept
        total = done.count("calls to the model") + done.count("answers known already")
        assert made + done.count("calls to the model") == len(server.bodies)
        finished = len(_kept(builder.cache))
        assert total == finished
        # What was on its way when a process died is the only thing asked anew.
        assert len(server.bodies) <= finished + kills * concurrency
    with CaptionServer(half_wrong) as server:
        other = Builder(source, tmp_path / "undisturbed")
        other.must(server, tmp_path / "undisturbed")
    assert release_files(tmp_path / "out") == release_files(tmp_path / "undisturbed")


Call: TypeAlias = tuple[str, int | None]
"""The last message of a call, and its seed."""


def _call(body: dict[str, Any]) -> Call:
    return str(body["messages"][-1]["content"]), body["seed"]


def _kept(cache: Path) -> list[Call]:
    """The calls whose answers are in the cache."""
    with AnswerCache(cache) as answers:
        requests = [
            Request.from_canonical(row["request"]) for row in answers.database.rows("SELECT * FROM answers")
        ]
    return [(request.messages[-1].content, request.seed) for request in requests]
