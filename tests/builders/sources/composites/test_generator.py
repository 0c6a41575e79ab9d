"""Generated pictures: a real pipeline with random weights, saved, loaded, run and kept."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.tiny_pipeline import save_pipeline
from PIL import Image

from naturel.annotations.errors import UserError
from naturel.annotations.nouns import load_nouns
from naturel.annotations.relations import load_vocabulary
from naturel.builders.progress import SilentProgress
from naturel.builders.settings import BuildSettings
from naturel.builders.sources.composites import generator as generator_module
from naturel.builders.sources.composites.composites_origin import open_composites
from naturel.builders.sources.composites.generator import REQUEST, Generator, Pipeline, Request

CAT = Request("a photo of a cat", "text", "digest", 1)
CATS = [CAT, replace(CAT, seed=2)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pipeline")
    save_pipeline(folder)
    return folder / "model"


@pytest.fixture(autouse=True)
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pictures each call of a pipeline was asked for."""
    counted: list[int] = []
    run = Generator._run

    def counting(self: Generator, requests: list[Request], attempt: int) -> object:
        counted.append(len(requests))
        return run(self, requests, attempt)

    monkeypatch.setattr(Generator, "_run", counting)
    return counted


def pipeline_of(model: Path, **changes: object) -> Pipeline:
    plain = Pipeline(
        str(model), revision=None, steps=2, guidance=7.5, size=None, dtype="float32", device="cpu", batch=1,
        offline=True,
    )  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_a_picture_a_request_and_each_is_made_once(model: Path, tmp_path: Path, calls: list[int]) -> None:
    generator = Generator(pipeline_of(model), tmp_path)
    generator.prepare([*CATS, CAT], SilentProgress())
    assert calls == [1, 1]
    one, other = (generator.picture(request) for request in CATS)
    assert one.size == (64, 64)
    assert one.mode == "RGB"
    assert one.tobytes() != other.tobytes()
    again = Generator(pipeline_of(model), tmp_path)
    again.prepare(CATS, SilentProgress())
    assert calls == [1, 1]
    assert again.picture(CAT).tobytes() == one.tobytes()


def test_a_picture_is_the_same_whatever_was_made_before_it(model: Path, tmp_path: Path) -> None:
    pictures = []
    for folder, requests in (("one", CATS), ("two", CATS[::-1])):
        generator = Generator(pipeline_of(model), tmp_path / folder)
        generator.prepare(requests, SilentProgress())
        pictures.append(generator.picture(CAT).tobytes())
    assert pictures[0] == pictures[1]


def test_what_was_asked_stands_in_the_file(model: Path, tmp_path: Path) -> None:
    Generator(pipeline_of(model), tmp_path).prepare([CAT], SilentProgress())
    (path,) = tmp_path.rglob("*.png")
    assert path.stem == pipeline_of(model).digest(CAT)
    with Image.open(path) as image:
        said = json.loads(image.text[REQUEST])  # type: ignore[attr-defined]
    assert said["prompt"] == "a photo of a cat"
    assert said["seed"] == 1
    assert said["steps"] == 2
    assert not list(tmp_path.rglob("*.partial"))


def test_several_at_once(model: Path, tmp_path: Path, calls: list[int]) -> None:
    requests = [replace(CAT, seed=seed) for seed in range(3)]
    Generator(pipeline_of(model, batch=2), tmp_path).prepare(requests, SilentProgress())
    assert calls == [2, 1]
    assert len(list(tmp_path.rglob("*.png"))) == 3


def test_the_digest_has_everything_that_shapes_a_picture(model: Path, tmp_path: Path) -> None:
    plain = pipeline_of(model)
    digests = {
        plain.digest(CAT),
        plain.digest(replace(CAT, seed=2)),
        plain.digest(replace(CAT, prompt="a photo of a dog")),
        plain.digest(replace(CAT, negative="")),
        plain.digest(replace(CAT, prompt_digest="other")),
        *(
            pipeline_of(model, **{name: value}).digest(CAT)
            for name, value in (
                ("steps", 3), ("guidance", 1.0), ("size", 128), ("dtype", "bfloat16"), ("revision", "main"),
            )
        ),
    }  # fmt: skip
    assert len(digests) == 10
    assert pipeline_of(model, device="cuda", batch=4).digest(CAT) == plain.digest(CAT)
    copy = tmp_path / "copy"
    shutil.copytree(model, copy)
    assert pipeline_of(copy).digest(CAT) == plain.digest(CAT)
    (copy / "unet" / "config.json").write_text("{}")
    assert pipeline_of(copy).digest(CAT) != plain.digest(CAT)


@pytest.mark.parametrize("name", ["no-such-folder/model", "."])
def test_a_model_that_is_none(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    generator = Generator(pipeline_of(Path(name)), tmp_path / "kept")
    with pytest.raises(UserError, match=r"--generator .* cannot be loaded"):
        generator.prepare([CAT], SilentProgress())
    assert not list(tmp_path.rglob("*.png"))


def test_weights_that_are_pickles_are_not_read(model: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(model, copy)
    for path in copy.rglob("*.safetensors"):
        path.rename(path.with_suffix(".bin"))
    with pytest.raises(UserError, match="cannot be loaded"):
        Generator(pipeline_of(copy), tmp_path / "kept").prepare([CAT], SilentProgress())


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"--backend diffusers needs .*naturel\[generate\]"):
        Generator(pipeline_of(tmp_path), tmp_path)


def test_a_picture_that_the_safety_checker_takes_away_is_made_anew(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    black, grey = (Image.new("RGB", (64, 64), (level,) * 3) for level in (0, 128))

    class Strict:
        seeds: list[int] = []  # noqa: RUF012

        def __call__(self, prompt: list[str], generator: list[object]) -> object:
            self.seeds += [one.initial_seed() for one in generator]  # type: ignore[attr-defined]
            bad = len(self.seeds) == 1
            images = [black if bad else grey]
            return type("Made", (), {"images": images, "nsfw_content_detected": [bad]})

    monkeypatch.setattr(Generator, "_loaded", Strict())
    generator = Generator(pipeline_of(model), tmp_path)
    generator.prepare([CAT], SilentProgress())
    assert Strict.seeds == [1, 2]
    assert generator.picture(CAT).getpixel((0, 0)) == (128, 128, 128)
    monkeypatch.setattr(generator_module, "ATTEMPTS", 1)
    Strict.seeds.clear()
    with pytest.raises(UserError, match="its safety checker took away"):
        generator.prepare([CATS[1]], SilentProgress())


def test_composites_of_generated_pictures(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: list[int]
) -> None:
    monkeypatch.setenv("NATUREL_CACHE", str(tmp_path / "cache"))
    settings = BuildSettings(
        source=["composites"], backend="diffusers", generator=str(model), per_noun=2, steps=2, nouns=4,
        layouts=2, max_images=40, device="cpu", offline=True,
    )  # fmt: skip
    origin = open_composites(settings, tmp_path / "work", SilentProgress())
    tables = origin.read(load_vocabulary(), load_nouns())
    assert tables.images.num_rows >= 8
    assert set(tables.relations["relation"].to_pylist()) == {"left_of", "right_of", "above", "below"}
    assert tables.absent_labels.num_rows == 0
    assert set(tables.images["author"].to_pylist()) == {"generated by model"}
    made = len(list((tmp_path / "cache" / "generated").rglob("*.png")))
    assert sum(calls) == made <= 4 * 2
    open_composites(settings, tmp_path / "other work", SilentProgress())
    assert sum(calls) == made
