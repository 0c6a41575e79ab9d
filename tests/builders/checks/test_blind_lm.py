"""The blind attack by a language model, on likelihoods that are added up by hand."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from helpers.likelihoods import likelihood, without_likelihood
from helpers.llm_server import Json, LlmServer, Reply, error
from typer.testing import CliRunner

from naturel.annotations.errors import UserError
from naturel.builders.checks.blind import BlindReport, attack
from naturel.builders.checks.blind_cli import blind_command
from naturel.builders.checks.blind_inputs import Pairs, pairs_of
from naturel.builders.checks.blind_lm import LanguageModel, lm_settings

PLAIN = dict.fromkeys(("a", "the", "cat", "likes", "sits", "here", "now"), -1.0)
WORDS = PLAIN | {"milk": -1.0, "sand": -4.0}
"""Log-probabilities; where the first word is not counted, `a cat likes milk` has -3, with sand it has -6."""
LIKELY, ODD = "a cat likes milk", "a cat likes sand"


@pytest.fixture(autouse=True)
def nothing_of_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the user's key, server and cache out of tests."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NATUREL_CACHE", str(tmp_path / "cache"))


def by_words(text: str) -> Json:
    return likelihood(text, WORDS)


def numbered(sentences: Sequence[str]) -> list[str]:
    """Different captions of the same likelihood: with 0, 1, 2, ... times `now` before the end of each pair."""
    return [f"{sentence}{' now' * place}" for place, sentence in enumerate(sentences)]


def lm_of(server: LlmServer, pairs: int = 5_000, **values: Any) -> LanguageModel:
    quick = replace(lm_settings(server.url), attempts=2, connect_timeout=0.5, answer_timeout=2, backoff=0.01)
    return LanguageModel("tiny", pairs, replace(quick, **values))


def attacked(
    pairs: Pairs, likely: Callable[[str], Json] = by_words, folds: int = 5, group: str | None = None
) -> BlindReport:
    with LlmServer(likely=likely) as server:
        return attack(pairs, folds=folds, group=group, lm=lm_of(server))


def told(report: BlindReport) -> dict[str, float]:
    """Pairs told by the language model's two attackers."""
    return {result.name: result.accuracy.value for result in report.attackers if result.name.startswith("lm")}


def always_higher(report: BlindReport) -> dict[str, float]:
    assert report.lm is not None
    return {name: found.value for name, found in report.lm.higher.items()}


def nonsense(count: int) -> tuple[list[str], list[str]]:
    """Captions of four words that stand nowhere else."""
    dice = random.Random(1)
    words = ["".join(dice.choices("bcdfgaeiou", k=5)) for _ in range(8 * count)]
    captions = [" ".join(words[place : place + 4]) for place in range(0, len(words), 4)]
    return captions[:count], captions[count:]


def unlikely(captions: Sequence[str]) -> Callable[[str], Json]:
    """A model that finds some captions unlikely, with -15, and all others likely, with -3."""
    return lambda text: likelihood(text, dict.fromkeys(text.split(), -5.0 if text in captions else -1.0))


def sugarcrepe(path: Path, positives: Sequence[str], negatives: Sequence[str]) -> Path:
    items = {
        str(place): {"filename": f"{place}.jpg", "caption": good, "negative_caption": bad}
        for place, (good, bad) in enumerate(zip(positives, negatives, strict=True))
    }
    path.write_text(json.dumps(items))
    return path


def run(*arguments: str | Path) -> tuple[int, str, str]:
    """Exit code, output and errors of the command."""
    app = typer.Typer()
    app.command()(blind_command)
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def test_the_likelier_caption_is_taken() -> None:
    # Eight of ten positives are the likelier ones: -3 against -6, with as many words on either side.
    positives = numbered([LIKELY] * 8 + [ODD] * 2)
    negatives = numbered([ODD] * 8 + [LIKELY] * 2)
    report = attacked(pairs_of(positives, negatives))
    assert always_higher(report) == told(report) == {"lm": 0.8, "lm a token": 0.8}
    assert report.lm is not None
    assert (report.lm.model, report.lm.pairs, report.lm.captions) == ("tiny", 10, 20)
    assert report.lm.notes == ()
    assert {name: (found.low, found.high) for name, found in report.lm.higher.items()} == {
        name: pytest.approx((0.4902, 0.9433), abs=1e-4) for name in ("lm", "lm a token")
    }


def test_always_the_lower_one_is_told_too() -> None:
    positives = numbered([ODD] * 8 + [LIKELY] * 2)
    negatives = numbered([LIKELY] * 8 + [ODD] * 2)
    report = attacked(pairs_of(positives, negatives))
    assert told(report) == {"lm": 0.8, "lm a token": 0.8}
    assert always_higher(report) == {"lm": 0.2, "lm a token": 0.2}
    assert report.lm is not None
    assert report.lm.notes == tuple(
        f"{name}: the inverse does better: 0.800 of positives have the lower log-likelihood (95 %: 0.490 to 0.943)"
        for name in ("lm", "lm a token")
    )


def test_the_mean_over_tokens_does_not_mind_length() -> None:
    # -1 a token in four counted tokens and more, against -4 in one: -4 - n against -4 for n times "now".
    positives = numbered(["a cat sits here now now"] * 6)
    negatives = ["a sand"] * 6
    report = attacked(pairs_of(positives, negatives))
    assert always_higher(report) == {"lm": 0.0, "lm a token": 1.0}
    assert told(report) == {"lm": 1.0, "lm a token": 1.0}


def test_the_mean_is_over_the_tokens_that_count() -> None:
    # -2 in one token against -7.6 in four: -2 against -1.9 a token.
    table = WORDS | {"rock": -2.0, "dull": -1.9}
    pairs = pairs_of(["a rock"] * 6, ["a dull dull dull dull"] * 6)
    assert always_higher(attacked(pairs, lambda text: likelihood(text, table))) == {
        "lm": 1.0,
        "lm a token": 0.0,
    }


@pytest.mark.parametrize(("mark", "share"), [(False, 0.5), (True, 1.0)])
def test_the_first_word_counts_only_after_a_mark_of_the_beginning(mark: bool, share: float) -> None:
    table = WORDS | {"the": -3.0}
    pairs = pairs_of(numbered(["a cat"] * 6), numbered(["the cat"] * 6))
    report = attacked(pairs, lambda text: likelihood(text, table, mark))
    assert told(report) == always_higher(report) == {"lm": share, "lm a token": share}


def test_single_captions_are_called_by_a_threshold() -> None:
    report = attacked(pairs_of([LIKELY] * 10, [ODD] * 8 + [LIKELY] * 2))
    # -3 or -6: all positives are called rightly, and eight of ten negatives.
    assert {result.name: result.caption_accuracy for result in report.attackers}["lm"] == 0.9
    assert told(report)["lm"] == 0.9


def test_the_side_is_learnt_from_groups_that_are_not_tried() -> None:
    # In group x the four positives are likelier, in y and z the three are not. Each group is tried by what the two
    # others say, and each time they say the contrary.
    positives = numbered([LIKELY] * 4 + [ODD] * 6)
    negatives = numbered([ODD] * 4 + [LIKELY] * 6)
    pairs = pairs_of(positives, negatives, [*"xxxxyyyzzz"])
    report = attacked(pairs, folds=3)
    assert always_higher(report) == {"lm": 0.4, "lm a token": 0.4}
    assert told(report) == {"lm": 0.0, "lm a token": 0.0}


def test_where_nothing_else_tells_the_model_is_best_and_cuts_the_slices(tmp_path: Path) -> None:
    positives, negatives = nonsense(60)
    sugarcrepe(tmp_path / "swap_obj.json", positives[:48], negatives[:48])
    sugarcrepe(tmp_path / "add_att.json", negatives[48:], positives[48:])
    out = tmp_path / "out" / "blind.json"
    out.parent.mkdir()
    with LlmServer(likely=unlikely(negatives)) as server:
        code, shown, errors = run(tmp_path, "--lm", "tiny", "--base-url", server.url, "--out", out)
    assert (code, "Error" in errors) == (0, False)
    report = json.loads(out.read_text())
    assert report["best"] == "lm"
    assert report["lm"]["higher"]["lm"]["value"] == 0.8
    assert {found["value"]: found["accuracy"]["value"] for found in report["slices"]} == {
        "swap_obj": 1.0,
        "add_att": 0.0,
    }
    assert "language model tiny: 60 pairs, 120 captions" in shown
    assert "always taking the higher log-likelihood for the positive: lm 0.800 (95 %: " in shown


def test_the_gate_hears_the_model(tmp_path: Path) -> None:
    positives, negatives = nonsense(60)
    path = sugarcrepe(tmp_path / "swap_obj.json", positives, negatives)
    with LlmServer(likely=unlikely(negatives)) as server:
        code, _, errors = run(path, "--max-blind", "0.9", "--lm", "tiny", "--base-url", server.url)
    assert run(path, "--max-blind", "0.9")[0] == 0
    assert code == 3
    assert "lm tells 1.000 of pairs" in errors


def test_only_some_pairs_are_asked_about() -> None:
    positives, negatives = nonsense(60)
    pairs = Pairs(
        "made", pairs_of(positives, negatives).table.append_column("kind", [["k"] * 60]), {}, ("kind",)
    )
    with LlmServer(likely=unlikely(negatives)) as server:
        report = attack(pairs, lm=lm_of(server, 20))
        assert sum(server.calls.values()) == 40
        again = attack(pairs, lm=lm_of(server, 20))
        other = attack(pairs, lm=lm_of(server, 20), seed=1)
        assert 40 < sum(server.calls.values()) < 80
    assert report.to_dict() == again.to_dict()
    assert other.lm is not None
    assert {result.name: result.accuracy.pairs for result in report.attackers} == {
        "naive Bayes": 60,
        "word regression": 60,
        "character regression": 60,
        "rules": 60,
        "lm": 20,
        "lm a token": 20,
    }
    assert [(found.value, found.accuracy.pairs) for found in report.slices] == [("k", 20)]


def test_each_caption_is_asked_once_and_never_again(tmp_path: Path) -> None:
    path = sugarcrepe(
        tmp_path / "x.json", [LIKELY, LIKELY, ODD, "a cat sits"] * 5, [ODD, "a cat", LIKELY, ODD] * 5
    )
    with LlmServer(likely=by_words) as server:
        first = run(path, "--lm", "tiny", "--base-url", server.url)
        assert server.calls == dict.fromkeys((LIKELY, ODD, "a cat", "a cat sits"), 1)
        assert all(
            body == body | {"model": "tiny", "max_tokens": 1, "prompt_logprobs": 0} for body in server.bodies
        )
        url = server.url
    assert run(path, "--lm", "tiny", "--base-url", url)[:2] == first[:2]
    assert first[0] == 0


def test_a_busy_server_is_asked_again() -> None:
    script = {LIKELY: [Reply("busy", 503)], ODD: [Reply(likelihood(ODD, WORDS), cut=50)]}
    with LlmServer(script, likely=by_words) as server:
        report = attack(pairs_of([LIKELY] * 5, [ODD] * 5), lm=lm_of(server))
        assert server.calls == {LIKELY: 2, ODD: 2}
    assert told(report)["lm"] == 1.0


def test_captions_without_a_likelihood_are_told_by_half() -> None:
    # One is too long, one has a single token: of five pairs three are told, and two by half.
    long, short = "a cat likes sand now", "sand"
    too_long = Reply(error("This model's maximum context length is 4 tokens."), 400)
    with LlmServer({long: [too_long]}, likely=by_words) as server:
        report = attack(pairs_of([LIKELY] * 5, [ODD, ODD, ODD, long, short]), lm=lm_of(server))
        assert server.calls[long] == 1
    assert told(report) == always_higher(report) == {"lm": 0.8, "lm a token": 0.8}
    assert report.lm is not None
    assert set(report.lm.notes) == {
        "captions without a log-likelihood: 1 (rejected by the server)",
        "captions without a log-likelihood: 1 (one token)",
    }


def test_nothing_is_learnt_from_a_pair_with_a_caption_without_a_likelihood() -> None:
    # Four pairs are told, -3 against -4; of the twelve others one caption has a single token.
    positives = [LIKELY] * 4 + ["a cat sits sand"] * 12
    report = attacked(pairs_of(positives, ["a sand"] * 4 + ["milk"] * 12))
    assert told(report)["lm"] == (4 + 6) / 16


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ({"likely": without_likelihood}, ["does not tell how likely texts are", "no prompt_logprobs"]),
        (
            {"judge": lambda _: Reply(error("Unrecognized request argument: prompt_logprobs"), 400)},
            ["does not tell how likely texts are", "Unrecognized request argument"],
        ),
        ({}, ["does not know the model tiny, or has no /completions", "It has: tiny", "Mend --lm"]),
    ],
    ids=["silent", "rejects", "no such place"],
)
def test_a_server_without_likelihoods_is_named_and_another_told(
    tmp_path: Path, kind: dict[str, Any], words: list[str]
) -> None:
    path = sugarcrepe(tmp_path / "x.json", [LIKELY] * 5, [ODD] * 5)
    with LlmServer(**kind) as server:
        code, _, errors = run(path, "--lm", "tiny", "--base-url", server.url)
    assert code == 2
    assert errors.startswith("Error: ")
    assert errors.count("\n") == 1
    for word in [
        *words,
        server.url,
        "come from vLLM: `vllm serve tiny`, then --base-url http://127.0.0.1:8000/v1",
    ]:
        assert word in errors


def test_nothing_of_a_server_without_likelihoods_is_kept(tmp_path: Path) -> None:
    pairs = pairs_of([LIKELY] * 5, [ODD] * 5)
    with LlmServer(likely=without_likelihood) as server, pytest.raises(UserError, match="no prompt_logprobs"):
        attack(pairs, lm=lm_of(server))
    assert told(attacked(pairs))["lm"] == 1.0


def test_no_server_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = sugarcrepe(tmp_path / "x.json", [LIKELY] * 5, [ODD] * 5)
    with LlmServer(likely=by_words) as server:
        url = server.url
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    code, _, errors = run(path, "--lm", "tiny")
    assert code == 2
    assert errors.startswith(f"Error: There is no server at {url} (")
    assert "`vllm serve tiny`" in errors


def test_the_address_comes_from_the_option_then_the_environment_then_vllm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert lm_settings().address == "http://127.0.0.1:8000/v1"
    monkeypatch.setenv("OPENAI_BASE_URL", "http://there/v1")
    assert lm_settings().address == "http://there/v1"
    assert lm_settings("http://here/v1").address == "http://here/v1"


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply("oops", 500), "left 2 of 2 captions unanswered; the first: server_error"),
        (Reply(error("The text is forbidden."), 400), "any of 2 captions .rejected by the server: HTTP 400"),
        (Reply({"choices": [{"prompt_logprobs": [None, {"1": {}}]}]}), "unanswered; the first: bad_response"),
    ],
    ids=["broken", "rejects all", "no numbers"],
)
def test_a_server_that_answers_nothing_stops_the_attack(reply: Reply, words: str) -> None:
    with LlmServer({LIKELY: [reply] * 9, ODD: [reply] * 9}) as server, pytest.raises(UserError, match=words):
        attack(pairs_of([LIKELY] * 5, [ODD] * 5), lm=lm_of(server))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--base-url", "http://x/v1"], ["--base-url is for a language model", "--lm MODEL"]),
        (["--lm-pairs", "50"], ["--lm-pairs is for a language model"]),
        (["--cache", "x.sqlite"], ["--cache is for a language model"]),
        (["--lm", " "], ["--lm is empty"]),
        (["--lm", "tiny", "--lm-pairs", "2"], ["--lm-pairs 2 is too small"]),
        (["--lm", "tiny", "--base-url", "https://far.example.com/v1"], ["OPENAI_API_KEY is not set"]),
    ],
)
def test_bad_options_are_one_paragraph(tmp_path: Path, options: list[str], words: list[str]) -> None:
    path = sugarcrepe(tmp_path / "x.json", [LIKELY] * 5, [ODD] * 5)
    code, _, errors = run(path, *options)
    assert code == 2
    assert errors.startswith("Error: ")
    assert errors.count("\n") == 1
    for word in words:
        assert word in errors


def test_without_a_language_model_nothing_changes() -> None:
    report = attack(pairs_of([LIKELY] * 5, [ODD] * 5))
    assert report.lm is None
    assert report.to_dict()["lm"] is None
    assert len(report.attackers) == 4
