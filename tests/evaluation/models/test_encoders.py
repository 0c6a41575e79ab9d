"""Encoders of torch: what they embed, how they are told apart, and how they meet a lack of memory."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from helpers.tiny_clip import save_clip
from PIL import Image

from naturel.annotations.errors import UserError
from naturel.evaluation.models.opening import check_model, open_model
from naturel.evaluation.models.torch_encoder import TorchEncoder
from naturel.evaluation.models.transformers_encoder import TransformersEncoder, open_transformers
from naturel.evaluation.models.two_tower import open_two_tower
from naturel.evaluation.scoring import EncoderScorer

SENTENCES = ["a cat on a desk", "a desk on a cat", "a dog"]
PICTURES = [
    Image.new("RGB", size, colour)
    for size, colour in (((40, 50), "red"), ((32, 32), "blue"), ((9, 70), "green"))
]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_clip(tmp_path_factory.mktemp("clip"), seed=1)


@pytest.fixture(scope="module")
def siglip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_clip(tmp_path_factory.mktemp("siglip"), seed=1, sigmoid=True)


@pytest.mark.parametrize("kind", ["clip", "siglip"])
def test_embeddings_are_those_of_the_model_one_by_one(kind: str, request: pytest.FixtureRequest) -> None:
    import torch

    folder = request.getfixturevalue(kind)
    encoder = open_transformers(str(folder), batch_size=2)
    tower = open_two_tower(str(folder))
    with torch.no_grad():
        images = [tower.image_features(tower.preprocess([picture])) for picture in PICTURES]
        texts = [tower.text_features(tower.tokenize([text])) for text in SENTENCES]
    np.testing.assert_allclose(encoder.encode_images(PICTURES), torch.cat(images).numpy(), atol=1e-5)
    found = encoder.encode_texts(SENTENCES)
    np.testing.assert_allclose(found, torch.cat(texts).numpy(), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    assert found.dtype == np.float32


def test_the_digest_tells_weights_types_and_preprocessing_apart(clip: Path, tmp_path: Path) -> None:
    digest = open_transformers(str(clip)).digest
    assert digest == open_transformers(str(clip)).digest
    assert digest == open_transformers(str(save_clip(tmp_path / "same", seed=1))).digest
    assert digest != open_transformers(str(save_clip(tmp_path / "other", seed=2))).digest
    assert digest != open_transformers(str(clip), dtype="bfloat16").digest
    tower = open_two_tower(str(clip))
    tower.processor.image_mean = [0.5, 0.5, 0.5]
    assert digest != TransformersEncoder(tower).digest


def test_the_digest_is_not_changed_by_use(clip: Path) -> None:
    used = open_transformers(str(clip))
    used.encode_texts(SENTENCES)
    used.encode_images(PICTURES)
    assert used.digest == open_transformers(str(clip)).digest


def test_a_model_in_training_is_asked_without_dropout_and_goes_on_training(clip: Path) -> None:
    tower = open_two_tower(str(clip))
    tower.model.train()
    encoder = TransformersEncoder(tower)
    found = encoder.encode_texts(SENTENCES)
    assert tower.model.training
    np.testing.assert_array_equal(found, open_transformers(str(clip)).encode_texts(SENTENCES))
    tower.model.zero_grad()
    loss: Any = tower.text_features(tower.tokenize(SENTENCES)).sum()
    loss.backward()  # gradients are there as before
    assert any(weights.grad is not None for weights in tower.model.parameters())


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("CUDA out of memory. Tried to allocate"),
        RuntimeError("can't allocate memory"),
        MemoryError(),
    ],
)
def test_batches_are_halved_until_they_fit(
    clip: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    encoder = open_transformers(str(clip), batch_size=8)
    expected = encoder.encode_images(PICTURES * 2)
    sizes = []
    whole = encoder.preprocess

    def short(pictures: Sequence[Image.Image]) -> dict[str, Any]:
        sizes.append(len(pictures))
        if len(pictures) > 2:
            raise error
        return whole(pictures)

    monkeypatch.setattr(encoder, "preprocess", short)
    np.testing.assert_allclose(encoder.encode_images(PICTURES * 2), expected, atol=1e-5)
    assert sizes == [6, 4, 2, 2, 2]
    assert encoder.batch_size == 2


def test_what_does_not_fit_at_all_is_told(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def short(pictures: Sequence[Image.Image]) -> dict[str, Any]:
        raise RuntimeError("MPS backend out of memory")

    encoder = open_transformers(str(clip))
    monkeypatch.setattr(encoder, "preprocess", short)
    with pytest.raises(UserError, match="does not fit into the memory of cpu"):
        encoder.encode_images(PICTURES)


def test_other_errors_are_not_taken_for_a_lack_of_memory(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(pictures: Sequence[Image.Image]) -> dict[str, Any]:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    encoder = open_transformers(str(clip))
    monkeypatch.setattr(encoder, "preprocess", wrong)
    with pytest.raises(RuntimeError, match="illegal"):
        encoder.encode_images(PICTURES)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"device": "cuda"}, "--device cuda"),
        ({"device": "abacus"}, "--device abacus"),
        ({"dtype": "int4"}, "--dtype int4"),
    ],
)
def test_devices_and_types_that_are_not_there_are_told(
    clip: Path, options: dict[str, str], told: str
) -> None:
    import torch

    if options.get("device") == "cuda" and torch.cuda.is_available():
        pytest.skip("there is such a device here")
    with pytest.raises(UserError, match=told):
        open_transformers(str(clip), **options)  # type: ignore[arg-type]


class _Tokenizer:
    context_length = 77

    def __call__(self, texts: list[str]) -> Any:
        import torch

        return torch.tensor([[len(text), text.count("a")] for text in texts])


class _Resize:
    def __call__(self, picture: Image.Image) -> Any:
        import torch

        return torch.from_numpy(np.asarray(picture.resize((4, 4)), dtype=np.float32).transpose(2, 0, 1) / 255)

    def __repr__(self) -> str:
        return "Resize(4)"


@pytest.fixture
def open_clip(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str | None]]:
    """A stand-in for open_clip 3.2 with the functions that are used of it; what it was asked to open."""
    import torch

    asked = []

    class Model(torch.nn.Module):
        def __init__(self, seed: int) -> None:
            super().__init__()
            torch.manual_seed(seed)
            self.visual = torch.nn.Linear(48, 8)
            self.text = torch.nn.Linear(2, 8)

        def encode_image(self, image: torch.Tensor, normalize: bool = False) -> torch.Tensor:
            return torch.nn.functional.normalize(self.visual(image.flatten(1)), dim=-1 if normalize else 0)

        def encode_text(self, text: torch.Tensor, normalize: bool = False) -> torch.Tensor:
            return torch.nn.functional.normalize(self.text(text.float()), dim=-1 if normalize else 0)

    def create_model_from_pretrained(name: str, pretrained: str | None = None) -> tuple[Model, _Resize]:
        if pretrained == "none":
            raise RuntimeError(f"Pretrained weights (none) not found for model {name}.")
        asked.append((name, pretrained))
        return Model(len(pretrained or "")), _Resize()

    module = ModuleType("open_clip")
    module.__spec__ = ModuleSpec("open_clip", None)
    module.create_model_from_pretrained = create_model_from_pretrained  # type: ignore[attr-defined]
    module.get_tokenizer = lambda name: _Tokenizer()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "open_clip", module)
    return asked


def opened(name: str) -> TorchEncoder:
    scorer = open_model(name, cached=False)
    assert isinstance(scorer, EncoderScorer)
    assert isinstance(scorer.encoder, TorchEncoder)
    return scorer.encoder


def test_models_of_open_clip_embed(open_clip: list[tuple[str, str | None]]) -> None:
    encoder = opened("open_clip:ViT-B-32/laion2b")
    assert encoder.name == "open_clip:ViT-B-32/laion2b"
    assert encoder.encode_images(PICTURES).shape == (3, 8)
    np.testing.assert_allclose(np.linalg.norm(encoder.encode_texts(SENTENCES), axis=1), 1, atol=1e-6)
    assert opened("open_clip:ViT-B-32/other").digest != encoder.digest
    assert opened("open_clip:ViT-B-32/laion2b").digest == encoder.digest
    opened("open_clip:hf-hub:org/model")
    opened("open_clip:ViT-B-32/folder/weights.pt")
    assert open_clip == [
        ("ViT-B-32", "laion2b"),
        ("ViT-B-32", "other"),
        ("ViT-B-32", "laion2b"),
        ("hf-hub:org/model", None),
        ("ViT-B-32", "folder/weights.pt"),
    ]


def test_what_open_clip_refuses_is_told(open_clip: list[tuple[str, str | None]]) -> None:
    with pytest.raises(UserError, match="Pretrained weights"):
        open_model("open_clip:ViT-B-32/none")


def test_without_open_clip_its_extra_is_named() -> None:
    if importlib.util.find_spec("open_clip") is not None:
        pytest.skip("open_clip is installed")
    with pytest.raises(UserError, match=r"pip install 'naturel\[openclip\]'"):
        open_model("open_clip:ViT-B-32/laion2b")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("open_clip:ViT-B-32", "names no weights"),
        ("blind:deaf", "no such blind model"),
        ("/there/is/no/model", "no such folder"),
        ("./model", "no such folder"),
        ("runs/a/model", "no such folder"),
    ],
)
def test_slips_are_told_before_anything_is_opened(name: str, told: str) -> None:
    with pytest.raises(UserError, match=told):
        check_model(name)


def test_names_that_may_be_right_are_let_through(clip: Path) -> None:
    for name in ("openai/clip-vit-base-patch32", str(clip), "blind:longer", "open_clip:ViT-B-32/laion2b"):
        check_model(name)
