"""Two-tower models: anything that turns pictures and sentences into vectors of one space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

Embeddings = npt.NDArray[np.float32]

TEXTS_A_PICTURE = 4
"""Sentences that are embedded at once where a picture would be: they take less memory."""


class DualEncoder(Protocol):
    """Makes embeddings; a score is the cosine of two, so that they are of length 1."""

    @property
    def name(self) -> str:
        """What tables call the model."""

    @property
    def digest(self) -> str:
        """Of weights, tokeniser and picture preprocessing: other embeddings have another digest."""

    def encode_images(self, pictures: Sequence[Image.Image]) -> Embeddings:
        """Embed RGB pictures of any size, shape (k, d), rows of length 1."""

    def encode_texts(self, texts: Sequence[str]) -> Embeddings:
        """Embed sentences, shape (k, d), rows of length 1."""
