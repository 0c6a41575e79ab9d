"""Results as files, tables and plots."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from naturel.annotations.errors import UserError
from naturel.evaluation.measures import Measure
from naturel.evaluation.output import write_results
from naturel.evaluation.results import Results, Run, from_json, join, read_results
from naturel.evaluation.tables import labels_of, left_out_lines, markdown, primary_rows
from naturel.evaluation.terminal import show_results

CLIP, TUNED = "openai/clip", "runs/a|b/clip"
PRIOR = "prior-corrected accuracy"


def small() -> Results:
    """Two models on two benchmarks; the second answered fewer questions."""

    def of(model: str, accuracy: float, count: int) -> list[Measure]:
        low, high = accuracy - 0.05, accuracy + 0.1
        whole = Measure("up/a", "accuracy", accuracy, low, high, count, 0.25, model=model)
        return [
            whole,
            replace(whole, metric="pair accuracy", chance=0.0625, count=2),
            replace(whole, metric=PRIOR, value=0.9),
            replace(whole, facet="relation", slice="on", count=3),
            replace(whole, facet="relation", slice="left_of", count=7),
            replace(whole, benchmark="hard", metric="brittleness", chance=None, count=1200),
            replace(whole, benchmark="hard", metric="AugAcc", chance=1 / 3, count=1200),
        ]

    runs = [
        Run(CLIP, "up/a", "choice", 10, {"photo is missing": 4}, 1.5),
        Run(CLIP, "hard", "hard_positive", 1200, {}, 2.0),
        Run(TUNED, "up/a", "choice", 8, {"photo is missing": 4, "no score": 2}, 1.0),
        Run(TUNED, "hard", "hard_positive", 1200, {}, 2.0),
    ]
    return Results(
        measures=(*of(CLIP, 0.5, 10), *of(TUNED, 0.6, 8)),
        runs=tuple(runs),
        models={CLIP: "c" * 64, TUNED: ""},
        notes={"up/a": ("4 photos are published at https://example.org.",)},
        settings={"seed": 3, "resamples": 100},
    )


MARKDOWN = """\
# Results

In percent; ± is half the 95 % interval. ↓: less is better. chance: what random scores reach. n: what the figures \
are shares of. Intervals are those of a bootstrap (100 resamples, seed 3).

| benchmark | metric | n | chance | openai/clip | a\\|b/clip |
| --- | --- | ---: | ---: | ---: | ---: |
| up/a | accuracy | 8 to 10 | 25.0 | 50.0 ±7.5 | 60.0 ±7.5 |
| up/a | pair accuracy | 2 | 6.2 | 50.0 ±7.5 | 60.0 ±7.5 |
| hard | brittleness ↓ | 1,200 | - | 50.0 ±7.5 | 60.0 ±7.5 |
| hard | AugAcc | 1,200 | 33.3 | 50.0 ±7.5 | 60.0 ±7.5 |

## Without the sentences' priors

Of each score, the mean score of its sentence with the benchmark's other pictures is taken away.

| benchmark | metric | n | chance | openai/clip | a\\|b/clip |
| --- | --- | ---: | ---: | ---: | ---: |
| up/a | accuracy | 8 to 10 | 25.0 | 90.0 ±7.5 | 90.0 ±7.5 |

## up/a, accuracy by relation

| relation | n | chance | openai/clip | a\\|b/clip |
| --- | ---: | ---: | ---: | ---: |
| left_of | 7 | 25.0 | 50.0 ±7.5 | 60.0 ±7.5 |
| on | 3 | 25.0 | 50.0 ±7.5 | 60.0 ±7.5 |

## Left out

- up/a: 4 left out: photo is missing
- up/a: left out: no score: 2 by runs/a\\|b/clip

## Notes

- up/a: 4 photos are published at https://example.org.

## Models

- openai/clip: `openai/clip`, digest cccccccccccccccc
- a\\|b/clip: `runs/a|b/clip`
"""

TERMINAL = """\
benchmark  metric               n  chance  openai/clip   a|b/clip
up/a       accuracy       8 to 10    25.0    50.0 ±7.5  60.0 ±7.5
up/a       pair accuracy        2     6.2    50.0 ±7.5  60.0 ±7.5
hard       brittleness ↓    1,200       -    50.0 ±7.5  60.0 ±7.5
hard       AugAcc           1,200    33.3    50.0 ±7.5  60.0 ±7.5
In percent; ± is half the 95 % interval. ↓: less is better.
up/a: 4 left out: photo is missing
up/a: left out: no score: 2 by runs/a|b/clip
up/a: 4 photos are published at https://example.org.
"""


def test_the_tables_in_markdown() -> None:
    assert markdown(small()) == MARKDOWN


def test_the_table_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    show_results(small(), pipe=True)
    assert capsys.readouterr().out == TERMINAL


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (["openai/clip"], ["clip"]),
        (["a/x/final", "b/x/final", "openai/clip"], ["a/x/final", "b/x/final", "clip"]),
        (["a/x", "x"], ["a/x", "x"]),
        (
            ["open_clip:ViT-B-32/a", "blind:random", "/my/run/"],
            ["open_clip:ViT-B-32/a", "blind:random", "run"],
        ),
    ],
)
def test_names_are_as_short_as_tells_them_apart(names: list[str], labels: list[str]) -> None:
    assert labels_of(names) == labels


def test_one_metric_stands_for_a_benchmark() -> None:
    assert [(row.benchmark, row.metric) for row in primary_rows(small())] == [
        ("up/a", "accuracy"),
        ("hard", "AugAcc"),
    ]


def test_the_macro_average_without_symmetric_relations_stands_for_aro() -> None:
    names = ("accuracy", "macro accuracy", "macro accuracy, without symmetric")
    measures = [Measure("aro/vg_relation", name, 0.5, 0.4, 0.6, 9, model="m") for name in names]
    results = replace(small(), models={"m": ""}, measures=tuple(measures))
    assert [row.metric for row in primary_rows(results)] == ["macro accuracy, without symmetric"]


def test_a_benchmark_without_questions_is_told() -> None:
    empty = Results((), (Run(CLIP, "up/a", "choice", 0, {"photo is missing": 4}, 0.0),), {CLIP: ""})
    assert left_out_lines(empty) == ["up/a: 4 left out: photo is missing", "up/a: no question could be asked"]
    assert "| up/a |" not in markdown(empty)


def test_ties_of_models_that_look_are_told() -> None:
    runs = [Run(model, "up/a", "choice", 9, {}, 0.0, ties=4) for model in (CLIP, "blind:longer")]
    told = Results((), tuple(runs), {CLIP: "", "blind:longer": ""})
    assert left_out_lines(told) == [f"up/a: 4 of 9 questions are ties: {CLIP}"]


def test_results_come_back_from_their_file(tmp_path: Path) -> None:
    write_results(small(), tmp_path / "out")
    assert read_results(tmp_path / "out" / "results.json") == small()


def test_every_figure_is_a_row_of_the_csv(tmp_path: Path) -> None:
    write_results(small(), tmp_path)
    with (tmp_path / "measures.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(small().measures)
    assert rows[0] == {
        "model": CLIP, "benchmark": "up/a", "metric": "accuracy", "value": "0.5", "low": "0.45", "high": "0.6",
        "count": "10", "chance": "0.25", "facet": "", "slice": "",
    }  # fmt: skip
    assert rows[5]["chance"] == ""


def test_plots_are_pictures_and_the_same_each_time(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        assert write_results(small(), tmp_path / folder) == []
    names = sorted(path.name for path in (tmp_path / "one" / "plots").iterdir())
    assert names == ["benchmarks.png", "benchmarks.svg", "up_a_relation.png", "up_a_relation.svg"]
    for name in names:
        first, second = ((tmp_path / folder / "plots" / name).read_bytes() for folder in ("one", "two"))
        assert first == second, name
    with Image.open(tmp_path / "one" / "plots" / "benchmarks.png") as image:
        assert image.width == 1200
    svg = (tmp_path / "one" / "plots" / "up_a_relation.svg").read_text()
    for text in ("up/a: accuracy by relation", "left of (n=7)", "on (n=3)", "openai/clip", "chance"):
        assert f">{text}</text>" in svg


def test_without_matplotlib_all_but_the_plots_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    [missing] = write_results(small(), tmp_path)
    assert (
        missing
        == "no plots: a plot needs the package matplotlib. Install it with: pip install 'naturel[train]'"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["measures.csv", "results.json", "results.md"]


def test_earlier_results_are_joined_and_the_later_figure_counts() -> None:
    first = small()
    again = replace(
        first,
        measures=tuple(replace(one, value=0.8) for one in first.measures if one.model == TUNED),
        runs=tuple(run for run in first.runs if run.model == TUNED),
        models={TUNED: "d"},
    )
    both = join([first, again])
    assert both.of(CLIP, "up/a", "accuracy").value == 0.5
    assert both.of(TUNED, "up/a", "accuracy").value == 0.8
    assert len(both.measures) == len(first.measures)
    assert dict(both.models) == {CLIP: "c" * 64, TUNED: "d"}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ([], "holds no results"),
        ({"format": "naturel results", "version": 2}, "version 2"),
        ({"format": "naturel results", "version": 1, "measures": [{}]}, "is damaged"),
    ],
)
def test_other_files_are_no_results(value: object, told: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=told):
        from_json(value)
    path = tmp_path / "results.json"
    path.write_text(json.dumps(value))
    with pytest.raises(UserError, match=str(path)):
        read_results(path)
