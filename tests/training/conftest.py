"""Coloured squares to train on, a tiny CLIP and SigLIP, and settings of a short run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from helpers.first_batch import Asking
from helpers.square_release import write_squares
from helpers.tiny_clip import save_clip

from naturel.training import TrainSettings


@pytest.fixture(scope="session")
def squares(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 records, each against its counterpart, and 12 of validation."""
    return write_squares(tmp_path_factory.mktemp("squares"))


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_clip(tmp_path_factory.mktemp("clip") / "model")


@pytest.fixture(scope="session")
def siglip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_clip(tmp_path_factory.mktemp("siglip") / "model", sigmoid=True)


@pytest.fixture
def asking(squares: Path, clip: Path, tmp_path: Path) -> Asking:
    """Settings of a short run."""

    def ask(**options: Any) -> TrainSettings:
        given: dict[str, Any] = {"data": str(squares), "model": str(clip), "out": tmp_path / "run"}
        given |= {"batch_size": 6, "epochs": 2, "lr": 1e-3, "warmup": 2, "log_every": 1, "device": "cpu"}
        return TrainSettings(**(given | options))

    return ask
