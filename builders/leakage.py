"""The leakage check: what must not stand on both sides of a split does not. It runs at every release."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations.claims import ATTRIBUTE_RELATION
from naturel.annotations.errors import UserError
from naturel.annotations.joins import Integers, codes_of
from naturel.builders.near_duplicates import near_duplicates
from naturel.builders.sentences import COMPLEX
from naturel.builders.settings import Split
from naturel.builders.splits import MADE, UNSEEN_OBJECTS, UNSEEN_PAIRS, UNSEEN_RELATIONS

TRAIN = Split.TRAIN.value
SHOWN = 3


def check_leakage(records: pa.Table) -> dict[str, int]:
    """Look for what leaks between the splits of a release.

    Args:
        records: `schema.RECORDS` and the column `split`.

    Returns:
        How many different pictures, groups, sentences and claims were compared.

    Raises:
        UserError: A picture, a near-duplicate of one, a group or a sentence stands in two splits, a held-out thing,
            pair or relation in the captions of another one, or a source's own test picture trains.
    """
    if faults := list(_faults(records)):
        raise UserError("the splits leak, so no release was written: " + "; ".join(faults) + ".")
    return {
        "pictures": len(records["image_id"].unique()),
        "groups": len(pc.unique(records["group_ids"].combine_chunks().flatten()).drop_null()),
        "sentences": len(pc.unique(_complex(records))),
    }


def _faults(records: pa.Table) -> Iterator[str]:
    splits = pc.unique(records["split"])
    split = codes_of(records["split"], splits)
    train = np.asarray(pc.equal(records["split"], TRAIN), dtype=np.bool_)
    for name in ("image_id", "sha256"):
        yield from _shared(f"{name} in two splits", records[name], split)
    groups = records["group_ids"].combine_chunks().flatten()
    yield from _shared("groups in two splits", groups, np.repeat(split, COMPLEX))
    texts = _complex(records)
    yield from _shared(
        "complex captions of training that test too",
        texts,
        np.repeat(train.astype(np.int64), len(texts) // max(1, len(split))),
    )
    photos = np.flatnonzero(
        ~np.asarray(pc.is_in(records["source"], value_set=pa.array(MADE)), dtype=np.bool_)
        & np.asarray(pc.is_valid(records["phash"]), dtype=np.bool_)
    )
    names = records["image_id"].take(pa.array(photos))
    first = photos[np.unique(codes_of(names, pc.unique(names)), return_index=True)[1]]
    a, b = near_duplicates(records["phash"].take(pa.array(first)))
    parted = split[first[a]] != split[first[b]]
    yield from _told(
        "near-duplicate pictures in two splits", records["image_id"].take(pa.array(first[a[parted]]))
    )
    held = pc.and_(pc.equal(records["split"], TRAIN), pc.not_equal(records["source_split"], TRAIN))
    yield from _told("pictures of other source splits that train", records["image_id"].filter(held))
    yield from _seen(records)


def _complex(records: pa.Table) -> pa.Array:
    """The six complex captions of each record, one record after another."""
    sides = [
        np.array(records[name].combine_chunks().flatten().to_pylist(), dtype=object).reshape(-1, COMPLEX)
        for name in ("complex_positives", "complex_negatives")
    ]
    return pa.array(np.hstack(sides).reshape(-1), pa.string())


def _shared(what: str, values: pa.Array | pa.ChunkedArray, split: Integers) -> Iterator[str]:
    """Values that stand in two splits."""
    distinct = pc.unique(values).drop_null()
    code = codes_of(values, distinct)
    known = code >= 0
    low, high = (np.full(len(distinct), fill, dtype=np.int64) for fill in (np.iinfo(np.int64).max, -1))
    np.minimum.at(low, code[known], split[known])
    np.maximum.at(high, code[known], split[known])
    yield from _told(what, distinct.take(pa.array(np.flatnonzero(low < high))))


def _told(what: str, values: pa.Array | pa.ChunkedArray) -> Iterator[str]:
    if len(values):
        yield f"{len(values):,} {what}, such as {', '.join(map(repr, values[:SHOWN].to_pylist()))}"


def _seen(records: pa.Table) -> Iterator[str]:
    """What is held out and yet said in training."""
    said = _claims(records.filter(pc.equal(records["split"], TRAIN)), negatives=True)
    for name, width in ((UNSEEN_OBJECTS, 1), (UNSEEN_PAIRS, 2), (UNSEEN_RELATIONS, 3)):
        held = _claims(records.filter(pc.equal(records["split"], name)), negatives=False)
        if width == 1:
            known = {noun for subject, _, thing in said for noun in (subject, thing)}
            leaks = [f"{a} {r} {b}" for a, r, b in sorted(held) if {a, b} <= known]
        else:
            keys = {(frozenset((a, b)), r if width == 3 else "") for a, r, b in said}
            leaks = [
                f"{a} {r} {b}"
                for a, r, b in sorted(held)
                if (frozenset((a, b)), r if width == 3 else "") in keys
            ]
        yield from _told(f"claims of {name} that training says", pa.array(leaks, pa.string()))


def _claims(records: pa.Table, *, negatives: bool) -> set[tuple[str, str, str]]:
    """The distinct claims of records, with two things each, without attributes."""
    own = pa.StructArray.from_arrays(
        [
            pc.struct_field(records["subject"], "noun").combine_chunks(),
            records["relation"].combine_chunks(),
            pc.struct_field(records["object"], "noun").combine_chunks(),
        ],
        names=["subject", "relation", "object"],
    )
    parts = [own]
    if negatives:
        parts.append(records["negative_claims"].combine_chunks().flatten())
    found = set()
    for part in parts:
        table = pa.Table.from_struct_array(part).group_by(["subject", "relation", "object"]).aggregate([])
        found |= {(row["subject"], row["relation"], row["object"]) for row in table.to_pylist()}
    return {claim for claim in found if claim[1] != ATTRIBUTE_RELATION}
