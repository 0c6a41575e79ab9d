"""The poster's arithmetic: 660,000 pairs from 165,000 records of 100,000 pictures, and pairs a second.

    python benchmarks/load_pairs.py [--records 165000] [--images 100000]

A made-up release with links is written and opened with `load_dataset`, by number and streamed. The baseline, in the
same run and for each way of opening, is the bare iteration of its rows: what a loop gets without loaders. Then each
scheme makes all its pairs, and a batch sampler batches of 512 with 64 whole groups. Seconds are those of the CPU.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, get_args

import datasets
import pyarrow as pa

from naturel.annotations import schema
from naturel.builders.parquet import PLAIN_ROWS, blocks_of, write_shards
from naturel.loaders import GroupBatches, Pairs, PairStream, Scheme

CLAIMS = 330
"""Different triplets, as in the poster; each has a simple and three complex sentences."""
SHARDS = 4


def sentence(claim: int, style: int) -> str:
    """A sentence of a claim, about as long as real ones."""
    text = f"thing {claim} on thing {claim * 7 % CLAIMS}"
    return text if style == 0 else f"In the picture you can see, style {style}, a {text}."


def make_records(count: int, images: int) -> pa.Table:
    """Records in couples that stand half the file apart: groups in two of their three slots."""
    half = count // 2
    entity = {"label": "Thing", "noun": "thing", "box": [0.1, 0.2, 0.3, 0.4]}
    rows = []
    for number in range(count):
        image = number if number < images else number * 7919 % images
        claim, partner = number * 31 % CLAIMS, (number + half) % (2 * half) * 31 % CLAIMS
        rows.append(
            dict.fromkeys(("author", "landing_url", "sha256", "phash", "positive_proof", "license"), "0" * 16)
            | {
                "id": f"{image:016x}-{number:016x}",
                "image_id": f"{image:016x}",
                "source": "openimages",
                "source_split": "train",
                "url": f"https://example.org/{image}.jpg",
                "width": 512,
                "height": 384,
                "subject": entity,
                "relation": "on",
                "object": entity,
                "simple_positive": sentence(claim, 0),
                "simple_negative": sentence(partner, 0),
                "complex_positives": [sentence(claim, style) for style in (1, 2, 3)],
                "complex_negatives": [sentence(partner, style) for style in (1, 2, 3)],
                "negative_claims": [{"subject": "thing", "relation": "on", "object": "thing"}] * 4,
                "negative_kinds": ["object"] * 4,
                "negative_proofs": ["absent"] * 4,
                "group_ids": [
                    *(f"{number % half:015x}{slot}" if number < 2 * half else None for slot in "01"),
                    None,
                ],
                "caption_ids": [f"{place:016x}" for place in range(8)],
            }
        )
    return pa.Table.from_pylist(rows, schema.RECORDS)


def write_release(folder: Path, records: pa.Table) -> None:
    """Write the records as a release lies, in several files."""
    blocks = list(blocks_of(records, PLAIN_ROWS))
    starts = [len(blocks) * shard // SHARDS for shard in range(min(SHARDS, len(blocks)))]
    write_shards(blocks, starts, schema.release_schema(schema.RECORDS, with_images=False), folder, "train")


def drawn(pairs: Pairs, epoch: int) -> Iterator[Any]:
    """What a `DataLoader` would get from the batch sampler."""
    batches = GroupBatches(pairs, 512, 64)
    batches.set_epoch(epoch)
    for batch in batches:
        yield from pairs.__getitems__(batch)


def measure(name: str, make: Any, base: float | None) -> float:
    """Make all items of an iterable that `make` gives, print a line, and give the items a second."""
    start = time.process_time()
    items: Iterable[Any] = make()
    count = sum(1 for _ in items)
    rate = count / (time.process_time() - start)
    ratio = "" if base is None else f"{rate / base:14.1f}"
    print(f"{name:34}{count:>10,}{count / rate:9.1f}{rate:12,.0f}{ratio}")
    return rate


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=165_000)
    parser.add_argument("--images", type=int, default=100_000)
    options = parser.parse_args()
    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as name:
        write_release(Path(name), make_records(options.records, options.images))
        files = f"{name}/*.parquet"
        cache = f"{name}/cache"
        table = datasets.load_dataset("parquet", data_files=files, split="train", cache_dir=cache)
        stream = datasets.load_dataset(
            "parquet", data_files=files, split="train", streaming=True, cache_dir=cache
        )
        print(f"{options.records:,} records of {len(table.unique('image_id')):,} pictures")
        print(f"{'':34}{'items':>10}{'CPU s':>9}{'a second':>12}{'to bare rows':>14}")
        bare = measure("by number: bare rows", lambda: table, None)
        for scheme in get_args(Scheme):
            measure(f"by number: {scheme}", lambda scheme=scheme: Pairs(table, scheme), bare)
        pairs = Pairs(table, "single")
        measure("by number: 64 groups in 512", lambda: drawn(pairs, 0), bare)
        bare = measure("streamed: bare rows", lambda: stream, None)
        for scheme in get_args(Scheme):
            buffer = 2 * options.records if scheme == "groups" else 1000
            make = lambda scheme=scheme, buffer=buffer: PairStream(stream, scheme, buffer=buffer)  # noqa: E731
            measure(f"streamed: {scheme}", make, bare)


if __name__ == "__main__":
    main()
