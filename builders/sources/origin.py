"""Where a source's files come from: a folder, the embedded sample, or the official addresses."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import naturel
from naturel.annotations.errors import UserError
from naturel.builders.progress import Progress
from naturel.builders.settings import BuildSettings
from naturel.builders.sources.download import download_split
from naturel.builders.sources.openimages_files import BUCKET, PICTURES, find_files
from naturel.builders.sources.sample import write_sample

ANNOTATIONS_URL = "NATUREL_OPENIMAGES_URL"
PICTURES_URL = "NATUREL_OPENIMAGES_PICTURES_URL"
"""Environment variables for a mirror of the annotation files and of the pictures."""


@dataclass(frozen=True)
class Origin:
    """A source's files, and what is to be said of them."""

    files: Mapping[str, Path]
    folders: tuple[Path, ...]
    """Where pictures may lie."""
    pictures_url: str
    title: str
    citation: str
    license_sentence: str
    card_license: str


_CITATION = (
    "Kuznetsova et al.: *The Open Images Dataset V4: Unified image classification, object detection, and visual "
    "relationship detection at scale* (IJCV, 2020)."
)


def open_origin(settings: BuildSettings, work: Path, progress: Progress) -> Origin:
    """Find, draw or download the files of a build's source.

    Args:
        settings: `sample`, `data`, `split` and `offline` decide.
        work: The build's folder for its own files; the sample is drawn there.
        progress: Where progress is shown.

    Returns:
        The files.

    Raises:
        UserError: There is no such folder, a file is missing, or nothing may be downloaded.
    """
    pictures_url = os.environ.get(PICTURES_URL, PICTURES).rstrip("/")
    if settings.sample:
        if settings.split != "train":
            raise UserError(f"--split {settings.split}: the sample has only the split train.")
        folder = work / f"sample-{naturel.__version__}"
        if not folder.is_dir():
            with progress.task("sample", None, "pictures") as task:
                write_sample(folder)
                task.advance(sum(1 for _ in (folder / "images").iterdir()))
        return Origin(
            find_files(folder, settings.split),
            (folder,),
            pictures_url,
            "NatuRel's embedded sample: pictograms drawn by code and laid out as Open Images files",
            "",
            "The sample's pictures and annotations were drawn by code and are dedicated to the public domain "
            "(CC0 1.0).",
            "cc0-1.0",
        )
    if settings.data is not None:
        folder = settings.data
    else:
        bucket = os.environ.get(ANNOTATIONS_URL, BUCKET).rstrip("/")
        folder = download_split(settings.split, bucket, offline=settings.offline, progress=progress)
    return Origin(
        find_files(folder, settings.split),
        (folder,),
        pictures_url,
        "Open Images visual relationships",
        _CITATION,
        "The annotations are derived from Open Images annotations, CC BY 4.0, Google.",
        "cc-by-4.0",
    )
