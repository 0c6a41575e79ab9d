"""Versions of releases."""

from __future__ import annotations

import json
import re
from pathlib import Path

from naturel.annotations.errors import UserError
from naturel.builders.workspace import MANIFEST

Version = tuple[int, ...]
"""Major, minor and patch."""


def versions_in(root: Path) -> dict[Version, Path]:
    """The folders below `root` that a version names, 1.10.0 after 1.9.0."""
    named = [path for path in root.glob("*") if path.is_dir() and re.fullmatch(r"\d+\.\d+\.\d+", path.name)]
    return dict(sorted((tuple(map(int, path.name.split("."))), path) for path in named))


def choose_version(root: Path, content: str, wanted: str | None) -> tuple[str, bool]:
    """Choose the version of a release; a release that exists is never changed.

    Args:
        root: The folder of releases.
        content: Digest of everything that the new release is made of.
        wanted: The version that the user asks for; None: that of an equal release, else the next minor one.

    Returns:
        The version, and whether this very release is there already.

    Raises:
        UserError: The wanted version exists with other contents.
    """
    releases: dict[Version, str] = {
        number: json.loads((folder / MANIFEST).read_text(encoding="utf-8")).get("content", "")
        for number, folder in versions_in(root).items()
        if (folder / MANIFEST).is_file()
    }
    if wanted is not None:
        number = tuple(int(part) for part in wanted.split("."))
        if releases.get(number, content) != content:
            raise UserError(
                f"{root / wanted} exists and was made otherwise. A release is never changed: leave out --version "
                "for the next one, give another, or remove that folder."
            )
        return wanted, number in releases
    same = [number for number, digest in releases.items() if digest == content]
    if same:
        return ".".join(map(str, max(same))), True
    if not releases:
        return "1.0.0", False
    newest = max(releases)
    return f"{newest[0]}.{newest[1] + 1}.0", False
