"""Settings and recipes: what is asked for, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from naturel.annotations.errors import UserError
from naturel.training.settings import TrainSettings, load_train_settings, read_recipe, recipe_names

NEEDED: dict[str, Any] = {"data": "d", "model": "m", "out": Path("o")}


def test_the_recipes_of_the_papers_are_there() -> None:
    assert recipe_names() == ["ap", "hard-positives", "left-right", "negclip", "sp", "tp"]


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_is_whole(name: str) -> None:
    mixed = {"mix": Path("captions.json")} if "mix_share" in read_recipe(name) else {}
    settings = load_train_settings(name, {"data": "d", "out": Path("o"), **mixed})
    assert read_recipe(name).keys() <= TrainSettings.model_fields.keys()
    assert settings.model.startswith(("openai/", "google/"))


def test_published_figures() -> None:
    negclip = read_recipe("negclip")
    assert (negclip["batch_size"], negclip["epochs"], negclip["lr"], negclip["warmup"]) == (256, 5, 1e-6, 50)
    left_right = load_train_settings("left-right", NEEDED | {"mix": Path("c.json")})
    assert (left_right.epochs, left_right.batch_size, left_right.released // 2) == (15, 512, 64)
    assert [read_recipe(name)["scheme"] for name in ("sp", "ap", "tp")] == ["single", "all", "two"]


def test_options_win_over_a_recipe(tmp_path: Path) -> None:
    recipe = tmp_path / "own.yaml"
    recipe.write_text("scheme: all\nbatch-size: 8\nlr: 0.5\n")
    settings = load_train_settings(recipe, NEEDED | {"lr": 0.25, "epochs": None})
    assert (settings.scheme, settings.batch_size, settings.lr, settings.epochs) == ("all", 8, 0.25, 5)


def test_hard_positives_count_by_the_scheme() -> None:
    assert TrainSettings(**NEEDED).second_weight == 0
    assert TrainSettings(**NEEDED, scheme="two").second_weight == 1
    assert TrainSettings(**NEEDED, scheme="two", hard_positive_weight=0).second_weight == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"data": None}, "--data: is needed"),
        ({"lr": -1}, "--lr"),
        ({"colour": 1}, "--colour: there is no such setting"),
        ({"scheme": "three"}, "not 'three'"),
        ({"loss": "hinge"}, "--loss"),
        ({"groups": 200}, "--groups 200"),
        ({"groups": 1, "scheme": "all"}, "--groups is for"),
        ({"mix_share": 0.2}, "--mix-share needs --mix"),
        ({"scheme": "groups", "batch_size": 7}, "no whole groups"),
        ({"patience": 2, "validation": ()}, "--patience needs"),
    ],
)
def test_bad_settings_are_named(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        load_train_settings(None, NEEDED | options)


@pytest.mark.parametrize(
    ("text", "said"),
    [("lr: 1\nlr: 2\n", "given twice"), ("- lr\n", "expected lines"), ("lr: [", "cannot be read")],
)
def test_bad_recipes_are_named(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(text)
    with pytest.raises(UserError, match=said):
        load_train_settings(tmp_path / "own.yaml", NEEDED)


def test_an_unknown_recipe_names_those_that_are_there() -> None:
    with pytest.raises(UserError, match="ap, hard-positives"):
        load_train_settings("none-such", NEEDED)
