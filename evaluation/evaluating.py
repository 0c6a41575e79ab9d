"""Models on benchmarks: scored, and measured."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

import naturel
from naturel.annotations.errors import UserError
from naturel.builders.progress import Progress, SilentProgress
from naturel.evaluation.benchmarks.selecting import select
from naturel.evaluation.measures import Measure
from naturel.evaluation.measuring import measure
from naturel.evaluation.questions import Questions, Scores
from naturel.evaluation.results import Results, Run
from naturel.evaluation.scoring import Scorer, answered

RESAMPLES = 1000
"""Of the bootstrap."""
CORRECTED = "prior-corrected "
"""Begins the names of metrics of scores without each sentence's prior."""


def evaluate(
    scorers: Iterable[Scorer],
    questions: Sequence[Questions],
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
    progress: Progress | None = None,
) -> Results:
    """Ask models the questions of benchmarks, one model after another.

    Args:
        scorers: Models of different names; each is closed before the next is taken, so that a generator need not hold
            several in memory.
        questions: Of the benchmarks, from `open_benchmarks`.
        seed: Shapes the bootstrap.
        resamples: Of the bootstrap.
        progress: Where long work tells how far it is.

    Returns:
        Figures with 95 % intervals, and what was left out.

    Raises:
        UserError: Two models have one name, or a model fails.
    """
    progress = progress or SilentProgress()
    measures: list[Measure] = []
    runs: list[Run] = []
    models: dict[str, str] = {}
    for scorer in scorers:
        try:
            if scorer.name in models:
                raise UserError(
                    f"two models are called {scorer.name}. Give each another name, or one of them."
                )
            models[scorer.name] = scorer.digest
            for some in questions:
                found, run = _ask(scorer, some, progress, {"seed": seed, "resamples": resamples})
                measures += found
                runs.append(run)
        finally:
            scorer.close()
    return Results(
        measures=tuple(measures),
        runs=tuple(runs),
        models=models,
        notes={some.benchmark: tuple(some.notes) for some in questions if some.notes},
        settings={"seed": seed, "resamples": resamples, "naturel": naturel.__version__},
    )


def _ask(
    scorer: Scorer, questions: Questions, progress: Progress, options: dict[str, Any]
) -> tuple[list[Measure], Run]:
    """One model on one benchmark."""
    start = time.perf_counter()
    found: list[Measure] = []
    left_out = Counter(questions.left_out)
    asked = ties = 0
    if len(questions):
        answers = scorer.score(questions, progress)
        left_out.update(answers.left_out)
        rows = answered(questions, answers)
        asked = len(rows)
        if asked:
            part = select(questions, rows)
            ties = count_ties(part, answers.scores[rows])
            found = measure(part, answers.scores[rows], **options, prefix="")
            if answers.corrected is not None:
                found += measure(part, answers.corrected[rows], **options, prefix=CORRECTED)
    seconds = time.perf_counter() - start
    named = [replace(one, model=scorer.name) for one in found]
    run = Run(
        model=scorer.name,
        benchmark=questions.benchmark,
        kind=questions.kind.value,
        asked=asked,
        left_out=dict(left_out),
        seconds=round(seconds, 3),
        ties=ties,
    )
    return named, run


def count_ties(questions: Questions, scores: Scores) -> int:
    """How many questions a tie decides: of one of their pictures, the best false sentence is as good as a true one.

    Args:
        questions: n of them.
        scores: Shape (n, a, c).
    """
    there = (questions.texts >= 0)[:, None, :]
    lowest = np.where(questions.true, scores, np.inf).min(axis=2)
    highest = np.where(there & ~questions.true, scores, -np.inf).max(axis=2)
    return int((lowest == highest).any(axis=1).sum())
