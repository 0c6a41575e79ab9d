"""Noun phrases for source labels: "Human face" is said "face", "Jeans" is plural, "Milk" has no article.

The table lives in `nouns.yaml`, one line a source label; `load_nouns` reads and checks it. Every fault found is
reported in one `NounTableError`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache, cached_property
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from naturel.annotations import noun_checks
from naturel.annotations.errors import UserError
from naturel.annotations.yaml_file import read_yaml


class Number(StrEnum):
    """How a noun counts."""

    SINGULAR = "singular"
    """One thing: "a cat is"."""
    PLURAL = "plural"
    """A plural-only noun: "jeans are", "a pair of jeans is"."""
    MASS = "mass"
    """Stuff without a/an: "milk is"."""


class NounKind(StrEnum):
    """What sort of thing a noun names; relations name the kinds that can be their subject.

    Clothing is all that is worn; food includes drinks, tools include hand weapons, and toys include balls.
    """

    PERSON = "person"
    ANIMAL = "animal"
    BODY_PART = "body_part"
    CLOTHING = "clothing"
    FOOD = "food"
    PLANT = "plant"
    VEHICLE = "vehicle"
    FURNITURE = "furniture"
    BUILDING = "building"
    PLACE = "place"
    INSTRUMENT = "instrument"
    CONTAINER = "container"
    TOOL = "tool"
    TOY = "toy"
    OBJECT = "object"


class Noun(BaseModel):
    """How one source label is said."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    """The source's own label, for example the Open Images display name "Human face"."""
    mid: str = ""
    """The Open Images / Knowledge Graph id, for example "/m/0dzct"; empty for other sources."""
    noun: str = Field(min_length=1)
    """The head noun phrase, lower case but for proper names: "face", "French fries"."""
    number: Number = Number.SINGULAR
    article: str = "a"
    """The article of a singular noun at its first mention, "a" or "an"; "the" for what a picture has only one of (the
    sky); "" for mass and plural nouns."""
    plural: str = ""
    """Two or more of them: "faces"; the noun itself for a plural-only noun; "" for a mass noun."""
    pair: bool = False
    """Whether "a pair of" can stand before this plural-only noun: "a pair of jeans"."""
    kind: NounKind = NounKind.OBJECT
    synonyms: tuple[str, ...] = ()
    """Other nouns for the same thing, for reading sentences."""
    hypernyms: tuple[str, ...] = ()
    """Labels of this table one step up: Man -> Person. A box of a man proves "person"."""
    loose_hypernyms: tuple[str, ...] = ()
    """Labels that only the source puts above: Frog -> Reptile. They block a disproof and prove nothing."""
    confusable: tuple[str, ...] = ()
    """Labels that annotators use for the same thing (Chair / Armchair): they block a disproof."""

    def indefinite(self) -> str:
        """The noun as first mentioned: "a cat", "an umbrella", "milk", "jeans"."""
        return f"{self.article} {self.noun}" if self.article else self.noun

    def definite(self) -> str:
        """The noun as known already: "the cat"."""
        return f"the {self.noun}"

    @property
    def is_plural(self) -> bool:
        """Whether its verb is plural: "the jeans are"."""
        return self.number is Number.PLURAL


class Attribute(BaseModel):
    """How one attribute label is said."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    """The source's own label, for example "(made of)Leather"."""
    mid: str = ""
    adjective: str
    """What stands before the noun: "wooden", "leather", "smiling"."""
    predicate: str
    """What follows a form of *be*: "made of wood", "made of leather", "smiling"."""
    group: str
    """The question it answers: "material", "transparency", "posture", "expression", "activity"."""
    excludes: tuple[str, ...] = ()
    """Attribute labels that cannot be true of the same box."""


class Words(BaseModel):
    """English words that the rules of spelling get wrong; `nouns.yaml` says what each list is for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    an: frozenset[str] = frozenset()
    a: frozenset[str] = frozenset()
    plurals: dict[str, str] = Field(default_factory=dict)
    mass: frozenset[str] = frozenset()
    plural_only: frozenset[str] = frozenset()
    singular: frozenset[str] = frozenset()
    unique: frozenset[str] = frozenset()
    ambiguous: frozenset[str] = frozenset()

    def article(self, phrase: str) -> str:
        """The article of a phrase at its first mention, by sound: "a unicycle", "an hourglass", but "the sky"."""
        if phrase.lower().rpartition(" ")[2] in self.unique:
            return "the"
        first = phrase.lower().split(" ", 1)[0]
        for word in (first, first.split("-", 1)[0]):
            if word in self.an | self.a:
                return "an" if word in self.an else "a"
        return "an" if first.startswith(("a", "e", "i", "o", "u")) else "a"

    def plural(self, phrase: str) -> str:
        """Two or more of a thing: "chests of drawers", "kitchen knives", "bushes"."""
        head, of, rest = phrase.partition(" of ")
        before, space, word = head.rpartition(" ")
        many = self.plurals.get(word.lower())
        if many is None and re.search(r"[^aeiou]y$", word):
            many = word[:-1] + "ies"
        elif many is None:
            many = word + ("es" if re.search(r"(s|x|z|ch|sh)$", word) else "s")
        return before + space + many + of + rest

    def number(self, phrase: str) -> Number:
        """How an unlisted phrase most likely counts: "trees" and "people" plural, "grass" mass, "bus" singular."""
        last = phrase.split(" of ")[0].rpartition(" ")[2]
        if last in self.mass:
            return Number.MASS
        many = {plural for one, plural in self.plurals.items() if one != plural} | self.plural_only
        spelled_plural = re.search(r"\w\w[^ius]s$", last) and last not in self.singular
        return Number.PLURAL if last in many or spelled_plural else Number.SINGULAR

    def complete(self, entry: dict[str, Any]) -> dict[str, Any]:
        """An entry with the `article` and `plural` that it leaves out."""
        noun, number = str(entry["noun"]), entry.get("number", Number.SINGULAR)
        if number == Number.SINGULAR:
            return {"article": self.article(noun), "plural": self.plural(noun), **entry}
        return {"article": "", "plural": noun if number == Number.PLURAL else "", **entry}


Entry = TypeVar("Entry", bound=BaseModel)


class NounTableError(UserError):
    """Every fault of a noun table or hierarchy file, one a line."""

    def __init__(self, path: Path | str, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(f"{path}: {fault}" for fault in self.faults))


@dataclass(frozen=True)
class NounTable:
    """Nouns and attributes by label, and what the hierarchy says about them."""

    nouns: Mapping[str, Noun]
    """Label -> noun."""
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    """Label -> attribute."""
    words: Words = field(default_factory=Words)

    def by_label(self, label: str) -> Noun | None:
        """The noun of a label; "Bat (Animal)", as later class lists spell it, finds "Bat"."""
        return self.nouns.get(label) or self.nouns.get(re.sub(r"(?<=\S)\s*\([^()]*\)$", "", label))

    def by_mid(self, mid: str) -> Noun | None:
        """The noun of an Open Images id such as "/m/01yrx"."""
        return self._mids.get(mid)

    def by_noun(self, text: str) -> Noun | None:
        """The noun that a sentence means by a noun, synonym or plural, whatever its case."""
        return self._said.get(" ".join(text.split()).casefold())

    def attribute_for(self, label_or_mid: str) -> Attribute | None:
        """The attribute of a label or an id."""
        return self._attributes.get(label_or_mid)

    def noun_for(self, label: str) -> Noun:
        """The noun of a label, or a sensible default for a label that the table does not have.

        A default borrows its grammar from a noun of the table that is spelled alike, and its kind unless the word is
        ambiguous: the "mouse" of another source has the plural "mice", but need not be an animal. A blank label is
        a `ValueError`.
        """
        if known := self.by_label(label):
            return known
        phrase = " ".join(label.replace("_", " ").split()).lower()
        if like := self._spelled.get(phrase):
            kind = NounKind.OBJECT if phrase in self.words.ambiguous else like.kind
            grammar = like.model_dump(include={"noun", "number", "article", "plural", "pair"})
            return Noun(label=label, kind=kind, **grammar)
        last = self._spelled.get(phrase.split(" of ")[0].rpartition(" ")[2])
        number = last.number if last else self.words.number(phrase)
        entry = {"label": label, "noun": phrase, "number": number, "pair": bool(last and last.pair)}
        return Noun.model_validate(self.words.complete(entry))

    def ancestors(self, label: str) -> frozenset[str]:
        """The labels above a label: a box of it shows one of each."""
        return self._above.get(self._key(label), frozenset())

    def descendants(self, label: str) -> frozenset[str]:
        """The labels below a label: a box of theirs shows one."""
        return self._below.get(self._key(label), frozenset())

    def same_thing(self, label: str) -> frozenset[str]:
        """The labels whose boxes could show such a thing, so that they block a disproof.

        These are the label, all above and below it, its confusables, and the labels that overlap with it: one thing
        is below both (a teddy bear is a Toy and, loosely, a Carnivore), or things below them are confusable.
        The relation is symmetric.
        """
        key = self._key(label)
        could_be = {key} | self._loosely_below.get(key, frozenset())
        for lower in tuple(could_be & self.nouns.keys()):
            could_be.update(self.nouns[lower].confusable)
        return frozenset(could_be).union(*(self._loosely_above.get(one, frozenset()) for one in could_be))

    def with_hierarchy(self, path: Path | str) -> NounTable:
        """This table with the links of the official Open Images hierarchy added to its own.

        Links that this table calls loose stay loose. `Part` branches are ignored, and a class that this table does
        not have (the root "Entity") hands its children on to its own parent.

        Args:
            path: The nested JSON of Open Images, `bbox_labels_600_hierarchy.json`.

        Raises:
            NounTableError: The file cannot be read, is not such a hierarchy, or leads to a cycle.
        """
        nouns = dict(self.nouns)
        for label, parents in _read_hierarchy(Path(path), self._mids).items():
            noun = nouns[label]
            added = parents.difference(noun.hypernyms, noun.loose_hypernyms)
            nouns[label] = noun.model_copy(update={"hypernyms": (*noun.hypernyms, *sorted(added))})
        if faults := list(noun_checks.cycles(nouns)):
            raise NounTableError(path, faults)
        return replace(self, nouns=nouns)

    def _key(self, label: str) -> str:
        return noun.label if (noun := self.by_label(label)) else label

    @cached_property
    def _mids(self) -> dict[str, Noun]:
        return {noun.mid: noun for noun in self.nouns.values() if noun.mid}

    @cached_property
    def _attributes(self) -> dict[str, Attribute]:
        by_mid = {attribute.mid: attribute for attribute in self.attributes.values() if attribute.mid}
        return by_mid | dict(self.attributes)

    @cached_property
    def _said(self) -> dict[str, Noun]:
        plurals = {noun.plural.casefold(): noun for noun in self.nouns.values() if noun.plural}
        named = {
            said.casefold(): noun for noun in self.nouns.values() for said in (*noun.synonyms, noun.noun)
        }
        return plurals | named

    @cached_property
    def _spelled(self) -> dict[str, Noun]:
        return {noun.noun.lower(): noun for noun in self.nouns.values()}

    @cached_property
    def _above(self) -> dict[str, frozenset[str]]:
        return noun_checks.closure({label: noun.hypernyms for label, noun in self.nouns.items()})

    @cached_property
    def _below(self) -> dict[str, frozenset[str]]:
        return noun_checks.inverse(self._above)

    @cached_property
    def _loosely_above(self) -> dict[str, frozenset[str]]:
        return noun_checks.closure(noun_checks.upward(self.nouns))

    @cached_property
    def _loosely_below(self) -> dict[str, frozenset[str]]:
        return noun_checks.inverse(self._loosely_above)


def load_nouns(path: Path | str | None = None) -> NounTable:
    """Read and check a noun table.

    Args:
        path: A YAML file in the layout of `nouns.yaml`; by default the embedded table, which is read only once.

    Raises:
        NounTableError: With every fault found, each on its own line.
    """
    return _embedded() if path is None else _load(Path(path))


@cache
def _embedded() -> NounTable:
    return _load(Path(__file__).with_name("nouns.yaml"))


def _load(path: Path) -> NounTable:
    try:
        document, repeated = read_yaml(path.read_bytes())
    except (OSError, yaml.YAMLError) as error:
        raise NounTableError(path, [f"cannot be read: {' '.join(str(error).split())}"]) from error
    sections = _fields(document)
    faults = [f"{key}: stands twice; keep one" for key in repeated]
    faults += [
        f"{key}: no section of this file; drop it"
        for key in sections.keys() - {"words", "attributes", "nouns"}
    ]
    words = _parsed(Words, "words", _fields(sections.get("words")), faults) or Words()
    nouns: dict[str, Noun] = {}
    attributes: dict[str, Attribute] = {}
    for label, entry in _fields(sections.get("nouns")).items():
        given = {"label": label, "noun": str(label).lower(), **_fields(entry)}
        if noun := _parsed(Noun, label, words.complete(given), faults):
            nouns[label] = noun
    for label, entry in _fields(sections.get("attributes")).items():
        if attribute := _parsed(Attribute, label, {"label": label, **_fields(entry)}, faults):
            attributes[label] = attribute
    faults += [] if nouns else ["nouns: none; give a mapping of label to noun"]
    faults += noun_checks.faults(nouns, attributes)
    if faults:
        raise NounTableError(path, faults)
    return NounTable(nouns, attributes, words)


def _fields(entry: object) -> dict[str, Any]:
    """A mapping as it is, nothing as an empty one, anything else as a field that no model has."""
    return entry if isinstance(entry, dict) else {} if entry is None else {"entry": entry}


def _parsed(model: type[Entry], label: str, entry: Mapping[str, Any], faults: list[str]) -> Entry | None:
    """The entry as its model, or None with its complaints added to the faults."""
    try:
        return model.model_validate(entry)
    except ValidationError as error:
        for one in error.errors():
            place = ".".join(map(str, one["loc"]))
            faults.append(f"{label}: {place}: {one['msg']}, not {one['input']!r}; mend this field")
        return None


def _read_hierarchy(path: Path, mids: Mapping[str, Noun]) -> dict[str, set[str]]:
    """The parents of each known label that the nested JSON has."""
    parents: dict[str, set[str]] = {}
    try:
        todo: list[tuple[Any, str]] = [(json.loads(path.read_text("utf-8")), "")]
        while todo:
            node, above = todo.pop()
            if noun := mids.get(node["LabelName"]):
                parents.setdefault(noun.label, set()).update({above} - {""})
            todo += [(child, noun.label if noun else above) for child in node.get("Subcategory", ())]
    except (OSError, ValueError, RecursionError) as error:
        raise NounTableError(path, [f"cannot be read as JSON: {error}; download it again"]) from error
    except (KeyError, TypeError, AttributeError) as error:
        raise NounTableError(path, ["is no class hierarchy: a class without LabelName"]) from error
    if not parents:
        raise NounTableError(path, ["has no class of the noun table; give bbox_labels_600_hierarchy.json"])
    return parents
