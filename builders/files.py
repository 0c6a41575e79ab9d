"""Files that are there whole or not at all, whatever happens to the process or the machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def sync_and_rename(temporary: Path, path: Path) -> None:
    """Give a finished file its name, in a way that survives a crash."""
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(path)
    if sys.platform != "win32":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def write_file(path: Path, data: bytes) -> None:
    """Write a file whose folder gets its name later, and see to it that the bytes are on the disk by then."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def write_text(path: Path, text: str) -> None:
    """Write a text file (UTF-8, line ends as they are) that is there whole or not at all."""
    temporary = path.with_name(path.name + ".partial")
    temporary.write_text(text, encoding="utf-8", newline="")
    sync_and_rename(temporary, path)
