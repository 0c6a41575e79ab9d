"""Scores are cosines of embeddings that are made once; what cannot be read is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.asking import VectorEncoder, broken_picture, picture_of, questions_of
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from naturel.builders.progress import SilentProgress
from naturel.evaluation.embeddings import EmbeddingCache
from naturel.evaluation.evaluating import count_ties
from naturel.evaluation.models.encoder import Embeddings
from naturel.evaluation.questions import Questions
from naturel.evaluation.scoring import UNREADABLE, Answers, EncoderScorer, answered, cosines, without_prior

VECTORS = {
    "red": (1.0, 0.0),
    "green": (0.0, 1.0),
    "blue": (0.6, 0.8),
    "it is 1": (1.0, 0.0),
    "it is 2": (0.8, 0.6),
}
COLOURS = ("red", "green", "blue")
SENTENCES = ("it is 1", "it is 2")
# Cosines of red, green and blue with the two sentences.
COSINES = [[1.0, 0.8], [0.0, 0.6], [0.6, 0.96]]


def three_by_two() -> Questions:
    """Each picture with both sentences."""
    pictures = [picture_of(colour) for colour in COLOURS]
    true = [[[True, False]], [[False, True]], [[False, True]]]
    return questions_of(pictures, SENTENCES, [[0], [1], [2]], [[0, 1]] * 3, true)


def score(questions: Questions, encoder: VectorEncoder | None = None, cache: Path | None = None) -> Answers:
    encoder = encoder or VectorEncoder(VECTORS)
    scorer = EncoderScorer(encoder, EmbeddingCache(encoder.digest, cache))
    try:
        return scorer.score(questions, SilentProgress())
    finally:
        scorer.close()


def test_a_score_is_the_cosine_of_picture_and_sentence() -> None:
    found = score(three_by_two())
    np.testing.assert_allclose(found.scores[:, 0], COSINES, atol=1e-6)
    assert found.left_out == {}


def test_a_prior_is_the_mean_score_with_the_other_pictures() -> None:
    # Sentence 1 with green and blue has (0 + .6) / 2 = .3, with red and blue .8, with red and green .5;
    # sentence 2 has .78, .88 and .7.
    expected = [[1 - 0.3, 0.8 - 0.78], [0 - 0.8, 0.6 - 0.88], [0.6 - 0.5, 0.96 - 0.7]]
    found = score(three_by_two())
    assert found.corrected is not None
    np.testing.assert_allclose(found.corrected[:, 0], expected, atol=1e-6)


def test_one_picture_has_no_others_and_no_prior() -> None:
    found = score(questions_of([picture_of("red")], SENTENCES, [[0]], [[0, 1]], [[[True, False]]]))
    assert found.corrected is None


def test_a_prior_is_of_the_pictures_asked_about_alone() -> None:
    whole = three_by_two()
    rows = slice(0, 2)
    part = replace(whole, images=whole.images[rows], texts=whole.texts[rows], true=whole.true[rows], facts={})
    encoder = VectorEncoder(VECTORS)
    found = score(part, encoder)
    assert found.corrected is not None
    np.testing.assert_allclose(found.corrected[:, 0], [[1 - 0, 0.8 - 0.6], [0 - 1, 0.6 - 0.8]], atol=1e-6)
    assert sorted(encoder.images) == ["green", "red"]


def test_all_pictures_and_sentences_of_a_question_are_scored() -> None:
    pictures = [picture_of(colour) for colour in COLOURS]
    both = questions_of(pictures, SENTENCES, [[2, 0]], [[1, 0]], [[[True, False], [False, True]]])
    np.testing.assert_allclose(score(both).scores, [[[0.96, 0.6], [0.8, 1.0]]], atol=1e-6)


def test_where_there_is_no_sentence_there_is_no_score() -> None:
    one = questions_of([picture_of("red"), picture_of("green")], SENTENCES, [[0], [1]], [[0, 1], [1, -1]],
                       [[[True, False]], [[True, False]]])  # fmt: skip
    found = score(one)
    np.testing.assert_allclose(found.scores[:, 0], [[1.0, 0.8], [0.6, np.nan]], atol=1e-6)
    assert answered(one, found).tolist() == [0, 1]


def test_each_picture_and_each_sentence_is_embedded_once() -> None:
    encoder = VectorEncoder(VECTORS)
    pictures = [picture_of("red"), picture_of("red", "the same file again"), picture_of("green")]
    questions = questions_of(pictures, SENTENCES, [[0], [1], [2], [0]], [[0, 1]] * 4, [[[True, False]]] * 4)
    found = score(questions, encoder)
    assert sorted(encoder.images) == ["green", "red"]
    assert sorted(encoder.texts) == sorted(SENTENCES)
    np.testing.assert_allclose(found.scores[[0, 1, 3], 0], [[1.0, 0.8]] * 3, atol=1e-6)


def test_a_second_run_embeds_nothing_and_scores_the_same(tmp_path: Path) -> None:
    first = score(three_by_two(), cache=tmp_path)
    again = VectorEncoder(VECTORS)
    second = score(three_by_two(), again, tmp_path)
    assert (again.images, again.texts) == ([], [])
    np.testing.assert_array_equal(first.scores, second.scores)


def test_a_run_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    class Stopped(VectorEncoder):
        batch_size = 2

        def encode_images(self, pictures: Sequence[Image.Image]) -> Embeddings:
            if self.images:
                raise KeyboardInterrupt
            return super().encode_images(pictures)

    with pytest.raises(KeyboardInterrupt):
        score(three_by_two(), Stopped(VECTORS), tmp_path)
    again = VectorEncoder(VECTORS)
    found = score(three_by_two(), again, tmp_path)
    assert again.images == ["blue"]
    np.testing.assert_allclose(found.scores[:, 0], COSINES, atol=1e-6)


def test_another_model_finds_nothing_of_the_first(tmp_path: Path) -> None:
    score(three_by_two(), cache=tmp_path)
    other = VectorEncoder(VECTORS, digest="2" * 64)
    score(three_by_two(), other, tmp_path)
    assert len(other.images) == 3


def test_a_part_of_a_picture_is_another_picture(tmp_path: Path) -> None:
    encoder = VectorEncoder(VECTORS)
    red = picture_of("red")
    part = replace(red, key="red, a part", crop=(0, 0, 2, 2))
    score(
        questions_of([red, part], SENTENCES, [[0], [1]], [[0, 1]] * 2, [[[True, False]]] * 2),
        encoder,
        tmp_path,
    )
    assert encoder.images == ["red", "red"]


def test_questions_with_an_unreadable_picture_are_left_out_and_counted(tmp_path: Path) -> None:
    pictures = [picture_of("red"), broken_picture(tmp_path), picture_of("green")]
    questions = questions_of(pictures, SENTENCES, [[0], [1], [2], [1]], [[0, 1]] * 4, [[[True, False]]] * 4)
    found = score(questions)
    assert found.left_out == {UNREADABLE: 2}
    assert answered(questions, found).tolist() == [0, 2]
    assert found.corrected is not None
    np.testing.assert_allclose(found.corrected[0, 0], [1 - 0, 0.8 - 0.6], atol=1e-6)


@pytest.mark.parametrize("crop", [(3, 3, 3, 8), (8, 8, 2, 2)])
def test_a_part_without_pixels_is_unreadable(crop: tuple[int, int, int, int]) -> None:
    pictures = [picture_of("red"), replace(picture_of("green"), crop=crop)]
    found = score(questions_of(pictures, SENTENCES, [[0], [1]], [[0, 1]] * 2, [[[True, False]]] * 2))
    assert found.left_out == {UNREADABLE: 1}


def test_a_file_that_is_gone_is_unreadable(tmp_path: Path) -> None:
    pictures = [replace(picture_of("red"), source=tmp_path / "gone.png")]
    found = score(questions_of(pictures, SENTENCES, [[0]], [[0, 1]], [[[True, False]]]))
    assert found.left_out == {UNREADABLE: 1}
    assert not np.isfinite(found.scores).any()


def test_more_pictures_than_wait_at_once_keep_their_order() -> None:
    colours = {f"c{chr(97 + number // 26)}{chr(97 + number % 26)}": number for number in range(150)}
    encoder = VectorEncoder(VECTORS)
    angles = np.linspace(0, 1, len(colours))

    def embed(pictures: list[object]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        numbers = [picture.getpixel((0, 0))[0] for picture in pictures]  # type: ignore[attr-defined]
        return np.stack([np.cos(angles[numbers]), np.sin(angles[numbers])], axis=1).astype(np.float32)

    encoder.encode_images = embed  # type: ignore[assignment, method-assign]
    pictures = [picture_of(f"#{number:02x}0000", name) for name, number in colours.items()]
    images = [[number] for number in reversed(range(len(pictures)))]
    questions = questions_of(pictures, SENTENCES, images, [[0, 1]] * 150, [[[True, False]]] * 150)
    np.testing.assert_allclose(score(questions, encoder).scores[:, 0, 0], np.cos(angles[::-1]), atol=1e-6)


def test_ties_that_decide_a_question_are_counted() -> None:
    pictures = [picture_of(colour) for colour in COLOURS]
    true = [[[True, False, False]]] * 3
    questions = questions_of(
        pictures, ("a", "b", "c"), [[0], [1], [2]], [[0, 1, 2], [0, 1, 2], [0, 1, -1]], true
    )
    scores = np.array([[[0.5, 0.5, 0.1]], [[0.5, 0.1, 0.1]], [[0.5, 0.1, np.nan]]])
    assert count_ties(questions, scores) == 1


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_priors_by_the_mean_embedding_are_those_of_all_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shown, captions, n, a, c = (int(rng.integers(low, 6)) for low in (2, 2, 1, 1, 1))
    a, c = min(a, shown), min(c, captions)
    images, texts = (rng.normal(size=(count, 3)).astype(np.float32) for count in (shown, captions))
    numbers = np.stack([rng.permutation(shown)[:a] for _ in range(n)])
    sentences = np.stack([rng.permutation(captions)[:c] for _ in range(n)])
    sentences[rng.random(sentences.shape) < 0.2] = -1
    questions = questions_of(
        [picture_of("red", str(number)) for number in range(shown)], [str(number) for number in range(captions)],
        numbers.tolist(), sentences.tolist(), np.zeros((n, a, c)),
    )  # fmt: skip
    scores = cosines(questions, images, texts)
    found = without_prior(questions, scores, images, texts)
    for row, place, option in np.ndindex(n, a, c):
        if sentences[row, option] < 0:
            assert np.isnan(scores[row, place, option])
            assert np.isnan(found[row, place, option])
            continue
        sentence = texts[sentences[row, option]]
        own = float(images[numbers[row, place]] @ sentence)
        others = [float(images[other] @ sentence) for other in range(shown) if other != numbers[row, place]]
        assert scores[row, place, option] == pytest.approx(own, abs=1e-5)
        assert found[row, place, option] == pytest.approx(own - sum(others) / len(others), abs=1e-5)
