"""The annotator's desk: gives the next items, takes decisions into the journal, tells how far the work is."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Protocol

import naturel
from naturel.annotations.agreement import measure, of_verdicts, votes_of
from naturel.annotations.decisions import Decision, Kind, Verdict, from_values
from naturel.annotations.journal import Journal, read_journals
from naturel.annotations.verdicts import replay
from naturel.review.choices import Queue
from naturel.review.contents import Contents
from naturel.review.gold import read_gold
from naturel.review.items import Item, Items
from naturel.review.queues import done_by, queue_keys
from naturel.review.session import Session

PACE_OF = 20
"""Decided items over which the pace is measured."""
BREAK = 300.0
"""Seconds after which somebody was away, not thinking."""


class Mirror(Protocol):
    """Where decisions are shown besides the journal: the app's database."""

    def show(self, decisions: Sequence[Decision]) -> None:
        """Show decisions on their samples, now or later; never fails."""


@dataclass(frozen=True)
class Progress:
    """How far an annotator is in a queue."""

    done: int
    total: int
    seconds: float | None
    """Median time for an item; None before two were decided."""


class Desk:
    """One annotator at one queue. Safe for several threads."""

    def __init__(self, session: Session, mirror: Mirror) -> None:
        """Open the journal and the release.

        Raises:
            UserError: The journal, the release or the gold file has a fault.
        """
        self.session = session
        self.contents = Contents(session.release)
        self.items = Items(self.contents, session.dataset, session.media)
        self.gold = read_gold(session.gold) if session.gold else {}
        self._mirror = mirror
        self._journal = Journal(session.folder, session.annotator)
        self._lock = Lock()
        self._times: deque[float] = deque(maxlen=PACE_OF)
        self._decisions = {one.id: one for one in read_journals(session.folder).decisions}
        self._keys = queue_keys(
            session.queue,
            self.contents,
            self._decisions.values(),
            annotator=session.annotator,
            annotators=session.annotators,
            overlap=session.overlap,
            gold=self.gold,
        )
        self._own = set(self._keys)
        self._done = done_by(session.annotator, self._decisions.values(), session.queue) & self._own
        self._unfit = self._rejected_pictures()
        """Pictures that this annotator rejected: their other records are not asked about."""
        self._from = 0
        """Before this place in the queue everything is done."""

    def _rejected_pictures(self) -> set[str]:
        return {
            one.key for one in self.standing() if one.kind is Kind.IMAGE and one.verdict is Verdict.REJECT
        }

    def _is_closed(self, key: str) -> bool:
        """Whether nothing is left to ask about an item."""
        of_picture = self.session.queue is Queue.IMAGES and key.rpartition("/")[0] in self._unfit
        return of_picture or key in self._done

    def next_items(self, count: int, without: Collection[str] = ()) -> list[Item]:
        """The next open items.

        Args:
            count: How many at most.
            without: Keys that the panel has already.
        """
        with self._lock:
            while self._from < len(self._keys) and self._is_closed(self._keys[self._from]):
                self._from += 1
            keys: list[str] = []
            for key in self._keys[self._from :]:
                if len(keys) == count:
                    break
                if not self._is_closed(key) and key not in without:
                    keys.append(key)
        return [item for key in keys if (item := self.item(key)) is not None]

    def item(self, key: str) -> Item | None:
        """One item, with the votes of all where they are to be seen."""
        item = self.items.item(key)
        if item is not None and self.session.queue is Queue.ADJUDICATE:
            item["votes"] = self._votes(key)
        return item

    def _votes(self, key: str) -> list[dict[str, Any]]:
        with self._lock:
            decisions = list(self._decisions.values())
        return [
            {"annotator": name, "verdict": str(one.verdict), "reason": one.reason, "text": one.text}
            for name, one in sorted(votes_of(decisions).get(key, {}).items())
        ]

    def save(self, values: Iterable[Mapping[str, Any]], done: str | None) -> Progress:
        """Take decisions: they are on the disk when this returns.

        Args:
            values: Decisions as the panel makes them: all but the annotator, session and version, which it is not
                asked for. An id that is known already is not taken twice.
            done: The key of the item that is done with; None where none is.

        Raises:
            ValueError: One is no decision.
            OSError: The journal cannot be written.
        """
        mine = {
            "annotator": self.session.annotator,
            "session": self.session.name,
            "app_version": naturel.__version__,
            "adjudication": self.session.queue is Queue.ADJUDICATE,
        }
        decisions = [from_values({**one, **_settling(mine, one)}) for one in values]
        self._journal.append_all(decisions)
        with self._lock:
            self._decisions.update({one.id: one for one in decisions})
            if done is not None:
                self._done.add(done)
                self._times.append(time.monotonic())
        if any(one.kind is Kind.IMAGE for one in decisions):
            self._unfit = self._rejected_pictures()
        self._mirror.show(decisions)
        return self.progress()

    def undo(self, values: Iterable[Mapping[str, Any]], key: str) -> Progress:
        """Take decisions back, and open their item again; `values` are undos as for `save`."""
        self.save(values, None)
        with self._lock:
            self._done.discard(key)
            if key in self._own:
                self._from = 0
        return self.progress()

    def progress(self) -> Progress:
        """How far the work is, and how fast."""
        with self._lock:
            gaps = sorted(
                later - earlier
                for earlier, later in zip(self._times, list(self._times)[1:], strict=False)
                if later - earlier < BREAK
            )
            done = sum(map(self._is_closed, self._own)) if self._unfit else len(self._done & self._own)
            return Progress(done, len(self._keys), gaps[len(gaps) // 2] if gaps else None)

    def agreement(self) -> list[dict[str, Any]]:
        """Agreement of all annotators, by kind of what is judged, from all journals as they are now."""
        votes = votes_of(read_journals(self.session.folder).decisions)
        kinds: dict[Kind, dict[str, Any]] = {}
        for key, by_name in votes.items():
            kinds.setdefault(next(iter(by_name.values())).kind, {})[key] = by_name
        rows = []
        for kind, of_kind in kinds.items():
            found = measure(of_verdicts(of_kind))
            rows.append({"kind": str(kind), "units": found.units, "raw": found.raw, "alpha": found.alpha,
                         "prevalence": found.prevalence})  # fmt: skip
        return rows

    def standing(self) -> list[Decision]:
        """What this annotator says now."""
        with self._lock:
            own = [one for one in self._decisions.values() if one.annotator == self.session.annotator]
        return list(replay(own).values())

    def close(self) -> None:
        """Close the journal."""
        self._journal.close()


def _settling(mine: dict[str, Any], one: Mapping[str, Any]) -> dict[str, Any]:
    """What the server adds; a skip settles nothing."""
    return mine | ({"adjudication": False} if one.get("verdict") in (Verdict.SKIP, Verdict.UNDO) else {})
