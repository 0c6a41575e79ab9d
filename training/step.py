"""One step: the loss of the whole batch, over all processes and all parts, and its exact gradient.

The towers make features; the loss sees nothing but features. So a step has two halves (GradCache, Gao et al., 2021,
arXiv 2101.06983): the loss of all features and its gradient with respect to them; then that gradient goes back
through the towers, part by part. However many parts and processes there are, every picture meets every sentence of
the batch. With several parts each goes through the towers twice. Dropout is off, so that both times give the same.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from naturel.annotations.joins import Integers
from naturel.evaluation.models.two_tower import TwoTower
from naturel.training.batches import Batch, Inputs
from naturel.training.known import KnownTruth
from naturel.training.losses import Marks, accuracy, sigmoid_loss, softmax_loss

if TYPE_CHECKING:
    from torch import Tensor

GREATEST_SCALE = math.log(100)
"""Of CLIP's logits (Radford et al., 2021, section 2.5)."""


class Stepper:
    """Makes gradients of batches."""

    def __init__(
        self,
        tower: TwoTower,
        known: KnownTruth,
        accelerator: Any,
        *,
        sigmoid: bool,
        parts: int = 1,
        hard_negative_weight: float = 1.0,
    ) -> None:
        """Keeps what gradients are made with.

        Args:
            tower: The model, on its device.
            known: What is true of which picture.
            accelerator: An `accelerate.Accelerator`.
            sigmoid: Whether the loss is SigLIP's rather than CLIP's.
            parts: In how many parts a batch goes through the towers.
            hard_negative_weight: What a sentence counts that is nobody's positive.
        """
        self._tower, self._known, self._accelerator = tower, known, accelerator
        self._sigmoid, self._parts, self._hard = sigmoid, parts, hard_negative_weight

    def backward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Add the gradient of a batch's loss to the weights' gradients.

        Args:
            batch: This process's part of the batch.

        Returns:
            The loss of the whole batch, and the share of pairs told right.
        """
        import torch

        accelerator, model = self._accelerator, self._tower.model
        towers = (
            (self._tower.image_features, self._split(batch.picture_inputs)),
            (self._tower.text_features, self._split(batch.text_inputs)),
        )
        with torch.set_grad_enabled(self._parts == 1):
            made = [[self._embed(tower, part) for part in parts] for tower, parts in towers]
        leaves = [torch.cat([part.detach() for part in parts]).requires_grad_() for parts in made]
        loss, right = self._loss(batch, *leaves)
        accelerator.backward(loss)
        for (tower, parts), features, leaf in zip(towers, made, leaves, strict=True):
            whole: Any = leaf.grad
            gradients = whole.split([len(part) for part in features])
            for inputs, first, gradient in zip(parts, features, gradients, strict=True):
                again = first if self._parts == 1 else self._embed(tower, inputs)
                torch.autograd.backward(again, gradient)
        self._sum_gradients([weight for weight in model.parameters() if weight.grad is not None])
        return loss.detach(), right

    def clamp(self) -> None:
        """Keep the logits' scale in CLIP's bounds; SigLIP has none."""
        if not self._sigmoid:
            self._tower.model.logit_scale.data.clamp_(0, GREATEST_SCALE)

    @property
    def scale(self) -> float:
        """What cosines are multiplied by."""
        return float(self._tower.model.logit_scale.detach().exp())

    def _split(self, inputs: Inputs) -> list[Inputs]:
        """The parts in which inputs go through a tower."""
        import torch

        count = len(next(iter(inputs.values())))
        bounds = torch.arange(count).tensor_split(min(self._parts, count))
        return [{name: value[part[0] : part[-1] + 1] for name, value in inputs.items()} for part in bounds]

    def _embed(self, tower: Any, inputs: Inputs) -> Tensor:
        device = self._accelerator.device
        with self._accelerator.autocast():
            features: Tensor = tower(
                {name: value.to(device, non_blocking=True) for name, value in inputs.items()}
            )
        return features.float()

    def _loss(self, batch: Batch, pictures: Tensor, texts: Tensor) -> tuple[Tensor, Tensor]:
        import torch

        images, picture_rows = self._together(batch.images, pictures)
        sentences, text_rows = self._together(batch.texts, texts)
        pairs, weights = self._all_pairs(batch)
        marks = self._marks(images, sentences, pairs, weights)
        model = self._tower.model
        logits = model.logit_scale.exp() * (picture_rows @ text_rows.T)
        if self._sigmoid:
            logits = logits + model.logit_bias
        loss = (sigmoid_loss if self._sigmoid else softmax_loss)(logits, marks)
        with torch.no_grad():
            return loss, accuracy(logits, marks)

    def _together(self, numbers: Integers, features: Tensor) -> tuple[Integers, Tensor]:
        """Numbers and features of all processes, each number once.

        Features of other processes are constants here; their own processes see to their gradients.
        """
        import torch

        if self._accelerator.num_processes == 1:
            return numbers, features
        everywhere = self._gather(torch.from_numpy(numbers).to(features.device))
        others = self._gather(features.detach())
        sizes = self._gather(torch.tensor([len(numbers)], device=features.device)).tolist()
        start = sum(sizes[: self._accelerator.process_index])
        # A number that several processes have is the first one's.
        once, first = np.unique(everywhere.cpu().numpy(), return_index=True)
        joined = torch.cat([others[:start], features, others[start + len(numbers) :]])
        return once, joined[torch.from_numpy(first).to(joined.device)]

    def _all_pairs(self, batch: Batch) -> tuple[Integers, Any]:
        import torch

        if self._accelerator.num_processes == 1:
            return batch.pairs, batch.weights
        device = self._accelerator.device
        pairs = self._gather(torch.from_numpy(batch.pairs).to(device)).cpu().numpy()
        weights = self._gather(torch.from_numpy(batch.weights).to(device)).cpu().numpy()
        once, place = np.unique(pairs, axis=0, return_inverse=True)
        greatest = np.zeros(len(once), dtype=np.float32)
        np.maximum.at(greatest, place.ravel(), weights)
        return once, greatest

    def _gather(self, tensor: Tensor) -> Tensor:
        """Rows of all processes, in their order; they may have different numbers of rows."""
        import torch

        accelerator = self._accelerator
        sizes = accelerator.gather(torch.tensor([len(tensor)], device=tensor.device)).tolist()
        padded = accelerator.gather(accelerator.pad_across_processes(tensor))
        return torch.cat([rows[:size] for rows, size in zip(padded.split(max(sizes)), sizes, strict=True)])

    def _marks(self, images: Integers, texts: Integers, pairs: Integers, weights: Any) -> Marks:
        import torch

        device = self._accelerator.device
        rows, columns = _places(images, pairs[:, 0]), _places(texts, pairs[:, 1])
        neutral = self._known.known(images, texts)
        neutral[rows, columns] = True
        column_weights = np.full(len(texts), self._hard, dtype=np.float32)
        column_weights[columns] = 1
        return Marks(
            *(
                torch.from_numpy(values).to(device)
                for values in (rows, columns, np.asarray(weights), neutral, column_weights)
            )
        )

    def _sum_gradients(self, weights: list[Any]) -> None:
        """Sum gradients over processes: each has those of its own features.

        The scale and the bias of the logits are no feature's: every process has their whole gradient.
        """
        import torch

        if self._accelerator.num_processes == 1:
            return
        count = self._accelerator.num_processes
        for weight in (self._tower.model.logit_scale, getattr(self._tower.model, "logit_bias", None)):
            if weight is not None and weight.grad is not None:
                weight.grad /= count
        flat = self._accelerator.reduce(torch.cat([weight.grad.ravel() for weight in weights]), "sum")
        for weight, gradient in zip(weights, flat.split([weight.numel() for weight in weights]), strict=True):
            weight.grad.copy_(gradient.view_as(weight))


def _places(numbers: Integers, wanted: Integers) -> Integers:
    """Where each wanted number stands among different numbers."""
    order = np.argsort(numbers)
    places: Integers = order[np.searchsorted(numbers, wanted, sorter=order)]
    return places
