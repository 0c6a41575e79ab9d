"""What an annotator may work at; without anything that takes long to import."""

from __future__ import annotations

from enum import StrEnum


class Queue(StrEnum):
    """What is shown."""

    CAPTIONS = "captions"
    """Every caption once, those first that stand in most records."""
    IMAGES = "images"
    """Every record."""
    FLAGGED = "flagged"
    """What the checks are unsure of, and what others rejected or edited."""
    DISAGREEMENT = "disagreement"
    """What others judged differently: one more vote."""
    ADJUDICATE = "adjudicate"
    """The same, with the votes shown: what is decided settles it."""

    @property
    def shared(self) -> bool:
        """Whether its keys are shared out among annotators; else everybody gets all of them."""
        return self in (Queue.CAPTIONS, Queue.IMAGES)
