"""The relation vocabulary: what each relation means, how it is said, and what it rules out.

The vocabulary lives in `relations.yaml`, one entry a canonical relation. `load_vocabulary` reads and checks
it; every fault found is reported in one `VocabularyError`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from naturel.annotations import relation_checks
from naturel.annotations.errors import UserError
from naturel.annotations.yaml_file import read_yaml

_TERM = re.compile(r"\s*(\w+)\s*(<=|>=|<|>)\s*(-?\d+(?:\.\d+)?)\s*")


def _terms(text: str) -> tuple[Term, ...]:
    """Read one alternative of a rule: terms joined by "and"."""
    terms: list[Term] = []
    for part in re.split(r"\band\b", text):
        found = _TERM.fullmatch(part)
        if not found:
            raise ValueError(f"cannot read {part.strip()!r}; write it as 'gap > 0.07 and dy >= 0.1'")
        terms.append((found[1], found[2], float(found[3])))
    return tuple(terms)


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
    progressive: bool = True
    """Whether "is <gerund>" is good English; false for states: "the glass contains wine"."""


class Phrases(BaseModel):
    """How a relation is said. A relation has prepositions, or a verb, or is an attribute (neither)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    simple: str
    """The bare form in a simple caption: "on" in "cat on desk", "holds" in "man holds guitar"."""
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

    @field_validator("true", "expected", "false", mode="before")
    @classmethod
    def _read(cls, value: object) -> object:
        """Read alternatives written as text: "gap > 0.07 and dy >= 0.1"."""
        if isinstance(value, list | tuple):
            return tuple(_terms(item) if isinstance(item, str) else item for item in value)
        return value


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
    mirror: str | None = None
    """The relation that this one becomes when the picture is mirrored left to right; None: it stays."""
    incidental: bool = False
    """Whether it is often true of things that nobody boxed; it is disproved only where all boxes are known."""
    geometry: GeometryRules = GeometryRules()
    subject_kinds: tuple[str, ...] = ()
    """Noun kinds that can be the subject; empty: any."""
    object_kinds: tuple[str, ...] = ()
    """Noun kinds that can be the object; empty: any."""
    mutual_kinds: tuple[str, ...] = ()
    """Noun kinds whose members can do it to each other at once (two persons can hold each other): where both
    subject and object are of these, an antisymmetric relation does not rule out its own swap."""
    usable: bool = True
    """Whether records may be made of this relation. False: it is known, read and counted, not used."""
    note: str = ""


Implied = tuple[str, bool]
"""A relation, and whether it is meant of the pair the other way round."""


class VocabularyError(UserError):
    """The vocabulary has faults; the text has a line for each, naming the relation, the field and the mend."""


def _key(name: str) -> str:
    """Bring a source's spelling to one form: "In-front_of" and "in front of" are the same name."""
    return " ".join(name.lower().replace("_", " ").replace("-", " ").split())


class Vocabulary:
    """All relations, and what follows from an annotated one."""

    def __init__(self, relations: Mapping[str, Relation]) -> None:
        self.by_name: Mapping[str, Relation] = dict(relations)
        self._canonical = {
            (source, _key(name)): relation
            for relation in relations.values()
            for source, names in relation.sources.items()
            for name in names
        }
        self._implied = {name: self._close(name) for name in self.by_name}
        self._ruled_out = {name: self._exclude(name, frozenset()) for name in self.by_name}

    def __getitem__(self, name: str) -> Relation:
        return self.by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self.by_name

    def __iter__(self) -> Iterator[Relation]:
        return iter(self.by_name.values())

    def __len__(self) -> int:
        return len(self.by_name)

    @property
    def names(self) -> tuple[str, ...]:
        """Canonical names, in the order of the file."""
        return tuple(self.by_name)

    @property
    def usable(self) -> tuple[Relation, ...]:
        """Relations that records may be made of."""
        return tuple(relation for relation in self if relation.usable)

    def canonical(self, source: str, name: str) -> Relation | None:
        """Find the relation that a source means by a name; case, "_" and "-" do not matter.

        Args:
            source: For example "openimages".
            name: The source's own name, for example "inside_of".

        Returns:
            The relation, or None where the vocabulary has none for it.
        """
        return self._canonical.get((source, _key(name)))

    def mirrored(self, name: str) -> str:
        """The relation of two things in the mirrored picture, where `name` is theirs."""
        return self.by_name[name].mirror or name

    def implied(self, name: str) -> frozenset[Implied]:
        """Tell what is true of two things (a, b) once this relation is.

        Args:
            name: A canonical relation r, true of (a, b).

        Returns:
            Pairs (relation, swapped): true of (a, b), or of (b, a) where swapped. r itself is among them.
        """
        return self._implied[name]

    def ruled_out(self, name: str, subject_kind: str = "", object_kind: str = "") -> dict[Implied, str]:
        """Tell what is false of two things (a, b) once this relation is true of them.

        Args:
            name: A canonical relation r, true of (a, b).
            subject_kind: Noun kind of a; with `object_kind` it spares relations that the two can do mutually.
            object_kind: Noun kind of b.

        Returns:
            (relation, swapped) -> proof: "exclusive" where something implied excludes it, "antisymmetric" where
            it is the swap of something implied. What would imply a ruled out relation is ruled out with it.
        """
        mutual = frozenset(
            relation.name for relation in self if {subject_kind, object_kind} <= set(relation.mutual_kinds)
        )
        return dict(self._exclude(name, mutual) if mutual else self._ruled_out[name])

    def _close(self, name: str) -> frozenset[Implied]:
        found: set[Implied] = set()
        waiting: list[Implied] = [(name, False)]
        while waiting:
            item = waiting.pop()
            if item in found or item[0] not in self.by_name:
                continue
            found.add(item)
            relation, swapped = self.by_name[item[0]], item[1]
            waiting += [(other, swapped) for other in relation.entails]
            waiting += [(other, not swapped) for other in relation.entails_inverse]
            if relation.inverse:
                waiting.append((relation.inverse, not swapped))
            if relation.symmetry is Symmetry.SYMMETRIC:
                waiting.append((relation.name, not swapped))
        return frozenset(found)

    def _exclude(self, name: str, mutual: frozenset[str]) -> dict[Implied, str]:
        implied = self._implied[name]
        exclusive = {(other, swapped) for item, swapped in implied for other in self.by_name[item].excludes}
        antisymmetric = {
            (item, not swapped)
            for item, swapped in implied
            if self.by_name[item].symmetry is Symmetry.ANTISYMMETRIC and item not in mutual
        }
        found: dict[Implied, str] = {}
        # What is stated comes before what would imply it. Where both proofs hold, the plainer one is named: of the
        # same pair that the two relations exclude each other, of the swapped pair that it is a swap.
        for by_exclusion, by_swap in (
            (exclusive, antisymmetric),
            (self._implying(exclusive), self._implying(antisymmetric)),
        ):
            for item in sorted(by_exclusion | by_swap):
                swap = item in by_swap and (item[1] or item not in by_exclusion)
                found.setdefault(item, "antisymmetric" if swap else "exclusive")
        return found

    def _implying(self, items: set[Implied]) -> set[Implied]:
        """Find what would imply one of `items`, and is therefore as false as they are."""
        return {
            (name, way)
            for name, closure in self._implied.items()
            for way in (False, True)
            if any((other, swapped != way) in closure for other, swapped in items)
        }


def _read(path: Path) -> dict[str, Relation]:
    """Read the file, each relation checked for its fields alone."""
    try:
        content, repeated = read_yaml(path.read_bytes())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise VocabularyError(
            f"{path}: cannot be read as YAML ({error}); mend or restore the file"
        ) from error
    if repeated:
        raise VocabularyError(f"{path}: {', '.join(sorted(repeated))} given twice; keep one")
    entries = content.get("relations") if isinstance(content, dict) else None
    if not isinstance(entries, dict) or not entries:
        raise VocabularyError(f"{path}: has no entries under 'relations'; add one entry a relation")
    relations: dict[str, Relation] = {}
    faults: list[str] = []
    for name, fields in entries.items():
        if not isinstance(fields, dict):
            faults.append(f"{name}: is not a mapping of fields; write its fields below its name")
            continue
        try:
            relations[str(name)] = Relation.model_validate({"name": name, **fields})
        except ValidationError as error:
            for fault in error.errors():
                place = ".".join(str(part) for part in fault["loc"])
                faults.append(f"{name}: {place}: {fault['msg']}; see the head of the file for this field")
    if faults:
        raise VocabularyError("\n".join(faults))
    return relations


def load_vocabulary(path: Path | str | None = None) -> Vocabulary:
    """Read and check a vocabulary.

    Args:
        path: A YAML file in the form of `relations.yaml`; None for the one that comes with the package.

    Returns:
        The vocabulary. The package's own is read once.

    Raises:
        VocabularyError: The file cannot be read, or has faults; all of them are named.
    """
    return _embedded() if path is None else _load(Path(path))


@cache
def _embedded() -> Vocabulary:
    return _load(Path(__file__).with_name("relations.yaml"))


def _load(path: Path) -> Vocabulary:
    relations = _read(path)
    faults = relation_checks.entry_faults(relations)
    if not faults:
        vocabulary = Vocabulary(relations)
        faults = relation_checks.logic_faults(vocabulary)
    if faults:
        raise VocabularyError("\n".join(faults))
    return vocabulary
