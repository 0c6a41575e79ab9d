"""The constructions in which English states a relation: one small function each.

To add one, write a function from `Words` to the sentence (or to None where the claim's words do not allow
it) and put `@construction(name, description)` above it. Case and the final period are added afterwards.
The name is stored in the data and must never change.

Which articles a sentence has is a matter of its construction alone. No function can know whether the claim
is true.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from naturel.builders.captions.noun_phrases import NounPhrase
from naturel.builders.captions.predicates import Predicate


@dataclass(frozen=True)
class Words:
    """The words of one claim: subject, predicate, object, and the exact inverse predicate if there is one."""

    s: NounPhrase
    p: Predicate
    o: NounPhrase
    inverse: Predicate | None = None

    @property
    def ground(self) -> str:
        """The object as a known landmark after a place, as a new thing after anything else."""
        return self.o.the if self.p.is_place else self.o.a

    @property
    def back(self) -> Predicate | None:
        """The inverse predicate, where it reads well: furniture supports and contains things, people do not."""
        about_things = self.inverse and self.inverse.verb and self.inverse.verb.base in ("contain", "support")
        kinds = {self.s.noun.kind, self.o.noun.kind}
        return (
            None if about_things and kinds & {"person", "animal", "body_part", "clothing"} else self.inverse
        )

    @property
    def scene(self) -> str:
        """The whole claim as a noun phrase: "a cat on a table", "a man holding a guitar"."""
        return f"{self.s.a} {self.p.reduced} {self.o.a}"


Build = Callable[[Words], str | None]


@dataclass(frozen=True)
class Construction:
    """One way to state a relation."""

    name: str
    description: str
    build: Build
    varies: bool
    """Whether it takes any of the relation's prepositions, not only the first."""
    twins: bool
    """Whether it can tell two things of the same noun apart ("a man", "another man")."""


RELATIONAL: dict[str, Construction] = {}
"""Every construction for relations, in the order of this module."""


def construction(
    name: str, description: str, *, varies: bool = False, twins: bool = True
) -> Callable[[Build], Build]:
    """Registers a construction under its stable name."""

    def register(build: Build) -> Build:
        if name in RELATIONAL:
            raise ValueError(f"two constructions are named {name!r}")
        RELATIONAL[name] = Construction(name, description, build, varies, twins)
        return build

    return register


# Plain sentences


@construction("svo", "subject, verb, object: The cat is on the table.")
def _svo(w: Words) -> str | None:
    return f"{w.s.the} {w.p.finite(w.s)} {w.o.the}"


@construction("present", "simple present of an action: The man holds the guitar.")
def _present(w: Words) -> str | None:
    if not w.p.is_verbal or w.p.is_state:
        return None
    return f"{w.s.the} {w.p.present(w.s)} {w.o.the}"


@construction("passive", "passive: The guitar is being held by the man.")
def _passive(w: Words) -> str | None:
    passive = w.p.passive(w.o)
    return passive and f"{w.o.the} {passive} {w.s.the}"


@construction("have", "the object has the subject: The table has a cat on it.")
def _have(w: Words) -> str | None:
    return None if w.p.side else _with_pronoun(w, f"{w.o.the} {w.o.have}")


# Existential sentences


@construction("existential", "There is: There is a cat on the table.", varies=True)
def _existential(w: Words) -> str | None:
    return f"there {w.s.be} {w.s.a} {w.p.reduced} {w.ground}"


@construction("existential_relative", "There is, with a clause: There is a cat that is on the table.")
def _existential_relative(w: Words) -> str | None:
    return f"there {w.s.be} {w.s.a} {w.s.who} {w.p.finite(w.s)} {w.ground}"


@construction("existential_passive", "There is, passive: There is a guitar held by a man.")
def _existential_passive(w: Words) -> str | None:
    passive = w.p.passive_reduced
    return passive and f"there {w.o.be} {w.o.a} {passive} {w.s.a}"


@construction("existential_object", "There is, from the object: There is a guitar that a man is holding.")
def _existential_object(w: Words) -> str | None:
    if not w.p.is_verbal:
        return None
    return f"there {w.o.be} {w.o.a} {w.o.whom} {w.s.a} {w.p.finite(w.s)}"


@construction("existential_with", "There is, with: There is a table with a cat on it.", varies=True)
def _existential_with(w: Words) -> str | None:
    return _with_pronoun(w, f"there {w.o.be} {w.o.a} with")


@construction("fronted", "the place first, then there is: On the table, there is a cat.", varies=True)
def _fronted(w: Words) -> str | None:
    return f"{w.p.reduced} {w.o.the}, there {w.s.be} {w.s.a}" if w.p.is_place else None


@construction("inversion", "the place first, then the verb: On top of the table is a cat.", varies=True)
def _inversion(w: Words) -> str | None:
    return f"{w.p.reduced} {w.o.the} {w.s.be} {w.s.a}" if w.p.is_place else None


# Clefts and topics


@construction("cleft", "cleft on the subject: It is the cat that is on the table.", twins=False)
def _cleft(w: Words) -> str | None:
    return f"it is {w.s.the} {w.s.who} {w.p.finite(w.s)} {w.o.the}"


@construction("object_cleft", "cleft on the object: It is the table that the cat is on.", twins=False)
def _object_cleft(w: Words) -> str | None:
    return f"it is {w.o.the} {w.o.whom} {w.s.the} {w.p.finite(w.s)}"


@construction("pseudo_cleft", "What: What is on the table is a cat.", twins=False)
def _pseudo_cleft(w: Words) -> str | None:
    told = w.o if w.p.is_verbal else w.s
    if told.is_person or told.is_plural:
        return None
    if w.p.is_verbal:
        return f"what {w.s.the} {w.p.finite(w.s)} is {w.o.a}"
    return f"what is {w.p.reduced} {w.o.the} is {w.s.a}" if w.p.is_place else None


@construction("topic", "the subject as topic: As for the cat, it is on the table.", twins=False)
def _topic(w: Words) -> str | None:
    return w.s.he and f"as for {w.s.the}, {w.s.he} {w.p.finite(w.s)} {w.o.the}"


@construction("object_topic", "the object as topic: As for the table, the cat is on it.", twins=False)
def _object_topic(w: Words) -> str | None:
    if w.o.him is None or not (w.p.is_verbal or w.p.takes_pronoun):
        return None
    return f"as for {w.o.the}, {w.s.the} {w.p.finite(w.s)} {w.o.him}"


# Descriptions


@construction("reduced", "the subject, described: A cat on a table. A man holding a guitar.", varies=True)
def _reduced(w: Words) -> str | None:
    return w.scene


@construction("reduced_passive", "the object, described: A guitar held by a man.")
def _reduced_passive(w: Words) -> str | None:
    passive = w.p.passive_reduced
    return passive and f"{w.o.a} {passive} {w.s.a}"


@construction("with", "the object with the subject: A table with a cat on it.", varies=True)
def _with(w: Words) -> str | None:
    return _with_pronoun(w, f"{w.o.a} with")


@construction("relative", "relative clause on the subject: A cat that is on a table.")
def _relative(w: Words) -> str | None:
    return f"{w.s.a} {w.s.who} {w.p.finite(w.s)} {w.o.a}"


@construction(
    "object_relative", "relative clause, object: This is the table that the cat is on.", twins=False
)
def _object_relative(w: Words) -> str | None:
    return f"{w.o.this} {w.o.the} {w.o.whom} {w.s.the} {w.p.finite(w.s)}"


@construction("passive_relative", "passive relative clause: A guitar that is being held by a man.")
def _passive_relative(w: Words) -> str | None:
    passive = w.p.passive(w.o)
    return passive and f"{w.o.a} {w.o.who} {passive} {w.s.a}"


@construction("pied", "preposition before which: A table on which there is a cat.", varies=True)
def _pied(w: Words) -> str | None:
    if w.p.is_far:
        return None
    if w.p.is_place:
        return f"{w.o.a} {w.p.reduced} {w.o.which} there {w.s.be} {w.s.a}"
    if w.p.pied is None:
        return None
    predicate, preposition = w.p.pied
    return f"{w.o.a} {preposition} {w.o.which} {w.s.a} {w.s.be} {predicate}"


# Pictures and seeing


@construction("picture", "the picture shows: The picture shows a cat on a table.", varies=True)
def _picture(w: Words) -> str | None:
    return f"the picture shows {w.scene}"


@construction("picture_of", "a picture of: This is a picture of a cat on a table.", varies=True)
def _picture_of(w: Words) -> str | None:
    return f"this is a picture of {w.scene}"


@construction("picture_passive", "the picture shows, passive: The picture shows a guitar held by a man.")
def _picture_passive(w: Words) -> str | None:
    passive = w.p.passive_reduced
    return passive and f"the picture shows {w.o.a} {passive} {w.s.a}"


@construction("in_picture", "in the picture: In the picture, a cat is on a table.")
def _in_picture(w: Words) -> str | None:
    return f"in the picture, {w.s.a} {w.p.finite(w.s)} {w.o.a}"


@construction("seen", "you can see: You can see a cat on the table.", varies=True)
def _seen(w: Words) -> str | None:
    return f"you can see {w.s.a} {w.p.reduced} {w.ground}"


@construction("seen_passive", "can be seen: A cat can be seen on the table.", varies=True)
def _seen_passive(w: Words) -> str | None:
    return f"{w.s.a} can be seen {w.p.reduced} {w.ground}"


# The exact inverse


@construction("inverse", "the inverse relation: The table is below the cat.")
def _inverse(w: Words) -> str | None:
    if w.back is None:
        return None
    return f"{w.o.the} {w.back.finite(w.o)} {w.s.the}"


@construction("inverse_existential", "There is, inverse: There is a table below the cat.")
def _inverse_existential(w: Words) -> str | None:
    if w.back is None:
        return None
    ground = w.s.a if w.back.is_verbal else w.s.the
    return f"there {w.o.be} {w.o.a} {w.back.reduced} {ground}"


@construction("inverse_reduced", "the object, described by the inverse: A table below a cat.")
def _inverse_reduced(w: Words) -> str | None:
    if w.back is None:
        return None
    return f"{w.o.a} {w.back.reduced} {w.s.a}"


# Left and right

_NO_FRONT = frozenset({"food", "plant"})
"""Kinds without a front. "The man's left" is the man's own; "the tree's left" can only be the viewer's."""


@construction("possessive", "the object's left: The horse is to the tree's left.", twins=False)
def _possessive(w: Words) -> str | None:
    if w.p.side is None or w.o.noun.kind not in _NO_FRONT:
        return None
    return f"{w.s.the} {w.s.be} to {w.o.possessive} {w.p.side}"


@construction("possessive_inversion", "the object's left first: To the tree's left is a horse.", twins=False)
def _possessive_inversion(w: Words) -> str | None:
    if w.p.side is None or w.o.noun.kind not in _NO_FRONT:
        return None
    return f"to {w.o.possessive} {w.p.side} {w.s.be} {w.s.a}"


@construction("comparative", "farther left: The horse is farther to the left than the tree.", twins=False)
def _comparative(w: Words) -> str | None:
    return w.p.side and f"{w.s.the} {w.s.be} farther to the {w.p.side} than {w.o.the}"


@construction("coordination", "both sides: A horse is on the left and a tree is on the right.", twins=False)
def _coordination(w: Words) -> str | None:
    if w.p.side is None:
        return None
    other = "right" if w.p.side == "left" else "left"
    return f"{w.s.a} {w.s.be} on the {w.p.side} and {w.o.a} {w.o.be} on the {other}"


def _with_pronoun(w: Words, beginning: str) -> str | None:
    """The beginning, then the subject in its place: "a table with" + "a cat on it"."""
    if w.o.him is None or not w.p.takes_pronoun:
        return None
    return f"{beginning} {w.s.a} {w.p.reduced} {w.o.him}"
