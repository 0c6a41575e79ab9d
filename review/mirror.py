"""Decisions as the app's database shows them, and the boxes that annotators drew there.

The journal is the truth. The database follows it from a thread of its own, and can be made again from it.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pymongo
from bson import ObjectId
from pymongo.collection import Collection
from pymongo.errors import PyMongoError

from naturel.annotations.decisions import Decision, Kind, Verdict
from naturel.review.contents import Contents, sample_id

DATABASE = "fiftyone"
TIMEOUT = 3_000
"""Milliseconds until the database counts as unreachable."""
TRIES, PAUSE = 60, 1.0
"""How often a change is tried, and the seconds in between."""
CLOSE = 1e-4
"""Coordinates that differ by less are the same."""

logger = logging.getLogger(__name__)


def connect(uri: str) -> pymongo.MongoClient[dict[str, Any]]:
    """Open a connection that tells soon when the database is away."""
    return pymongo.MongoClient(uri, serverSelectionTimeoutMS=TIMEOUT, connectTimeoutMS=TIMEOUT)


def samples_of(client: pymongo.MongoClient[dict[str, Any]], dataset: str) -> Collection[dict[str, Any]]:
    """The collection of a dataset's samples."""
    database = client[DATABASE]
    found = database["datasets"].find_one({"name": dataset}, {"sample_collection_name": True})
    if found is None:
        raise LookupError(f"the database has no dataset {dataset}")
    return database[found["sample_collection_name"]]


class DatabaseMirror:
    """Writes decisions to samples, one after another, and again where the database was away."""

    def __init__(self, uri: str, dataset: str) -> None:
        self._uri, self._dataset = uri, dataset
        self._contents: Contents | None = None
        self._waiting: queue.Queue[Sequence[Decision]] = queue.Queue()
        self._samples: Collection[dict[str, Any]] | None = None

    def start(self, contents: Contents) -> None:
        """Begin to write."""
        self._contents = contents
        threading.Thread(target=self._work, daemon=True).start()

    def show(self, decisions: Sequence[Decision]) -> None:
        """Write decisions, later."""
        if decisions:
            self._waiting.put(decisions)

    def boxes(self, sample: str) -> dict[str, list[float] | None]:
        """The boxes of a sample, by `subject` and `object`, as `[x_min, y_min, x_max, y_max]`.

        Raises:
            PyMongoError: The database is away.
            LookupError: It has no such sample.
        """
        found = self._collection().find_one(
            {"_id": ObjectId(sample)}, {"subject.bounding_box": True, "object.bounding_box": True}
        )
        if found is None:
            raise LookupError(f"the database has no sample {sample}")
        return {name: _corners(found.get(name)) for name in ("subject", "object")}

    def _collection(self) -> Collection[dict[str, Any]]:
        if self._samples is None:
            self._samples = samples_of(connect(self._uri), self._dataset)
        return self._samples

    def _work(self) -> None:
        assert self._contents is not None  # noqa: S101 - `start` set it
        while True:
            decisions = self._waiting.get()
            changes = list(changes_of(decisions, self._contents, self._dataset))
            for _ in range(TRIES):
                try:
                    if changes:
                        self._collection().bulk_write(changes, ordered=True)
                    break
                except (PyMongoError, LookupError) as error:
                    logger.warning("The database does not answer (%s); the journal has everything.", error)
                    threading.Event().wait(PAUSE)


def changes_of(
    decisions: Iterable[Decision], contents: Contents, dataset: str
) -> Iterable[pymongo.UpdateMany]:
    """What decisions change in samples."""
    for decision in decisions:
        ids = [ObjectId(sample_id(dataset, record)) for record in _records(decision, contents)]
        if not ids:
            continue
        if decision.kind is Kind.CAPTION:
            if decision.sentence is None:
                continue
            how = "$addToSet" if decision.verdict in (Verdict.REJECT, Verdict.EDIT) else "$pull"
            yield pymongo.UpdateMany({"_id": {"$in": ids}}, {how: {"bad_captions": decision.sentence}})
        elif decision.verdict is Verdict.UNDO:
            yield pymongo.UpdateMany(
                {"_id": {"$in": ids}},
                {"$pull": {"reviewed_by": decision.annotator}, "$set": {"verdict": None, "reason": None}},
            )
        elif decision.decides:
            verdict = {"verdict": str(decision.verdict), "reason": decision.reason}
            put_back = _original_boxes(decision, contents)
            yield pymongo.UpdateMany(
                {"_id": {"$in": ids}},
                {"$addToSet": {"reviewed_by": decision.annotator}, "$set": verdict | put_back},
            )


def _records(decision: Decision, contents: Contents) -> list[str]:
    number = contents.caption_numbers.get(decision.key)
    if number is not None:
        rows = {
            int(row) for positive in (True, False) for row in contents.places_of(number, positive=positive)
        }
    else:
        rows = set(contents.records_with(decision.key))
    return [contents.record_id(row) for row in sorted(rows)]


def _original_boxes(decision: Decision, contents: Contents) -> dict[str, list[float]]:
    """The release's boxes where an edit was drawn: the next annotator judges them, not the edit."""
    if decision.boxes is None:
        return {}
    rows = contents.records_with(decision.key)
    record = contents.record(rows[0])
    return {
        f"{name}.bounding_box": sides(record[name]["box"])
        for name in ("subject", "object")
        if getattr(decision.boxes, name) is not None
    }


def changed_boxes(
    drawn: Mapping[str, list[float] | None], release: Mapping[str, list[float] | None]
) -> dict[str, list[float]]:
    """The boxes that were changed in the app, cut at the picture's edges, by `subject` and `object`."""
    changed = {}
    for name, box in drawn.items():
        old = release[name]
        if box is None or old is None:
            continue
        box = [min(max(edge, 0.0), 1.0) for edge in box]
        if max(abs(new - was) for new, was in zip(box, old, strict=True)) > CLOSE:
            changed[name] = [round(edge, 6) for edge in box]
    return changed


def _corners(detection: dict[str, Any] | None) -> list[float] | None:
    if not detection:
        return None
    left, top, width, height = detection["bounding_box"]
    return [left, top, left + width, top + height]


def sides(box: list[float]) -> list[float]:
    """A box as FiftyOne writes it: left, top, width and height."""
    return [box[0], box[1], box[2] - box[0], box[3] - box[1]]
