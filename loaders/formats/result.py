"""What an export counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

NO_PICTURE = "record: it has no picture"


@dataclass
class Counts:
    """What was written, and what was left out and why."""

    written: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
