"""Captions by a language model: asked for, checked, and what does not pass asked for again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from naturel.annotations.claims import Claim
from naturel.builders.captions.surface import normalise
from naturel.builders.captions.writer import caption_id
from naturel.builders.checks.captions import NEAR_DUPLICATE, OK, REJECTED, reason_against
from naturel.builders.checks.check import Checked, Checker
from naturel.builders.checks.reading.readings import States
from naturel.builders.checks.text import near_duplicates
from naturel.builders.llm.answers import Outcome, Result
from naturel.builders.llm.cache import AnswerCache
from naturel.builders.llm.engines import Engine
from naturel.builders.llm.money import Meter
from naturel.builders.llm.requests import Request
from naturel.builders.progress import Progress
from naturel.builders.writing.asking import Question

EMPTY, SAID_BEFORE = "without a word", "said before by the model"
NOT_ASKED_FOR = "construction not asked for"

Judge = Callable[[Sequence[tuple[str, Claim]]], Sequence[States]]
"""A second opinion on sentences that the reader is unsure of."""


@dataclass(frozen=True)
class ModelSettings:
    """How a model is asked."""

    model: str
    attempts: int = 3
    """How often a claim is asked at most; each time for what is still wanted."""
    seed: int = 0


@dataclass
class Written:
    """What came of asking."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    """Every different sentence, those that were rejected too, as rows of `schema.CAPTIONS`."""
    wanting: dict[str, int] = field(default_factory=dict)
    """Claim id -> captions that are still wanted after all attempts."""
    answers: Counter[str] = field(default_factory=Counter)
    """Requests by outcome; what the model said that is no answer is named as it was."""
    left_out: Counter[str] = field(default_factory=Counter)
    """Sentences that are not in `rows`, by reason."""
    judged: Counter[States] = field(default_factory=Counter)
    """Sentences that the reader was unsure of, by the judge's opinion."""
    failed: int = 0
    """Claims with gaps whose last call failed on the way; asked another time, they may be answered."""
    waiting: int = 0
    """Requests that nobody has answered yet: written to a file, in a batch, or beyond the budget."""


class ModelWriter:
    """Asks one model for the captions of claims."""

    def __init__(
        self,
        engine: Engine,
        cache: AnswerCache,
        meter: Meter,
        checker: Checker,
        settings: ModelSettings,
        judge: Judge | None = None,
    ) -> None:
        self.engine = engine
        self.cache = cache
        self.meter = meter
        self.checker = checker
        self.settings = settings
        self.judge = judge

    def write(self, questions: Mapping[str, Question], progress: Progress) -> Written:
        """Ask until every claim has its captions, or was asked as often as is allowed.

        Args:
            questions: Claim id -> what to ask.
            progress: Where progress is shown.
        """
        written = Written()
        drafts = {claim_id: _Draft(question) for claim_id, question in questions.items()}
        for _ in range(self.settings.attempts):
            unfinished = {claim_id: draft for claim_id, draft in drafts.items() if draft.wanted}
            if not unfinished or written.waiting:
                break
            requests = [draft.request(self.settings) for draft in unfinished.values()]
            results = self.engine.complete(requests, self.cache, self.meter)
            written.answers.update(str(result.outcome) for result in results)
            written.waiting = sum(result.outcome is Outcome.NOT_ASKED for result in results)
            written.failed = sum(not result.outcome.is_finished for result in results) - written.waiting
            self._take(unfinished, results, written, progress)
        for claim_id, draft in drafts.items():
            written.rows += draft.rows
            if draft.wanted:
                written.wanting[claim_id] = len(draft.wanted)
        return written

    def _take(
        self, drafts: Mapping[str, _Draft], results: Sequence[Result], written: Written, progress: Progress
    ) -> None:
        """Read, check and keep the sentences of one round of answers."""
        found = []
        for (claim_id, draft), result in zip(drafts.items(), results, strict=True):
            draft.answers += result.outcome.is_finished
            for construction, text in sentences_of(result, draft.question.claim):
                if text:
                    found.append((claim_id, draft, construction, text, result))
                else:
                    written.left_out[EMPTY] += 1
        texts = [text for *_, text, _ in found]
        claims = [draft.question.claim for _, draft, *_ in found]
        with progress.task("check", len(found), "captions") as task:
            checked = []
            for outcome in self.checker.check(texts, claims, ["complex"] * len(texts)):
                checked.append(outcome)
                task.advance()
        opinions = self._opinions(texts, claims, checked)
        written.judged.update(opinion for opinion in opinions if opinion)
        for (claim_id, draft, construction, text, result), outcome, opinion in zip(
            found, checked, opinions, strict=True
        ):
            if not draft.keep(claim_id, construction, text, result, outcome, opinion):
                written.left_out[SAID_BEFORE] += 1

    def _opinions(
        self, texts: Sequence[str], claims: Sequence[Claim], checked: Sequence[Checked]
    ) -> list[States | None]:
        """The judge's opinion of each sentence of which nothing else is in doubt; None for the others."""
        opinions: list[States | None] = [None] * len(texts)
        places = [
            at for at, one in enumerate(checked) if one.reading.states == States.UNSURE and not one.problems
        ]
        if self.judge and places:
            said = self.judge([(texts[at], claims[at]) for at in places])
            for at, opinion in zip(places, said, strict=True):
                opinions[at] = opinion
        return opinions


class _Draft:
    """One claim's captions in the making."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.wanted = question.constructions
        self.answers = 0
        """How often the model has spoken; calls that failed on the way do not count, and are made again."""
        self.rows: list[dict[str, Any]] = []
        self.texts: set[str] = set()

    def request(self, settings: ModelSettings) -> Request:
        """What to ask next."""
        return self.question.request(settings.model, self.wanted, self.answers, settings.seed)

    def keep(
        self,
        claim_id: str,
        construction: str,
        text: str,
        result: Result,
        outcome: Checked,
        opinion: States | None,
    ) -> bool:
        """Add a sentence with what was found in it; False for a repeated one, which is not added again."""
        if text in self.texts:
            return False
        self.texts.add(text)
        states = opinion or outcome.reading.states
        accepted = [row["text"] for row in self.rows if row["status"] == OK]
        repeats = any(near_duplicates([text, earlier]) for earlier in accepted)
        model = result.request.model
        reason = reason_against(model, states, outcome.problems, repeats)
        if reason is None and construction not in self.wanted:
            reason = NEAR_DUPLICATE if construction in self.question.constructions else NOT_ASKED_FOR
        self.rows.append(
            {
                "caption_id": caption_id(claim_id, text),
                "claim_id": claim_id,
                "text": text,
                "style": "complex",
                "construction": construction,
                "writer": model,
                "prompt_id": self.question.prompt.name,
                "prompt_digest": self.question.prompt.digest,
                "request_digest": result.request.digest,
                "states": str(states),
                "problems": list(outcome.problems),
                "status": REJECTED if reason else OK,
                "status_reason": reason,
            }
        )
        if reason is None:
            self.wanted = tuple(name for name in self.wanted if name != construction)
        return True


def sentences_of(result: Result, claim: Claim) -> Iterable[tuple[str, str]]:
    """(construction, sentence) of an answer, each on the surface that all captions have; none of other results."""
    if not result.is_answer:
        return
    proper = {word for noun in (claim.subject, claim.object) for word in noun.split() if word[:1].isupper()}
    for entry in result.value["captions"]:
        yield entry["construction"], normalise(entry["text"], "complex", proper)
