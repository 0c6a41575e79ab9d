"""Where the files of Visual Genome come from: a folder."""

from __future__ import annotations

from pathlib import Path

from naturel.annotations.errors import UserError
from naturel.annotations.words import load_words
from naturel.builders.progress import Progress
from naturel.builders.settings import BuildSettings, Source
from naturel.builders.sources.licensing import keep_licensed
from naturel.builders.sources.origin import Origin
from naturel.builders.sources.sampling import Sampling
from naturel.builders.sources.visual_genome import SOURCE, read_visual_genome
from naturel.builders.sources.visual_genome_files import PICTURES, PUBLISHED, find_files

_CITATION = (
    "Krishna et al.: *Visual Genome: Connecting language and vision using crowdsourced dense image annotations* "
    "(IJCV, 2017)."
)


def open_visual_genome(settings: BuildSettings, work: Path, progress: Progress) -> Origin:
    """Find the files.

    Args:
        settings: `data` says where they are.
        work: Not used.
        progress: Not used.

    Raises:
        UserError: There is no such folder, or a file is missing.
    """
    folder = settings.data_of(Source.VISUAL_GENOME)
    if folder is None:
        raise UserError(
            "--source visual-genome needs --data DIR, a folder with relationships.json and image_data.json (also "
            f".json.zip or .gz) of {PUBLISHED} , best with objects.json and attributes.json, and the pictures of "
            f"{PICTURES} unpacked in it."
        )
    files = find_files(folder)
    limits = (settings.seed, settings.max_images, settings.max_per_triplet, settings.relations)
    return Origin(
        name=SOURCE,
        split=settings.split,
        inputs=files,
        key={
            "split": settings.split,
            "sampling": [*limits[:3], list(settings.relations)],
            "licenses": list(settings.licenses),
        },
        folders=(folder,),
        read=lambda vocabulary, nouns: keep_licensed(
            read_visual_genome(files, settings.split, Sampling(*limits), vocabulary, nouns, load_words()),
            settings.licenses,
        ),
        title="Visual Genome relationships",
        citation=_CITATION,
        license_sentence="The annotations are derived from Visual Genome, CC BY 4.0, Krishna et al.",
        card_license="cc-by-4.0",
        sampling=settings.sampling,
        notes=(
            "Visual Genome has no splits: photos fall into train, validation and test (80 : 10 : 10) by a hash of "
            "their COCO id, or of their own id.",
        ),
    )
