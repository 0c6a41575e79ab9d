"""How the learning rate goes, and which weights decay."""

from __future__ import annotations

import math
from typing import Any

from naturel.training.settings import Schedule, TrainSettings


def learning_rate(step: int, steps: int, settings: TrainSettings) -> float:
    """The learning rate of a step.

    It rises in even parts to `lr` over the warm-up, and falls as half a cosine to `final_lr` of it, which it would
    reach one step after the last (as in open_clip).

    Args:
        step: The step, from 0.
        steps: How many there are.
        settings: The settings.
    """
    if step < settings.warmup:
        return settings.lr * (step + 1) / settings.warmup
    if settings.schedule == Schedule.CONSTANT:
        return settings.lr
    done = (step - settings.warmup) / max(1, steps - settings.warmup)
    share = settings.final_lr + (1 - settings.final_lr) * (1 + math.cos(math.pi * min(1.0, done))) / 2
    return settings.lr * share


def make_optimizer(model: Any, settings: TrainSettings) -> Any:
    """AdamW over all weights; vectors and scalars (biases, norms, the logits' scale and bias) do not decay.

    Args:
        model: A `torch.nn.Module`.
        settings: The settings.
    """
    import torch

    weights = [weight for weight in model.parameters() if weight.requires_grad]
    groups = [
        {"params": [weight for weight in weights if weight.ndim >= 2], "weight_decay": settings.weight_decay},
        {"params": [weight for weight in weights if weight.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings.lr, betas=(settings.beta1, settings.beta2), eps=settings.eps)
