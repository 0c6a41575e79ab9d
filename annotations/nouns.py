"""Noun phrases for source labels: "Human face" is said "face", "Jeans" is plural, "Milk" has no article.

The table lives in `nouns.yaml`, one line a source label; `load_nouns` reads and checks it. Every fault found is
reported in one `NounTableError`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache, cached_property
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from naturel.annotations.errors import UserError


class Number(StrEnum):
    """How a noun counts."""

    SINGULAR = "singular"
    """One thing: "a cat is"."""
    PLURAL = "plural"
    """A plural-only noun: "jeans are", "a pair of jeans is"."""
    MASS = "mass"
    """Stuff without a/an: "milk is"."""


NounKind = StrEnum(
    "NounKind",
    "PERSON ANIMAL BODY_PART CLOTHING FOOD PLANT VEHICLE FURNITURE BUILDING PLACE INSTRUMENT CONTAINER TOOL TOY OBJECT",
)
"""What sort of thing a noun names ("person", "body_part"): relations name the kinds that can be their subject."""


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
    """The indefinite article of a singular noun, "a" or "an"; "" for mass and plural nouns."""
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
    """Labels that the source puts above though plain English does not (Frog -> Reptile).

    They block a disproof but prove nothing: a box of a frog does not show a "reptile".
    """
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

    def article(self, phrase: str) -> str:
        """The indefinite article before a phrase, by sound: "a unicycle", "an hourglass"."""
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
        forms = {"article": self.article(noun), "plural": self.plural(noun)}
        if number != Number.SINGULAR:
            forms = {"article": "", "plural": noun if number == Number.PLURAL else ""}
        return forms | entry


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
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
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
        return self.attributes.get(label_or_mid) or self._attribute_mids.get(label_or_mid)

    def noun_for(self, label: str) -> Noun:
        """The noun of a label, or a sensible default for a label that the table does not have.

        A default takes its grammar, never its meaning, from a noun of the table with the same spelling: the "mouse"
        of another source has the plural "mice", but nothing says that it is an animal. A blank label is a
        `ValueError`.
        """
        known = self.by_label(label)
        if known:
            return known
        phrase = " ".join(label.replace("_", " ").split()).lower()
        like, last = self._grammar.get(phrase), self._grammar.get(phrase.rpartition(" ")[2])
        if like:
            return Noun(
                label=label, **like.model_dump(include={"noun", "number", "article", "plural", "pair"})
            )
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

        These are the label, all above and below it, its confusables, and the labels that overlap with it because
        something below both, or confusable with something below, is both: Toy and Carnivore, as a teddy bear
        is a toy and, loosely, a bear. The relation is symmetric.
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
        official, nouns = _read_hierarchy(Path(path), self._mids), dict(self.nouns)
        for label, parents in official.items():
            added = parents - set(nouns[label].loose_hypernyms) - set(nouns[label].hypernyms)
            nouns[label] = nouns[label].model_copy(
                update={"hypernyms": (*nouns[label].hypernyms, *sorted(added))}
            )
        if faults := list(_cycles(nouns)):
            raise NounTableError(path, faults)
        return replace(self, nouns=nouns)

    def _key(self, label: str) -> str:
        noun = self.by_label(label)
        return noun.label if noun else label

    @cached_property
    def _mids(self) -> dict[str, Noun]:
        return {noun.mid: noun for noun in self.nouns.values() if noun.mid}

    @cached_property
    def _attribute_mids(self) -> dict[str, Attribute]:
        return {attribute.mid: attribute for attribute in self.attributes.values() if attribute.mid}

    @cached_property
    def _said(self) -> dict[str, Noun]:
        plurals = {noun.plural.casefold(): noun for noun in self.nouns.values() if noun.plural}
        said = {said.casefold(): noun for noun in self.nouns.values() for said in (noun.noun, *noun.synonyms)}
        return plurals | said

    @cached_property
    def _grammar(self) -> dict[str, Noun]:
        return {noun.noun.lower(): noun for noun in self.nouns.values()}

    @cached_property
    def _above(self) -> dict[str, frozenset[str]]:
        return _closure({label: noun.hypernyms for label, noun in self.nouns.items()})

    @cached_property
    def _below(self) -> dict[str, frozenset[str]]:
        return _inverse(self._above)

    @cached_property
    def _loosely_above(self) -> dict[str, frozenset[str]]:
        return _closure(_all_links(self.nouns))

    @cached_property
    def _loosely_below(self) -> dict[str, frozenset[str]]:
        return _inverse(self._loosely_above)


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


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The safe loader, which also notes the keys that a mapping has twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = Counter(str(key.value) for key, _ in node.value)
        self.repeated = [*getattr(self, "repeated", ()), *(key for key, times in keys.items() if times > 1)]
        return dict(super().construct_mapping(node, deep))


def _load(path: Path) -> NounTable:
    try:
        loader = _Loader(path.read_bytes())
        document = loader.get_single_data()
    except (OSError, yaml.YAMLError) as error:
        raise NounTableError(path, [f"cannot be read: {' '.join(str(error).split())}"]) from error
    if not isinstance(document, dict) or not isinstance(document.get("nouns"), dict):
        raise NounTableError(path, ["nouns: missing; give a mapping of label to noun"])
    faults = [f"{key}: stands twice; keep one" for key in getattr(loader, "repeated", ())]
    faults += [
        f"{key}: unknown section; drop it" for key in document if key not in ("words", "attributes", "nouns")
    ]
    words = _parsed(Words, "words", document.get("words"), faults) or Words()
    nouns, attributes = {}, {}
    for label, entry in document["nouns"].items():
        given = {
            "label": label,
            "noun": str(label).lower(),
            **(entry if isinstance(entry, dict) else {"": entry}),
        }
        if noun := _parsed(Noun, label, words.complete(given), faults):
            nouns[noun.label] = noun
    for label, entry in (document.get("attributes") or {}).items():
        if attribute := _parsed(Attribute, label, {"label": label, **entry}, faults):
            attributes[attribute.label] = attribute
    faults += [*_word_faults(nouns), *_link_faults(nouns, attributes), *_cycles(nouns)]
    if faults:
        raise NounTableError(path, faults)
    return NounTable(nouns, attributes, words)


def _parsed(model: type[Entry], label: str, entry: Mapping[str, Any], faults: list[str]) -> Entry | None:
    """The entry as its model, or None with its complaints added to the faults."""
    try:
        return model.model_validate(entry)
    except ValidationError as error:
        for one in error.errors():
            place = ".".join(str(part) for part in one["loc"])
            faults.append(f"{label}: {place}: {one['msg']}, not {one['input']!r}; mend this field")
        return None


def _word_faults(nouns: Mapping[str, Noun]) -> Iterator[str]:
    """Wrong articles and plurals, and words that name two labels."""
    said: dict[str, str] = {}
    for label, noun in nouns.items():
        articles = ("a", "an") if noun.number is Number.SINGULAR else ("",)
        if noun.article not in articles:
            yield f'{label}: article "{noun.article}" for a {noun.number} noun; use {" or ".join(articles) or "none"}'
        if bool(noun.plural) is (noun.number is Number.MASS):
            yield f'{label}: plural "{noun.plural}" for a {noun.number} noun; only mass nouns have none'
        if noun.pair and not noun.is_plural:
            yield f"{label}: pair for a {noun.number} noun; say number: plural, or drop pair"
        other = said.setdefault(noun.noun.casefold(), label)
        if other != label:
            yield f'{label}: noun "{noun.noun}" is also that of {other}; reword one'
    for label, noun in nouns.items():
        for synonym in noun.synonyms:
            other = said.setdefault(synonym.casefold(), label)
            if other != label or synonym.casefold() == noun.noun.casefold():
                yield f'{label}: synonym "{synonym}" already means {other}; drop it'


def _link_faults(nouns: Mapping[str, Noun], attributes: Mapping[str, Attribute]) -> Iterator[str]:
    """Ids used twice, links to unknown labels, and one-sided links that must go both ways."""
    mids: dict[str, str] = {}
    for label, entry in [*nouns.items(), *attributes.items()]:
        if entry.mid and mids.setdefault(entry.mid, label) != label:
            yield f"{label}: mid {entry.mid} is also that of {mids[entry.mid]}; mend one"
    confusable = {label: noun.confusable for label, noun in nouns.items()}
    excludes = {label: attribute.excludes for label, attribute in attributes.items()}
    upward = {label: (*noun.hypernyms, *noun.loose_hypernyms) for label, noun in nouns.items()}
    for name, links, both in (
        ("hypernym", upward, False),
        ("confusable", confusable, True),
        ("excludes", excludes, True),
    ):
        for label, others in links.items():
            for other, times in Counter(others).items():
                if other not in links:
                    yield f"{label}: {name} {other} is no label of this table; mend or drop it"
                elif both and label not in links[other]:
                    yield f"{label}: {name} {other} is one-sided; add {label} to that of {other}"
                if times > 1 or (both and other == label):
                    yield f"{label}: {name} {other} is redundant; drop it"


def _all_links(nouns: Mapping[str, Noun]) -> dict[str, tuple[str, ...]]:
    return {label: noun.hypernyms + noun.loose_hypernyms for label, noun in nouns.items()}


def _cycles(nouns: Mapping[str, Noun]) -> Iterator[str]:
    """One fault for each set of labels that stand above one another."""
    above, told = _closure(_all_links(nouns)), set[str]()
    for label in nouns:
        if label in above[label] and label not in told:
            ring = sorted(other for other in above[label] if label in above.get(other, ()))
            told.update(ring)
            yield f"{label}: cycle of hypernyms through {', '.join(ring)}; drop one link"


def _closure(links: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
    """All that each label reaches in one step or more."""
    reached = {}
    for label in links:
        seen: set[str] = set()
        todo = list(links[label])
        while todo:
            step = todo.pop()
            if step not in seen:
                seen.add(step)
                todo += links.get(step, ())
        reached[label] = frozenset(seen)
    return reached


def _inverse(links: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
    back: dict[str, set[str]] = {}
    for label, others in links.items():
        for other in others:
            back.setdefault(other, set()).add(label)
    return {label: frozenset(others) for label, others in back.items()}


def _read_hierarchy(path: Path, mids: Mapping[str, Noun]) -> dict[str, set[str]]:
    """The parents of each known label that the nested JSON has."""
    parents: dict[str, set[str]] = {}
    try:
        todo: list[tuple[Any, str]] = [(json.loads(path.read_text("utf-8")), "")]
        while todo:
            node, above = todo.pop()
            noun = mids.get(node["LabelName"])
            if noun:
                parents.setdefault(noun.label, set()).update({above} - {""})
            todo += [(child, noun.label if noun else above) for child in node.get("Subcategory", ())]
    except (OSError, ValueError, RecursionError) as error:
        raise NounTableError(path, [f"cannot be read as JSON: {error}; download it again"]) from error
    except (KeyError, TypeError, AttributeError) as error:
        raise NounTableError(
            path, ["a class without LabelName; give bbox_labels_600_hierarchy.json"]
        ) from error
    if not parents:
        raise NounTableError(path, ["no class of this table; give bbox_labels_600_hierarchy.json"])
    return parents
