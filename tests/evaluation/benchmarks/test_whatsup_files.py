"""What's "up" A and B: four options, pairs and sets from the photos' names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.benchmark_files import asked, facts, photo, write_json

from naturel.annotations.errors import UserError
from naturel.evaluation.benchmarks.opening import open_benchmarks
from naturel.evaluation.measuring import measure

A = ("left_of", "right_of", "on", "under")
B = ("left_of", "right_of", "in-front_of", "behind")


def write(folder: Path, part: str, prepositions: tuple[str, ...], things: list[str]) -> None:
    """A file with a photo of each preposition of each two things, named `cup table`."""
    name = {"a": "controlled_images", "b": "controlled_clevr"}[part]
    rows = []
    for pair in things:
        one, other = pair.split()
        for preposition in prepositions:
            image = f"{name}/{one}_{preposition}_{other}.jpeg"
            photo(folder / image)
            others = [each for each in prepositions if each != preposition]
            options = [f"A {one} {each} a {other}" for each in (preposition, *others)]
            rows.append({"image_path": f"data/{image}", "caption_options": options})
    write_json(folder / f"{name}_dataset.json", rows)


def test_a_and_b(tmp_path: Path) -> None:
    write(tmp_path, "a", A, ["cup table", "beer-bottle chair"])
    write(tmp_path, "b", B, ["cup knife"])
    first, second = open_benchmarks(["whatsup"], tmp_path)
    assert (first.benchmark, second.benchmark) == ("whatsup/a", "whatsup/b")
    assert asked(first)[2] == (
        ["controlled_images/cup_on_table.jpeg"],
        ["A cup on a table", "A cup left_of a table", "A cup right_of a table", "A cup under a table"],
        [[True, False, False, False]],
    )
    assert facts(first, "relation") == [*A, *A]
    assert facts(first, "set") == ["cup table"] * 4 + ["beer-bottle chair"] * 4
    assert facts(first, "pair")[:4] == ["cup table horizontal"] * 2 + ["cup table vertical"] * 2
    assert facts(second, "pair") == ["cup knife horizontal"] * 2 + ["cup knife depth"] * 2


def test_pairs_and_sets_with_missing_photos_are_not_counted(tmp_path: Path) -> None:
    write(tmp_path, "a", A, ["cup table", "dog chair"])
    (tmp_path / "controlled_images" / "cup_on_table.jpeg").unlink()
    (found,) = open_benchmarks(["whatsup/a"], tmp_path)
    assert found.left_out == {"photo is missing": 1}
    assert facts(found, "pair") == ["cup table horizontal"] * 2 + [None] + [
        *["dog chair horizontal"] * 2,
        *["dog chair vertical"] * 2,
    ]
    assert facts(found, "set") == [None] * 3 + ["dog chair"] * 4
    scores = np.tile([[1.0, 0.0, 0.0, 0.0]], (7, 1, 1))
    scores[0] = 0.0  # cup left_of table
    values = {each.metric: (each.value, each.count) for each in measure(found, scores) if not each.facet}
    assert values == {
        "accuracy": (6 / 7, 7),
        "macro accuracy": (pytest.approx((0.5 + 1 + 1 + 1) / 4), 4),
        "pair accuracy": (pytest.approx(2 / 3), 3),
        "set accuracy": (1.0, 1),
    }


def test_bad_rows_and_a_missing_file(tmp_path: Path) -> None:
    write(tmp_path, "a", A, ["cup table"])
    photo(tmp_path / "controlled_images" / "cup.jpeg")
    rows = [
        {"image_path": "data/controlled_images/cup_on_table.jpeg", "caption_options": ["a", "b", "c", "d"]},
        {"image_path": "data/controlled_images/cup_on_table.jpeg", "caption_options": ["a", "b"]},
        {"image_path": "data/controlled_images/cup.jpeg", "caption_options": ["a", "b", "c", "d"]},
        {"image_path": "data/../cup_on_table.jpeg", "caption_options": ["a", "b", "c", "d"]},
        {"image_path": 3, "caption_options": ["a", "b", "c", "d"]},
    ]
    write_json(tmp_path / "controlled_images_dataset.json", rows)
    found = open_benchmarks(["whatsup"], tmp_path)
    assert [questions.benchmark for questions in found] == ["whatsup/a"]
    assert len(found[0]) == 1
    assert found[0].left_out == {
        "bad row: caption_options are not 4": 1,
        "bad row: the photo's name does not tell two things and their preposition": 1,
        "bad row: the photo's name is missing, or leads out of its folder": 2,
    }
    assert "controlled_clevr_dataset.json is missing" in found[0].notes[0]
    with pytest.raises(UserError, match=r"controlled_clevr_dataset\.json is missing"):
        open_benchmarks(["whatsup/b"], tmp_path)
