"""Models that do not look: what they must and cannot find, told by theory."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from helpers.asking import picture_of, questions_of

from naturel.annotations.errors import UserError
from naturel.builders.progress import SilentProgress
from naturel.evaluation.evaluating import count_ties
from naturel.evaluation.measuring import measure
from naturel.evaluation.models.blind import MODELS, open_blind
from naturel.evaluation.questions import Kind, Picture, Questions

SUGARCREPE = Path(__file__).parents[3].parent / "shared" / "data" / "benchmarks" / "sugarcrepe"
NOUNS = ("cat", "dog", "cup", "ball", "lamp", "book", "hat", "car", "tree", "shoe")
OF_SENTENCES = [name for name in MODELS if name != "random"]


def figures(questions: Questions, name: str, seed: int = 0) -> dict[str, float]:
    found = open_blind(f"blind:{name}", seed).score(questions, SilentProgress())
    assert found.scores.shape == questions.true.shape
    return {one.metric: one.value for one in measure(questions, found.scores, resamples=2) if not one.facet}


def with_a_tell() -> Questions:
    """A hundred pairs: the false sentence says "really", the true one does not."""
    pairs = [(first, second) for first in NOUNS for second in NOUNS]
    captions = [text for a, b in pairs for text in (f"the {a} sees a {b}", f"the {a} sees really a {b}")]
    count = len(pairs)
    texts = [[2 * number, 2 * number + 1] for number in range(count)]
    return questions_of([picture_of("red")], captions, [[0]] * count, texts, [[[True, False]]] * count)


def each_true_once() -> Questions:
    """Forty-five pairs of sentences, each pair asked of two pictures: either sentence is true of one."""
    pairs = [(first, second) for place, first in enumerate(NOUNS) for second in NOUNS[place + 1 :]]
    captions = [text for a, b in pairs for text in (f"the {a} is on the {b}", f"the {b} is lying on the {a}")]
    count = len(pairs)
    texts = [[2 * number, 2 * number + 1] for number in range(count) for _ in range(2)]
    true = [[[True, False]], [[False, True]]] * count
    pictures = [picture_of("red", str(number)) for number in range(2 * count)]
    return questions_of(pictures, captions, [[number] for number in range(2 * count)], texts, true)


def groups(count: int) -> Questions:
    pictures = [Picture(str(number), b"") for number in range(2 * count)]
    captions = [f"sentence {number}" for number in range(2 * count)]
    numbers = [[2 * number, 2 * number + 1] for number in range(count)]
    true = [[[True, False], [False, True]]] * count
    return questions_of(pictures, captions, numbers, numbers, true, kind=Kind.GROUP)


@pytest.mark.parametrize("name", ["naive-bayes", "word-regression", "character-regression", "shorter"])
def test_a_tell_is_found(name: str) -> None:
    assert figures(with_a_tell(), name) == {"accuracy": 1.0}


def test_longer_is_wrong_where_shorter_is_right() -> None:
    assert figures(with_a_tell(), "longer") == {"accuracy": 0.0}


@pytest.mark.parametrize("name", ["longer", "shorter", "frequency"])
def test_where_each_sentence_is_true_once_a_fixed_score_is_right_half_the_time(name: str) -> None:
    assert figures(each_true_once(), name) == {"accuracy": 0.5}


def test_where_each_sentence_is_true_as_often_as_false_there_is_nothing_to_learn() -> None:
    # All words are seen as often in true sentences as in false ones: all log ratios are 0, and ties are wrong.
    assert figures(each_true_once(), "naive-bayes") == {"accuracy": 0.0}


@pytest.mark.parametrize("name", OF_SENTENCES)
def test_no_group_can_be_told_by_its_sentences(name: str) -> None:
    assert figures(groups(10), name) == {"text": 0.0, "image": 0.0, "group": 0.0}


def test_random_scores_reach_chance() -> None:
    count = 4000
    found = figures(groups(count), "random")
    for metric, chance in (("text", 1 / 4), ("image", 1 / 4), ("group", 1 / 6)):
        assert abs(found[metric] - chance) < 4 * np.sqrt(chance * (1 - chance) / count), metric


def test_the_seed_shapes_random_scores_and_nothing_else_does() -> None:
    questions = groups(50)
    scores = [
        open_blind("blind:random", seed).score(questions, SilentProgress()).scores for seed in (0, 0, 1)
    ]
    np.testing.assert_array_equal(scores[0], scores[1])
    assert (scores[0] != scores[2]).all()


def test_a_sentence_that_is_not_there_has_no_score() -> None:
    texts = [[0, 1], [0, -1]]
    questions = questions_of([picture_of("red")], ["a", "b c"], [[0], [0]], texts, [[[True, False]]] * 2)
    for name in MODELS:
        scores = open_blind(f"blind:{name}").score(questions, SilentProgress()).scores
        assert np.isnan(scores[1, 0, 1]), name
        assert np.isfinite(scores[:, 0, 0]).all(), name


def test_an_unknown_model_is_told_with_those_that_there_are() -> None:
    with pytest.raises(UserError, match="blind:random, blind:longer"):
        open_blind("blind:deaf")


@pytest.mark.parametrize(("part", "published"), [("swap_obj", 0.59), ("swap_att", 0.64), ("add_att", 0.91)])
def test_sugarcrepe_is_told_by_its_text_as_often_as_is_known(part: str, published: float) -> None:
    path = SUGARCREPE / f"{part}.json"
    if not path.is_file():
        pytest.skip("SugarCrepe's files are not part of this repository")
    rows = json.loads(path.read_text(encoding="utf-8")).values()
    captions = list(dict.fromkeys(row[name] for row in rows for name in ("caption", "negative_caption")))
    numbers = {caption: number for number, caption in enumerate(captions)}
    texts = [[numbers[row["caption"]], numbers[row["negative_caption"]]] for row in rows]
    count = len(texts)
    questions = questions_of([picture_of("red")], captions, [[0]] * count, texts, [[[True, False]]] * count)
    scores = open_blind("blind:naive-bayes").score(questions, SilentProgress()).scores
    accuracy = measure(questions, scores, resamples=2)[0].value
    # What is known counts a tie as half a hit.
    assert accuracy + count_ties(questions, scores) / count / 2 == pytest.approx(published, abs=0.03)
