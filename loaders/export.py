"""Exports of a release: a folder in a layout that others read, there as a whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import naturel
from naturel.annotations.errors import UserError
from naturel.builders.progress import Progress
from naturel.builders.report.tables import ATTRIBUTION, find_release
from naturel.builders.workspace import MANIFEST, digest_file, write_json
from naturel.loaders.formats.jsonl import write_jsonl
from naturel.loaders.formats.negclip import write_negclip
from naturel.loaders.formats.result import Counts
from naturel.loaders.formats.source import Source
from naturel.loaders.formats.sugarcrepe import write_sugarcrepe
from naturel.loaders.formats.webdataset import write_webdataset

MARK = "export.json"
"""What an export is of; nothing of when and where."""


class Format(StrEnum):
    """A layout."""

    NEGCLIP = "negclip"
    SUGARCREPE = "sugarcrepe"
    WEBDATASET = "webdataset"
    JSONL = "jsonl"


WRITERS: dict[Format, Callable[[Source, Path, Progress], Counts]] = {
    Format.NEGCLIP: write_negclip,
    Format.SUGARCREPE: write_sugarcrepe,
    Format.WEBDATASET: write_webdataset,
    Format.JSONL: write_jsonl,
}


@dataclass(frozen=True)
class Exported:
    """A finished export."""

    folder: Path
    written: dict[str, int]
    left_out: dict[str, int]
    """By reason."""
    existed: bool
    """Whether this very export was there already."""


def export(
    path: Path,
    layout: Format,
    out: Path,
    progress: Progress,
    *,
    config: str | None = None,
    splits: list[str] | None = None,
) -> Exported:
    """Export a release.

    Args:
        path: A release, or the folder of a build, whose newest release is taken.
        layout: The layout.
        out: The folder to make.
        progress: Where progress is shown.
        config: The configuration; None: the default one.
        splits: The splits; None: all.

    Returns:
        What was written.

    Raises:
        UserError: The release cannot be read or has no pictures where the layout needs them, or `out` holds something
            else.
    """
    release = find_release(path)
    source = Source(release, config, splits)
    if not source.embedded and layout != Format.JSONL:
        raise UserError(
            f"{release} has addresses of pictures, not the pictures, and {layout} needs these. Export jsonl, or "
            "build the release with --images embed."
        )
    mark: dict[str, Any] = {
        "format": layout,
        "config": config,
        "splits": source.splits,
        "release": digest_file(release / MANIFEST),
        "naturel": naturel.__version__,
    }
    if known := _standing(out, mark):
        return Exported(out, known["written"], known["left_out"], existed=True)
    with whole_folder(out) as folder:
        counts = WRITERS[layout](source, folder, progress)
        mark |= {"written": dict(+counts.written), "left_out": dict(+counts.left_out)}
        if (release / ATTRIBUTION).is_file():
            shutil.copyfile(release / ATTRIBUTION, folder / ATTRIBUTION)
        write_json(folder / MARK, mark)
    return Exported(out, mark["written"], mark["left_out"], existed=False)


def _standing(out: Path, mark: dict[str, Any]) -> dict[str, Any] | None:
    """What the mark of an equal export says that stands in `out`; None where there is nothing.

    Raises:
        UserError: Something else stands there.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return None
    try:
        known: dict[str, Any] = json.loads((out / MARK).read_bytes())
        if all(known[name] == value for name, value in mark.items()):
            return known
    except (OSError, ValueError, KeyError, TypeError):
        pass  # not an export
    raise UserError(
        f"{out} holds something else, which is never overwritten. Give another --out, or remove it."
    )


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """Fill a folder beside its place; it gets its name when the block ends well, else it is removed."""
    partial = out.absolute().with_name(f".{out.absolute().name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        os.sync()  # all at once: file by file, pictures would take minutes
        partial.replace(out)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
