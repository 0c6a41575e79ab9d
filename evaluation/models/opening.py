"""Models by name."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from naturel.annotations.errors import UserError
from naturel.evaluation.embeddings import EmbeddingCache, default_folder
from naturel.evaluation.models.blind import PREFIX as BLIND
from naturel.evaluation.models.blind import open_blind
from naturel.evaluation.models.open_clip import PREFIX as OPEN_CLIP
from naturel.evaluation.models.open_clip import open_open_clip, parse_name
from naturel.evaluation.models.transformers_encoder import open_transformers
from naturel.evaluation.scoring import EncoderScorer, Scorer


def check_model(name: str) -> None:
    """See to it, without opening it, that a name can be a model's: what takes long is not begun for a slip.

    Raises:
        UserError: There is no such blind model, or no such folder.
    """
    if name.startswith(BLIND):
        open_blind(name)
    elif name.startswith(OPEN_CLIP):
        parse_name(name)
    elif not Path(name).is_dir() and (name.startswith((".", "~", "/")) or name.count("/") > 1):
        raise UserError(
            f"--model {name}: there is no such folder. Give the folder of a CLIP or SigLIP that transformers saved, "
            "or its id on the Hugging Face hub."
        )


def quiet() -> None:
    """Keep transformers from telling what users cannot mend, and from bars among ours."""
    if importlib.util.find_spec("transformers") is not None:
        from transformers.utils import logging

        logging.set_verbosity_error()
        logging.disable_progress_bar()


def open_model(
    name: str,
    *,
    device: str = "auto",
    dtype: str = "auto",
    batch_size: int = 0,
    seed: int = 0,
    cached: bool = True,
    cache: Path | None = None,
) -> Scorer:
    """Open a model.

    Args:
        name: The folder or the hub's id of a CLIP or SigLIP of transformers, `open_clip:ARCHITECTURE/PRETRAINED`, or
            a blind model, such as `blind:random`.
        device: `auto` (cuda, mps or cpu), or one of torch's.
        dtype: What a model calculates with: `auto`, `float32`, `float16` or `bfloat16`.
        batch_size: Pictures at once; 0: found by itself.
        seed: Shapes what blind models do.
        cached: Whether embeddings are kept on the disk.
        cache: Where; None: in the cache folder.

    Raises:
        UserError: There is no such model, device or type, or an extra is missing.
    """
    if name.startswith(BLIND):
        return open_blind(name, seed)
    opener = open_open_clip if name.startswith(OPEN_CLIP) else open_transformers
    encoder = opener(name, device=device, dtype=dtype, batch_size=batch_size)
    folder = (cache or default_folder()) if cached else None
    return EncoderScorer(encoder, EmbeddingCache(encoder.digest, folder))
