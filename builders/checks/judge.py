"""A second opinion: a language model is asked whether a sentence states its claim, yes or no."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from naturel.annotations.claims import Claim
from naturel.annotations.nouns import NounTable
from naturel.annotations.relations import Vocabulary
from naturel.builders.captions.claim_words import claim_words
from naturel.builders.checks.reading.readings import States
from naturel.builders.llm.answers import Completion, Result
from naturel.builders.llm.api_call import ApiSettings
from naturel.builders.llm.cache import AnswerCache
from naturel.builders.llm.engines import Engine
from naturel.builders.llm.money import FREE, Meter, Price, Prices
from naturel.builders.llm.openai_api import OpenAIEngine
from naturel.builders.llm.requests import Message, Request, Sampling
from naturel.prompts.prompt import Prompt, load_prompt

PROMPT = "judge-v1"
YES_FROM = 0.8
"""From this probability of yes on, the answer is yes: it is four times as likely as no. Of 112 sentences that a model
with 1.5 billion parameters judged, 34 of the 36 answers beyond this and `NO_TO` were right; of the 76 between, the
likelier word was right for 53, which is too few to rely on."""
NO_TO = 0.2
"""Down to this one, the answer is no; in between, it is unsure. As far from even as `YES_FROM`."""
LEAST_SHARE = 0.1
"""A first token that is yes or no with less than this probability, together, is the beginning of something else, and
their ratio is that of two accidents."""
NEITHER = "neither yes nor no"
UNASKABLE = "cannot be put into words"

_WORD = re.compile(r"[\W_Ġ]*(yes|no)(?![^\W_])", re.IGNORECASE)
"""Yes or no at the beginning of a text: "Yes", " no", '"yes', "▁no", "Ġyes" (Ġ and ▁ are blanks of tokenizers)."""


def probability_of_yes(completion: Completion) -> float | None:
    """How likely the first token of an answer is yes, if it is yes or no; None where it is neither.

    Without log-probabilities, the word itself says it: 1 or 0.
    """
    first = completion.logprobs[0] if completion.logprobs else {}
    if not first:
        return {"yes": 1.0, "no": 0.0}.get(_word(completion.content))
    yes, no = (
        sum(math.exp(min(logprob, 0.0)) for token, logprob in first.items() if _word(token) == word)
        for word in ("yes", "no")
    )
    return yes / (yes + no) if yes + no >= LEAST_SHARE else None


def _word(text: str) -> str:
    found = _WORD.match(text)
    return found[1].lower() if found else ""


def opinion_of(probability: float) -> States:
    """The answer that a probability of yes amounts to."""
    if probability >= YES_FROM:
        return States.YES
    return States.NO if probability <= NO_TO else States.UNSURE


@dataclass
class ModelJudge:
    """Asks a language model, and counts what comes of it.

    Attributes:
        model: The name under which the server knows the model.
        engine: Who asks.
        cache: Where answers are kept: no question is asked twice, ever.
        meter: Counts calls and money.
        vocabulary: The relations of the claims.
        nouns: The nouns and attributes of the claims.
        asks_all: Whether it is asked about sentences too that the reader is sure of.
        prompt: What is asked.
        failures: Sentences without an answer, by reason; the judge is unsure of them.
    """

    model: str
    engine: Engine
    cache: AnswerCache
    meter: Meter
    vocabulary: Vocabulary
    nouns: NounTable
    asks_all: bool = False
    prompt: Prompt = field(default_factory=lambda: load_prompt(PROMPT))
    failures: Counter[str] = field(default_factory=Counter)

    def opinions(
        self, questions: Sequence[tuple[str, Claim]], advance: Callable[[int], object] = lambda count: None
    ) -> list[States]:
        """Ask whether sentences state their claims.

        Args:
            questions: Sentences and claims by canonical relation.
            advance: Told of questions as they are done; of all of them in the end.

        Returns:
            An opinion for each question, in order: unsure where there is no answer.

        Raises:
            UserError: No question can be answered until the user mends something. What came before is kept.
        """
        requests = [self._request(sentence, claim) for sentence, claim in questions]
        left = Counter(request.digest if request else "" for request in requests)

        def tell(result: Result) -> None:
            advance(left.pop(result.request.digest, 0))

        asked = [request for request in requests if request]
        results = self.engine.complete(asked, self.cache, self.meter, tell)
        advance(left.total())
        answers = iter(results)
        return [self._opinion(next(answers) if request else None) for request in requests]

    def _request(self, sentence: str, claim: Claim) -> Request | None:
        """The request; None for what cannot be asked: an unknown attribute, a text of control characters."""
        try:
            words = claim_words(claim, self.vocabulary, self.nouns)
            messages = self.prompt.render(words, sentence=sentence)
        except (LookupError, ValueError):
            return None
        drawn = self.prompt.sampling
        return Request(
            self.model,
            tuple(Message(message.role, message.content) for message in messages),
            Sampling(drawn.max_tokens, drawn.temperature, drawn.top_p, None, drawn.top_logprobs or None),
        )

    def _opinion(self, result: Result | None) -> States:
        if result is None or result.completion is None or not result.is_answer:
            self.failures[result.outcome.replace("_", " ") if result else UNASKABLE] += 1
            return States.UNSURE
        probability = probability_of_yes(result.completion)
        if probability is None:
            self.failures[NEITHER] += 1
            return States.UNSURE
        return opinion_of(probability)


@dataclass(frozen=True)
class JudgeSettings:
    """Who judges, and for how much.

    Attributes:
        model: The name under which the server knows the model.
        base_url: Address of the server; None for `OPENAI_BASE_URL`, or else OpenAI.
        asks_all: Whether it is asked about sentences too that the reader is sure of.
        cache: The file of answers; None for the usual one.
        price: USD for a million tokens; None for that of the price table, and nothing for a local server.
        max_cost: USD that may be spent at most.
    """

    model: str
    base_url: str | None = None
    asks_all: bool = False
    cache: Path | None = None
    price: Price | None = None
    max_cost: Decimal | None = None

    @property
    def meter(self) -> Meter:
        """A meter with the price and the limit."""
        price = self.price or (FREE if ApiSettings(self.base_url).is_local else None)
        return Meter(Prices({}, price) if price else Prices.load(), self.max_cost)


@contextmanager
def model_judge(settings: JudgeSettings, vocabulary: Vocabulary, nouns: NounTable) -> Iterator[ModelJudge]:
    """A judge with its cache open.

    Args:
        settings: Who judges.
        vocabulary: The relations of the claims.
        nouns: The nouns and attributes of the claims.

    Raises:
        UserError: The cache cannot be opened.
    """
    engine = OpenAIEngine(ApiSettings(settings.base_url))
    with AnswerCache(settings.cache) as cache:
        yield ModelJudge(settings.model, engine, cache, settings.meter, vocabulary, nouns, settings.asks_all)
