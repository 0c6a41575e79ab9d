"""The commands of `naturel analyse`, with a tiny CLIP of random weights."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from helpers.tiny_clip import save_clip
from PIL import Image
from typer.testing import CliRunner

from naturel.evaluation.analysis.cli import analyse_app

APP = typer.Typer()
APP.add_typer(analyse_app(), name="analyse")


def run(*arguments: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command."""
    done = CliRunner().invoke(APP, ["analyse", *map(str, arguments)])
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("red", "green", "blue"):
        Image.new("RGB", (40, 30), name).save(folder / f"{name}.png")
    return folder


@pytest.fixture
def benchmark(tmp_path: Path, pictures: Path) -> Path:
    path = tmp_path / "small.jsonl"
    rows = [
        {"image": "pictures/red.png", "captions": ["a cup behind a box", "a cup on a box"], "labels": [1, 0]},
        {
            "image": "pictures/blue.png",
            "captions": ["a cup behind a box", "a cup on a box"],
            "labels": [0, 1],
        },
        {"image": "pictures/green.png", "captions": ["a red box", "a blue box"], "labels": [0, 1]},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NATUREL_CACHE", str(tmp_path / "cache"))


def test_probe_shows_models_side_by_side(clip: Path, tmp_path: Path) -> None:
    other = save_clip(tmp_path / "other", seed=1)
    out = tmp_path / "out"
    nouns = tmp_path / "nouns.txt"
    nouns.write_text("cat\ndog\nbox\ncup\n")
    options = ("--contrast", "left_of", "--nouns", nouns, "--pairs", 5, "--template", "{a} {r} {b}")
    code, told, _ = run("probe", "--model", clip, "--model", other, *options, "--out", out)
    assert code == 0
    assert told.count("left of / right of") == 3
    found = json.loads((out / "probe.json").read_text())
    assert [model["model"] for model in found["models"]] == [str(clip), str(other)]
    first, second = (
        model["contrasts"]["left of / right of"]["opposite"]["mean"] for model in found["models"]
    )
    difference = found["differences"][0]["contrasts"]["left of / right of"]["opposite"]["mean"]
    assert difference == pytest.approx(second - first)
    assert len(found["pairs"]) == 5
    assert (out / "probe.md").read_text().startswith("# Opposite sentences")
    assert (out / "probe.png").read_bytes().startswith(b"\x89PNG")


def test_prepositions_writes_its_folder(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a cat on a mat\na cat on sale now\n\n")
    out = tmp_path / "out"
    code, told, trouble = run("prepositions", tmp_path / "*.txt", "--out", out)
    assert code == 0
    assert "idiom 1" in told
    assert "Rows left out: 1 (empty line)" in trouble
    found = json.loads((out / "prepositions.json").read_text())
    assert (found["captions"], found["left_out"]) == (2, {"empty line": 1})
    assert (out / "prepositions.png").is_file()
    _, told, _ = run("prepositions", tmp_path / "a.txt", "--without", "all")
    assert "idiom" not in told


def test_substitute_asks_a_benchmark_twice(clip: Path, benchmark: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ("--benchmark", "jsonl", "--data", benchmark, "--out", out)
    code, told, trouble = run("substitute", "--model", clip, *arguments)
    assert (code, trouble.count("left out")) == (0, 0), trouble
    assert "behind" in told
    found = json.loads((out / "substitute.json").read_text())
    assert found["words"]["behind"] == "in the background of"
    assert [row["before"]["count"] for row in found["results"]] == [2, 2, 1]
    code, _, trouble = run("substitute", "--model", clip, *arguments, "--swap", "beneath=under")
    assert code == 2
    assert "no question of jsonl has one of beneath" in trouble


def test_priors_of_a_benchmark_and_of_a_file(
    clip: Path, benchmark: Path, pictures: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    arguments = ("--model", clip, "--images", pictures)
    code, told, trouble = run("priors", *arguments, "--benchmark", "jsonl", "--data", benchmark, "--out", out)
    assert code == 0, trouble
    assert "3 unrelated pictures; the prior alone picks the right caption of 3 questions" in told
    (found,) = json.loads((out / "priors.json").read_text())["priors"]
    # Two of the three questions have the same sentences, and opposite answers.
    assert found["accuracy"]["mean"] in (pytest.approx(1 / 3), pytest.approx(2 / 3))
    captions = tmp_path / "captions.txt"
    captions.write_text("a cup on a box\na cup under a box\n")
    code, told, _ = run("priors", *arguments, "--captions", captions)
    assert code == 0
    assert "nobody says which captions are right" in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("prepositions", "nowhere.txt"), "nowhere.txt: there is no such corpus"),
        (("prepositions", "x", "--format", "word"), "--format word: there is no such format"),
        (("prepositions", "x", "--without", "noise"), "there is no noise filter noise"),
        (("probe", "--model", "x", "--contrast", "holds"), "--contrast holds: no such relation"),
        (("probe", "--model", "x", "--template", "{x}"), "--template {x}: 'x' is no field"),
        (("probe", "--model", "x", "--template", "{a} {b}"), "it needs both things and the relation"),
        (("probe", "--model", "blind:random"), "--model blind:random makes no embeddings"),
        (
            ("priors", "--model", "x", "--images", "y"),
            "Give captions with --captions FILE or with --benchmark",
        ),
        (("substitute", "--model", "x", "--benchmark", "none", "--data", "y"), "there is no benchmark none"),
        (("substitute", "--model", "x", "--benchmark", "none", "--swap", "on"), "--swap on: write it as"),
    ],
)
def test_slips_are_one_paragraph(arguments: tuple[str, ...], told: str) -> None:
    code, _, trouble = run(*arguments)
    assert code == 2
    assert told in trouble
    assert "Traceback" not in trouble
