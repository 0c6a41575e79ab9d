"""Counting spatial prepositions in captions, against a plain Python loop with `re`.

Synthetic captions, rare words among frequent ones, in Parquet files of ten row groups. Each counter is a process of
its own, so that its memory is its own. The loop does not filter noise, which is the counter's heavier half, and sees
one caption in ten, its time multiplied. Both must find the same captions before the filters.

    python benchmarks/prepositions.py --captions 10_000_000
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from measuring import measure

from naturel.evaluation.analysis.corpus import Corpus
from naturel.evaluation.analysis.corpus_files import find_files
from naturel.evaluation.analysis.lexicon import load_lexicon
from naturel.evaluation.analysis.prepositions import count_prepositions

FREQUENT = (
    "the", "a", "of", "and", "in", "with", "on", "photo", "for", "to", "at", "by", "from", "white", "black", "under",
    "left", "behind", "front", "background", "right", "above", "$25", "sale,", "2015", "near", "(left)", "over",
)  # fmt: skip
RARE = 60_000
ROWS = 100_000
"""Of a row group."""
GROUPS = 10
EACH = 10
"""The loop sees one caption in so many."""


def generate(folder: Path, count: int) -> None:
    """Write captions of 4 to 17 words; a word's frequency falls with its rank."""
    chance = np.random.default_rng(0)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    rare = ["".join(chance.choice(letters, chance.integers(3, 10))) for _ in range(RARE)]
    words = pa.array([*FREQUENT, *rare])
    until = np.cumsum(1 / (np.arange(len(words)) + 3.0))
    schema = pa.schema([("url", pa.string()), ("caption", pa.string())])
    for file in range(-(-count // (ROWS * GROUPS))):
        with pq.ParquetWriter(folder / f"part-{file:03}.parquet", schema, compression="zstd") as writer:
            for group in range(GROUPS):
                size = min(ROWS, count - (file * GROUPS + group) * ROWS)
                if size <= 0:
                    break
                lengths = chance.integers(4, 18, size)
                codes = np.searchsorted(until, chance.random(lengths.sum()) * until[-1])
                offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
                lists = pa.ListArray.from_arrays(offsets, words.take(pa.array(codes)))
                urls = pa.array([f"https://example.org/{file}/{group}/{row}.jpg" for row in range(size)])
                writer.write_batch(pa.record_batch([urls, pc.binary_join(lists, " ")], schema=schema))


def by_loop(folder: Path, each: int) -> tuple[int, dict[str, int]]:
    """Count with one pattern and a loop: the longest form first, each word once."""
    lexicon = load_lexicon()
    forms = {" ".join(form): name for name in lexicon.names for form in lexicon.prepositions[name]}
    longest = sorted(forms, key=lambda form: -len(form.split()))
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)")
    found: Counter[str] = Counter()
    count = 0
    for batch in Corpus(find_files([str(folder)])).batches():
        for text in batch.to_pylist()[::each]:
            count += 1
            found.update({forms[form] for form in pattern.findall(text.lower())})
    return count, dict(found)


def by_counter(folder: Path) -> tuple[int, dict[str, int]]:
    """Count with `count_prepositions`, all filters at work."""
    counts = count_prepositions(Corpus(find_files([str(folder)])).batches())
    return counts.captions, {one.name: one.before for one in counts.prepositions if one.before}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--captions", type=int, default=1_000_000)
    parser.add_argument("--run", choices=["counter", "loop"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--each", type=int, default=EACH, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        found = (
            by_counter(options.folder) if options.run == "counter" else by_loop(options.folder, options.each)
        )
        print(json.dumps(found))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generate(folder, options.captions)
        command = [sys.executable, __file__, "--folder", str(folder), "--run"]
        start = measure([sys.executable, "-c", "import naturel.evaluation.analysis.prepositions"])
        counter = measure([*command, "counter"])
        loop = measure([*command, "loop", "--each", str(EACH)])
        check(folder)
    seconds = counter.cpu - start.cpu
    slow = (loop.cpu - start.cpu) * EACH
    print(f"{options.captions:,} captions")
    for title, cpu, peak in (
        ("count_prepositions", seconds, counter.peak_mib),
        ("re loop", slow, loop.peak_mib),
    ):
        print(f"{title:20}{cpu:8.1f} s CPU{options.captions / cpu:12,.0f} captions/s{peak:8.0f} MiB at most")
    print(f"ratio count_prepositions / re loop: {seconds / slow:.2f}")


def check(folder: Path) -> None:
    """Both find the same captions in the first file's first rows."""
    with tempfile.TemporaryDirectory() as name:
        table = pq.ParquetFile(min(folder.glob("*.parquet"))).read_row_group(0, columns=["caption"])
        # "(left) of" is "left of" to the one, and "left" to the other.
        captions = pc.replace_substring_regex(table["caption"], r"[(),]", "")
        pq.write_table(pa.table({"caption": captions}), Path(name) / "part.parquet")
        assert by_counter(Path(name)) == by_loop(Path(name), 1)


if __name__ == "__main__":
    main()
