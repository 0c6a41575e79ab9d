"""Contrastive losses as functions of similarities: of k different pictures and u different sentences.

A batch is a matrix of pictures and sentences, each of them once, and a list of pairs that belong together. Every
other cell is one of two: a negative, or a sentence that is known to be true of the picture. The latter is neither
positive nor negative, and no loss sees it: it would push away what is right.

Sources: CLIP (Radford et al., 2021, arXiv 2103.00020), NegCLIP (Yuksekgonul et al., 2023, arXiv 2210.01936), SigLIP
(Zhai et al., 2023, arXiv 2303.15343), hard positives (Kamath et al., 2024, arXiv 2409.17958).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Marks:
    """What belongs together in a matrix of k pictures and u sentences."""

    pictures: Tensor
    """The row of each of p pairs, shape (p,)."""
    texts: Tensor
    """The column of each pair, shape (p,)."""
    weights: Tensor
    """What each pair counts, shape (p,): 1 for a positive, another number for a hard positive."""
    neutral: Tensor
    """Cells that are not negatives, shape (k, u): the pairs, and whatever else is known to be true."""
    column_weights: Tensor
    """How much each sentence counts as a negative, shape (u,): 1, or another number for hard negatives."""


def softmax_loss(logits: Tensor, marks: Marks) -> Tensor:
    """CLIP's loss, and NegCLIP's where some sentences are nobody's positive.

    For each pair, the picture has to find its sentence among the negatives of its row, and the sentence its picture
    among those of its column; the mean of the two cross-entropies, weighted over pairs. Hard negative sentences have
    no pair: they are columns of the first softmax, and ask for nothing in the second. A picture without a pair (the
    blank one) is the like of it in the second.

    Args:
        logits: Scaled cosines, shape (k, u).
        marks: What belongs together.

    Returns:
        The loss, a scalar.
    """
    rows = _cross_entropy(logits, marks.pictures, marks.texts, marks.neutral, marks.column_weights)
    columns = _cross_entropy(logits.T, marks.texts, marks.pictures, marks.neutral.T, None)
    return _weighted_mean((rows + columns) / 2, marks.weights)


def sigmoid_loss(logits: Tensor, marks: Marks) -> Tensor:
    """SigLIP's loss with any number of positives and negatives a picture.

    Each cell is a question by itself: -log sigmoid(logit) for pairs, -log sigmoid(-logit) for negatives, summed and
    divided by the number of pictures that have a pair.

    Args:
        logits: Scaled and shifted cosines, shape (k, u).
        marks: What belongs together.

    Returns:
        The loss, a scalar.
    """
    from torch.nn.functional import logsigmoid

    positives = (-logsigmoid(logits[marks.pictures, marks.texts]) * marks.weights).sum()
    weights = marks.column_weights.expand_as(logits).masked_fill(marks.neutral, 0)
    negatives = (-logsigmoid(-logits) * weights).sum()
    return (positives + negatives) / len(set(marks.pictures.tolist()))


def accuracy(logits: Tensor, marks: Marks) -> Tensor:
    """The share of pairs whose sentence scores higher than every negative of the picture, a scalar."""
    logits = logits.detach()
    counted = marks.column_weights > 0
    rivals = logits.masked_fill(marks.neutral | ~counted, float("-inf")).amax(dim=1)
    return (logits[marks.pictures, marks.texts] > rivals[marks.pictures]).float().mean()


def _cross_entropy(
    logits: Tensor, rows: Tensor, columns: Tensor, neutral: Tensor, column_weights: Tensor | None
) -> Tensor:
    """-log of each pair's share among itself and the negatives of its row, shape (p,)."""
    import torch

    weighted, left_out = logits, neutral
    if column_weights is not None:
        left_out = neutral | (column_weights == 0)
        weighted = logits + column_weights.masked_fill(column_weights == 0, 1).log()
    negatives = weighted.masked_fill(left_out, float("-inf")).logsumexp(dim=1)
    own = logits[rows, columns]
    return torch.logaddexp(own, negatives[rows]) - own


def _weighted_mean(values: Tensor, weights: Tensor) -> Tensor:
    return (values * weights).sum() / weights.sum()
