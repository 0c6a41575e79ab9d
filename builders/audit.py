"""The last look at a release before it gets its name: the attack without pictures, and the report.

A release that is told from its text alone more often than `--max-blind` allows gets no place among the releases.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from naturel.annotations.errors import UserError
from naturel.builders.checks.blind import Estimate, attack
from naturel.builders.checks.blind_inputs import read_pairs
from naturel.builders.report.blind_figures import blind_figures
from naturel.builders.report.page import write_report

REPORT = "report.html"
"""The report's file in a release."""


def audit(folder: Path, seed: int, max_blind: float | None) -> dict[str, Any]:
    """Attack a prepared release and write its report into it.

    Args:
        folder: What `prepare_release` gave.
        seed: The build's seed.
        max_blind: The most that the best attacker may tell; None: anything.

    Returns:
        What the manifest and the card say of the attack: `accuracy`, `low`, `high` (95 %), `best` attacker, `pairs`,
        `limit`, and the same of all `attackers` and, for the best one, of all `kinds` of negatives; or `not_done`
        with the reason, where there are too few pairs for one.

    Raises:
        UserError: `max_blind` is set and there are too few pairs to attack.
    """
    try:
        found = attack(read_pairs(folder), seed=seed)
    except UserError as error:
        if max_blind is not None:
            raise UserError(f"--max-blind cannot be checked: {error}") from error
        write_report(folder, folder / REPORT, None)
        return {"not_done": "too few pairs"}
    write_report(folder, folder / REPORT, blind_figures(found, max_blind))
    accuracy = found.accuracy
    return {
        "best": found.best,
        "accuracy": round(accuracy.value, 4),
        "low": round(accuracy.low, 4),
        "high": round(accuracy.high, 4),
        "pairs": found.pairs,
        "limit": max_blind,
        "attackers": [_told(one.name, one.accuracy) for one in found.attackers],
        "kinds": [_told(one.value, one.accuracy) for one in found.by("kind")],
    }


def _told(name: str, found: Estimate) -> dict[str, Any]:
    """One line of the card's table."""
    shares = {key: round(getattr(found, key), 4) for key in ("value", "low", "high")}
    return {"name": name, "pairs": found.pairs, **shares}


def passes(blind: dict[str, Any], max_blind: float | None) -> bool:
    """Whether the attack told no more than is allowed."""
    return max_blind is None or bool(blind.get("accuracy", 1.0) <= max_blind)
