from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.llm_server import completion, good, question

from naturel.annotations.errors import UserError
from naturel.builders.llm.answers import Answer, Outcome
from naturel.builders.llm.cache import AnswerCache
from naturel.builders.llm.housekeeping import Pruned, cache_stats, export_cache, prune_cache

DAY = 86_400


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[AnswerCache]:
    """Two models, old and new answers, one refusal, one failed call."""
    now = time.time()
    with AnswerCache(tmp_path / "answers.sqlite") as cache:
        for number, age in enumerate((0, 1, 10)):
            raw = json.dumps(good("ab"))
            cache.keep(question(str(number)), Answer(raw, 2.0, "json_schema", now - age * DAY))
        refusal = json.dumps(completion(None, refusal="no"))
        cache.keep(question("r"), Answer(refusal, 1.0, "json_schema", now - 10 * DAY))
        other = replace(question("0"), model="other")
        cache.keep(other, Answer(json.dumps(good("ab")), 1.0, "words", now))
        cache.note_failure(question("f"), 1, Outcome.TIMEOUT, "no answer")
        yield cache


def test_stats(cache: AnswerCache) -> None:
    stats = cache_stats(cache)
    assert stats.bytes > 4096
    other, tiny = stats.models
    assert (other.model, tiny.model) == ("other", "tiny")
    assert tiny.outcomes == {"answer": 3, "refusal": 1}
    assert tiny.failed_calls == {"timeout": 1}
    assert (tiny.input_tokens, tiny.output_tokens, tiny.seconds) == (3 * 12 + 10, 20, 7.0)
    assert tiny.first is not None
    assert tiny.last is not None
    assert tiny.last - tiny.first == pytest.approx(10 * DAY, abs=5)


def test_stats_of_nothing(tmp_path: Path) -> None:
    with AnswerCache(tmp_path / "empty.sqlite") as cache:
        assert cache_stats(cache).models == ()


def test_export(cache: AnswerCache, tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    assert export_cache(cache, path) == 5
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    newest = {line["digest"]: line for line in lines}[question("0").digest]
    assert json.loads(newest["raw"]) == good("ab")
    assert newest["request"] == json.loads(question("0").canonical)
    assert newest["reported_model"] == "tiny-2026"
    with pytest.raises(UserError, match="cannot be written"):
        export_cache(cache, tmp_path / "no" / "answers.jsonl")


@pytest.mark.parametrize(
    ("options", "answers", "failed"),
    [
        ({"model": "other"}, 1, 0),
        ({"model": "tiny"}, 4, 1),
        ({"older_than_days": 5}, 2, 0),
        ({"failures": True}, 1, 1),
        ({"model": "tiny", "older_than_days": 0.5, "failures": True}, 1, 0),
    ],
)
def test_prune(cache: AnswerCache, options: dict[str, object], answers: int, failed: int) -> None:
    dry = prune_cache(cache, **options)  # type: ignore[arg-type]
    assert dry == Pruned(answers, failed, dry=True)
    assert prune_cache(cache, **options, dry=False) == Pruned(answers, failed, dry=False)  # type: ignore[arg-type]
    assert prune_cache(cache, **options) == Pruned(0, 0, dry=True)  # type: ignore[arg-type]
    left = sum(sum(model.outcomes.values()) for model in cache_stats(cache).models)
    assert left == 5 - answers


def test_prune_wants_a_choice(cache: AnswerCache) -> None:
    with pytest.raises(UserError, match="Say what to prune"):
        prune_cache(cache, dry=False)
