"""The files of caption corpora: found, told apart, opened and cut into lines."""

from __future__ import annotations

import codecs
import glob
import gzip
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, cast

from naturel.annotations.errors import UserError

BLOCK = 1 << 22
"""Bytes of a text file read at once."""


class Format(StrEnum):
    """How a corpus is written."""

    AUTO = "auto"
    """By the name's ending, .gz taken off."""
    PARQUET = "parquet"
    TSV = "tsv"
    """Without quotes, as Conceptual Captions: with or without a header line."""
    CSV = "csv"
    JSONL = "jsonl"
    TEXT = "text"
    """A caption a line."""


ENDINGS = {
    ".parquet": Format.PARQUET,
    ".tsv": Format.TSV,
    ".csv": Format.CSV,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".txt": Format.TEXT,
}


def find_files(places: Sequence[str]) -> tuple[Path, ...]:
    """The files that paths and patterns name, each once.

    Raises:
        UserError: A path or pattern names none.
    """
    found: dict[Path, None] = {}
    for place in places:
        path = Path(place)
        if path.is_dir():
            files = sorted(one for one in path.rglob("*") if _ending(one) in ENDINGS)
        else:
            files = [path] if path.is_file() else sorted(map(Path, glob.glob(place, recursive=True)))  # noqa: PTH207
            files = [one for one in files if one.is_file()]
        if not files:
            raise UserError(
                f"{place}: there is no such corpus. Give files, patterns in quotes, or folders of "
                f"{', '.join(ENDINGS)} files (.gz too)."
            )
        found.update(dict.fromkeys(files))
    return tuple(found)


def format_of(path: Path) -> Format:
    """How a file is written, by its name.

    Raises:
        UserError: The name does not tell.
    """
    layout = ENDINGS.get(_ending(path))
    if layout is None:
        raise UserError(
            f"{path}: its name does not tell how it is written. Give --format parquet, tsv, csv, jsonl or text."
        )
    return layout


def _ending(path: Path) -> str:
    name = path.name.lower()
    return Path(name.removesuffix(".gz")).suffix


class Marks:
    """A file that counts the quotation marks that are read of it: the CSV reader does not tell an open one."""

    closed = False

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.count = 0

    def read(self, size: int = -1) -> bytes:
        """Read as the file does."""
        data = self._file.read(size)
        self.count += data.count(b'"')
        return data

    def close(self) -> None:
        """Take no more; the file stays open."""
        self.closed = True


def open_file(path: Path) -> BinaryIO:
    """Open a file, plain or gzip whatever its name."""
    with path.open("rb") as raw:
        zipped = raw.read(2) == b"\x1f\x8b"
    return cast(BinaryIO, gzip.open(path, "rb") if zipped else path.open("rb"))


def read_lines(path: Path) -> Iterator[list[bytes]]:
    """Lines in blocks, without their ends."""
    with open_file(path) as raw:
        rest = raw.read(BLOCK).removeprefix(codecs.BOM_UTF8)
        while block := raw.read(BLOCK):
            *lines, rest = (rest + block).split(b"\n")
            yield lines
    if rest:
        yield rest.removesuffix(b"\n").split(b"\n")
