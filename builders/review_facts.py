"""What a manifest says of a review: how much was judged, by how many, with what agreement; nobody's name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations.agreement import (
    Agreement,
    Votes,
    by_group,
    measure,
    of_reason,
    of_verdicts,
    votes_of,
)
from naturel.annotations.decisions import Decision, caption_key_of
from naturel.annotations.joins import codes_of
from naturel.annotations.verdicts import replay, resolve

POSITIVES = (0, 2, 3, 4)
"""Where the positives stand in a record's `caption_ids`; the negatives have the other places."""
NEGATIVES = (1, 5, 6, 7)


def review_facts(
    decisions: Sequence[Decision], groups: Mapping[str, Sequence[str]], reviewed: pa.ChunkedArray
) -> dict[str, Any]:
    """Count what was decided, and measure the agreement.

    Args:
        decisions: All of a build.
        groups: Of captions, as `caption_groups` gives them.
        reviewed: Of each record whether it was reviewed.

    Returns:
        `records` (how many were reviewed), `annotators` and `adjudicators` (how many), `judged` (keys by kind),
        `outcomes` (by kind and verdict), `reasons` of outcomes, `disputed` (keys), and `agreement`: rows of group,
        units, raw, alpha and prevalence, the first of which is over everything. Empty where nothing was decided.
    """
    standing = replay(decisions)
    resolved = resolve(standing)
    decided = [decision for decision in standing.values() if decision.decides]
    if not decided:
        return {}
    votes = votes_of(decisions)
    outcomes = [outcome.decision for outcome in resolved.outcomes.values()]
    kinds = {decision.key: str(decision.kind) for decision in decided}
    reasons = Counter(f"{one.kind}: {one.reason}" for one in outcomes if one.reason)
    return {
        "records": int(pc.sum(reviewed).as_py() or 0),
        "annotators": len({decision.annotator for decision in decided}),
        "adjudicators": len({decision.annotator for decision in decided if decision.adjudication}),
        "judged": dict(sorted(Counter(kinds.values()).items())),
        "outcomes": dict(sorted(Counter(f"{one.kind}: {one.verdict}" for one in outcomes).items())),
        "reasons": dict(sorted(reasons.items())),
        "disputed": len(resolved.disputed),
        "agreement": [_row(name, found) for name, found in agreements(votes, groups).items() if found.units],
    }


def agreements(votes: Votes, groups: Mapping[str, Sequence[str]]) -> dict[str, Agreement]:
    """Agreement about verdicts over everything, by kind and by group of captions, and about each reason."""

    def groups_of(key: str, decision: Decision) -> Iterable[str]:
        return (f"kind: {decision.kind}", *groups.get(key, ()))

    found = {"everything": measure(of_verdicts(votes)), **by_group(votes, groups_of)}
    given = {(one.kind, one.reason) for by_name in votes.values() for one in by_name.values() if one.reason}
    for kind, reason in sorted(given):
        of_kind = {
            key: by_name for key, by_name in votes.items() if next(iter(by_name.values())).kind is kind
        }
        about = measure(of_reason(of_kind, reason))
        if reason in about.prevalence:
            found[f"reason: {kind}, {reason}"] = about
    return found


def caption_groups(captions: pa.Table, caption_ids: pa.Array) -> dict[str, tuple[str, ...]]:
    """The groups in which captions are compared: by style, and by the side of records on which they stand.

    Args:
        captions: `schema.CAPTIONS`, of it `caption_id`, `claim_id`, `text` and `style`.
        caption_ids: Those of all records, one after the other: 8 a record.

    Returns:
        Key of a decision -> `style: simple` or `style: complex`; and `use: positive`, `use: negative`, both, or
        neither where the caption stands in no record.
    """
    used = codes_of(caption_ids, captions["caption_id"].combine_chunks()).reshape(-1, 8)
    sides = {}
    for name, places in (("positive", POSITIVES), ("negative", NEGATIVES)):
        sides[f"use: {name}"] = np.bincount(used[:, places].ravel(), minlength=captions.num_rows) > 0
    groups = {}
    for row, caption in enumerate(captions.select(["text", "claim_id", "style"]).to_pylist()):
        uses = (side for side, stands in sides.items() if stands[row])
        groups[caption_key_of(caption["text"], caption["claim_id"])] = (f"style: {caption['style']}", *uses)
    return groups


def _row(name: str, found: Agreement) -> dict[str, Any]:
    def rounded(value: float | None) -> float | None:
        return None if value is None else round(value, 4)

    return {
        "group": name,
        "units": found.units,
        "raw": rounded(found.raw),
        "alpha": rounded(found.alpha),
        "prevalence": {label: round(share, 4) for label, share in found.prevalence.items()},
    }
