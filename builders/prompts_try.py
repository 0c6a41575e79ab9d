"""Ask a model with a prompt, and tell what the checker says of each sentence: `naturel prompts try --model`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from naturel.annotations.claims import Claim
from naturel.annotations.errors import UserError
from naturel.annotations.nouns import NounTable
from naturel.annotations.relations import Vocabulary
from naturel.builders.captions.claim_words import claim_words
from naturel.builders.checks.check import Checked, Checker
from naturel.builders.checks.judge import ModelJudge
from naturel.builders.llm.answers import Result
from naturel.builders.llm.api_call import ApiSettings
from naturel.builders.llm.cache import AnswerCache
from naturel.builders.llm.engines import Engine
from naturel.builders.llm.money import FREE, Meter, Price, Prices
from naturel.builders.llm.openai_api import OpenAIEngine
from naturel.builders.writing.asking import Question
from naturel.builders.writing.model_writer import sentences_of
from naturel.prompts.parts import PromptKind
from naturel.prompts.prompt import Prompt

PIPE_WIDTH = 160
"""Of the table where the output is no terminal."""


@dataclass(frozen=True)
class TrySettings:
    """Whom to ask.

    Attributes:
        model: The model's name.
        base_url: Address of the server; None for `OPENAI_BASE_URL`, or else OpenAI.
        cache: The file of answers; None for the usual one.
        price: `IN,OUT`, for a model that the price table does not know.
    """

    model: str
    base_url: str | None = None
    cache: Path | None = None
    price: str | None = None

    @property
    def meter(self) -> Meter:
        """Counts the call."""
        free = FREE if ApiSettings(self.base_url).is_local else None
        return Meter(Prices.load(None, Price.parse(self.price) if self.price else free))


@dataclass
class Trial:
    """One claim, and who is asked about it."""

    claim: Claim
    vocabulary: Vocabulary
    nouns: NounTable
    settings: TrySettings

    def ask(self, prompt: Prompt, sentence: str) -> None:
        """Ask and print what comes of it.

        Args:
            prompt: The prompt.
            sentence: What a judge is asked about; nothing else reads it.

        Raises:
            UserError: There is no answer.
        """
        meter = self.settings.meter
        engine = OpenAIEngine(ApiSettings(self.settings.base_url))
        with AnswerCache(self.settings.cache) as cache:
            if prompt.kind is PromptKind.JUDGE:
                self._judge(prompt, sentence, engine, cache, meter)
            else:
                self._write(prompt, engine, cache, meter)
        known = "answered before; " if meter.cached else ""
        print(
            f"{known}{meter.calls:,} calls, {meter.input_tokens:,} tokens in, {meter.output_tokens:,} out, "
            f"${meter.cost:.4f}"
        )

    def _write(self, prompt: Prompt, engine: Engine, cache: AnswerCache, meter: Meter) -> None:
        words = claim_words(self.claim, self.vocabulary, self.nouns)
        names = tuple(style.construction for style in prompt.styles_for(words)[: prompt.captions])
        question = Question(self.claim, words, prompt, names)
        (result,) = engine.complete([question.request(self.settings.model, names, 0, 0)], cache, meter)
        if not result.is_answer:
            raise UserError(_no_answer(result))
        found = list(sentences_of(result, self.claim))
        texts = [text for _, text in found]
        checked = Checker().check(texts, [self.claim] * len(texts), ["complex"] * len(texts))
        table = Table(box=None, pad_edge=False, show_header=False)
        for (construction, text), outcome in zip(found, checked, strict=True):
            table.add_row(construction, text, _verdict(outcome))
        for name in names:
            if name not in dict(found):
                table.add_row(name, "", "missing")
        _console().print(table, highlight=False, markup=False)

    def _judge(self, prompt: Prompt, sentence: str, engine: Engine, cache: AnswerCache, meter: Meter) -> None:
        judge = ModelJudge(
            self.settings.model, engine, cache, meter, self.vocabulary, self.nouns, prompt=prompt
        )
        (opinion,) = judge.opinions([(sentence, self.claim)])
        (outcome,) = Checker().check([sentence], [self.claim], [None])
        why = "".join(f" ({reason})" for reason in judge.failures)
        print(f"{sentence}\njudge: {opinion}{why}\nchecker: {_verdict(outcome)}")


def _verdict(outcome: Checked) -> str:
    """What the checker says of a sentence, in words."""
    said = str(outcome.reading.states)
    if outcome.passes:
        return said
    why = "; ".join((*outcome.problems, *([outcome.reading.reason] if outcome.reading.reason else [])))
    return f"{said}: {why}" if why else said


def _no_answer(result: Result) -> str:
    said = f"\n{result.text}" if result.text else ""
    return f"{result.request.model} gave no answer: {result.outcome.replace('_', ' ')}, {result.detail}{said}"


def _console() -> Console:
    return Console() if sys.stdout.isatty() else Console(width=PIPE_WIDTH)
