"""Where the files of Open Images come from: a folder, the embedded sample, or the official addresses."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import naturel
from naturel.annotations.errors import UserError
from naturel.builders.progress import Progress
from naturel.builders.settings import BuildSettings, Source
from naturel.builders.sources.download import download_split
from naturel.builders.sources.licensing import keep_licensed
from naturel.builders.sources.openimages import Sampling, read_openimages
from naturel.builders.sources.openimages_files import BUCKET, PICTURES, find_files
from naturel.builders.sources.openimages_rows import SOURCE
from naturel.builders.sources.origin import Origin
from naturel.builders.sources.sample import write_sample
from naturel.builders.sources.spatial import Mining

ANNOTATIONS_URL = "NATUREL_OPENIMAGES_URL"
PICTURES_URL = "NATUREL_OPENIMAGES_PICTURES_URL"
"""Environment variables for a mirror of the annotation files and of the pictures."""

_CITATION = (
    "Kuznetsova et al.: *The Open Images Dataset V4: Unified image classification, object detection, and visual "
    "relationship detection at scale* (IJCV, 2020)."
)


def open_openimages(settings: BuildSettings, work: Path, progress: Progress) -> Origin:
    """Find, draw or download the files.

    Args:
        settings: `sample`, `data`, `split` and `offline` decide where they come from.
        work: The build's folder for its own files; the sample is drawn there.
        progress: Where progress is shown.

    Returns:
        The source, not read yet.

    Raises:
        UserError: There is no such folder, a file is missing, or nothing may be downloaded.
    """
    if settings.sample:
        if settings.split != "train":
            raise UserError(f"--split {settings.split}: the sample has only the split train.")
        folder = work / f"sample-{naturel.__version__}"
        if not folder.is_dir():
            with progress.task("sample", None, "pictures") as task:
                write_sample(folder)
                task.advance(sum(1 for _ in (folder / "images").iterdir()))
        return replace(
            _origin(settings, folder),
            title="NatuRel's embedded sample: pictograms drawn by code and laid out as Open Images files",
            citation="",
            license_sentence="The sample's pictures and annotations were drawn by code and are dedicated to the "
            "public domain (CC0 1.0).",
            card_license="cc0-1.0",
        )
    given = settings.data_of(Source.OPENIMAGES)
    if given is not None:
        return _origin(settings, given)
    bucket = os.environ.get(ANNOTATIONS_URL, BUCKET).rstrip("/")
    folder = download_split(settings.split, bucket, offline=settings.offline, progress=progress)
    return _origin(settings, folder)


def _origin(settings: BuildSettings, folder: Path) -> Origin:
    files = find_files(folder, settings.split, needed="boxes" if settings.spatial else "relations")
    mining = Mining(settings.min_area, settings.margin) if settings.spatial else None
    pictures = os.environ.get(PICTURES_URL, PICTURES).rstrip("/")
    sampling = Sampling(settings.seed, settings.max_images, settings.max_per_triplet, settings.relations)
    return Origin(
        name=SOURCE,
        split=settings.split,
        inputs=files,
        key={
            "sample": settings.sample,
            "split": settings.split,
            "pictures": pictures,
            "sampling": [
                settings.seed,
                settings.max_images,
                settings.max_per_triplet,
                list(settings.relations),
            ],
            "mining": [mining.min_area, mining.margin] if mining else None,
            "licenses": list(settings.licenses),
        },
        folders=(folder,),
        read=lambda vocabulary, nouns: keep_licensed(
            read_openimages(files, settings.split, sampling, vocabulary, nouns, pictures, mining),
            settings.licenses,
        ),
        title="Open Images visual relationships",
        citation=_CITATION,
        license_sentence="The annotations are derived from Open Images annotations, CC BY 4.0, Google.",
        card_license="cc-by-4.0",
        hierarchy=files.get("hierarchy"),
        sampling=settings.sampling,
    )
