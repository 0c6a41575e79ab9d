"""Relations said with a noun: "gives the dog a hug", "a handshake between two", "the horse's rider"."""

from __future__ import annotations

from naturel.builders.checks.reading.items import Item, Kind
from naturel.builders.checks.reading.participants import Role
from naturel.builders.checks.reading.sentence import Sentence, other
from naturel.builders.checks.reading.wordings import Sense

_GIVING = {
    "give",
    "deliver",
    "plant",
    "land",
    "share",
    "exchange",
    "aim",
    "offer",
    "throw",
    "blow",
    "get",
    "receive",
    "take",
}
_GETTING = {"get", "receive"}
_REACH = 5
"""Items after the verb within which its light noun stands."""


def read_gift(s: Sentence, i: int) -> bool:
    """Read "gives the dog a hug" and "gets a kiss from the woman" at a verb; False where it is none."""
    verb = s.items[i].head
    if verb not in _GIVING:
        return False
    for j in range(i + 1, min(i + _REACH, len(s.items))):
        act = _act(s, s.items[j]) if s.kind(j) == Kind.THING else frozenset()
        receiver = (
            next((s.pair(k) for k in (*range(i + 1, j), j + 1, j + 2) if s.pair(k)), None) if act else None
        )
        if receiver:
            s.roles[j] = Role.SCENERY
            s.used.update(range(i, j + 2))
            s.state(_senses(act), receiver if verb in _GETTING else other(receiver), i)
            return True
    if verb == "give" and (receiver := s.pair(i + 1)) and s.kind(i + 2) == Kind.THING:
        s.state((), other(receiver), i)  # gives the dog a bath
        return True
    return False


def read_act(s: Sentence, i: int) -> None:
    """Read a thing that names the act itself, or who does it."""
    if act := _act(s, s.items[i]):
        between = s.phrase(i + 1).tokens == ("between",)
        if between and s.pair(i + 2) and s.kind(i + 3) == Kind.AND and s.pair(i + 4):
            s.used.add(i + 1)
            s.roles[i] = Role.SCENERY
            s.state(_senses(act), Role.SUBJECT, i, mutual=True)
            return
    _agent(s, i)


def _agent(s: Sentence, i: int) -> None:
    """Read who does it: "the horse's rider is a man", "the rider of the horse"."""
    item = s.items[i]
    relations = s.book.agents.get(" ".join(item.words[-2:])) or s.book.agents.get(item.head)
    if not relations:
        return
    patient = s.owner(item)
    if patient is None and s.phrase(i + 1).tokens == ("of",):
        patient = s.pair(i + 2)
    if patient is None:
        return
    s.used.add(i + 1)
    agent = other(patient)
    if any(role == agent for j, role in s.roles.items() if j != i):
        s.roles[i] = Role.SCENERY
    if s.named(agent):
        s.state(_senses(relations), agent, i)


def _act(s: Sentence, thing: Item) -> frozenset[str]:
    """The relations that a light noun names: "a big hug"."""
    for start in range(len(thing.words)):
        if found := s.book.acts.get(thing.words[start:]):
            return found
    return frozenset()


def _senses(relations: frozenset[str]) -> frozenset[Sense]:
    return frozenset(Sense(name) for name in relations)
