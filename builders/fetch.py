"""Get the bytes of pictures: find them in local folders, or fetch them over HTTP."""

from __future__ import annotations

import asyncio
import math
import os
import random
import time
from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

import httpx

from naturel.annotations.errors import UserError
from naturel.builders.picture_store import PictureError, PictureSettings

EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp")
MAX_REDIRECTS = 5
_OPT_OUT = {"noai", "noimageai"}
_REASONS = {404: "not_found", 408: "timeout", 410: "gone", 429: "rate_limited"}


def index_folders(folders: Iterable[Path], names: Iterable[str]) -> dict[str, Path]:
    """Where wanted pictures lie in local folders, from one scan of each.

    A name is a picture's id or its file's name, with or without folders before it and an extension after it. It lies
    at `<folder>/<its folders>/`, `<folder>/images/` or `<folder>/`, with an extension in any case. Names are compared
    with the names found and never become paths; folders in them that lead elsewhere (`..`, `/`) are not followed.
    Two names that differ in their folders only are looked for there only. Earlier folders win, then the order of
    places, then of `EXTENSIONS`.

    Args:
        folders: The folders to look in; they must exist.
        names: The pictures to look for.

    Returns:
        Paths by name.

    Raises:
        UserError: A folder is missing or cannot be read.
    """
    wanted: dict[str, dict[str, str]] = {}  # place -> stem -> name
    for name in names:
        said = PurePosixPath(name)
        stem = said.stem if said.suffix.lower() in EXTENSIONS else said.name
        inside = not said.is_absolute() and ".." not in said.parts and len(said.parts) > 1
        wanted.setdefault(str(said.parent) if inside else "", {})[stem] = name
    count = Counter(stem for stems in wanted.values() for stem in stems)
    anywhere = {stem: name for stems in wanted.values() for stem, name in stems.items() if count[stem] == 1}
    found: dict[str, Path] = {}
    for folder in folders:
        if not folder.is_dir():
            raise UserError(f"The picture folder {folder} does not exist. Name a folder that holds pictures.")
        places = [(folder / inside, stems) for inside, stems in sorted(wanted.items()) if inside]
        places += [(folder / "images", anywhere), (folder, anywhere)]
        for place, stems in places:
            if place.is_dir():
                for stem, path in _scan(place, stems).items():
                    found.setdefault(stems[stem], path)
    return found


def _scan(folder: Path, image_ids: Container[str]) -> dict[str, Path]:
    best: dict[str, tuple[int, str]] = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                image_id, extension = os.path.splitext(entry.name)  # noqa: PTH122 (a Path a file is slow)
                if image_id in image_ids and extension.lower() in EXTENSIONS and entry.is_file():
                    candidate = (EXTENSIONS.index(extension.lower()), entry.name)
                    best[image_id] = min(candidate, best.get(image_id, candidate))
    except OSError as error:
        raise UserError(f"Cannot read the picture folder {folder}: {error.strerror}.") from error
    return {image_id: folder / name for image_id, (_, name) in best.items()}


def read_file(path: Path, max_bytes: int) -> bytes:
    """The bytes of a local picture.

    Raises:
        PictureError: `too_large` past `max_bytes`, or `unreadable_file`.
    """
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise PictureError("unreadable_file") from error
    if len(data) > max_bytes:
        raise PictureError("too_large")
    return data


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of one URL: bytes or the reason for their absence, and the number of requests made."""

    data: bytes | None
    reason: str | None
    attempts: int


class _RefusedError(PictureError):
    """One attempt failed; `again` tells whether another may succeed, `wait` what the server asked for (s)."""

    def __init__(self, reason: str, again: bool = False, wait: float | None = None) -> None:
        super().__init__(reason)
        self.again = again
        self.wait = wait


class Fetcher:
    """Fetches pictures over HTTP, patiently and politely; use as `async with`.

    A host that answers with `Retry-After` is left alone by all downloads until then.
    """

    def __init__(self, settings: PictureSettings) -> None:
        self._settings = settings
        self._resume: dict[str, float] = {}
        self._client = httpx.AsyncClient(
            headers={
                "User-Agent": settings.user_agent,
                "Accept": "image/jpeg, image/png, image/webp, image/*;q=0.5",
                "Accept-Encoding": "identity",
            },
            timeout=httpx.Timeout(settings.read_timeout, connect=settings.connect_timeout, pool=None),
            limits=httpx.Limits(
                max_connections=settings.concurrency, max_keepalive_connections=settings.concurrency
            ),
            follow_redirects=True,
            max_redirects=MAX_REDIRECTS,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def fetch(self, url: str) -> Fetched:
        """Fetch `url`, trying again where that can help. Never raises for what servers do."""
        try:
            host = httpx.URL(url).host
        except (httpx.InvalidURL, UnicodeError, ValueError):
            return Fetched(None, "bad_url", 0)
        attempt = 1
        while True:
            await self._wait_for(host)
            try:
                return Fetched(await self._attempt(url), None, attempt)
            except _RefusedError as refused:
                if not refused.again or attempt == self._settings.attempts:
                    return Fetched(None, refused.reason, attempt)
                if refused.wait is not None:
                    self._resume[host] = max(time.monotonic() + refused.wait, self._resume.get(host, 0))
                await asyncio.sleep(self._jitter(attempt))
            attempt += 1

    def _jitter(self, attempt: int) -> float:
        """Seconds to wait after failed request number `attempt`."""
        most = min(self._settings.longest_wait, self._settings.backoff * 2 ** min(attempt - 1, 30))
        return random.uniform(0, most)  # noqa: S311 (not a secret, and it shapes no output)

    async def _wait_for(self, host: str) -> None:
        while (wait := self._resume.get(host, 0) - time.monotonic()) > 0:
            await asyncio.sleep(wait)

    async def _attempt(self, url: str) -> bytes:
        """One request with its redirects, to the last byte."""
        try:
            async with (
                asyncio.timeout(self._settings.total_timeout),
                self._client.stream("GET", url) as response,
            ):
                self._check(response)
                return await self._read(response)
        except httpx.TimeoutException as error:
            raise _RefusedError("timeout", again=True) from error
        except TimeoutError as error:
            raise _RefusedError("timeout") from error
        except httpx.TooManyRedirects as error:
            raise _RefusedError("redirect_loop") from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, UnicodeError) as error:
            raise _RefusedError("bad_url") from error
        except httpx.TransportError as error:
            raise _RefusedError("connection", again=True) from error

    def _check(self, response: httpx.Response) -> None:
        status = response.status_code
        if status != httpx.codes.OK:
            reason = "server_error" if status >= 500 else _REASONS.get(status, f"http_{status}")
            again = reason in ("server_error", "rate_limited", "timeout")
            asked = retry_after(response.headers.get("Retry-After"), time.time())
            wait = None if asked is None else min(asked, self._settings.longest_wait)
            raise _RefusedError(reason, again, wait)
        if self._settings.respect_opt_out and any(map(opts_out, [*response.history, response])):
            raise _RefusedError("opted_out")
        length = response.headers.get("Content-Length", "")
        if length.isdecimal() and int(length) > self._settings.max_bytes:
            raise _RefusedError("too_large")

    async def _read(self, response: httpx.Response) -> bytes:
        chunks: list[bytes] = []
        size = 0
        try:
            async for chunk in response.aiter_bytes():
                size += len(chunk)
                if size > self._settings.max_bytes:
                    raise _RefusedError("too_large")
                chunks.append(chunk)
        except (httpx.RemoteProtocolError, httpx.ReadError) as error:
            raise _RefusedError("truncated", again=True) from error
        except httpx.DecodingError as error:
            raise _RefusedError("corrupt") from error
        return b"".join(chunks)


def opts_out(response: httpx.Response) -> bool:
    """Whether an `X-Robots-Tag`, for all agents or for any named one, says `noai` or `noimageai`."""
    rules = ",".join(response.headers.get_list("X-Robots-Tag")).lower().split(",")
    return any(rule.rpartition(":")[2].strip() in _OPT_OUT for rule in rules)


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds that a `Retry-After` header asks for, from seconds or an HTTP date; None where it says nothing.

    Args:
        value: The header.
        now: The time, in seconds since the epoch.
    """
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - now
        except (ValueError, OverflowError):
            return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None
