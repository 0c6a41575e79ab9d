"""Open the sources of a build: each kind of source has one function that finds, draws or downloads its files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from naturel.annotations.errors import UserError
from naturel.builders.progress import Progress
from naturel.builders.settings import BuildSettings, Crop, Source
from naturel.builders.sources.coco import open_coco
from naturel.builders.sources.composites.composites_origin import open_composites
from naturel.builders.sources.cropping import with_union_crops
from naturel.builders.sources.openimages_origin import open_openimages
from naturel.builders.sources.origin import Origin
from naturel.builders.sources.testbed.origin import open_testbed
from naturel.builders.sources.visual_genome_origin import open_visual_genome

Opener = Callable[[BuildSettings, Path, Progress], Origin]

OPENERS: Mapping[Source, Opener] = {
    Source.OPENIMAGES: open_openimages,
    Source.COCO: open_coco,
    Source.TESTBED: open_testbed,
    Source.VISUAL_GENOME: open_visual_genome,
    Source.COMPOSITES: open_composites,
}
"""How each source is opened."""


def open_origins(settings: BuildSettings, work: Path, progress: Progress) -> tuple[Origin, ...]:
    """Open every split of every source that a build names, in the order in which `Source` and `Split` list them.

    Args:
        settings: The build's.
        work: The build's folder for its own files; drawn pictures are kept there.
        progress: Where progress is shown.

    Raises:
        UserError: Files of a source are missing.
    """
    origins = tuple(
        OPENERS[source](settings.for_split(split), work, progress)
        for source in settings.source
        for split in settings.splits
    )
    return tuple(map(with_union_crops, origins)) if settings.crop is Crop.UNION else origins


def demand_addresses(origins: Iterable[Origin]) -> None:
    """Stop where pictures are to be linked to that have no address.

    Raises:
        UserError: A source's pictures have none.
    """
    for origin in origins:
        if not origin.linkable:
            raise UserError(
                f"--images link: the pictures of {origin.name}, as they are used, have no addresses. "
                "Use --images embed."
            )
