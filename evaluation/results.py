"""What an evaluation found, with all that is needed to read it: figures, counts, notes, settings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from naturel.annotations.errors import UserError
from naturel.evaluation.measures import Measure

FORMAT = "naturel results"
VERSION = 1
RESULTS = "results.json"


@dataclass(frozen=True)
class Run:
    """One model on one benchmark."""

    model: str
    benchmark: str
    kind: str
    asked: int
    """Questions that it answered, of which its figures are."""
    left_out: Mapping[str, int]
    """Reason -> questions that were not asked or not answered."""
    seconds: float
    ties: int = 0
    """Questions in which a true and a false sentence have the same score; they are wrong."""


@dataclass(frozen=True)
class Results:
    """Figures of several models on several benchmarks."""

    measures: tuple[Measure, ...]
    runs: tuple[Run, ...]
    models: Mapping[str, str]
    """Name -> digest, empty where there is none; in the order of the tables' columns."""
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Benchmark -> what users should know, such as where missing files are published."""
    settings: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As JSON can say it; `from_json` reads it back."""
        return {"format": FORMAT, "version": VERSION, **asdict(self)}

    def of(self, model: str, benchmark: str, metric: str) -> Measure:
        """A figure of a whole benchmark.

        Raises:
            KeyError: There is none.
        """
        wanted = (model, benchmark, metric, "")
        for found in self.measures:
            if (found.model, found.benchmark, found.metric, found.facet) == wanted:
                return found
        raise KeyError(wanted)


def from_json(value: Any, source: str = "results") -> Results:
    """Read what `to_json` said.

    Args:
        value: As `json.loads` gives it.
        source: Where it is from, for errors.

    Raises:
        UserError: It is something else, or of a newer version.
    """
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise UserError(
            f"{source} holds no results of naturel evaluate. Give the {RESULTS} of an --out folder."
        )
    if value.get("version") != VERSION:
        raise UserError(
            f"{source} is of the version {value.get('version')}; this naturel reads version {VERSION}. Upgrade "
            "naturel, or evaluate again."
        )
    try:
        return Results(
            measures=tuple(Measure(**measure) for measure in value["measures"]),
            runs=tuple(Run(**run) for run in value["runs"]),
            models=dict(value["models"]),
            notes={name: tuple(notes) for name, notes in value["notes"].items()},
            settings=dict(value["settings"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"{source} is damaged: {error}. Evaluate again.") from error


def read_results(path: Path) -> Results:
    """Read a file of results.

    Raises:
        UserError: It cannot be read, or is something else.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {error}. Give the {RESULTS} of an --out folder.") from error
    return from_json(value, str(path))


def join(parts: Sequence[Results]) -> Results:
    """Results of several evaluations in one table; of a model that occurs twice, the later figures count.

    Args:
        parts: At least one; the settings are those of the last.
    """
    runs = {(run.model, run.benchmark): run for part in parts for run in part.runs}
    newest = {key: number for number, part in enumerate(parts) for key in _pairs(part)}
    return Results(
        measures=tuple(
            measure
            for number, part in enumerate(parts)
            for measure in part.measures
            if newest[measure.model, measure.benchmark] == number
        ),
        runs=tuple(runs.values()),
        models={name: digest for part in parts for name, digest in part.models.items()},
        notes={name: notes for part in parts for name, notes in part.notes.items()},
        settings=parts[-1].settings,
    )


def _pairs(part: Results) -> set[tuple[str, str]]:
    return {(run.model, run.benchmark) for run in part.runs} | {
        (measure.model, measure.benchmark) for measure in part.measures
    }
