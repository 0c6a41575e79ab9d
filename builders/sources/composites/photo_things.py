"""Things in photos that can be cut out: clear, whole, large enough, and free to be used in another picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from naturel.annotations.nouns import NounTable
from naturel.builders.fetch import index_folders
from naturel.builders.sources.composites.cutouts import Credit
from naturel.builders.sources.licensing import license_code
from naturel.builders.sources.tables import SourceTables

EDGE = 0.01
"""A box this near to the photo's border may be cut off by it."""
MIN_SIDE = 0.09
"""Of the photo's sides, the least for both of a box's."""
MIN_AREA = 0.012
MAX_SHAPE = 3.5
"""How many times longer than wide a box may be, or wider than long."""
TOUCHED = 0.02
"""The share of a box that boxes of other things may cover; an outline needs less care."""
TOUCHED_OUTLINE = 0.35

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Thing:
    """One thing in a photo."""

    label: str
    photo: Path
    object_id: str
    box: Box
    """Fractions of the photo."""
    credit: Credit
    absent: frozenset[str]
    """Labels that are certainly not in the box."""

    @property
    def key(self) -> list[object]:
        """What shapes its cut-out, as JSON can say it."""
        size = self.photo.stat().st_size
        return [self.label, self.photo.name, size, self.object_id, self.box, sorted(self.absent)]


def find_things(
    tables: SourceTables, folders: Sequence[Path], nouns: NounTable, outlined: frozenset[str]
) -> tuple[dict[str, list[Thing]], Counter[str]]:
    """Choose the things that can be cut out.

    Args:
        tables: Images, objects and absent labels of any source; `object_id` is unique in a picture.
        folders: Where the photos may lie.
        nouns: Which labels can name the same thing.
        outlined: Object ids that have an outline.

    Returns:
        Things by label, in the order of their photos, and how many were left out for which reason.
    """
    images = {row["image_id"]: row for row in tables.images.to_pylist()}
    names = {image_id: row.get("file_name") or image_id for image_id, row in images.items()}
    paths = index_folders(folders, names.values())
    said: dict[str, set[str]] = {}
    for row in tables.absent_labels.to_pylist():
        said.setdefault(row["image_id"], set()).add(row["label"])
    objects: dict[str, list[dict[str, Any]]] = {}
    for row in tables.objects.to_pylist():
        objects.setdefault(row["image_id"], []).append(row)
    things: dict[str, list[Thing]] = {}
    dropped: Counter[str] = Counter()
    for image_id in sorted(objects.keys() & images.keys()):
        image, path = images[image_id], paths.get(names[image_id])
        if reason := _unusable(image, path):
            dropped[reason] += len(objects[image_id])
            continue
        assert path is not None  # noqa: S101 (told by the reason)
        for row in sorted(objects[image_id], key=lambda row: str(row["object_id"])):
            reason = _unclear(row, objects[image_id], str(row["object_id"]) in outlined)
            if reason:
                dropped[reason] += 1
                continue
            absent = _absent(row, objects[image_id], said.get(image_id, set()), image, nouns)
            things.setdefault(row["label"], []).append(
                Thing(row["label"], path, str(row["object_id"]), tuple(row["box"]), _credit(image), absent)
            )
    return things, dropped


def _unusable(image: Mapping[str, Any], path: Path | None) -> str | None:
    code = license_code(image.get("license") or "")
    if code and code.endswith("nd"):
        return "cut-out: the photo's licence forbids derivatives"
    if image.get("rotation"):
        return "cut-out: the photo is not upright"
    return None if path else "cut-out: its photo is missing"


def _unclear(row: Mapping[str, Any], others: Sequence[Mapping[str, Any]], outlined: bool) -> str | None:
    """Why a thing cannot be cut out; None: it can."""
    if any(row.get(flag) for flag in ("is_group_of", "is_depiction")):
        return "cut-out: a group or a depiction"
    left, top, right, bottom = row["box"]
    if row.get("is_truncated") or min(left, top) < EDGE or max(right, bottom) > 1 - EDGE:
        return "cut-out: cut off by the border"
    width, height = right - left, bottom - top
    if min(width, height) < MIN_SIDE or width * height < MIN_AREA:
        return "cut-out: too small"
    if max(width / height, height / width) > MAX_SHAPE:
        return "cut-out: too long and narrow"
    allowed = TOUCHED_OUTLINE if outlined else TOUCHED
    covered = sum(_shared(row["box"], other["box"]) for other in others if other is not row)
    if row.get("is_occluded") or covered > allowed * width * height:
        return "cut-out: something else is in its box"
    return None


def _shared(one: Sequence[float], other: Sequence[float]) -> float:
    """The area that two boxes share."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(width, 0.0) * max(height, 0.0)


def _absent(
    row: Mapping[str, Any],
    others: Sequence[Mapping[str, Any]],
    said: set[str],
    image: Mapping[str, Any],
    nouns: NounTable,
) -> frozenset[str]:
    """Labels verified as absent from the photo, and those all of whose boxes are clear of this one."""
    if not image.get("boxes_complete"):
        return frozenset(said)
    boxed = {other["label"] for other in others}
    here = {other["label"] for other in others if _shared(row["box"], other["box"]) > 0}
    return frozenset(said | boxed).difference(*(nouns.same_thing(label) for label in here))


def _credit(image: Mapping[str, Any]) -> Credit:
    return Credit(*(image.get(name) or "" for name in ("license", "author", "landing_url")))
