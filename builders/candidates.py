"""The claims that a record could deny: its triplet's swap, contrasts and other attributes, each judged."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations import schema
from naturel.annotations.claims import Claim
from naturel.annotations.joins import codes_of, matches
from naturel.annotations.nouns import NounTable
from naturel.annotations.relations import Kind, Symmetry, Vocabulary
from naturel.annotations.truth import FALSE, TRUE, Evidence, judge

POSITIVE = "positive"
SWAP, CONTRAST, ATTRIBUTE = "swap", "contrast", "attribute"


@dataclass(frozen=True, order=True)
class Triplet:
    """A triplet of source labels (for `is`, the object is an attribute label)."""

    subject_label: str
    relation: str
    object_label: str


def negatives_of(triplet: Triplet, vocabulary: Vocabulary, nouns: NounTable) -> list[tuple[Triplet, str]]:
    """What a negative of a triplet could claim, best first, with its kind; nothing is said of its truth yet."""
    subject, relation, thing = triplet.subject_label, vocabulary[triplet.relation], triplet.object_label
    if relation.kind == Kind.ATTRIBUTE:
        excludes = nouns.attributes[thing].excludes if thing in nouns.attributes else ()
        return [(Triplet(subject, relation.name, other), ATTRIBUTE) for other in excludes]
    negatives = [(Triplet(subject, other, thing), CONTRAST) for other in relation.contrasts]
    if relation.symmetry != Symmetry.SYMMETRIC and subject != thing:
        negatives.insert(0, (Triplet(thing, relation.name, subject), SWAP))
    return negatives


def claim_of(triplet: Triplet, vocabulary: Vocabulary, nouns: NounTable) -> Claim:
    """The claim, in nouns, that a triplet of labels makes."""
    subject = nouns.noun_for(triplet.subject_label).noun
    if vocabulary[triplet.relation].kind == Kind.ATTRIBUTE:
        return Claim(subject, triplet.relation, triplet.object_label)
    return Claim(subject, triplet.relation, nouns.noun_for(triplet.object_label).noun)


@dataclass(frozen=True)
class JudgedClaims:
    """Every claim, and what became of it in each picture."""

    claims: pa.Table
    """`schema.CLAIMS`: those that are a positive, or proved false for a record, somewhere."""
    candidates: pa.Table
    """`schema.CANDIDATES`, and the positives themselves with the kind `positive` and rank -1."""
    outcomes: Counter[str]
    """How many candidates were judged what, by kind: `swap: false (antisymmetric)`."""


def judge_candidates(
    triplets: pa.Table, evidence: Evidence, vocabulary: Vocabulary, nouns: NounTable
) -> JudgedClaims:
    """Judge every record's positive and its possible negatives.

    Args:
        triplets: `schema.TRIPLETS`.
        evidence: What is known about the pictures, boxes upright.
        vocabulary: The relations.
        nouns: The nouns.

    Returns:
        The claims and the judged candidates.
    """
    key = ["subject_label", "relation", "object_label"]
    distinct = sorted(
        Triplet(*row.values())
        for row in triplets.select(key).group_by(key).aggregate([]).select(key).to_pylist()
    )
    plan = [(i, positive, POSITIVE, -1) for i, positive in enumerate(distinct)]
    for i, positive in enumerate(distinct):
        negatives = negatives_of(positive, vocabulary, nouns)
        plan += [(i, negative, kind, rank) for rank, (negative, kind) in enumerate(negatives)]
    claims = [claim_of(triplet, vocabulary, nouns) for _, triplet, _, _ in plan]

    names = pa.array(["\t".join((t.subject_label, t.relation, t.object_label)) for t in distinct])
    row_key = pc.binary_join_element_wise(*(triplets[name] for name in key), "\t")
    row, entry = matches(codes_of(row_key, names), np.array([i for i, *_ in plan], dtype=np.int64))

    asked = pa.table(
        {
            "image_id": triplets["image_id"].take(pa.array(row)),
            "subject_label": pa.array([t.subject_label for _, t, _, _ in plan]).take(pa.array(entry)),
            "relation": pa.array([t.relation for _, t, _, _ in plan]).take(pa.array(entry)),
            "object_label": pa.array([t.object_label for _, t, _, _ in plan]).take(pa.array(entry)),
        }
    )
    verdicts = judge(asked, evidence, vocabulary, nouns)
    ids = pa.array([claim.claim_id for claim in claims])
    positive_ids = pa.array([claim_of(t, vocabulary, nouns).claim_id for t in distinct])
    candidates = pa.table(
        {
            "image_id": asked["image_id"],
            "positive_claim": positive_ids.take(pa.array([i for i, *_ in plan]).take(pa.array(entry))),
            "claim_id": ids.take(pa.array(entry)),
            "kind": pa.array([kind for *_, kind, _ in plan]).take(pa.array(entry)),
            "rank": pa.array([rank for *_, rank in plan], pa.int16()).take(pa.array(entry)),
            "truth": verdicts["truth"],
            "proof": verdicts["proof"],
        }
    )
    table = _claim_table(plan, claims, candidates)
    return JudgedClaims(table, candidates.select(schema.CANDIDATES.names), _outcomes(candidates))


def _claim_table(
    plan: list[tuple[int, Triplet, str, int]], claims: list[Claim], candidates: pa.Table
) -> pa.Table:
    counts = {}
    for truth in (TRUE, FALSE):
        chosen = candidates.filter(pc.equal(candidates["truth"], truth))
        per_claim = chosen.group_by("claim_id").aggregate([("image_id", "count_distinct")])
        counts[truth] = dict(
            zip(
                per_claim["claim_id"].to_pylist(),
                per_claim["image_id_count_distinct"].to_pylist(),
                strict=True,
            )
        )
    rows = {}
    for (_, triplet, _, _), claim in zip(plan, claims, strict=True):
        rows[claim.claim_id] = {
            "claim_id": claim.claim_id,
            "subject": claim.subject,
            "relation": claim.relation,
            "object": claim.object,
            "subject_label": triplet.subject_label,
            "object_label": triplet.object_label,
            "images_true": counts[TRUE].get(claim.claim_id, 0),
            "images_false": counts[FALSE].get(claim.claim_id, 0),
        }
    used = [row for row in rows.values() if row["images_true"] or row["images_false"]]
    return pa.Table.from_pylist(used, schema.CLAIMS)


def _outcomes(candidates: pa.Table) -> Counter[str]:
    counted = candidates.group_by(["kind", "truth", "proof"]).aggregate([([], "count_all")])
    outcomes: Counter[str] = Counter()
    for row in counted.to_pylist():
        proof = f" ({row['proof']})" if row["proof"] else ""
        outcomes[f"{row['kind']}: {row['truth']}{proof}"] = row["count_all"]
    return outcomes
