"""The attacker that asks a language model which caption of a pair is the likelier text.

Two attackers come of it: `lm` goes by a caption's log-likelihood, which prefers short captions, and `lm a token` by
its mean over tokens, which does not. The model is not trained. Only which side is the likelier one is learnt, from
pairs of groups that are not tried: where the *lower* log-likelihood gives positives away, that is told too. What
comes of always taking the higher one, as papers do, is reported beside it.

**First tokens.** A log-likelihood is that of all tokens after the first one of what the model reads. Where the
model's tokenizer puts a mark of the beginning before a text (Llama, Gemma), that is the whole caption; with other
models (Qwen, GPT-2) it is the caption given its first token, and what that gives away is not seen. Nothing is said
about a caption's end.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from naturel.annotations.errors import UserError
from naturel.builders.checks.blind_attackers import Attacker, Floats, Indices, Training, best_rule
from naturel.builders.choice import mix, seeded
from naturel.builders.llm.answers import Outcome, Result
from naturel.builders.llm.api_call import VLLM_URL, ApiSettings
from naturel.builders.llm.cache import AnswerCache
from naturel.builders.llm.money import FREE, Meter, Prices
from naturel.builders.llm.openai_api import OpenAIEngine
from naturel.builders.llm.requests import Request
from naturel.builders.progress import Progress, SilentProgress

LM_PAIRS = 5_000
"""Pairs that a model is asked about unless told otherwise: an accuracy to about .014."""
NAMES = ("lm", "lm a token")


def lm_settings(base_url: str | None = None) -> ApiSettings:
    """How a server is reached: at `base_url`, else `OPENAI_BASE_URL`, else where vLLM listens on this machine."""
    return ApiSettings(base_url or os.environ.get("OPENAI_BASE_URL") or VLLM_URL)


@dataclass(frozen=True)
class LanguageModel:
    """A causal language model on a server that gives `prompt_logprobs`, as vLLM does."""

    model: str
    """The name under which the server knows it."""
    pairs: int = LM_PAIRS
    """Pairs that it is asked about at most, chosen by hash."""
    settings: ApiSettings = field(default_factory=lm_settings)
    cache: Path | None = None
    """Where its answers are kept; None for the usual file."""
    progress: Progress = field(default_factory=SilentProgress)


@dataclass(frozen=True)
class Asked:
    """What a language model says about captions."""

    model: str
    places: Indices
    """The pairs it was asked about, shape (asked,)."""
    scores: Floats
    """Log-likelihood, and that a token, of each text; NaN where there is none. Shape (texts, 2)."""
    captions: int
    """Different captions it was asked about."""
    reasons: dict[str, int]
    """Why captions have no log-likelihood -> how many."""

    def attackers(self) -> dict[str, Attacker]:
        """Attackers that go by either score."""
        columns = dict(zip(NAMES, self.scores.T, strict=True))
        return {name: _attacker(column) for name, column in columns.items()}


def ask(lm: LanguageModel, texts: Sequence[str], pairs: tuple[Indices, Indices], seed: int) -> Asked:
    """Ask a language model about the captions of pairs; each different one once, and never again.

    Args:
        lm: The model.
        texts: All captions.
        pairs: Places of the positive and the negative text of each pair.
        seed: Shapes the choice of pairs.

    Raises:
        UserError: The server cannot be asked, gives no log-likelihoods, or leaves captions unanswered.
    """
    count = len(pairs[0])
    hashes = mix(seeded(seed), np.arange(count, dtype=np.uint64))
    places = np.sort(np.argsort(hashes, kind="stable")[: lm.pairs])
    wanted = np.unique(np.concatenate([side[places] for side in pairs]))
    scores, reasons = np.full((len(texts), len(NAMES)), np.nan), dict[str, int]()
    results = _results(lm, [texts[place] for place in wanted])
    for place, result in zip(wanted, results, strict=True):
        if result.value:
            total = math.fsum(result.value)
            scores[place] = total, total / len(result.value)
        else:
            reason = "one token" if result.is_answer else "rejected by the server"
            reasons[reason] = reasons.get(reason, 0) + 1
    if sum(reasons.values()) == len(wanted):
        said = next((f": {result.detail[:300]}" for result in results if result.detail), "")
        raise UserError(
            f"The model {lm.model} gives no log-likelihood for any of {len(wanted):,} captions "
            f"({', '.join(reasons)}{said}). Look after the server, or give another --lm."
        )
    return Asked(lm.model, places, scores, len(wanted), reasons)


def _results(lm: LanguageModel, texts: Sequence[str]) -> list[Result]:
    requests = [Request.likelihood_of(lm.model, text) for text in texts]
    with AnswerCache(lm.cache) as cache:
        meter = Meter(Prices({}, FREE))
        results = OpenAIEngine(lm.settings, lm.progress).complete(requests, cache, meter)
    # A caption that the server rejects, being too long, will be rejected again; other failures pass.
    missing = [result for result in results if not result.is_answer and result.outcome != Outcome.BAD_REQUEST]
    if missing:
        raise UserError(
            f"The server {lm.settings.public_address} left {len(missing):,} of {len(texts):,} captions unanswered; "
            f"the first: {missing[0].outcome}, {missing[0].detail[:300]}. Run the same command again: all answers "
            "so far are kept."
        )
    return results


def _attacker(values: Floats) -> Attacker:
    """Score by a value, in the direction that parts training pairs; NaN where there is none."""
    known = ~np.isnan(values)
    place = np.cumsum(known) - 1

    def attacker(training: Training) -> Floats:
        positive, negative = training.pairs
        both = known[positive] & known[negative]
        pairs = (place[positive[both]], place[negative[both]])
        scores = np.full(len(values), np.nan)
        scores[known] = best_rule(
            values[known, None], Training(training.positive[known], training.negative[known], pairs)
        )
        return scores

    return attacker
