"""What a model likes to read, whatever it sees: the mean similarity of captions to pictures they do not belong to.

What's "up" (2310.19785) measures each caption option against a large set of unrelated pictures, and finds
prepositions that models prefer in any picture. A benchmark that the prior alone answers better than chance can be won
blindly.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from naturel.annotations.errors import UserError
from naturel.builders.choice import hash_texts, mix, seeded
from naturel.builders.progress import Progress, SilentProgress
from naturel.evaluation.analysis.caption_options import Options
from naturel.evaluation.analysis.intervals import Figure, Floats, summarise
from naturel.evaluation.analysis.lexicon import Lexicon, load_lexicon
from naturel.evaluation.analysis.prepositions import prepositions_of
from naturel.evaluation.analysis.probe import encode
from naturel.evaluation.metrics.choice import choice_chance, choice_right
from naturel.evaluation.models.encoder import DualEncoder
from naturel.evaluation.questions import Picture

PICTURES_AT_ONCE = 64
_JOINTS = re.compile("[_-]")
ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif")


@dataclass(frozen=True)
class Priors:
    """How a model takes captions without their pictures."""

    model: str
    options: str
    pictures: int
    """Unrelated pictures."""
    captions: tuple[str, ...]
    similarity: Floats
    """Mean cosine of each caption with the pictures, shape (captions,)."""
    accuracy: Figure | None
    """How often the prior alone picks the right answer; None where nobody says what is right."""
    chance: float | None
    prepositions: dict[str, Figure]
    """Preposition -> how much higher its captions' similarity is than the mean of their question's; the highest
    first."""

    def to_dict(self) -> dict[str, Any]:
        """As it stands in JSON, the captions by their similarity."""
        order = np.argsort(-self.similarity, kind="stable").tolist()
        return {
            "model": self.model,
            "options": self.options,
            "pictures": self.pictures,
            "accuracy": asdict(self.accuracy) if self.accuracy else None,
            "chance": self.chance,
            "prepositions": {name: asdict(figure) for name, figure in self.prepositions.items()},
            "captions": [
                {"caption": self.captions[i], "similarity": float(self.similarity[i])} for i in order
            ],
        }


@dataclass(frozen=True)
class Unrelated:
    """Pictures that captions do not belong to, as a model sees them."""

    mean: Floats
    """Their mean embedding, shape (d,)."""
    count: int
    """How many of them could be read."""


def see(encoder: DualEncoder, pictures: Sequence[Picture], progress: Progress | None = None) -> Unrelated:
    """Embed pictures; those that cannot be read are left out.

    The mean of a caption's cosines with all pictures is its product with this vector.

    Raises:
        UserError: None of them can be read.
    """
    total: Floats | None = None
    count = 0
    with (progress or SilentProgress()).task(f"{encoder.name}: pictures", len(pictures), "pictures") as task:
        for start in range(0, len(pictures), PICTURES_AT_ONCE):
            some = pictures[start : start + PICTURES_AT_ONCE]
            opened = [image for picture in some if (image := _opened(picture)) is not None]
            if opened:
                vectors = encoder.encode_images(opened).astype(np.float64).sum(axis=0)
                total = vectors if total is None else total + vectors
                count += len(opened)
            task.advance(len(some))
    if total is None:
        raise UserError("none of the pictures can be read: give --images a folder with JPEG or PNG files.")
    return Unrelated(total / count, count)


def measure_priors(
    encoder: DualEncoder,
    options: Options,
    unrelated: Unrelated,
    *,
    lexicon: Lexicon | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Priors:
    """Compare captions with pictures that they do not belong to.

    Args:
        encoder: The model.
        options: The captions.
        unrelated: What it makes of pictures, from `see`.
        lexicon: Prepositions; None for those that come with the package.
        seed: Of the intervals' draws.
        progress: Where it tells how far it is.
    """
    similarity = encode(encoder, options.captions, progress) @ unrelated.mean
    there = options.texts >= 0
    scores = np.where(there, similarity[options.texts], np.nan)
    accuracy = chance = None
    if options.true is not None:
        right = choice_right(scores[:, None, :], options.true[:, None, :], there).astype(np.float64)
        accuracy = summarise(right, options.clusters, bounds=(0, 1), seed=seed)
        chance = float(choice_chance(options.true[:, None, :], there).mean())
    ranked = _ranked(options, scores, lexicon or load_lexicon(), seed)
    return Priors(
        encoder.name, options.name, unrelated.count, options.captions, similarity, accuracy, chance, ranked
    )


def _ranked(options: Options, scores: Floats, lexicon: Lexicon, seed: int) -> dict[str, Figure]:
    """Prepositions by how much higher their captions are than the mean of their question's."""
    higher = scores - np.nanmean(scores, axis=1, keepdims=True)
    # What's "up" has names such as "in-front_of".
    caption, name = prepositions_of([_JOINTS.sub(" ", text) for text in options.captions], lexicon)
    found = {}
    for number in np.unique(name).tolist():
        has = np.zeros(len(options.captions) + 1, dtype=np.bool_)
        has[caption[name == number]] = True
        row, column = np.nonzero(has[options.texts])
        if not len(row):  # a caption that no question has
            continue
        values = higher[row, column]
        # Of one question's captions each is a case of its own.
        clusters = options.clusters[row] if len(options.texts) > 1 else column
        found[lexicon.names[number]] = summarise(values, clusters, seed=seed)
    return dict(sorted(found.items(), key=lambda entry: -entry[1].mean))


def find_pictures(folder: Path, most: int, seed: int) -> list[Picture]:
    """Pictures below a folder, at most so many, chosen by hash of their path in it.

    Raises:
        UserError: There are none.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS and path.is_file())
    if not paths:
        raise UserError(f"--images {folder}: there are no pictures. Give a folder with JPEG or PNG files.")
    names = [path.relative_to(folder).as_posix() for path in paths]
    order = np.argsort(mix(seeded(seed), hash_texts(names)), kind="stable")[:most]
    return [Picture(names[i], paths[i]) for i in sorted(order.tolist())]


def _opened(picture: Picture) -> Any:
    try:
        return picture.open()
    except OSError:
        return None
