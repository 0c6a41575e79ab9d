"""Checks of the relation vocabulary: what must agree between relations, each fault told with its mend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from naturel.annotations.geometry import MEASURES, OPERATORS

if TYPE_CHECKING:
    from naturel.annotations.relations import Relation, Vocabulary

_REFERENCES = ("entails", "entails_inverse", "excludes", "contrasts", "often_with")


def entry_faults(relations: Mapping[str, Relation]) -> list[str]:
    """List what is wrong inside single entries and in the names that they refer to."""
    faults: list[str] = []
    owners: dict[tuple[str, str], str] = {}
    for relation in relations.values():
        faults += _reference_faults(relation, relations)
        faults += _form_faults(relation)
        faults += _rule_faults(relation)
        for source, names in relation.sources.items():
            for name in names:
                key = (source, " ".join(name.lower().replace("_", " ").replace("-", " ").split()))
                owner = owners.setdefault(key, relation.name)
                if owner != relation.name:
                    faults.append(
                        f"{relation.name}: sources: {source} name {name!r} belongs to {owner} too; keep it in one"
                    )
    return faults


def logic_faults(vocabulary: Vocabulary) -> list[str]:
    """List what contradicts itself across entries; the entries' own faults must have been mended before."""
    faults: list[str] = []
    for relation in vocabulary:
        faults += _inverse_faults(relation, vocabulary)
        faults += _closure_faults(relation, vocabulary)
        faults += _contrast_faults(relation, vocabulary)
        faults += _mirror_faults(relation, vocabulary)
        for field in ("excludes", "often_with"):
            for other in getattr(relation, field):
                if relation.name not in getattr(vocabulary[other], field):
                    faults.append(
                        f"{other}: {field}: lacks {relation.name}, which lists {other}; add it, or remove it there"
                    )
    return faults


def _mirror_faults(relation: Relation, vocabulary: Vocabulary) -> Iterator[str]:
    mirror = relation.mirror
    if mirror is not None and mirror not in vocabulary:
        yield f"{relation.name}: mirror: {mirror} is not in the vocabulary; add it or remove it here"
    elif mirror is not None and vocabulary[mirror].mirror != relation.name:
        yield f"{mirror}: mirror: is not {relation.name}, whose mirror it is; state it in both"


def _reference_faults(relation: Relation, relations: Mapping[str, Relation]) -> Iterator[str]:
    for field in _REFERENCES:
        names = getattr(relation, field)
        for name in names:
            if name not in relations:
                yield f"{relation.name}: {field}: {name} is not in the vocabulary; add it or remove it here"
            elif name == relation.name:
                yield f"{relation.name}: {field}: names the relation itself; remove it"
        if len(set(names)) < len(names):
            yield f"{relation.name}: {field}: names a relation twice; keep one"
    if relation.inverse is not None and relation.inverse not in relations:
        yield f"{relation.name}: inverse: {relation.inverse} is not in the vocabulary; add it or remove it here"


def _form_faults(relation: Relation) -> Iterator[str]:
    phrases, attribute = relation.phrases, relation.kind == "attribute"
    if attribute and (phrases.verb or phrases.prepositions):
        yield f"{relation.name}: phrases: an attribute has no verb or prepositions; remove them"
    if not attribute and not (phrases.verb or phrases.prepositions):
        yield f"{relation.name}: phrases: give a verb or prepositions"
    if attribute and (relation.inverse or relation.symmetry != "neither"):
        yield f"{relation.name}: symmetry: an attribute cannot be swapped; use neither, without an inverse"


def _rule_faults(relation: Relation) -> Iterator[str]:
    for field in ("true", "expected", "false"):
        for terms in getattr(relation.geometry, field):
            if not terms:
                yield f"{relation.name}: geometry.{field}: an alternative without terms always holds; remove it"
            for measure, operator, _ in terms:
                if measure not in MEASURES:
                    known = ", ".join(MEASURES)
                    yield f"{relation.name}: geometry.{field}: unknown measure {measure}; use one of {known}"
                if operator not in OPERATORS:
                    yield f"{relation.name}: geometry.{field}: unknown operator {operator}; use < <= > >="


def _inverse_faults(relation: Relation, vocabulary: Vocabulary) -> Iterator[str]:
    name = relation.name
    if relation.symmetry == "symmetric":
        if relation.inverse not in (None, name):
            yield f"{name}: inverse: a symmetric relation is its own inverse; remove {relation.inverse}"
        return
    if relation.inverse is None:
        return
    inverse = vocabulary[relation.inverse]
    if inverse.inverse != name:
        yield f"{inverse.name}: inverse: must be {name}, whose inverse it is; or remove the inverse of {name}"
    for field in ("symmetry", "frame"):
        ours, theirs = getattr(relation, field), getattr(inverse, field)
        if ours != theirs:
            yield f"{name}: {field}: is {ours} but {theirs} in its inverse {inverse.name}; make them the same"


def _closure_faults(relation: Relation, vocabulary: Vocabulary) -> Iterator[str]:
    name = relation.name
    implied, ruled_out = vocabulary.implied(name), vocabulary.ruled_out(name)
    for other, swapped in sorted(implied & set(ruled_out)):
        way = "the other way round" if swapped else "of the same pair"
        yield f"{name}: excludes: {other} {way} is both implied and ruled out; mend entails, inverse or excludes"
    if relation.symmetry == "antisymmetric" and (name, True) in implied:
        yield f"{name}: symmetry: its own swap is implied, so it is not antisymmetric; mend entails or symmetry"
    for other in relation.often_with:
        if (other, False) in ruled_out:
            yield f"{name}: often_with: {other} is ruled out by {name}; remove it here or in excludes"


def _contrast_faults(relation: Relation, vocabulary: Vocabulary) -> Iterator[str]:
    name = relation.name
    implied, ruled_out = vocabulary.implied(name), vocabulary.ruled_out(name)
    for other in relation.contrasts:
        contrast = vocabulary[other]
        if not contrast.usable:
            yield f"{name}: contrasts: {other} is not usable; choose another"
        if other in relation.often_with:
            yield f"{name}: contrasts: {other} is often true too (often_with); remove it from one of them"
        if (other, False) in implied:
            yield f"{name}: contrasts: {other} follows from {name}; remove it"
        elif (other, False) not in ruled_out and not contrast.geometry.false:
            yield f"{name}: contrasts: {other} cannot be proved false; exclude it, or give it a geometry.false"
