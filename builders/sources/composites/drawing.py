"""Draw the planned pictures into a folder, each once, whatever is killed in between.

The folder has a picture under each picture's name, and `drawn.jsonl`: one line a finished group, with what was seen
on its two pictures. A line is written when both pictures have their names; what has a line is not drawn again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from naturel.annotations.errors import UserError
from naturel.builders.files import sync_and_rename
from naturel.builders.progress import Progress
from naturel.builders.sources.composites.composing import Box, Composed, compose
from naturel.builders.sources.composites.cutouts import Bank, Credit
from naturel.builders.sources.composites.plan import Group

JOURNAL = "drawn.jsonl"
PARTIAL = ".partial"
SUFFIX = ".png"


@dataclass(frozen=True)
class Drawn:
    """What is seen on the two pictures of a group."""

    boxes: tuple[tuple[Box, Box], tuple[Box, Box]]
    """By picture, of the thing and of the base; fractions."""
    hidden: tuple[tuple[bool, bool], tuple[bool, bool]]
    """Whether something covers a part of it."""
    credits: tuple[Credit, Credit]
    """Of the thing and of the base."""
    absent: tuple[list[str] | None, list[str] | None]
    """As `CutOut.absent`, sorted."""


def draw_groups(
    groups: Sequence[Group], bank: Bank, seed: int, folder: Path, progress: Progress
) -> dict[str, Drawn]:
    """Draw what is not drawn yet.

    Args:
        groups: The plan.
        bank: Where the cut-outs come from.
        seed: The build's.
        folder: Where the pictures go; it belongs to this plan alone.
        progress: Where progress is shown.

    Returns:
        What was drawn, by the key of the group.

    Raises:
        UserError: The folder cannot be written.
    """
    journal = folder / JOURNAL
    try:
        folder.mkdir(parents=True, exist_ok=True)
        drawn = _read(folder)
        missing = [group for group in groups if group.key not in drawn]
        if missing:
            _drop_torn_line(journal)
            bank.prepare([wanted for group in missing for wanted in group.wanted], progress)
            with (
                progress.task("composites", 2 * len(missing), "pictures") as task,
                journal.open("a", encoding="utf-8") as file,
            ):
                for group in missing:
                    drawn[group.key] = _draw(group, bank, seed, folder)
                    file.write(json.dumps({"group": group.key, **asdict(drawn[group.key])}) + "\n")
                    file.flush()
                    task.advance(2)
                os.fsync(file.fileno())
    except OSError as error:
        raise UserError(f"{folder} cannot be written: {error.strerror or error}.") from error
    return drawn


def _draw(group: Group, bank: Bank, seed: int, folder: Path) -> Drawn:
    composed = compose(group, bank, seed)
    for image_id, picture in zip(group.image_ids, composed.pictures, strict=True):
        _save(picture.image, folder / f"{image_id}{SUFFIX}")
    return _seen(composed)


def _save(image: Image.Image, path: Path) -> None:
    temporary = path.with_name(path.name + PARTIAL)
    image.save(temporary, "PNG")
    sync_and_rename(temporary, path)


def _seen(composed: Composed) -> Drawn:
    first, second = composed.pictures
    thing, base = (
        None if cut_out.absent is None else sorted(cut_out.absent) for cut_out in composed.cut_outs
    )
    return Drawn((first.boxes, second.boxes), (first.hidden, second.hidden), composed.credits, (thing, base))


def _read(folder: Path) -> dict[str, Drawn]:
    """What the journal says was drawn."""
    journal = folder / JOURNAL
    if not journal.exists():
        return {}
    return {entry.pop("group"): _parsed(entry) for entry in _entries(journal)}


def _entries(journal: Path) -> Iterator[dict[str, Any]]:
    for line in journal.read_text("utf-8").splitlines(keepends=True):
        if line.endswith("\n"):  # the last line may be torn
            yield json.loads(line)


def _parsed(entry: dict[str, Any]) -> Drawn:
    first, second = ([_box(box) for box in picture] for picture in entry["boxes"])
    hidden, absent = entry["hidden"], entry["absent"]
    thing, base = (Credit(**credit) for credit in entry["credits"])
    return Drawn(
        ((first[0], first[1]), (second[0], second[1])),
        ((hidden[0][0], hidden[0][1]), (hidden[1][0], hidden[1][1])),
        (thing, base),
        (absent[0], absent[1]),
    )


def _box(sides: list[float]) -> Box:
    left, top, right, bottom = sides
    return left, top, right, bottom


def _drop_torn_line(journal: Path) -> None:
    """Cut off the end of a journal whose writer was killed in the middle of a line."""
    if journal.exists():
        text = journal.read_bytes()
        os.truncate(journal, text.rfind(b"\n") + 1)
