"""Captions for a few claims, by a model that a server of the tests plays."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from helpers.caption_server import CaptionServer

from naturel.annotations.claims import Claim
from naturel.annotations.nouns import load_nouns
from naturel.annotations.relations import load_vocabulary
from naturel.builders.checks.check import Checker
from naturel.builders.checks.judge import ModelJudge
from naturel.builders.llm.api_call import ApiSettings
from naturel.builders.llm.cache import AnswerCache
from naturel.builders.llm.money import Meter, Price, Prices
from naturel.builders.llm.openai_api import OpenAIEngine
from naturel.builders.progress import SilentProgress
from naturel.builders.writing.asking import Questions
from naturel.builders.writing.captioner import prompt_shares
from naturel.builders.writing.model_writer import ModelSettings, ModelWriter, Written


@lru_cache(maxsize=1)
def _checker() -> Checker:
    return Checker()


def write(
    server: CaptionServer,
    claims: Sequence[Claim],
    cache: Path,
    *,
    attempts: int = 3,
    judge: bool = False,
    max_cost: str | None = None,
) -> tuple[Written, Meter]:
    """Ask impatiently, at $1 and $2 for a million tokens."""
    vocabulary, nouns = load_vocabulary(), load_nouns()
    asking = Questions(prompt_shares(("naturel",)), 8, 0, vocabulary, nouns)
    price = Price(Decimal(1), Decimal(2))
    meter = Meter(Prices({}, price), None if max_cost is None else Decimal(max_cost))
    engine = OpenAIEngine(ApiSettings(server.url, attempts=2, backoff=0.01, answer_timeout=2))
    with AnswerCache(cache) as answers:
        asked = ModelJudge("judge", engine, answers, meter, vocabulary, nouns)
        opinions = asked.opinions if judge else None
        writer = ModelWriter(engine, answers, meter, _checker(), ModelSettings("tiny", attempts), opinions)
        return writer.write({claim.claim_id: asking.of(claim) for claim in claims}, SilentProgress()), meter
