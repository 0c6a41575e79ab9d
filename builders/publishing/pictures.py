"""Pictures for a release that has only their addresses (`--images link`).

from datasets import load_dataset
from naturel.builders.publishing.pictures import fetch_pictures

records = fetch_pictures(load_dataset("org/naturel-links", split="train"))
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset, Features, Image
from rich.console import Console

from naturel.annotations.errors import UserError
from naturel.annotations.joins import codes_of
from naturel.builders.images import gather_pictures
from naturel.builders.picture_store import PictureSettings, PictureStore, open_store
from naturel.builders.progress import choose_progress
from naturel.builders.release import PICTURES_OF, picture_name
from naturel.builders.sources.download import cache_folder

TURNED = "its file says otherwise how it is turned than the source's metadata, which its boxes follow"
ROWS_AT_ONCE = 100
"""Pictures in memory while they are put into the dataset."""


def fetch_pictures(
    records: Dataset,
    *,
    folders: Iterable[Path] = (),
    cache: Path | None = None,
    settings: PictureSettings | None = None,
) -> Dataset:
    """Add the pictures to records that have only their addresses, cropped, turned and mirrored as the records say.

    What was fetched is kept: a second call fetches only what is missing. Records whose picture cannot be had are left
    out, with a warning that counts them by reason. Where records name negative images, these are fetched too.

    Args:
        records: Records of a release that was built with `--images link`.
        folders: Where pictures may lie already, as `<id>.jpg` or `images/<id>.jpg`.
        cache: Where fetched pictures are kept; `pictures` in naturel's cache by default.
        settings: Size, retries, politeness; by default the longest side is 512 pixels and opt-outs are respected.

    Returns:
        The records with the column `image` (and `negative_image`), and with size and digest of each picture.

    Raises:
        UserError: The records have their pictures already or are not NatuRel's, or none of the pictures can be had.
    """
    if "image" in records.column_names:
        raise UserError("These records have their pictures already: there is nothing to fetch.")
    if missing := {"image_id", "url", "rotation"} - set(records.column_names):
        raise UserError(f"These are no records of NatuRel: the column {min(missing)} is missing.")
    settings = settings or PictureSettings()
    store = open_store(cache or cache_folder() / "pictures", settings)
    names = {column: ids for column, ids in PICTURES_OF.items() if ids in records.column_names}
    wanted = _wanted(records, names)
    index = gather_pictures(wanted, folders, store, settings, choose_progress(Console(stderr=True)))
    _store.cache_clear()  # it may know less than was fetched now
    reasons = _reasons(wanted, index)
    kept = _kept(records, names, reasons)
    features = Features(
        {"id": records.features["id"], "image": Image()}
        | {name: feature for name, feature in records.features.items() if name != "id"}
        | {name: Image() for name in names if name != "image"}
    )
    # The function is hashed by its arguments, so a second call with equal pictures finds the finished table.
    options = {"folder": str(store.folder), "names": names}
    return kept.map(
        _with_pictures, batched=True, batch_size=ROWS_AT_ONCE, features=features, fn_kwargs=options
    )


def _wanted(records: Dataset, names: Mapping[str, str]) -> pa.Table:
    """The pictures of records, each once: `image_id`, `url`, `crop`, `rotation`, `mirrored`."""
    columns = [
        name for name in ("image_id", "url", "crop", "rotation", "mirrored") if name in records.features
    ]
    parts = [_columns(records, columns)]
    if "negative_image" in names:
        negative = _columns(records, [names["negative_image"], "negative_image_source"])
        source = negative["negative_image_source"].combine_chunks()
        moves = {name: pc.struct_field(source, name) for name in columns if name != "image_id"}
        parts.append(pa.table({"image_id": negative[names["negative_image"]], **moves}))
    table = pa.concat_tables(parts, promote_options="permissive")
    table = table.filter(pc.is_valid(table["image_id"])).combine_chunks()
    ids = table["image_id"].combine_chunks()
    first = np.unique(codes_of(ids, ids.unique()), return_index=True)[1]
    return table.take(pa.array(first))


def _columns(records: Dataset, names: list[str]) -> pa.Table:
    table: pa.Table = records.select_columns(names).with_format("arrow")[:]
    return table.replace_schema_metadata(None)


def _reasons(wanted: pa.Table, index: pa.Table) -> dict[str, str]:
    """Why pictures cannot be used, by their ids."""
    place = codes_of(index["image_id"], wanted["image_id"].combine_chunks())
    asked = wanted.take(pa.array(place))
    mirrored = (
        [bool(value) for value in asked["mirrored"].to_pylist()] if "mirrored" in wanted.column_names else []
    )
    turns = [round((value or 0) / 90) for value in asked["rotation"].to_pylist()]
    reasons = {}
    for number, row in enumerate(
        index.select(["image_id", "status", "status_reason", "turns", "mirrored"]).to_pylist()
    ):
        mirror = bool(mirrored and mirrored[number])
        expected = ((-turns[number] if mirror else turns[number]) % 4, mirror)
        if row["status"] != "ok":
            reasons[row["image_id"]] = row["status_reason"]
        elif (row["turns"], row["mirrored"]) != expected:
            reasons[row["image_id"]] = TURNED
    return reasons


def _kept(records: Dataset, names: Mapping[str, str], reasons: Mapping[str, str]) -> Dataset:
    """The records whose pictures can be had; the others are counted in a warning."""
    without = pa.array(list(reasons), pa.string())
    lost = np.zeros(len(records), dtype=np.bool_)
    counts: Counter[str] = Counter()
    for column in names.values():
        ids = _columns(records, [column])[column]
        here = np.asarray(pc.fill_null(pc.is_in(ids, value_set=without), False).to_numpy(), dtype=np.bool_)
        counts.update(reasons[name] for name in ids.filter(pa.array(here & ~lost)).to_pylist())
        lost |= here
    if not lost.any():
        return records
    told = ", ".join(f"{reason} ({count:,})" for reason, count in counts.most_common())
    if lost.all():
        raise UserError(f"None of the pictures of {len(records):,} records can be had: {told}.")
    warnings.warn(
        f"{int(lost.sum()):,} of {len(records):,} records are left out, as their pictures cannot be had: {told}",
        stacklevel=3,
    )
    return records.select(np.flatnonzero(~lost))


def _with_pictures(
    batch: dict[str, list[Any]], folder: str, names: Mapping[str, str]
) -> dict[str, list[Any]]:
    store, index = _store(folder)
    ids = {name for column in names.values() for name in batch[column] if name is not None}
    pictures = dict(store.read_bytes(sorted(ids)))
    for column, ids_of in names.items():
        batch[column] = [
            None if name is None else {"bytes": pictures[name], "path": picture_name(name, pictures[name])}
            for name in batch[ids_of]
        ]
    rows = [index[name] for name in batch["image_id"]]
    for column in FACTS:
        batch[column] = [row[column] for row in rows]
    batch["rotation"] = [0] * len(rows)  # they are upright now
    return batch


FACTS = ("width", "height", "sha256", "phash")
"""What records say of their pictures once these are there."""


@lru_cache(maxsize=1)
def _store(folder: str) -> tuple[PictureStore, dict[str, dict[str, Any]]]:
    """A store of pictures, and what it knows of each."""
    store = PictureStore(Path(folder))
    return store, {row["image_id"]: row for row in store.index().select(["image_id", *FACTS]).to_pylist()}
