"""What calls cost: a price table, an estimate before the call, and a meter that stops before a limit is passed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from importlib.resources import files
from pathlib import Path

import yaml

from naturel.annotations.errors import UserError
from naturel.annotations.yaml_file import read_yaml
from naturel.builders.llm.answers import Result, Usage
from naturel.builders.llm.requests import Request

MILLION = 1_000_000
BATCH_FACTOR = Decimal("0.5")
"""What a call costs in OpenAI's Batch API, compared to one on its own."""
PER_MESSAGE = 8
"""Tokens that a chat format puts around a message, generously."""
PER_CALL = 128
"""Tokens that a server may add to a call at most: its own system text, or words about the schema."""
_DATE = re.compile(r"-\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True, slots=True)
class Price:
    """USD for a million tokens."""

    input: Decimal
    output: Decimal

    @classmethod
    def parse(cls, text: str) -> Price:
        """Read `IN,OUT`.

        Raises:
            UserError: It is something else.
        """
        return cls._of(text.split(","), f"--price {text}")

    @classmethod
    def _of(cls, values: object, where: str) -> Price:
        try:
            if not isinstance(values, list) or len(values) != 2:
                raise ValueError
            numbers = [Decimal(str(value).strip()) for value in values]
            if not all(number.is_finite() and number >= 0 for number in numbers):
                raise ValueError
        except (ValueError, InvalidOperation) as error:
            raise UserError(
                f"{where}: expected two numbers, the USD for a million tokens of input and of output, such as "
                "0.15,0.60."
            ) from error
        return cls(*numbers)

    def of(self, usage: Usage) -> Decimal:
        """USD for one call, exactly."""
        return (self.input * usage.input_tokens + self.output * usage.output_tokens) / MILLION

    def times(self, factor: Decimal) -> Price:
        """A price with a discount."""
        return Price(self.input * factor, self.output * factor)


FREE = Price(Decimal(0), Decimal(0))


class Prices:
    """Prices by model name."""

    def __init__(self, table: Mapping[str, Price], other: Price | None = None) -> None:
        self._table = dict(table)
        self._other = other

    @classmethod
    def load(cls, path: Path | None = None, other: Price | None = None) -> Prices:
        """Read a price table.

        Args:
            path: A file of the form of `prices.yaml`; None for that one.
            other: The price of models that the table does not know (`--price`).

        Raises:
            UserError: The file cannot be read, or a price is none.
        """
        name = str(path or "prices.yaml")
        try:
            source = path.read_bytes() if path else files(__package__).joinpath(name).read_bytes()
            loaded, repeated = read_yaml(source)
        except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
            raise UserError(f"The price table {name} cannot be read: {error}") from error
        if not isinstance(loaded, dict) or repeated:
            fault = f"{', '.join(repeated)} stands there twice" if repeated else "it has no lines"
            raise UserError(f"The price table {name}: {fault}. Write lines like `gpt-4o-mini: [0.15, 0.60]`.")
        table = {
            model: Price._of(values, f"The price table {name}, {model}") for model, values in loaded.items()
        }
        return cls(table, other)

    def of(self, model: str) -> Price:
        """The price of a model; a dated name (`gpt-4o-2024-08-06`) has that of the name without the date.

        Raises:
            UserError: It is not known.
        """
        price = self._table.get(model) or self._table.get(_DATE.sub("", model)) or self._other
        if price is None:
            raise UserError(
                f"The price of the model {model} is not known. Give it with --price IN,OUT (USD for a million "
                "tokens; 0,0 for a server of your own), or add the model to a price table and name that with "
                "--prices FILE."
            )
        return price


def estimate_usage(request: Request) -> Usage:
    """Tokens of a call, before it is made: a token for four bytes of input, and as many out as are allowed.

    English prose has 4 to 5 bytes a token with the tokenizers of today's models.
    """
    return Usage(-(-_bytes(request) // 4) + PER_MESSAGE * len(request.messages), request.sampling.max_tokens)


def worst_usage(request: Request) -> Usage:
    """No call uses more than this: a token for every byte of input (no byte-level tokenizer makes more)."""
    return Usage(
        _bytes(request) + PER_MESSAGE * len(request.messages) + PER_CALL, request.sampling.max_tokens
    )


def _bytes(request: Request) -> int:
    schema = len(request.schema.text.encode()) if request.schema else 0
    return schema + sum(len(message.content.encode("utf-8", "replace")) for message in request.messages)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run will do and cost at most, by rule of thumb."""

    calls: int
    cached: int
    input_tokens: int
    output_tokens: int
    cost: Decimal


def estimate(
    requests: Iterable[Request],
    cached: Mapping[str, Result],
    prices: Prices,
    factor: Decimal = Decimal(1),
) -> Estimate:
    """What it takes to answer `requests` when `cached` is known; an attempt each.

    Args:
        requests: What is to be asked.
        cached: What is known, by digest.
        prices: What models cost.
        factor: `BATCH_FACTOR` for batches.

    Raises:
        UserError: The price of a model is not known.
    """
    wanted = {request.digest: request for request in requests}
    usages = [
        (request.model, estimate_usage(request)) for digest, request in wanted.items() if digest not in cached
    ]
    return Estimate(
        len(usages),
        len(wanted) - len(usages),
        sum(usage.input_tokens for _, usage in usages),
        sum(usage.output_tokens for _, usage in usages),
        sum((prices.of(model).times(factor).of(usage) for model, usage in usages), Decimal(0)),
    )


@dataclass
class Meter:
    """Counts calls, tokens and money, and says when to stop.

    Every call is announced with its worst cost (`reserve`) and settled when it ends (`settle`, or `release` where
    it was not billed), so that the sum never passes `max_cost`, whatever is in flight.

    Attributes:
        prices: What models cost.
        max_cost: USD; None for no limit.
        calls: Calls made, whatever came of them.
        cached: Requests that were known already.
        input_tokens: Tokens in; those of calls without a count are estimated.
        output_tokens: Tokens out, likewise.
        estimated_calls: Calls whose server did not count.
        lost_calls: Calls that broke off and may have been billed; they count with their worst cost, not in tokens.
        cost: USD for all of these.
        stopped: Whether a call was not made because of `max_cost`.
    """

    prices: Prices
    max_cost: Decimal | None = None
    calls: int = 0
    cached: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    estimated_calls: int = 0
    lost_calls: int = 0
    cost: Decimal = Decimal(0)
    stopped: bool = False
    _reserved: Decimal = field(default=Decimal(0), repr=False)

    def price(self, request: Request, factor: Decimal = Decimal(1)) -> Price:
        """The price of a request's model."""
        return self.prices.of(request.model).times(factor)

    def reserve(self, request: Request, factor: Decimal = Decimal(1), *, is_made: bool = False) -> bool:
        """Announce a call; False where it might pass the limit, now. One that is made already is not refused."""
        worst = self.price(request, factor).of(worst_usage(request))
        is_over = self.max_cost is not None and self.cost + self._reserved + worst > self.max_cost
        if is_over and not is_made:
            return False
        self._reserved += worst
        return True

    @property
    def is_waiting(self) -> bool:
        """Whether announced calls are not settled yet: when they are, there may be room for more."""
        return self._reserved > 0

    def settle(self, request: Request, usage: Usage | None, text: str, factor: Decimal = Decimal(1)) -> None:
        """An announced call was answered.

        Args:
            request: What was asked.
            usage: What the server counted; None is estimated from the lengths of request and answer.
            text: The answer.
            factor: The one given to `reserve`.
        """
        self.release(request, factor)
        self.cost += self.price(request, factor).of(self.count_free(request, usage, text))

    def count_free(self, request: Request, usage: Usage | None, text: str) -> Usage:
        """Count the tokens of an answer that costs nothing, or was paid elsewhere."""
        if usage is None:
            self.estimated_calls += 1
            output = min(-(-len(text.encode("utf-8", "replace")) // 4), request.sampling.max_tokens)
            usage = Usage(estimate_usage(request).input_tokens, output)
        self.input_tokens += usage.input_tokens
        self.output_tokens += usage.output_tokens
        return usage

    def lose(self, request: Request, factor: Decimal = Decimal(1)) -> None:
        """An announced call broke off after it was sent: it may have been billed."""
        self.release(request, factor)
        self.lost_calls += 1
        self.cost += self.price(request, factor).of(worst_usage(request))

    def release(self, request: Request, factor: Decimal = Decimal(1)) -> None:
        """An announced call was not billed."""
        self._reserved -= self.price(request, factor).of(worst_usage(request))
