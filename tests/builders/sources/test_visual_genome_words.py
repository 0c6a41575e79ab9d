"""What Visual Genome's free-text names and predicates mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naturel.annotations.nouns import load_nouns
from naturel.annotations.relations import load_vocabulary
from naturel.annotations.words import load_words
from naturel.builders.sources.visual_genome_names import (
    NO_LETTERS,
    NO_NAME,
    TOO_LONG,
    UNKNOWN,
    NameReader,
    clean,
)
from naturel.builders.sources.visual_genome_predicates import PredicateReader
from naturel.builders.sources.visual_genome_words import load_free_text_words

WORDS = load_free_text_words()
NAMES = NameReader(load_nouns(), load_words(), WORDS, {"auto": "car"})
PREDICATES = PredicateReader(load_vocabulary(), WORDS)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Tree", "Tree"),
        ("  the  street light ", "Street light"),
        ("streetlight", "Street light"),
        ("sofa", "Couch"),
        ("a red car", "Car"),
        ("small brown table", "Table"),
        ("man's hand", "Human hand"),
        ("auto", "Car"),
        ("hot dog", "Hot dog"),
        ("skier", "skier"),
        ("grass", "grass"),
        ("table leg", "table leg"),
        ("tshirt", "t-shirt"),
        ("bat", "bat"),
        ("jeans", "Jeans"),
        ("pants", "Trousers"),
        ("bus", "Bus"),
    ],
)
def test_one_thing(name: str, label: str) -> None:
    meaning = NAMES.read(name)
    assert (meaning.label, meaning.several_of, meaning.reason) == (label, "", "")


@pytest.mark.parametrize(
    ("name", "label", "one"),
    [
        ("trees", "trees", "Tree"),
        ("tall green trees", "trees", "Tree"),
        ("people", "people", "Person"),
        ("women", "women", "Woman"),
        ("bikes", "bikes", "Bicycle"),
        ("signs", "signs", "sign"),
        ("leaves", "leaves", "leaf"),
        ("teeth", "teeth", "tooth"),
        ("bookshelves", "bookshelves", "Bookcase"),
        ("skis", "skis", "Ski"),
    ],
)
def test_several_things_are_their_own_label(name: str, label: str, one: str) -> None:
    meaning = NAMES.read(name)
    assert (meaning.label, meaning.several_of) == (label, one)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", NO_NAME),
        (" the ", UNKNOWN),
        ("...", NO_NAME),
        ("2", NO_LETTERS),
        ("no. 12", NO_LETTERS),
        ("b", UNKNOWN),
        ("white", UNKNOWN),
        ("skiing", UNKNOWN),
        ("lkeg", UNKNOWN),
        ("man's", UNKNOWN),
        ("people standing in line", TOO_LONG),
        ("side of road", UNKNOWN),
        ("汽车", NO_LETTERS),
    ],
)
def test_what_no_caption_can_say(name: str, reason: str) -> None:
    assert NAMES.read(name).reason == reason
    assert NAMES.read(name).label == ""


def test_of_several_names_the_first_that_the_table_knows() -> None:
    assert NAMES.meaning(["skier", "man"]).label == "Man"
    assert NAMES.meaning(["lkeg", "skier"]).label == "skier"
    assert NAMES.meaning(["12", "lkeg"]).reason == NO_LETTERS
    assert NAMES.meaning([]).reason == NO_NAME


@given(st.text(max_size=40))
def test_every_name_has_a_label_that_can_be_said_or_a_reason(name: str) -> None:
    meaning = NAMES.read(name)
    assert bool(meaning.label) != bool(meaning.reason)
    assert not meaning.label or load_nouns().noun_for(meaning.label).noun.strip()


@given(st.text(max_size=40))
def test_cleaning_again_changes_no_blank_or_case(name: str) -> None:
    assert clean(name) == " ".join(clean(name).split())


@pytest.mark.parametrize(
    ("predicate", "relation", "phrase"),
    [
        ("ON", "on", None),
        ("are on the", "on", None),
        ("sitting on top of", "sits_on_top_of", None),
        ("standing on top of", "on_top_of", "standing on top of"),
        ("parked on the", "parked_on", None),
        ("sleeping on", "on", "sleeping on"),
        ("riding on", "on", "riding on"),
        ("is flying over", "over", "flying over"),
        ("walking next to a", "next_to", "walking next to"),
        ("Standing In-Front_of", "in_front_of", "standing in front of"),
        ("sitting to the left of", "left_of", "sitting to left of"),
        ("beneath", "under", None),
        ("on the back of", "on_the_back_of", None),
        ("on side of", "on_the_side_of", None),
        ("being pulled by", "pulled_by", None),
        ("has", "has", None),
    ],
)
def test_predicates(predicate: str, relation: str, phrase: str | None) -> None:
    meaning = PREDICATES.read(predicate)
    assert meaning is not None
    assert (meaning.relation, meaning.phrase, meaning.swapped) == (relation, phrase, False)


@pytest.mark.parametrize(
    ("predicate", "relation"),
    [("worn by", "wears"), ("is being held by a", "holds"), ("ridden by", "ride"), ("carried by", "carries")],
)
def test_passives_are_meant_the_other_way_round(predicate: str, relation: str) -> None:
    meaning = PREDICATES.read(predicate)
    assert meaning is not None
    assert (meaning.relation, meaning.swapped, meaning.phrase) == (relation, True, None)


@pytest.mark.parametrize(
    "predicate",
    [
        "not on",
        "isn't on",
        "next to on",
        "almost under",
        "on the edge of",
        "on the bottom of",
        "in the middle of",
        "printed on",
        "looking out",
        "stepping off",
        "walking towards",
        "made of",
        "about to hit by",
        "",
        "the",
        "汽车",
    ],
)
def test_no_meaning_rather_than_a_wrong_one(predicate: str) -> None:
    assert PREDICATES.read(predicate) is None


def test_every_name_of_the_vocabulary_is_read_as_its_relation() -> None:
    for relation in load_vocabulary():
        for name in relation.sources.get("visual_genome", ()):
            meaning = PREDICATES.read(name)
            assert meaning is not None, name
            assert meaning.relation == relation.name, name


def test_every_attribute_word_is_of_a_label_that_we_have() -> None:
    assert set(WORDS.attributes) <= set(load_nouns().attributes)
