"""The cache of embeddings: shared by processes, whole or not there, its faults told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from naturel.annotations.errors import UserError
from naturel.evaluation.embeddings import EmbeddingCache, default_folder, text_key

DIGEST = "ab" * 32
WRITER = """
import sys
from pathlib import Path
import numpy as np
from naturel.evaluation.embeddings import EmbeddingCache, text_key
first = int(sys.argv[2])
with EmbeddingCache("ab" * 32, Path(sys.argv[1])) as cache:
    for block in range(first, first + 60, 5):
        numbers = range(block, block + 5)
        rows = np.array([[number, 1] for number in numbers], dtype=np.float32)
        cache.write([text_key(str(number)) for number in numbers], rows)
"""


def test_what_is_written_is_read_by_whoever_opens_the_file(tmp_path: Path) -> None:
    keys = [text_key(str(number)) for number in range(1200)]
    rows = np.random.default_rng(0).normal(size=(1200, 3)).astype(np.float32)
    with EmbeddingCache(DIGEST, tmp_path) as cache:
        cache.write(keys, rows)
    with EmbeddingCache(DIGEST, tmp_path) as cache:
        found = cache.read([*keys, text_key("another")])
    assert len(found) == 1200
    np.testing.assert_array_equal(np.stack([found[key] for key in keys]), rows)


def test_what_is_there_stays(tmp_path: Path) -> None:
    with EmbeddingCache(DIGEST, tmp_path) as cache:
        cache.write([b"key"], np.array([[1, 2]], dtype=np.float32))
        cache.write([b"key"], np.array([[3, 4]], dtype=np.float32))
        assert cache.read([b"key"])[b"key"].tolist() == [1, 2]


def test_processes_share_a_file(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), str(first)], env=environment)
        for first in (0, 30)
    ]
    assert [writer.wait() for writer in writers] == [0, 0]
    with EmbeddingCache(DIGEST, tmp_path) as cache:
        found = cache.read([text_key(str(number)) for number in range(100)])
    assert sorted(row[0] for row in found.values()) == list(range(90))


def test_in_memory_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with EmbeddingCache(DIGEST, None) as cache:
        cache.write([b"key"], np.array([[1, 2]], dtype=np.float32))
        assert cache.read([b"key"])[b"key"].tolist() == [1, 2]
    assert list(tmp_path.iterdir()) == []


def test_the_folder_is_that_of_all_caches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NATUREL_CACHE", str(tmp_path))
    assert default_folder() == tmp_path / "embeddings"


def test_a_damaged_file_is_told_with_the_mend(tmp_path: Path) -> None:
    with EmbeddingCache(DIGEST, tmp_path) as cache:
        assert cache.path is not None
        path = cache.path
    path.write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(UserError, match=r"delete it .* --no-cache"):
        EmbeddingCache(DIGEST, tmp_path)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="NATUREL_CACHE"):
        EmbeddingCache(DIGEST, tmp_path / "file" / "embeddings")
