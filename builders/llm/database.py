"""The SQLite file behind the cache: opened with care, shared by processes, its faults told plainly."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from naturel.annotations.errors import UserError

FOLDER = "NATUREL_CACHE"
"""Environment variable for the folder of caches; `~/.cache/naturel` otherwise."""

APPLICATION = 0x4E74524C
"""Marks the file as ours (SQLite's application_id)."""
VERSION = 1
BUSY_SECONDS = 60.0

_TABLES = """
CREATE TABLE answers (
    digest TEXT PRIMARY KEY,
    model TEXT NOT NULL,
    outcome TEXT NOT NULL,
    raw TEXT NOT NULL,
    request TEXT NOT NULL,
    finish_reason TEXT,
    refusal TEXT,
    input_tokens INTEGER,
    output_tokens INTEGER,
    reported_model TEXT,
    dialect TEXT NOT NULL,
    seconds REAL NOT NULL,
    time REAL NOT NULL
) STRICT;
CREATE TABLE failures (
    digest TEXT NOT NULL,
    model TEXT NOT NULL,
    try INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL,
    time REAL NOT NULL
) STRICT;
CREATE TABLE servers (
    base_url TEXT NOT NULL,
    model TEXT NOT NULL,
    about TEXT NOT NULL,
    time REAL NOT NULL,
    PRIMARY KEY (base_url, model)
) STRICT;
CREATE TABLE claims (
    digest TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    until REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX claims_by_owner ON claims (owner);
CREATE TABLE batches (
    part TEXT PRIMARY KEY,
    base_url TEXT NOT NULL,
    server TEXT NOT NULL,
    id TEXT,
    status TEXT NOT NULL,
    is_open INTEGER NOT NULL,
    time REAL NOT NULL
) STRICT;
CREATE TABLE batch_requests (
    digest TEXT NOT NULL,
    part TEXT NOT NULL REFERENCES batches (part),
    request TEXT NOT NULL,
    PRIMARY KEY (digest, part)
) STRICT, WITHOUT ROWID;
"""


def default_path() -> Path:
    """Where the cache is kept unless another file is named."""
    named = os.environ.get(FOLDER)
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "naturel"
    return (Path(named) if named else base) / "llm" / "answers.sqlite"


class Database:
    """One connection. A committed transaction survives the death of the process at any moment."""

    def __init__(self, path: Path, busy_seconds: float = BUSY_SECONDS) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"The folder of the cache {path} cannot be made: {error.strerror}. Name another file with --cache."
            ) from error
        with self._told():
            # One thread at a time uses it, but not always the same one: in notebooks, calls run in a helper thread.
            self._connection = sqlite3.connect(
                path, timeout=busy_seconds, isolation_level=None, check_same_thread=False
            )
        try:
            with self._told():
                self._check()
                self._prepare(busy_seconds)
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def rows(self, sql: str, values: tuple[object, ...] = ()) -> list[sqlite3.Row]:
        """All rows of a query."""
        with self._told():
            return self._connection.execute(sql, values).fetchall()

    def stream(self, sql: str) -> Iterator[sqlite3.Row]:
        """The rows of a query, one by one."""
        with self._told():
            yield from self._connection.execute(sql)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A block whose changes are made all together or not at all; other processes wait meanwhile."""
        with self._told():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def shrink(self) -> None:
        """Give the space of deleted rows back, unless another process is at work."""
        try:
            self._connection.execute("VACUUM")
        except sqlite3.OperationalError:
            return

    def _check(self) -> None:
        """Stop at files of other programs and of newer versions."""
        application = self._pragma("application_id")
        version = self._pragma("user_version")
        tables = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if application != APPLICATION and (tables or version or application):
            raise UserError(
                f"{self.path} is a database of another program, and was not touched. Name another file with "
                "--cache."
            )
        if version > VERSION:
            raise UserError(
                f"The cache {self.path} was made by a newer naturel (format {version}, this one knows {VERSION}). "
                "Upgrade naturel, or name another file with --cache."
            )

    def _prepare(self, busy_seconds: float) -> None:
        self._connection.row_factory = sqlite3.Row
        self._use_wal(time.monotonic() + busy_seconds)
        # With WAL, NORMAL keeps every commit when a process dies; a power cut may lose the last ones.
        self._connection.execute("PRAGMA synchronous = NORMAL")
        if self._pragma("user_version") == VERSION:
            return
        with self.transaction() as connection:
            if self._pragma("user_version") != VERSION:  # another process may have been first
                for statement in _TABLES.split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION}")
                connection.execute(f"PRAGMA user_version = {VERSION}")

    def _use_wal(self, until: float) -> None:
        """Switch to write-ahead logging; SQLite does not wait by itself for other processes here."""
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > until:
                    raise
                time.sleep(0.01)

    def _pragma(self, name: str) -> int:
        return int(self._connection.execute(f"PRAGMA {name}").fetchone()[0])

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn the database's faults into errors that name the mend."""
        try:
            yield
        except sqlite3.Error as error:
            raise UserError(f"The cache {self.path} {_explain(error)}") from error


def _explain(error: sqlite3.Error) -> str:
    reason = str(error)
    if "readonly" in reason or "unable to open" in reason:
        return f"cannot be written ({reason}). Make it writable, or name another file with --cache."
    if "full" in reason:
        return "cannot grow: the disk is full. Make room, or name a file elsewhere with --cache."
    if "locked" in reason:
        return "is held by another process. Wait until that is done, and run the same command again."
    if "not a database" in reason or "malformed" in reason:
        return (
            f"is damaged or no cache ({reason}). Move it away, and run the same command again: a new one is made. "
            "`sqlite3 FILE .recover` may bring its answers back."
        )
    return f"failed: {reason}. If that happens again, name another file with --cache."
