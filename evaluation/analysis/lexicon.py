"""What is counted in a caption corpus: prepositions with their forms, and phrases in which they are noise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from naturel.annotations.relations import Kind, Vocabulary, load_vocabulary

Phrase = tuple[str, ...]
"""Words of lower case; those of CLASSES stand for any of theirs."""

TIME = "<time>"
CLASSES = {
    "<price>": r"^[$£€¥₹]\d",
    "<year>": r"^(?:1\d|20)\d\ds?$",
    TIME: r"^\d{1,2}(?:[:.]\d\d)?(?:am|pm)$|^\d{1,2}:\d\d$",
    "<number>": r"^#?\d",
}
"""What a phrase can have in place of a word -> how that is written; the first that fits. TIME has words too."""


@dataclass(frozen=True)
class Lexicon:
    """Prepositions, and phrases that are noise; `prepositions.yaml` says what is in it, and why."""

    prepositions: Mapping[str, tuple[Phrase, ...]]
    """Name -> its forms. No form belongs to two names."""
    noise: Mapping[str, tuple[Phrase, ...]]
    """Reason -> phrases in which a preposition says nothing of where things are."""
    places: frozenset[str]
    """Names that are places of their own ("in the background"): they need no object."""
    specific: tuple[str, ...]
    """Names whose common share is told as one figure."""
    times: frozenset[str]
    """Words that TIME stands for."""

    @property
    def names(self) -> tuple[str, ...]:
        """The prepositions, in the order of the vocabulary."""
        return tuple(self.prepositions)

    @property
    def words(self) -> tuple[str, ...]:
        """All words of forms and phrases, sorted."""
        phrases = [*self.prepositions.values(), *self.noise.values()]
        return tuple(sorted({word for group in phrases for phrase in group for word in phrase}))


def make_lexicon(content: Mapping[str, Any], vocabulary: Vocabulary) -> Lexicon:
    """Put the vocabulary's spatial prepositions and the lists of `prepositions.yaml` together.

    Args:
        content: The file's content.
        vocabulary: Relations; those that are spatial and have prepositions are counted.
    """
    left_out = {phrase for text in content["left_out"] for phrase in spell(text)}
    prepositions: dict[str, tuple[Phrase, ...]] = {}
    for relation in vocabulary:
        if relation.kind is Kind.SPATIAL and relation.phrases.prepositions:
            texts = (*relation.phrases.prepositions, *relation.phrases.synonyms)
            texts += tuple(content["forms"].get(relation.name, ()))
            forms = dict.fromkeys(phrase for text in texts for phrase in spell(text))
            prepositions[relation.name.replace("_", " ")] = tuple(
                form for form in forms if form not in left_out
            )
    for name, texts in content["places"].items():
        prepositions[name] = tuple(dict.fromkeys(phrase for text in texts for phrase in spell(text)))
    lists = {
        reason: [phrase for text in texts for phrase in spell(text)]
        for reason, texts in content["noise"].items()
    }
    times = frozenset(content["times"])
    # A word is known by itself, or as one of TIME's: those of TIME's that stand in phrases are written out.
    said = {word for some in (*prepositions.values(), *lists.values()) for phrase in some for word in phrase}
    choices = {TIME: (TIME, *sorted(times & said))}
    noise = {
        reason: tuple(
            dict.fromkeys(
                other
                for phrase in phrases
                for other in product(*(choices.get(word, (word,)) for word in phrase))
            )
        )
        for reason, phrases in lists.items()
    }
    return Lexicon(
        prepositions,
        noise,
        frozenset(content["places"]),
        tuple(content["specific"]),
        times,
    )


def spell(text: str) -> Iterable[Phrase]:
    """The phrases that a line of the file stands for: "on|at left" is "on left" and "at left"."""
    return product(*(word.split("|") for word in text.split()))


@cache
def load_lexicon() -> Lexicon:
    """The lexicon that comes with the package."""
    path = Path(__file__).with_name("prepositions.yaml")
    return make_lexicon(yaml.safe_load(path.read_text(encoding="utf-8")), load_vocabulary())
