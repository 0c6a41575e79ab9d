"""A release to report on, and copies of it that are altered."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.builds import must_build


@pytest.fixture(scope="session")
def release(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release of the sample; do not write into it."""
    out = tmp_path_factory.mktemp("report") / "out"
    must_build("--data", sample, "--max-images", "60", "--out", out)
    return out / "release" / "1.0.0"


@pytest.fixture(scope="session")
def rows(release: Path) -> list[dict[str, Any]]:
    """Its records, without pictures."""
    names = [
        name for name in pq.read_schema(next((release / "data").rglob("*.parquet"))).names if name != "image"
    ]
    return [
        row
        for path in sorted((release / "data").rglob("*.parquet"))
        for row in pq.read_table(path, columns=names).to_pylist()
    ]


@pytest.fixture
def altered(release: Path, tmp_path: Path) -> Callable[..., Path]:
    """Copies the release, with its records and captions changed by functions."""

    def alter(
        change: Callable[[pa.Table], pa.Table] | None = None,
        captions: Callable[[pa.Table], pa.Table] | None = None,
        **facts: Any,
    ) -> Path:
        copy = tmp_path / "1.0.0"
        if not copy.exists():
            shutil.copytree(release, copy)
        manifest = json.loads((copy / "manifest.json").read_text()) | facts
        for name, how in (("data", change), ("captions", captions)):
            [path] = (copy / name).rglob("*.parquet")
            if how:
                pq.write_table(how(pq.read_table(path)), path)
            manifest["rows"][name] = pq.read_metadata(path).num_rows
        (copy / "manifest.json").write_text(json.dumps(manifest))
        return copy

    return alter
