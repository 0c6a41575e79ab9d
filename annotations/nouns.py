"""Noun phrases for source labels: "Human face" is said "face", "Jeans" is plural, "Milk" has no article.

The table lives in `nouns.yaml`, one entry a source label.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Number(StrEnum):
    """How a noun counts."""

    SINGULAR = "singular"
    """One thing: "a cat is"."""
    PLURAL = "plural"
    """A plural-only noun: "jeans are", "a pair of jeans is"."""
    MASS = "mass"
    """Stuff without a/an: "milk is"."""


class Noun(BaseModel):
    """How one source label is said."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    """The source's own label, for example the Open Images display name "Human face"."""
    mid: str = ""
    """The Open Images / Knowledge Graph id, for example "/m/0dzct"; empty for other sources."""
    noun: str
    """The head noun phrase, lower case but for proper names: "face", "French fries"."""
    number: Number = Number.SINGULAR
    article: str = "a"
    """The indefinite article of a singular noun, "a" or "an"; "" for mass and plural nouns."""
    plural: str = ""
    """Two or more of them: "faces"; the noun itself for a plural-only noun; "" for a mass noun."""
    kind: str = "object"
    """person, animal, body_part, clothing, food, plant, vehicle, furniture, building, place or object."""
    synonyms: tuple[str, ...] = ()
    """Other nouns for the same thing, for reading sentences."""
    hypernyms: tuple[str, ...] = ()
    """Labels of this table one step up: Man -> Person."""
    confusable: tuple[str, ...] = ()
    """Labels that annotators use for the same thing (Chair / Armchair): they block a disproof."""


class Attribute(BaseModel):
    """How one attribute label is said."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    """The source's own label, for example "(made of)Leather"."""
    mid: str = ""
    adjective: str
    """What stands before the noun: "wooden", "leather", "smiling"."""
    predicate: str
    """What follows a form of *be*: "wooden", "made of leather", "smiling"."""
    group: str
    """The question it answers: "material", "transparency", "posture", "expression", "activity"."""
    excludes: tuple[str, ...] = ()
    """Attribute labels that cannot be true of the same box."""
