"""Opposite sentences: which relations exclude each other, and how they are said of two things."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from naturel.annotations.errors import UserError
from naturel.annotations.nouns import NounKind, NounTable, Number
from naturel.annotations.relations import Kind, Relation, Symmetry, Vocabulary
from naturel.builders.choice import hash_texts, mix, seeded

TEMPLATES = (
    "{a} {r} {b}",
    "a photo of {a} {r} {b}",
    "there is {a} {r} {b}",
    "{the_a} is {r} {the_b}",
)
"""How a claim is said: bare, as CLIP's captions are, and as benchmarks do (ARO: "the X is R the Y")."""
KINDS = (
    NounKind.ANIMAL, NounKind.FURNITURE, NounKind.CONTAINER, NounKind.TOY, NounKind.TOOL, NounKind.OBJECT,
    NounKind.FOOD, NounKind.VEHICLE, NounKind.PLANT, NounKind.INSTRUMENT,
)  # fmt: skip
"""Kinds of things that can be anywhere."""

Pair = tuple[str, str]
"""Two nouns with their articles: ("a cat", "an umbrella")."""


@dataclass(frozen=True)
class Contrast:
    """A relation and one that cannot be true with it."""

    relation: str
    opposite: str
    said: str
    """How the relation is said: "to the left of"."""
    opposite_said: str
    synonym: str | None
    """Another way to say the relation."""
    converse: bool
    """Whether "B opposite A" follows from "A relation B"."""
    symmetric: bool
    """Whether "B relation A" means the same as "A relation B"."""

    @property
    def name(self) -> str:
        """What tables call it: `left of / right of`."""
        return f"{self.relation} / {self.opposite}".replace("_", " ")


def find_contrasts(vocabulary: Vocabulary) -> tuple[Contrast, ...]:
    """The vocabulary's opposite pairs of spatial relations, each once, in its order.

    A relation's opposite is its inverse, where that has a preposition; else the first of its contrasts, where it
    rules that out and is one of that one's contrasts too.
    """
    found: dict[frozenset[str], Contrast] = {}
    for relation in vocabulary:
        if relation.kind is Kind.SPATIAL and relation.usable and relation.phrases.prepositions:
            opposite = _opposite(vocabulary, relation)
            if opposite is not None:
                found.setdefault(
                    frozenset((relation.name, opposite.name)), _contrast(vocabulary, relation, opposite)
                )
    return tuple(found.values())


def _opposite(vocabulary: Vocabulary, relation: Relation) -> Relation | None:
    if relation.inverse and vocabulary[relation.inverse].phrases.prepositions:
        return vocabulary[relation.inverse]
    if not relation.contrasts:
        return None
    first = vocabulary[relation.contrasts[0]]
    out = (first.name, False) in vocabulary.ruled_out(relation.name)
    return first if out and first.phrases.prepositions and relation.name in first.contrasts else None


def _contrast(vocabulary: Vocabulary, relation: Relation, opposite: Relation) -> Contrast:
    said = (*relation.phrases.prepositions, *relation.phrases.synonyms)
    return Contrast(
        relation.name,
        opposite.name,
        said[0],
        opposite.phrases.prepositions[0],
        said[1] if len(said) > 1 else None,
        (opposite.name, True) in vocabulary.implied(relation.name),
        relation.symmetry is Symmetry.SYMMETRIC,
    )


def say(template: str, relation: str, pair: Pair) -> str:
    """A sentence for a claim.

    Args:
        template: With the fields {a}, {b} (nouns with a or an), {the_a}, {the_b} and {r}.
        relation: How the relation is said.
        pair: The two things.
    """
    a, b = pair
    return template.format(r=relation, a=a, b=b, the_a=_the(a), the_b=_the(b))


def _the(noun: str) -> str:
    first, _, rest = noun.partition(" ")
    return f"the {rest}" if first in ("a", "an", "the") and rest else f"the {noun}"


def draw_pairs(nouns: Sequence[str], count: int, seed: int) -> list[Pair]:
    """Pairs of different nouns, chosen by hash: the same whatever the order of the nouns.

    Args:
        nouns: With their articles.
        count: How many pairs; fewer where there are no more.
        seed: Shapes the choice.
    """
    names = sorted(set(nouns))
    hashes = hash_texts(names)
    order = mix(seeded(seed), hashes[:, None], hashes[None, :])
    first, second = np.nonzero(~np.eye(len(names), dtype=np.bool_))
    chosen = np.argsort(order[first, second], kind="stable")[:count]
    return [
        (names[i], names[j]) for i, j in zip(first[chosen].tolist(), second[chosen].tolist(), strict=True)
    ]


def default_nouns(table: NounTable) -> list[str]:
    """The table's singular nouns of one or two words for things that can be anywhere."""
    return [
        noun.indefinite()
        for noun in table.nouns.values()
        if noun.number is Number.SINGULAR
        and noun.kind in KINDS
        and noun.article in ("a", "an")
        and noun.noun.count(" ") < 2
    ]


def read_nouns(path: Path, table: NounTable) -> list[str]:
    """Nouns of a file, one a line; an article is added where there is none.

    Raises:
        UserError: The file cannot be read, or has fewer than four nouns.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"--nouns {path} cannot be read: {error}. Give a text file, a noun a line."
        ) from error
    nouns = list(dict.fromkeys(_with_articles((" ".join(line.split()) for line in lines), table)))
    if len(nouns) < 4:
        raise UserError(
            f"--nouns {path} has {len(nouns)} nouns: give four or more, one a line, such as cat or an umbrella."
        )
    return nouns


def _with_articles(nouns: Iterable[str], table: NounTable) -> Iterable[str]:
    for noun in nouns:
        if noun and not noun.startswith("#"):
            first = noun.partition(" ")[0].lower()
            yield noun if first in ("a", "an", "the", "some") else table.noun_for(noun).indefinite()
