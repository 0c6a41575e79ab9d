"""Checks of the noun table, each fault told with its mend, and the closure of its links."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from naturel.annotations.nouns import Attribute, Noun

Links = Mapping[str, tuple[str, ...]]


def faults(nouns: Mapping[str, Noun], attributes: Mapping[str, Attribute]) -> Iterator[str]:
    """Everything that is wrong in a table whose entries are well formed one by one."""
    for noun in nouns.values():
        yield from _form_faults(noun)
    yield from _meaning_faults(nouns)
    yield from _id_faults([*nouns.values(), *attributes.values()])
    yield from _link_faults("hypernym", upward(nouns))
    yield from _link_faults(
        "confusable", {label: noun.confusable for label, noun in nouns.items()}, mutual=True
    )
    yield from _link_faults(
        "excludes", {label: one.excludes for label, one in attributes.items()}, mutual=True
    )
    yield from cycles(nouns)


def upward(nouns: Mapping[str, Noun]) -> dict[str, tuple[str, ...]]:
    """The labels one step above each label, strictly or loosely."""
    return {label: noun.hypernyms + noun.loose_hypernyms for label, noun in nouns.items()}


def closure(links: Links) -> dict[str, frozenset[str]]:
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


def inverse(links: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
    """The same links read backwards: what reaches each label."""
    back: dict[str, set[str]] = {}
    for label, others in links.items():
        for other in others:
            back.setdefault(other, set()).add(label)
    return {label: frozenset(others) for label, others in back.items()}


def cycles(nouns: Mapping[str, Noun]) -> Iterator[str]:
    """One fault for each set of labels that stand above one another."""
    above = closure(upward(nouns))
    told: set[str] = set()
    for label in above:
        if label in above[label] and label not in told:
            ring = sorted(other for other in above[label] if label in above.get(other, ()))
            told.update(ring)
            yield f"{ring[0]}: hypernyms go in a circle through {', '.join(ring)}; drop one link"


def _form_faults(noun: Noun) -> Iterator[str]:
    """Forms that do not go with the number."""
    label, number = noun.label, noun.number
    allowed = ("a", "an") if number == "singular" else ("",)
    if noun.article not in allowed:
        mend = "use a or an" if number == "singular" else "leave it out"
        yield f'{label}: article "{noun.article}" of a {number} noun; {mend}'
    if bool(noun.plural) is (number == "mass"):
        mend = "leave it out" if noun.plural else "give one"
        yield f'{label}: plural "{noun.plural}" of a {number} noun; {mend}'
    if noun.pair and number != "plural":
        yield f"{label}: pair of a {number} noun; leave it out"


def _meaning_faults(nouns: Mapping[str, Noun]) -> Iterator[str]:
    """Words that mean two labels: a claim is stated by noun."""
    owners: dict[str, str] = {}
    for label, noun in nouns.items():
        owner = owners.setdefault(noun.noun.casefold(), label)
        if owner != label:
            yield f'{label}: noun "{noun.noun}" is that of {owner} too; reword one'
    for label, noun in nouns.items():
        for synonym in noun.synonyms:
            if synonym.casefold() in owners:
                yield f'{label}: synonym "{synonym}" means {owners[synonym.casefold()]} already; drop it'
            owners.setdefault(synonym.casefold(), label)


def _id_faults(entries: Iterable[Noun | Attribute]) -> Iterator[str]:
    owners: dict[str, str] = {}
    for one in entries:
        owner = owners.setdefault(one.mid, one.label) if one.mid else one.label
        if owner != one.label:
            yield f"{one.label}: mid {one.mid} is that of {owner} too; mend one"


def _link_faults(field: str, links: Links, mutual: bool = False) -> Iterator[str]:
    """Links to unknown labels, given twice, or given on one side only though they are mutual."""
    for label, others in links.items():
        for other, times in Counter(others).items():
            if other not in links:
                yield f"{label}: {field} {other} is no label here; mend or drop it"
            elif mutual and other == label:
                yield f"{label}: {field} {other} is the label itself; drop it"
            elif mutual and label not in links[other]:
                yield f"{label}: {field} {other} is one-sided; add {label} to {other}"
            if times > 1:
                yield f"{label}: {field} {other} stands twice; drop one"
