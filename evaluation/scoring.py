"""From questions to scores: pictures and sentences are embedded once each, and compared."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from naturel.annotations.joins import Integers
from naturel.builders.progress import Progress, SilentProgress, Task
from naturel.evaluation.embeddings import EmbeddingCache, picture_key, source_digest, text_key
from naturel.evaluation.models.encoder import TEXTS_A_PICTURE, DualEncoder, Embeddings
from naturel.evaluation.questions import Picture, Questions, Scores

UNREADABLE = "its picture cannot be read"
THREADS = 4
"""That read and decode pictures."""
PICTURES_AT_ONCE = 64
"""Decoded pictures that wait for the model, unless it says how many it takes."""
QUESTIONS_AT_ONCE = 4096

_Entry = TypeVar("_Entry")
_Done = TypeVar("_Done")


@dataclass(frozen=True)
class Answers:
    """What a model says to the questions of a benchmark."""

    scores: Scores
    """Shape (n, a, c); NaN where there is no sentence, and in questions that it could not answer."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Reason -> how many questions it could not answer."""
    corrected: Scores | None = None
    """Scores without each sentence's prior, shape (n, a, c)."""


class Scorer(Protocol):
    """Whatever gives pictures and sentences scores."""

    @property
    def name(self) -> str:
        """What tables call it."""

    @property
    def digest(self) -> str:
        """Tells it from others of that name; empty where there is nothing to tell."""

    def score(self, questions: Questions, progress: Progress) -> Answers:
        """Score all pictures and sentences of each question with one another."""

    def close(self) -> None:
        """Let go of what it holds open."""


class EncoderScorer:
    """A two-tower model: the score of a picture and a sentence is the cosine of their embeddings."""

    def __init__(
        self, encoder: DualEncoder, cache: EmbeddingCache | None = None, *, threads: int = THREADS
    ) -> None:
        """Takes a model.

        Args:
            encoder: The model.
            cache: Of its embeddings; None: they are kept in memory until it is closed.
            threads: That read and decode pictures.
        """
        self.encoder = encoder
        self.cache = cache or EmbeddingCache("", None)
        self.threads = threads

    @property
    def name(self) -> str:
        """The encoder's."""
        return self.encoder.name

    @property
    def digest(self) -> str:
        """The encoder's."""
        return self.encoder.digest

    def close(self) -> None:
        """Close the cache."""
        self.cache.close()

    def score(self, questions: Questions, progress: Progress) -> Answers:
        """Score by cosines; questions with a picture that cannot be read are left out.

        Raises:
            UserError: The cache or the model fails.
        """
        images, seen = self._images(questions, progress)
        texts = self._texts(questions, progress)
        scores = cosines(questions, images, texts) if seen.any() else np.full(questions.true.shape, np.nan)
        lost = int((~seen[questions.images]).any(axis=1).sum())
        shown = np.intersect1d(np.unique(questions.images), np.flatnonzero(seen))
        corrected = without_prior(questions, scores, images[shown], texts) if len(shown) > 1 else None
        return Answers(scores, {UNREADABLE: lost} if lost else {}, corrected)

    def _images(self, questions: Questions, progress: Progress) -> tuple[Embeddings, npt.NDArray[np.bool_]]:
        """Embeddings of all pictures, NaN for those that are not asked about or unreadable, and which are there."""
        used = np.unique(questions.images).tolist()
        pictures = [questions.pictures[number] for number in used]
        at_once = self._at_once()
        with ThreadPoolExecutor(self.threads) as pool:
            sources = list(dict.fromkeys(picture.source for picture in pictures))  # crops share a file
            digests = dict(zip(sources, pool.map(_digest, sources), strict=True))
            keys = [_key(picture, digests[picture.source]) for picture in pictures]
            found = self.cache.read([key for key in keys if key])
            wanted = {key: picture for key, picture in zip(keys, pictures, strict=True) if key}
            missing = {key: picture for key, picture in wanted.items() if key not in found}
            with _task(progress, questions, len(missing), "pictures") as task:
                opened = _ahead(pool, _open, missing.items(), at_once)
                for block in _blocks(opened, at_once):
                    readable = [(key, image) for key, image in block if image is not None]
                    if readable:
                        vectors = self.encoder.encode_images([image for _, image in readable])
                        self._keep([key for key, _ in readable], vectors, found)
                    task.advance(len(block))
        return _table(len(questions.pictures), used, keys, found)

    def _texts(self, questions: Questions, progress: Progress) -> Embeddings:
        """Embeddings of all sentences, NaN for those that are not asked about."""
        used = np.unique(questions.texts[questions.texts >= 0]).tolist()
        keys = [text_key(questions.captions[number]) for number in used]
        found = self.cache.read(keys)
        wanted = {key: questions.captions[number] for key, number in zip(keys, used, strict=True)}
        missing = [(key, text) for key, text in wanted.items() if key not in found]
        missing.sort(key=lambda pair: len(pair[1]))  # a batch is padded to its longest
        with _task(progress, questions, len(missing), "sentences") as task:
            for block in _blocks(missing, TEXTS_A_PICTURE * self._at_once()):
                vectors = self.encoder.encode_texts([text for _, text in block])
                self._keep([key for key, _ in block], vectors, found)
                task.advance(len(block))
        return _table(len(questions.captions), used, keys, found)[0]

    def _at_once(self) -> int:
        """Pictures that the model takes at once."""
        return int(getattr(self.encoder, "batch_size", PICTURES_AT_ONCE))

    def _keep(self, keys: list[bytes], vectors: Embeddings, found: dict[bytes, Embeddings]) -> None:
        self.cache.write(keys, vectors)
        found.update(zip(keys, vectors, strict=True))


def cosines(questions: Questions, images: Embeddings, texts: Embeddings) -> Scores:
    """The cosine of each picture and each sentence of a question.

    Args:
        questions: n of them.
        images: Of all pictures, rows of length 1, shape (pictures, d).
        texts: Of all captions, shape (captions, d).

    Returns:
        Shape (n, a, c); NaN where there is no sentence.
    """
    scores = np.full(questions.true.shape, np.nan)
    for start in range(0, len(questions), QUESTIONS_AT_ONCE):
        rows = slice(start, start + QUESTIONS_AT_ONCE)
        pictures = images[questions.images[rows]].astype(np.float64)
        sentences = texts[questions.texts[rows]].astype(np.float64)
        scores[rows] = np.einsum("nad,ncd->nac", pictures, sentences)
    return np.where((questions.texts >= 0)[:, None, :], scores, np.nan)


def without_prior(questions: Questions, scores: Scores, shown: Embeddings, texts: Embeddings) -> Scores:
    """Scores less the mean score of their sentence with the benchmark's other pictures (What's "up", Kamath et al.).

    The mean of cosines with m pictures is the product with their mean embedding, so that no matrix of all pictures
    and sentences is made.

    Args:
        questions: What was asked.
        scores: Shape (n, a, c).
        shown: Embeddings of the benchmark's different pictures, shape (m, d), m > 1.
        texts: Embeddings of all captions, shape (captions, d).

    Returns:
        Shape (n, a, c).
    """
    total = texts.astype(np.float64) @ shown.sum(axis=0, dtype=np.float64)
    others: Scores = (total[questions.texts][:, None, :] - scores) / (len(shown) - 1)
    corrected: Scores = scores - others
    return corrected


def _task(progress: Progress, questions: Questions, count: int, unit: str) -> AbstractContextManager[Task]:
    """A task of a benchmark; nothing is shown where the cache has all."""
    shown = progress if count else SilentProgress()
    return shown.task(f"{questions.benchmark}: {unit}", count, unit)


def _digest(source: Path | bytes) -> bytes | None:
    try:
        return source_digest(source)
    except OSError:
        return None


def _key(picture: Picture, digest: bytes | None) -> bytes | None:
    return None if digest is None else picture_key(picture, digest)


def _open(entry: tuple[bytes, Picture]) -> tuple[bytes, Image.Image | None]:
    key, picture = entry
    try:
        return key, picture.open()
    except OSError:
        return key, None


def _table(
    count: int, used: list[int], keys: list[bytes | None] | list[bytes], found: Mapping[bytes, Embeddings]
) -> tuple[Embeddings, npt.NDArray[np.bool_]]:
    """Embeddings by number, NaN where there is none, and where there are some."""
    width = len(next(iter(found.values()), ()))
    table = np.full((count, width), np.nan, dtype=np.float32)
    there = np.zeros(count, dtype=np.bool_)
    for number, key in zip(used, keys, strict=True):
        if key is not None and key in found:
            table[number] = found[key]
            there[number] = True
    return table, there


def _ahead(
    pool: ThreadPoolExecutor, work: Callable[[_Entry], _Done], entries: Iterable[_Entry], most: int
) -> Iterator[_Done]:
    """Work on entries in a pool, at most so many ahead of the one that is used, in their order."""
    waiting: deque[Future[_Done]] = deque()
    for entry in entries:
        waiting.append(pool.submit(work, entry))
        if len(waiting) >= most:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _blocks(entries: Iterable[_Entry], size: int) -> Iterator[list[_Entry]]:
    block: list[_Entry] = []
    for entry in entries:
        block.append(entry)
        if len(block) == size:
            yield block
            block = []
    if block:
        yield block


def answered(questions: Questions, answers: Answers) -> Integers:
    """The numbers of the questions that have all their scores."""
    there = np.isfinite(answers.scores) | (questions.texts < 0)[:, None, :]
    return np.flatnonzero(there.all(axis=(1, 2)))
