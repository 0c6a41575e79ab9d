"""Records: for each (picture, triplet), which sentences stand beside the picture.

A record is made only where its positive claim is proved, at least one negative claim is proved false in the same
picture, and three different sentences exist on either side; else it is left out under a named reason.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations.joins import Integers, codes_of
from naturel.annotations.truth import FALSE, TRUE
from naturel.builders.candidates import POSITIVE, SWAP
from naturel.builders.choice import Hashes, hash_texts, mix

COMPLEX = 3
"""Complex captions a side."""
CHUNK = 50_000
"""Records assembled at a time."""

NOT_PROVED = "record: the positive is not proved (other annotations or the boxes contradict it)"
NO_NEGATIVE = "record: no negative claim is proved false"
FEW_SENTENCES = "record: fewer than three different sentences"


@dataclass(frozen=True)
class Choice:
    """The captions of each record, as row numbers into the caption table."""

    records: Integers  # rows of the positives table, shape (n,)
    simple: Integers  # shape (n, 2): positive, negative
    complex_positive: Integers  # shape (n, 3)
    complex_negative: Integers  # shape (n, 3)
    negatives: Integers  # shape (n, 4): candidate rows of the simple negative and the three complex ones


def assemble(candidates: pa.Table, captions: pa.Table, seed: int) -> tuple[pa.Table, Counter[str]]:
    """Choose the captions of every record.

    Args:
        candidates: `schema.CANDIDATES` with the positives.
        captions: `schema.CAPTIONS`.
        seed: The build's seed.

    Returns:
        The caption columns of `schema.RECORDS` with `image_id` and `positive_claim`, and what was left out and why.
    """
    dropped: Counter[str] = Counter()
    kind = candidates["kind"]
    positives = candidates.filter(pc.equal(kind, POSITIVE))
    proved = positives.filter(pc.equal(positives["truth"], TRUE))
    dropped[NOT_PROVED] += positives.num_rows - proved.num_rows
    false = candidates.filter(pc.and_(pc.equal(candidates["truth"], FALSE), pc.not_equal(kind, POSITIVE)))

    record_keys = _record_key(proved)
    owner = codes_of(_record_key(false), record_keys)
    false = false.filter(pa.array(owner >= 0))
    owner = owner[owner >= 0]
    dropped[NO_NEGATIVE] += proved.num_rows - len(np.unique(owner))

    hashes = hash_texts(f"{seed}\t{name}" for name in record_keys.to_pylist())
    sentences = _Sentences(captions)
    choice = _choose(proved, false, owner, hashes, sentences)
    dropped[FEW_SENTENCES] += len(np.unique(owner)) - len(choice.records)
    return _caption_columns(proved, false, captions, choice), dropped


def _record_key(table: pa.Table) -> pa.Array:
    return pc.binary_join_element_wise(table["image_id"], table["positive_claim"], "\t").combine_chunks()


class _Sentences:
    """Captions by claim and construction."""

    def __init__(self, captions: pa.Table) -> None:
        self.claims = captions["claim_id"].unique()
        if isinstance(self.claims, pa.ChunkedArray):
            self.claims = self.claims.combine_chunks()
        claim = codes_of(captions["claim_id"], self.claims)
        simple = np.asarray(pc.equal(captions["style"], "simple"))
        rows = np.arange(captions.num_rows, dtype=np.int64)
        names = pc.unique(captions["construction"].filter(pa.array(~simple)))
        construction = codes_of(captions["construction"], names)
        self.simple = np.full(len(self.claims), -1, dtype=np.int64)
        self.simple[claim[simple]] = rows[simple]
        self.complex = np.full((len(self.claims), len(names)), -1, dtype=np.int64)
        self.complex[claim[~simple], construction[~simple]] = rows[~simple]
        self.construction_hash = hash_texts(names.to_pylist())


def _choose(
    proved: pa.Table, false: pa.Table, owner: Integers, hashes: Hashes, sentences: _Sentences
) -> Choice:
    negative_claim = codes_of(false["claim_id"], sentences.claims)
    rank = np.asarray(false["rank"].to_numpy(), dtype=np.int64)
    is_swap = np.asarray(pc.equal(false["kind"], SWAP))
    claim_hash = hash_texts(sentences.claims.to_pylist())
    shuffled = mix(hashes[owner], claim_hash[negative_claim])

    best = _first_by_group(owner, np.lexsort((rank, ~is_swap, owner)), len(proved))[:, :1]
    mixed = _first_by_group(owner, np.lexsort((rank, shuffled, owner)), len(proved), COMPLEX)
    records = np.flatnonzero(best[:, 0] >= 0)
    count = (mixed[records] >= 0).sum(axis=1, keepdims=True)
    slots = np.take_along_axis(mixed[records], np.arange(COMPLEX)[None, :] % count, axis=1)

    positive = codes_of(proved["claim_id"], sentences.claims)[records]
    parts = [
        _pair_constructions(positive[at], negative_claim[slots[at]], hashes[records[at]], sentences)
        for at in np.array_split(np.arange(len(records)), max(1, len(records) // CHUNK))
    ]
    chosen_positive = np.concatenate([part[0] for part in parts])
    chosen_negative = np.concatenate([part[1] for part in parts])
    simple = np.stack(
        [sentences.simple[positive], sentences.simple[negative_claim[best[records, 0]]]], axis=1
    )
    whole = (
        (chosen_positive >= 0).all(axis=1) & (chosen_negative >= 0).all(axis=1) & (simple >= 0).all(axis=1)
    )
    return Choice(
        records=records[whole],
        simple=simple[whole],
        complex_positive=chosen_positive[whole],
        complex_negative=chosen_negative[whole],
        negatives=np.concatenate([best[records][whole], slots[whole]], axis=1),
    )


def _first_by_group(groups: Integers, order: Integers, count: int, width: int = 1) -> Integers:
    """The first `width` rows of each group in the given order (grouped), shape (count, width), -1 where fewer."""
    sorted_groups = groups[order]
    start = np.searchsorted(sorted_groups, np.arange(count))
    place = np.arange(len(order)) - start[sorted_groups]
    out = np.full((count, width), -1, dtype=np.int64)
    keep = place < width
    out[sorted_groups[keep], place[keep]] = order[keep]
    return out


def _pair_constructions(
    positive: Integers, negative: Integers, hashes: Hashes, sentences: _Sentences
) -> tuple[Integers, Integers]:
    """Three caption rows a side for each record, the i-th two in the same construction wherever both have it."""
    preference = mix(hashes[:, None], sentences.construction_hash[None, :]) >> np.uint64(12)
    score = preference.astype(np.float64) / 2.0**52  # in [0, 1)
    ours = sentences.complex[positive]
    free_ours = ours >= 0
    free_theirs = np.ones_like(free_ours)
    chosen_ours = np.full((len(positive), COMPLEX), -1, dtype=np.int64)
    chosen_theirs = np.full((len(positive), COMPLEX), -1, dtype=np.int64)
    rows = np.arange(len(positive))
    for slot in range(COMPLEX):
        theirs = sentences.complex[negative[:, slot]]
        can_theirs = (theirs >= 0) & free_theirs
        pick = np.argmax(np.where(free_ours, 1 + score + 2 * can_theirs, 0), axis=1)
        chosen_ours[:, slot] = np.where(free_ours[rows, pick], ours[rows, pick], -1)
        free_ours[rows, pick] = False
        shared = can_theirs[rows, pick]
        other = np.argmax(np.where(can_theirs, 1 + score, 0), axis=1)
        pick = np.where(shared, pick, other)
        chosen_theirs[:, slot] = np.where(can_theirs[rows, pick], theirs[rows, pick], -1)
        free_theirs[rows, pick] = False
    return chosen_ours, chosen_theirs


def _caption_columns(proved: pa.Table, false: pa.Table, captions: pa.Table, choice: Choice) -> pa.Table:
    texts, ids = captions["text"].combine_chunks(), captions["caption_id"].combine_chunks()
    records = proved.take(pa.array(choice.records))

    def lists(values: pa.Array, rows: Integers) -> pa.Array:
        return pa.FixedSizeListArray.from_arrays(values.take(pa.array(rows.reshape(-1))), rows.shape[1])

    all_rows = np.concatenate([choice.simple, choice.complex_positive, choice.complex_negative], axis=1)
    return pa.table(
        {
            "image_id": records["image_id"],
            "positive_claim": records["claim_id"],
            "positive_proof": records["proof"],
            "simple_positive": texts.take(pa.array(choice.simple[:, 0])),
            "simple_negative": texts.take(pa.array(choice.simple[:, 1])),
            "complex_positives": lists(texts, choice.complex_positive),
            "complex_negatives": lists(texts, choice.complex_negative),
            "negative_claim_ids": lists(false["claim_id"].combine_chunks(), choice.negatives),
            "negative_kinds": lists(false["kind"].combine_chunks(), choice.negatives),
            "negative_proofs": lists(false["proof"].combine_chunks(), choice.negatives),
            "caption_ids": lists(ids, all_rows),
        }
    )
