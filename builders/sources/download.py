"""Download official Open Images files into a cache: resumed after a break, checked before they are used."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import httpx

import naturel
from naturel.annotations.errors import UserError
from naturel.builders.progress import Progress
from naturel.builders.sources.openimages_files import KINDS, PUBLISHED_BYTES, address_of, find_files
from naturel.builders.workspace import write_json

CACHE = "NATUREL_CACHE"
"""Environment variable for the cache folder; `~/.cache/naturel` otherwise."""
CHECKED = "checked.json"
ATTEMPTS = 5
TIMEOUT = httpx.Timeout(60.0, connect=15.0)
CHUNK = 1 << 20


def cache_folder() -> Path:
    """Where downloads are kept."""
    named = os.environ.get(CACHE)
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "naturel"


def download_split(
    split: str, bucket: str, *, offline: bool, progress: Progress, backoff: float = 1.0
) -> Path:
    """Bring the files of one split into the cache, and only those.

    Args:
        split: train, validation or test.
        bucket: Address of the annotation files.
        offline: Use only what the cache holds.
        progress: Where progress is shown.
        backoff: Seconds before the second attempt; doubled after each, with jitter.

    Returns:
        The folder that holds the files under their official names.

    Raises:
        UserError: A file cannot be had, or is not what is published.
    """
    folder = cache_folder() / "openimages"
    folder.mkdir(parents=True, exist_ok=True)
    if offline:
        try:
            find_files(folder, split)
        except UserError as error:
            raise UserError(
                f"--offline: the Open Images files of the split {split} are not in the cache {folder}. "
                "Run once without --offline, or give --data DIR."
            ) from error
        return folder
    with httpx.Client(
        timeout=TIMEOUT, follow_redirects=True, headers={"User-Agent": f"naturel/{naturel.__version__}"}
    ) as client:
        for kind in KINDS:
            address = address_of(kind, split)
            target = folder / address.rsplit("/", 1)[-1]
            if not _is_checked(target):
                _Download(client, f"{bucket}/{address}", target, PUBLISHED_BYTES.get(address), backoff).run(
                    progress
                )
    return folder


def _is_checked(target: Path) -> bool:
    """Whether a file is there as it was when it was checked."""
    sizes = _read_checked(target.parent)
    return target.is_file() and sizes.get(target.name) == target.stat().st_size


def _read_checked(folder: Path) -> dict[str, int]:
    path = folder / CHECKED
    sizes: dict[str, int] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return sizes


class _RetryError(Exception):
    """Something that may pass."""


class _Download:
    """One file; what has come stays in `<name>.partial` and is continued by the next attempt or process."""

    def __init__(
        self, client: httpx.Client, url: str, target: Path, size: int | None, backoff: float
    ) -> None:
        self.client, self.url, self.target, self.size, self.backoff = client, url, target, size, backoff
        self.partial = target.with_name(target.name + ".partial")

    def run(self, progress: Progress) -> None:
        """Download, check, and give the file its name."""
        with progress.task(self.target.name, self.size, "bytes") as task:
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    digest = self._attempt(task.advance)
                    break
                except (_RetryError, httpx.TransportError) as error:
                    if attempt == ATTEMPTS:
                        raise UserError(
                            f"{self.url} could not be downloaded in {ATTEMPTS} attempts ({error}). What came is kept: "
                            "try again later, or give the files with --data DIR."
                        ) from error
                    wait = self.backoff * 2 ** (attempt - 1)
                    time.sleep(random.uniform(wait / 2, wait))  # noqa: S311 (jitter)
        self._check(digest)
        self.partial.rename(self.target)
        sizes = _read_checked(self.target.parent) | {self.target.name: self.target.stat().st_size}
        write_json(self.target.parent / CHECKED, sizes)

    def _attempt(self, advance: Callable[[int], None]) -> str | None:
        """Fetch what is missing; gives the MD5 that the server states."""
        have = self.partial.stat().st_size if self.partial.exists() else 0
        headers = {"Range": f"bytes={have}-"} if have else {}
        with self.client.stream("GET", self.url, headers=headers) as response:
            status = response.status_code
            if status == 416:  # nothing is missing
                return None
            if status in (408, 429) or status >= 500:
                raise _RetryError(f"HTTP {status}")
            if status not in (200, 206):
                raise UserError(f"{self.url}: HTTP {status}. Give the official files with --data DIR.")
            mode = "ab" if status == 206 else "wb"
            expected = int(response.headers.get("Content-Length", "-1"))
            came = 0
            with self.partial.open(mode) as file:
                for chunk in response.iter_raw(CHUNK):
                    file.write(chunk)
                    came += len(chunk)
                    advance(len(chunk))
                file.flush()
                os.fsync(file.fileno())
            if 0 <= came < expected:
                raise _RetryError(f"{came} of {expected} bytes came")
            return _stated_md5(response)

    def _check(self, md5: str | None) -> None:
        size = self.partial.stat().st_size
        fault = None
        if self.size is not None and size != self.size:
            fault = f"{size:,} bytes came, {self.size:,} are published"
        elif md5 is not None and md5 != _md5(self.partial):
            fault = "its MD5 is not the one that the server states"
        if fault:
            self.partial.unlink()
            raise UserError(f"{self.url}: {fault}. The file was removed: run again.")


def _stated_md5(response: httpx.Response) -> str | None:
    """The MD5 in Google Cloud Storage's `x-goog-hash` header, of the whole object, as hexadecimal digits."""
    for entry in response.headers.get("x-goog-hash", "").split(","):
        name, _, value = entry.strip().partition("=")
        if name == "md5":
            return base64.b64decode(value).hex()
    return None


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
