"""Whether a sentence denies, doubts, asks or orders instead of stating."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from naturel.builders.checks.reading.items import Token
from naturel.builders.checks.reading.small_words import EXCLAMATIONS
from naturel.builders.checks.reading.wordings import Wordings, split

_EMPTY = (("none", "other", "than"), ("no", "doubt"), ("without", "a", "doubt"), ("without", "doubt"))
"""Phrases that only stress what is said."""


class Denials:
    """Finds the words that take a statement back."""

    def __init__(self, wordings: Wordings) -> None:
        self.negation = _by_first(wordings.negation)
        self.hedge = _by_first(wordings.hedge)
        self.harmless = _by_first((*wordings.harmless_negation, *wordings.harmless_hedge))

    def found(
        self,
        tokens: list[Token],
        is_thing: Callable[[str], bool],
        names: Callable[[str], bool],
        long_names: Collection[tuple[str, ...]] = (),
    ) -> tuple[str, str] | None:
        """Why a sentence is no plain statement.

        Args:
            tokens: The parsed sentence.
            is_thing: Whether a word names one of the two things of the claim.
            names: Whether a word names a thing of any kind, or an act: "without haste" denies nothing.
            long_names: The two things' names of several words, which may hold any word: "moth or butterfly".

        Returns:
            The problem (negation, hedge, question or order) and the words that make it; None for a plain statement.
        """
        words = [token.lower for token in tokens]
        if "?" in words:
            return "question", ""
        if self._is_order(tokens) and not is_thing(tokens[0].lower):
            return "order", ""
        skip = {
            at + k
            for at in range(len(words))
            for name in long_names
            if _starts(name, words, at)
            for k in range(len(name))
        }
        for at in range(len(words)):
            if end := _found(self.harmless, words, at):
                skip.update(range(at, end))
        for kind, phrases in (("negation", self.negation), ("hedge", self.hedge)):
            for at in range(len(words)):
                end = _found(phrases, words, at)
                if not end or skip & set(range(at, end)) or _is_noun(tokens[at]):
                    continue
                if words[at:end] in (["no"], ["without"]) and _of_nothing_else(tokens, end, names):
                    continue
                return kind, " ".join(words[at:end])
        return None

    def _is_order(self, tokens: list[Token]) -> bool:
        first = tokens[0]
        return (
            first.tag == "VB"
            and first.lower not in EXCLAMATIONS
            and first.dep == "ROOT"
            and not any(token.dep in ("nsubj", "nsubjpass") for token in tokens)
        )


def _of_nothing_else(tokens: list[Token], at: int, names: Callable[[str], bool]) -> bool:
    """Whether "no" or "without" is said of something that is neither thing nor act: "without hurry", "in no time"."""
    place = at
    while place < len(tokens) and tokens[place].tag in ("DT", "JJ", "RB", "RBR", "PRP$", "JJR"):
        place += 1
    return place < len(tokens) and tokens[place].tag in ("NN", "NNS") and not names(tokens[place].lower)


def without_similes(tokens: list[Token]) -> list[Token]:
    """Leave out clauses with "as if" and "as though", up to the next comma: they state nothing."""
    kept: list[Token] = []
    inside = False
    for at, token in enumerate(tokens):
        if token.lower == "as" and at + 1 < len(tokens) and tokens[at + 1].lower in ("if", "though"):
            inside = True
        elif inside and token.lower in (",", ";", "."):
            inside = False
        if not inside:
            kept.append(token)
    words = [token.lower for token in kept]
    for phrase in _EMPTY:
        for at in range(len(words) - len(phrase), -1, -1):
            if tuple(words[at : at + len(phrase)]) == phrase:
                del kept[at : at + len(phrase)], words[at : at + len(phrase)]
    return kept


def _is_noun(token: Token) -> bool:
    """Whether it is a noun of the same spelling: "a might"."""
    return token.tag in ("NN", "NNS") and token.lower in (
        "will",
        "might",
        "must",
        "miss",
        "need",
        "needs",
        "may",
        "stop",
        "stops",
    )


def _by_first(phrases: Iterable[str]) -> dict[str, list[tuple[str, ...]]]:
    found: dict[str, list[tuple[str, ...]]] = {}
    for phrase in phrases:
        tokens = split(phrase)
        found.setdefault(tokens[0], []).append(tokens)
    for choices in found.values():
        choices.sort(key=len, reverse=True)
    return found


def _starts(name: tuple[str, ...], words: list[str], at: int) -> bool:
    return tuple(words[at : at + len(name)]) == name


def _found(phrases: dict[str, list[tuple[str, ...]]], words: list[str], at: int) -> int:
    for phrase in phrases.get(words[at], ()):
        if tuple(words[at : at + len(phrase)]) == phrase:
            return at + len(phrase)
    return 0
