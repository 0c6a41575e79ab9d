"""Learning rates, step by step."""

from __future__ import annotations

from math import cos, pi
from pathlib import Path
from typing import Any

import pytest

from naturel.training.schedule import learning_rate
from naturel.training.settings import TrainSettings


def rates(steps: int, **options: Any) -> list[float]:
    settings = TrainSettings(data="d", model="m", out=Path("o"), lr=1.0, **options)
    return [learning_rate(step, steps, settings) for step in range(steps)]


def test_it_rises_and_falls_as_a_cosine() -> None:
    found = rates(8, warmup=4)
    assert found[:5] == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0])
    assert found[5:] == pytest.approx([(1 + cos(pi * part)) / 2 for part in (0.25, 0.5, 0.75)])


def test_a_share_may_be_left_at_the_end() -> None:
    assert rates(4, warmup=0, final_lr=0.2) == pytest.approx(
        [0.2 + 0.8 * (1 + cos(pi * part)) / 2 for part in (0, 0.25, 0.5, 0.75)]
    )


def test_it_may_stay() -> None:
    assert rates(5, warmup=2, schedule="constant") == [0.5, 1.0, 1.0, 1.0, 1.0]


def test_a_run_shorter_than_its_warm_up_only_rises() -> None:
    assert rates(3, warmup=6) == pytest.approx([1 / 6, 2 / 6, 3 / 6])
