"""Benchmarks and models as the commands of analyses open them."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from naturel.annotations.errors import UserError

if TYPE_CHECKING:
    from naturel.evaluation.models.encoder import DualEncoder
    from naturel.evaluation.questions import Questions
    from naturel.evaluation.scoring import Scorer


def split(values: Sequence[str] | None) -> list[str]:
    """Values that may be given several times, and with commas."""
    parts = (part.strip() for value in values or [] for part in value.split(","))
    return list(dict.fromkeys(part for part in parts if part))


def open_questions(
    names: Sequence[str], data: Sequence[str], *, most: int | None = None, seed: int = 0
) -> list[Questions]:
    """The questions of benchmarks, those that have any.

    Args:
        names: Of benchmarks.
        data: FOLDER, or NAME=FOLDER for each.
        most: Questions of each part at most.
        seed: Shapes that choice.

    Raises:
        UserError: There is no such benchmark, or no question of it can be asked.
    """
    from naturel.evaluation.benchmarks.families import BENCHMARKS, SHARED
    from naturel.evaluation.benchmarks.opening import open_benchmarks

    named: dict[str, Path | str] = {}
    for each in data:
        name, equals, place = each.partition("=")
        known = name in BENCHMARKS or name in SHARED or name.startswith("jsonl/")
        key, folder = (name, place) if equals and known else ("", each)
        if key in named:
            raise UserError(f"--data is given twice for {key or 'all'}: {named[key]} and {folder}.")
        named[key] = folder
    places = named[""] if list(named) == [""] else named or None
    found = open_benchmarks(names, places, max_questions=most, seed=seed)
    if not any(len(questions) for questions in found):
        notes = dict.fromkeys(note for questions in found for note in questions.notes)
        reasons = {reason: count for questions in found for reason, count in questions.left_out.items()}
        told = [f"{count:,} left out: {reason}." for reason, count in reasons.items()]
        raise UserError(" ".join([f"no question of {', '.join(names)} can be asked.", *told, *notes]))
    return [questions for questions in found if len(questions)]


def open_scorers(names: Sequence[str], *, device: str = "auto", seed: int = 0) -> Iterator[Scorer]:
    """Models, each opened when its turn comes and closed after it.

    Raises:
        UserError: There is no such model, or an extra is missing.
    """
    from naturel.evaluation.models.opening import open_model

    _quiet()
    for name in names:
        scorer = open_model(name, device=device, seed=seed)
        try:
            yield scorer
        finally:
            scorer.close()


def open_encoder(name: str, *, device: str = "auto") -> DualEncoder:
    """Open a two-tower model, for analyses that look at its embeddings.

    Args:
        name: As for `open_model`.
        device: As for `open_model`.

    Raises:
        UserError: There is no such model, or it makes no embeddings.
    """
    from naturel.evaluation.models.opening import open_model
    from naturel.evaluation.scoring import EncoderScorer

    _quiet()
    scorer = open_model(name, device=device, cached=False)
    scorer.close()
    if not isinstance(scorer, EncoderScorer):
        raise UserError(f"--model {name} makes no embeddings: give a CLIP or SigLIP.")
    return scorer.encoder


def _quiet() -> None:
    """Keep transformers from telling what users cannot mend, and from bars among ours."""
    if importlib.util.find_spec("transformers") is not None:
        from transformers.utils import logging

        logging.set_verbosity_error()
        logging.disable_progress_bar()
