"""The gradient of a run's first batch; as a program, that of one of several processes that train together."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from naturel.evaluation.models.two_tower import open_two_tower
from naturel.training import TrainSettings, train
from naturel.training.batches import Batch, Steps
from naturel.training.preparing import prepare
from naturel.training.step import Stepper

Asking = Callable[..., TrainSettings]
"""What the fixture `asking` gives: settings of a short run, but for those that are given."""


def first_batch(settings: TrainSettings, **share: int) -> tuple[Batch, Stepper, Any]:
    """The first batch, whoever makes its gradient, and the model.

    Args:
        settings: Of the run.
        **share: `rank` and `ranks`, as for `Steps`.
    """
    from accelerate import Accelerator

    data, tower = prepare(settings), open_two_tower(settings.model)
    steps = Steps(settings, data.plan, data.pairs, data.known, tower, data.captioned, **share)
    stepper = Stepper(
        tower,
        data.known,
        Accelerator(cpu=True),
        sigmoid=tower.sigmoid,
        parts=settings.accumulation,
        hard_negative_weight=settings.hard_negative_weight,
    )
    return steps[0], stepper, tower.model


def gradients(settings: TrainSettings, **share: int) -> dict[str, Any]:
    """The loss, the share of pairs told right, and the gradient of each weight."""
    batch, stepper, model = first_batch(settings, **share)
    loss, right = stepper.backward(batch)
    return {"loss": loss, "right": right} | {name: weight.grad for name, weight in model.named_parameters()}


def main() -> None:
    """Take one's share of several runs: their settings are the first argument, a folder is the second."""
    import torch
    from accelerate import Accelerator
    from safetensors.torch import save_file

    torch.set_num_threads(1)
    rank = int(os.environ["RANK"])
    for number, text in enumerate(json.loads(sys.argv[1])):
        settings = TrainSettings.model_validate(text)
        save_file(gradients(settings, rank=rank, ranks=2), Path(sys.argv[2]) / f"{number}-{rank}.safetensors")
        train(settings)
    if Accelerator(cpu=True).num_processes != 2:
        raise SystemExit("this process is alone")


if __name__ == "__main__":
    main()
