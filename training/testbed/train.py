"""Training of the two towers on the scenes of one setting of the testbed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from naturel.builders.sources.testbed.scenes import ONE_OBJECT, TRAIN, Scenes
from naturel.builders.sources.testbed.tokens import caption_tokens
from naturel.training.testbed.model import ModelSettings, TwoTowers


@dataclass(frozen=True)
class TrainingSettings:
    """How a model is trained; the same for every cell of a grid, so that data are compared and not work."""

    steps: int = 600
    batch: int = 256
    one_object_share: float = 0.25
    """The part of each batch that are scenes of one thing, however many scenes of two there are."""
    learning_rate: float = 1e-3
    """At its highest: it rises for `warm_up` steps and falls with a cosine."""
    warm_up: int = 50
    both_sides: bool = False
    """Captions say "left" and "right"; otherwise "left" only."""


@dataclass(frozen=True)
class Trained:
    """A trained model."""

    model: TwoTowers
    loss: float
    """In the last batch."""


def cells_of(scenes: Scenes) -> Tensor:
    """The cells as the model takes them, shape (n, `CELLS`)."""
    return torch.from_numpy(scenes.cells.astype(np.int64))


def captions_of(scenes: Scenes, both_sides: bool) -> Tensor:
    """The true captions of each scene, shape (n, 1 or 2, `LENGTH`); that of one thing is given twice."""
    tokens = caption_tokens(scenes).astype(np.int64)
    tokens[scenes.kind == ONE_OBJECT, 1] = tokens[scenes.kind == ONE_OBJECT, 0]
    return torch.from_numpy(tokens if both_sides else tokens[:, :1])


def train(scenes: Scenes, model: ModelSettings, settings: TrainingSettings, seed: int) -> Trained:
    """Train a model on the scenes for training; the same arguments give the same weights.

    A batch is drawn with replacement, its caption of each scene at random. That captions may occur twice in a batch
    is left as CLIP has it.

    Args:
        scenes: All scenes; those of the split `TRAIN` are used.
        model: The model's size.
        settings: The steps.
        seed: Of the first weights and of the batches.
    """
    training = scenes.split == TRAIN
    alone = scenes.kind == ONE_OBJECT
    one, two = (torch.from_numpy(np.flatnonzero(training & rows)) for rows in (alone, ~alone))
    cells, captions = cells_of(scenes), captions_of(scenes, settings.both_sides)
    of_one = round(settings.batch * settings.one_object_share)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        towers = TwoTowers(model)
    chance = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(towers.parameters(), lr=settings.learning_rate, fused=True)
    loss = torch.tensor(math.nan)
    for step in range(settings.steps):
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * _schedule(step, settings)
        rows = torch.cat([_draw(one, of_one, chance), _draw(two, settings.batch - of_one, chance)])
        which = torch.randint(captions.shape[1], (len(rows),), generator=chance)
        loss = towers.loss(cells[rows], captions[rows, which])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return Trained(towers.eval(), float(loss.detach()))


def _schedule(step: int, settings: TrainingSettings) -> float:
    """The part of the learning rate that is used."""
    rising = min(1.0, (step + 1) / settings.warm_up)
    return rising * (1 + math.cos(math.pi * step / settings.steps)) / 2


def _draw(rows: Tensor, count: int, chance: torch.Generator) -> Tensor:
    return rows[torch.randint(len(rows), (count,), generator=chance)]
