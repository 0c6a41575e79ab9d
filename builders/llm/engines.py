"""What all engines have in common, and asking again where an answer is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from naturel.builders.llm.answers import Outcome, Result
from naturel.builders.llm.cache import AnswerCache
from naturel.builders.llm.money import Meter
from naturel.builders.llm.requests import Request

OnResult = Callable[[Result], None]
"""Told of each different request's result once it is known and kept."""


class Engine(Protocol):
    """Something that brings answers to requests."""

    def complete(
        self, requests: Sequence[Request], cache: AnswerCache, meter: Meter, on_result: OnResult | None = None
    ) -> list[Result]:
        """Answer requests, those that the cache knows from there.

        Nothing is raised for a request without an answer; its outcome says why. Equal requests are asked once.

        Args:
            requests: What to ask.
            cache: Where answers are kept.
            meter: Counts calls and money; requests that it does not allow are not asked.
            on_result: Told of each result as it comes.

        Returns:
            A result for each request, in their order.

        Raises:
            UserError: No request can be answered until the user mends something. What came before is kept.
        """


def complete_insisting(
    engine: Engine,
    requests: Sequence[Request],
    cache: AnswerCache,
    meter: Meter,
    attempts: int,
    on_result: OnResult | None = None,
) -> list[Result]:
    """Answer requests, and ask those that are not answered as asked again, with other seeds.

    Args:
        engine: Who answers.
        requests: What to ask.
        cache: Where answers are kept.
        meter: Counts calls and money.
        attempts: How often each request is asked at most.
        on_result: Told of each result, those of failed attempts too.

    Returns:
        The last result of each request, in their order; its `request` tells the attempt.
    """
    results = engine.complete(requests, cache, meter, on_result)
    for _ in range(1, attempts):
        places = [place for place, result in enumerate(results) if is_worth_another(result)]
        if not places or meter.stopped:
            break
        again = engine.complete([results[place].request.again() for place in places], cache, meter, on_result)
        for place, result in zip(places, again, strict=True):
            if result.outcome is not Outcome.NOT_ASKED:
                results[place] = result
    return results


def is_worth_another(result: Result) -> bool:
    """Whether the model spoke, and did not answer as asked."""
    return result.outcome.is_finished and not result.is_answer
