"""What one annotator's server is told when it starts, by an environment variable."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict

from naturel.review.choices import Queue

VARIABLE = "NATUREL_REVIEW"


class Session(BaseModel):
    """One annotator at one queue of one release."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    release: Path
    folder: Path
    """Where the journals are."""
    annotator: str
    annotators: tuple[str, ...]
    """All who share the work."""
    queue: Queue
    overlap: float
    gold: Path | None
    dataset: str
    """The release's name in the app."""
    database_uri: str
    name: str
    """Names the session in decisions."""

    @property
    def media(self) -> Path:
        """The folder of pictures."""
        return self.folder / "media"

    @classmethod
    def from_environment(cls) -> Self:
        """The session of this process."""
        return cls.model_validate_json(os.environ[VARIABLE])
