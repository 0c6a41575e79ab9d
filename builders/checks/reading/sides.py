"""Left and right without "of": "on the tree's left side", "a horse on the left and a tree on the right"."""

from __future__ import annotations

from naturel.builders.checks.reading.items import Kind
from naturel.builders.checks.reading.participants import Role
from naturel.builders.checks.reading.sentence import PAIR, Sentence, other
from naturel.builders.checks.reading.wordings import Sense

_CLAUSE = (Kind.STOP, Kind.COMMA, Kind.AND)


def read_side(s: Sentence, i: int) -> None:
    """Read a side that has a landmark: "on the tree's left side", "to its right"."""
    side = s.items[i]
    senses = {Sense(f"{side.side}_of")}
    if side.owner is not None:
        landmark = s.participants.role(side.owner)
        if landmark in PAIR:
            s.state(senses, other(landmark), i)
        else:
            s.state_otherwise(i)
    elif side.possessive:
        near = s.before(i, _CLAUSE)
        first = s.pair(near)
        if first is None or not s.named(other(first), before=near):
            landmark = s.pair(s.before(i)) or Role.OTHER
            first = other(landmark)
        if first in PAIR:
            s.state(senses, first, i)


def read_order(s: Sentence, i: int) -> None:
    """Read "from left to right: a zebra and a giraffe"."""
    order = [role for j, role in sorted(s.roles.items()) if j > i and role in PAIR]
    if len(order) == 2 and order[0] != order[1]:
        s.state({Sense(f"{s.items[i].side}_of")}, order[0], i)


def read_sides(s: Sentence) -> None:
    """Read bare sides: each goes with the thing of its own part of the sentence."""
    sides = [
        i
        for i, item in enumerate(s.items)
        if item.kind == Kind.SIDE and not item.owner and not item.possessive
    ]
    placed: dict[str, Role] = {}
    for i in sides:
        near = s.before(i, _CLAUSE)
        near = s.after(i) if near is None else near
        if role := s.pair(s.before(i) if near is None else near):
            placed[s.items[i].side] = role
    if len(placed) == 2 and placed["left"] != placed["right"]:
        s.state({Sense("left_of")}, placed["left"], sides[0])
