"""Decisions for tests, with what a test does not care about filled in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from naturel.annotations.claims import Claim
from naturel.annotations.decisions import Decision, caption_key, from_values

CAT = Claim("cat", "on", "desk")
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def decide(number: int, annotator: str = "ada", **more: Any) -> Decision:
    """The decision with a number: its id, and its time in seconds; by default Ada accepts a caption."""
    values = {"kind": "caption", "key": caption_key("cat on desk", CAT), "verdict": "accept"} | more
    time = START + timedelta(seconds=number)
    return from_values({"id": UUID(int=number), "time": time, "annotator": annotator} | values)


def about(value: float, within: float | None = None) -> Any:
    """Equal to numbers that are close."""
    return pytest.approx(value, abs=within)
