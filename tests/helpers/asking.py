"""Questions and a model made of a few vectors, so that scores can be told by hand."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image

from naturel.evaluation.models.encoder import Embeddings
from naturel.evaluation.questions import Kind, Picture, Questions


def picture_of(colour: str, key: str | None = None) -> Picture:
    """A picture of one colour, as the bytes of a PNG."""
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(buffer, "PNG")
    return Picture(key or colour, buffer.getvalue())


def questions_of(
    pictures: Sequence[Picture],
    captions: Sequence[str],
    images: Sequence[Sequence[int]],
    texts: Sequence[Sequence[int]],
    true: object,
    *,
    kind: Kind = Kind.CHOICE,
    benchmark: str = "small",
) -> Questions:
    """Questions by the numbers of their pictures and sentences; `true` has shape (n, a, c)."""
    return Questions(
        benchmark=benchmark,
        kind=kind,
        pictures=tuple(pictures),
        captions=tuple(captions),
        images=np.array(images, dtype=np.int64),
        texts=np.array(texts, dtype=np.int64),
        true=np.array(true, dtype=np.bool_),
        facts={"id": pa.array([str(number) for number in range(len(images))])},
    )


class VectorEncoder:
    """An encoder that knows the vector of each colour and each sentence, and counts what it is asked."""

    name = "vectors"

    def __init__(self, vectors: Mapping[str, Sequence[float]], digest: str = "1" * 64) -> None:
        self.vectors = vectors
        self.digest = digest
        self.images: list[str] = []
        self.texts: list[str] = []

    def encode_images(self, pictures: Sequence[Image.Image]) -> Embeddings:
        colours = {
            Image.new("RGB", (1, 1), name).getpixel((0, 0)): name for name in self.vectors if name.isalpha()
        }
        names = [colours[picture.getpixel((0, 0))] for picture in pictures]
        self.images += names
        return self._rows(names)

    def encode_texts(self, texts: Sequence[str]) -> Embeddings:
        self.texts += texts
        return self._rows(texts)

    def _rows(self, names: Sequence[str]) -> Embeddings:
        return np.array([self.vectors[name] for name in names], dtype=np.float32)


def broken_picture(folder: Path, key: str = "broken") -> Picture:
    """A file that begins as a PNG does, and ends there."""
    path = folder / f"{key}.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    return Picture(key, path)
