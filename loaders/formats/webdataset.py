"""WebDataset tars as img2dataset writes and open_clip reads them: `<key>.jpg`, `<key>.txt` and `<key>.json` a record.

`txt` is the first complex positive; `json` has all columns of the record, with the negatives. Shards are called
`<split>-00000.tar` and so on, and the same release gives the same bytes.
"""

from __future__ import annotations

import io
import itertools
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from naturel.builders.progress import Progress, Task
from naturel.loaders.formats.files import file_stem, picture_suffix, records_of
from naturel.loaders.formats.result import NO_PICTURE, Counts
from naturel.loaders.formats.source import Source

SHARD = 10_000
"""Records a shard, as img2dataset has it."""


def write_webdataset(source: Source, folder: Path, progress: Progress, shard: int = SHARD) -> Counts:
    """Write tars of at most `shard` records; records without a picture are left out."""
    counts = Counts()
    for split in source.splits:
        with progress.task(split, None, "records") as task:
            records = _with_pictures(source, split, counts, task)
            for number in itertools.count():
                part = itertools.islice(records, shard)
                first = next(part, None)
                if first is None:
                    break
                with tarfile.open(folder / f"{split}-{number:05d}.tar", "x:") as tar:
                    for record, picture in itertools.chain([first], part):
                        _add_record(tar, record, picture)
                        counts.written["records"] += 1
                counts.written["shards"] += 1
    return counts


def _with_pictures(
    source: Source, split: str, counts: Counts, task: Task
) -> Iterator[tuple[dict[str, Any], bytes]]:
    for block in source.blocks(split, [name for name in source.columns if name != "negative_image"]):
        for record, pictures in records_of(block):
            if pictures["image"] is None:
                counts.left_out[NO_PICTURE] += 1
            else:
                yield record, pictures["image"]
        task.advance(block.num_rows)


def _add_record(tar: tarfile.TarFile, record: dict[str, Any], picture: bytes) -> None:
    key = file_stem(record["id"])
    text = record["complex_positives"][0].encode()
    facts = json.dumps(record, ensure_ascii=False).encode()
    for suffix, data in ((picture_suffix(picture, record["id"]), picture), ("txt", text), ("json", facts)):
        member = tarfile.TarInfo(f"{key}.{suffix}")  # its owner is 0 and its time 1970 unless told otherwise
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))
