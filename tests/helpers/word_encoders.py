"""Text encoders whose cosines can be worked out by hand."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from PIL import Image

from naturel.evaluation.models.encoder import Embeddings

SIZE = 2048


class BagOfWords:
    """A dimension for each word: order does not matter."""

    name = "bag of words"
    digest = "bag"

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def encode_texts(self, texts: Sequence[str]) -> Embeddings:
        vectors = np.zeros((len(texts), SIZE), dtype=np.float32)
        for row, text in enumerate(texts):
            for word, count in Counter(self.features(text)).items():
                vectors[row, self._places.setdefault(word, len(self._places))] = count
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)

    def features(self, text: str) -> list[str]:
        """What is counted."""
        return text.lower().split()

    def encode_images(self, pictures: Sequence[Image.Image]) -> Embeddings:
        raise NotImplementedError


class Knowing(BagOfWords):
    """Knows that A left of B is B right of A, and nothing else: sentences of one meaning are one."""

    name = "knowing"
    digest = "knowing"

    def features(self, text: str) -> list[str]:
        found = re.fullmatch(r"(.+) to the (left|right) of (.+)", text)
        if found is None:
            return [text]
        first, side, second = found.groups()
        return [f"{first} < {second}" if side == "left" else f"{second} < {first}"]
