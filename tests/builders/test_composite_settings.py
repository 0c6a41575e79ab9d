"""The settings of composites."""

from __future__ import annotations

from typing import Any

import pytest

from naturel.annotations.errors import UserError
from naturel.builders.composite_settings import Arrangement, Backend
from naturel.builders.settings import BuildSettings, load_settings


def settings_of(**options: Any) -> BuildSettings:
    return load_settings(None, {"source": ["composites"], **options})


def test_defaults() -> None:
    settings = settings_of()
    assert settings.backend is Backend.PICTOGRAMS
    assert settings.arrangements == tuple(Arrangement)
    assert settings.nouns is settings.pairs is settings.layouts is None


def test_arrangements_in_any_spelling_and_order() -> None:
    settings = settings_of(arrangements="inside, left-right")
    assert settings.arrangements == (Arrangement.LEFT_RIGHT, Arrangement.INSIDE)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"arrangements": "behind"}, "--arrangements"),
        ({"arrangements": ","}, "name at least one of left_right"),
        ({"backend": "clay"}, "--backend: .* not 'clay'"),
        ({"backend": "photos"}, "--backend photos needs --cutouts"),
        ({"cutouts": "photos"}, "--cutouts needs --backend photos"),
        ({"backend": "diffusers"}, "--backend diffusers needs --generator"),
        ({"generator": "model"}, "--generator needs --backend diffusers"),
        ({"per_noun": 3}, "--per-noun needs --backend diffusers"),
        ({"backend": "diffusers", "generator": "model", "dtype": "int8"}, "--dtype"),
        ({"backend": "diffusers", "generator": "model", "generator_size": 100}, "--generator-size"),
        ({"nouns": 1}, "--nouns"),
        ({"pairs": 0}, "--pairs"),
    ],
)
def test_bad_ones(options: dict[str, Any], fault: str) -> None:
    with pytest.raises(UserError, match=fault):
        settings_of(**options)


def test_other_sources_do_not_take_them() -> None:
    with pytest.raises(UserError, match="--nouns needs --source composites"):
        load_settings(None, {"source": ["openimages"], "nouns": 5})
