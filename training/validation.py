"""Does a model tell the true sentence from the false one? Figures of a release's split, while training goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from naturel.evaluation.models.two_tower import TwoTower
from naturel.loaders.map_style import Draw, Pairs
from naturel.training.settings import Monitor

if TYPE_CHECKING:
    import numpy.typing as npt

CHANCE = {Monitor.SIMPLE: 1 / 2, Monitor.COMPLEX: 1 / 2, Monitor.GROUP: 1 / 6}
"""What random scores reach; in a 2x2 group 4 of the 24 orders of four scores are right in both directions."""
AT_ONCE = 64
"""Pictures or sentences that go through a tower together."""


def validate(tower: TwoTower, pairs: Pairs, device: Any) -> dict[str, float]:
    """Judge a split.

    Args:
        tower: The model, on `device`.
        pairs: The split's pairs, of whatever scheme.
        device: A torch device.

    Returns:
        `simple`: the share of records whose simple positive scores higher than the simple negative. `complex`: the
        same of the three complex pairs. `group`: the share of 2x2 groups in which both pictures find their sentence
        and both sentences their picture; not there where there are no groups.
    """
    sentences = pairs.sentences
    names = sentences.facts["image_id"].dictionary_encode()
    image = np.asarray(names.indices, dtype=np.int64)
    _, rows = np.unique(image, return_index=True)
    pictures = _embed_pictures(tower, pairs, rows.tolist(), device)[image]
    texts = _embed_texts(tower, sentences.texts.to_pylist(), device)
    right = np.einsum("nd,ncd->nc", pictures, texts[sentences.positive])
    wrong = np.einsum("nd,ncd->nc", pictures, texts[sentences.negative])
    told = right > wrong
    figures = {
        Monitor.SIMPLE.value: float(told[:, 0].mean()),
        Monitor.COMPLEX.value: float(told[:, 1:].mean()),
    }
    groups = pairs.groups
    if len(groups):
        own, other = right[groups.records, groups.pairs], wrong[groups.records, groups.pairs]
        # The sentence that is wrong of one picture is right of the other.
        both = (own > other).all(axis=1) & (own > other[:, ::-1]).all(axis=1)
        figures[Monitor.GROUP.value] = float(both.mean())
    return figures


def _embed_pictures(
    tower: TwoTower, pairs: Pairs, rows: Sequence[int], device: Any
) -> npt.NDArray[np.float32]:
    parts = []
    for start in range(0, len(rows), AT_ONCE):
        items = pairs.__getitems__([Draw(row, 0, 0) for row in rows[start : start + AT_ONCE]])
        pictures = [item["image"].convert("RGB") for item in items]
        parts.append(_run(tower.image_features, tower.preprocess(pictures), device))
    return np.concatenate(parts)


def _embed_texts(tower: TwoTower, texts: Sequence[str], device: Any) -> npt.NDArray[np.float32]:
    parts = [
        _run(tower.text_features, tower.tokenize(texts[start : start + AT_ONCE]), device)
        for start in range(0, len(texts), AT_ONCE)
    ]
    return np.concatenate(parts)


def _run(features: Any, inputs: dict[str, Any], device: Any) -> npt.NDArray[np.float32]:
    import torch

    with torch.no_grad():
        found: npt.NDArray[np.float32] = (
            features({name: value.to(device) for name, value in inputs.items()}).float().cpu().numpy()
        )
    return found
