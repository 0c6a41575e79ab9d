"""A sentence cut into items whose two things are known: what stands where."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from naturel.builders.checks.reading.items import Item, Kind
from naturel.builders.checks.reading.participants import Participants, Role
from naturel.builders.checks.reading.wordings import NO_PHRASE, Phrase, PhraseBook, Sense

PAIR = (Role.SUBJECT, Role.OBJECT)
"""The two things of a claim."""
VAGUE = frozenset(
    [
        "something",
        "someone",
        "somebody",
        "anyone",
        "anything",
        "everything",
        "everyone",
        "another",
        "both",
        "each",
        "these",
        "those",
        "one",
    ]
)
"""Pronouns that stand for neither of the two."""
ONLOOKERS = frozenset({"i", "we", "you", "us", "me"})
_POSSESSIVE_OF = {"its": "it", "his": "he", "her": "she"}


@dataclass(frozen=True)
class Statement:
    """A relation that a sentence states between two things.

    `first` and `second` are roles in the claim; `Role.OTHER` stands for a thing that the claim does not have.
    """

    senses: frozenset[Sense]
    first: Role
    second: Role
    text: str
    firm: bool = True
    """Whether it was said outright; not so of what follows from where a thing is held or worn."""
    mutual: bool = False
    """Whether it is said of both ways round."""
    known: bool = True
    """Whether the phrase certainly is no wording of a relation that it does not name."""


def other(role: Role) -> Role:
    """The other one of the two."""
    return {Role.SUBJECT: Role.OBJECT, Role.OBJECT: Role.SUBJECT}.get(role, Role.OTHER)


@dataclass
class Sentence:
    """Items and roles, and the statements found in them so far."""

    items: Sequence[Item]
    roles: dict[int, Role]
    participants: Participants
    book: PhraseBook
    words: Sequence[str]
    found: list[Statement] = field(default_factory=list)
    used: set[int] = field(default_factory=set)
    """Items that a statement has taken already."""

    def kind(self, i: int) -> Kind | None:
        """The kind of an item; None beyond the ends."""
        return self.items[i].kind if 0 <= i < len(self.items) else None

    def phrase(self, i: int) -> Phrase:
        """The phrase of an item; an empty one where it has none."""
        return self.items[i].phrase if 0 <= i < len(self.items) else NO_PHRASE

    def text(self, i: int) -> str:
        """The words of an item."""
        return " ".join(self.words[self.items[i].start : self.items[i].end])

    def is_by(self, i: int) -> bool:
        """Whether an item is the word "by"."""
        return self.phrase(i).tokens == ("by",)

    def pair(self, i: int | None) -> Role | None:
        """The role of a thing or pronoun that is one of the two, else None."""
        if i is None:
            return None
        kind = self.kind(i)
        if kind == Kind.THING:
            return self.roles[i] if self.roles[i] in PAIR else None
        return self._meant(i) if kind == Kind.PRONOUN else None

    def _meant(self, i: int) -> Role | None:
        """What a pronoun stands for."""
        word = self.items[i].head
        if word in VAGUE | ONLOOKERS:
            return None
        if fit := self.participants.pronoun(word):
            return Role(fit)
        if self.kind(i - 1) == Kind.THING and self.roles[i - 1] in PAIR:
            return other(self.roles[i - 1])  # the horse he is riding
        return next((self.roles[j] for j in range(i) if self.roles.get(j) in PAIR), None)

    def before(self, i: int, stop: Collection[Kind] = (Kind.STOP,)) -> int | None:
        """The nearest of the two before an item; None past a stop or past a thing that the claim does not have."""
        for j in range(i - 1, -1, -1):
            if self.kind(j) in stop or self.roles.get(j) in (Role.OTHER, Role.UNKNOWN):
                return None
            if self.pair(j):
                return j
        return None

    def after(self, i: int) -> int | None:
        """The nearest of the two after an item."""
        return next((j for j in range(i + 1, len(self.items)) if self.pair(j)), None)

    def named(self, role: Role, before: int | None = None) -> bool:
        """Whether one of the two is named at all, or before an item; "the man's hands" names the man."""
        return any(
            role == found or (found == Role.BODY and role == self.owner(self.items[j]))
            for j, found in self.roles.items()
            if before is None or j < before
        )

    def owner(self, thing: Item) -> Role | None:
        """Whose a thing is, where it is of one of the two: "the man's hands", "his hands"."""
        if thing.owner is not None:
            role = self.participants.role(thing.owner)
            return role if role in PAIR else None
        fit = self.participants.pronoun(_POSSESSIVE_OF.get(thing.possessive, ""))
        return Role(fit) if fit else None

    def landmark(self, i: int) -> int | None:
        """The thing that a phrase governs: the next item; past "and under" the one that both share."""
        j = i + 1
        while self.kind(j) == Kind.ADJECTIVE:
            j += 1
        if self.kind(j) in (Kind.THING, Kind.PRONOUN):
            return j
        if self.kind(j) == Kind.AND and self.kind(j + 1) in (Kind.RELATION, Kind.PREPOSITION):
            return self.landmark(j + 1)
        return None

    def state(self, senses: Collection[Sense], first: Role, i: int, **how: bool) -> None:
        """Add that item i states something of the first of the two and the other one."""
        self.found.append(Statement(frozenset(senses), first, other(first), self.text(i), **how))

    def state_otherwise(self, i: int) -> None:
        """Add that item i states something of a thing that the claim does not have."""
        self.found.append(Statement(frozenset(), Role.OTHER, Role.OTHER, self.text(i)))
