"""The answer of the reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from naturel.annotations.claims import Claim
from naturel.builders.checks.reading.items import Item
from naturel.builders.checks.reading.participants import Role


class States(StrEnum):
    """Whether a sentence states a claim."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"


@dataclass(frozen=True)
class Reading:
    """What was found in a sentence."""

    states: States
    reason: str
    found: tuple[Claim, ...] = ()
    """The claims about the two things that the sentence states, as far as the vocabulary has them."""
    problem: str = ""
    """What makes a statement of it none: negation, hedge, question, order or missing; empty where nothing does."""
    items: Sequence[Item] = field(default=(), repr=False, compare=False)
    roles: Mapping[int, Role] = field(default_factory=dict, repr=False, compare=False)
