"""Parts of the body: what is in a hand is held, what is on a head is worn."""

from __future__ import annotations

from naturel.builders.checks.reading.sentence import Sentence, other
from naturel.builders.checks.reading.wordings import Sense

_IN, _ON = {"in", "within", "between"}, {"on", "around", "upon", "over"}


def read_body(s: Sentence, i: int, j: int) -> None:
    """Read a preposition (item i) before a part of the body (item j): "a man with a guitar in his hands".

    What follows from it is not firm: "plays the guitar in his hands" is about playing.
    """
    part, word = s.items[j], s.phrase(i).tokens[0]
    thing = s.pair(s.before(i))
    owner = s.owner(part)
    if owner and thing in (None, owner):
        thing = other(owner) if s.named(other(owner)) else None
    thing = thing or s.pair(s.after(j))  # in the man's hands is a guitar
    if thing is None or not s.named(other(thing)):
        return
    if word in _IN and part.head in s.book.wordings.hands:
        s.state({Sense("holds", swapped=True)}, thing, i, firm=False)
    elif word in _ON and part.head in s.book.wordings.on_body:
        s.state(
            {Sense("wears", swapped=True, close=not s.participants.is_clothing(thing))}, thing, i, firm=False
        )
