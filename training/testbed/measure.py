"""What a trained model can do: the right order of two things, and the right caption among all."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from naturel.annotations.truth import Flags
from naturel.builders.sources.testbed.scenes import (
    ONE_OBJECT,
    SEEN_PAIR,
    TRAIN,
    TRAINING_LABELS,
    UNSEEN_PAIR,
    Scenes,
)
from naturel.training.testbed.model import Part, TwoTowers
from naturel.training.testbed.names import (
    ASKED_ONE,
    CHOICE,
    NOTHING,
    ORDER,
    SEEN,
    UNSEEN,
    UNSEEN_ELSEWHERE,
    UNSEEN_LABELS,
    UNSEEN_THERE,
)
from naturel.training.testbed.train import captions_of, cells_of

TO_POSITIONS = (Part.TOKEN_POSITION, Part.POSITION_POSITION, Part.BIAS_POSITION)
ABLATIONS: Mapping[str, Collection[Part]] = {
    NOTHING: (),
    **{str(part): (part,) for part in Part},
    "both cross terms": (Part.TOKEN_POSITION, Part.POSITION_TOKEN),
    "all x position": TO_POSITIONS,
    "all positions": (*TO_POSITIONS, Part.POSITION_TOKEN, Part.VALUE_POSITION),
}
"""Parts of the vision encoder's attention that are removed together, from the trained model."""

_BATCH = 2048


@dataclass(frozen=True)
class Accuracy:
    """One accuracy of one model."""

    asked: str
    """Which scenes, one of `names.ASKED`; never those that were trained."""
    removed: str
    """What is removed from the attention, one of `ABLATIONS`."""
    measure: str
    """`ORDER` or `CHOICE`."""
    value: float
    """A share, 0 to 1."""
    count: int
    """Of scenes."""
    chance: float
    """What random scores reach."""


def right_order(true: Tensor, exchanged: Tensor) -> Tensor:
    """Whether each caption scores higher than the same with its labels exchanged; a tie counts half.

    Args:
        true: Scores of true captions, any shape.
        exchanged: Those of their opposites, the same shape.
    """
    return (true > exchanged).double() + (true == exchanged).double() / 2


def right_choice(scores: Tensor, true: Tensor) -> Tensor:
    """Whether the caption that scores highest is a true one, shape (n,); of several best ones each counts its share.

    Args:
        scores: Of n scenes with k captions, shape (n, k).
        true: The numbers of each scene's true captions, shape (n, s); they may be named twice.
    """
    best = scores == scores.max(dim=1, keepdim=True).values
    good = torch.zeros_like(best).scatter_(1, true, True)
    return (best & good).sum(dim=1).double() / best.sum(dim=1)


def measure(
    model: TwoTowers, scenes: Scenes, both_sides: bool, ablations: Mapping[str, Collection[Part]] = ABLATIONS
) -> list[Accuracy]:
    """Ask a model about scenes that it was not trained on.

    `ORDER`: each true caption against the same with its labels exchanged; half are right by chance. `CHOICE`: scenes
    of two things with all captions there are, scenes of one with those of one.

    Args:
        model: The trained model.
        scenes: All scenes, as `make_scenes` gives them.
        both_sides: Captions say "left" and "right".
        ablations: What is removed from the attention of the vision encoder, in turn.
    """
    captions = captions_of(scenes, both_sides)
    candidates, true = torch.unique(captions.flatten(0, 1), dim=0, return_inverse=True)
    true = true.reshape(captions.shape[:2])
    alone = scenes.kind == ONE_OBJECT
    # Scenes of two things are in pairs, each with the one whose labels are exchanged.
    partner = np.where(alone, np.arange(len(scenes)), np.arange(len(scenes)) ^ 1)
    exchanged = true[torch.from_numpy(partner)]
    of_one = torch.zeros(len(candidates), dtype=torch.bool)
    of_one[true[torch.from_numpy(alone)]] = True
    groups = _groups(scenes)

    found = []
    with torch.inference_mode():
        embedded = model.captions(candidates)
        asked = np.flatnonzero(np.logical_or.reduce(list(groups.values())))
        cells, rows = cells_of(scenes)[asked], torch.from_numpy(asked)
        for removed, parts in ablations.items():
            scores = (
                torch.cat([model.scenes(batch, parts) for batch in torch.split(cells, _BATCH)]) @ embedded.T
            )
            order = right_order(scores.gather(1, true[rows]), scores.gather(1, exchanged[rows])).mean(dim=1)
            scores[torch.from_numpy(alone[asked])[:, None] & ~of_one] = -torch.inf
            choice = right_choice(scores, true[rows])
            for name, group in groups.items():
                mine = torch.from_numpy(group[asked])
                if not mine.any():
                    continue
                one = name == ASKED_ONE
                if not one:
                    found.append(_accuracy(name, removed, ORDER, order[mine], 0.5))
                chance = captions.shape[1] / len(candidates) if not one else 1 / int(of_one.sum())
                found.append(_accuracy(name, removed, CHOICE, choice[mine], chance))
    return found


def _groups(scenes: Scenes) -> dict[str, Flags]:
    """Which scenes are asked under each name."""
    kind, new = scenes.kind, scenes.split != TRAIN
    unseen = kind == UNSEEN_PAIR
    return {
        ASKED_ONE: new & (kind == ONE_OBJECT),
        SEEN: new & (kind == SEEN_PAIR),
        UNSEEN: unseen,
        UNSEEN_THERE: unseen & scenes.seen_layout,
        UNSEEN_ELSEWHERE: unseen & ~scenes.seen_layout,
        UNSEEN_LABELS: (scenes.left > TRAINING_LABELS) & (scenes.right > TRAINING_LABELS),
    }


def _accuracy(name: str, removed: str, how: str, right: Tensor, chance: float) -> Accuracy:
    return Accuracy(name, removed, how, float(right.mean()), len(right), chance)
