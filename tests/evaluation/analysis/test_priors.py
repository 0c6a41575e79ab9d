"""What a model likes to read: similarity to pictures that captions do not belong to, worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.asking import VectorEncoder, broken_picture, picture_of, questions_of

from naturel.annotations.errors import UserError
from naturel.evaluation.analysis.caption_options import Options, options_of, read_options
from naturel.evaluation.analysis.priors import find_pictures, measure_priors, see
from naturel.evaluation.analysis.priors_report import plot_priors, to_markdown
from naturel.evaluation.questions import Kind

ON, UNDER, LEFT = "a cup on a box", "a cup under a box", "a cup to the left of a box"
VECTORS = {
    "red": (1.0, 0.0),
    "blue": (0.6, 0.8),
    ON: (1.0, 0.0),
    UNDER: (0.0, 1.0),
    LEFT: (0.6, 0.8),
}
# The mean of red and blue is (.8, .4): on has .8, under .4, left .48 + .32 = .8.
PICTURES = [picture_of("red"), picture_of("blue")]


def options(*rows: tuple[int, ...], right: tuple[int, ...] | None = None) -> Options:
    texts = np.array(rows)
    true = None if right is None else np.arange(texts.shape[1]) == np.array(right)[:, None]
    return Options("small", (ON, UNDER, LEFT), texts, true, np.arange(len(rows)))


def test_similarity_is_the_mean_cosine_with_all_pictures() -> None:
    encoder = VectorEncoder(VECTORS)
    found = measure_priors(encoder, options((0, 1, 2)), see(encoder, PICTURES))
    np.testing.assert_allclose(found.similarity, [0.8, 0.4, 0.8], atol=1e-6)
    assert (found.pictures, found.accuracy, found.chance) == (2, None, None)
    # The mean of the question is 2/3.
    means = {name: figure.mean for name, figure in found.prepositions.items()}
    assert means == {
        "on": pytest.approx(0.8 - 2 / 3),
        "left of": pytest.approx(0.8 - 2 / 3),
        "under": pytest.approx(0.4 - 2 / 3),
    }
    assert list(means)[-1] == "under"


def test_the_prior_answers_questions_alone() -> None:
    # On beats under: right, wrong, right. The interval is one of three questions.
    encoder = VectorEncoder(VECTORS)
    asked = options((0, 1, -1), (1, 0, -1), (2, 1, -1), right=(0, 0, 0))
    found = measure_priors(encoder, asked, see(encoder, PICTURES))
    assert found.accuracy is not None
    assert found.accuracy.mean == pytest.approx(2 / 3)
    assert found.chance == pytest.approx(1 / 2)
    assert found.prepositions["on"].mean == pytest.approx(0.2)
    assert found.prepositions["on"].count == 2
    assert found.prepositions["under"].mean == pytest.approx(-0.2)
    content = found.to_dict()
    assert [entry["caption"] for entry in content["captions"]][-1] == UNDER


def test_pictures_that_cannot_be_read_are_left_out(tmp_path: Path) -> None:
    encoder = VectorEncoder(VECTORS)
    unrelated = see(encoder, [*PICTURES, broken_picture(tmp_path)])
    assert unrelated.count == 2
    np.testing.assert_allclose(unrelated.mean, [0.8, 0.4], atol=1e-6)
    with pytest.raises(UserError, match="none of the pictures can be read"):
        see(encoder, [broken_picture(tmp_path)])


def test_a_benchmark_of_choices_has_options() -> None:
    true = [[[False, True]]]
    found = options_of(questions_of(PICTURES, (ON, UNDER), [[0]], [[0, 1]], true))
    assert found is not None
    assert found.true is not None
    assert found.true.tolist() == [[False, True]]
    group = questions_of(PICTURES, (ON, UNDER), [[0, 1]], [[0, 1]], [[[1, 0], [0, 1]]], kind=Kind.GROUP)
    assert options_of(group) is None


def test_options_of_files(tmp_path: Path) -> None:
    text = tmp_path / "captions.txt"
    text.write_text(f"{ON}\n\n{UNDER}\n")
    found = read_options(text)
    assert (found.captions, found.texts.tolist(), found.true) == ((ON, UNDER), [[0, 1]], None)
    lines = tmp_path / "captions.jsonl"
    lines.write_text(
        f'{{"captions": ["{ON}", "{UNDER}"], "label": 1}}\n{{"captions": ["a", "{ON}", "b"], "label": 0}}\n'
    )
    found = read_options(lines)
    assert found.texts.tolist() == [[0, 1, -1], [2, 0, 3]]
    assert found.true is not None
    assert found.true.tolist() == [[False, True, False], [True, False, False]]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "has no captions"),
        ("no\n", r"line 1: .* Write \{\"captions\""),
        ('{"captions": ["a"]}\n', "line 1: give two or more captions"),
        ('{"captions": ["a", "b"], "label": 2}\n', "line 1: give two or more captions, and a label from 0"),
        ('{"captions": ["a", "b"], "label": 1}\n{"captions": ["a", "b"]}\n', "some lines have a label"),
    ],
)
def test_slips_in_files_of_options_are_told(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "captions.jsonl"
    path.write_text(content)
    with pytest.raises(UserError, match=told):
        read_options(path)


def test_pictures_are_chosen_by_hash(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("a.png", "b.JPG", "sub/c.webp", "d.txt"):
        (tmp_path / name).write_bytes(b"")
    assert [picture.key for picture in find_pictures(tmp_path, 9, 0)] == ["a.png", "b.JPG", "sub/c.webp"]
    assert len(find_pictures(tmp_path, 2, 0)) == 2
    with pytest.raises(UserError, match="there are no pictures"):
        find_pictures(tmp_path / "none", 2, 0)


def test_the_report_names_what_is_liked(tmp_path: Path) -> None:
    encoder = VectorEncoder(VECTORS)
    asked = options((0, 1, -1), (1, 0, -1), right=(0, 0))
    found = measure_priors(encoder, asked, see(encoder, PICTURES))
    page = to_markdown([found])
    assert "picks the right caption of 2 questions in 0.500" in page
    assert "| on | +0.200 (+0.200 to +0.200) | 2 |" in page
    assert page.index(ON) < page.index(UNDER)
    plot_priors([found], tmp_path / "priors.png")
    assert (tmp_path / "priors.png").stat().st_size > 1000
