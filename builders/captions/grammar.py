"""The rule-based caption writer: every sentence that English grammar offers for exactly one claim.

The writer knows a claim and nothing else: not the image, not whether the claim is true there. What varies
(one preposition or another) is chosen by a SHA-256 of the pair of nouns, the relation and the construction,
so that a claim and its swap are worded alike, on every machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

from naturel.annotations.claims import Claim
from naturel.annotations.nouns import Attribute, Noun
from naturel.annotations.relations import Kind, Relation
from naturel.builders.captions.attribute_constructions import ATTRIBUTIVE, AttributeWords
from naturel.builders.captions.constructions import RELATIONAL, Words
from naturel.builders.captions.noun_phrases import NounPhrase, distinguish
from naturel.builders.captions.predicates import Predicate
from naturel.builders.captions.surface import Style, normalise

_Word = TypeVar("_Word")

SIMPLE = "simple"
"""The construction of a simple caption: "cat on desk", "wooden table"."""

CONSTRUCTIONS: Mapping[str, str] = MappingProxyType(
    {SIMPLE: "bare words: cat on desk, man holds guitar, wooden table"}
    | {name: each.description for name, each in RELATIONAL.items()}
    | {name: description for name, (description, _) in ATTRIBUTIVE.items() if name not in RELATIONAL}
)
"""Every construction's stable name -> what it is, with an example."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A caption of a claim."""

    text: str
    style: Style
    construction: str


class Writer:
    """Writes the sentences of claims whose words are in the given tables."""

    def __init__(
        self,
        relations: Mapping[str, Relation],
        nouns: Iterable[Noun],
        attributes: Mapping[str, Attribute] | None = None,
    ) -> None:
        """Takes relations by canonical name, nouns in any order and attributes by label."""
        self._relations = dict(relations)
        self._attributes = dict(attributes or {})
        self._nouns: dict[str, Noun] = {}
        for noun in nouns:
            self._nouns.setdefault(noun.noun, noun)

    def write(self, claim: Claim, seed: int = 0) -> list[Sentence]:
        """Gives every sentence for the claim, the simple one first, at most one a construction.

        Args:
            claim: The claim, its nouns as they are said, its attribute by label.
            seed: Another seed chooses other prepositions where a relation has several.

        Raises:
            LookupError: If a word of the claim is in none of the tables.
        """
        subject = _look_up(self._nouns, claim.subject, "noun")
        if claim.is_attribute:
            return write_attribute(subject, _look_up(self._attributes, claim.object, "attribute"))
        relation = _look_up(self._relations, claim.relation, "relation")
        inverse = self._relations.get(relation.inverse) if relation.inverse else None
        return write_relation(subject, relation, _look_up(self._nouns, claim.object, "noun"), inverse, seed)

    def shared_constructions(self, claim: Claim, seed: int = 0) -> list[str]:
        """Gives the complex constructions in which both the claim and its swap can be said.

        "What is on the man is a horse" is good English, "What is on the horse is a man" is not. Chosen from
        all constructions, the first would be seen with false claims only; chosen from these, none is.
        """
        mine = [each.construction for each in self.write(claim, seed) if each.style == "complex"]
        if claim.is_attribute:
            return mine
        swap = {each.construction for each in self.write(claim.swapped(), seed)}
        return [name for name in mine if name in swap]


def write_relation(
    subject: Noun, relation: Relation, object_: Noun, inverse: Relation | None = None, seed: int = 0
) -> list[Sentence]:
    """Gives every sentence for a relation claim.

    Args:
        subject: The noun that stands in the relation.
        relation: A spatial, part or action relation.
        object_: The noun to which it stands in the relation.
        inverse: The relation's exact inverse; itself (a symmetric relation) counts as none.
        seed: See `Writer.write`.
    """
    if relation.kind is Kind.ATTRIBUTE:
        raise ValueError(f"relation {relation.name!r} takes an attribute, not a noun")
    twin = subject.noun == object_.noun
    s, o = NounPhrase(subject, twin), NounPhrase(object_, twin)
    # Not the gerund: "guitar holding man" can be read as "guitar-holding man", which is the reverse claim.
    middle = Predicate(relation).present(s) if relation.phrases.verb else relation.phrases.simple
    bare = f"{s.bare} {middle} {o.bare}"
    sentences = [Sentence(normalise(bare, "simple", _proper(s)), "simple", SIMPLE)]
    key = f"{Claim(subject.noun, relation.name, object_.noun).pair_key}\t{relation.name}"
    introduced = [
        f"there {each.be} {each.a}" for each in (s, o) if each.is_unique
    ]  # "there is the sky" is no English
    inverted = None if inverse is None or inverse.name == relation.name else Predicate(inverse)
    for name, each in RELATIONAL.items():
        if twin and not each.twins:
            continue
        variant = _rank(seed, key, name) if each.varies else 0
        text = each.build(Words(s, Predicate(relation, variant), o, inverted))
        if text is not None and not any(words in text for words in introduced):
            sentences.append(_complex(distinguish(text, s) if twin else text, name))
    return _without_repeats(sentences)


def write_attribute(noun: Noun, attribute: Attribute) -> list[Sentence]:
    """Gives every sentence for an attribute claim."""
    words = AttributeWords(NounPhrase(noun), attribute)
    sentences = [Sentence(normalise(words.bare, "simple", _proper(words.s)), "simple", SIMPLE)]
    for name, (_, build) in ATTRIBUTIVE.items():
        text = build(words)
        if text is not None:
            sentences.append(_complex(text, name))
    return sentences


def choose_constructions(available: Sequence[str], key: str, count: int, seed: int = 0) -> list[str]:
    """Chooses constructions by a stable hash, so that claims with the same key get the same ones.

    Args:
        available: The constructions to choose from, in any order.
        key: What shares a choice, normally `Claim.pair_key`.
        count: How many to choose; all of them if there are fewer.
        seed: Another seed gives another choice.

    Returns:
        The chosen names, best first. Adding a name to `available` moves no other.
    """
    return sorted(set(available), key=lambda name: (_rank(seed, key, name), name))[:count]


def _complex(text: str, name: str) -> Sentence:
    return Sentence(normalise(text), "complex", name)


def _without_repeats(sentences: list[Sentence]) -> list[Sentence]:
    """Keeps the first of equal sentences: the passive of "surround" is its inverse, "is surrounded by"."""
    return list({sentence.text: sentence for sentence in reversed(sentences)}.values())[::-1]


def _proper(phrase: NounPhrase) -> frozenset[str]:
    """The phrase's words that are written with a capital wherever they stand."""
    return frozenset(word for word in phrase.bare.split() if word[0].isupper())


def _rank(*parts: object) -> int:
    return int.from_bytes(hashlib.sha256("\t".join(map(str, parts)).encode()).digest()[:8])


def _look_up(table: Mapping[str, _Word], name: str, what: str) -> _Word:
    if name not in table:
        raise LookupError(f"{what} {name!r} is in no table of the writer")
    return table[name]
