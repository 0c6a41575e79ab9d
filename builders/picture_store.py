"""The settings of pictures, and the folder of Parquet shards that keeps them."""

from __future__ import annotations

import errno
import hashlib
import json
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field

import naturel
from naturel.annotations.errors import UserError
from naturel.builders.files import sync_and_rename

if sys.platform != "win32":
    import fcntl

SHARD_ROWS = 500
SHARD_BYTES = 64 * 1024 * 1024
ROW_GROUP_ROWS = 100
FORMAT_VERSION = 1  # raised when the same settings would give other bytes or columns

INDEX_SCHEMA = pa.schema(
    [
        ("image_id", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("size", pa.int64()),
        ("sha256", pa.string()),
        ("phash", pa.string()),
        ("turns", pa.int8()),
        ("mirrored", pa.bool_()),
        ("origin", pa.string()),
        ("status", pa.string()),
        ("status_reason", pa.string()),
        ("attempts", pa.int32()),
    ]
)
SHARD_SCHEMA = INDEX_SCHEMA.insert(1, pa.field("bytes", pa.binary()))
_PLACE_SCHEMA = INDEX_SCHEMA.append(pa.field("shard", pa.int32())).append(pa.field("row", pa.int32()))


class PictureSettings(BaseModel):
    """How pictures are fetched, checked and made smaller.

    Attributes:
        image_size: Longest side of a stored picture in pixels; 0 keeps the original bytes.
        quality: JPEG quality of pictures that are encoded again, 1 to 100.
        concurrency: Pictures in flight at once; with `max_bytes` it bounds the memory.
        connect_timeout: Seconds to open a connection.
        read_timeout: Seconds without a byte.
        total_timeout: Seconds for one download, from the request to the last byte. Not tried again after it.
        attempts: Requests for one picture at most, redirects not counted.
        max_bytes: Largest download or local file, in bytes.
        max_pixels: Largest picture, in pixels (width x height), before it is made smaller.
        respect_opt_out: Leave out pictures whose server says `X-Robots-Tag: noai` or `noimageai`.
        offline: Use local folders only.
        user_agent: What the requests say that they are.
        backoff: Seconds; the wait before request n + 1 is random between 0 and `backoff` x 2^(n - 1).
        longest_wait: Seconds; the cap of that wait and of what a server asks for with `Retry-After`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    image_size: int = Field(default=512, ge=0, le=65_500)
    quality: int = Field(default=95, ge=1, le=100)
    concurrency: int = Field(default=64, ge=1, le=4096)
    connect_timeout: float = Field(default=10, gt=0)
    read_timeout: float = Field(default=30, gt=0)
    total_timeout: float = Field(default=120, gt=0)
    attempts: int = Field(default=4, ge=1)
    max_bytes: int = Field(default=50_000_000, ge=1)
    max_pixels: int = Field(default=100_000_000, ge=1)
    respect_opt_out: bool = True
    offline: bool = False
    user_agent: str = (
        f"naturel/{naturel.__version__} (+dataset construction; heeds X-Robots-Tag noai and Retry-After)"
    )
    backoff: float = Field(default=0.5, ge=0)
    longest_wait: float = Field(default=60, ge=0)

    @property
    def digest(self) -> str:
        """16 hex digits of what decides the stored bytes; how they are fetched has no part in it."""
        shaping = self.model_dump(include={"image_size", "quality", "respect_opt_out"})
        text = json.dumps({**shaping, "format": FORMAT_VERSION}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


class PictureError(Exception):
    """A picture cannot be used; `reason` is the name under which it is counted."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture ready to be stored: its encoded bytes, size in pixels, digests and applied orientation."""

    data: bytes
    width: int
    height: int
    sha256: str
    phash: str
    turns: int
    mirrored: bool


@dataclass(frozen=True, slots=True)
class PictureRow:
    """The outcome for one wanted picture: a picture, or the reason why there is none.

    Attributes:
        image_id: The picture wanted.
        origin: `local` or `fetched`, the last place tried; None where there was no place to try.
        attempts: HTTP requests made; 0 for local files.
        picture: The picture, None on failure.
        reason: The failure's name, None on success.
    """

    image_id: str
    origin: str | None
    attempts: int
    picture: Picture | None = None
    reason: str | None = None

    def to_dict(self) -> dict[str, str | int | bool | bytes | None]:
        """The row as `SHARD_SCHEMA` has it."""
        row: dict[str, str | int | bool | bytes | None] = dict.fromkeys(SHARD_SCHEMA.names)
        row.update(image_id=self.image_id, origin=self.origin, attempts=self.attempts)
        row.update(status="ok" if self.picture else "failed", status_reason=self.reason)
        if self.picture:
            names = ("width", "height", "sha256", "phash", "turns", "mirrored")
            row.update({name: getattr(self.picture, name) for name in names})
            row.update(bytes=self.picture.data, size=len(self.picture.data))
        return row


class PictureWriter:
    """Collects rows and writes them as shards, each complete or absent whatever kills the process."""

    def __init__(self, folder: Path, number: int) -> None:
        self._folder = folder
        self._number = number
        self._rows: list[PictureRow] = []
        self._bytes = 0
        self.failed = False

    def add(self, row: PictureRow) -> None:
        """Keep `row` for the next shard."""
        self._rows.append(row)
        self._bytes += len(row.picture.data) if row.picture else 0

    @property
    def full(self) -> bool:
        """Whether the shard should be written now."""
        return len(self._rows) >= SHARD_ROWS or self._bytes >= SHARD_BYTES

    def flush(self) -> None:
        """Write the rows collected so far as one shard.

        Raises:
            UserError: The folder cannot be written to, as with a full disk.
        """
        if not self._rows:
            return
        table = pa.Table.from_pylist([row.to_dict() for row in self._rows], schema=SHARD_SCHEMA)
        try:
            _write_shard(table, self._folder / f"pictures-{self._number:06d}.parquet")
        except OSError as error:
            self.failed = True
            raise _disk_error(self._folder, error) from error
        self._number += 1
        self._rows, self._bytes = [], 0


class PictureStore:
    """Pictures in append-only Parquet shards of one folder, all made with the same settings."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: tuple[list[tuple[str, int]], pa.Table] | None = None

    def index(self) -> pa.Table:
        """One row a picture, without bytes, sorted by `image_id`: an `ok` row wins, else the newest."""
        return self._places().select(INDEX_SCHEMA.names)

    def read_bytes(self, image_ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Encoded pictures, in the order in which they lie in the store.

        Each row group that holds a wanted picture is read once, one at a time, so memory stays flat.

        Args:
            image_ids: The pictures wanted; those that the store does not hold are left out.

        Yields:
            Pairs of image id and bytes.

        Raises:
            UserError: A shard was damaged since it was written.
        """
        places = self._places()
        ids = pa.array(list(image_ids), pa.string())
        held = pc.and_(pc.equal(places["status"], "ok"), pc.is_in(places["image_id"], ids))
        found = (
            places.filter(held)
            .select(["shard", "row"])
            .sort_by([("shard", "ascending"), ("row", "ascending")])
        )
        pairs = zip(found["shard"].to_pylist(), found["row"].to_pylist(), strict=True)
        for shard, group in groupby(pairs, key=lambda pair: int(pair[0])):
            yield from _read_rows(self.folder / f"pictures-{shard:06d}.parquet", [row for _, row in group])

    @contextmanager
    def writer(self) -> Iterator[PictureWriter]:
        """Add pictures; rows not yet in a shard are written when the block ends, also by an exception.

        Raises:
            UserError: The folder cannot be written to, or another process writes to it.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with _locked(self.folder):
                for leftover in self.folder.glob(".pictures-*.tmp"):
                    leftover.unlink()
                numbers = [_number(path) for path in self._shards()]
                writer = PictureWriter(self.folder, max(numbers, default=-1) + 1)
                try:
                    yield writer
                finally:
                    if not writer.failed:
                        writer.flush()
        except OSError as error:
            raise _disk_error(self.folder, error) from error

    def _shards(self) -> list[Path]:
        shards = (path for path in self.folder.glob("pictures-*.parquet") if path.stem[9:].isdecimal())
        return sorted(shards, key=_number)

    def _places(self) -> pa.Table:
        shards = self._shards()
        state = [(path.name, path.stat().st_size) for path in shards]
        if self._read is None or self._read[0] != state:
            tables = [table for path in shards if (table := _read_index(path)) is not None]
            self._read = (state, _winners(pa.concat_tables([_PLACE_SCHEMA.empty_table(), *tables])))
        return self._read[1]


def open_store(root: Path, settings: PictureSettings) -> PictureStore:
    """The store of pictures made with `settings`, in its own folder below `root`."""
    return PictureStore(root / settings.digest)


def _winners(rows: pa.Table) -> pa.Table:
    """The row that counts for each picture: `ok` before `failed`, then the newest."""
    order = [
        ("image_id", "ascending"),
        ("status", "descending"),
        ("shard", "descending"),
        ("row", "descending"),
    ]
    rows = rows.sort_by(order).combine_chunks()
    if not rows.num_rows:
        return rows
    ids = rows["image_id"].combine_chunks()
    changes = pc.not_equal(ids.slice(1), ids.slice(0, len(ids) - 1))
    return rows.filter(pa.chunked_array([pa.array([True]), changes]))


def _number(path: Path) -> int:
    return int(path.stem.removeprefix("pictures-"))


def _read_index(path: Path) -> pa.Table | None:
    """A shard's rows without bytes, with their place; None with a warning where it cannot be read."""
    try:
        with pq.ParquetFile(path) as file:
            table = file.read(columns=INDEX_SCHEMA.names)
            rows = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
        if table.schema.names != INDEX_SCHEMA.names or sum(rows) != table.num_rows:
            raise pa.ArrowInvalid("not a shard of pictures")
        table = table.cast(INDEX_SCHEMA)
    except (pa.ArrowException, OSError) as error:
        message = f"{path} cannot be read ({error}) and is ignored; its pictures are gathered again."
        warnings.warn(message, stacklevel=4)
        return None
    shard = pa.array([_number(path)] * len(table), pa.int32())
    row = pa.array(range(len(table)), pa.int32())
    return table.append_column(_PLACE_SCHEMA.field("shard"), shard).append_column(
        _PLACE_SCHEMA.field("row"), row
    )


def _read_rows(path: Path, rows: list[int]) -> Iterator[tuple[str, bytes]]:
    """Pictures at `rows` (ascending) of one shard."""
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            start = 0
            for group in range(file.num_row_groups):
                end = start + file.metadata.row_group(group).num_rows
                here = [row - start for row in rows if start <= row < end]
                if here:
                    table = file.read_row_group(group, columns=["image_id", "bytes"])
                    for pair in table.take(pa.array(here)).to_batches(max_chunksize=1):
                        yield pair.column(0)[0].as_py(), pair.column(1)[0].as_py()
                start = end
    except (pa.ArrowException, OSError) as error:
        mend = "Delete the file and gather the pictures again; only its own are fetched anew."
        raise UserError(f"{path} is damaged ({error}). {mend}") from error


def _write_shard(table: pa.Table, path: Path) -> None:
    """Write beside `path`, reach the disk, and only then take its name."""
    temporary = path.with_name(f".{path.name}.tmp")
    small = [name for name in table.column_names if name != "bytes"]
    try:
        pq.write_table(
            table,
            temporary,
            row_group_size=ROW_GROUP_ROWS,
            compression={"bytes": "none", **dict.fromkeys(small, "zstd")},
            use_dictionary=["turns", "mirrored", "origin", "status", "status_reason", "attempts"],
            write_statistics=["image_id"],
            write_page_checksum=True,
        )
        sync_and_rename(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other processes from writing to `folder`; the lock goes with the process."""
    with (folder / ".lock").open("w") as file:
        if sys.platform != "win32":
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                message = f"Another process is gathering pictures into {folder}. Wait until it has ended."
                raise UserError(message) from error
        yield


def _disk_error(folder: Path, error: OSError) -> UserError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        text = (
            f"The disk of {folder} is full. Free some space and run again: what was gathered so far is kept."
        )
        return UserError(text)
    return UserError(
        f"Cannot write pictures to {folder}: {error.strerror or error}. Check that it may be written to."
    )
