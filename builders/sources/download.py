"""Download official Open Images files into a cache: resumed after a break, checked before they are used."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
GONE = (403, 404, 410)
"""What servers answer where there is no such file; Google Cloud Storage says 403."""


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

    Nothing can be built without the relation file. A file of another kind that the server does not have is left
    out: the source's notes, and so the dataset card, say what is not known without it. Anything else that goes
    wrong stops the download, since a build should not depend on the weather.

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
    if offline:
        try:
            find_files(folder, split)
        except UserError as error:
            raise UserError(
                f"--offline: the Open Images files of the split {split} are not in the cache {folder}. "
                "Run once without --offline, or give --data DIR."
            ) from error
        return folder
    client = httpx.Client(
        timeout=TIMEOUT,
        follow_redirects=True,
        # Compressed on the way, a file could be neither continued nor counted.
        headers={"User-Agent": f"naturel/{naturel.__version__}", "Accept-Encoding": "identity"},
    )
    with _locked(folder, progress), client:
        for kind, about in KINDS.items():
            address = address_of(kind, split)
            target = folder / address.rsplit("/", 1)[-1]
            if _is_checked(target):
                continue
            size = PUBLISHED_BYTES.get(address)
            try:
                _Download(client, f"{bucket}/{address}", target, size, backoff).run(progress)
            except _GoneError as error:
                if about.needed:
                    raise UserError(f"{error}. Give the official files with --data DIR.") from error
    return folder


@contextmanager
def _locked(folder: Path, progress: Progress) -> Iterator[None]:
    """Keep other processes out of the cache: wait until they are done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("a")
    except OSError as error:
        raise UserError(
            f"the cache {folder} cannot be written: {error.strerror}. Name another folder in {CACHE}."
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with progress.task("waiting for another download", None, "files"):
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_checked(target: Path) -> bool:
    """Whether a file is there as it was when it was checked."""
    sizes = _read_checked(target.parent)
    return target.is_file() and sizes.get(target.name) == target.stat().st_size


def _read_checked(folder: Path) -> dict[str, int]:
    """Name -> size of the files that were checked; nothing where the list itself is damaged."""
    try:
        sizes = json.loads((folder / CHECKED).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return sizes if isinstance(sizes, dict) else {}


class _RetryError(Exception):
    """Something that may pass."""


class _GoneError(Exception):
    """The server has no such file."""


class _Download:
    """One file; what has come stays in `<name>.partial` and is continued by the next attempt or process."""

    def __init__(
        self, client: httpx.Client, url: str, target: Path, size: int | None, backoff: float
    ) -> None:
        self.client, self.url, self.target, self.size, self.backoff = client, url, target, size, backoff
        self.partial = target.with_name(target.name + ".partial")
        self.shown = 0

    def run(self, progress: Progress) -> None:
        """Download, check, and give the file its name."""
        with progress.task(self.target.name, self.size, "bytes") as task:
            digest = self._insist(task.advance)
        self._check(digest)
        self.partial.rename(self.target)
        sizes = _read_checked(self.target.parent) | {self.target.name: self.target.stat().st_size}
        write_json(self.target.parent / CHECKED, sizes)

    def _insist(self, advance: Callable[[int], None]) -> str | None:
        """Attempt until the file is whole; gives the MD5 that the server states."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._attempt(advance)
            except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.TooManyRedirects) as error:
                raise UserError(
                    f"{self.url} is no address to download from ({error}). Mend NATUREL_OPENIMAGES_URL, or give the "
                    "files with --data DIR."
                ) from error
            except (_RetryError, httpx.TransportError) as error:
                if attempt == ATTEMPTS:
                    raise UserError(
                        f"{self.url} could not be downloaded in {ATTEMPTS} attempts ({error}). What came is kept: "
                        "try again later, or give the files with --data DIR."
                    ) from error
                wait = self.backoff * 2 ** (attempt - 1)
                time.sleep(random.uniform(wait / 2, wait))  # noqa: S311 (jitter)
        raise AssertionError("the last attempt returns or raises")

    def _attempt(self, advance: Callable[[int], None]) -> str | None:
        """Fetch what is missing."""
        have = self.partial.stat().st_size if self.partial.exists() else 0
        headers = {"Range": f"bytes={have}-"} if have else {}
        with self.client.stream("GET", self.url, headers=headers) as response:
            status = response.status_code
            if status == 416:
                return self._nothing_missing(have, response)
            if status in GONE:
                raise _GoneError(f"{self.url}: HTTP {status}")
            if status in (408, 429) or status >= 500:
                raise _RetryError(f"HTTP {status}")
            if status not in (200, 206):
                raise UserError(f"{self.url}: HTTP {status}. Give the official files with --data DIR.")
            continued = status == 206
            self._show(have if continued else 0, advance)
            with self.partial.open("ab" if continued else "wb") as file:
                try:
                    for chunk in response.iter_raw():
                        file.write(chunk)
                        self._show(file.tell(), advance)
                finally:  # also after a break: the next attempt continues here
                    file.flush()
                    os.fsync(file.fileno())
            return _stated_md5(response)

    def _nothing_missing(self, have: int, response: httpx.Response) -> str | None:
        """The server has nothing after what is here: the file is whole, unless it is not the server's file."""
        total = response.headers.get("Content-Range", "").rpartition("/")[2]
        if total.isdigit() and int(total) != have:
            self.partial.unlink()
            raise _RetryError(f"{have} bytes were here, and the file has {total}")
        return _stated_md5(response)

    def _show(self, have: int, advance: Callable[[int], None]) -> None:
        """Count bytes as done, once each, however often the download begins anew."""
        if have > self.shown:
            advance(have - self.shown)
            self.shown = have

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
