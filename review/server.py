"""The server's side of the panel: one desk a process, behind plain questions and answers."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from naturel.annotations.claims import Claim
from naturel.annotations.decisions import REASONS, Kind, Verdict
from naturel.builders.captions.surface import Style
from naturel.review.desk import Desk
from naturel.review.live_check import LiveCheck
from naturel.review.mirror import DatabaseMirror, changed_boxes
from naturel.review.session import Session

Params = dict[str, Any]

AT_ONCE = 4
"""Items given at once, so that the next ones are there before they are wanted."""


class Answers:
    """Answers of one session; each takes the panel's parameters and gives JSON."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.mirror = DatabaseMirror(session.database_uri, session.dataset)
        self.desk = Desk(session, self.mirror)
        self.mirror.start(self.desk.contents)
        self.live_check = LiveCheck()
        threading.Thread(target=self.live_check.warm_up, daemon=True).start()

    def next(self, params: Params) -> Params:
        """The next open items but those `without`."""
        items = self.desk.next_items(int(params.get("count", AT_ONCE)), set(params.get("without", ())))
        return {"items": items, "progress": asdict(self.desk.progress())}

    def item(self, params: Params) -> Params:
        """One item by its key."""
        return {"item": self.desk.item(params["key"])}

    def save(self, params: Params) -> Params:
        """Take `decisions`; `done` is the item's key. A relation whose boxes were drawn anew becomes an edit.

        Whatever else goes wrong is raised: the panel tries again until it is told that the journal has them.
        """
        decisions = params["decisions"]
        if sample := params.get("sample"):
            decisions = [self._with_boxes(one, sample, params["boxes"]) for one in decisions]
        try:
            progress = self.desk.save(decisions, params.get("done"))
        except ValueError as error:  # trying again would not help
            return {"refused": str(error), "progress": asdict(self.desk.progress())}
        edited = sum("boxes" in one for one in decisions)
        return {"saved": [one["id"] for one in decisions], "edited": edited, "progress": asdict(progress)}

    def _with_boxes(self, decision: Mapping[str, Any], sample: str, release: Params) -> Mapping[str, Any]:
        if decision["kind"] != Kind.RELATION or decision["verdict"] != Verdict.ACCEPT:
            return decision
        changed = changed_boxes(self.mirror.boxes(sample), release)
        return {**decision, "verdict": str(Verdict.EDIT), "boxes": changed} if changed else decision

    def undo(self, params: Params) -> Params:
        """Take back what `decisions` retract, and open the item `key` again."""
        progress = self.desk.undo(params["decisions"], params["key"])
        return {"saved": [one["id"] for one in params["decisions"]], "progress": asdict(progress)}

    def check(self, params: Params) -> Params:
        """What the sentence `text` says, which should state `claim` in a `style`."""
        style: Style = "simple" if params.get("style") == "simple" else "complex"
        return self.live_check.check(params["text"], Claim(**params["claim"]), style)

    def status(self, params: Params) -> Params:
        """The session, and what the panel needs once."""
        return {
            "annotator": self.session.annotator,
            "queue": str(self.session.queue),
            "reasons": {str(kind): reasons for kind, reasons in REASONS.items()},
            "progress": asdict(self.desk.progress()),
            "agreement": self.desk.agreement() if params.get("agreement") else [],
        }


@lru_cache(maxsize=1)
def answers() -> Answers:
    """The answers of this process."""
    return Answers(Session.from_environment())
