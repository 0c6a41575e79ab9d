"""Winoground (Thrush and others, 2022): two pictures, and two captions of the same words in another order.

Two forms, as the Hugging Face hub has had it: `examples.jsonl` (`id, image_0, image_1, caption_0, caption_1, tag,
secondary_tag, collapsed_tag`) with `images/<image_0>.png`, and Parquet with the pictures in `image_0` and `image_1`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from naturel.annotations.errors import UserError
from naturel.evaluation.benchmarks.collecting import Collector
from naturel.evaluation.benchmarks.rows import (
    NO_PHOTO,
    LeftOut,
    MissingFileError,
    Photos,
    Place,
    find_file,
    label_of,
    object_of,
    read_lines,
    text_of,
)
from naturel.evaluation.questions import Kind, Picture, Questions

PUBLISHED = "https://huggingface.co/datasets/facebook/winoground (after accepting its terms)"
OWN = ((True, False), (False, True))
TAGS = {"tag": "collapsed_tag", "linguistic_tag": "tag", "secondary_tag": "secondary_tag"}
"""Facts, and the fields that they are from."""


def open_part(part: str, place: Place) -> list[Questions]:
    """Read Winoground.

    Args:
        part: `all`.
        place: Its folder.

    Raises:
        MissingFileError: Neither form is there.
        UserError: It is not in this format.
    """
    try:
        path = find_file(place, ["examples.jsonl", "data/examples.jsonl"], PUBLISHED)
    except MissingFileError:
        shards = sorted({*place.folder.glob("*.parquet"), *place.folder.glob("data/*.parquet")})
        if not shards:
            raise
        return [_from_parquet(part, shards)]
    photos = Photos([*place.below("images", "data/images"), path.parent], PUBLISHED)
    collector = Collector(f"winoground/{part}", Kind.GROUP, path)
    for where, row in read_lines(path):
        with collector.row(where):
            told = object_of(row)
            names = [told.get(f"image_{number}") for number in (0, 1)]
            named = [f"{name}.png" if isinstance(name, str) and "." not in name else name for name in names]
            _add(collector, told, where, [photos.picture(name) for name in named])
    return [collector.questions(photos.notes())]


def _from_parquet(part: str, shards: list[Path]) -> Questions:
    collector = Collector(f"winoground/{part}", Kind.GROUP, shards[0])
    for where, row in _rows(shards):
        with collector.row(where):
            name = label_of(row.get("id")) or where
            pictures = [_embedded(f"{name} image_{number}", row.get(f"image_{number}")) for number in (0, 1)]
            _add(collector, row, where, pictures)
    return collector.questions()


def _rows(shards: list[Path]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in shards:
        try:
            rows = pq.read_table(path).to_pylist()
        except (OSError, pa.ArrowException) as error:
            raise UserError(f"{path} cannot be read: {error}. Download it again.") from error
        yield from ((f"row {number} of {path.name}", row) for number, row in enumerate(rows))


def _embedded(key: str, image: Any) -> Picture:
    content = image.get("bytes") if isinstance(image, dict) else None
    if not isinstance(content, bytes) or not content:
        raise LeftOut(NO_PHOTO)
    return Picture(key, content)


def _add(collector: Collector, row: dict[str, Any], where: str, pictures: list[Picture]) -> None:
    sentences = [text_of(row.get(name), name) for name in ("caption_0", "caption_1")]
    tags = {fact: label_of(row.get(field)) for fact, field in TAGS.items()}
    collector.add(pictures, sentences, OWN, {"id": label_of(row.get("id")) or where, **tags})
