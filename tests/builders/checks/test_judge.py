"""The judge: a language model's opinion, asked once, counted, and never stronger than the reader's."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import typer
from helpers.llm_server import Json, LlmServer, Reply, completion, error, no_json_at_all
from typer.testing import CliRunner

from naturel.annotations.claims import Claim
from naturel.annotations.errors import UserError
from naturel.annotations.nouns import NounTable, load_nouns
from naturel.annotations.relations import Vocabulary, load_vocabulary
from naturel.builders.checks.check_cli import check_command
from naturel.builders.checks.judge import (
    NEITHER,
    UNASKABLE,
    JudgeSettings,
    ModelJudge,
    model_judge,
    opinion_of,
    probability_of_yes,
)
from naturel.builders.checks.reading.readings import States
from naturel.builders.llm.answers import Completion
from naturel.builders.llm.api_call import ApiSettings
from naturel.builders.llm.cache import AnswerCache
from naturel.builders.llm.money import FREE, Meter, Price, Prices
from naturel.builders.llm.openai_api import OpenAIEngine

YES, NO, UNSURE = States.YES, States.NO, States.UNSURE
GUITAR = Claim("man", "plays", "guitar")
SURE = {"subject": "cat", "relation": "on", "object": "desk", "sentence": "The cat is on the desk."}
OPEN = {"subject": "man", "relation": "plays", "object": "guitar", "sentence": "The man flumps the guitar."}


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the user's key, server and cache out of tests."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NATUREL_CACHE", str(tmp_path / "caches"))


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return load_vocabulary()


@pytest.fixture(scope="module")
def nouns() -> NounTable:
    return load_nouns()


@pytest.fixture
def ask(tmp_path: Path, vocabulary: Vocabulary, nouns: NounTable) -> Iterator[Callable[..., ModelJudge]]:
    with AnswerCache(tmp_path / "answers.sqlite") as cache:

        def judge(server: LlmServer, price: Price = FREE, max_cost: Decimal | None = None) -> ModelJudge:
            engine = OpenAIEngine(ApiSettings(server.url))
            return ModelJudge("tiny", engine, cache, Meter(Prices({}, price), max_cost), vocabulary, nouns)

        yield judge


def judged(text: str) -> str:
    """The sentence in a call's last message."""
    found = re.search(r"^Sentence: (.*)$", text, re.MULTILINE)
    assert found
    return found[1]


def saying(probability: float | None, word: str = "yes") -> Json:
    """A response with a probability of yes; None: with the word alone."""
    response = completion(word, finish="length")
    if probability is not None:
        top = [{"token": token, "logprob": math.log(share)} for token, share in shares(probability).items()]
        response["choices"][0]["logprobs"] = {"content": [top[0] | {"top_logprobs": top}]}
    return response


def shares(probability: float) -> dict[str, float]:
    return {"yes": 0.9 * probability, " Yes": 0.1 * probability, "No": 1 - probability, "nobody": 0.001}


@pytest.mark.parametrize(
    ("logprobs", "expected"),
    [
        ({"yes": 0.5, "no": 0.5}, 0.5),
        (
            {
                "Yes": 0.3,
                " yes": 0.2,
                "YES": 0.1,
                "▁yes": 0.1,
                "Ġyes": 0.05,
                '"yes': 0.05,
                "no": 0.1,
                " No": 0.1,
            },
            0.8,
        ),
        ({"yes.": 0.4, "\nno": 0.1, "yesterday": 0.2, "none": 0.2, "nothing": 0.1}, 0.8),
        ({"no": 1.0}, 0.0),
        ({"The": 0.95, "yes": 0.04, "no": 0.01}, None),
        ({"<think>": 1.0}, None),
    ],
)
def test_spellings_are_summed(logprobs: dict[str, float], expected: float | None) -> None:
    logs = ({token: math.log(share) for token, share in logprobs.items()},)
    assert probability_of_yes(Completion("?", logprobs=logs)) == pytest.approx(expected)


@pytest.mark.parametrize(("logprob", "expected"), [(-9999.0, None), (-math.inf, None), (1e9, 1.0)])
def test_odd_log_probabilities_do_no_harm(logprob: float, expected: float | None) -> None:
    assert probability_of_yes(Completion("yes", logprobs=({"yes": logprob},))) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [(" Yes, it does.", 1.0), ("NO", 0.0), ("**no**", 0.0), ("Not at all", None), ("", None), ("The", None)],
)
def test_without_log_probabilities_the_word_counts(text: str, expected: float | None) -> None:
    without: tuple[tuple[dict[str, float], ...] | None, ...] = (None, (), ({},))
    for logprobs in without:
        assert probability_of_yes(Completion(text, logprobs=logprobs)) == expected


def test_thresholds_belong_to_the_firm_answers() -> None:
    found = [opinion_of(probability) for probability in (0.0, 0.2, 0.21, 0.5, 0.79, 0.8, 1.0)]
    assert found == [NO, NO, UNSURE, UNSURE, UNSURE, YES, YES]


def test_each_different_question_is_asked_once_and_never_again(ask: Callable[..., ModelJudge]) -> None:
    likely = {"A man plays.": 0.95, "A guitar plays.": 0.1, "They play.": 0.5}
    questions = [(sentence, GUITAR) for sentence in (*likely, "A man plays.")]
    with LlmServer(answer=lambda text: saying(likely[judged(text)])) as server:
        judge, done = ask(server), list[int]()
        assert judge.opinions(questions, done.append) == [YES, NO, UNSURE, YES]
        assert (sum(server.calls.values()), judge.meter.calls, judge.meter.cached) == (3, 3, 0)
        assert (sum(done), judge.failures) == (4, {})
        (body,) = (body for body in server.bodies if "They play." in body["messages"][-1]["content"])
        assert (body["max_tokens"], body["temperature"], body["logprobs"]) == (1, 0, True)
        assert "seed" not in body
        assert "response_format" not in body
        assert "Claim: a man is playing a guitar\n" in body["messages"][-1]["content"]

        again = ask(server)
        assert again.opinions(questions) == [YES, NO, UNSURE, YES]
        assert (sum(server.calls.values()), again.meter.calls, again.meter.cached) == (3, 0, 3)


def test_a_server_without_log_probabilities_is_taken_at_its_word(ask: Callable[..., ModelJudge]) -> None:
    words = {"A man plays.": "Yes", "A guitar plays.": "no", "They play.": "Perhaps"}
    with LlmServer(judge=no_json_at_all, answer=lambda text: saying(None, words[judged(text)])) as server:
        judge = ask(server)
        assert judge.opinions([(sentence, GUITAR) for sentence in words]) == [YES, NO, UNSURE]
        assert judge.failures == {NEITHER: 1}


def test_failures_leave_the_answer_unsure_and_are_counted(ask: Callable[..., ModelJudge]) -> None:
    faults = {
        "Too long.": completion("not sent"),
        "Rude.": completion(None, refusal="No."),
        "Silent.": completion(""),
        "Chatty.": completion("Well"),
    }

    def reject(body: Json) -> Reply | None:
        is_long = judged(body["messages"][-1]["content"]) == "Too long."
        return Reply(error("maximum context length is 9"), 400) if is_long else None

    questions = [(sentence, GUITAR) for sentence in (*faults, "\x00")]
    questions += [("A velvety table.", Claim("table", "is", "velvety")), ("A man plays.", GUITAR)]
    with LlmServer(judge=reject, answer=lambda text: faults.get(judged(text)) or saying(0.9)) as server:
        judge, done = ask(server), list[int]()
        assert judge.opinions(questions, done.append) == [UNSURE] * 6 + [YES]
        assert sum(done) == len(questions)
        assert judge.failures == {"bad request": 1, "refusal": 1, "empty": 1, NEITHER: 1, UNASKABLE: 2}


def test_money_runs_out_before_the_limit_is_passed(ask: Callable[..., ModelJudge]) -> None:
    with LlmServer(answer=lambda text: saying(0.9)) as server:
        judge = ask(server, Price(Decimal(1), Decimal(1)), Decimal("0.006"))
        opinions = judge.opinions([(f"Man {number}.", GUITAR) for number in range(200)])
        calls = sum(server.calls.values())
        assert 0 < calls < 200
        assert (opinions.count(YES), opinions.count(UNSURE)) == (calls, 200 - calls)
        assert judge.failures == {"not asked": 200 - calls}
        assert judge.meter.cost <= Decimal("0.006")
        assert judge.meter.stopped


@pytest.mark.parametrize(
    ("url", "price", "expected"),
    [
        ("http://127.0.0.1:1/v1", None, FREE),
        ("http://127.0.0.1:1/v1", Price(Decimal(1), Decimal(2)), Price(Decimal(1), Decimal(2))),
        ("https://api.example.com/v1", Price(Decimal(1), Decimal(2)), Price(Decimal(1), Decimal(2))),
        ("https://api.example.com/v1", None, Prices.load().of("gpt-4o-mini")),
    ],
)
def test_a_local_server_is_free_unless_a_price_is_given(
    url: str, price: Price | None, expected: Price
) -> None:
    assert JudgeSettings("gpt-4o-mini", url, price=price).meter.prices.of("gpt-4o-mini") == expected


def test_a_remote_model_without_a_price_is_an_error(
    monkeypatch: pytest.MonkeyPatch, vocabulary: Vocabulary, nouns: NounTable
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789")
    settings = JudgeSettings("tiny", "https://api.example.com/v1")
    with model_judge(settings, vocabulary, nouns) as judge, pytest.raises(UserError, match="--price IN,OUT"):
        judge.opinions([("A man plays.", GUITAR)])


def check(folder: Path, *arguments: str | Path) -> tuple[int, str, str, list[Json]]:
    """Exit code, output, errors and lines of `naturel check`, with one sure and one open sentence."""
    app = typer.Typer()
    app.command()(check_command)
    turned = SURE | {"sentence": "The desk is on the cat.", "judge": "an old one"}
    (folder / "in.jsonl").write_text("\n".join(map(json.dumps, (SURE, OPEN, turned))), encoding="utf-8")
    out = folder / "out.jsonl"
    command = [folder / "in.jsonl", "--out", out, *arguments]
    shown = CliRunner().invoke(app, [str(argument) for argument in command])
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()] if out.exists() else []
    return shown.exit_code, shown.stdout, shown.stderr, rows


def table(out: str) -> dict[str, str]:
    """The judge's table."""
    lines = out[out.index("judge tiny") :].splitlines()[1:]
    return {name.strip(): count for name, _, count in (line.rstrip().rpartition(" ") for line in lines)}


def test_the_judge_is_asked_about_what_is_unsure(tmp_path: Path) -> None:
    with LlmServer(answer=lambda text: saying(0.95)) as server:
        judge = ("--judge", "tiny", "--base-url", server.url)
        code, out, err, rows = check(tmp_path, *judge)
        assert code == 0, err
        assert [(row["states"], row.get("judge")) for row in rows] == [
            ("yes", None),
            ("yes", "yes"),
            ("no", None),
        ]
        assert sum(server.calls.values()) == 1
        found = table(out)
        assert (found["yes"], found["no"], found["unsure"]) == ("1", "0", "0")
        assert (found["calls"], found["known from the cache"], found["USD"]) == ("1", "0", "0.0000")
        assert "check: 3 sentences" in err

        _, out, _, again = check(tmp_path, *judge, "--price", "1,1")
        found = table(out)
        assert (found["calls"], found["known from the cache"]) == ("0", "1")
        assert again == rows
        assert sum(server.calls.values()) == 1
        assert (tmp_path / "caches" / "llm" / "answers.sqlite").exists()


def test_a_judge_of_all_changes_no_firm_answer(tmp_path: Path) -> None:
    likely = {SURE["sentence"]: 0.05, OPEN["sentence"]: 0.5, "The desk is on the cat.": 0.1}
    with LlmServer(answer=lambda text: saying(likely[judged(text)])) as server:
        cache = tmp_path / "mine.sqlite"
        judge = ("--judge", "tiny", "--base-url", server.url, "--judge-all", "--cache", cache)
        code, out, err, rows = check(tmp_path, *judge)
        assert code == 0, err
        told = [(row["states"], row.get("judge")) for row in rows]
        assert told == [("yes", "no"), ("unsure", "unsure"), ("no", None)]
        found = table(out)
        assert (found["yes"], found["no"], found["unsure"]) == ("0", "2", "1")
        assert found["no, against the reader's yes"] == "1"
        assert "the judge disagrees:\n  line 1: The cat is on the desk." in out
        assert "yes, against" not in out
        assert cache.exists()


def test_money_is_shown(tmp_path: Path) -> None:
    with LlmServer(answer=lambda text: saying(0.95)) as server:
        judge = ("--judge", "tiny", "--base-url", server.url, "--judge-all", "--price", "1000,0")
        _, out, _, _ = check(tmp_path, *judge)
        assert table(out)["USD"] == "0.0300"
        other = tmp_path / "other.sqlite"
        code, out, _, rows = check(tmp_path, *judge, "--cache", other, "--max-cost", "0.01")
        assert (code, [row["states"] for row in rows]) == (0, ["yes", "unsure", "no"])
        assert table(out)["unsure: not asked"] == "3"
        assert "--max-cost is reached" in out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--judge", "tiny"), "OPENAI_API_KEY is not set"),
        (
            ("--judge", "tiny", "--base-url", "http://127.0.0.1:9/v1"),
            "There is no server at http://127.0.0.1:9/v1",
        ),
        (("--judge", "tiny", "--price", "cheap"), "--price cheap: expected two numbers"),
        (("--judge-all", "--max-cost", "1"), "--judge-all, --max-cost: for a judge"),
        (("--cache", "x.sqlite"), "--cache: for a judge"),
    ],
)
def test_what_users_can_mend(tmp_path: Path, arguments: tuple[str, ...], expected: str) -> None:
    code, _, err, rows = check(tmp_path, *arguments)
    assert (code, rows) == (2, [])
    assert expected in err
