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
from naturel.annotations.truth import FALSE, TRUE, Flags
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
    kind = candidates["kind"]
    positives = candidates.filter(pc.equal(kind, POSITIVE))
    proved = positives.filter(pc.equal(positives["truth"], TRUE))
    false = candidates.filter(pc.and_(pc.equal(candidates["truth"], FALSE), pc.not_equal(kind, POSITIVE)))
    record_keys = _record_key(proved)
    owner = codes_of(_record_key(false), record_keys)
    denied = len(np.unique(owner[owner >= 0]))

    sentences = _Sentences(captions)
    usable = (owner >= 0) & sentences.usable(false["claim_id"])
    hashes = hash_texts(f"{seed}\t{name}" for name in record_keys.to_pylist())
    false = false.filter(pa.array(usable))
    choice = _choose(proved, false, owner[usable], hashes, sentences)
    dropped = Counter(
        {
            NOT_PROVED: positives.num_rows - proved.num_rows,
            NO_NEGATIVE: proved.num_rows - denied,
            FEW_SENTENCES: denied - len(choice.records),
        }
    )
    return _caption_columns(proved, false, captions, choice), dropped


def _record_key(table: pa.Table) -> pa.Array:
    return pc.binary_join_element_wise(table["image_id"], table["positive_claim"], "\t").combine_chunks()


class _Sentences:
    """Captions by claim and construction: rows of the caption table, -1 where there is none."""

    def __init__(self, captions: pa.Table) -> None:
        self.claims = pc.unique(captions["claim_id"])
        claim = codes_of(captions["claim_id"], self.claims)
        simple = codes_of(captions["style"], pa.array(["simple"])) == 0
        names = pc.unique(captions["construction"].filter(pa.array(~simple)))
        construction = codes_of(captions["construction"], names)
        self.text = codes_of(captions["text"], pc.unique(captions["text"]))
        self.claim_hash = hash_texts(self.claims.to_pylist())
        self.construction_hash = hash_texts(names.to_pylist())
        # Of several captions with one claim and construction, the one with the least id.
        rows = np.argsort(captions["caption_id"].to_numpy())[::-1]
        simple_rows, complex_rows = rows[simple[rows]], rows[~simple[rows]]
        self.simple = np.full(len(self.claims), -1, dtype=np.int64)
        self.simple[claim[simple_rows]] = simple_rows
        self.complex = np.full((len(self.claims), len(names)), -1, dtype=np.int64)
        self.complex[claim[complex_rows], construction[complex_rows]] = complex_rows

    def usable(self, claims: pa.ChunkedArray) -> Flags:
        """Whether each claim has a simple and a complex caption."""
        usable = (self.simple >= 0) & (self.complex >= 0).any(axis=1)
        return np.append(usable, False)[codes_of(claims, self.claims)]  # -1: a claim without any caption


def _choose(
    proved: pa.Table, false: pa.Table, owner: Integers, hashes: Hashes, sentences: _Sentences
) -> Choice:
    negative_claim = codes_of(false["claim_id"], sentences.claims)
    rank = np.asarray(false["rank"].to_numpy(), dtype=np.int64)
    is_swap = np.asarray(pc.equal(false["kind"], SWAP))
    shuffled = mix(hashes[owner], sentences.claim_hash[negative_claim])

    best = _first_by_group(owner, np.lexsort((shuffled, rank, ~is_swap, owner)), len(proved))
    # A claim that is a positive of other pictures cannot be told from the text alone: it comes first.
    stated = codes_of(false["claim_id"], pc.unique(proved["claim_id"])) >= 0
    mixed = _first_by_group(owner, np.lexsort((rank, shuffled, ~stated, owner)), len(proved), COMPLEX)
    records = np.flatnonzero(best[:, 0] >= 0)
    count = (mixed[records] >= 0).sum(axis=1, keepdims=True)
    slots = np.take_along_axis(mixed[records], np.arange(COMPLEX)[None, :] % count, axis=1)

    positive = codes_of(proved["claim_id"], sentences.claims)[records]
    ours, theirs = np.empty_like(slots), np.empty_like(slots)
    for start in range(0, len(records), CHUNK):
        at = slice(start, start + CHUNK)
        ours[at], theirs[at] = _pair_constructions(
            positive[at], negative_claim[slots[at]], hashes[records[at]], sentences
        )
    simple = np.stack(
        [sentences.simple[positive], sentences.simple[negative_claim[best[records, 0]]]], axis=1
    )
    whole = _is_whole(np.hstack([simple[:, :1], ours]), np.hstack([simple[:, 1:], theirs]), sentences.text)
    return Choice(
        records=records[whole],
        simple=simple[whole],
        complex_positive=ours[whole],
        complex_negative=theirs[whole],
        negatives=np.hstack([best[records], slots])[whole],
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


def _is_whole(ours: Integers, theirs: Integers, text: Integers) -> Flags:
    """Whether each record has all its captions, no two complex ones of a side alike, and none on both sides."""
    found = ((ours >= 0) & (theirs >= 0)).all(axis=1)
    ours, theirs = (np.append(text, -1)[side] for side in (ours, theirs))
    both = (ours[:, :, None] == theirs[:, None, :]).any(axis=(1, 2))
    for side in (ours[:, 1:], theirs[:, 1:]):
        both |= (np.diff(np.sort(side, axis=1), axis=1) == 0).any(axis=1)
    whole: Flags = found & ~both
    return whole


def _pair_constructions(
    positive: Integers, negative: Integers, hashes: Hashes, sentences: _Sentences
) -> tuple[Integers, Integers]:
    """Three caption rows a side for each record, the i-th two in the same construction wherever both have it."""
    preference = mix(hashes[:, None], sentences.construction_hash[None, :]) >> np.uint64(12)
    score = preference.astype(np.float64) / 2.0**52  # in [0, 1)
    ours, theirs = sentences.complex[positive], sentences.complex[negative]
    free_ours = ours >= 0
    free_theirs = np.ones_like(free_ours)
    chosen_ours = np.full((len(positive), COMPLEX), -1, dtype=np.int64)
    chosen_theirs = np.full((len(positive), COMPLEX), -1, dtype=np.int64)
    rows = np.arange(len(positive))
    for slot in range(COMPLEX):
        can = free_theirs & (theirs[:, slot] >= 0)
        # Best is a construction of both; then one that the slots to come cannot share.
        wanted_later = (theirs[:, slot + 1 :] >= 0).sum(axis=1)
        value = COMPLEX - wanted_later + score  # in (0, COMPLEX + 1)
        pick = np.argmax(np.where(free_ours, value + can * 2 * COMPLEX, 0), axis=1)
        other = np.where(can[rows, pick], pick, np.argmax(np.where(can, value, 0), axis=1))
        chosen_ours[:, slot] = np.where(free_ours[rows, pick], ours[rows, pick], -1)
        chosen_theirs[:, slot] = np.where(can[rows, other], theirs[rows, slot, other], -1)
        free_ours[rows, pick] = False
        free_theirs[rows, other] = False
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
