"""A release: Parquet shards that `load_dataset` opens, the card, the attribution, and the manifest.

Everything in the folder follows from the tables that it is made of: equal builds give equal bytes. No time, path or
host stands in it.
"""

from __future__ import annotations

import csv
import platform
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from naturel.annotations import schema
from naturel.annotations.joins import codes_of
from naturel.builders.card import card_facts, render_card
from naturel.builders.croissant import CROISSANT, describe_release
from naturel.builders.files import write_text
from naturel.builders.parquet import PICTURE_ROWS, PLAIN_ROWS, blocks_of, shard_starts, write_shards
from naturel.builders.picture_store import PictureStore
from naturel.builders.progress import Progress
from naturel.builders.workspace import MANIFEST, digest_file, write_json

CARD = "README.md"
PACKAGES = ("daft", "numpy", "pillow", "pyarrow", "scikit-learn", "spacy")
"""Packages whose version can change the bytes of a release."""

BLOCKS_READ_AT_ONCE = 5
"""Blocks whose pictures are read in one go: no more than these are in memory."""


@dataclass(frozen=True)
class Contents:
    """What a release is made of."""

    records: pa.Table
    """`schema.RECORDS` without `version`, with `split`; with `schema.NEGATIVE_IMAGES` where they were looked for."""
    captions: pa.Table
    claims: pa.Table
    attribution: pa.Table
    """`image_id, title, author, license, landing_url, url`, a row a picture."""
    tokens: pa.Table | None
    """`schema.TOKENS`, where a source has them."""
    store: PictureStore | None
    """Where the pictures are; None: records carry addresses only."""
    facts: dict[str, Any]
    """For the manifest and the card: settings, inputs, steps with their counts and what they dropped, notes."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Further files, by name: the changelog, errata."""


def prepare_release(contents: Contents, folder: Path, version: str, progress: Progress) -> Path:
    """Write a release's tables, card and manifest beside its place, for a last look before `finish_release`.

    Args:
        contents: What to write.
        folder: The release's folder, `.../release/1.0.0`; it must not exist.
        version: The version, also written into every record.
        progress: Where progress is shown.

    Returns:
        The unfinished folder.
    """
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    with progress.task("release", contents.records.num_rows, "records") as task:
        for source, split, rows in _by_file(contents.records):
            data = partial / "data" / source
            data.mkdir(parents=True, exist_ok=True)
            records = _with_version(rows, version)
            if contents.store is None:
                _write_table(records, records.schema, data, split)
                task.advance(records.num_rows)
                continue
            blocks = list(blocks_of(records, PICTURE_ROWS))
            sizes = block_sizes(blocks, contents.store)
            stream = (_advance(task, block) for block in with_pictures(blocks, contents.store))
            full = schema.release_schema(records.schema, with_images=True)
            write_shards(stream, shard_starts(sizes), full, data, split)
    _write_table(contents.captions, schema.CAPTIONS, partial / "captions", "captions")
    _write_table(contents.claims, schema.CLAIMS, partial / "claims", "claims")
    if contents.tokens is not None:
        for split in sorted(set(contents.tokens["split"].to_pylist())):
            rows = contents.tokens.filter(pc.equal(contents.tokens["split"], split))
            _write_table(rows, schema.TOKENS, partial / "tokens", split)
    _write_attribution(contents.attribution, partial / "attribution.csv")
    for name, text in contents.texts.items():
        write_text(partial / name, text)
    _describe(partial, version, contents.facts)
    return partial


def finish_release(partial: Path, folder: Path, version: str, facts: dict[str, Any]) -> None:
    """Give a prepared release its name; it appears only when it is complete.

    Args:
        partial: What `prepare_release` gave; files added since are listed in the manifest.
        folder: The release's folder; one that stands there already is replaced.
        version: The version.
        facts: For the manifest and the card; more is known by now.
    """
    _describe(partial, version, facts)
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        shutil.rmtree(folder)
    partial.rename(folder)


def _describe(folder: Path, version: str, facts: dict[str, Any]) -> None:
    """Write the card, the Croissant metadata and the manifest of what a folder holds."""
    for name in (CARD, CROISSANT, MANIFEST):
        (folder / name).unlink(missing_ok=True)
    digests = _digests(sorted(path for path in folder.rglob("*") if path.is_file()), folder)
    write_text(folder / CARD, render_card(folder, version, facts))
    write_json(folder / CROISSANT, describe_release(folder, digests, **card_facts(version, facts)))
    digests |= _digests([folder / CARD, folder / CROISSANT], folder)
    write_json(folder / MANIFEST, _manifest(facts, folder, version, digests))


def _digests(paths: Iterable[Path], folder: Path) -> dict[str, dict[str, Any]]:
    """Size and digest of files, by their path in the release."""
    return {
        str(path.relative_to(folder)): {"bytes": path.stat().st_size, "sha256": digest_file(path)}
        for path in paths
    }


def _advance(task: Any, block: pa.Table) -> pa.Table:
    task.advance(block.num_rows)
    return block


def _by_file(records: pa.Table) -> Iterator[tuple[str, str, pa.Table]]:
    """The records of each source and split, with their names."""
    keys = ["source", "split"]
    for row in records.group_by(keys).aggregate([]).sort_by([(key, "ascending") for key in keys]).to_pylist():
        mine = pc.and_(*(pc.equal(records[key], row[key]) for key in keys))
        yield row["source"], row["split"], records.filter(mine)


def record_schema(records: pa.Table) -> pa.Schema:
    """The columns that records have in a release, pictures apart."""
    mined = "negative_image_id" in records.column_names
    return pa.schema([*schema.RECORDS, *(schema.NEGATIVE_IMAGES if mined else ())])


def _with_version(records: pa.Table, version: str) -> pa.Table:
    column = pa.array([version]).take(pa.array([0] * records.num_rows, pa.int64()))
    kind = record_schema(records)
    table = records.append_column("version", column).select(kind.names).cast(kind)
    return table.sort_by("id").combine_chunks()


def _write_table(table: pa.Table, kind: pa.Schema, folder: Path, name: str) -> None:
    folder.mkdir(exist_ok=True)
    blocks = blocks_of(table.select(kind.names).cast(kind), PLAIN_ROWS)
    write_shards(blocks, [0], schema.release_schema(kind, with_images=False), folder, name)


PICTURES_OF = {"image": "image_id", "negative_image": "negative_image_id"}
"""Picture column -> the column that names its pictures."""


def pictures_in(records: pa.Table) -> pa.Table:
    """The pictures that records show, `image_id` each once."""
    columns = [records[names] for names in PICTURES_OF.values() if names in records.column_names]
    ids = pa.chunked_array([chunk for column in columns for chunk in column.chunks], pa.string())
    return pa.table({"image_id": ids.unique().drop_null()})


def block_sizes(blocks: list[pa.Table], store: PictureStore) -> list[int]:
    """Bytes of pictures in each block."""
    index = store.index()
    ids = index["image_id"].combine_chunks()
    sizes = index["size"].combine_chunks()
    return [
        sum(
            int(pc.sum(sizes.take(pa.array(rows[rows >= 0]))).as_py() or 0)
            for names in PICTURES_OF.values()
            if names in block.column_names
            for rows in [codes_of(block[names], ids)]
        )
        for block in blocks
    ]


def with_pictures(blocks: list[pa.Table], store: PictureStore) -> Iterator[pa.Table]:
    """Add the image columns, reading pictures a few blocks at a time."""
    for start in range(0, len(blocks), BLOCKS_READ_AT_ONCE):
        part = blocks[start : start + BLOCKS_READ_AT_ONCE]
        present = [names for names in PICTURES_OF.values() if names in part[0].column_names]
        wanted = {name for block in part for names in present for name in block[names].to_pylist() if name}
        pictures = dict(store.read_bytes(sorted(wanted)))
        for block in part:
            full = schema.release_schema(block.schema, with_images=True)
            for column, names in PICTURES_OF.items():
                if names in present:
                    block = block.append_column(column, _pictures(block[names].to_pylist(), pictures))
            yield block.select(full.names).cast(full)


def _pictures(names: list[str | None], pictures: dict[str, bytes]) -> pa.Array:
    """The pictures of these names as `schema.IMAGE`, null where there is no name."""
    return pa.StructArray.from_arrays(
        [
            pa.array([pictures[name] if name else None for name in names], pa.binary()),
            pa.array([picture_name(name, pictures[name]) if name else None for name in names], pa.string()),
        ],
        fields=list(schema.IMAGE),
        mask=pa.array([name is None for name in names]),
    )


_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")


def picture_name(image_id: str, data: bytes) -> str:
    """A file name for a picture, safe whatever the id holds."""
    endings = {b"\x89PNG": ".png", b"RIFF": ".webp", b"GIF8": ".gif"}
    return _UNSAFE.sub("_", image_id).lstrip(".") + endings.get(data[:4], ".jpg")


def _write_attribution(table: pa.Table, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.column_names)
        for batch in table.sort_by("image_id").to_batches():
            writer.writerows(zip(*(column.to_pylist() for column in batch.columns), strict=True))


def _manifest(
    facts: dict[str, Any], folder: Path, version: str, digests: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    rows = {
        name: sum(pq.read_metadata(path).num_rows for path in sorted((folder / name).rglob("*.parquet")))
        for name in ("data", "captions", "claims", "tokens")
        if (folder / name).is_dir()
    }
    return {
        "version": version,
        "rows": rows,
        "files": digests,
        "packages": {name: version_of(name) for name in PACKAGES} | {"python": platform.python_version()},
        **facts,
    }
