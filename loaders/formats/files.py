"""Names and contents of exported files: ids become names only here, and pictures keep their bytes."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from PIL import Image, UnidentifiedImageError

from naturel.annotations.errors import UserError
from naturel.builders.progress import Task
from naturel.loaders.formats.source import Source
from naturel.loaders.sentences import PICTURES

IMAGES = "images"
"""The folder of pictures in an export."""
LONGEST = 180
"""Characters of a name without its ending; with it, every file system takes it."""
SUFFIXES = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}


def file_stem(identifier: str) -> str:
    """A file name without ending for an id, another one for every other id.

    Letters, digits, `_` and `-` stay, everything else is written as its UTF-8 bytes, `%2E` for a dot: so no id names
    another folder, and no name has a dot before its ending, where WebDataset would cut it.

    Raises:
        UserError: The id is empty or too long.
    """
    stem = re.sub(
        r"[^A-Za-z0-9_-]", lambda match: "".join(f"%{b:02X}" for b in match[0].encode()), identifier
    )
    if not 0 < len(stem) <= LONGEST:
        raise UserError(f"the id {identifier[:40]!r} cannot name a file: it is empty or too long.")
    return stem


def picture_suffix(data: bytes, identifier: str) -> str:
    """The ending that fits a picture's bytes: `jpg`, `png` or `webp`.

    Raises:
        UserError: The bytes are none of these.
    """
    try:
        with Image.open(io.BytesIO(data), formats=tuple(SUFFIXES)) as picture:
            return SUFFIXES[str(picture.format)]
    except UnidentifiedImageError as error:
        raise UserError(
            f"picture {identifier} is neither JPEG, PNG nor WebP: the data are damaged. Copy the release again."
        ) from error


class PictureFolder:
    """Pictures as files, each written once."""

    def __init__(self, folder: Path) -> None:
        """Makes the folder of pictures in an export's folder."""
        self.folder = folder / IMAGES
        self.folder.mkdir()
        self.names: dict[str, str] = {}
        """Id -> the file's name in the folder."""

    def add(self, identifier: str, data: bytes) -> None:
        """Write a picture that is not there yet.

        Raises:
            UserError: The file system takes two ids for the same name.
        """
        if identifier in self.names:
            return
        name = f"{file_stem(identifier)}.{picture_suffix(data, identifier)}"
        try:
            with (self.folder / name).open("xb") as file:
                file.write(data)
        except FileExistsError as error:
            raise UserError(
                f"two pictures would be called {name}: this file system does not tell capitals from small letters. "
                "Export to another one."
            ) from error
        self.names[identifier] = name


def write_pictures(source: Source, split: str, folder: PictureFolder, task: Task) -> None:
    """Write the pictures of a split that are not there yet; a record may be without one."""
    for block in source.blocks(split, ["image_id", "image"]):
        for record, pictures in records_of(block):
            if pictures["image"] is not None:
                folder.add(record["image_id"], pictures["image"])
        task.advance(block.num_rows)


def records_of(block: pa.Table) -> Iterator[tuple[dict[str, Any], dict[str, bytes | None]]]:
    """Records without their pictures, and the bytes of these by column; None where a record has none."""
    there = [name for name in PICTURES if name in block.column_names]
    records = block.drop_columns(there).to_pylist()
    pictures = {name: pc.struct_field(block[name], "bytes").to_pylist() for name in there}
    for row, record in enumerate(records):
        yield record, {name: column[row] for name, column in pictures.items()}
