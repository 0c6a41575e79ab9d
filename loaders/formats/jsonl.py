"""JSON lines: a record a line in `<split>.jsonl`, all its columns, and its pictures as files."""

from __future__ import annotations

import json
from pathlib import Path

from naturel.builders.progress import Progress
from naturel.loaders.formats.files import IMAGES, PictureFolder, records_of
from naturel.loaders.formats.result import Counts
from naturel.loaders.formats.source import Source


def write_jsonl(source: Source, folder: Path, progress: Progress) -> Counts:
    """Write all columns; `image` and `negative_image` are the paths of their files in the folder, or null."""
    counts = Counts()
    pictures = PictureFolder(folder) if source.embedded else None
    for split in source.splits:
        with (
            (folder / f"{split}.jsonl").open("x", encoding="utf-8", newline="\n") as file,
            progress.task(split, None, "records") as task,
        ):
            for block in source.blocks(split, source.columns):
                for record, found in records_of(block):
                    for name, data in found.items():
                        identifier = record[f"{name}_id"]
                        if data is not None and pictures is not None:
                            pictures.add(identifier, data)
                            record[name] = f"{IMAGES}/{pictures.names[identifier]}"
                        else:
                            record[name] = None
                    file.write(json.dumps(record, ensure_ascii=False) + "\n")
                    counts.written["records"] += 1
                task.advance(block.num_rows)
    if pictures is not None:
        counts.written["pictures"] = len(pictures.names)
    return counts
