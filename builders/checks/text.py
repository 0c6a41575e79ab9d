"""Checks of a sentence's wording: what it names besides its claim, its length, articles, agreement and surface.

They say nothing of what the sentence states; `reading` does that. Each problem has a short name, counted in reports:

    negation, hedge, question, order     it takes back, doubts, asks or orders
    missing                              one of the two things is not named
    third, colour, number, place         it names a thing, colour, number or place that the claim does not have
    short, long                          it has fewer or more words than allowed
    article, agreement, repetition       "a apple", "the cats is", "the the"
    surface                              it is not as `surface.normalise` leaves it
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from naturel.annotations.nouns import NounKind, NounTable
from naturel.builders.captions.surface import Style, normalise
from naturel.builders.checks.reading.items import Item, Kind, Token
from naturel.builders.checks.reading.participants import Role
from naturel.builders.checks.reading.wordings import Wordings

SIMPLE_WORDS = 2
_REPEATABLE = frozenset({"had", "that", "very", "so"})
_PLURAL_VERBS, _SINGULAR_VERBS = frozenset({"are", "were", "have"}), frozenset({"is", "was", "has"})


@dataclass(frozen=True)
class TextRules:
    """What a sentence may be."""

    least_words: int = 3
    """Of a complex caption; a simple one may be "wooden table"."""
    most_words: int = 40
    scene_detail: bool = False
    """Whether the prompt allows other things, colours, numbers and places in a complex caption."""


def text_problems(
    text: str,
    tokens: Sequence[Token],
    items: Sequence[Item],
    roles: Mapping[int, Role],
    nouns: NounTable,
    wordings: Wordings,
    own_words: Iterable[str],
    style: Style | None = "complex",
    rules: TextRules | None = None,
) -> list[str]:
    """Name what is wrong with a sentence's wording.

    Args:
        text: The sentence as it is.
        tokens: It, parsed.
        items: It, cut into items.
        roles: The role of each thing among the items.
        nouns: The noun table; it knows articles and numbers.
        wordings: The words of colours and numbers.
        own_words: The words of the claim itself, which are never strange ("orange", "two-handed saw").
        style: Whose surface it must have; None where any will do.
        rules: Bounds; the default ones for None.

    Returns:
        Names of problems, in the order of this module's head, each once.
    """
    rules = rules or TextRules()
    own_words = tuple(own_words)
    own = {word for name in own_words for word in name.lower().split()}
    words = [token.lower for token in tokens if token.text[0].isalnum()]
    found: list[str] = []
    if not rules.scene_detail:
        found += _strange(tokens, items, roles, nouns, wordings, own)
    if len(words) < (SIMPLE_WORDS if style == "simple" else rules.least_words):
        found.append("short")
    if len(words) > rules.most_words:
        found.append("long")
    if any(_wrong_article(tokens, at, nouns) for at in range(len(tokens) - 1)):
        found.append("article")
    if any(_disagree(items, at, tokens, nouns) for at in range(len(items) - 1)):
        found.append("agreement")
    if any(a == b and a not in _REPEATABLE for a, b in itertools.pairwise(words)):
        found.append("repetition")
    if style and normalise(text, style, _proper(own_words)) != text:
        found.append("surface")
    return found


def _proper(names: Iterable[str]) -> set[str]:
    """Words of names that are written with a capital: "Christmas"."""
    return {word for name in names for word in name.split() if word[0].isupper()}


def _strange(
    tokens: Sequence[Token],
    items: Sequence[Item],
    roles: Mapping[int, Role],
    nouns: NounTable,
    wordings: Wordings,
    own: set[str],
) -> list[str]:
    found = []
    others = [items[i] for i, role in roles.items() if role == Role.OTHER]
    places = [item for item in others if _is_place(item, nouns)]
    if len(others) > len(places):
        found.append("third")
    if any(token.lower in wordings.colours - own and token.tag[:2] in ("JJ", "NN") for token in tokens):
        found.append("colour")
    if any(
        (token.tag == "CD" and token.lower != "one") or token.lower in wordings.numbers
        for token in tokens
        if token.lower not in own
    ):
        found.append("number")
    scenery = [i for i, role in roles.items() if role == Role.SCENERY and _governed(items, i)]
    if places or any(
        " ".join(items[i].words) in wordings.places or items[i].head in wordings.places for i in scenery
    ):
        found.append("place")
    return found


def _governed(items: Sequence[Item], i: int) -> bool:
    return i > 0 and items[i - 1].kind in (Kind.RELATION, Kind.PREPOSITION)


def _is_place(item: Item, nouns: NounTable) -> bool:
    noun = nouns.by_noun(" ".join(item.words)) or nouns.by_noun(item.head)
    return noun is not None and noun.kind == NounKind.PLACE


def _wrong_article(tokens: Sequence[Token], at: int, nouns: NounTable) -> bool:
    article, following = tokens[at].lower, tokens[at + 1]
    if article not in ("a", "an") or not re.match(r"[A-Za-z]", following.text) or tokens[at].tag != "DT":
        return False
    if len(following.text) == 1:
        return False
    # Letter by letter, as in "an X-ray" or "a UFO", the table knows better than a rule; it lists them.
    return nouns.words.article(following.lower) != article


def _disagree(items: Sequence[Item], at: int, tokens: Sequence[Token], nouns: NounTable) -> bool:
    """Whether a thing and the form of *be* or *have* right after it differ in number."""
    thing, verb = items[at], items[at + 1]
    if thing.kind != Kind.THING or verb.kind not in (Kind.BE, Kind.HAVE):
        return False
    if (at and items[at - 1].kind not in (Kind.STOP, Kind.COMMA, Kind.AND, Kind.THERE)) or (
        at and items[at - 1].kind == Kind.AND
    ):
        return False  # the head may stand further left: "a man with two guitars is"
    word = tokens[verb.start].lower
    last = tokens[thing.end - 1]
    known = nouns.by_noun(" ".join(thing.words)) or nouns.by_noun(last.lower)
    plural = (
        known.is_plural or (known.plural == last.lower != known.noun)
        if known
        else last.tag in ("NNS", "NNPS")
    )
    if thing.determiner in ("a", "an", "this", "that") and not plural:
        return word in _PLURAL_VERBS
    if known is None:
        return False  # a guess of the parser's is too little to reject a sentence
    return word in (_SINGULAR_VERBS if plural else _PLURAL_VERBS) and known.noun != known.plural


def near_duplicates(texts: Sequence[str], threshold: float = 0.9) -> list[tuple[int, int]]:
    """Find sentences that are all but the same: equal but for articles, case and punctuation, or nearly so.

    Args:
        texts: The captions of one record, or of one claim.
        threshold: Share of words in common (the smaller count of each word over the longer sentence), order ignored
            only where both sentences have the same first and last word.

    Returns:
        Pairs of places, the first smaller.
    """
    bags = [_content(text) for text in texts]
    found = []
    for i, first in enumerate(bags):
        for j in range(i + 1, len(bags)):
            second = bags[j]
            if first == second or (
                _overlap(first, second) >= threshold and first[:1] == second[:1] and first[-1:] == second[-1:]
            ):
                found.append((i, j))
    return found


def _content(text: str) -> list[str]:
    return [word for word in re.findall(r"\w+", text.lower()) if word not in ("a", "an", "the")]


def _overlap(first: Sequence[str], second: Sequence[str]) -> float:
    common = sum(min(first.count(word), second.count(word)) for word in set(first))
    return common / max(len(first), len(second), 1)
