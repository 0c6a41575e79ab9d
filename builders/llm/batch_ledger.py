"""Which batches were submitted and what is in them, so that nothing is submitted twice, whatever happens."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from naturel.builders.llm.cache import AnswerCache
from naturel.builders.llm.dialects import Server
from naturel.builders.llm.requests import Request


@dataclass(frozen=True)
class Part:
    """Requests that go into one batch.

    Attributes:
        name: Ours, written into the batch's metadata: by it, a batch is found again whose id was never learnt.
        server: How the requests were written.
        id: The server's name for the batch; None before it is submitted.
        time: When it was planned.
        requests: By digest.
    """

    name: str
    server: Server
    id: str | None
    time: float
    requests: dict[str, Request]


class BatchLedger:
    """The batches of one server, in the cache's file."""

    def __init__(self, cache: AnswerCache, base_url: str) -> None:
        self._database = cache.database
        self._base_url = base_url

    def plan(self, requests: Iterable[Request], server: Server) -> Part | None:
        """Note a new part with those of the requests that no open part has; None where that leaves nothing."""
        name, now = uuid.uuid4().hex, time.time()
        with self._database.transaction() as connection:
            free = {
                request.digest: request
                for request in requests
                if not connection.execute(
                    "SELECT 1 FROM batch_requests JOIN batches USING (part) "
                    "WHERE digest = ? AND is_open AND base_url = ?",
                    (request.digest, self._base_url),
                ).fetchone()
            }
            if not free:
                return None
            batch = (name, self._base_url, server.to_json(), None, "planned", 1, now)
            connection.execute("INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?, ?)", batch)
            rows = [(digest, name, request.canonical) for digest, request in free.items()]
            connection.executemany("INSERT INTO batch_requests VALUES (?, ?, ?)", rows)
        return Part(name, server, None, now, free)

    def open_parts(self, wanted: Iterable[str]) -> list[Part]:
        """The parts that are not collected yet and have any of the wanted requests."""
        wanted = set(wanted)
        parts = [self._part(row["part"]) for row in self._open_rows()]
        return [part for part in parts if not wanted.isdisjoint(part.requests)]

    def _open_rows(self) -> Iterator[dict[str, str]]:
        sql = "SELECT part FROM batches WHERE is_open AND base_url = ? ORDER BY time, part"
        for row in self._database.rows(sql, (self._base_url,)):
            yield dict(row)

    def _part(self, name: str) -> Part:
        batch = self._database.rows("SELECT server, id, time FROM batches WHERE part = ?", (name,))[0]
        rows = self._database.rows("SELECT digest, request FROM batch_requests WHERE part = ?", (name,))
        requests = {row["digest"]: Request.from_canonical(row["request"]) for row in rows}
        return Part(name, Server.from_json(batch["server"]), batch["id"], batch["time"], requests)

    def is_open(self, part: Part) -> bool:
        """Whether nobody has collected a part yet."""
        rows = self._database.rows("SELECT is_open FROM batches WHERE part = ?", (part.name,))
        return bool(rows and rows[0]["is_open"])

    def id_of(self, part: Part) -> str | None:
        """The server's name for a part, if it was submitted."""
        rows = self._database.rows("SELECT id FROM batches WHERE part = ?", (part.name,))
        return rows[0]["id"] if rows else None

    def submitted(self, part: Part, id: str) -> None:
        """A part has become a batch."""
        self._update(part, id, "submitted", True)

    def closed(self, part: Part, status: str) -> None:
        """A part is collected, or came to nothing; what it left unanswered may be asked anew."""
        self._update(part, None, status, False)

    def _update(self, part: Part, id: str | None, status: str, is_open: bool) -> None:
        row = (id, status, is_open, part.name)
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE batches SET id = coalesce(?, id), status = ?, is_open = ? WHERE part = ?", row
            )
