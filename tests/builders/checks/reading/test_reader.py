"""What sentences state. Expected answers are those of a careful reader of English."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naturel.annotations.claims import Claim
from naturel.builders.checks.reading.reader import Reader

SENTENCES = Path(__file__).parent / "sentences"


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def states(reader: Reader, claim: tuple[str, str, str], sentence: str) -> str:
    return reader.read([sentence], [Claim(*claim)])[0].states


CAT = ("cat", "on", "desk")
GUITAR = ("man", "holds", "guitar")


@pytest.mark.parametrize(
    ("claim", "sentence"),
    [
        (CAT, "cat on desk"),
        (CAT, "The cat is on the desk."),
        (CAT, "Atop the desk, sits the cat."),
        (CAT, "There is a desk with a kitten on it."),
        (CAT, "The desk that the cat is sleeping on."),
        (CAT, "A desk on which a cat lies."),
        (CAT, "The desk supports the cat."),
        (CAT, "What sits on the desk is a cat."),
        (CAT, "It is the cat that is on the desk."),
        (CAT, "A cat can be seen on the desk."),
        (CAT, "In this photo, a small cat naps peacefully on the old wooden desk."),
        (CAT, "The desk has a cat on it."),
        (CAT, "Behold a cat on the desk."),
        (CAT, "Behold, the cat that is on the desk."),
        (GUITAR, "A guitar is being held by a man."),
        (GUITAR, "What the man holds is a guitar."),
        (GUITAR, "A man with a guitar in his hands."),
        (GUITAR, "In the man's hands is a guitar."),
        (GUITAR, "It is a guitar that the man is gripping."),
        (("mobile phone", "holds", "woman"), "This is the woman that the mobile phone holds."),
        (("horse", "left_of", "tree"), "A horse on the left and a tree on the right."),
        (("horse", "left_of", "tree"), "The tree has a horse to its left."),
        (("horse", "left_of", "tree"), "The tree is to the right of the horse."),
        (("horse", "left_of", "tree"), "The horse stands on the tree's left side."),
        (("lamp", "above", "sofa"), "Below the lamp is a sofa."),
        (("woman", "wears", "hat"), "A woman in a hat."),
        (("woman", "wears", "hat"), "A hat is worn by a woman."),
        (("woman", "wears", "hat"), "The woman has a hat on."),
        (("dog", "hug", "woman"), "The dog gives the woman a hug."),
        (("man", "ride", "horse"), "The horse's rider is a man."),
        (("man", "handshake", "woman"), "The woman and the man are shaking hands."),
        (("milk", "inside_of", "cup"), "A cup filled with milk."),
        (("milk", "inside_of", "cup"), "The cup contains milk."),
        (("table", "is", "wooden"), "A table made of wood."),
        (("chopsticks", "is", "plastic"), "There are plastic chopsticks."),
        (("person", "is", "standing"), "The boy who stands."),
        (("lantern", "hang", "tree"), "From the tree hangs a lantern."),
    ],
)
def test_yes(reader: Reader, claim: tuple[str, str, str], sentence: str) -> None:
    assert states(reader, claim, sentence) == "yes"


@pytest.mark.parametrize(
    ("claim", "sentence"),
    [
        (CAT, "desk on cat"),
        (CAT, "The desk is on the cat."),
        (CAT, "There is a cat with a desk on it."),
        (CAT, "The cat supports the desk."),
        (CAT, "The cat is under the desk."),
        (CAT, "The dog is on the desk."),
        (CAT, "The cat is on the chair."),
        (CAT, "The cat is not on the desk."),
        (CAT, "There is no cat on the desk."),
        (CAT, "The cat is on the desk or under it."),
        (CAT, "The cat may be on the desk."),
        (CAT, "A cat and a dog are on the desk."),
        (CAT, "The cat is on the desk beside a lamp."),
        (CAT, "A cat is sitting."),
        (CAT, "Is the cat on the desk?"),
        (CAT, "An animal is on the desk."),
        (CAT, "The cat's toy is on the desk."),
        (CAT, "The cat is on the desk and under it."),
        (CAT, ""),
        (GUITAR, "The guitar holds the man."),
        (GUITAR, "A man is being held by a guitar."),
        (GUITAR, "What holds the man is a guitar."),
        (GUITAR, "The man plays the guitar."),
        (GUITAR, "The man without a guitar holds his head."),
        (("horse", "left_of", "tree"), "A tree on the left and a horse on the right."),
        (("horse", "left_of", "tree"), "The horse has a tree to its left."),
        (("horse", "left_of", "tree"), "The horse is to the right of the tree."),
        (("man", "ride", "horse"), "The man's rider is a horse."),
        (("table", "is", "wooden"), "A plastic table."),
        (("person", "is", "standing"), "The boy who sits."),
        (("dog", "hug", "woman"), "The woman gives the dog a hug."),
    ],
)
def test_no(reader: Reader, claim: tuple[str, str, str], sentence: str) -> None:
    assert states(reader, claim, sentence) == "no"


def test_what_cannot_be_parsed_is_unsure(reader: Reader) -> None:
    assert states(reader, CAT, "The cat glorbs the desk mightily at ease, whatever that desk.") in (
        "unsure",
        "no",
    )
    assert states(reader, GUITAR, "The man flumps the guitar.") == "unsure"


def test_the_claim_found_is_named(reader: Reader) -> None:
    reading = reader.read(["The desk is on the cat."], [Claim(*CAT)])[0]
    assert Claim("desk", "on", "cat") in reading.found
    assert "on" in reading.reason


def test_a_denial_is_named(reader: Reader) -> None:
    found = reader.read(["The cat is not on the desk.", "Perhaps a cat is on the desk."], [Claim(*CAT)] * 2)
    assert [reading.problem for reading in found] == ["negation", "hedge"]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80))
def test_any_text_has_an_answer_and_nonsense_is_never_yes(text: str) -> None:
    answer = states(Reader(), CAT, text)
    assert answer in ("no", "unsure")


def rates(reader: Reader, name: str) -> Counter[tuple[str, str]]:
    rows = [json.loads(line) for line in (SENTENCES / name).read_text("utf-8").splitlines()]
    claims = []
    for row in rows:
        relation = reader.book.named(row["relation"])
        assert relation, row
        claims.append(Claim(row["subject"], relation, row["object"]))
    readings = reader.read([row["sentence"] for row in rows], claims)
    return Counter((row["states"], str(reading.states)) for row, reading in zip(rows, readings, strict=True))


@pytest.mark.parametrize("name", ["known.jsonl", "unseen.jsonl"])
def test_sentences_of_independent_authors(reader: Reader, name: str) -> None:
    """The aims: of a hundred answers at most 1 wrong yes, 3 wrong no and 10 unsure."""
    found = rates(reader, name)
    total = sum(found.values())
    assert found["no", "yes"] <= 0.01 * total
    assert found["yes", "no"] <= 0.03 * total
    assert sum(count for (_, answer), count in found.items() if answer == "unsure") <= 0.10 * total
