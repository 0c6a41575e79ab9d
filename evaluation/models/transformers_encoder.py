"""CLIP, SigLIP and their kin from transformers as encoders.

Needs the extra `train` (torch and transformers), which is imported when a model is opened.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PIL import Image

from naturel.evaluation.models.torch_encoder import TorchEncoder
from naturel.evaluation.models.two_tower import TwoTower, open_two_tower

if TYPE_CHECKING:
    from torch import Tensor

PASSING = ("_name_or_path", "transformers_version", "dtype", "torch_dtype")
"""Settings of a model that do not shape its embeddings, or that the weights tell."""


class TransformersEncoder(TorchEncoder):
    """A `TwoTower`, such as one in training, as a `DualEncoder`; see `TorchEncoder`."""

    def __init__(
        self, tower: TwoTower, *, device: str | None = None, dtype: str | None = None, batch_size: int = 0
    ) -> None:
        """Takes a model; by default it stays on its device and in its type.

        Raises:
            UserError: There is no such device or type.
        """
        super().__init__(tower.name, tower.model, device=device, dtype=dtype, batch_size=batch_size)
        self.tower = tower

    def preprocess(self, pictures: Sequence[Image.Image]) -> dict[str, Tensor]:
        """As `TwoTower.preprocess`."""
        return self.tower.preprocess(pictures)

    def tokenize(self, texts: Sequence[str]) -> dict[str, Tensor]:
        """As `TwoTower.tokenize`."""
        return self.tower.tokenize(texts)

    def image_features(self, inputs: dict[str, Tensor]) -> Tensor:
        """As `TwoTower.image_features`."""
        return self.tower.image_features(inputs)

    def text_features(self, inputs: dict[str, Tensor]) -> Tensor:
        """As `TwoTower.text_features`."""
        return self.tower.text_features(inputs)

    def described(self) -> str:
        """The model's settings, the tokeniser's words and rules, the picture preprocessing."""
        tokenizer = self.tower.tokenizer
        backend = getattr(tokenizer, "backend_tokenizer", None)
        rules = json.loads(backend.to_str()) if backend is not None else {}
        for passing in ("truncation", "padding"):  # left by the last call
            rules.pop(passing, None)
        settings = {
            "model": self.tower.model.config.to_dict(),
            "pictures": self.tower.processor.to_dict(),
            "tokens": [tokenizer.model_max_length, tokenizer.special_tokens_map, rules],
            "words": sorted(tokenizer.get_vocab().items()),
        }
        return json.dumps(_lasting(settings), sort_keys=True, default=str)


def open_transformers(
    name: str, *, device: str = "auto", dtype: str = "auto", batch_size: int = 0
) -> TransformersEncoder:
    """Open a CLIP or SigLIP of transformers.

    Args:
        name: A local folder that `save_pretrained` wrote, or an id on the hub.
        device: `auto`, or one of torch's, such as `cuda:1`.
        dtype: One of `DTYPES`.
        batch_size: Pictures at once; 0: found by itself.

    Raises:
        UserError: There is no such model, device or type, or the extra `train` is missing.
    """
    return TransformersEncoder(open_two_tower(name), device=device, dtype=dtype, batch_size=batch_size)


def _lasting(value: Any) -> Any:
    """Settings without those that pass."""
    if isinstance(value, dict):
        return {name: _lasting(entry) for name, entry in value.items() if name not in PASSING}
    return [_lasting(entry) for entry in value] if isinstance(value, list | tuple) else value
