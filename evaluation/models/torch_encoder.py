"""What encoders of torch share: the device, batches as large as fit, and the digest of the weights."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from PIL import Image

from naturel.annotations.errors import UserError
from naturel.evaluation.models.encoder import TEXTS_A_PICTURE, Embeddings

if TYPE_CHECKING:
    from torch import Tensor

DTYPES = ("auto", "float32", "float16", "bfloat16")
"""What weights are calculated with; `auto`: what they were loaded in on a GPU, float32 on a CPU."""
CPU_BATCH = 32
"""Pictures that are embedded together on a CPU, where more are not faster."""
GPU_PARAMETERS = 40_000_000_000
"""Parameters times pictures of a GPU's first batch: 256 pictures for CLIP B/32, 93 for L/14."""
MOST = 256
SHORT = ("out of memory", "can't allocate memory", "not enough memory")
"""What torch says where memory is short: on a GPU, and on a CPU."""

_Entry = TypeVar("_Entry")


class TorchEncoder(ABC):
    """A two-tower model of torch as a `DualEncoder`.

    The weights are taken to stay as they are; after a step of training, make another encoder of the model. A model in
    training mode is put back into it after each call.
    """

    def __init__(
        self,
        name: str,
        model: Any,
        *,
        device: str | None = None,
        dtype: str | None = None,
        batch_size: int = 0,
    ) -> None:
        """Takes a model.

        Args:
            name: What tables call it.
            model: A `torch.nn.Module`.
            device: Where it is moved, such as `cuda`; `auto`: the best there is; None: it stays where it is.
            dtype: One of `DTYPES`; None: it stays as it is.
            batch_size: Pictures at once; 0: a guess by the model's size. Where memory does not suffice, it is halved.

        Raises:
            UserError: There is no such device or type.
        """
        self.name = name
        self.model = model
        move(model, device, dtype)
        self.batch_size = batch_size or self._guess()

    @abstractmethod
    def preprocess(self, pictures: Sequence[Image.Image]) -> dict[str, Tensor]:
        """What the model takes of RGB pictures, on the CPU."""

    @abstractmethod
    def tokenize(self, texts: Sequence[str]) -> dict[str, Tensor]:
        """What the model takes of sentences, on the CPU."""

    @abstractmethod
    def image_features(self, inputs: dict[str, Tensor]) -> Tensor:
        """Embed what `preprocess` made, shape (k, d), rows of length 1."""

    @abstractmethod
    def text_features(self, inputs: dict[str, Tensor]) -> Tensor:
        """Embed what `tokenize` made, shape (k, d), rows of length 1."""

    @abstractmethod
    def described(self) -> str:
        """All but the weights that shapes embeddings, as text that is the same for the same settings."""

    @cached_property
    def digest(self) -> str:
        """Of the weights as they are calculated with, the tokeniser and the picture preprocessing."""
        digest = hashlib.sha256(self.described().encode())
        for name, tensor in sorted(self.model.state_dict().items()):
            digest.update(f"\0{name} {tensor.dtype} {tuple(tensor.shape)}\0".encode())
            digest.update(_bytes(tensor))
        return digest.hexdigest()

    def encode_images(self, pictures: Sequence[Image.Image]) -> Embeddings:
        """Embed RGB pictures of any size, shape (k, d), rows of length 1.

        Raises:
            UserError: Not even one picture fits into memory.
        """
        return self._encode(pictures, 1, self.preprocess, self.image_features)

    def encode_texts(self, texts: Sequence[str]) -> Embeddings:
        """Embed sentences, shape (k, d), rows of length 1.

        Raises:
            UserError: Not even a few sentences fit into memory.
        """
        return self._encode(texts, TEXTS_A_PICTURE, self.tokenize, self.text_features)

    def _encode(
        self,
        entries: Sequence[_Entry],
        factor: int,
        prepare: Callable[[Sequence[_Entry]], dict[str, Tensor]],
        embed: Callable[[dict[str, Tensor]], Tensor],
    ) -> Embeddings:
        done: list[Embeddings] = []
        start = 0
        with _inference(self.model):
            while start < len(entries):
                block = entries[start : start + self.batch_size * factor]
                try:
                    embedded = embed(self._placed(prepare(block)))
                    done.append(embedded.float().cpu().numpy())
                except (RuntimeError, MemoryError) as error:
                    self._halve(error)
                    continue
                start += len(block)
        return np.concatenate(done) if done else np.empty((0, 0), np.float32)

    def _placed(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """Inputs on the device of the model, in its type."""
        weights = next(self.model.parameters())
        return {
            name: tensor.to(weights.device, weights.dtype if tensor.is_floating_point() else None)
            for name, tensor in inputs.items()
        }

    def _guess(self) -> int:
        weights = list(self.model.parameters())
        if weights[0].device.type == "cpu":
            return CPU_BATCH
        return max(1, min(MOST, GPU_PARAMETERS // sum(int(tensor.numel()) for tensor in weights)))

    def _halve(self, error: Exception) -> None:
        """Make batches smaller where memory was short; other errors go on.

        Raises:
            UserError: There is nothing to halve.
        """
        if not isinstance(error, MemoryError) and not any(words in str(error) for words in SHORT):
            raise error
        device = next(self.model.parameters()).device
        if self.batch_size == 1:
            raise UserError(
                f"the model {self.name} does not fit into the memory of {device}, not even with one picture at a "
                "time. Try --dtype float16, --device cpu, or a smaller model."
            ) from error
        self.batch_size //= 2
        if device.type == "cuda":
            import torch

            torch.cuda.empty_cache()


def best_device() -> str:
    """`cuda`, `mps` or `cpu`."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def move(model: Any, device: str | None, dtype: str | None) -> None:
    """Bring a torch module to a device, and its weights into a type.

    Args:
        model: A `torch.nn.Module`.
        device: `auto`, or one of torch's; None: where it is.
        dtype: One of `DTYPES`; None: as it is.

    Raises:
        UserError: There is no such device here, or no such type.
    """
    import torch

    if dtype is not None and dtype not in DTYPES:
        raise UserError(f"--dtype {dtype}: there is no such type. Give one of {', '.join(DTYPES)}.")
    device = best_device() if device == "auto" else device
    try:
        if device is not None:
            model.to(device)
    except (RuntimeError, AssertionError) as error:  # torch asserts that it was built for CUDA
        reason = str(error).splitlines()[0].rstrip(".")
        raise UserError(
            f"--device {device}: the model cannot be brought there: {reason}. Give auto, or cpu."
        ) from error
    if dtype == "auto":
        dtype = "float32" if next(model.parameters()).device.type == "cpu" else None
    if dtype is not None:
        model.to(getattr(torch, dtype))


@contextmanager
def _inference(model: Any) -> Iterator[None]:
    """No gradients and no dropout in the block."""
    import torch

    training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        model.train(training)


def _bytes(tensor: Tensor) -> memoryview:
    import torch

    return tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data
