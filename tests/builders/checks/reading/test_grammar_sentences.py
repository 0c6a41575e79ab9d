"""The reader on sentences whose claim is known by construction: the grammar's, for nouns of the whole table."""

from __future__ import annotations

import random

import pytest

from naturel.annotations.claims import Claim
from naturel.annotations.nouns import load_nouns
from naturel.annotations.relations import Symmetry, load_vocabulary
from naturel.builders.captions.grammar import Writer
from naturel.builders.captions.surface import Style
from naturel.builders.checks.check import Checked, Checker

CLAIMS = 300
Case = tuple[str, Claim, Style]


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """Six sentences each of random claims."""
    vocabulary, nouns = load_vocabulary(), load_nouns()
    writer = Writer(
        {relation.name: relation for relation in vocabulary}, list(nouns.nouns.values()), nouns.attributes
    )
    draw = random.Random(0)
    words = [noun.noun for noun in nouns.nouns.values()]
    relations = [relation.name for relation in vocabulary.usable if relation.name != "is"]
    found: list[Case] = []
    for _ in range(CLAIMS):
        claim = Claim(draw.choice(words), draw.choice(relations), draw.choice(words))
        sentences = writer.write(claim, 0)
        found += [(each.text, claim, each.style) for each in draw.sample(sentences, min(6, len(sentences)))]
    return found


def check(cases: list[Case]) -> list[Checked]:
    texts, claims, styles = zip(*cases, strict=True)
    return list(Checker().check(texts, claims, styles))


def test_nearly_all_pass(cases: list[Case]) -> None:
    outcomes = check(cases)
    failed = [
        (case[0], one.reading.reason) for case, one in zip(cases, outcomes, strict=True) if not one.passes
    ]
    assert len(failed) <= 0.005 * len(cases), failed


def test_none_states_the_swapped_claim(cases: list[Case]) -> None:
    vocabulary = load_vocabulary()
    swapped = [
        (text, claim.swapped(), style)
        for text, claim, style in cases
        if vocabulary[claim.relation].symmetry != Symmetry.SYMMETRIC and claim.subject != claim.object
    ]
    wrong = [
        case[0] for case, one in zip(swapped, check(swapped), strict=True) if one.reading.states == "yes"
    ]
    assert wrong == []


def test_none_states_an_excluded_relation(cases: list[Case]) -> None:
    vocabulary = load_vocabulary()
    other = [
        (text, Claim(claim.subject, excluded, claim.object), style)
        for text, claim, style in cases
        for excluded in vocabulary[claim.relation].excludes[:1]
    ]
    wrong = [case for case, one in zip(other, check(other), strict=True) if one.reading.states == "yes"]
    assert wrong == []
