"""The banks of cut-outs that composites can be made of, with what a build has to know of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from naturel.annotations.nouns import load_nouns
from naturel.builders.composite_settings import Backend
from naturel.builders.progress import Progress
from naturel.builders.settings import BuildSettings
from naturel.builders.sources.composites.cutouts import Bank
from naturel.builders.sources.composites.generated_bank import GeneratedBank
from naturel.builders.sources.composites.generator import Generator, Pipeline
from naturel.builders.sources.composites.openmoji_bank import OpenMojiBank, read_table
from naturel.builders.sources.composites.photo_bank import PhotoBank
from naturel.builders.sources.composites.photo_sources import read_photos
from naturel.builders.sources.composites.photo_things import find_things
from naturel.builders.sources.composites.pictogram_bank import PictogramBank
from naturel.builders.sources.download import cache_folder
from naturel.builders.sources.licensing import keep_licensed
from naturel.prompts.picture_prompt import load_picture_prompt


@dataclass(frozen=True)
class Stock:
    """A bank, and what a build and its card have to know of it."""

    bank: Bank
    things: str
    """What the card says that the pictures are composed of."""
    license_sentence: str
    card_license: str
    key: Mapping[str, object] = field(default_factory=dict)
    """What shapes its cut-outs, beside the seed."""
    inputs: Mapping[str, Path] = field(default_factory=dict)
    """Files that shape them."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Reason -> cut-outs left out."""
    notes: tuple[str, ...] = ()
    licensed: bool = False
    """Whether `--licenses` was heeded thing by thing."""


def _pictograms(settings: BuildSettings, work: Path, progress: Progress) -> Stock:
    return Stock(
        PictogramBank(settings.seed),
        things="drawn pictograms",
        license_sentence="The pictures are drawn by NatuRel and dedicated to the public domain (CC0 1.0).",
        card_license="cc0-1.0",
    )


def _openmoji(settings: BuildSettings, work: Path, progress: Progress) -> Stock:
    bank = OpenMojiBank()
    return Stock(
        bank,
        things="OpenMoji pictograms",
        license_sentence=(
            "All emojis designed by OpenMoji, the open-source emoji and icon project (https://openmoji.org); the "
            "pictures put them on other backgrounds, in other sizes, and have their licence, CC BY-SA 4.0."
        ),
        card_license="cc-by-sa-4.0",
        key={"openmoji": bank.version},
    )


def _generated(settings: BuildSettings, work: Path, progress: Progress) -> Stock:
    prompt = load_picture_prompt(settings.picture_prompt)
    pipeline = Pipeline(
        model=str(settings.generator),  # the settings demand one
        revision=settings.generator_revision,
        steps=settings.steps,
        guidance=settings.guidance,
        size=settings.generator_size,
        dtype=settings.dtype,
        device=settings.device,
        batch=settings.generator_batch,
        offline=settings.offline,
    )
    generator = Generator(pipeline, cache_folder() / "generated")
    labels = tuple(read_table().nouns)  # concrete, and easily told
    bank = GeneratedBank(labels, generator, prompt, settings.per_noun, settings.seed, load_nouns())
    return Stock(
        bank,
        things=f"pictures {pipeline.author}",
        license_sentence=(
            f"The things were {pipeline.author} from the prompt {prompt.name}; the licence of the model says what "
            "may be done with its pictures."
        ),
        card_license="other",
        key={
            "pipeline": pipeline.identity,
            "prompt": prompt.digest,
            "per_noun": settings.per_noun,
            "labels": list(labels),
        },
        notes=("what else a generated picture shows was not looked at: no label is known to be absent",),
    )


def _photos(settings: BuildSettings, work: Path, progress: Progress) -> Stock:
    folder = Path(str(settings.cutouts))  # the settings demand one
    nouns = load_nouns()
    photos = read_photos(folder, settings.split, nouns)
    tables = keep_licensed(photos.tables, settings.licenses)
    things, dropped = find_things(tables, photos.folders, nouns, frozenset(photos.outlines))
    used = {thing.object_id for label in things.values() for thing in label}
    outlines = {key: outline for key, outline in photos.outlines.items() if key in used}
    return Stock(
        PhotoBank(things, outlines),
        things=f"things cut out of {photos.title} photos",
        license_sentence=(
            f"The things were cut out of {photos.title} photos and put on drawn backgrounds; every picture has the "
            "licences and authors of the photos that it was made from."
        ),
        card_license="other",
        key={
            "photos": sorted(
                str(path.name) for path in {one.photo for kind in things.values() for one in kind}
            ),
            "licenses": list(settings.licenses),
        },
        inputs=photos.inputs,
        dropped=tables.dropped + dropped,
        notes=tables.notes,
        licensed=True,
    )


_OPENERS: Mapping[Backend, Callable[[BuildSettings, Path, Progress], Stock]] = {
    Backend.PICTOGRAMS: _pictograms,
    Backend.OPENMOJI: _openmoji,
    Backend.PHOTOS: _photos,
    Backend.DIFFUSERS: _generated,
}


def open_stock(settings: BuildSettings, work: Path, progress: Progress) -> Stock:
    """Open the bank that `--backend` names.

    Args:
        settings: The build's.
        work: The build's folder for its own files.
        progress: Where progress is shown.

    Raises:
        UserError: What the bank needs is missing.
    """
    return _OPENERS[settings.backend](settings, work, progress)
