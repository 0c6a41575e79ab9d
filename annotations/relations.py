"""The relation vocabulary: what each relation means, how it is said, and what it rules out.

The vocabulary lives in `relations.yaml`, one entry a canonical relation. `load_vocabulary` reads and checks
it; every fault found is reported in one `VocabularyError`.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class Kind(StrEnum):
    """What sort of relation it is; it decides which constructions can say it."""

    SPATIAL = "spatial"
    ACTION = "action"
    PART = "part"
    ATTRIBUTE = "attribute"


class Symmetry(StrEnum):
    """What swapping subject and object does to the truth of a relation."""

    SYMMETRIC = "symmetric"
    """r(a, b) means r(b, a): the swap is a hard positive, never a negative."""
    ANTISYMMETRIC = "antisymmetric"
    """r(a, b) rules out r(b, a) on the same two boxes."""
    NEITHER = "neither"
    """r(a, b) says nothing about r(b, a)."""


class Frame(StrEnum):
    """Whose left and right, or which up, the relation speaks of."""

    NONE = "none"
    GRAVITY = "gravity"
    VIEWER = "viewer"


class Verb(BaseModel):
    """The forms of an action's verb, for example hold, holds, holding, held."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: str
    third: str
    gerund: str
    participle: str
    particle: str = ""
    """What stands between the verb and its object: "on" in "surf on", "hands with" in "hold hands with"."""
    passive: bool = True
    """Whether "the object is <participle> <particle> by the subject" is good English."""


class Phrases(BaseModel):
    """How a relation is said. A relation has prepositions, or a verb, or is an attribute (neither)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    simple: str
    """The bare form in a simple caption: "on" in "cat on desk", "holding" in "man holding guitar"."""
    prepositions: tuple[str, ...] = ()
    """What follows a form of *be*, best first: "on", "on top of"."""
    verb: Verb | None = None
    synonyms: tuple[str, ...] = ()
    """Other phrases that mean this relation when a sentence or a source is read; never written by us."""


Term = tuple[str, str, float]
"""One comparison `(measure, operator, number)`; measures are those of `geometry.MEASURES`."""

Rule = tuple[tuple[Term, ...], ...]
"""A rule is true where any of its alternatives has all of its terms true. The empty rule never holds."""


class GeometryRules(BaseModel):
    """What two boxes alone say about a relation; between the two rules lies "unknown"."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    true: Rule = ()
    """Where it holds, the boxes prove the relation. Only for relations that *are* geometric (left of)."""
    expected: Rule = ()
    """Where an annotated relation normally lies. Never a proof; used for calibration and to rank pairs."""
    false: Rule = ()
    """Where it holds, the boxes disprove the relation."""


class Relation(BaseModel):
    """One canonical relation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: Kind
    phrases: Phrases
    sources: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Source (`openimages`, `aro`, `vsr`) -> that source's own names for this relation."""
    symmetry: Symmetry = Symmetry.NEITHER
    inverse: str | None = None
    """The relation r' with r(a, b) exactly when r'(b, a): above / below, on / supports."""
    entails: tuple[str, ...] = ()
    """Relations that hold on the same two boxes, in the same order, whenever this one does."""
    entails_inverse: tuple[str, ...] = ()
    """Relations r' with r(a, b) => r'(b, a) but not back: on(cat, desk) => under(desk, cat)."""
    excludes: tuple[str, ...] = ()
    """Relations that cannot hold on the same two boxes, in the same order, when this one does."""
    contrasts: tuple[str, ...] = ()
    """Relations worth claiming instead of this one in a negative, best first; each still needs its proof."""
    often_with: tuple[str, ...] = ()
    """Relations that are often true together with this one: never a contrast."""
    frame: Frame = Frame.NONE
    geometry: GeometryRules = GeometryRules()
    subject_kinds: tuple[str, ...] = ()
    """Noun kinds that can be the subject; empty: any."""
    usable: bool = True
    """Whether records may be made of this relation. False: it is known, read and counted, not used."""
    note: str = ""
