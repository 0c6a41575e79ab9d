"""Which captions, and which hits in them, are noise: named filters, each with a reason."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from naturel.annotations.errors import UserError
from naturel.annotations.joins import Integers
from naturel.annotations.truth import Flags
from naturel.evaluation.analysis.words import Mark, Words

SHORTEST, LONGEST = 3, 60
"""Words of a caption; what is longer is an article's text (CLIP reads 77 tokens, some 55 words)."""
FOREIGN_SHARE = 0.1


class Filter(StrEnum):
    """What makes a caption, or a hit, noise. The first that holds is the reason."""

    FOREIGN = "foreign"
    ADDRESS = "address"
    FILE_NAME = "file_name"
    SHORT = "short"
    LONG = "long"
    DUPLICATE = "duplicate"
    LABEL = "label"
    VERB = "verb"
    NUMBER = "number"
    TIME = "time"
    IDIOM = "idiom"
    NO_OBJECT = "no_object"


OF_CAPTIONS = tuple(Filter)[:6]
MEANINGS = {
    Filter.FOREIGN: f"more than {FOREIGN_SHARE:.0%} of the caption's characters are letters that English has not",
    Filter.ADDRESS: "a web address stands in the caption",
    Filter.FILE_NAME: "a file's name stands in the caption: img_0042.jpg",
    Filter.SHORT: f"the caption has fewer than {SHORTEST} words",
    Filter.LONG: f"the caption has more than {LONGEST} words",
    Filter.DUPLICATE: "the same words came before, case and punctuation aside (Bloom filter: nearly exact)",
    Filter.LABEL: "tells persons or panels apart: (left), right:, Ann, left, and Ben; from left; top right",
    Filter.VERB: "left is a form of leave: left the room, has left, left behind",
    Filter.NUMBER: "before a number, a price or a year: under $25, over 18, in 2015",
    Filter.TIME: "before a time: on Monday, in summer, at night",
    Filter.IDIOM: "in a phrase that is no place: on sale, under construction, behind the scenes, right now",
    Filter.NO_OBJECT: "a preposition with nothing after it: see below, come on in!",
}


@dataclass(frozen=True)
class Hits:
    """k prepositions found in a batch."""

    first: Integers
    """Place of the first word, shape (k,)."""
    last: Integers
    """Place of the last word, shape (k,)."""
    name: Integers
    """Which preposition, shape (k,)."""


def choose_filters(without: Collection[str]) -> tuple[Filter, ...]:
    """All filters but some.

    Raises:
        UserError: There is no such filter.
    """
    if unknown := sorted(set(without) - set(Filter)):
        raise UserError(
            f"there is no noise filter {', '.join(unknown)}: leave out some of {', '.join(Filter)}, or `all`."
        )
    return tuple(one for one in Filter if one not in without)


def noisy_captions(words: Words, seen: Flags) -> dict[Filter, Flags]:
    """Which captions each filter of captions takes for noise, each of shape (n,).

    Args:
        words: Of n captions.
        seen: Which captions came before.
    """
    return {
        Filter.FOREIGN: words.foreign > FOREIGN_SHARE,
        Filter.ADDRESS: words.address,
        Filter.FILE_NAME: words.file_name,
        Filter.SHORT: words.count < SHORTEST,
        Filter.LONG: words.count > LONGEST,
        Filter.DUPLICATE: seen,
    }


def noisy_hits(
    words: Words, hits: Hits, phrases: dict[str, Flags], places: Flags, sides: Flags
) -> dict[Filter, Flags]:
    """Which hits each filter of hits takes for noise, each of shape (k,).

    Args:
        words: Of the captions.
        hits: k of them.
        phrases: Reason -> words that lie in a phrase of the lexicon, each of shape (t,).
        places: Which prepositions need no object.
        sides: Which are sides (left, right).
    """
    inside = {reason: flags[hits.first] & flags[hits.last] for reason, flags in phrases.items()}
    none = np.zeros(len(hits.first), dtype=np.bool_)
    found = {Filter(reason): inside.get(reason, none) for reason in ("verb", "number", "time", "idiom")}
    before = np.maximum(hits.first - 1, 0)
    parted = (words.mark[before] == Mark.COMMA) & (words.caption[before] == words.caption[hits.first])
    mark = words.mark[hits.last]
    named = (mark == Mark.BRACKET) | ((mark == Mark.COMMA) & parted & (hits.first > 0))
    found[Filter.LABEL] = inside.get("label", none) | (sides[hits.name] & named)
    after = np.minimum(hits.last + 1, len(words) - 1)
    alone = (words.caption[after] != words.caption[hits.last]) | (hits.last + 1 == len(words))
    found[Filter.NO_OBJECT] = (alone | (mark != Mark.NONE)) & ~places[hits.name]
    return found
