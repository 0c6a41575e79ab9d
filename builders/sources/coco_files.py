"""Find the files of a dataset in COCO's format: annotations by split, and folders where its photos may lie.

Format: https://cocodataset.org/#format-data . LVIS (https://www.lvisdataset.org/dataset) has the same with two more
lists a picture.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from naturel.annotations.errors import UserError

NAMES = re.compile(r"(instances|lvis|_annotations\.coco|annotations|labels).*\.json", re.IGNORECASE)
"""How instance files are called: by COCO, LVIS, Roboflow, and exports of annotation tools."""
WORDS = {
    "train": ("train",),
    "validation": ("val", "validation", "valid", "minival"),
    "test": ("test",),
}
"""Split -> what files and folders call it."""
YEARS = ("2017", "2014")


@dataclass(frozen=True)
class About:
    """What the card says of a file's annotations."""

    title: str
    citation: str
    license_sentence: str
    card_license: str


KNOWN = {
    re.compile(r"instances_\w*(2014|2017)"): About(
        "Spatial relations of COCO's boxes",
        "Lin et al.: *Microsoft COCO: Common objects in context* (ECCV, 2014).",
        "The annotations are derived from COCO annotations, CC BY 4.0, COCO Consortium.",
        "cc-by-4.0",
    ),
    re.compile(r"lvis_v"): About(
        "Spatial relations of LVIS's boxes",
        "Gupta, Dollár and Girshick: *LVIS: A dataset for large vocabulary instance segmentation* (CVPR, 2019).",
        "The annotations are derived from LVIS annotations, CC BY 4.0, of photos of COCO.",
        "cc-by-4.0",
    ),
}
"""How official files are called -> what they are."""


@dataclass(frozen=True)
class CocoFiles:
    """What was found."""

    annotations: Path
    folders: tuple[Path, ...]
    """Where photos may lie, the likeliest first."""
    notes: tuple[str, ...] = ()


def find_coco(folder: Path, split: str) -> CocoFiles:
    """Find the instances file of a split, and the folders of photos.

    Args:
        folder: Where the files lie: `annotations/instances_train2017.json`, `instances_train2017.json`,
            `lvis_v1_train.json`, `train/_annotations.coco.json` and the like.
        split: train, validation or test, which a file's or folder's name says. A single file that says no split
            serves any, with a note.

    Raises:
        UserError: The folder or a file of the split is not there.
    """
    if not folder.is_dir():
        raise UserError(f"--data {folder}: there is no such folder. Give the folder of the COCO files.")
    try:
        found = _instance_files(folder)
        photos = _picture_folders(folder, split)
    except PermissionError as error:
        raise UserError(f"--data {folder} may not be read. Change its permissions.") from error
    said = {path: split_of(path, folder) for path in found}
    of_split = [path for path in found if said[path] == split]
    notes = []
    if not of_split and len(found) == 1 and said[found[0]] is None:
        of_split = found
        notes.append(f"{found[0].name} does not say its split: it was taken for {split}")
    if not of_split:
        others = sorted({name for name in said.values() if name})
        advice = f" Files of the split {others[0]} are there: use --split {others[0]}." if others else ""
        short = WORDS[split][0]
        raise UserError(
            f"--data {folder}: it has no instances file of the split {split}, nor has its folder annotations (such "
            f"as instances_{short}2017.json or lvis_v1_{short}.json).{advice}"
        )
    # COCO's own before LVIS, the newest year first.
    of_split.sort(key=lambda path: path.name, reverse=True)
    of_split.sort(key=lambda path: not path.name.startswith("instances"))
    best = of_split[0]
    if len(of_split) > 1:
        notes.append(f"of {len(of_split)} files of the split {split}, {best.name} was read")
    return CocoFiles(best, tuple(dict.fromkeys((*photos, best.parent, folder))), tuple(notes))


def split_of(path: Path, folder: Path) -> str | None:
    """The split that a file's name says, or else that of the folders between `folder` and it; None: none does."""
    for part in (path.stem, *reversed(path.relative_to(folder).parent.parts)):
        words = re.findall(r"[a-z]+", part.lower())
        for split, names in WORDS.items():
            if any(name in words for name in names):
                return split
    return None


def _instance_files(folder: Path) -> list[Path]:
    """Instance files in the folder, in `annotations` and in folders called like a split."""
    names = ("", "annotations", *(name for names in WORDS.values() for name in names))
    places = [folder / name for name in names]
    files = [path for place in places if place.is_dir() for path in place.iterdir() if path.is_file()]
    return sorted(path for path in files if NAMES.fullmatch(path.name))


def _picture_folders(folder: Path, split: str) -> list[Path]:
    """Folders of photos, with or without `images` above them."""
    names = [name + year for name in WORDS[split] for year in ("", *YEARS)]
    if split == "validation":  # of LVIS, whose splits cut COCO's anew
        names += ["train2017"]
    places = [folder / above / name for above in ("", "images") for name in names]
    return [place for place in (*places, folder / "images", folder / "data") if place.is_dir()]


def about_file(path: Path) -> About:
    """What a file is, by its name; of one that is not known, only the name is told."""
    for name, about in KNOWN.items():
        if name.match(path.name):
            return about
    sentence = (
        f"The annotations are derived from the file {path.name}, whose licence this card does not know."
    )
    return About(f"Spatial relations of the boxes of {path.name}", "", sentence, "unknown")
