"""The official Open Images files: their names in each version, where they are published, and finding them.

Names, addresses and sizes: https://storage.googleapis.com/openimages/web/download_v6.html and the challenge pages.
Annotations are CC BY 4.0 (Google).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from naturel.annotations.errors import UserError

SPLITS = ("train", "validation", "test")
BUCKET = "https://storage.googleapis.com/openimages"
PICTURES = "https://open-images-dataset.s3.amazonaws.com"
"""Pictures, at most 1024 pixels on the longer side, by split and id (the mirror that the project names)."""


@dataclass(frozen=True)
class Kind:
    """One kind of file."""

    names: tuple[str, ...]
    """Official names, newest version first; `{split}` stands for the split."""
    address: str = ""
    """Where the newest one is published, below `BUCKET`; empty: not fetched, only read where present."""
    needed: bool = False
    """Whether nothing can be built without it."""


KINDS: Mapping[str, Kind] = {
    "relations": Kind(
        (
            "oidv6-{split}-annotations-vrd.csv",
            "{split}-annotations-vrd.csv",
            "challenge-2019-{split}-vrd.csv",
            "challenge-2018-{split}-vrd.csv",
        ),
        "v6/oidv6-{split}-annotations-vrd.csv",
        needed=True,
    ),
    "classes": Kind(
        (
            "oidv7-class-descriptions-boxable.csv",
            "oidv6-class-descriptions-boxable.csv",
            "class-descriptions-boxable.csv",
        ),
        "v5/class-descriptions-boxable.csv",
    ),
    "attributes": Kind(
        (
            "oidv6-attributes-description.csv",
            "challenge-2018-attributes-description.csv",
            "attributes-description.csv",
        ),
        "v6/oidv6-attributes-description.csv",
    ),
    "hierarchy": Kind(
        ("bbox_labels_600_hierarchy.json", "bbox_labels_500_hierarchy.json"),
        "2018_04/bbox_labels_600_hierarchy.json",
    ),
    "boxes": Kind(
        ("oidv6-{split}-annotations-bbox.csv", "{split}-annotations-bbox.csv", "annotations-bbox.csv"),
        "v6/oidv6-{split}-annotations-bbox.csv",
    ),
    "labels": Kind(
        (
            "oidv6-{split}-annotations-human-imagelabels-boxable.csv",
            "{split}-annotations-human-imagelabels-boxable.csv",
            "oidv6-{split}-annotations-human-imagelabels.csv",
            "{split}-annotations-human-imagelabels.csv",
        ),
        "v5/{split}-annotations-human-imagelabels-boxable.csv",
    ),
    "images": Kind(
        (
            "{split}-images-boxable-with-rotation.csv",
            "{split}-images-with-rotation.csv",
            "{split}-images-with-labels-with-rotation.csv",
            "oidv6-{split}-images-with-labels-with-rotation.csv",
            "image_ids_and_rotation.csv",
        ),
        "2018_04/{split}/{split}-images-{boxable}with-rotation.csv",
    ),
}

PUBLISHED_BYTES: Mapping[str, int] = {
    "v6/oidv6-train-annotations-vrd.csv": 356_502_626,
    "v6/oidv6-validation-annotations-vrd.csv": 3_065_339,
    "v6/oidv6-test-annotations-vrd.csv": 9_308_608,
    "v6/oidv6-attributes-description.csv": 254,
    "v5/class-descriptions-boxable.csv": 12_011,
    "v6/oidv6-train-annotations-bbox.csv": 2_258_447_590,
    "2018_04/train/train-images-boxable-with-rotation.csv": 638_407_721,
    "2018_04/validation/validation-images-with-rotation.csv": 15_245_485,
    "2018_04/test/test-images-with-rotation.csv": 45_227_339,
}
"""Sizes as published; a file of another size is refused."""


def address_of(kind: str, split: str) -> str:
    """Where the newest file of a kind is published, below `BUCKET`.

    Raises:
        ValueError: There is no such split.
    """
    if split not in SPLITS:
        raise ValueError(f"no split {split}")
    if kind == "boxes" and split != "train":  # V6 published boxes anew for train only
        return f"v5/{split}-annotations-bbox.csv"
    return KINDS[kind].address.format(split=split, boxable="boxable-" if split == "train" else "")


def find_files(folder: Path, split: str, needed: str = "relations") -> dict[str, Path]:
    """The files of one split in a folder, plain or gzip, by kind.

    Args:
        folder: Where the official files lie.
        split: train, validation or test.
        needed: The kind without which nothing can be built: `relations`, or `boxes` to mine them.

    Returns:
        Kind -> path; kinds without a file are left out. Where versions compete, the newest wins; of the same file
        plain and gzip, the plain one.

    Raises:
        UserError: The folder or its needed file is not there.
    """
    if not folder.is_dir():
        raise UserError(
            f"--data {folder}: there is no such folder. Give the folder of the official CSV files."
        )
    try:
        present = {path.name: path for path in folder.iterdir() if path.is_file()}
    except PermissionError as error:
        raise UserError(f"--data {folder} may not be read. Change its permissions.") from error
    found: dict[str, Path] = {}
    for name, kind in KINDS.items():
        path = next((present[option] for option in _options(kind, split) if option in present), None)
        if path is not None:
            found[name] = path
        elif name == needed:
            names = ", ".join(pattern.format(split=split) for pattern in kind.names)
            other = [s for s in SPLITS if any(option in present for option in _options(kind, s))]
            advice = f" Files of the split {other[0]} are there: use --split {other[0]}." if other else ""
            raise UserError(f"--data {folder}: none of {names} (or .gz) is there.{advice}")
    return found


def _options(kind: Kind, split: str) -> list[str]:
    """Names that a file of a kind can have, best first."""
    names = [pattern.format(split=split) for pattern in kind.names]
    return [option for name in names for option in (name, name + ".gz")]
