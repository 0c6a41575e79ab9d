"""Gaps that a model left: which of the grammar's captions fill them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations.claims import Claim
from naturel.builders.captions.grammar import choose_constructions
from naturel.builders.checks.captions import OK
from naturel.builders.checks.text import near_duplicates


def choose_fillers(
    plain: pa.Table,
    rows: Iterable[Mapping[str, Any]],
    wanting: Mapping[str, int],
    claims: Mapping[str, Claim],
    seed: int,
) -> pa.Table:
    """Choose among the grammar's captions.

    The constructions of a claim come in the order of its nouns' hash, so that a claim and its swap are filled alike.
    A sentence that the model wrote too, or all but wrote, fills nothing.

    Args:
        plain: `schema.WRITTEN` of the grammar, in all constructions.
        rows: The model's captions, rejected ones too.
        wanting: Claim id -> how many complex captions are missing.
        claims: By claim id.
        seed: The build's seed.

    Returns:
        The rows of `plain` that are used.
    """
    gaps = pc.is_in(plain["claim_id"], value_set=pa.array(wanting.keys(), pa.string()))
    candidates: dict[str, list[dict[str, Any]]] = {}
    for row in plain.filter(pc.and_(gaps, pc.equal(plain["style"], "complex"))).to_pylist():
        candidates.setdefault(row["claim_id"], []).append(row)
    written: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        written.setdefault(row["claim_id"], []).append(row)
    used = [
        caption_id
        for claim_id, offered in candidates.items()
        for caption_id in _of_claim(
            offered, written.get(claim_id, ()), wanting[claim_id], claims[claim_id].pair_key, seed
        )
    ]
    return plain.filter(pc.is_in(plain["caption_id"], value_set=pa.array(used, pa.string())))


def _of_claim(
    offered: Iterable[Mapping[str, Any]],
    written: Iterable[Mapping[str, Any]],
    count: int,
    key: str,
    seed: int,
) -> list[str]:
    """The ids of so many captions at most, of those offered for one claim."""
    known = {row["caption_id"] for row in written}
    texts = [row["text"] for row in written if row["status"] == OK]
    by_construction = {row["construction"]: row for row in offered}
    chosen: list[str] = []
    for name in choose_constructions(list(by_construction), key, len(by_construction), seed):
        row = by_construction[name]
        repeats = any(near_duplicates([row["text"], text]) for text in texts)
        if len(chosen) < count and row["caption_id"] not in known and not repeats:
            chosen.append(row["caption_id"])
            texts.append(row["text"])
    return chosen
