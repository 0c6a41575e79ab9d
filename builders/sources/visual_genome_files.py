"""The files of Visual Genome: which are there, and their entries one after another.

Published at https://homes.cs.washington.edu/~ranjay/visualgenome/api.html , versions 1.2 to 1.4. Each JSON file is
one list with an entry a picture, hundreds of MB long: it is read as a stream.
"""

from __future__ import annotations

import gzip
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import ijson

from naturel.annotations.errors import UserError

PUBLISHED = "https://homes.cs.washington.edu/~ranjay/visualgenome/api.html"
PICTURES = "https://cs.stanford.edu/people/rak248/VG_100K_2/images.zip and images2.zip"
NEEDED = ("relationships", "image_data")
KINDS = (*NEEDED, "objects", "attributes")
"""JSON files; without the first two nothing can be built."""
ALIASES = ("object_alias", "relationship_alias")
_NAME = re.compile(r"(?P<kind>\w+?)(?:_v1[._]?(?P<version>\d))?\.(?:json(?P<packed>\.gz|\.zip)?|zip)")
_BUFFER = 1 << 20


def find_files(folder: Path) -> dict[str, Path]:
    """The files of a folder, by kind; of several the highest version, and a plain file before a packed one.

    Raises:
        UserError: There is no such folder, or a needed file is missing.
    """
    if not folder.is_dir():
        raise UserError(f"--data {folder}: there is no such folder.")
    found: dict[str, tuple[int, int, str]] = {}
    for path in folder.iterdir():
        name = _NAME.fullmatch(path.name)
        if name and name["kind"] in KINDS:
            packed = ("", ".gz", ".zip").index(path.suffix if path.suffix != ".json" else "")
            rank = (int(name["version"] or 0), -packed, path.name)
            found[name["kind"]] = max(rank, found.get(name["kind"], rank))
    for kind in NEEDED:
        if kind not in found:
            why = {"relationships": "the relations", "image_data": "the pictures' sizes"}[kind]
            raise UserError(
                f"--data {folder}: {kind}.json is missing (also as .json.zip or .gz); it has {why}. "
                f"Download it from {PUBLISHED} ."
            )
    files = {kind: folder / found[kind][2] for kind in KINDS if kind in found}
    return files | {name: path for name in ALIASES if (path := folder / f"{name}.txt").is_file()}


def read_entries(path: Path) -> Iterator[Mapping[str, Any]]:
    """The entries of a JSON file that is one list, with only one of them in memory at a time.

    Args:
        path: Plain JSON, `.gz`, or a zip archive with one JSON file.

    Raises:
        UserError: The file is damaged, ends too early, or is no list of objects.
    """
    number = 0
    last = "at its beginning"
    try:
        with _opened(path) as file:
            for entry in ijson.items(file, "item", use_float=True, buf_size=_BUFFER):
                if not isinstance(entry, dict):
                    raise UserError(
                        f"{path}, entry {number + 1}: expected the entry of a picture, found "
                        f"{str(entry)[:60]!r}. Use the official file."
                    )
                yield entry
                number += 1
                last = f"after entry {number} (image {entry.get('image_id')})"
    except (ijson.JSONError, OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        reason = " ".join(str(error).split())[:120]
        raise UserError(
            f"{path} cannot be read to its end: {reason}, {last}. Download it again from {PUBLISHED} ."
        ) from error
    if not number:
        raise UserError(f"{path} is no list of pictures, or an empty one. Download it from {PUBLISHED} .")


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes] | gzip.GzipFile]:
    """The JSON text, unpacked."""
    if path.suffix == ".gz":
        with gzip.open(path) as file:
            yield file
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith(".json")]
            if len(names) != 1:
                raise UserError(f"{path}: expected one JSON file in it, found {len(names)}. Unpack it.")
            with archive.open(names[0]) as member:
                yield member
    else:
        with path.open("rb") as file:
            yield file


def read_aliases(path: Path | None) -> dict[str, str]:
    """Spelling -> the spelling that stands for it: each line has the latter first, then the others, with commas.

    Raises:
        UserError: The file cannot be read as text.
    """
    aliases: dict[str, str] = {}
    if path is None:
        return aliases
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}. Download it again, or remove it.") from error
    for line in lines:
        names = [" ".join(name.split()).casefold() for name in line.split(",")]
        names = [name for name in names if name]
        for name in names:
            aliases.setdefault(name, aliases.get(names[0], names[0]))
    return aliases
