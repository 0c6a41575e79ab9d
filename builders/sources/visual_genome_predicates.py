"""What Visual Genome's predicates mean: free text such as "sitting on top of", "are ON the", "worn by a".

A predicate is read from its end, by the longest phrase that we know: it is the last words that say where. What stands
before them has to be a word that cannot change their meaning ("sleeping on", never "not on", "next to on"); else the
predicate has no meaning here. Better none than a wrong one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from naturel.annotations.relations import Relation, Vocabulary
from naturel.builders.sources.visual_genome_words import FreeTextWords

SOURCE = "visual_genome"
_IGNORED = frozenset(
    "a an the is are was were am be being been it its his her their that which who".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Meaning:
    """A relation, and how the predicate says it."""

    relation: str
    swapped: bool = False
    """Whether it is meant the other way round: the hat that is "worn by" the man."""
    phrase: str | None = None
    """The predicate where it says more than the relation: "sitting on top of"."""


class PredicateReader:
    """Finds the relation of predicates."""

    def __init__(self, vocabulary: Vocabulary, words: FreeTextWords) -> None:
        self._manner = words.manner
        self._known: dict[str, tuple[Relation, bool]] = {}
        self._own: dict[str, set[str]] = {}
        relations = [relation for relation in vocabulary if SOURCE in relation.sources]
        for relation in relations:
            for name in relation.sources[SOURCE]:
                self._known.setdefault(plain(name), (relation, False))
        for relation in relations:
            said = {plain(phrase) for phrase in _phrases(relation)}
            self._own[relation.name] = said
            for phrase in sorted(said):
                self._known.setdefault(phrase, (relation, False))
        for relation in relations:
            if (verb := relation.phrases.verb) and verb.passive:
                phrase = plain(f"{verb.participle} {verb.particle} by")
                self._known.setdefault(phrase, (relation, True))

    def read(self, predicate: str) -> Meaning | None:
        """What a predicate means; None: nothing that we know."""
        text = plain(predicate)
        words = text.split()
        for start in range(len(words)):
            found = self._known.get(" ".join(words[start:]))
            if found is None:
                continue
            relation, swapped = found
            if start and (relation.phrases.verb or swapped or not self._manner.issuperset(words[:start])):
                return None
            says_more = not swapped and text not in self._own[relation.name]
            return Meaning(relation.name, swapped, text if says_more else None)
        return None


def plain(predicate: str) -> str:
    """A predicate in lower case, without articles, possessives and forms of *be*."""
    words = re.sub(r"[^\w' ]+", " ", predicate.casefold().replace("_", " ")).split()
    return " ".join(word for word in words if word not in _IGNORED)


def _phrases(relation: Relation) -> list[str]:
    """All that the vocabulary itself says for a relation."""
    phrases = relation.phrases
    said = [phrases.simple, *phrases.prepositions, *phrases.synonyms]
    if verb := phrases.verb:
        said += [f"{form} {verb.particle}" for form in (verb.base, verb.third, verb.gerund)]
    return said
