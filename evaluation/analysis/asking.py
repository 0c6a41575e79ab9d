"""Benchmarks and models as the commands of analyses open them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from naturel.annotations.errors import UserError

if TYPE_CHECKING:
    from naturel.evaluation.models.encoder import DualEncoder
    from naturel.evaluation.questions import Questions
    from naturel.evaluation.scoring import Scorer


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
    from naturel.evaluation.benchmarks.opening import open_benchmarks
    from naturel.evaluation.given import check_questions, places

    found = open_benchmarks(names, places(data), max_questions=most, seed=seed)
    check_questions(found)
    return [questions for questions in found if len(questions)]


def open_scorers(names: Sequence[str], *, device: str = "auto", seed: int = 0) -> Iterator[Scorer]:
    """Models, each opened when its turn comes and closed after it.

    Raises:
        UserError: There is no such model, or an extra is missing.
    """
    from naturel.evaluation.models.opening import open_model, quiet

    quiet()
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
    from naturel.evaluation.models.opening import open_model, quiet
    from naturel.evaluation.scoring import EncoderScorer

    quiet()
    scorer = open_model(name, device=device, cached=False)
    scorer.close()
    if not isinstance(scorer, EncoderScorer):
        raise UserError(f"--model {name} makes no embeddings: give a CLIP or SigLIP.")
    return scorer.encoder
