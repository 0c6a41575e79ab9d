"""The cache of answers: every finished call is paid once, whatever builds, processes and crashes follow."""

from __future__ import annotations

import os
import socket
import sqlite3
import time
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from naturel.builders.llm.answers import Answer, NotACompletionError, Outcome, Result, judge
from naturel.builders.llm.database import Database, default_path
from naturel.builders.llm.dialects import Server
from naturel.builders.llm.requests import Request

CLAIM_SECONDS = 60.0
"""A claim that is not renewed for so long is void."""
SERVER_DAYS = 30
"""After so long a server is asked anew what it understands."""
MOST_DETAIL = 20_000
"""Characters of a failed response that are kept."""


class AnswerCache:
    """Answers by request digest, in one SQLite file that several processes share; use it with `with`.

    An answer is committed before anyone learns of it. The first answer to a request stays; claims let two
    processes that want the same answers share the work.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_path()
        self.database = Database(self.path)
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    def results(self, requests: Iterable[Request]) -> dict[str, Result]:
        """What is known already, by digest; read anew from the raw answers."""
        by_digest = {request.digest: request for request in requests}
        found = {}
        for answer in self._answers(by_digest):
            request = by_digest[answer["digest"]]
            try:
                found[request.digest] = judge(request, answer["raw"], cached=True)
            except NotACompletionError:  # cannot be read any more: to be asked again
                continue
        return found

    def _answers(self, digests: Iterable[str]) -> Iterator[sqlite3.Row]:
        for some in _batched(digests, 500):
            marks = ",".join("?" * len(some))
            yield from self.database.rows(
                f"SELECT digest, raw FROM answers WHERE digest IN ({marks})",  # noqa: S608 (only question marks)
                some,
            )

    def keep(self, request: Request, answer: Answer) -> Result:
        """Commit the answer to a finished call, and read what is kept: an earlier answer wins.

        Raises:
            NotACompletionError: The answer is no response of a model; nothing is kept.
        """
        result = judge(request, answer.raw)
        completion = result.completion
        usage = completion.usage if completion else None
        row = (
            request.digest,
            request.model,
            result.outcome.value,
            answer.raw,
            request.canonical,
            completion.finish_reason if completion else None,
            completion.refusal if completion else None,
            usage.input_tokens if usage else None,
            usage.output_tokens if usage else None,
            completion.model if completion else None,
            answer.dialect,
            answer.seconds,
            answer.time,
        )
        insert = "INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        with self.database.transaction() as connection:
            added = connection.execute(insert, row).rowcount
            connection.execute("DELETE FROM claims WHERE digest = ?", (request.digest,))
        return result if added else self.results([request]).get(request.digest, result)

    def note_failure(self, request: Request, number: int, outcome: Outcome, detail: str) -> None:
        """Write down that a call failed, for the `number`th time in this run."""
        row = (request.digest, request.model, number, outcome.value, detail[:MOST_DETAIL], time.time())
        with self.database.transaction() as connection:
            connection.execute("INSERT INTO failures VALUES (?, ?, ?, ?, ?, ?)", row)

    def server(self, base_url: str, model: str) -> Server | None:
        """What was learnt of a server, unless that is long ago."""
        rows = self.database.rows(
            "SELECT about FROM servers WHERE base_url = ? AND model = ? AND time > ?",
            (base_url, model, time.time() - SERVER_DAYS * 86_400),
        )
        return Server.from_json(rows[0]["about"]) if rows else None

    def remember_server(self, base_url: str, model: str, server: Server) -> None:
        """Keep what was learnt of a server."""
        row = (base_url, model, server.to_json(), time.time())
        with self.database.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO servers VALUES (?, ?, ?, ?)", row)

    def claim(self, digests: Iterable[str]) -> set[str]:
        """Those of some requests that this process may ask now: no living process is asking them."""
        now = time.time()
        until = now + CLAIM_SECONDS
        mine = set()
        with self.database.transaction() as connection:
            for digest in digests:
                held = connection.execute(
                    "SELECT owner, until FROM claims WHERE digest = ?", (digest,)
                ).fetchone()
                if held is None or held["until"] < now or not self._lives(held["owner"]):
                    row = (digest, self._owner, until)
                    connection.execute("INSERT OR REPLACE INTO claims VALUES (?, ?, ?)", row)
                    mine.add(digest)
        return mine

    def renew_claims(self) -> None:
        """Say that this process lives and still works on what it claimed; every few seconds."""
        with self.database.transaction() as connection:
            connection.execute(
                "UPDATE claims SET until = ? WHERE owner = ?", (time.time() + CLAIM_SECONDS, self._owner)
            )

    def release_claims(self, digests: Iterable[str] | None = None) -> None:
        """Let others ask: some requests, or all that this process has claimed."""
        with self.database.transaction() as connection:
            if digests is None:
                connection.execute("DELETE FROM claims WHERE owner = ?", (self._owner,))
            else:
                rows = [(self._owner, digest) for digest in digests]
                connection.executemany("DELETE FROM claims WHERE owner = ? AND digest = ?", rows)

    def _lives(self, owner: str) -> bool:
        """Whether the owner of a claim is a living process, or may be one on another machine."""
        if owner == self._owner:
            return False  # ours to ask
        host, process, _ = owner.rsplit(":", 2)
        if host != socket.gethostname():
            return True
        try:
            os.kill(int(process), 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True


def _batched(values: Iterable[str], size: int) -> Iterator[tuple[str, ...]]:
    """Chunks of values (itertools.batched comes with Python 3.12)."""
    waiting: list[str] = []
    for value in values:
        waiting.append(value)
        if len(waiting) == size:
            yield tuple(waiting)
            waiting.clear()
    if waiting:
        yield tuple(waiting)
