"""Cosines of opposite sentences, of encoders whose cosines are known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from helpers.word_encoders import BagOfWords, Knowing

from naturel.annotations.errors import UserError
from naturel.annotations.nouns import load_nouns
from naturel.annotations.relations import load_vocabulary
from naturel.evaluation.analysis.contrasts import (
    Contrast,
    default_nouns,
    draw_pairs,
    find_contrasts,
    read_nouns,
    say,
)
from naturel.evaluation.analysis.probe import MARGIN, Probed, Reference, probe, to_dict
from naturel.evaluation.analysis.probe_report import plot_probe, to_markdown

PAIRS = [("a cat", "a dog"), ("a cup", "a box"), ("a fork", "a kite")]
BARE = ("{a} {r} {b}",)


def contrast(name: str) -> Contrast:
    return next(one for one in find_contrasts(load_vocabulary()) if one.name == name)


def sides(encoder: BagOfWords) -> Probed:
    return probe(encoder, [contrast("left of / right of")], PAIRS, templates=BARE)


def test_to_a_bag_of_words_opposite_and_converse_are_alike() -> None:
    # "a cat to the left of a dog": a twice and six words once, 4 + 6 = 10. Right for left leaves 9 of them, other
    # nouns 8, and another order all.
    (found,) = sides(BagOfWords()).figures().values()
    means = {name: round(figure.mean, 6) for name, figure in found.items()}
    expected = {
        Reference.OPPOSITE: 0.9,
        Reference.SWAPPED: 1.0,
        Reference.CONVERSE: 0.9,
        Reference.OTHER_NOUNS: 0.8,
        MARGIN: 0.0,
    }
    assert means == expected
    opposite = found[Reference.OPPOSITE]
    assert opposite.count == 3
    assert opposite.low == pytest.approx(0.9)
    assert opposite.high == pytest.approx(0.9)
    assert opposite.spread == pytest.approx(0, abs=1e-6)


def test_an_encoder_that_knows_the_words_has_a_margin() -> None:
    (found,) = sides(Knowing()).figures().values()
    means = {name: figure.mean for name, figure in found.items()}
    expected = {
        Reference.OPPOSITE: 0,
        Reference.SWAPPED: 0,
        Reference.CONVERSE: 1,
        Reference.OTHER_NOUNS: 0,
        MARGIN: 1,
    }
    assert means == expected


def test_cosines_are_means_over_templates() -> None:
    # "a photo of a cat to the left of a dog": a three times, of twice, photo, cat, to, the, left, dog, 9 + 4 + 6.
    templates = ("{a} {r} {b}", "a photo of {a} {r} {b}")
    found = probe(BagOfWords(), [contrast("left of / right of")], PAIRS, templates=templates)
    opposite = found.cosines["left of / right of"][Reference.OPPOSITE]
    np.testing.assert_allclose(opposite, [(0.9 + 18 / 19) / 2] * 3, rtol=1e-6)


def test_synonyms_are_compared_where_there_are_some() -> None:
    # "a cat under a dog" is 4 + 3 = 7; underneath for under leaves 6.
    found = probe(BagOfWords(), [contrast("under / over")], PAIRS, templates=BARE).figures()
    assert found["under / over"][Reference.SYNONYM].mean == pytest.approx(6 / 7)


def test_models_are_compared_by_noun_pair() -> None:
    first, second = sides(BagOfWords()), sides(Knowing())
    less = second.less(first)["left of / right of"]
    assert less[Reference.OPPOSITE].mean == pytest.approx(-0.9)
    assert less[MARGIN].mean == pytest.approx(1)
    assert less[MARGIN].low == pytest.approx(1)
    assert less[MARGIN].high == pytest.approx(1)
    content = json.loads(json.dumps(to_dict([first, second])))
    assert content["models"][0]["contrasts"]["left of / right of"]["opposite"]["mean"] == pytest.approx(0.9)
    assert content["differences"][0]["to"] == "bag of words"
    assert "| left of / right of | -0.900 (-0.900 to -0.900)" in to_markdown([first, second], BARE)


def test_the_plot_is_the_same_in_every_run(tmp_path: Path) -> None:
    found = [sides(BagOfWords()), sides(Knowing())]
    for name in ("one.png", "two.png"):
        plot_probe(found, tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    assert not list(tmp_path.glob("*.partial"))


def test_contrasts_come_from_the_vocabulary() -> None:
    vocabulary = load_vocabulary()
    found = {one.name: one for one in find_contrasts(vocabulary)}
    for name in (
        "left of / right of",
        "above / below",
        "on / under",
        "inside of / outside",
        "in front of / behind",
        "near / far from",
    ):
        assert name in found
    for one in found.values():
        assert (one.opposite, False) in vocabulary.ruled_out(one.relation)
    assert found["left of / right of"].said == "to the left of"
    assert found["left of / right of"].converse
    assert not found["inside of / outside"].converse
    assert found["near / far from"].symmetric
    assert len({frozenset((one.relation, one.opposite)) for one in found.values()}) == len(found)


def test_sentences_are_said_with_articles() -> None:
    assert say("{a} {r} {b}", "on", ("a cat", "an oven")) == "a cat on an oven"
    assert say("{the_a} is {r} {the_b}", "on", ("a cat", "an oven")) == "the cat is on the oven"


def test_noun_pairs_do_not_depend_on_the_order_of_the_nouns() -> None:
    nouns = default_nouns(load_nouns())
    pairs = draw_pairs(nouns, 50, seed=3)
    assert pairs == draw_pairs(nouns[::-1], 50, seed=3)
    assert pairs != draw_pairs(nouns, 50, seed=4)
    assert len(set(pairs)) == 50
    assert all(a != b for a, b in pairs)
    assert len(draw_pairs(["a cat", "a dog"], 50, seed=0)) == 2


def test_nouns_of_a_file_get_their_articles(tmp_path: Path) -> None:
    path = tmp_path / "nouns.txt"
    path.write_text("cat\numbrella\n\nthe moon\ncat\nmilk\n")
    assert read_nouns(path, load_nouns()) == ["a cat", "an umbrella", "the moon", "milk"]
    path.write_text("cat\n")
    with pytest.raises(UserError, match=r"nouns\.txt has 1 nouns"):
        read_nouns(path, load_nouns())
