"""Files that are there whole or not at all, whatever happens to the process or the machine."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from naturel.annotations.errors import UserError


def sync_and_rename(temporary: Path, path: Path) -> None:
    """Give a finished file its name, in a way that survives a crash."""
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(path)
    if sys.platform != "win32":
        sync(path.parent)


def sync(path: Path) -> None:
    """See to it that a file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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


@contextmanager
def locked_folder(folder: Path, unwritable: str, busy: str, *, lock: Path | None = None) -> Iterator[TextIO]:
    """Keep other processes out of a folder, which is made where there is none.

    Args:
        folder: The folder.
        unwritable: What users are told where it cannot be written; {reason} is the system's.
        busy: What they are told where another process is at work; {owner} is what that one wrote into the file.
        lock: The file that is held; None: `.lock` in the folder.

    Yields:
        The file.

    Raises:
        UserError: One of the two.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (lock or folder / ".lock").open("a+", encoding="utf-8")
    except OSError as error:
        raise UserError(unwritable.replace("{reason}", str(error.strerror))) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise UserError(busy.replace("{owner}", file.read().strip() or "unknown")) from None
        yield file
