"""The words of one claim, as a prompt may use them: filled by the caller, each a variable of the template."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from pydantic import ConfigDict

from naturel.annotations.nouns import Number


class View(StrEnum):
    """What a sentence of the claim must see as the viewer of the picture sees it."""

    NONE = ""
    LEFT_RIGHT = "left_right"
    """Left and right, never those of a person or thing in the picture."""
    DEPTH = "depth"
    """In front is nearer to the viewer, behind is farther."""


class Feature(StrEnum):
    """What a construction may need of a claim's words."""

    RELATION = "relation"
    """Two things and a relation."""
    ATTRIBUTE = "attribute"
    """One thing and an attribute: "a table is made of wood"."""
    PLACE = "place"
    """The relation says where: it can open a sentence ("under the table")."""
    VERB = "verb"
    """The relation is said by a verb: "is holding"."""
    PASSIVE = "passive"
    """The verb has a passive: "is being held by"."""
    INVERSE = "inverse"
    """The same can be said from the object: `inverse` is given."""
    OTHER_WORDS = "other_words"
    """There are paraphrases or synonyms."""
    DISTINCT = "distinct"
    """The two things have different nouns (or there is only one thing)."""


@dataclass(frozen=True)
class ClaimWords:
    """How one claim is said.

    Every text is brought to one line without control characters, so that no noun can look like another line of the
    prompt. Nothing in it is ever read as a template.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    statement: str
    """The claim as a plain sentence without a capital and a period: "a cat is on a desk"."""
    subject: str
    """With its article, if it has one: "a cat", "an egg", "milk", "jeans"."""
    relation: str
    """What follows a form of *be*: "on", "holding"; of an attribute: "wooden", "made of leather"."""
    object: str = ""
    """As `subject`; "another cat" if both have one noun; empty for an attribute."""
    subject_number: Number = Number.SINGULAR
    object_number: Number = Number.SINGULAR
    paraphrases: tuple[str, ...] = ()
    """Other words that mean this relation: "underneath", "beneath"."""
    subject_synonyms: tuple[str, ...] = ()
    """Other nouns for the subject, without an article."""
    object_synonyms: tuple[str, ...] = ()
    inverse: str = ""
    """The same claim said from the object: "a desk is below a cat" of "a cat is above a desk"."""
    view: View = View.NONE
    verb: bool = False
    """Whether the relation is said by a verb."""
    place: bool = False
    """Whether the relation says where, and can open a sentence."""
    passive: str = ""
    """What makes the passive, if there is one: "is being held by"."""
    twins: bool = False
    """Whether subject and object have one noun: "a man is hugging another man"."""

    def __post_init__(self) -> None:
        """Bring all texts to one line.

        Raises:
            ValueError: The statement, the subject or the relation is blank.
        """
        for name, value in vars(self).copy().items():
            if isinstance(value, tuple):
                object.__setattr__(self, name, tuple(one_line(each) for each in value))
            elif type(value) is str:
                object.__setattr__(self, name, one_line(value))
        blank = [name for name in ("statement", "subject", "relation") if not getattr(self, name)]
        if blank:
            raise ValueError(f"{', '.join(blank)} must not be blank")

    @property
    def features(self) -> frozenset[Feature]:
        """What these words offer to a construction."""
        offered = {
            Feature.RELATION: bool(self.object),
            Feature.ATTRIBUTE: not self.object,
            Feature.PLACE: self.place,
            Feature.VERB: self.verb,
            Feature.PASSIVE: bool(self.passive),
            Feature.INVERSE: bool(self.inverse),
            Feature.OTHER_WORDS: bool(self.paraphrases or self.subject_synonyms or self.object_synonyms),
            Feature.DISTINCT: not self.twins,
        }
        return frozenset(feature for feature, has in offered.items() if has)

    def variables(self) -> dict[str, Any]:
        """The template's variables, by the names of the fields."""
        return {
            name: str(value) if isinstance(value, StrEnum) else value for name, value in vars(self).items()
        }


CLAIM_VARIABLES = frozenset(field.name for field in fields(ClaimWords))
"""The variables that every template has."""


def one_line(text: str) -> str:
    """Give the text with every run of white space and control characters as one space."""
    return " ".join("".join(" " if unicodedata.category(c) == "Cc" else c for c in text).split())
