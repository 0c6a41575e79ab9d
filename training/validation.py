"""Figures of a model while it is trained: benchmarks of `naturel evaluate`, asked again and again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from naturel.annotations.errors import UserError
from naturel.builders.progress import SilentProgress
from naturel.evaluation.benchmarks.opening import open_benchmarks
from naturel.evaluation.benchmarks.selecting import select
from naturel.evaluation.embeddings import EmbeddingCache
from naturel.evaluation.measures import Measure
from naturel.evaluation.measuring import measure
from naturel.evaluation.models.transformers_encoder import TransformersEncoder
from naturel.evaluation.models.two_tower import TwoTower
from naturel.evaluation.questions import Kind, Questions
from naturel.evaluation.scoring import EncoderScorer, answered
from naturel.training.settings import TrainSettings

HEADLINE = {
    Kind.CHOICE: "accuracy",
    Kind.GROUP: "group",
    Kind.HARD_POSITIVE: "AugAcc",
    Kind.JUDGEMENT: "AUC",
}
"""The metric of a benchmark that is watched."""
RELEASE = "naturel"
SPLIT = "validation"
"""The split that is asked about where a release has it; every other has to be there."""


def open_validation(settings: TrainSettings, splits: Sequence[str]) -> list[Questions]:
    """Read what a model is asked while it is trained; empty where nothing is.

    Args:
        settings: The settings.
        splits: Those of the release.

    Raises:
        UserError: A benchmark is not there, or the one to be watched is not among them.
    """
    split = settings.validation_split
    release, others = _parted(settings.validation)
    if split not in splits:
        if split not in (None, SPLIT):
            raise UserError(
                f"{settings.data} has no split {split} to validate on: give one of {', '.join(splits)} with "
                "--validation-split, or none."
            )
        release = []
    data: dict[str, Path | str] = {RELEASE: _place(settings.data)}
    if settings.validation_data is not None:
        data[""] = settings.validation_data
    questions = [
        *(open_benchmarks(release, data, split=[str(split)], config=settings.data_config) if release else []),
        *(open_benchmarks(others, data) if others else []),
    ]
    found = [some for some in questions if len(some)]
    if settings.patience is not None:
        watched(settings.monitor, found)
    return found


def watched(monitor: str, questions: Sequence[Questions]) -> tuple[str, str]:
    """The benchmark that `monitor` names, and its metric.

    Args:
        monitor: A benchmark's name, such as `naturel/complex`; its part alone, such as `complex`, will do.
        questions: Of all benchmarks.

    Raises:
        UserError: None of these or several have this name.
    """
    names = [some.benchmark for some in questions]
    meant = [
        some
        for some in questions
        if monitor in (some.benchmark, some.benchmark.partition(":")[0], _part(some.benchmark))
    ]
    if len(meant) != 1:
        what = "are several" if meant else "is none"
        raise UserError(
            f"--monitor {monitor}: of the benchmarks that are asked there {what} of this name. Give one of "
            f"{', '.join(names) or '--validation'}."
        )
    return meant[0].benchmark, HEADLINE[meant[0].kind]


def validate(tower: TwoTower, questions: Sequence[Questions], seed: int = 0) -> list[Measure]:
    """Ask a model.

    Args:
        tower: The model, on whatever device.
        questions: Of the benchmarks.
        seed: Of the intervals.

    Returns:
        Figures of whole benchmarks.

    Raises:
        UserError: The model does not fit into memory.
    """
    scorer = EncoderScorer(TransformersEncoder(tower), EmbeddingCache("", None))
    measures: list[Measure] = []
    try:
        for some in questions:
            answers = scorer.score(some, SilentProgress())
            rows = answered(some, answers)
            found = measure(select(some, rows), answers.scores[rows], seed=seed)
            measures += [one for one in found if not one.facet]
    finally:
        scorer.close()
    return measures


def kept(measures: Sequence[Measure]) -> list[dict[str, Any]]:
    """Figures as JSON has them."""
    return [asdict(one) for one in measures]


def _parted(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Benchmarks of the release, and others."""
    own = [name for name in names if name.partition("/")[0] == RELEASE]
    return own, [name for name in names if name not in own]


def _part(benchmark: str) -> str:
    """`complex` of `naturel/complex:validation`."""
    return benchmark.partition(":")[0].rpartition("/")[2]


def _place(data: str) -> Path | str:
    return Path(data) if Path(data).exists() else data
