"""NegCLIP's training table: `<split>.tsv` with `title`, `filepath`, `neg_caption` and `neg_image`.

What its data loader reads (github.com/vinid/neg_clip, `CsvDataset`): tab-separated, `neg_caption` a Python list of
captions and `neg_image` a Python list of row numbers, counted from 0; it draws one of either for every row, so that
neither list may be empty, and takes the drawn row's picture, title and a negative caption of it beside the row's own.
File paths are relative to the folder of the table.

A record gives four rows. The simple positive stands against the simple negative, a complex one against the three
complex negatives, the one opposed to it first.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations.joins import Integers, codes_of
from naturel.builders.choice import mix, seeded
from naturel.builders.progress import Progress
from naturel.loaders.formats.files import IMAGES, PictureFolder, write_pictures
from naturel.loaders.formats.result import NO_PICTURE, Counts
from naturel.loaders.formats.source import Source
from naturel.loaders.groups import find_groups
from naturel.loaders.sentences import PAIRS, READ, Sentences

CLAIMS = ("subject", "relation", "object", "negative_claims")
"""Columns that tell which record of a negative image states the denied claim."""
HEADER = ("title", "filepath", "neg_caption", "neg_image")
TRIES = 8
"""How many records are looked at for one of another picture and claim."""


def write_negclip(source: Source, folder: Path, progress: Progress) -> Counts:
    """Write the table of each split, and the pictures."""
    counts = Counts()
    pictures = PictureFolder(folder)
    for split in source.splits:
        with progress.task(split, None, "records") as task:
            write_pictures(source, split, pictures, task)
        table = source.table(split, [*READ, *CLAIMS])
        there = np.array([name in pictures.names for name in table["image_id"].to_pylist()], dtype=np.bool_)
        counts.left_out[NO_PICTURE] += int((~there).sum())
        table = table.filter(pa.array(there))
        sentences = Sentences.from_table(table, embedded=True)
        others = _other_rows(sentences, _mined(table), counts)
        _write_table(sentences, others, pictures, folder / f"{split}.tsv", counts)
    counts.written["pictures"] = len(pictures.names)
    return counts


def _write_table(
    sentences: Sentences, others: list[list[int]], pictures: PictureFolder, path: Path, counts: Counts
) -> None:
    texts = sentences.texts.to_pylist()
    names = [f"{IMAGES}/{pictures.names[name]}" for name in sentences.facts["image_id"].to_pylist()]
    with path.open("x", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(HEADER)
        for record, name in enumerate(names):
            said, denied = sentences.positive[record].tolist(), sentences.negative[record].tolist()
            for pair in range(PAIRS):
                first = denied[pair]
                against = [first] if pair == 0 else list(dict.fromkeys([first, *denied[1:]]))
                writer.writerow(
                    (texts[said[pair]], name, [texts[n] for n in against], others[PAIRS * record + pair])
                )
    counts.written["rows"] += PAIRS * len(names)


def _mined(table: pa.Table) -> Integers:
    """The record of a negative image that states the denied claim, else its first; -1: there is none. Shape (n,)."""
    if "negative_image_id" not in table.column_names:
        return np.full(table.num_rows, -1)
    wanted = table["negative_image_id"]
    first = codes_of(wanted, table["image_id"].combine_chunks())
    place = 1 + pc.fill_null(table["negative_image_pair"], 0).to_numpy().astype(np.int64)
    denied = pc.list_flatten(table["negative_claims"]).take(pa.array(PAIRS * np.arange(len(place)) + place))
    denied_key = _key(wanted, *(pc.struct_field(denied, name) for name in ("subject", "relation", "object")))
    nouns = (pc.struct_field(table[name], "noun") for name in ("subject", "object"))
    said_key = _key(table["image_id"], next(nouns), table["relation"], next(nouns))
    stating = codes_of(denied_key, said_key.combine_chunks())
    return np.where(stating >= 0, stating, first)


def _key(*columns: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(*columns, "\t")


def _other_rows(sentences: Sentences, mined: Integers, counts: Counts) -> list[list[int]]:
    """Of every row the rows with a negative picture, at least one.

    First the row that is opposed in a 2x2 group, else those of the record's other groups; and one of the record's
    negative image. What has neither gets a row of another picture and claim, chosen by hash.
    """
    count = len(sentences)
    rows: list[list[int]] = [[] for _ in range(PAIRS * count)]
    groups = find_groups(sentences)
    partners: list[list[int]] = [[] for _ in range(count)]
    for (a, b), (pair_a, pair_b) in zip(groups.records.tolist(), groups.pairs.tolist(), strict=True):
        partners[a].append(b)
        partners[b].append(a)
        rows[PAIRS * a + pair_a].append(PAIRS * b + pair_b)
        rows[PAIRS * b + pair_b].append(PAIRS * a + pair_a)
    for record, others in enumerate(partners):
        for pair in range(PAIRS):
            if not rows[PAIRS * record + pair]:
                rows[PAIRS * record + pair] = [PAIRS * other + pair for other in sorted(set(others))]
    chosen = _by_hash(sentences)
    for row, others in enumerate(rows):
        record, pair = divmod(row, PAIRS)
        if others:
            counts.written["rows whose neg_image is of a 2x2 group"] += 1
        if mined[record] >= 0:
            others.append(PAIRS * int(mined[record]) + pair)
            counts.written["rows whose neg_image is mined"] += 1
        if not others:
            others.append(PAIRS * int(chosen[record]) + pair)
            counts.written["rows whose neg_image is chosen by hash"] += 1
    return rows


def _by_hash(sentences: Sentences) -> Integers:
    """Of each record another one, of another picture and claim where that can be, shape (n,)."""
    count = np.uint64(max(1, len(sentences)))
    image = sentences.facts["image_id"].dictionary_encode().indices.to_numpy()
    claim = sentences.positive[:, 0]
    chosen = np.arange(len(sentences))
    good = np.zeros(len(sentences), dtype=np.int8)
    for attempt in range(TRIES):
        other = (mix(seeded(attempt), sentences.hashes) % count).astype(np.int64)
        better = 2 * (image[other] != image).astype(np.int8) + (claim[other] != claim)
        chosen = np.where(better > good, other, chosen)
        good = np.maximum(good, better)
    return chosen
