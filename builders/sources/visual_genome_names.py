"""What Visual Genome's names of things mean: free text such as "trees", "street light", "the man's left hand".

A name becomes a label of the noun table where that means exactly it, else it is its own label. Only nouns that we
know become labels, since a caption has to say them: "skiing", "white" and "people sitting at a table" do not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from naturel.annotations.nouns import NounTable, Number
from naturel.annotations.words import Lexicon
from naturel.builders.sources.visual_genome_words import FreeTextWords

NO_NAME = "no name"
NO_LETTERS = "name that is not of letters"
TOO_LONG = "name of more than three words"
UNKNOWN = "name that is no noun that we know"
LONGEST = 3
_DETERMINER = re.compile(r"(?:(?:a|an|the|some|this|that|his|her|its|their|my)\s+)+")
_POSSESSIVE = re.compile(r"[a-z -]*[a-z](?:'s|s')\s+")
_LETTERS = re.compile(r"[a-z](?:[a-z' -]*[a-z])?")


@dataclass(frozen=True)
class Meaning:
    """What a name means: a label, or the reason why it has none."""

    label: str = ""
    reason: str = ""
    several_of: str = ""
    """For a name in the plural the label of one of them: "trees" are several of "Tree"."""


class NameReader:
    """Finds the label of names."""

    def __init__(
        self, nouns: NounTable, lexicon: Lexicon, words: FreeTextWords, aliases: Mapping[str, str]
    ) -> None:
        self.nouns, self.lexicon, self.words = nouns, lexicon, words
        self.aliases = {other: one for one, others in words.spellings.items() for other in others} | dict(
            aliases
        )

    def meaning(self, names: Iterable[str]) -> Meaning:
        """What a thing with these names is: by the first that the noun table knows, else the first that is a noun."""
        found = [self.read(name) for name in names]
        known = (one for one in found if one.label in self.nouns.nouns)
        good = (one for one in found if one.label)
        return next(known, next(good, found[0] if found else Meaning(reason=NO_NAME)))

    def read(self, name: str) -> Meaning:
        """What one name means."""
        text = clean(name)
        text = self.aliases.get(text, text)
        if not text:
            return Meaning(reason=NO_NAME)
        if not _LETTERS.fullmatch(text):
            return Meaning(reason=NO_LETTERS)
        for phrase in self._shortened(text):
            if found := self._known(phrase):
                return found
        return Meaning(reason=TOO_LONG if len(text.split()) > LONGEST else UNKNOWN)

    def _shortened(self, text: str) -> Iterator[str]:
        """The name, then without an owner, then without one modifier after the other."""
        yield text
        if owner := _POSSESSIVE.match(text):
            text = text[owner.end() :]
            yield text
        while True:
            words = text.split()
            size = next((n for n in (2, 1) if " ".join(words[:n]) in self.words.modifiers), 0)
            if not size or size >= len(words):
                return
            text = " ".join(words[size:])
            yield text

    def _known(self, phrase: str) -> Meaning | None:
        """The meaning of a phrase whose noun we know."""
        words = phrase.split()
        if len(words) > LONGEST or not (self._is_noun(phrase) or all(map(self._is_noun, words))):
            return None
        one = self._one_of(phrase)
        if one is not None:
            return Meaning(phrase, several_of=self._label(one))
        return Meaning(self._label(phrase))

    def _label(self, phrase: str) -> str:
        """The noun table's label for a phrase in the singular, or the phrase itself."""
        if phrase in self.nouns.words.ambiguous or phrase in self.lexicon.homonyms:
            return phrase
        noun = self.nouns.by_noun(phrase) or self._squashed.get(_squash(phrase))
        return noun if isinstance(noun, str) else noun.label if noun else phrase

    def _one_of(self, phrase: str) -> str | None:
        """The singular of a plural: "trees" -> "tree"; None for one thing, for stuff and for "jeans"."""
        noun = self.nouns.by_noun(phrase)
        if noun and phrase in (noun.noun.casefold(), *(said.casefold() for said in noun.synonyms)):
            return None
        if noun:
            return None if noun.plural == noun.noun else noun.noun
        if self.nouns.words.number(phrase) is not Number.PLURAL:
            return None
        before, space, last = phrase.rpartition(" ")
        if one := self._irregular.get(last):
            return before + space + one
        for one in (last[:-1], last.removesuffix("es"), last.removesuffix("ies") + "y"):
            whole = before + space + one
            if self.nouns.words.plural(whole) == phrase and self._is_noun(one):
                return whole
        return None

    @cached_property
    def _irregular(self) -> dict[str, str]:
        """Irregular plural -> singular."""
        plurals = {**self.lexicon.plurals, **self.nouns.words.plurals}
        return {many: one for one, many in plurals.items() if one != many}

    def _is_noun(self, phrase: str) -> bool:
        lexicon = self.lexicon
        return bool(
            phrase in self._nouns
            or self.nouns.by_noun(phrase)
            or _squash(phrase) in self._squashed
            or lexicon.labels_of(phrase)
            or lexicon.is_other(phrase)
        )

    @cached_property
    def _nouns(self) -> frozenset[str]:
        plurals = (self.nouns.words.plural(noun) for noun in self.words.nouns)
        return self.words.nouns | frozenset(plurals)

    @cached_property
    def _squashed(self) -> dict[str, str]:
        """Nouns of the table as they are spelled without spaces and hyphens -> label."""
        return {
            _squash(said): noun.label
            for noun in self.nouns.nouns.values()
            for said in (*noun.synonyms, noun.noun)
            if noun.noun not in self.nouns.words.ambiguous
        }


def clean(name: str) -> str:
    """A name in lower case and Unicode normal form C, without determiners and what surrounds its words."""
    text = unicodedata.normalize("NFC", name).replace("\u2019", "'").replace("_", " ").casefold()
    text = " ".join(text.split()).strip(" .,;:!?\"'()[]-")
    return _DETERMINER.sub("", text, count=1) if _DETERMINER.match(text) else text


def _squash(phrase: str) -> str:
    return phrase.replace(" ", "").replace("-", "")
