"""The cache of embeddings: what a model has once embedded, it never embeds again.

One SQLite file a model, named by the model's digest, in the cache folder (NATUREL_CACHE, or ~/.cache/naturel) below
`embeddings/`. Pictures go by the digest of their file's bytes and their crop, sentences by that of their text, so
that renamed files and other benchmarks find them too. Several processes may share a file; a block of embeddings is
there whole or not at all. Files may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from naturel.annotations.errors import UserError
from naturel.builders.sources.download import cache_folder
from naturel.evaluation.models.encoder import Embeddings
from naturel.evaluation.questions import Picture

VERSION = 1
"""To be raised when pictures are decoded or sentences tokenised in another way: then no file of before is used."""
ASKED_AT_ONCE = 500
BUSY_SECONDS = 60.0
"""How long a process waits for another one's write."""
STORED = np.dtype("<f4")


def source_digest(source: Path | bytes) -> bytes:
    """The digest of a picture's file, which is read and not decoded.

    Raises:
        OSError: The file cannot be read.
    """
    return hashlib.sha256(source if isinstance(source, bytes) else source.read_bytes()).digest()


def picture_key(picture: Picture, digest: bytes) -> bytes:
    """The digest of what is shown of a picture.

    Args:
        picture: The picture.
        digest: Of its file.
    """
    return hashlib.sha256(b"image\0" + digest + repr(picture.crop).encode()).digest()


def text_key(text: str) -> bytes:
    """The digest of a sentence."""
    return hashlib.sha256(b"text\0" + text.encode()).digest()


def default_folder() -> Path:
    """Where the files of all models lie."""
    return cache_folder() / "embeddings"


class EmbeddingCache:
    """Embeddings of one model by key; use it with `with`, or close it."""

    def __init__(self, digest: str, folder: Path | None) -> None:
        """Opens the file of a model, and makes it where there is none.

        Args:
            digest: The model's.
            folder: Where the files of all models lie; None: embeddings are kept in memory, until it is closed.

        Raises:
            UserError: The file cannot be made, or is damaged.
        """
        self.path = None if folder is None else folder / f"{digest[:40]}-{VERSION}.sqlite"
        with self._told():
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
            # One thread at a time uses it, but in notebooks not always the same one.
            self._connection = sqlite3.connect(
                self.path or ":memory:", timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS embeddings (key BLOB PRIMARY KEY, vector BLOB NOT NULL) STRICT"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def read(self, keys: Sequence[bytes]) -> dict[bytes, Embeddings]:
        """The embeddings that are there, each of shape (d,)."""
        found = {}
        with self._told():
            different = list(dict.fromkeys(keys))
            for start in range(0, len(different), ASKED_AT_ONCE):
                some = different[start : start + ASKED_AT_ONCE]
                marks = ",".join("?" * len(some))
                query = f"SELECT key, vector FROM embeddings WHERE key IN ({marks})"  # noqa: S608 (only marks)
                for key, vector in self._connection.execute(query, some):
                    found[key] = np.frombuffer(vector, dtype=STORED).astype(np.float32)
        return found

    def write(self, keys: Sequence[bytes], vectors: Embeddings) -> None:
        """Keep embeddings, all or none; what is there already stays.

        Args:
            keys: Their keys, k of them.
            vectors: Shape (k, d).
        """
        rows = [(key, vector.astype(STORED).tobytes()) for key, vector in zip(keys, vectors, strict=True)]
        with self._told():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany("INSERT OR IGNORE INTO embeddings VALUES (?, ?)", rows)
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise UserError(
                f"The cache of embeddings {self.path} failed: {error}. Make room or delete it (it is made again), "
                "name another folder in NATUREL_CACHE, or go without it: --no-cache."
            ) from error
