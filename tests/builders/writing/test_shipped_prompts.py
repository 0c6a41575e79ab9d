"""What the shipped prompts show as right answers passes the checks that a model's answers must pass."""

from __future__ import annotations

import re

import pytest

from naturel.annotations.claims import Claim
from naturel.annotations.nouns import load_nouns
from naturel.annotations.relations import load_vocabulary
from naturel.builders.checks.check import Checker
from naturel.builders.prompts_cli import read_claim
from naturel.prompts.parts import PromptKind
from naturel.prompts.prompt import list_prompts
from naturel.prompts.words import ClaimWords

PROMPTS = [prompt.name for prompt in list_prompts() if prompt.kind is PromptKind.CAPTIONS]


def claim_of(words: ClaimWords) -> Claim:
    if not words.object:
        return Claim("bag", "is", "(made of)Leather")
    subject, object_ = (re.sub(r"^an? ", "", phrase) for phrase in (words.subject, words.object))
    return read_claim(f"{subject},{words.relation},{object_}", load_vocabulary(), load_nouns())


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker()


@pytest.mark.parametrize("name", PROMPTS)
def test_examples_pass_the_checks(name: str, checker: Checker) -> None:
    (prompt,) = [prompt for prompt in list_prompts() if prompt.name == name]
    failed = []
    for example in prompt.examples:
        assert isinstance(example.answer, dict)
        texts = [caption["text"] for caption in example.answer["captions"]]
        claims = [claim_of(example.claim)] * len(texts)
        outcomes = checker.check(texts, claims, ["complex"] * len(texts))
        failed += [text for text, outcome in zip(texts, outcomes, strict=True) if not outcome.passes]
    assert failed == []
