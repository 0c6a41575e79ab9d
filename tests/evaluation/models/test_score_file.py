"""Files of scores: what is asked for is what is read, and what is wrong with a file is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq
import pytest
from helpers.asking import picture_of, questions_of
from PIL import Image

from naturel.annotations.errors import UserError
from naturel.builders.progress import SilentProgress
from naturel.evaluation.models.score_file import NO_SCORE, ScoreFile, read_scores, write_requests
from naturel.evaluation.questions import Picture, Questions
from naturel.evaluation.scoring import answered

SENTENCES = ("on", "under, and not on", 'it is "beside"\nand so on')


def three() -> Questions:
    """Three questions of two pictures, the last two with a pair in common: five different pairs."""
    pictures = [picture_of("red"), picture_of("green")]
    texts = [[0, 1, -1], [1, 0, 2], [2, -1, -1]]
    return questions_of(pictures, SENTENCES, [[0], [1], [1]], texts, [[[True, False, False]]] * 3)


def requests(questions: Questions, path: Path) -> pa.Table:
    write_requests([questions], path, SilentProgress())
    if path.suffix == ".parquet":
        return pq.read_table(path)
    return pc_csv.read_csv(path, parse_options=pc_csv.ParseOptions(newlines_in_values=True))


def score(scorer: ScoreFile) -> tuple[list[list[float]], dict[str, int]]:
    found = scorer.score(three(), SilentProgress())
    return found.scores[:, 0].tolist(), dict(found.left_out)


def test_each_pair_is_asked_for_once(tmp_path: Path) -> None:
    table = requests(three(), tmp_path / "requests.parquet")
    pairs = list(zip(table["picture"].to_pylist(), table["caption"].to_pylist(), strict=True))
    assert pairs == [
        ("red", "on"), ("red", "under, and not on"),
        ("green", "under, and not on"), ("green", "on"), ("green", SENTENCES[2]),
    ]  # fmt: skip
    assert set(table["benchmark"].to_pylist()) == {"small"}
    assert len(set(table["id"].to_pylist())) == 5


def test_pictures_within_releases_become_files(tmp_path: Path) -> None:
    table = requests(three(), tmp_path / "requests.parquet")
    colours = []
    for path in table["path"].to_pylist():
        with Image.open(path) as image:
            colours.append(image.convert("RGB").getpixel((0, 0)))
    assert colours == [(255, 0, 0)] * 2 + [(0, 128, 0)] * 3
    assert len(list((tmp_path / "requests_pictures").iterdir())) == 2


def test_files_and_the_parts_shown_are_named(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(b"")
    questions = questions_of([Picture("p", path, (1, 2, 3, 4))], ["on"], [[0]], [[0]], [[[True]]])
    row = requests(questions, tmp_path / "r.parquet").to_pylist()[0]
    assert (row["path"], row["crop"]) == (str(path), [1, 2, 3, 4])
    assert requests(questions, tmp_path / "r.csv")["crop"].to_pylist() == ["1 2 3 4"]
    assert not (tmp_path / "r_pictures").exists()


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_scores_come_back_to_their_pairs(tmp_path: Path, ending: str) -> None:
    table = requests(three(), tmp_path / f"r.{ending}")
    scored = table.append_column("score", pa.array([0.1, 0.2, 0.3, 0.4, 0.5])).take([4, 2, 0, 1, 3])
    path = tmp_path / f"My model.{ending}"
    pq.write_table(scored, path) if ending == "parquet" else pc_csv.write_csv(scored, path)
    [scorer] = read_scores(path)
    assert scorer.name == "My model"
    scores, left_out = score(scorer)
    np.testing.assert_equal(scores, [[0.1, 0.2, np.nan], [0.3, 0.4, 0.5], [0.5, np.nan, np.nan]])
    assert left_out == {}


def test_scores_of_groups_come_back_to_picture_and_sentence(tmp_path: Path) -> None:
    pictures = [picture_of("red"), picture_of("green")]
    group = questions_of(pictures, ["one", "two"], [[1, 0]], [[1, 0]], [[[True, False], [False, True]]])
    table = requests(group, tmp_path / "r.parquet")
    numbers = {("red", "one"): 1.0, ("red", "two"): 2.0, ("green", "one"): 3.0, ("green", "two"): 4.0}
    pairs = zip(table["picture"].to_pylist(), table["caption"].to_pylist(), strict=True)
    scored = table.append_column("score", pa.array([numbers[pair] for pair in pairs]))
    pq.write_table(scored, tmp_path / "s.parquet")
    [scorer] = read_scores(tmp_path / "s.parquet")
    assert scorer.score(group, SilentProgress()).scores.tolist() == [[[4.0, 3.0], [2.0, 1.0]]]


def test_a_file_may_hold_the_scores_of_several_models(tmp_path: Path) -> None:
    ids = requests(three(), tmp_path / "r.parquet")["id"].to_pylist()
    rows = {"id": ids * 2, "score": [*range(5), *range(5, 10)], "model": ["one"] * 5 + ["two"] * 5}
    pq.write_table(pa.table(rows), tmp_path / "s.parquet")
    one, two = read_scores(tmp_path / "s.parquet")
    assert (one.name, two.name) == ("one", "two")
    assert score(one)[0][1] == [2, 3, 4]
    assert score(two)[0][1] == [7, 8, 9]


@pytest.mark.parametrize("missing", [None, float("nan"), float("inf")])
def test_questions_without_a_score_are_left_out_and_counted(tmp_path: Path, missing: float | None) -> None:
    ids = requests(three(), tmp_path / "r.parquet")["id"].to_pylist()
    pq.write_table(pa.table({"id": ids, "score": [1.0, 2.0, 3.0, missing, 5.0]}), tmp_path / "s.parquet")
    [scorer] = read_scores(tmp_path / "s.parquet")
    found = scorer.score(three(), SilentProgress())
    assert answered(three(), found).tolist() == [0, 2]
    assert found.left_out == {NO_SCORE: 1}


def test_rows_that_are_missing_are_counted_and_others_are_of_no_matter(tmp_path: Path) -> None:
    ids = requests(three(), tmp_path / "r.parquet")["id"].to_pylist()
    rows = {"id": [*ids[:4], "of another benchmark"], "score": [1.0, 2.0, 3.0, 4.0, 5.0]}
    pq.write_table(pa.table(rows), tmp_path / "s.parquet")
    [scorer] = read_scores(tmp_path / "s.parquet")
    assert scorer.score(three(), SilentProgress()).left_out == {NO_SCORE: 2}


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"id": ["a"]}, "no column score"),
        ({"score": [1.0]}, "no column id"),
        ({"id": ["a", "a"], "score": [1.0, 2.0]}, "more than once .* such as a"),
        ({"id": ["a", None], "score": [1.0, 2.0]}, "1 rows .* have no id"),
        ({"id": ["a"], "score": ["high"]}, "not all numbers"),
        ({"id": ["a"], "score": [float("nan")]}, "no score that is a number"),
        ({"id": pa.array([], pa.string()), "score": pa.array([], pa.float64())}, "holds no row"),
    ],
)
def test_what_is_wrong_with_a_file_is_told(tmp_path: Path, columns: dict[str, object], told: str) -> None:
    pq.write_table(pa.table(columns), tmp_path / "s.parquet")
    with pytest.raises(UserError, match=told):
        read_scores(tmp_path / "s.parquet")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"id,id,score\na,b,1\n", "has the column id twice"),
        (b"id,score\na,high\n", "not all numbers"),
        (b"id,score\na,1,2\n", "cannot be read"),
        (b"id,score\n\xff,1\n", "cannot be read"),
        (b"id;score\na;1\n", "no column id, score"),
        (b"", "cannot be read"),
    ],
)
def test_what_is_wrong_with_a_csv_file_is_told(tmp_path: Path, text: bytes, told: str) -> None:
    (tmp_path / "s.csv").write_bytes(text)
    with pytest.raises(UserError, match=told):
        read_scores(tmp_path / "s.csv")


def test_other_files_are_no_scores(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="neither Parquet nor CSV"):
        read_scores(tmp_path / "scores.json")
    with pytest.raises(UserError, match="cannot be read"):
        read_scores(tmp_path / "scores.parquet")
    (tmp_path / "scores.parquet").write_bytes(b"not Parquet at all")
    with pytest.raises(UserError, match="cannot be read"):
        read_scores(tmp_path / "scores.parquet")
