"""Versions of releases."""

from __future__ import annotations

import json
import re
from pathlib import Path

from naturel.annotations.errors import UserError
from naturel.builders.release import MANIFEST


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
    releases: dict[tuple[int, ...], str] = {}
    for path in root.glob(f"*/{MANIFEST}"):
        if re.fullmatch(r"\d+\.\d+\.\d+", path.parent.name):
            number = tuple(int(part) for part in path.parent.name.split("."))
            releases[number] = json.loads(path.read_text(encoding="utf-8")).get("content", "")
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
