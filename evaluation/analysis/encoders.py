"""Two-tower models for analyses, which look at embeddings themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from naturel.annotations.errors import UserError

if TYPE_CHECKING:
    from naturel.evaluation.models.encoder import DualEncoder


def open_encoder(name: str, *, device: str = "auto") -> DualEncoder:
    """Open a two-tower model.

    Args:
        name: As for `open_model`.
        device: As for `open_model`.

    Raises:
        UserError: There is no such model, or it makes no embeddings.
    """
    from naturel.evaluation.models.opening import open_model
    from naturel.evaluation.scoring import EncoderScorer

    scorer = open_model(name, device=device, cached=False)
    scorer.close()
    if not isinstance(scorer, EncoderScorer):
        raise UserError(f"--model {name} makes no embeddings: give a CLIP or SigLIP.")
    return scorer.encoder
