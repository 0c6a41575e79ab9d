"""The words of a claim, as prompts need them."""

from __future__ import annotations

import pytest

from naturel.annotations.claims import Claim
from naturel.annotations.nouns import NounTable, load_nouns
from naturel.annotations.relations import Vocabulary, load_vocabulary
from naturel.builders.captions.claim_words import claim_words
from naturel.builders.prompts_cli import read_claim
from naturel.prompts.words import ClaimWords


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return load_vocabulary()


@pytest.fixture(scope="module")
def nouns() -> NounTable:
    return load_nouns()


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (
            "Cat,on,Desk",
            ClaimWords("a cat is on a desk", "a cat", "on", "a desk", place=True),
        ),
        (
            "man,holding,guitar",
            ClaimWords(
                "a man is holding a guitar",
                "a man",
                "holding",
                "a guitar",
                verb=True,
                passive="is being held by",
            ),
        ),
        (
            "jeans,under,milk",
            ClaimWords(
                "jeans are under milk",
                "jeans",
                "under",
                "milk",
                subject_number="plural",  # type: ignore[arg-type]
                object_number="mass",  # type: ignore[arg-type]
                paraphrases=("underneath", "beneath"),
                inverse="milk is over jeans",
                place=True,
            ),
        ),
        (
            "tree,left of,apple",
            ClaimWords(
                "a tree is to the left of an apple",
                "a tree",
                "to the left of",
                "an apple",
                inverse="an apple is to the right of a tree",
                view="left_right",  # type: ignore[arg-type]
                place=True,
            ),
        ),
        (
            "man,hugs,man",
            ClaimWords(
                "a man is hugging another man",
                "a man",
                "hugging",
                "another man",
                verb=True,
                passive="is being hugged by",
                twins=True,
            ),
        ),
        ("Table,is,wooden", ClaimWords("a table is made of wood", "a table", "made of wood")),
    ],
)
def test_claims_are_put_into_words(
    claim: str, expected: ClaimWords, vocabulary: Vocabulary, nouns: NounTable
) -> None:
    words = claim_words(read_claim(claim, vocabulary, nouns), vocabulary, nouns)
    same = {**vars(words), "subject_synonyms": (), "object_synonyms": ()}
    assert same == vars(expected)


def test_every_relation_can_be_put_into_words(vocabulary: Vocabulary, nouns: NounTable) -> None:
    for relation in vocabulary:
        if relation.name == "is":
            continue
        for pair in ("man,{},bicycle", "bicycle,{},man", "man,{},man", "jeans,{},milk"):
            claim = read_claim(pair.format(relation.name), vocabulary, nouns)
            words = claim_words(claim, vocabulary, nouns)
            assert claim.relation == relation.name
            assert words.statement.startswith(words.subject)
            assert words.statement.endswith(words.object)


@pytest.mark.parametrize("said", ["wooden", "Wooden", "(made of)Leather", "leather"])
def test_attributes_are_known_by_label_and_adjective(
    said: str, vocabulary: Vocabulary, nouns: NounTable
) -> None:
    words = claim_words(Claim("table", "is", said), vocabulary, nouns)
    assert words.relation in ("made of wood", "made of leather")


@pytest.mark.parametrize("claim", [Claim("table", "is", "velvety"), Claim("cat", "bamboozles", "desk")])
def test_what_the_tables_do_not_have_is_a_lookup_error(
    claim: Claim, vocabulary: Vocabulary, nouns: NounTable
) -> None:
    with pytest.raises(LookupError):
        claim_words(claim, vocabulary, nouns)
