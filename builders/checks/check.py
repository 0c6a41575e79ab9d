"""What the machine finds in sentences: whether each states its claim, and what is wrong with its wording."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from naturel.annotations.claims import Claim
from naturel.builders.captions.surface import Style
from naturel.builders.checks.reading.parser import parse
from naturel.builders.checks.reading.reader import Reader
from naturel.builders.checks.reading.readings import Reading, States
from naturel.builders.checks.text import TextRules, text_problems

BLOCK = 2_000
"""Sentences parsed at a time."""
READ_BY_THE_READER = ("negation", "hedge", "question", "order", "missing")
"""Problems of wording that the reader finds on its way."""


@dataclass(frozen=True)
class Checked:
    """The outcome of one sentence."""

    reading: Reading
    problems: tuple[str, ...]
    """Names of what is wrong with the wording; `text` lists them all."""

    @property
    def passes(self) -> bool:
        """Whether the sentence states its claim and nothing is wrong with its wording."""
        return self.reading.states == States.YES and not self.problems


class Checker:
    """Checks sentences; the reader's tables are loaded once."""

    def __init__(self, reader: Reader | None = None, rules: TextRules | None = None) -> None:
        self.reader = reader or Reader()
        self.rules = rules or TextRules()

    def check(
        self, sentences: Sequence[str], claims: Sequence[Claim], styles: Sequence[Style | None]
    ) -> Iterator[Checked]:
        """Check each sentence against its claim, in order.

        Args:
            sentences: The captions.
            claims: The claim that each must state, by canonical relation.
            styles: The surface that each must have; None where any will do.

        Yields:
            One outcome a sentence.
        """
        for start in range(0, len(sentences), BLOCK):
            texts = sentences[start : start + BLOCK]
            for text, tokens, claim, style in zip(
                texts, parse(texts), claims[start : start + BLOCK], styles[start : start + BLOCK], strict=True
            ):
                read = self.reader.read_tokens(tokens, claim)
                words = text_problems(
                    text,
                    tokens,
                    read.items,
                    read.roles,
                    self.reader.nouns,
                    self.reader.book.wordings,
                    (claim.subject, claim.object),
                    style,
                    self.rules,
                )
                yield Checked(read, (*([read.problem] if read.problem else []), *words))
