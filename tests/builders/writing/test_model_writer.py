"""The loop that asks a model, checks what it says, and asks again for what is missing."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from helpers.caption_server import Asked, CaptionServer, Sentences, answer_of, reply_of
from helpers.llm_server import Reply, completion, error
from helpers.model_writing import write

from naturel.annotations.claims import Claim
from naturel.builders.writing.model_writer import EMPTY, NOT_ASKED_FOR, SAID_BEFORE

CAT = Claim("cat", "on", "table")
CLAIMS = [
    CAT,
    CAT.swapped(),
    Claim("man", "holds", "guitar"),
    Claim("guitar", "holds", "man"),
    Claim("dog", "left_of", "tree"),
    Claim("table", "is", "Wooden"),
]


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "answers.sqlite"


def reasons(rows: list[dict[str, Any]]) -> Counter[str]:
    return Counter(row["status_reason"] or "ok" for row in rows)


def test_good_answers_cost_a_call_a_claim_and_say_where_they_come_from(cache: Path) -> None:
    with CaptionServer() as server:
        written, meter = write(server, CLAIMS, cache)
        assert [asked.number for asked in server.asked] == [1] * len(CLAIMS)
        assert (meter.calls, meter.cached) == (len(CLAIMS), 0)
        assert meter.input_tokens == sum(10 + len(asked.text) for asked in server.asked)
        assert meter.output_tokens == 5 * len(CLAIMS)
        assert meter.cost == Decimal(meter.input_tokens + 2 * meter.output_tokens) / 1_000_000
        again, free = write(server, CLAIMS, cache)
        assert (free.calls, free.cached, len(server.bodies)) == (0, len(CLAIMS), len(CLAIMS))
        assert free.cost == 0
    assert again == written
    assert (written.wanting, written.waiting, written.left_out) == ({}, 0, Counter())
    assert written.answers == {"answer": len(CLAIMS)}
    assert reasons(written.rows) == {"ok": sum(len(asked.constructions) for asked in server.asked)}
    assert {(row["writer"], row["prompt_id"]) for row in written.rows} == {("tiny", "naturel-v1")}
    assert len({row["request_digest"] for row in written.rows}) == len(CLAIMS)


def swapped(asked: Asked) -> Sentences:
    return asked.swapped


def drifted(asked: Asked) -> Sentences:
    return {
        name: text.replace(" on ", " under ").replace("On ", "Under ") for name, text in asked.good.items()
    }


def hedged(asked: Asked) -> Sentences:
    return {name: f"Perhaps {text[0].lower()}{text[1:]}" for name, text in asked.good.items()}


@pytest.mark.parametrize("wrong", [swapped, drifted, hedged])
def test_wrong_sentences_are_rejected_and_asked_again_with_another_seed(wrong: Any, cache: Path) -> None:
    """Half of the first answer is wrong; only that half is asked for again."""

    def behave(asked: Asked) -> Sentences | None:
        if asked.number > 1:
            return None
        kept = asked.constructions[::2]
        return {name: (asked.good if name in kept else wrong(asked))[name] for name in asked.constructions}

    with CaptionServer(behave) as server:
        written, meter = write(server, [CAT], cache)
        first, second = server.asked
    assert second.constructions == first.constructions[1::2]
    assert first.seed != second.seed
    assert meter.calls == 2
    assert written.wanting == {}
    accepted = [row for row in written.rows if row["status"] == "ok"]
    assert {row["construction"] for row in accepted} == set(first.constructions)
    assert {row["text"] for row in accepted} == set(first.good.values())
    # A swapped sentence is the same one three times: said once, and twice before.
    assert len(written.rows) - len(accepted) + written.left_out[SAID_BEFORE] == len(second.constructions)


@pytest.mark.parametrize("attempts", [1, 2, 4])
def test_attempts_bound_the_calls(attempts: int, cache: Path) -> None:
    with CaptionServer(hedged) as server:
        written, meter = write(server, CLAIMS, cache, attempts=attempts)
        assert meter.calls == len(server.bodies) == attempts * len(CLAIMS)
        assert len({(asked.text, asked.seed) for asked in server.asked}) == attempts * len(CLAIMS)
        wanted = sum(len(asked.constructions) for asked in server.asked if asked.number == 1)
    assert sum(written.wanting.values()) == wanted
    assert reasons(written.rows) == {
        reason: count for reason, count in reasons(written.rows).items() if reason != "ok"
    }


def test_a_call_that_fails_on_the_way_is_made_again_as_it_was(cache: Path) -> None:
    """What the server suffers shapes no caption: both tries of the first round fail, the next has the answer."""
    with CaptionServer(lambda asked: Reply(error("busy"), 500) if asked.number <= 2 else None) as server:
        written, meter = write(server, [CAT], cache)
        assert meter.calls == len(server.bodies) == 3
        assert len({asked.seed for asked in server.asked}) == 1
    assert written.answers == {"server_error": 1, "answer": 1}
    with CaptionServer() as server:
        undisturbed, _ = write(server, [CAT], cache.with_name("other.sqlite"))
    assert written.rows == undisturbed.rows


NO_ANSWERS = {
    "refusal": Reply(completion(None, refusal="I will not.")),
    "empty": Reply(completion("")),
    "truncated": Reply(completion('{"captions": [', finish="length")),
    "malformed": Reply(completion(answer_of({"nonsense": "The cat is on the table."}))),
}


@pytest.mark.parametrize("outcome", NO_ANSWERS)
def test_an_answer_that_is_none_is_asked_again_with_another_seed(outcome: str, cache: Path) -> None:
    def behave(asked: Asked) -> Reply | None:
        return NO_ANSWERS[outcome] if asked.statement == "a cat is on a table" and asked.number == 1 else None

    with CaptionServer(behave) as server:
        write(server, CLAIMS[2:], cache)  # so that the server is known, and nothing is tried out
        written, meter = write(server, [CAT], cache)
        seeds = [asked.seed for asked in server.asked if asked.statement == "a cat is on a table"]
    assert len(set(seeds)) == meter.calls == 2
    assert written.answers == {outcome: 1, "answer": 1}
    assert written.wanting == {}


def test_what_was_not_asked_for_is_told(cache: Path) -> None:
    def behave(asked: Asked) -> Reply | None:
        if asked.number > 1:
            return None
        (name, text), (_, second), *rest = asked.good.items()
        others = {"svo", "seen", "picture", "here", "cleft", "headline", "in_picture"} - set(
            asked.constructions
        )
        said = [
            (name, text),
            (name, text),  # word for word
            (name, second),  # another sentence for the same construction
            (min(others), rest[0][1]),
            (rest[1][0], "  "),
        ]
        return Reply(completion(answer_of(said), asked.text))

    with CaptionServer(behave) as server:
        written, _ = write(server, [CAT], cache, attempts=2)
        first, second = server.asked
    assert written.left_out == {SAID_BEFORE: 3, EMPTY: 1}  # two of them in the second answer
    assert reasons(written.rows) == {"ok": 4, "near-duplicate": 1, NOT_ASKED_FOR: 1}
    assert second.constructions == first.constructions[1:]
    assert len({row["caption_id"] for row in written.rows}) == len(written.rows)


UNSURE = "The cat has the table beneath its paws."


@pytest.mark.parametrize("opinion", ["yes", "no"])
def test_the_judge_decides_what_the_reader_is_unsure_of(opinion: str, cache: Path) -> None:
    def behave(asked: Asked) -> Sentences:
        return asked.good | {asked.constructions[0]: UNSURE}

    with CaptionServer(behave, judge_says=lambda sentence: opinion) as server:
        alone, _ = write(server, [CAT], cache, attempts=1)
        (doubtful,) = [row for row in alone.rows if row["text"] == UNSURE]
        assert (doubtful["states"], doubtful["status"]) == ("unsure", "rejected")
        assert not server.opinions
        written, meter = write(server, [CAT], cache, attempts=1, judge=True)
        assert server.opinions == {(UNSURE, opinion): 1}
    assert (meter.calls, meter.cached) == (1, 1)
    (judged,) = [row for row in written.rows if row["text"] == UNSURE]
    assert judged["states"] == opinion
    assert judged["status"] == ("ok" if opinion == "yes" else "rejected")
    assert written.judged == {opinion: 1}
    assert len(written.wanting) == (opinion == "no")


def test_the_limit_is_not_passed_and_answers_are_kept(cache: Path) -> None:
    with CaptionServer() as server:
        written, meter = write(server, CLAIMS, cache, max_cost="0.011")
        made = len(server.bodies)
        assert meter.stopped
        assert meter.cost <= Decimal("0.011")
        assert 0 < made == meter.calls < len(CLAIMS)
        assert written.waiting == len(CLAIMS) - made
        rest, meter = write(server, CLAIMS, cache)
        assert (meter.cached, len(server.bodies)) == (made, len(CLAIMS))
    assert rest.wanting == {}


def test_no_usage_is_estimated(cache: Path) -> None:
    def behave(asked: Asked) -> Reply:
        body = reply_of(asked).body
        assert isinstance(body, dict)
        return Reply({name: value for name, value in body.items() if name != "usage"})

    with CaptionServer(behave) as server:
        _, meter = write(server, CLAIMS, cache)
    assert meter.estimated_calls == meter.calls == len(CLAIMS)
    assert meter.cost == Decimal(meter.input_tokens + 2 * meter.output_tokens) / 1_000_000
    assert meter.cost > 0
