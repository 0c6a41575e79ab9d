"""The further words of captions: "kitten" shows a Cat, "typewriter" no label's thing, "morning" no thing at all.

The lists live in `words.yaml`; `load_words` reads and checks them against the noun table. Every fault found is
reported in one `LexiconError`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

from naturel.annotations.errors import UserError
from naturel.annotations.nouns import Noun, NounKind, NounTable, Number, load_nouns
from naturel.annotations.yaml_file import read_yaml

_LISTS = ("other", "scenery", "groups")
_MAPPINGS = ("labels", "homonyms", "plurals")


class LexiconError(UserError):
    """Every fault of a word file, one a line."""

    def __init__(self, path: Path | str, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(f"{path}: {fault}" for fault in self.faults))


@dataclass(frozen=True)
class Lexicon:
    """What the words of a noun table, and further words, name.

    Every question takes a word of any case, singular or plural, with hyphens or spaces. A word has one answer only:
    one that may name a labelled thing is neither other, group nor scenery.
    """

    table: NounTable
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Label -> the singular words for its synonyms and kinds that the table does not have."""
    homonyms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Word -> every label that it may mean: "bat" is an animal or a club."""
    other: frozenset[str] = frozenset()
    """Things that are no kind of any label."""
    scenery: frozenset[str] = frozenset()
    """Surroundings, times, events and parts: no participants."""
    groups: frozenset[str] = frozenset()
    """Words for several things at once: "crowd", "pile"."""
    plurals: Mapping[str, str] = field(default_factory=dict)
    """Last word -> its irregular plural, beyond those of the table."""

    def labels_of(self, word: str) -> frozenset[str]:
        """The labels that such a word shows, the ones above them included; none for a word that is unknown here.

        A homonym gives the labels of each of its meanings: a box of any one of them may be meant.
        """
        return self._labels.get(_key(word), frozenset())

    def is_other(self, word: str) -> bool:
        """Whether a word names a thing that is no kind of any label."""
        return self._sections.get(_key(word)) == "other"

    def is_group(self, word: str) -> bool:
        """Whether a word names several things at once."""
        return self._sections.get(_key(word)) == "groups"

    def is_scenery(self, word: str) -> bool:
        """Whether a word names the surroundings or a part rather than a participant."""
        return self._sections.get(_key(word)) == "scenery"

    def table_with(self, labels: Iterable[str], table: NounTable) -> NounTable:
        """The noun table with further labels, each below those of the table that it is a kind of.

        Args:
            labels: Labels of other sources: "skier" goes below Person. Those that the table has stay as they are. A
                homonym ("bat"), and several things ("trees"), go there loosely: they block disproofs, prove nothing.
            table: The table; this lexicon's own, or one with more links.
        """
        added: dict[str, Noun] = {}
        for label in labels:
            if table.by_label(label):
                continue
            noun = table.noun_for(label)
            above = self.labels_of(noun.noun) & table.nouns.keys()
            lowest = tuple(sorted(above.difference(*(table.ancestors(one) for one in above))))
            known = _key(noun.noun) in self._singular
            loose = noun.is_plural or not known or len(lowest) > 1 or noun.noun in table.words.ambiguous
            kinds = {table.nouns[one].kind for one in lowest}
            kind = kinds.pop() if len(kinds) == 1 and noun.noun not in table.words.ambiguous else noun.kind
            strict, loosely = ((), lowest) if loose else (lowest, ())
            if kind is NounKind.PERSON:  # a skier may be the man of a claim
                loosely = (*loosely, *sorted(frozenset[str]().union(*map(table.descendants, lowest))))
            links = {"hypernyms": strict, "loose_hypernyms": loosely, "kind": kind}
            added[label] = noun.model_copy(update=links)
        return replace(table, nouns={**table.nouns, **added})

    @cached_property
    def _singular(self) -> frozenset[str]:
        """Keys of all words for things of the table, in the singular."""
        own = (said for noun in self.table.nouns.values() for said in (noun.noun, *noun.synonyms))
        return frozenset(map(_key, (*own, *(word for words in self.words.values() for word in words))))

    @cached_property
    def _labels(self) -> dict[str, frozenset[str]]:
        """Key -> labels and their ancestors; a form given earlier wins, so a plural never hides a singular."""
        nouns = self.table.nouns.values()
        homonyms = list(self.homonyms.items())
        others = [(said, (noun.label,)) for noun in nouns for said in (noun.noun, *noun.synonyms)]
        others += [(word, (label,)) for label, words in self.words.items() for word in words]
        forms = homonyms + others
        forms += [(many, labels) for word, labels in homonyms for many in self._plurals_of(word)]
        forms += [(noun.plural, (noun.label,)) for noun in nouns if noun.plural]
        forms += [(many, labels) for word, labels in others for many in self._plurals_of(word)]
        found: dict[str, frozenset[str]] = {}
        for form, labels in forms:
            above = (self.table.ancestors(label) for label in labels)
            found.setdefault(_key(form), frozenset(labels).union(*above))
        return found

    @cached_property
    def _sections(self) -> dict[str, str]:
        """Key -> the list of a word that has no label; as above, a form given earlier wins."""
        lists = [("other", self.other), ("groups", self.groups), ("scenery", self.scenery)]
        forms = [(word, name) for name, words in lists for word in words]
        forms += [(many, name) for name, words in lists for word in words for many in self._plurals_of(word)]
        found: dict[str, str] = {}
        for form, name in forms:
            if _key(form) not in self._labels:
                found.setdefault(_key(form), name)
        return found

    def _plurals_of(self, word: str) -> Iterator[str]:
        """The regular plural, unless the word is plural or stuff, and an irregular one if there is one."""
        head, space, last = word.rpartition(" ")
        if last in self.plurals:
            yield head + space + self.plurals[last]
        if self.table.words.number(word) is Number.SINGULAR:
            yield self.table.words.plural(word)


def load_words(path: Path | str | None = None) -> Lexicon:
    """Read and check a word file against the embedded noun table.

    Args:
        path: A YAML file in the layout of `words.yaml`; by default the embedded file, which is read only once.

    Raises:
        LexiconError: With every fault found, each on its own line.
    """
    return _embedded() if path is None else _load(Path(path))


@cache
def _embedded() -> Lexicon:
    return _load(Path(__file__).with_name("words.yaml"))


def _load(path: Path) -> Lexicon:
    try:
        document, repeated = read_yaml(path.read_bytes())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise LexiconError(path, [f"cannot be read: {' '.join(str(error).split())}"]) from error
    if not isinstance(document, dict):
        raise LexiconError(path, ["is no mapping; give the sections " + ", ".join(_MAPPINGS + _LISTS)])
    faults = [f"{key}: stands twice; keep one" for key in repeated]
    faults += [
        f"{key}: no section of this file; drop it" for key in document if key not in _MAPPINGS + _LISTS
    ]
    labels, homonyms, plurals = (_mapping(name, document.get(name), faults) for name in _MAPPINGS)
    table = load_nouns()
    lexicon = Lexicon(
        table,
        words={label: _words(f"labels: {label}", words, faults) for label, words in labels.items()},
        homonyms={word: _words(f"homonyms: {word}", named, faults) for word, named in homonyms.items()},
        plurals={word: many for word, many in plurals.items() if _is_text(f"plurals: {word}", many, faults)},
        **{name: frozenset(_words(name, document.get(name), faults)) for name in _LISTS},
    )
    faults += [*_label_faults(lexicon), *_homonym_faults(lexicon)]
    faults += _word_faults(lexicon, {name: _words(name, document.get(name), []) for name in _LISTS})
    if faults:
        raise LexiconError(path, faults)
    return lexicon


def _key(word: str) -> str:
    """How a word is looked up: in lower case, with single spaces for hyphens, and straight apostrophes."""
    return " ".join(re.sub(r"[-\u2010\u2011]", " ", word).replace("\u2019", "'").split()).casefold()


def _said(noun: Noun) -> tuple[str, ...]:
    """All that the table has for a noun: itself, its synonyms and its plural."""
    return (noun.noun, *noun.synonyms, *((noun.plural,) if noun.plural else ()))


def _mapping(name: str, entry: object, faults: list[str]) -> dict[str, Any]:
    if isinstance(entry, dict):
        return entry
    if entry is not None:
        faults.append(f"{name}: is no mapping, but {entry!r}; mend this section")
    return {}


def _words(place: str, entry: object, faults: list[str]) -> tuple[str, ...]:
    """The texts of a list; what else stands there is a fault."""
    if not isinstance(entry, list):
        if entry is not None:
            faults.append(f"{place}: is no list of words, but {entry!r}; mend it")
        return ()
    return tuple(word for word in entry if _is_text(place, word, faults))


def _is_text(place: str, word: object, faults: list[str]) -> bool:
    if not isinstance(word, str):
        faults.append(f"{place}: {word!r} is no word; quote or mend it")
    return isinstance(word, str)


def _label_faults(lexicon: Lexicon) -> Iterator[str]:
    for label in lexicon.words:
        if label not in lexicon.table.nouns:
            yield f"labels: {label} is no label of the noun table; mend or drop it"


def _homonym_faults(lexicon: Lexicon) -> Iterator[str]:
    for word, labels in lexicon.homonyms.items():
        for label in labels:
            if label not in lexicon.table.nouns:
                yield f"homonyms: {word}: {label} is no label of the noun table; mend or drop it"
        if len(set(labels)) < 2:
            yield f"homonyms: {word} needs two labels or more; put it under labels"
        noun = lexicon.table.by_noun(word)
        if noun and noun.label not in labels:
            yield f"homonyms: {word} leaves out {noun.label}, which the noun table means by it; add it"


def _word_faults(lexicon: Lexicon, lists: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Words that are ill formed, stand twice, or are the noun table's own."""
    table = {_key(said): noun.label for noun in lexicon.table.nouns.values() for said in _said(noun)}
    owners: dict[str, str] = {}
    sections = {f"labels: {label}": words for label, words in lexicon.words.items()}
    for place, words in {"homonyms": tuple(lexicon.homonyms), **sections, **lists}.items():
        for word in words:
            key = _key(word)
            if word != " ".join(word.split()).casefold() or not 1 <= len(word.split()) <= 2:
                yield f'{place}: "{word}" is not one or two words in lower case; mend it'
            if key in owners:
                yield f'{place}: "{word}" stands under {owners[key]} already; keep one'
            elif key in table and place != "homonyms":
                yield f'{place}: "{word}" means {table[key]} in the noun table; drop it'
            owners.setdefault(key, place)
