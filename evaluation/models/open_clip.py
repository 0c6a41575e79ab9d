"""Models of open_clip: `open_clip:ARCHITECTURE/PRETRAINED`, or `open_clip:hf-hub:ORGANISATION/MODEL`.

Needs the extra `openclip`, which is imported when a model is opened.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PIL import Image

from naturel.annotations.errors import UserError
from naturel.builders.engine import require_extra
from naturel.evaluation.models.torch_encoder import TorchEncoder

if TYPE_CHECKING:
    from torch import Tensor

PREFIX = "open_clip:"
HUB = "hf-hub:"
"""Begins the names of models that bring their weights with them."""


class OpenClipEncoder(TorchEncoder):
    """A model of open_clip with its tokeniser and its picture preprocessing."""

    def __init__(
        self,
        name: str,
        model: Any,
        tokenizer: Any,
        transform: Any,
        *,
        device: str,
        dtype: str,
        batch_size: int = 0,
    ) -> None:
        """Takes what open_clip's factories give; see `TorchEncoder`."""
        super().__init__(name, model, device=device, dtype=dtype, batch_size=batch_size)
        self.tokenizer = tokenizer
        self.transform = transform

    def preprocess(self, pictures: Sequence[Image.Image]) -> dict[str, Tensor]:
        """The pictures' pixels, shape (k, 3, side, side)."""
        import torch

        return {"image": torch.stack([self.transform(picture) for picture in pictures])}

    def tokenize(self, texts: Sequence[str]) -> dict[str, Tensor]:
        """The sentences' tokens, shape (k, length)."""
        return {"text": self.tokenizer(list(texts))}

    def image_features(self, inputs: dict[str, Tensor]) -> Tensor:
        """Embed pixels."""
        features: Tensor = self.model.encode_image(inputs["image"], normalize=True)
        return features

    def text_features(self, inputs: dict[str, Tensor]) -> Tensor:
        """Embed tokens."""
        features: Tensor = self.model.encode_text(inputs["text"], normalize=True)
        return features

    def described(self) -> str:
        """The name, which settles architecture and tokeniser, and the picture preprocessing as it prints itself."""
        length = getattr(self.tokenizer, "context_length", None)
        return json.dumps([self.name, type(self.tokenizer).__name__, length, repr(self.transform)])


def open_open_clip(
    name: str, *, device: str = "auto", dtype: str = "auto", batch_size: int = 0
) -> OpenClipEncoder:
    """Open a model of open_clip.

    Args:
        name: `open_clip:ViT-B-32/laion2b_s34b_b79k`, `open_clip:ViT-B-32/weights.pt` or
            `open_clip:hf-hub:ORGANISATION/MODEL`.
        device: `auto`, or one of torch's.
        dtype: One of `DTYPES`.
        batch_size: Pictures at once; 0: found by itself.

    Raises:
        UserError: There is no such model, or the extra `openclip` is missing.
    """
    architecture, weights = parse_name(name)
    require_extra("open_clip", f"the model {name}")
    import open_clip

    try:
        # The weights of files are read as weights only: nothing in them is run.
        model, transform = open_clip.create_model_from_pretrained(architecture, pretrained=weights or None)
        tokenizer = open_clip.get_tokenizer(architecture)
    except (RuntimeError, OSError, ValueError) as error:
        raise UserError(
            f"the model {name} cannot be opened: {error} open_clip.list_pretrained() lists what there is."
        ) from error
    return OpenClipEncoder(
        name, model.eval(), tokenizer, transform, device=device, dtype=dtype, batch_size=batch_size
    )


def parse_name(name: str) -> tuple[str, str]:
    """The architecture and the weights that a name means; of the hub's models the weights are empty.

    Raises:
        UserError: It names no weights.
    """
    bare = name.removeprefix(PREFIX)
    if bare.startswith(HUB):
        return bare, ""
    architecture, _, weights = bare.partition("/")
    if not (architecture and weights):
        raise UserError(
            f"--model {name} names no weights. Give open_clip:ARCHITECTURE/PRETRAINED, such as "
            "open_clip:ViT-B-32/laion2b_s34b_b79k, or open_clip:hf-hub:ORGANISATION/MODEL."
        )
    return architecture, weights
