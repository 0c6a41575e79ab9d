"""Versions of releases: major, minor, patch. A release that exists is never changed."""

from __future__ import annotations

import json
import re
from pathlib import Path

from naturel.annotations.errors import UserError
from naturel.builders.workspace import MANIFEST

Version = tuple[int, ...]
"""Major, minor and patch."""

FIRST = "1.0.0"
MAJOR, MINOR, PATCH = LEVELS = ("major", "minor", "patch")


def parse_version(text: str) -> Version:
    """The numbers of `X.Y.Z`."""
    return tuple(int(part) for part in text.split("."))


def versions_in(root: Path) -> dict[Version, Path]:
    """The folders below `root` that a version names, 1.10.0 after 1.9.0."""
    named = [path for path in root.glob("*") if path.is_dir() and re.fullmatch(r"\d+\.\d+\.\d+", path.name)]
    return dict(sorted((parse_version(path.name), path) for path in named))


def finished_in(root: Path) -> dict[Version, Path]:
    """The finished releases below `root`, by version."""
    return {number: folder for number, folder in versions_in(root).items() if (folder / MANIFEST).is_file()}


def same_release(root: Path, content: str, wanted: str | None) -> str | None:
    """The version of a release that is made of the very same, if there is one.

    Args:
        root: The folder of releases.
        content: Digest of everything that a new release would be made of.
        wanted: The version that the user asks for; None: any.

    Raises:
        UserError: The wanted version exists with other contents.
    """
    releases = {
        number: json.loads((folder / MANIFEST).read_text(encoding="utf-8")).get("content", "")
        for number, folder in finished_in(root).items()
    }
    if wanted is None:
        same = [number for number, digest in releases.items() if digest == content]
        return ".".join(map(str, max(same))) if same else None
    number = parse_version(wanted)
    if releases.get(number, content) != content:
        raise UserError(
            f"{root / wanted} exists and was made otherwise. A release is never changed: leave out --version "
            "for the next one, give another, or remove that folder."
        )
    return wanted if number in releases else None


def previous_release(root: Path, wanted: str | None) -> Path | None:
    """The newest release; with a wanted version the newest one before it. None: there is none."""
    before = [
        folder
        for number, folder in finished_in(root).items()
        if wanted is None or number < parse_version(wanted)
    ]
    return before[-1] if before else None


def next_version(previous: str, level: str) -> str:
    """The version after a previous one.

    Args:
        previous: `X.Y.Z`.
        level: The part that is raised, one of `LEVELS`; the parts behind it become 0.
    """
    place = LEVELS.index(level)
    numbers = [*parse_version(previous)[: place + 1], 0, 0][:3]
    numbers[place] += 1
    return ".".join(map(str, numbers))
