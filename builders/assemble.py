"""Records: for each (picture, triplet), which sentences stand beside the picture.

A record is made only where its positive claim is proved, at least one negative claim is proved false in the same
picture, and three different sentences exist on either side; else it is left out under a named reason. How negatives
are chosen is told in `choosing.py`, how pictures balance each other in `groups.py`.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations import schema
from naturel.annotations.joins import Integers, codes_of
from naturel.annotations.truth import FALSE, TRUE
from naturel.builders.candidates import POSITIVE
from naturel.builders.choice import hash_text, hash_texts
from naturel.builders.choosing import Choice, Chooser
from naturel.builders.groups import SLOTS
from naturel.builders.sentences import Sentences
from naturel.builders.settings import Balance

NOT_PROVED = "record: the positive is not proved (other annotations or the boxes contradict it)"
NO_NEGATIVE = "record: no negative claim is proved false"
FEW_SENTENCES = "record: fewer than three different sentences"
NO_GROUP = "record: no other picture balances it"

NO_IMAGES = schema.IMAGES.empty_table()


def assemble(
    candidates: pa.Table,
    captions: pa.Table,
    seed: int,
    balance: Balance = Balance.PREFER,
    images: pa.Table = NO_IMAGES,
) -> tuple[pa.Table, Counter[str]]:
    """Choose the captions of every record.

    Args:
        candidates: `schema.CANDIDATES` with the positives.
        captions: `schema.CAPTIONS`; those that were rejected are not used.
        seed: The build's seed.
        balance: Whether negatives that are true of other pictures are preferred, or demanded.
        images: `schema.IMAGES`, of which `counterpart_id` counts: counterparts are coupled first.

    Returns:
        The caption columns of `schema.RECORDS` with `image_id` and `positive_claim`, and what was left out and why.
    """
    kind = candidates["kind"]
    positives = candidates.filter(pc.equal(kind, POSITIVE))
    proved = positives.filter(pc.equal(positives["truth"], TRUE))
    false = candidates.filter(pc.and_(pc.equal(candidates["truth"], FALSE), pc.not_equal(kind, POSITIVE)))
    keys = _record_key(proved)
    owner = codes_of(_record_key(false), keys)
    denied = len(np.unique(owner[owner >= 0]))

    captions = captions.filter(pc.equal(captions["status"], "ok"))
    sentences = Sentences(captions)
    usable = np.flatnonzero((owner >= 0) & sentences.usable(false["claim_id"]))
    usable = usable[_first_of_each_claim(false, owner, usable)]
    false = false.take(pa.array(usable))
    hashes = hash_texts(f"{seed}\t{key}" for key in keys.to_pylist())
    counterpart = _counterparts(proved["image_id"], images)
    choice = Chooser(proved, false, owner[usable], hashes, sentences, counterpart).choose(balance, seed)
    dropped = Counter(
        {
            NOT_PROVED: positives.num_rows - proved.num_rows,
            NO_NEGATIVE: proved.num_rows - denied,
            FEW_SENTENCES: denied - len(choice.records) - choice.alone,
        }
    )
    if balance is Balance.STRICT:
        dropped[NO_GROUP] = choice.alone
    return _caption_columns(proved, false, captions, choice), dropped


def _record_key(table: pa.Table) -> pa.Array:
    return pc.binary_join_element_wise(table["image_id"], table["positive_claim"], "\t").combine_chunks()


def _counterparts(pictures: pa.ChunkedArray, images: pa.Table) -> pa.Array:
    """The counterpart of each picture, null where it has none."""
    place = codes_of(pictures, images["image_id"].combine_chunks())
    return images["counterpart_id"].combine_chunks().take(pa.array(place, mask=place < 0))


def _first_of_each_claim(false: pa.Table, owner: Integers, rows: Integers) -> Integers:
    """Of several rows with one record and claim, the one of least rank and kind; places in `rows`."""
    claim = codes_of(false["claim_id"], pc.unique(false["claim_id"]))[rows]
    kinds = pc.unique(false["kind"]).sort()
    kind = codes_of(false["kind"], kinds)[rows]
    rank = np.asarray(false["rank"].to_numpy(), dtype=np.int64)[rows]
    order = np.lexsort((kind, rank, claim, owner[rows]))
    repeated = np.zeros(len(order), dtype=np.bool_)
    repeated[1:] = (np.diff(owner[rows][order]) == 0) & (np.diff(claim[order]) == 0)
    return np.sort(order[~repeated])


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
            "group_ids": _group_ids(_record_key(records), ids, choice),
            "caption_ids": lists(ids, all_rows),
        }
    )


def _group_ids(keys: pa.Array, caption_ids: pa.Array, choice: Choice) -> pa.Array:
    """For each record and slot the id of its group: a digest of the two records and their two sentences."""
    record, slot = np.nonzero(choice.partner >= 0)
    partner = choice.partner[record, slot]
    own, other = (
        pc.binary_join_element_wise(
            keys.take(pa.array(one)), caption_ids.take(pa.array(choice.complex_positive[one, slot])), "\t"
        )
        for one in (record, partner)
    )
    members = pc.binary_join_element_wise(
        pc.min_element_wise(own, other), pc.max_element_wise(own, other), "\n"
    )
    digits = pa.array([f"{hash_text(text):016x}" for text in members.to_pylist()], pa.string())
    place = np.full(choice.partner.shape, -1, dtype=np.int64)
    place[record, slot] = np.arange(len(record))
    flat = digits.take(pa.array(place.reshape(-1), mask=(place < 0).reshape(-1)))
    return pa.FixedSizeListArray.from_arrays(flat, SLOTS)


def count_balance(chosen: pa.Table) -> dict[str, int]:
    """How much of what `assemble` gives is balanced.

    Args:
        chosen: The columns of `assemble`, or records.

    Returns:
        Complex pairs in groups, records that have no other, and on how many sides sentences stand.
    """
    in_group = np.asarray(pc.is_valid(chosen["group_ids"].combine_chunks().flatten())).reshape(-1, SLOTS)
    caption_ids = chosen["caption_ids"].combine_chunks().flatten()
    captions = pc.unique(caption_ids)
    used = codes_of(caption_ids, captions).reshape(-1, 2 + 2 * SLOTS)
    stands = np.zeros((2, len(captions)), dtype=np.bool_)
    stands[0, used[:, [0, 2, 3, 4]]] = True
    stands[1, used[:, [1, 5, 6, 7]]] = True
    return {
        "pairs in groups": int(in_group.sum()),
        "records all in groups": int(in_group.all(axis=1).sum()),
        "sentences on both sides": int((stands[0] & stands[1]).sum()),
        "sentences only positive": int((stands[0] & ~stands[1]).sum()),
        "sentences only negative": int((stands[1] & ~stands[0]).sum()),
    }
