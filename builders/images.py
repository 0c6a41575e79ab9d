"""Gather pictures: find or fetch them, decode them (`decoding.py`), and store them."""

from __future__ import annotations

import asyncio
import os
import warnings
from collections.abc import Coroutine, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations.errors import UserError
from naturel.builders.decoding import decode_picture
from naturel.builders.engine import conform
from naturel.builders.fetch import Fetcher, index_folders, read_file
from naturel.builders.picture_store import (
    Picture,
    PictureError,
    PictureRow,
    PictureSettings,
    PictureStore,
    PictureWriter,
)
from naturel.builders.progress import Progress, Task

WANTED_SCHEMA = pa.schema(
    [
        ("image_id", pa.string()),
        ("url", pa.string()),
        ("rotation", pa.float64()),
        ("file_name", pa.string()),
        ("crop", pa.list_(pa.float64())),
        ("mirrored", pa.bool_()),
    ]
)


def gather_pictures(
    wanted: pa.Table,
    folders: Iterable[Path],
    store: PictureStore,
    settings: PictureSettings,
    progress: Progress,
) -> pa.Table:
    """Bring every wanted picture into the store, or the reason why it cannot be had.

    Pictures already in the store are left alone; those that failed before are tried again. A local file comes
    before the URL, and the URL is tried where the local file is unusable.

    Args:
        wanted: `image_id`, `url` (nullable) and `rotation` (nullable, degrees counterclockwise), and, where they
            are there, `file_name`, `crop` and `mirrored` as in `schema.IMAGES`; other columns are ignored. Of rows
            with the same id the first counts. A file that several rows are made of is fetched once.
        folders: Where to look before fetching, see `index_folders`.
        store: The store of these settings, from `open_store`.
        settings: How to fetch, check and make smaller.
        progress: Where to show how far it is.

    Returns:
        The store's index of the wanted pictures, sorted by `image_id`.

    Raises:
        UserError: A folder is missing, the disk is full, or another process writes to the store.
    """
    if store.folder.name != settings.digest:
        raise ValueError(f"{store.folder} holds pictures of other settings; use open_store(root, settings)")
    wanted = conform(wanted, WANTED_SCHEMA)
    if wanted["image_id"].null_count:
        raise UserError("Some wanted pictures have no image_id. Give each picture an id.")
    with store.writer() as writer:
        index = store.index()
        held = index.filter(pc.equal(index["status"], "ok"))["image_id"]
        todo = wanted.filter(pc.invert(pc.is_in(wanted["image_id"], held.combine_chunks())))
        gathering = _Gathering(writer, settings, list(folders), todo)
        with warnings.catch_warnings(), progress.task("pictures", gathering.total, "pictures") as task:
            warnings.filterwarnings("ignore", module=r"PIL\.")  # faults are counted by name
            _run(gathering.run(task))
    index = store.index()
    return index.filter(pc.is_in(index["image_id"], wanted["image_id"].combine_chunks()))


def count_reasons(index: pa.Table) -> dict[str, int]:
    """How many pictures of an index came from where (`local`, `fetched`), or failed for which reason."""
    ok = pc.equal(index["status"], "ok")
    counts = pc.value_counts(pc.if_else(ok, index["origin"], index["status_reason"])).to_pylist()
    return dict(sorted((str(count["values"]), int(count["counts"])) for count in counts))


def _run(work: Coroutine[None, None, None]) -> None:
    """Run `work` to its end, also inside a notebook, where a loop runs already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(work)
    else:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, work).result()


@dataclass(frozen=True, slots=True)
class _Wanted:
    image_id: str
    url: str | None
    rotation: float | None
    file_name: str | None
    crop: list[float] | None
    mirrored: bool | None

    @property
    def file(self) -> str:
        """The name by which its file is looked for."""
        return self.file_name or self.image_id


class _Gathering:
    """One run over the pictures that the store lacks, file by file."""

    def __init__(
        self, writer: PictureWriter, settings: PictureSettings, folders: list[Path], todo: pa.Table
    ) -> None:
        self._writer = writer
        self._settings = settings
        self._reason_without_url = "missing_file" if folders else "no_url"
        wanted = _first_rows(todo)
        self.total = len(wanted)
        self._jobs: dict[tuple[str, str | None], list[_Wanted]] = {}
        for image_id in sorted(wanted):
            row = wanted[image_id]
            self._jobs.setdefault((row.file, row.url), []).append(row)
        self._files = index_folders(folders, {file for file, _ in self._jobs})

    async def run(self, task: Task) -> None:
        """Work on `concurrency` files at once; fewer decode, as many as there are processors."""
        self._task = task
        self._order = asyncio.Lock()
        jobs = iter(self._jobs.items())
        async with AsyncExitStack() as stack:
            self._fetcher = await stack.enter_async_context(Fetcher(self._settings))
            self._pool = stack.enter_context(ThreadPoolExecutor(_processors(), "decode"))
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(min(self._settings.concurrency, len(self._jobs))):
                        group.create_task(self._work(jobs))
            except ExceptionGroup as errors:
                raise errors.exceptions[0] from None

    async def _work(self, jobs: Iterator[tuple[tuple[str, str | None], list[_Wanted]]]) -> None:
        for (file, url), wanted in jobs:
            rows = await self._gather(self._files.get(file), url, wanted)
            async with self._order:
                if self._writer.failed:  # another task met the full disk and ends the run
                    return
                for row in rows:
                    self._writer.add(row)
                if self._writer.full:
                    await asyncio.to_thread(self._writer.flush)
            self._task.advance(len(rows))

    async def _gather(self, path: Path | None, url: str | None, wanted: list[_Wanted]) -> list[PictureRow]:
        """The pictures of one file: the local one, else what the URL gives, else the reason."""
        rows = [PictureRow(one.image_id, None, 0, reason=self._reason_without_url) for one in wanted]
        if path:
            rows = [await self._in_pool(one, path, "local", 0) for one in wanted]
        missing = [number for number, row in enumerate(rows) if not row.picture]
        if not missing or not url:
            return rows
        if self._settings.offline:
            return [
                row if row.origin else PictureRow(row.image_id, None, 0, reason="offline") for row in rows
            ]
        fetched = await self._fetcher.fetch(url)
        for number in missing:
            one = wanted[number]
            if fetched.data is None:
                rows[number] = PictureRow(one.image_id, "fetched", fetched.attempts, reason=fetched.reason)
            else:
                rows[number] = await self._in_pool(one, fetched.data, "fetched", fetched.attempts)
        return rows

    async def _in_pool(self, wanted: _Wanted, data: bytes | Path, origin: str, attempts: int) -> PictureRow:
        """Read and decode in a thread; Pillow releases the interpreter, so downloads go on."""
        loop = asyncio.get_running_loop()
        try:
            picture = await loop.run_in_executor(self._pool, self._decode, data, wanted)
        except PictureError as fault:
            return PictureRow(wanted.image_id, origin, attempts, reason=fault.reason)
        return PictureRow(wanted.image_id, origin, attempts, picture)

    def _decode(self, data: bytes | Path, wanted: _Wanted) -> Picture:
        encoded = read_file(data, self._settings.max_bytes) if isinstance(data, Path) else data
        mirror = bool(wanted.mirrored)
        return decode_picture(encoded, self._settings, wanted.rotation, wanted.crop, mirror=mirror)


def _first_rows(table: pa.Table) -> dict[str, _Wanted]:
    rows: dict[str, _Wanted] = {}
    for batch in table.to_batches(max_chunksize=10_000):
        for row in batch.to_pylist():
            rows.setdefault(row["image_id"], _Wanted(**row))
    return rows


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
