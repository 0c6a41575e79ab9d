"""Where photos with boxes come from: a folder in COCO's or in Open Images' layout (`--cutouts`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from naturel.annotations.errors import UserError
from naturel.annotations.nouns import NounTable
from naturel.annotations.relations import load_vocabulary
from naturel.builders.sources.coco import read_boxed_instances
from naturel.builders.sources.coco_files import find_coco
from naturel.builders.sources.composites.photo_bank import Outline
from naturel.builders.sources.openimages import read_boxed_openimages
from naturel.builders.sources.openimages_files import find_files
from naturel.builders.sources.tables import SourceTables


@dataclass(frozen=True)
class Photos:
    """Photos with boxes."""

    tables: SourceTables
    folders: tuple[Path, ...]
    inputs: Mapping[str, Path]
    title: str
    outlines: Mapping[str, Outline] = field(default_factory=dict)
    """Polygons by object id, where the source has them."""


def read_photos(folder: Path, split: str, nouns: NounTable) -> Photos:
    """Read all boxes of a folder.

    Args:
        folder: COCO's or Open Images' layout, as for `--source coco` and `--source openimages`.
        split: Of the source.
        nouns: The nouns.

    Raises:
        UserError: The folder has neither layout, or a file is damaged.
    """
    try:
        files = find_coco(folder, split)
    except UserError as no_coco:
        try:
            boxes = find_files(folder, split, needed="boxes")
        except UserError as neither:
            raise UserError(
                f"--cutouts {folder} has photos with boxes neither in COCO's nor in Open Images' layout. {no_coco} "
                f"{neither}"
            ) from neither
        tables = read_boxed_openimages(boxes, split, load_vocabulary(), nouns)
        return Photos(tables, (folder,), boxes, "Open Images")
    tables = read_boxed_instances(files, split, nouns)
    outlines = read_outlines(files.annotations)
    return Photos(tables, files.folders, {"annotations": files.annotations}, "COCO", outlines)


class _File(msgspec.Struct, frozen=True):
    annotations: list[msgspec.Raw]


class _Outlined(msgspec.Struct, frozen=True):
    id: int
    segmentation: Any = None


def read_outlines(path: Path) -> dict[str, Outline]:
    """The polygons of an instances file (https://cocodataset.org/#format-data), by annotation id.

    Crowds, whose outlines are run-length encoded, and annotations without a good polygon are not among them.
    """
    raws = msgspec.json.decode(path.read_bytes(), type=_File).annotations
    return dict(_good_outlines(raws))


def _good_outlines(raws: Iterable[msgspec.Raw]) -> Iterable[tuple[str, Outline]]:
    decode = msgspec.json.Decoder(_Outlined).decode
    for raw in raws:
        try:
            entry = decode(raw)
        except msgspec.DecodeError:
            continue  # counted where the boxes are read
        polygons = entry.segmentation if isinstance(entry.segmentation, list) else []
        good = [polygon for polygon in polygons if _is_polygon(polygon)]
        if good:
            yield str(entry.id), good


def _is_polygon(points: object) -> bool:
    return (
        isinstance(points, list)
        and len(points) >= 6
        and len(points) % 2 == 0
        and all(isinstance(value, int | float) for value in points)
    )
