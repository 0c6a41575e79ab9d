"""The constructions in which English states an attribute: "The table is wooden", "a wooden table".

They work as those of `constructions`: one function each, from the words to the sentence or to None.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from naturel.annotations.nouns import Attribute
from naturel.builders.captions.noun_phrases import NounPhrase


@dataclass(frozen=True)
class AttributeWords:
    """The words of one attribute claim."""

    s: NounPhrase
    attribute: Attribute

    @property
    def predicate(self) -> str:
        """What follows *be*: "wooden", "made of leather"."""
        return self.attribute.predicate

    @property
    def precedes(self) -> bool:
        """Whether the adjective can precede the noun: a dog that is lying down is no "lying dog"."""
        return not self.predicate.startswith(f"{self.attribute.adjective} ")

    @property
    def follows(self) -> bool:
        """Whether the predicate can follow the noun: "a bag made of leather", "a man smiling"."""
        return " " in self.predicate or self.predicate.endswith("ing")

    @property
    def bare(self) -> str:
        """Noun and attribute without an article: "wooden table", "dog lying down"."""
        return self._whole.bare if self.precedes else f"{self.s.bare} {self.predicate}"

    @property
    def a(self) -> str:
        """The indefinite phrase: "a wooden table", "a dog lying down"."""
        return self._whole.a if self.precedes else f"{self.s.a} {self.predicate}"

    @property
    def _whole(self) -> NounPhrase:
        return replace(self.s, adjective=self.attribute.adjective)


Build = Callable[[AttributeWords], str | None]

ATTRIBUTIVE: dict[str, tuple[str, Build]] = {}
"""Every construction for attributes, in the order of this module: name -> (description, function)."""


def construction(name: str, description: str) -> Callable[[Build], Build]:
    """Registers a construction under its stable name."""

    def register(build: Build) -> Build:
        if name in ATTRIBUTIVE:
            raise ValueError(f"two constructions are named {name!r}")
        ATTRIBUTIVE[name] = (description, build)
        return build

    return register


@construction("svo", "noun, verb, attribute: The table is wooden.")
def _svo(w: AttributeWords) -> str | None:
    return f"{w.s.the} {w.s.be} {w.predicate}"


@construction("existential", "There is: There is a wooden table.")
def _existential(w: AttributeWords) -> str | None:
    return f"there {w.s.be} {w.a}"


@construction("existential_relative", "There is, with a clause: There is a table that is wooden.")
def _existential_relative(w: AttributeWords) -> str | None:
    return f"there {w.s.be} {w.s.a} {w.s.who} {w.s.be} {w.predicate}"


@construction("existential_reduced", "There is, attribute last: There is a bag made of leather.")
def _existential_reduced(w: AttributeWords) -> str | None:
    if not (w.follows and w.precedes):  # without the second, it would be the same as "existential"
        return None
    return f"there {w.s.be} {w.s.a} {w.predicate}"


@construction("cleft", "cleft on the noun: It is the table that is wooden.")
def _cleft(w: AttributeWords) -> str | None:
    return f"it is {w.s.the} {w.s.who} {w.s.be} {w.predicate}"


@construction("topic", "the noun as topic: As for the table, it is wooden.")
def _topic(w: AttributeWords) -> str | None:
    return w.s.he and f"as for {w.s.the}, {w.s.he} {w.s.be} {w.predicate}"


@construction("identification", "this is: This is a wooden table.")
def _identification(w: AttributeWords) -> str | None:
    return f"{w.s.this} {w.a}"


@construction("relative", "relative clause: A table that is wooden.")
def _relative(w: AttributeWords) -> str | None:
    return f"{w.s.a} {w.s.who} {w.s.be} {w.predicate}"


@construction("reduced", "the attribute last: A bag made of leather.")
def _reduced(w: AttributeWords) -> str | None:
    return f"{w.s.a} {w.predicate}" if w.follows else None


@construction("picture", "the picture shows: The picture shows a wooden table.")
def _picture(w: AttributeWords) -> str | None:
    return f"the picture shows {w.a}"


@construction("picture_of", "a picture of: This is a picture of a wooden table.")
def _picture_of(w: AttributeWords) -> str | None:
    return f"this is a picture of {w.a}"


@construction("picture_relative", "shows, with a clause: The picture shows a table that is wooden.")
def _picture_relative(w: AttributeWords) -> str | None:
    return f"the picture shows {w.s.a} {w.s.who} {w.s.be} {w.predicate}"


@construction("in_picture", "in the picture: In the picture, the table is wooden.")
def _in_picture(w: AttributeWords) -> str | None:
    return f"in the picture, {w.s.the} {w.s.be} {w.predicate}"


@construction("seen", "you can see: You can see a wooden table.")
def _seen(w: AttributeWords) -> str | None:
    return f"you can see {w.a}"


@construction("seen_passive", "can be seen: A wooden table can be seen.")
def _seen_passive(w: AttributeWords) -> str | None:
    return f"{w.a} can be seen"
