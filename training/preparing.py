"""What a run is made of, before a model is opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from naturel.annotations.errors import UserError
from naturel.builders.report.tables import find_release
from naturel.builders.workspace import MANIFEST, digest_file
from naturel.evaluation.questions import Questions
from naturel.loaders.map_style import Pairs
from naturel.loaders.opening import open_release
from naturel.training.known import KnownTruth
from naturel.training.mixing import CaptionSet, open_captions
from naturel.training.plan import Plan
from naturel.training.settings import TrainSettings
from naturel.training.validation import open_validation


@dataclass(frozen=True)
class Prepared:
    """The data of a run."""

    pairs: Pairs
    known: KnownTruth
    captioned: CaptionSet | None
    plan: Plan
    validation: list[Questions]
    """What the model is asked; empty where nothing is."""
    digest: str | None
    """Of the release's manifest."""


def prepare(settings: TrainSettings) -> Prepared:
    """Open the data of a run, and plan its steps.

    Raises:
        UserError: Data cannot be opened, or do not give a batch.
    """
    splits = open_release(settings.data, config=settings.data_config, streaming=False)
    if settings.split not in splits:
        raise UserError(f"{settings.data} has no split {settings.split}: give one of {', '.join(splits)}.")
    dataset = splits[settings.split]
    pairs = Pairs(dataset, settings.scheme, settings.seed, negative_images=settings.negative_images)
    captioned = None if settings.mix is None else open_captions(settings.mix, settings.mix_images)
    validation = open_validation(settings, list(splits))
    digest = (
        digest_file(find_release(Path(settings.data)) / MANIFEST) if Path(settings.data).exists() else None
    )
    plan = Plan(settings, pairs, len(captioned) if captioned else 0)
    return Prepared(pairs, KnownTruth(dataset, pairs.sentences), captioned, plan, validation, digest)
