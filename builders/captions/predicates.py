"""Predicates: a relation as it is said of a subject, before its object.

Every form ends where the object begins: "is on", "holding", "is being held by". So a sentence is always
subject + form + object, for a preposition as for a verb.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from naturel.annotations.relations import Relation, Verb
from naturel.builders.captions.noun_phrases import NounPhrase

_PLACE = re.compile(
    r"(above|across|adjacent|against|along|alongside|around|at|atop|behind|below|beneath|beside|by|close|far|in"
    r"|inside|near|next|on(?! the (?:left|right))|outside|over|to|under|underneath|within)\b"
)
"""How phrases begin that say where; others ("covered with") say how, and cannot open a sentence. "On the left side
of the bed" is left out because it can mean a place on the bed itself."""

_WITHOUT_PRONOUN = frozenset({"at", "over", "by"})
"""Prepositions that mean something else before a pronoun: "be at it", "be over it"."""

_STRANDABLE = frozenset({"at", "against", "by", "from", "in", "of", "on", "to", "with"})
"""Last words of verbal phrases that can stand before "which": "from which a lamp is hanging"."""

_STATES = frozenset({"cover", "support", "surround"})
"""Verbs that have a progressive but say a state in a picture: "the bed is covered", not "is being covered"."""

_LASTING = frozenset({"carried", "held", "ridden", "worn"})
"""Participles that say a state by themselves: "held by a man". Others need "being": "being eaten by"."""


@dataclass(frozen=True)
class Predicate:
    """A relation with one of its prepositions or its verb."""

    relation: Relation
    variant: int = 0
    """Which of the relation's prepositions, modulo their number. Only those that fit the same constructions as
    the first are used: "higher than" cannot stand for "above" at the start of a sentence."""

    @property
    def verb(self) -> Verb | None:
        """The verb, for a relation that has one."""
        return self.relation.phrases.verb

    @property
    def is_verbal(self) -> bool:
        """Whether the relation is said by a verb rather than *be* and a preposition."""
        return self.verb is not None

    @property
    def is_state(self) -> bool:
        """Whether its verb says a state: "contains", not "is containing"."""
        return self.verb is not None and (not self.verb.progressive or self.verb.base in _STATES)

    @property
    def reduced(self) -> str:
        """The form after a noun: "on", "holding", "holding hands with"."""
        if self.verb is not None:
            return _join(self.verb.gerund, self.verb.particle)
        first, *others = self.relation.phrases.prepositions
        alike = [first, *(each for each in others if bool(_PLACE.match(each)) == bool(_PLACE.match(first)))]
        return alike[self.variant % len(alike)]

    @property
    def is_place(self) -> bool:
        """Whether it says where, so that it can open a sentence: "on the table"."""
        return not self.is_verbal and bool(_PLACE.match(self.reduced))

    @property
    def takes_pronoun(self) -> bool:
        """Whether "a table with a cat on it" is good English with this preposition."""
        return self.is_place and not self.is_far and self.reduced not in _WITHOUT_PRONOUN

    @property
    def is_far(self) -> bool:
        """Whether it says a distance, and so where the subject is not."""
        return self.reduced.startswith("far ")

    @property
    def side(self) -> str | None:
        """Left or right, for a relation that says the side."""
        words = self.reduced.split()
        return next((side for side in ("left", "right") if not self.is_verbal and side in words), None)

    def finite(self, subject: NounPhrase) -> str:
        """The form that makes a sentence: "is on", "are holding", "contains"."""
        return self.present(subject) if self.is_state else f"{subject.be} {self.reduced}"

    def present(self, subject: NounPhrase) -> str:
        """The simple present: "is on", "holds", "contains"."""
        if self.verb is None:
            return f"{subject.be} {self.reduced}"
        return _join(self.verb.base if subject.is_plural else self.verb.third, self.verb.particle)

    @property
    def passive_reduced(self) -> str | None:
        """The passive after a noun: "held by", "being eaten by"; None where the relation has no passive."""
        if self.verb is None or not self.verb.passive:
            return None
        participle = _join(self.verb.participle, self.verb.particle)
        return f"{participle} by" if self._lasts else f"being {participle} by"

    def passive(self, patient: NounPhrase) -> str | None:
        """The passive that makes a sentence: "is being held by"; None where the relation has no passive."""
        if self.verb is None or not self.verb.passive:
            return None
        being = "" if self.is_state else "being"
        return _join(patient.be, being, self.verb.participle, self.verb.particle, "by")

    @property
    def pied(self) -> tuple[str, str] | None:
        """The phrase cut before its preposition: ("hanging", "from"); None where there is no such cut."""
        if self.is_place or self.is_state:
            return None
        if self.verb and _PLACE.match(self.verb.particle):
            return self.verb.gerund, self.verb.particle
        head, _, preposition = self.reduced.rpartition(" ")
        return (head, preposition) if head and preposition in _STRANDABLE else None

    @property
    def _lasts(self) -> bool:
        return self.is_state or (self.verb is not None and self.verb.participle in _LASTING)


def _join(*words: str) -> str:
    return " ".join(word for word in words if word)
