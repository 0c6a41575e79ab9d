"""The commands `naturel cache stats | export | prune`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.llm_server import completion, good, question
from typer.testing import CliRunner

from naturel.builders.cache_cli import cache_app
from naturel.builders.llm.answers import Answer, Outcome
from naturel.builders.llm.batch_ledger import BatchLedger
from naturel.builders.llm.cache import AnswerCache
from naturel.builders.llm.requests_file import FILE_SERVER

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Two answers, one of them old, a refusal, a failed call, and an open batch."""
    path = tmp_path / "answers.sqlite"
    with AnswerCache(path) as cache:
        for number, days in enumerate((0, 10)):
            answer = Answer(json.dumps(good("ab")), 2.0, "json_schema", time.time() - days * 86_400)
            cache.keep(question(str(number)), answer)
        refusal = json.dumps(completion(None, refusal="no"))
        cache.keep(question("r"), Answer(refusal, 1.0, "json_schema", time.time()))
        cache.note_failure(question("f"), 1, Outcome.TIMEOUT, "no answer")
        BatchLedger(cache, "http://127.0.0.1/v1").plan([question("b")], FILE_SERVER)
    return path


@pytest.fixture
def run(path: Path) -> Run:
    def run(*arguments: str | Path) -> tuple[int, str, str]:
        options = [*map(str, arguments), "--cache", str(path)]
        result = CliRunner().invoke(cache_app(), options)
        return result.exit_code, result.stdout, result.stderr

    return run


def kept(path: Path) -> int:
    with AnswerCache(path) as cache:
        return len(cache.results(question(name) for name in ("0", "1", "r")))


def test_stats(run: Run, path: Path) -> None:
    code, out, _ = run("stats")
    lines = out.splitlines()
    assert code == 0
    assert lines[0].startswith(f"{path}: ")
    row = dict(
        zip(("model", "answers", "none", "failed", "in", "out", "seconds"), lines[2].split(), strict=False)
    )
    assert row == {
        "model": "tiny",
        "answers": "2",
        "none": "1",
        "failed": "1",
        "in": "34",
        "out": "15",
        "seconds": "5",
    }
    assert lines[3:] == ["tiny: 1 refusal", "tiny: failed calls: 1 timeout"]


def test_export(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("export", tmp_path / "out.jsonl")
    assert (code, out) == (0, f"3 answers written to {tmp_path / 'out.jsonl'}\n")
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("options", "said", "left"),
    [
        (("--model", "tiny"), "3 answers and 1 notes of failed calls", 0),
        (("--older-than", "5"), "1 answers and 0 notes of failed calls", 2),
        (("--failures",), "1 answers and 1 notes of failed calls", 2),
        (("--failures", "--model", "other"), "0 answers and 0 notes of failed calls", 3),
        (("--batches",), "1 open batches", 3),
    ],
)
def test_prune_only_says_until_yes(
    run: Run, path: Path, options: tuple[str, ...], said: str, left: int
) -> None:
    code, out, _ = run("prune", *options)
    assert code == 0
    assert f"{said} would be " in out
    assert "--yes" in out
    assert kept(path) == 3
    code, out, _ = run("prune", *options, "--yes")
    assert code == 0
    assert said in out
    assert "would" not in out
    assert kept(path) == left
    assert run("prune", *options)[1].startswith("0 ")


def test_prune_wants_a_choice(run: Run) -> None:
    code, _, err = run("prune", "--yes")
    assert code == 2
    assert "Say what to prune" in err


@pytest.mark.parametrize("command", [["stats"], ["export", "x.jsonl"], ["prune", "--failures"]])
def test_no_cache_is_told_and_none_is_made(command: list[str], tmp_path: Path) -> None:
    result = CliRunner().invoke(cache_app(), [*command, "--cache", str(tmp_path / "none.sqlite")])
    assert result.exit_code == 2
    assert "There is no cache of answers at" in result.stderr
    assert not list(tmp_path.iterdir())
