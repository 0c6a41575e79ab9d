"""Pictures as files for the app: each once, by its digest."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from naturel.annotations.errors import UserError
from naturel.builders.progress import Progress
from naturel.builders.report.tables import Release

ENDINGS = (".jpg", ".png", ".webp")
"""Of pictures' names; the app tells by them that they are pictures."""
DIGEST = re.compile(r"[0-9a-f]{64}")
AT_ONCE = 100


def media_path(folder: Path, digest: str, name: str | None) -> Path:
    """Where a picture lies.

    Args:
        folder: The folder of pictures.
        digest: The picture's SHA-256.
        name: Its name in the release, of which only the ending is used.

    Raises:
        UserError: The digest is none.
    """
    if not DIGEST.fullmatch(digest or ""):
        raise UserError(f"{folder}: the release names {digest!r} as the digest of a picture. Build it again.")
    ending = Path(name or "").suffix.lower().replace("jpeg", "jpg")
    return folder / digest[:2] / (digest + (ending if ending in ENDINGS else ENDINGS[0]))


def write_pictures(release: Release, folder: Path, progress: Progress) -> int:
    """Write the pictures of a release as files, those that are not there yet.

    Args:
        release: A release with embedded pictures.
        folder: Where to; each lies at `media_path`.
        progress: Where progress is shown.

    Returns:
        How many were written.

    Raises:
        UserError: The release only links its pictures, or names something else as a digest.
    """
    if not release.embedded:
        raise UserError(
            f"{release.folder} only links to its pictures, and the app needs to show them. Build it again with "
            "--images embed, and review that release."
        )
    written = 0
    known: set[str] = set()
    with progress.task("pictures", release.count, "records") as task:
        for shard in release.data:
            with pq.ParquetFile(shard) as file:
                for batch in file.iter_batches(AT_ONCE, columns=["sha256", "image"]):
                    for digest, image in zip(batch["sha256"].to_pylist(), batch["image"], strict=True):
                        if digest not in known:
                            known.add(digest)
                            path = media_path(folder, digest, image["path"].as_py())
                            written += _write(path, image["bytes"])
                    task.advance(batch.num_rows)
    return written


def _write(path: Path, data: pa.Scalar) -> bool:
    """Write a file if it is not there."""
    if path.is_file():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".partial")
    temporary.write_bytes(data.as_py())
    temporary.rename(path)
    return True
