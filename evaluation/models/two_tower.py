"""CLIP, SigLIP and their kin from transformers: opened, called and saved in one way, to evaluate and to train.

Needs the extra `train` (torch and transformers), which is imported when a model is opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from naturel.annotations.errors import UserError
from naturel.builders.engine import require_extra

if TYPE_CHECKING:
    from torch import Tensor

SIGMOID = ("siglip", "siglip2")
"""Families trained with sigmoids, and with sentences padded to their full length."""


@dataclass(frozen=True)
class TwoTower:
    """A model with its tokeniser and its picture preprocessing."""

    name: str
    """The hub's id, or the folder, that it was opened from."""
    model: Any
    """A `transformers.PreTrainedModel` with `get_image_features` and `get_text_features`."""
    tokenizer: Any
    processor: Any
    """A `transformers` image processor."""

    @property
    def family(self) -> str:
        """Its `model_type`, such as `clip` or `siglip`."""
        return str(self.model.config.model_type)

    @property
    def sigmoid(self) -> bool:
        """Whether it is trained with sigmoids: its scores have a bias."""
        return self.family in SIGMOID

    def tokenize(self, texts: Sequence[str]) -> dict[str, Tensor]:
        """Tokens of sentences, shape (k, length), on the CPU; what is too long is cut."""
        padding = "max_length" if self.sigmoid else True
        tokens = self.tokenizer(
            list(texts), padding=padding, truncation=True, max_length=self._length(), return_tensors="pt"
        )
        if self.sigmoid:  # padding is a part of what it was trained on
            tokens.pop("attention_mask", None)
        return dict(tokens)

    def preprocess(self, pictures: Sequence[Image.Image]) -> dict[str, Tensor]:
        """What the model takes of RGB pictures of any size: `pixel_values`, shape (k, 3, side, side), on the CPU."""
        return dict(self.processor(images=list(pictures), return_tensors="pt"))

    def image_features(self, inputs: dict[str, Tensor]) -> Tensor:
        """Embed what `preprocess` made, shape (k, d), rows of length 1."""
        return _unit(self.model.get_image_features(**inputs))

    def text_features(self, inputs: dict[str, Tensor]) -> Tensor:
        """Embed what `tokenize` made, shape (k, d), rows of length 1."""
        return _unit(self.model.get_text_features(**inputs))

    def save(self, folder: Path) -> None:
        """Save model, tokeniser and preprocessing, so that `open_two_tower` and `from_pretrained` read them."""
        for part in (self.model, self.tokenizer, self.processor):
            part.save_pretrained(folder)

    def _length(self) -> int:
        config = getattr(self.model.config, "text_config", self.model.config)
        return int(min(self.tokenizer.model_max_length, config.max_position_embeddings))


def open_two_tower(name: str, *, revision: str | None = None) -> TwoTower:
    """Open a model on the CPU, in evaluation mode.

    Args:
        name: A local folder that `save_pretrained` wrote, or an id on the hub.
        revision: Of the hub's model.

    Returns:
        The model with its tokeniser and preprocessing.

    Raises:
        UserError: The extra `train` is missing, there is no such model, or it has not two towers.
    """
    for package in ("torch", "transformers"):
        require_extra(package, f"the model {name}", "train")
    from transformers import AutoImageProcessor, AutoModel, AutoTokenizer

    options = {"revision": revision, "trust_remote_code": False}
    try:
        model = AutoModel.from_pretrained(name, **options)
        tokenizer = AutoTokenizer.from_pretrained(name, **options)
        processor = AutoImageProcessor.from_pretrained(name, **options)
    except (OSError, ValueError) as error:
        raise UserError(
            f"the model {name} cannot be opened: {error} Give the folder of a CLIP or SigLIP that transformers "
            "saved, or its id on the Hugging Face hub."
        ) from error
    if not (hasattr(model, "get_image_features") and hasattr(model, "get_text_features")):
        raise UserError(
            f"the model {name} is of the kind {model.config.model_type}, which has not two towers: give a CLIP or "
            "SigLIP, or score it by itself and give its scores with --scores."
        )
    return TwoTower(name, model.eval(), tokenizer, processor)


def _unit(features: Any) -> Tensor:
    """Rows of length 1; transformers 5 wraps what 4 gave bare."""
    bare: Tensor = getattr(features, "pooler_output", features)
    unit: Tensor = bare / bare.norm(dim=-1, keepdim=True)
    return unit
