"""The phrase book: what a phrase may say, and how names are resolved."""

from __future__ import annotations

from pathlib import Path

import pytest

from naturel.annotations.relations import load_vocabulary
from naturel.builders.checks.reading.wordings import (
    NO_PHRASE,
    Wordings,
    WordingsError,
    load_wordings,
    make_book,
    phrase_book,
    split,
)


@pytest.mark.parametrize(
    ("text", "relation"),
    [
        ("on", "on"),
        ("inside_of", "inside_of"),
        ("inside of", "inside_of"),
        ("to the left of", "left_of"),
        ("wears", "wears"),
        ("wearing", "wears"),
        ("Wears", "wears"),
        ("in-front-of", "in_front_of"),
        ("underneath", "under"),
        ("beneath", "under"),
        ("shakes hands with", "handshake"),
        ("hangs from", "hang"),
        ("strum", "plays"),
        ("rides", "ride"),
        ("at the left side of", "left_of"),
    ],
)
def test_a_relation_is_found_by_name_or_phrase(text: str, relation: str) -> None:
    assert phrase_book().named(text) == relation


@pytest.mark.parametrize("text", ["", "  ", "flabbergasts", "on the brink of"])
def test_an_unknown_relation_is_none(text: str) -> None:
    assert phrase_book().named(text) is None


def test_every_usable_relation_can_be_read() -> None:
    book = phrase_book()
    readable = {
        sense.relation
        for phrases in book.by_first.values()
        for phrase in phrases
        for sense in phrase.senses
        if not sense.close
    }
    wanted = {relation.name for relation in load_vocabulary().usable} - {"is"}
    assert wanted <= readable


def test_the_longest_phrase_wins_and_adverbs_may_stand_inside() -> None:
    book = phrase_book()
    words = split("sits quite happily on top of the desk")
    loose = [word in ("quite", "happily") for word in words]
    found = book.match(words, 0, loose)
    assert found is not None
    phrase, end = found
    assert phrase.tokens == ("sit", "on", "top", "of") or phrase.tokens == ("sits", "on", "top", "of")
    assert words[end] == "the"
    assert "sits_on_top_of" in {sense.relation for sense in phrase.senses if not sense.close}


def test_a_posture_with_a_preposition_says_the_preposition_too() -> None:
    words = split("stands in front of the house")
    found = phrase_book().match(words, 0, [False] * len(words))
    assert found is not None
    assert "in_front_of" in {sense.relation for sense in found[0].senses if not sense.close}


def test_words_are_cut_as_the_parser_cuts_them() -> None:
    assert split("High-five the man's dog, don't!") == (
        "high", "-", "five", "the", "man", "'s", "dog", ",", "do", "n't", "!",
    )  # fmt: skip
    assert NO_PHRASE.tokens == ()


def test_faults_are_named_with_their_field(tmp_path: Path) -> None:
    bad = tmp_path / "wordings.yaml"
    bad.write_text("relations:\n  on: {prepositions: upon, verb: [sit]}\n", encoding="utf-8")
    with pytest.raises(WordingsError) as caught:
        load_wordings(bad)
    text = str(caught.value)
    assert "relations.on.prepositions" in text
    assert "relations.on.verb" in text
    assert "posture" in text


def test_a_wording_of_no_relation_is_a_fault() -> None:
    good = load_wordings()
    extra = Wordings.model_validate(
        {**good.model_dump(), "relations": {"flies_over": {"verbs": ["fly over"]}}}
    )
    with pytest.raises(WordingsError, match="flies_over"):
        make_book(load_vocabulary(), extra)
