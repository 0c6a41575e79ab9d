"""Save decisions without pause while servers are killed, and see what is in the journal."""

from __future__ import annotations

import random
import threading
import time
from typing import Any
from urllib.parse import urljoin
from uuid import uuid4

import httpx
from helpers.review_app import ReviewApp

VICTIMS = ("fiftyone.server.main", "mongod")
PATIENCE = 120.0
"""Seconds in which a killed server must be back."""


def ask(place: str, question: str, params: dict[str, Any]) -> dict[str, Any]:
    """Ask a server as the panel does.

    Raises:
        httpx.HTTPError: It does not answer.
        ValueError: It answers with an error.
    """
    body = {"operator_uri": f"@naturel/review/{question}", "params": params}
    answer = httpx.post(urljoin(place, "/operators/execute"), json=body, timeout=20)
    found = answer.raise_for_status().json()
    if found.get("error"):
        raise ValueError(found["error"])
    result: dict[str, Any] = found["result"]
    return result


class Saver(threading.Thread):
    """Accepts one item after another; what is not confirmed is sent again under the same id."""

    def __init__(self, place: str) -> None:
        super().__init__(daemon=True)
        self.place = place
        self.confirmed: list[str] = []
        self.enough = threading.Event()

    def run(self) -> None:
        while not self.enough.is_set():
            items = self._until_answered("next", {"count": 50})["items"]
            for item in items:
                caption = item["type"] == "caption"
                decision = {
                    "id": str(uuid4()),
                    "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                    "kind": "caption" if caption else "relation",
                    "key": item["key"],
                    "verdict": "accept",
                }
                boxes = {} if caption else {
                    "sample": item["sample"],
                    "boxes": {name: item[name]["box"] for name in ("subject", "object")},
                }  # fmt: skip
                answer = self._until_answered("save", {"decisions": [decision], "done": item["key"], **boxes})
                self.confirmed += answer["saved"]
                if self.enough.is_set():
                    return

    def _until_answered(self, question: str, params: dict[str, Any]) -> dict[str, Any]:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return ask(self.place, question, params)
            except (httpx.HTTPError, ValueError):
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)


def hammer(app: ReviewApp, annotator: str, kills: int, seed: int = 0) -> tuple[int, int, int]:
    """Kill the app or the database at random moments while decisions are saved.

    Returns:
        Decisions confirmed; how many of them the journal lacks; how many stand in it twice.
    """
    moments = random.Random(seed)
    saver = Saver(app.places[annotator])
    saver.start()
    for number in range(kills):
        before = len(saver.confirmed)
        until = time.monotonic() + PATIENCE
        while len(saver.confirmed) <= before + 2:  # it is at work again
            assert saver.is_alive(), "the server did not come back"
            assert time.monotonic() < until, "nothing is saved any more"
            time.sleep(0.02)
        time.sleep(moments.uniform(0, 0.5))
        app.kill(VICTIMS[number % 2] if number < 2 else moments.choice(VICTIMS))
    time.sleep(1)
    saver.enough.set()
    saver.join(PATIENCE)
    kept = [line["id"] for line in app.journal(annotator)]
    return len(saver.confirmed), len(set(saver.confirmed) - set(kept)), len(kept) - len(set(kept))
