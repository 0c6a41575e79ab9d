"""Writing records with pictures: our release writer against `Dataset.from_generator().to_parquet`.

    python benchmarks/write_release.py [--records 20000] [--kilobytes 55]

Both write the same records with the same pictures, each in its own process; then each result is opened with
`load_dataset(..., streaming=True)` and the seconds to its first record are printed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from measuring import measure, show

from naturel.annotations import schema
from naturel.builders.engine import write_table
from naturel.builders.parquet import PICTURE_ROWS, blocks_of, shard_starts, write_shards
from naturel.builders.picture_store import Picture, PictureRow, PictureSettings, PictureStore, open_store
from naturel.builders.release import block_sizes, with_pictures


def picture(number: int, kilobytes: int) -> bytes:
    """Bytes that compress as little as a JPEG, with a JPEG's first bytes."""
    return b"\xff\xd8\xff" + np.random.default_rng(number).bytes(kilobytes * 1024)


def prepare(folder: Path, records: int, kilobytes: int) -> None:
    """Fill a picture store, and write the records without pictures."""
    with store_in(folder).writer() as writer:
        for number in range(records):
            data = picture(number, kilobytes)
            stored = Picture(data, 512, 384, "0" * 64, "0" * 16, 0, False)
            writer.add(PictureRow(f"{number:08d}", "local", 0, stored))
            if writer.full:
                writer.flush()
    entity = {"label": "Cat", "noun": "cat", "box": [0.1, 0.2, 0.3, 0.4]}
    claim = {"subject": "cat", "relation": "under", "object": "table"}
    rows = [
        {
            "id": f"{number:08d}-{number % 97:016x}",
            "image_id": f"{number:08d}",
            "source": "openimages",
            "source_split": "train",
            "url": f"https://example.org/{number}.jpg",
            "rotation": 0,
            "width": 512,
            "height": 384,
            "subject": entity,
            "relation": "on",
            "object": entity,
            "simple_positive": "cat on table",
            "simple_negative": "table on cat",
            "complex_positives": [f"The cat is on table {number % 50}."] * 3,
            "complex_negatives": [f"The cat is under table {number % 50}."] * 3,
            "positive_proof": "annotated",
            "negative_claims": [claim] * 4,
            "negative_kinds": ["swap"] * 4,
            "negative_proofs": ["antisymmetric"] * 4,
            "caption_ids": [f"{number % 1000:016x}"] * 8,
            "license": "https://creativecommons.org/licenses/by/2.0/",
            "author": f"author {number % 5000}",
            "landing_url": f"https://example.org/{number}",
            "sha256": f"{number:064x}",
            "phash": f"{number:016x}",
            "version": "1.0.0",
        }
        for number in range(records)
    ]
    write_table(pa.Table.from_pylist(rows, schema.RECORDS), schema.RECORDS, folder / "records.parquet")


def store_in(folder: Path) -> PictureStore:
    """The store that `prepare` fills."""
    return open_store(folder / "store", PictureSettings())


def write_ours(folder: Path) -> None:
    """Write as a release does."""
    import pyarrow.parquet as pq

    out = folder / "ours"
    out.mkdir()
    store = store_in(folder)
    blocks = list(blocks_of(pq.read_table(folder / "records.parquet"), PICTURE_ROWS))
    starts = shard_starts(block_sizes(blocks, store))
    full = schema.release_schema(schema.RECORDS, with_images=True)
    write_shards(with_pictures(blocks, store), starts, full, out, "train")


def write_theirs(folder: Path) -> None:
    """Write as `datasets` does."""
    import datasets
    import pyarrow.parquet as pq

    full = schema.release_schema(schema.RECORDS, with_images=True)
    datasets.disable_progress_bars()
    features = datasets.Features.from_arrow_schema(full)
    table = pq.read_table(folder / "records.parquet")

    def rows() -> object:
        store = store_in(folder)
        for start in range(0, table.num_rows, 1000):
            part = table.slice(start, 1000).to_pylist()
            pictures = dict(store.read_bytes([row["image_id"] for row in part]))
            for row in part:
                yield row | {"image": {"bytes": pictures[row["image_id"]], "path": f"{row['image_id']}.jpg"}}

    dataset = datasets.Dataset.from_generator(rows, features=features, cache_dir=str(folder / "cache"))
    (folder / "theirs").mkdir()
    dataset.to_parquet(str(folder / "theirs" / "train-00000-of-00001.parquet"))


def first_streamed(folder: Path) -> float:
    """Seconds from `load_dataset` to the first record, pictures not decoded."""
    import datasets

    start = time.perf_counter()
    stream = datasets.load_dataset(
        "parquet", data_files=str(folder / "*.parquet"), streaming=True, split="train"
    )
    next(iter(stream.decode(False)))
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--kilobytes", type=int, default=55)
    parser.add_argument("--only", choices=("ours", "theirs"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        (write_ours if options.only == "ours" else write_theirs)(options.folder)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, options.records, options.kilobytes)
        print(f"{options.records:,} records with pictures of {options.kilobytes} kB")
        command = [sys.executable, __file__, "--folder", name, "--only"]
        theirs, ours = measure([*command, "theirs"]), measure([*command, "ours"])
        show({"Dataset.to_parquet": theirs, "ours": ours})
        first_streamed(folder / "ours")  # the imports
        seconds = {kind: min(first_streamed(folder / kind) for _ in range(3)) for kind in ("theirs", "ours")}
        print(f"first streamed record: {seconds['theirs']:.2f} s and {seconds['ours']:.2f} s")


if __name__ == "__main__":
    main()
