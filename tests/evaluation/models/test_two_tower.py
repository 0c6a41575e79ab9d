"""Models are opened from folders and from the hub, and give what transformers gives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.hub_server import Blob, HubServer, Repo
from helpers.tiny_clip import save_clip
from PIL import Image

from naturel.annotations.errors import UserError
from naturel.evaluation.models.two_tower import open_two_tower

PICTURES = [Image.new("RGB", (50, 40), "red"), Image.new("RGB", (30, 60), "blue")]
TEXTS = ["a cat", "a dog on a mat"]

SCORE = """
import json, sys
from PIL import Image
from naturel.evaluation.models.two_tower import open_two_tower
tower = open_two_tower(sys.argv[1], revision=sys.argv[2])
pictures = [Image.new("RGB", (50, 40), "red"), Image.new("RGB", (30, 60), "blue")]
images = tower.image_features(tower.preprocess(pictures))
texts = tower.text_features(tower.tokenize(["a cat", "a dog on a mat"]))
print(json.dumps((images @ texts.T).tolist()))
"""


@pytest.mark.parametrize("sigmoid", [False, True])
def test_features_are_those_of_the_whole_model(tmp_path: Path, sigmoid: bool) -> None:
    import torch

    tower = open_two_tower(str(save_clip(tmp_path / "model", sigmoid=sigmoid)))
    images, texts = tower.preprocess(PICTURES), tower.tokenize(TEXTS)
    with torch.inference_mode():
        whole = tower.model(**images, **texts)
        assert torch.allclose(tower.image_features(images), whole.image_embeds, atol=1e-6)
        assert torch.allclose(tower.text_features(texts), whole.text_embeds, atol=1e-6)
    assert tower.sigmoid == sigmoid
    assert texts["input_ids"].shape == ((2, 64) if sigmoid else (2, 12))  # SigLIP: always the full length


def test_long_sentences_are_cut(tmp_path: Path) -> None:
    tower = open_two_tower(str(save_clip(tmp_path / "model")))
    assert tower.tokenize(["a cat " * 100])["input_ids"].shape == (1, 64)


def test_a_saved_model_is_opened_again(tmp_path: Path) -> None:
    import torch

    first = open_two_tower(str(save_clip(tmp_path / "model")))
    first.save(tmp_path / "copy")
    second = open_two_tower(str(tmp_path / "copy"))
    with torch.inference_mode():
        pair = [tower.text_features(tower.tokenize(TEXTS)) for tower in (first, second)]
    assert torch.equal(*pair)


def test_a_model_is_opened_from_the_hub_at_a_revision(tmp_path: Path) -> None:
    folder = save_clip(tmp_path / "model")
    newer = save_clip(tmp_path / "newer", seed=1)
    with HubServer() as hub:
        repo = hub.repos["org/tiny"] = Repo(private=False)
        for place in (folder, newer):
            files = {
                path.name: Blob(path.read_bytes(), path.suffix == ".safetensors")
                for path in place.iterdir()
                if path.is_file()
            }
            repo.tags[place.name] = repo.commit(files, place.name)
        environment = os.environ | hub.environment(tmp_path / "home", token=None)
        environment.pop("HF_HUB_OFFLINE", None)
        asked = {tag: _ask("org/tiny", tag, environment) for tag in ("model", "main")}
    assert np.allclose(asked["model"], _scores(str(folder)), atol=1e-6)
    assert np.allclose(asked["main"], _scores(str(newer)), atol=1e-6)
    assert not np.allclose(asked["model"], asked["main"], atol=1e-3)


def _ask(name: str, revision: str, environment: dict[str, str]) -> list[list[float]]:
    command = [sys.executable, "-c", SCORE, name, revision]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    scores: list[list[float]] = json.loads(done.stdout.splitlines()[-1])
    return scores


def _scores(name: str) -> list[list[float]]:
    import torch

    tower = open_two_tower(name)
    with torch.inference_mode():
        images, texts = (
            tower.image_features(tower.preprocess(PICTURES)),
            tower.text_features(tower.tokenize(TEXTS)),
        )
    scores: list[list[float]] = (images @ texts.T).tolist()
    return scores


def test_what_is_no_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"cannot be opened.*Give the folder of a CLIP or SigLIP"):
        open_two_tower(str(tmp_path / "empty"))


def test_a_model_of_one_tower_is_refused(tmp_path: Path) -> None:
    from transformers import BertConfig, BertModel, CLIPImageProcessor, CLIPTokenizer

    folder = save_clip(tmp_path / "clip")
    config = BertConfig(
        hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8, vocab_size=8
    )
    BertModel(config).save_pretrained(tmp_path / "bert")
    CLIPTokenizer.from_pretrained(folder).save_pretrained(tmp_path / "bert")
    CLIPImageProcessor().save_pretrained(tmp_path / "bert")
    with pytest.raises(UserError, match="of the kind bert, which has not two towers"):
        open_two_tower(str(tmp_path / "bert"))


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install 'naturel\[train\]'"):
        open_two_tower("openai/clip-vit-base-patch32")
