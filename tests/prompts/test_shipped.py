"""The prompts that come with the package: their examples against the grammar, their size, their claims."""

from __future__ import annotations

import re
from typing import Any

import pytest

from naturel.annotations.nouns import NounTable, load_nouns
from naturel.annotations.relations import Vocabulary, load_vocabulary
from naturel.builders.captions.grammar import CONSTRUCTIONS, Writer
from naturel.builders.prompts_cli import read_claim
from naturel.prompts.parts import Example, PromptKind
from naturel.prompts.prompt import Prompt, list_prompts, load_prompt
from naturel.prompts.words import ClaimWords

SHIPPED = list_prompts()
CAPTIONERS = [prompt for prompt in SHIPPED if prompt.kind is PromptKind.CAPTIONS]
NOT_THE_GRAMMARS = {"other_words", "behold", "here", "headline"}
FORBIDDEN = re.compile(
    r"\b(not|no|never|without|instead|maybe|perhaps|seems?|might|as if|\w+n't)\b|\?", re.IGNORECASE
)
by_name = pytest.mark.parametrize("prompt", CAPTIONERS, ids=lambda prompt: prompt.name)


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return load_vocabulary()


@pytest.fixture(scope="module")
def nouns() -> NounTable:
    return load_nouns()


def bare(phrase: str) -> str:
    return re.sub(r"^(a|an|another) ", "", phrase)


def captions(example: Example) -> list[dict[str, Any]]:
    assert isinstance(example.answer, dict)
    return list(example.answer["captions"])


def places(text: str, words: tuple[str, ...]) -> int:
    """Where the first of the words stands; -1: nowhere."""
    found = [match.start() for word in words if (match := re.search(rf"\b{re.escape(word)}\b", text))]
    return min(found, default=-1)


def test_what_is_shipped() -> None:
    assert [prompt.name for prompt in SHIPPED] == ["hard-positives-v1", "judge-v1", "naturel-v1", "vivid-v1"]
    assert load_prompt("naturel").name == "naturel-v1"


@by_name
def test_examples_name_both_things_and_nothing_forbidden(prompt: Prompt) -> None:
    for example in prompt.examples:
        claim = example.claim
        for caption in captions(example):
            assert caption["text"][0].isupper(), caption
            assert caption["text"].endswith("."), caption
            text = caption["text"].lower()
            assert not FORBIDDEN.search(text), text
            assert places(text, (bare(claim.subject), *claim.subject_synonyms)) >= 0 or not claim.object, text
            assert places(text, (bare(claim.object), *claim.object_synonyms)) >= 0, text
            said = [claim.relation, *claim.paraphrases, claim.passive.removeprefix("is "), claim.inverse]
            if claim.verb:
                said.append(re.sub("ing$", "s", claim.relation))
            if caption["construction"] == "inverse":
                said = [re.sub(rf"^{claim.object} (is|are) | {claim.subject}$", "", claim.inverse)]
            assert places(text, tuple(words for words in said if words)) >= 0, text


@by_name
def test_constructions_mean_what_the_grammar_means(
    prompt: Prompt, vocabulary: Vocabulary, nouns: NounTable
) -> None:
    names = {style.construction for style in prompt.styles}
    assert names - NOT_THE_GRAMMARS <= set(CONSTRUCTIONS)
    writer = Writer({relation.name: relation for relation in vocabulary}, nouns.nouns.values())
    compared = 0
    for example in prompt.examples:
        claim = example.claim
        if not claim.object:
            continue
        s, o = bare(claim.subject), bare(claim.object)
        triplet = read_claim(f"{s},{claim.relation},{o}", vocabulary, nouns)
        singular = {"trees": "tree", "flowers": "flower"}
        subject, thing = (nouns.noun_for(singular.get(noun, noun)) for noun in (s, o))
        writer._nouns |= {subject.noun: subject, thing.noun: thing}
        found = {each.construction: each.text.lower() for each in writer.write(triplet)}
        for caption in captions(example):
            if caption["construction"] not in found:
                continue
            grammar, ours = found[caption["construction"]], caption["text"].lower()
            first = places(grammar, (triplet.subject,)) < places(grammar, (triplet.object,))
            ours_first = places(ours, (s,)) < places(ours, (o, *claim.object_synonyms))
            assert first == ours_first, (grammar, ours)
            compared += 1
    assert compared >= 12


@by_name
def test_absurd_claims_are_among_the_examples(prompt: Prompt) -> None:
    stated = [example.claim.statement for example in prompt.examples]
    assert "a desk is on a cat" in stated
    assert any(statement.startswith("a guitar is ") and statement.endswith(" a man") for statement in stated)


@by_name
def test_there_is_a_style_for_every_claim(prompt: Prompt) -> None:
    for words in (
        ClaimWords("a table is wooden", "a table", "wooden"),
        ClaimWords("a cat is on a desk", "a cat", "on", "a desk", place=True),
        ClaimWords("a man is hugging another man", "a man", "hugging", "another man", verb=True, twins=True),
    ):
        assert prompt.styles_for(words)
        assert prompt.render(words)[-1].content.count(words.statement) >= 2


@pytest.mark.parametrize("prompt", SHIPPED, ids=lambda prompt: prompt.name)
def test_prompt_and_answer_fit_into_4096_tokens(prompt: Prompt) -> None:
    words = ClaimWords("a cat is on a desk", "a cat", "on", "a desk", place=True)
    messages = prompt.render(words, sentence="A cat is on a desk." if prompt.kind == "judge" else "")
    # A token of English has 4 characters; of JSON, 3.
    assert sum(len(message.content) for message in messages) / 3 + prompt.sampling.max_tokens < 4096


def test_the_judges_examples_are_balanced_and_differ_in_one_thing() -> None:
    prompt = load_prompt("judge")
    answers: dict[str, list[str]] = {}
    for example in prompt.examples:
        answers.setdefault(example.claim.statement, []).append(str(example.answer))
    assert all(sorted(each) == ["no", "yes"] for each in answers.values())
    row = [example.answer for example in prompt.examples]
    assert all(row[i : i + 4] != row[i + 4 : i + 8] for i in range(len(row) - 7))
    assert (prompt.sampling.max_tokens, prompt.sampling.temperature) == (1, 0)
    assert prompt.sampling.top_logprobs > 0
