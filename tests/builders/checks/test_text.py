"""Checks of wording, through the checker."""

from __future__ import annotations

import pytest

from naturel.annotations.claims import Claim
from naturel.builders.checks.check import Checker
from naturel.builders.checks.text import TextRules, near_duplicates


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker()


def problems(
    checker: Checker, sentence: str, claim: tuple[str, str, str] = ("cat", "on", "desk")
) -> list[str]:
    return list(next(iter(checker.check([sentence], [Claim(*claim)], ["complex"]))).problems)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The cat is on the desk.", []),
        ("There is a small cat on an old desk.", []),
        ("The cat is not on the desk.", ["negation"]),
        ("Perhaps the cat is on the desk.", ["hedge"]),
        ("Is the cat on the desk?", ["question"]),
        ("The dog is on the desk.", ["missing", "third"]),
        ("The cat is on the desk beside a lamp.", ["third"]),
        ("The black cat is on the desk.", ["colour"]),
        ("Two cats are on the desk.", ["number"]),
        ("A cat is on a desk in the kitchen.", ["place"]),
        ("Cat desk.", ["missing", "short"]),
        ("An cat is on the desk.", ["article"]),
        ("A cat is on a old desk.", ["article"]),
        ("The cat are on the desk.", ["agreement"]),
        ("The cat is on the the desk.", ["repetition"]),
        ("the cat is on the desk", ["surface"]),
        ("The cat is on  the desk.", ["surface"]),
    ],
)
def test_problems(checker: Checker, sentence: str, expected: list[str]) -> None:
    found = problems(checker, sentence)
    assert [name for name in expected if name not in found] == []
    assert [name for name in found if name not in expected] == []


def test_a_colour_of_the_claim_is_no_problem(checker: Checker) -> None:
    assert problems(checker, "The orange is on the desk.", ("orange", "on", "desk")) == []


@pytest.mark.parametrize("sentence", ["The jeans are on the desk.", "A pair of jeans is on the desk."])
def test_plural_nouns_agree(checker: Checker, sentence: str) -> None:
    assert problems(checker, sentence, ("jeans", "on", "desk")) == []


def test_scene_detail_can_be_allowed() -> None:
    checker = Checker(rules=TextRules(scene_detail=True))
    assert problems(checker, "The black cat is on the desk.") == []


def test_length_bounds() -> None:
    checker = Checker(rules=TextRules(least_words=5, most_words=6))
    assert problems(checker, "Cat on desk.") == ["short"]
    assert problems(checker, "The cat is always on the desk.") == ["long"]


def test_a_sentence_passes_only_as_a_whole(checker: Checker) -> None:
    sentences = ["The cat is on the desk.", "The black cat is on the desk.", "The desk is on the cat."]
    claims = [Claim("cat", "on", "desk")] * 3
    outcomes = list(checker.check(sentences, claims, ["complex"] * 3))
    assert [outcome.passes for outcome in outcomes] == [True, False, False]


def test_near_duplicates_differ_in_articles_or_a_word_inside() -> None:
    texts = [
        "A cat is on a desk.",
        "The cat is on the desk.",
        "On the desk is a cat.",
        "There is a little cat that sits up on top of the very old desk.",
        "There is a little cat that sits up on top of the quite old desk.",
    ]
    assert near_duplicates(texts) == [(0, 1), (3, 4)]
    assert near_duplicates([]) == []
