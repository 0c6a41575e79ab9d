"""The digest of the code, which is a part of every step's key."""

from __future__ import annotations

import hashlib
import os
from importlib.resources import files
from pathlib import Path

NOT_SHAPING = ("report", "publishing", "loaders", "evaluation", "training")
"""Rooms whose code looks at releases and shapes none of their tables."""


def code_digest() -> str:
    """Of every module and table that shapes a release: other code may give other results."""
    digest = hashlib.sha256()
    root = Path(str(files("naturel")))
    names = (
        Path(folder, name).relative_to(root)
        for folder, _, found in os.walk(root, followlinks=True)  # in a source tree the rooms are links
        for name in found
    )
    for name in sorted(names, key=str):
        if name.suffix in (".py", ".yaml", ".md") and not set(NOT_SHAPING) & set(name.parts):
            digest.update(f"{name}\n".encode())
            digest.update((root / name).read_bytes())
    return digest.hexdigest()
