"""A benchmark's questions in other words, and how right answers change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.asking import VectorEncoder, picture_of, questions_of

from naturel.annotations.errors import UserError
from naturel.evaluation.analysis.substitution import (
    ALL,
    RIGHT,
    read_substitutions,
    right,
    substitute,
    substitute_words,
    which_hold,
)
from naturel.evaluation.embeddings import EmbeddingCache
from naturel.evaluation.questions import Kind, Questions
from naturel.evaluation.scoring import EncoderScorer

WORDS = {"behind": "in the background of", "in front of": "in the foreground of"}
SENTENCES = ("a cup behind a box", "a cup in front of a box", "a cup on a box", "a cup under a box")
VECTORS = {
    "red": (1.0, 0.0),
    "green": (0.0, 1.0),
    # With red: behind wins, in front of loses. In other words, both are right.
    "a cup behind a box": (1.0, 0.0),
    "a cup in front of a box": (0.8, 0.6),
    "a cup in the background of a box": (1.0, 0.0),
    "a cup in the foreground of a box": (0.0, 1.0),
    "a cup on a box": (1.0, 0.0),
    "a cup under a box": (0.0, 1.0),
}


def questions(kind: Kind = Kind.CHOICE) -> Questions:
    """Red shows a cup behind the box, green in front of it, twice; the last question has none of the words."""
    true = [[[True, False]], [[False, True]], [[True, False]], [[True, False]]]
    texts = [[0, 1], [0, 1], [1, 0], [2, 3]]
    colours = [picture_of("red"), picture_of("green")]
    return questions_of(colours, SENTENCES, [[0], [1], [1], [0]], texts, true, kind=kind)


def scorer() -> EncoderScorer:
    encoder = VectorEncoder(VECTORS)
    return EncoderScorer(encoder, EmbeddingCache(encoder.digest, None))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A cat behind a box", "A cat in the background of a box"),
        ("Behind a box is a cat", "In the background of a box is a cat"),
        ("a cat in  front of a box", "a cat in the foreground of a box"),
        ("A cat in-front_of a box", "A cat in the foreground of a box"),
        ("behindhand, in front, infront of", "behindhand, in front, infront of"),
        ("in front of it, behind him", "in the foreground of it, in the background of him"),
    ],
)
def test_words_are_exchanged_whole(text: str, expected: str) -> None:
    assert substitute_words(text, WORDS) == expected


def test_each_place_is_exchanged_once_the_longest_first() -> None:
    words = {"on": "off", "off": "on", "on top of": "above"}
    assert substitute_words("on top of it, on or off", words) == "above it, off or on"


def test_questions_are_those_with_a_word_in_one_of_their_sentences() -> None:
    held = which_hold(questions(), {"on": "atop", "behind": "beyond"})
    assert held[ALL].tolist() == [True, True, True, True]
    assert held["on"].tolist() == [False, False, False, True]
    assert held["behind"].tolist() == [True, True, True, False]
    assert held["behind" + RIGHT].tolist() == [True, False, False, False]
    assert "on" + RIGHT not in held


def test_the_same_questions_are_asked_twice() -> None:
    # As they are: red 1 against .8, green 0 against .6 (twice): all three right. In other words: 1 against 0, 0
    # against 1: right as well. With "behind" for both, no sentence is better: a tie is wrong.
    found = substitute(scorer(), questions(), WORDS)
    words = [ALL, "behind", f"behind{RIGHT}", "in front of", f"in front of{RIGHT}"]
    assert [row.word for row in found] == words
    assert [row.before.count for row in found] == [3, 3, 1, 3, 2]
    assert (found[0].before.mean, found[0].after.mean, found[0].difference.mean) == (1, 1, 0)
    assert (found[0].model, found[0].benchmark, found[0].metric) == ("vectors", "small", "accuracy")
    same = substitute(scorer(), questions(), {"in front of": "behind"})
    assert (same[0].before.mean, same[0].after.mean, same[0].difference.mean) == (1, 0, -1)
    assert (same[0].difference.low, same[0].difference.high) == (-1, -1)


def test_the_difference_is_that_of_pairs() -> None:
    # With "under" for "behind", red has 0 against .8 and green 1 against .6: all three are wrong.
    found = substitute(scorer(), questions(), {"behind": "under"})
    assert found[0].difference.mean == -1
    mixed = substitute(scorer(), questions(), {"in front of": "under", "under": "behind"})
    # "under" is in the last question only, where its sentence becomes as right as the other: a tie.
    assert {row.word: (row.before.mean, row.after.mean) for row in mixed} == {
        ALL: (1, 0.75),
        "in front of": (1, 1),
        f"in front of{RIGHT}": (1, 1),
        "under": (1, 0),
    }
    assert mixed[0].difference.mean == -0.25
    # Drawn with their pictures (red -1 of 2, green 0 of 2) it is -.5, -.25 or 0, one in four for the ends.
    assert (mixed[0].difference.low, mixed[0].difference.high) == (-0.5, 0)


def test_judgements_and_questions_without_the_words_are_not_asked() -> None:
    assert substitute(scorer(), questions(), {"beneath": "under"}) == []
    assert substitute(scorer(), questions(Kind.JUDGEMENT), WORDS) == []


def test_what_is_right_of_groups_and_hard_positives() -> None:
    colours = [picture_of("red"), picture_of("green")]
    group = questions_of(colours, SENTENCES, [[0, 1]], [[0, 1]], [[[1, 0], [0, 1]]], kind=Kind.GROUP)
    assert right(group, np.array([[[0.9, 0.1], [0.2, 0.8]]])).tolist() == [True]
    assert right(group, np.array([[[0.9, 0.1], [0.9, 0.8]]])).tolist() == [False]
    hard = questions_of(
        colours, SENTENCES, [[0]] * 2, [[0, 1, 2]] * 2, [[[1, 1, 0]]] * 2, kind=Kind.HARD_POSITIVE
    )
    assert right(hard, np.array([[[0.9, 0.8, 0.7]], [[0.9, 0.6, 0.7]]])).tolist() == [True, False]


def test_words_are_given_on_the_command_line_in_a_file_or_not_at_all(tmp_path: Path) -> None:
    assert read_substitutions([], None) == WORDS
    assert read_substitutions(["Left  of = west of"], None) == {"left of": "west of"}
    path = tmp_path / "words.yaml"
    path.write_text("on: atop\n")
    assert read_substitutions(["under=beneath"], path) == {"under": "beneath", "on": "atop"}


@pytest.mark.parametrize(
    ("given", "content", "told"),
    [
        (["behind"], None, "--swap behind: write it as"),
        (["on=atop", "On=over"], None, "On: given twice"),
        ([], "- on\n- under\n", "write a line a word"),
        ([], "on: 3\n", "write a line a word"),
        ([], "on: [\n", "cannot be read as YAML"),
        ([], "under: a\nunder: b\n", "under given twice"),
    ],
)
def test_slips_in_words_are_told(tmp_path: Path, given: list[str], content: str | None, told: str) -> None:
    path = None
    if content is not None:
        path = tmp_path / "words.yaml"
        path.write_text(content)
    with pytest.raises(UserError, match=told):
        read_substitutions(given, path)
