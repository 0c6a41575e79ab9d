"""Settings: what is accepted, and how faults are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from naturel.annotations.errors import UserError
from naturel.builders.settings import BuildSettings, load_settings


def test_defaults() -> None:
    settings = load_settings(None, {})
    assert (settings.source, settings.split, settings.captioner) == (("openimages",), "train", "grammar")
    assert (settings.images, settings.image_size, settings.seed) == ("embed", 512, 0)
    assert settings.version is None
    assert settings.balance == "prefer"
    assert settings.negatives == ("swap", "contrast", "attribute", "subject", "object")
    assert settings.respect_opt_out


def test_relations_are_canonical_sorted_and_unique() -> None:
    assert BuildSettings(relations="on, at,on").relations == ("at", "on")


def test_kinds_of_negatives_have_one_order() -> None:
    assert BuildSettings(negatives="object, swap,object").negatives == ("swap", "object")


def test_relations_as_a_yaml_list(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("relations: [on, under]\nmax-images: 5\nbalance: off\nnegatives: [subject, swap]\n")
    settings = load_settings(path, {"max_images": None, "seed": 3})
    assert (settings.relations, settings.max_images, settings.seed) == (("on", "under"), 5, 3)
    assert (settings.balance, settings.negatives) == ("off", ("swap", "subject"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a list", "expected lines like `seed: 1`, found list"),
        ("seed: 1\nseed: 2", "seed given twice"),
        ("seed: [", "cannot be read"),
        ("", "found NoneType"),
        ("colour: red", "--colour: there is no such setting"),
    ],
)
def test_bad_config_files_are_explained(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=r".*") as caught:
        load_settings(path, {})
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_images", 0),
        ("image_size", -1),
        ("captions_per_claim", 2),
        ("seed", 2**32),
        ("version", "v1.0.0"),
        ("version", "1.0"),
        ("version", "01.0.0"),
        ("relations", "flies over"),
        ("split", "dev"),
        ("runner", "spark"),
        ("balance", "full"),
        ("negatives", "swap,hat"),
        ("negatives", ""),
    ],
)
def test_bad_values_name_their_option(name: str, value: object) -> None:
    with pytest.raises(UserError) as caught:
        load_settings(None, {name: value})
    assert "--" + name.replace("_", "-") in str(caught.value)


@pytest.mark.parametrize("name", ["pairs", "layouts"])
def test_settings_of_the_testbed_need_it(name: str) -> None:
    with pytest.raises(UserError, match=f"--{name} is a setting of testbed"):
        load_settings(None, {name: 3})
    settings = load_settings(None, {name: 3, "source": ["openimages", "testbed"]})
    assert getattr(settings, name) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"source": "coco", "data": "d", "spatial": True}, "--spatial mines the boxes of openimages"),
        ({"min_area": 0.1}, "--min-area needs --source coco, or --source openimages --spatial"),
        ({"margin": 0.1}, "--margin needs --source coco"),
        ({"licenses": "by,4"}, "numbers are ids in COCO files"),
        ({"source": "coco", "data": "d", "min_area": 1.0}, "--min-area: Input should be less than 1"),
        (
            {"source": "coco", "data": "d", "margin": -0.1},
            "--margin: Input should be greater than or equal to 0",
        ),
    ],
)
def test_spatial_settings_that_would_do_nothing(options: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        load_settings(None, options)


def test_spatial_settings() -> None:
    assert load_settings(None, {"spatial": True, "margin": 0.1}).margin == 0.1
    settings = load_settings(None, {"source": "coco,openimages", "licenses": "by, 4", "data": ["coco=d"]})
    assert settings.licenses == ("by", "4")
    assert "only pictures with a licence of by, 4" in settings.sampling
