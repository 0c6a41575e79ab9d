from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from helpers.llm_server import question

from naturel.annotations.errors import UserError
from naturel.builders.llm.answers import Outcome, Result, Usage
from naturel.builders.llm.money import (
    BATCH_FACTOR,
    FREE,
    Meter,
    Price,
    Prices,
    estimate,
    estimate_usage,
    worst_usage,
)

PRICE = Price(Decimal(1000), Decimal(2000))
PRICES = Prices({"tiny": PRICE})


def test_shipped_prices() -> None:
    prices = Prices.load()
    assert prices.of("gpt-4o-mini") == Price(Decimal("0.15"), Decimal("0.60"))
    assert prices.of("gpt-4o-mini-2024-07-18") == prices.of("gpt-4o-mini")
    assert prices.of("gpt-4o-2024-05-13") != prices.of("gpt-4o")
    with pytest.raises(UserError, match=r"model llama is not known. Give it with --price IN,OUT .*0,0"):
        prices.of("llama")


def test_the_users_price() -> None:
    assert Prices.load(other=Price.parse("0.1, 2")).of("llama") == Price(Decimal("0.1"), Decimal(2))
    assert Price.parse("0,0") == FREE


@pytest.mark.parametrize("text", ["", "1", "1,2,3", "a,b", "-1,2", "nan,1", "inf,1"])
def test_no_price(text: str) -> None:
    with pytest.raises(UserError, match="expected two numbers"):
        Price.parse(text)


def test_the_users_table(tmp_path: Path) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text("llama: [0.5, 1]\n")
    assert Prices.load(path).of("llama") == Price(Decimal("0.5"), Decimal(1))
    for text, fault in (
        ("llama: 3\n", "llama: expected two numbers"),
        ("llama: [1, 2]\nllama: [2, 3]\n", "llama stands there twice"),
        ("", "has no lines"),
        ("a: [", "cannot be read"),
    ):
        path.write_text(text)
        with pytest.raises(UserError, match=fault):
            Prices.load(path)
    with pytest.raises(UserError, match="cannot be read"):
        Prices.load(tmp_path / "none.yaml")


def test_costs_are_exact() -> None:
    price = Price.parse("0.15,0.60")
    assert price.of(Usage(1, 1)) * 1_000_000 == Decimal("0.75")
    assert sum((price.of(Usage(333, 7)) for _ in range(1000)), Decimal(0)) == Decimal("0.05415")
    assert price.times(BATCH_FACTOR).of(Usage(2, 2)) == price.of(Usage(1, 1))


def test_an_estimate_counts_each_request_once() -> None:
    cached = {question("b").digest: Result(question("b"), Outcome.ANSWER)}
    requests = [question("a"), question("a"), question("b"), question("c")]
    found = estimate(requests, cached, PRICES)
    usage = estimate_usage(question("a"))
    assert (found.calls, found.cached) == (2, 1)
    assert (found.input_tokens, found.output_tokens) == (2 * usage.input_tokens, 100)
    assert found.cost == 2 * PRICE.of(usage)
    with pytest.raises(UserError, match="not known"):
        estimate([replace(question("a"), model="x")], {}, PRICES)


def test_no_call_uses_more_than_the_worst() -> None:
    for text in ("a", "é" * 50, "🐈" * 50, "\ud800"):
        usual, worst = estimate_usage(question(text)), worst_usage(question(text))
        assert usual.input_tokens < worst.input_tokens
        assert worst.input_tokens >= len(text.encode("utf-8", "replace"))


def test_the_meter_settles_to_the_token() -> None:
    meter = Meter(PRICES)
    for request in (question("a"), question("b"), question("c")):
        assert meter.reserve(request)
    assert meter.is_waiting
    meter.settle(question("a"), Usage(100, 10), "")
    meter.settle(question("b"), None, "eight by")
    meter.release(question("c"))
    assert not meter.is_waiting
    usual = estimate_usage(question("b")).input_tokens
    assert (meter.input_tokens, meter.output_tokens, meter.estimated_calls) == (100 + usual, 12, 1)
    assert meter.cost == PRICE.of(Usage(100 + usual, 12))


def test_the_meter_refuses_what_might_be_too_much() -> None:
    worst = PRICE.of(worst_usage(question("a")))
    meter = Meter(PRICES, max_cost=2 * worst)
    assert meter.reserve(question("a"))
    assert meter.reserve(question("b"))
    assert not meter.reserve(question("c"))
    meter.settle(question("a"), Usage(0, 0), "")
    assert meter.reserve(question("c"))
    assert not meter.reserve(question("d"))
    assert meter.reserve(question("d"), is_made=True)
    meter.lose(question("b"))
    assert (meter.cost, meter.lost_calls, meter.output_tokens) == (worst, 1, 0)
