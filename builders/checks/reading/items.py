"""What a sentence is cut into: tokens as the parser sees them, and the items that matter."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from naturel.builders.checks.reading.wordings import NO_PHRASE, Phrase


@dataclass(frozen=True)
class Token:
    """A token as the parser sees it."""

    text: str
    lower: str
    lemma: str
    tag: str
    """Penn Treebank tag."""
    dep: str = ""

    @property
    def is_noun(self) -> bool:
        """Whether it is tagged as a noun or a name."""
        return self.tag.startswith("NN")


class Kind(StrEnum):
    """What an item is."""

    THING = "thing"
    PRONOUN = "pronoun"
    RELATION = "relation"
    TOGETHER = "together"
    VERB = "verb"
    BE = "be"
    HAVE = "have"
    WITH = "with"
    WHO = "who"
    THERE = "there"
    SIDE = "side"
    ORDER = "order"
    RECIPROCAL = "reciprocal"
    PREPOSITION = "preposition"
    ADJECTIVE = "adjective"
    AND = "and"
    COMMA = "comma"
    STOP = "stop"
    WORD = "word"


@dataclass
class Item:
    """One item of a sentence: tokens `start` to `end` (exclusive)."""

    kind: Kind
    start: int
    end: int
    words: tuple[str, ...] = ()
    """Of a thing: its nouns and adjectives without determiners, lower case."""
    head: str = ""
    """Of a thing: the lemma of its head noun; of a verb: its base form; of a pronoun: itself."""
    phrase: Phrase = NO_PHRASE
    form: str = ""
    determiner: str = ""
    owner: Item | None = None
    """The thing before "'s": the man in "the man's hands"."""
    possessive: str = ""
    """Its possessive pronoun: "his" in "his hands"."""
    side: str = ""


PUNCTUATION = {
    ",": Kind.COMMA,
    ";": Kind.COMMA,
    ":": Kind.COMMA,
    "-": Kind.COMMA,
    "--": Kind.COMMA,
    "–": Kind.COMMA,
    "—": Kind.COMMA,
    ".": Kind.STOP,
    "!": Kind.STOP,
    "?": Kind.STOP,
    "(": Kind.COMMA,
    ")": Kind.COMMA,
}
