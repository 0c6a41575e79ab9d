"""Whether a sentence says that a thing has an attribute: "a table made of wood", "the seated girl"."""

from __future__ import annotations

from dataclasses import dataclass

from naturel.annotations.claims import Claim
from naturel.annotations.nouns import NounTable
from naturel.builders.checks.reading.items import Item, Token
from naturel.builders.checks.reading.participants import Role
from naturel.builders.checks.reading.readings import Reading, States
from naturel.builders.checks.reading.wordings import Wordings, split

_GAP = 2
_BETWEEN = {
    "entirely",
    "completely",
    "all",
    "out",
    "a",
    "an",
    "big",
    "the",
    "her",
    "his",
    "its",
    "wide",
    "bright",
    "solid",
    "some",
}
_NOUN_LIKE = {"wood", "cloth", "leather", "plastic", "fabric", "textile", "oak", "pine", "timber", "glass"}
"""Said of a thing only right before it ("a wood table") or after a form of *be*."""


@dataclass(frozen=True)
class _Said:
    label: str
    start: int
    end: int


class AttributeReader:
    """Reads sentences against claims like is(table, wooden)."""

    def __init__(self, wordings: Wordings, nouns: NounTable) -> None:
        self.nouns = nouns
        self.phrases: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for attribute in nouns.attributes.values():
            said = {attribute.adjective, attribute.predicate, *wordings.attributes.get(attribute.label, ())}
            for text in sorted(said):
                tokens = split(text)
                self.phrases.setdefault(tokens[0], []).append((tokens, attribute.label))
        for found in self.phrases.values():
            found.sort(key=lambda entry: (-len(entry[0]), entry))

    def read(self, tokens: list[Token], items: list[Item], roles: dict[int, Role], claim: Claim) -> Reading:
        """Read one sentence.

        Args:
            tokens: The parsed sentence.
            items: Its items.
            roles: The role of each thing among them; what only names the attribute becomes scenery.
            claim: A claim whose object is an attribute, by its adjective or its label.
        """
        wanted = self._label(claim.object)
        things = [i for i, role in roles.items() if role in (Role.SUBJECT, Role.EITHER)]
        words = [token.lower for token in tokens]
        said = list(self._said(words, tokens))
        covered = {at for one in said for at in range(one.start, one.end)}
        for i in roles:
            if items[i].end - 1 in covered:
                roles[i] = Role.SCENERY  # the wood of "made of wood"
        if not things:
            strangers = [i for i, role in roles.items() if role == Role.UNKNOWN]
            known = [i for i, role in roles.items() if role == Role.OTHER]
            if strangers and not known:
                return Reading(
                    States.UNSURE, f"{claim.subject} is not named; is {items[strangers[0]].head} one?"
                )
            return Reading(States.NO, f"{claim.subject} is not named", problem="missing")
        for i, role in roles.items():
            if role == Role.OTHER:
                return Reading(States.NO, f"names {' '.join(items[i].words)} too")
        mine = [one for one in said if one.label == wanted]
        if mine:
            return Reading(States.YES, " ".join(words[mine[0].start : mine[0].end]), (claim,))
        if wanted is None:
            return self._by_word(words, claim)
        for one in said:
            if self.nouns.attributes[one.label].group == self.nouns.attributes[wanted].group:
                return Reading(States.NO, f"says {' '.join(words[one.start : one.end])!r} of it")
        odd = [item for i, item in enumerate(items) if roles.get(i) == Role.UNKNOWN]
        return (
            Reading(States.NO, f"does not say {claim.object}")
            if not odd
            else Reading(States.UNSURE, f"cannot tell whether it says {claim.object}")
        )

    def _label(self, text: str) -> str | None:
        for attribute in self.nouns.attributes.values():
            if text in (attribute.label, attribute.adjective, attribute.predicate):
                return attribute.label
        found = self.phrases.get(split(text)[0], ()) if text else ()
        return next((label for phrase, label in found if phrase == split(text)), None)

    def _by_word(self, words: list[str], claim: Claim) -> Reading:
        if claim.object.lower() in words:
            return Reading(States.YES, claim.object, (claim,))
        return Reading(States.UNSURE, f"{claim.object} is no attribute that is known")

    def _said(self, words: list[str], tokens: list[Token]) -> list[_Said]:
        found: list[_Said] = []
        at = 0
        while at < len(words):
            match = next(
                (
                    _Said(label, at, end)
                    for phrase, label in self.phrases.get(words[at], ())
                    if (end := _matched(phrase, words, at)) and self._fits(phrase, at, end, words, tokens)
                ),
                None,
            )
            if match:
                found.append(match)
            at = match.end if match else at + 1
        return found

    def _fits(
        self, phrase: tuple[str, ...], at: int, end: int, words: list[str], tokens: list[Token]
    ) -> bool:
        """Whether a material named by itself is said of a thing: before it, or after a form of *be*."""
        if len(phrase) > 1 or phrase[0] not in _NOUN_LIKE:
            return True
        if end < len(tokens) and tokens[end].tag.startswith(("NN", "JJ")):
            return True
        if "there" in words[max(0, at - 2) : at]:
            return False
        return at > 0 and words[at - 1] in ("is", "are", "'s", "all", "of", "real", "pure", "solid")


def _matched(phrase: tuple[str, ...], words: list[str], at: int) -> int:
    place = at
    for number, word in enumerate(phrase):
        skipped = 0
        while (
            number
            and place < len(words)
            and words[place] != word
            and skipped < _GAP
            and words[place] in _BETWEEN
        ):
            place, skipped = place + 1, skipped + 1
        if place >= len(words) or words[place] != word:
            return 0
        place += 1
    return place
