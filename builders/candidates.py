"""The claims that a record could deny: its triplet's swap, contrasts and other attributes, each judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations import schema
from naturel.annotations.claims import Claim
from naturel.annotations.joins import Integers, codes_of, distinct, matches
from naturel.annotations.nouns import NounTable
from naturel.annotations.relations import Kind, Symmetry, Vocabulary
from naturel.annotations.truth import FALSE, TRUE, Evidence
from naturel.builders.choice import hash_texts, mix, seeded
from naturel.builders.parts import judge_in_parts
from naturel.builders.settings import Negative

POSITIVE = "positive"
SWAP, CONTRAST, ATTRIBUTE, SUBJECT, OBJECT = (kind.value for kind in Negative)
KINDS = (POSITIVE, SWAP, CONTRAST, ATTRIBUTE, SUBJECT, OBJECT)
"""A positive, and the kinds of negatives: roles swapped, another relation of the same two, another attribute, and
the subject or the object replaced by a thing that is verified absent from the picture."""

REPLACEMENTS = 4
"""Replacements tried a record and side."""
REPLACEMENT_RANK = 100
"""Replacements come after swaps and contrasts."""

_KEY = ["subject_label", "relation", "object_label"]


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
        attribute = nouns.attribute_for(thing)
        excludes = attribute.excludes if attribute else ()
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


def claimed_triplets(triplets: pa.Table, vocabulary: Vocabulary, nouns: NounTable) -> pa.Table:
    """Name the claim of each triplet. Labels of several sources may make one claim: "Jeans" and "jeans" are one noun.

    Args:
        triplets: `schema.TRIPLETS`.
        vocabulary: The relations.
        nouns: The nouns.

    Returns:
        `schema.CLAIMED_TRIPLETS`; of several rows of one picture and claim, the first by its labels.
    """
    own = _distinct(triplets)
    ids = pa.array([claim_of(one, vocabulary, nouns).claim_id for one in own], pa.string())
    code = codes_of(pc.binary_join_element_wise(*(triplets[name] for name in _KEY), "\t"), _names(own))
    claims = ids.take(pa.array(code))
    images = pc.unique(triplets["image_id"])
    image, claim = codes_of(triplets["image_id"], images), codes_of(claims, pc.unique(ids))
    order = np.lexsort((code, claim, image))
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = (np.diff(image[order]) != 0) | (np.diff(claim[order]) != 0)
    rows = pa.array(np.sort(order[new]))
    return triplets.append_column("claim_id", claims).take(rows).select(schema.CLAIMED_TRIPLETS.names)


def _distinct(triplets: pa.Table) -> list[Triplet]:
    """The different triplets, sorted."""
    return sorted(
        Triplet(*row.values()) for row in triplets.group_by(_KEY).aggregate([]).select(_KEY).to_pylist()
    )


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
    triplets: pa.Table,
    evidence: Evidence,
    vocabulary: Vocabulary,
    nouns: NounTable,
    seed: int,
    kinds: Collection[str] = KINDS,
) -> JudgedClaims:
    """Judge every record's positive and its possible negatives.

    Args:
        triplets: `schema.TRIPLETS`.
        evidence: What is known about the pictures, boxes upright.
        vocabulary: The relations.
        nouns: The nouns.
        seed: The build's seed; it chooses among many replacements.
        kinds: The kinds of negatives that are wanted.

    Returns:
        The claims and the judged candidates.
    """
    universe, entries = _plan(triplets, evidence.absent_labels, vocabulary, nouns, seed, kinds)
    labels = {name: pa.array([getattr(t, name) for t in universe], pa.string()) for name in _KEY}
    ids = pa.array([claim_of(t, vocabulary, nouns).claim_id for t in universe], pa.string())
    claim, positive = pa.array(entries.claim), pa.array(entries.positive)
    asked = pa.table(
        {"image_id": triplets["image_id"].take(pa.array(entries.row))}
        | {name: column.take(claim) for name, column in labels.items()}
    )
    verdicts = judge_in_parts(asked, evidence, vocabulary, nouns)
    candidates = pa.table(
        {
            "image_id": asked["image_id"],
            "positive_claim": ids.take(positive),
            "claim_id": ids.take(claim),
            "kind": pa.array(KINDS).take(pa.array(entries.kind)),
            "rank": pa.array(entries.rank, pa.int16()),
            "truth": verdicts["truth"],
            "proof": verdicts["proof"],
        }
    )
    table = _claim_table(universe, candidates, vocabulary, nouns)
    return JudgedClaims(table, candidates.select(schema.CANDIDATES.names), _outcomes(candidates))


@dataclass(frozen=True)
class _Entries:
    """Questions to be judged: numbers of a triplet row, of its own and of the asked triplet, kind and rank."""

    row: Integers
    positive: Integers
    claim: Integers
    kind: Integers
    rank: Integers


def _plan(
    triplets: pa.Table,
    absent: pa.Table,
    vocabulary: Vocabulary,
    nouns: NounTable,
    seed: int,
    kinds: Collection[str],
) -> tuple[list[Triplet], _Entries]:
    """All triplets that are to be judged somewhere, and where."""
    own = _distinct(triplets)
    place = {triplet: i for i, triplet in enumerate(own)}
    static = [(i, i, KINDS.index(POSITIVE), -1) for i in range(len(own))]
    for i, positive in enumerate(own):
        for rank, (negative, kind) in enumerate(negatives_of(positive, vocabulary, nouns)):
            if kind in kinds:
                number = place.setdefault(negative, len(place))
                static.append((i, number, KINDS.index(kind), rank))
    plan = np.array(static, dtype=np.int64).reshape(-1, 4)
    code = codes_of(pc.binary_join_element_wise(*(triplets[name] for name in _KEY), "\t"), _names(own))
    row, entry = matches(code, plan[:, 0])
    parts = [np.stack([row, plan[entry, 0], plan[entry, 1], plan[entry, 2], plan[entry, 3]])]
    for kind in (SUBJECT, OBJECT):
        if kind in kinds:
            parts.append(_replacements(triplets, code, absent, own, kind, seed))
    return list(place), _Entries(*np.concatenate(parts, axis=1))


def _names(triplets: list[Triplet]) -> pa.Array:
    return pa.array(["\t".join((t.subject_label, t.relation, t.object_label)) for t in triplets], pa.string())


def _replacements(
    triplets: pa.Table, code: Integers, absent: pa.Table, own: list[Triplet], kind: str, seed: int
) -> Integers:
    """Put a thing that is verified absent in the place of the subject or the object.

    Only triplets that are a positive elsewhere in the build are made, so that the words alone tell nothing. They are
    drawn as often as they are positives: so each is denied about as often as it is stated, and two triplets that
    replace each other find as many records on either side.
    """
    column = "subject_label" if kind == SUBJECT else "object_label"
    images = pc.unique(triplets["image_id"])
    image = codes_of(triplets["image_id"], images)
    row, at = matches(image, codes_of(absent["image_id"], images))
    rows = triplets.take(pa.array(row))
    replaced = {name: rows[name] for name in _KEY} | {column: absent["label"].take(pa.array(at))}
    claim = codes_of(pc.binary_join_element_wise(*(replaced[name] for name in _KEY), "\t"), _names(own))
    useful = (claim >= 0) & (claim != code[row])
    row, claim = distinct(row[useful], claim[useful])
    names = hash_texts(_names(own).to_pylist())
    pictures = hash_texts(images.to_pylist())
    chance = mix(seeded(seed), pictures[image[row]], names[code[row]], names[claim])
    even = (chance >> np.uint64(11)).astype(np.float64) + 0.5  # over 2 ** 53: in (0, 1)
    weight = np.bincount(code, minlength=len(own))[claim]
    order = np.lexsort(
        (claim, (53 * np.log(2) - np.log(even)) / weight, row)
    )  # the smallest of exponential draws
    row, claim = row[order], claim[order]
    rank = np.arange(len(row)) - np.searchsorted(row, row)
    keep = rank < REPLACEMENTS
    row, claim, rank = row[keep], claim[keep], rank[keep]
    return np.stack([row, code[row], claim, np.full(len(row), KINDS.index(kind)), REPLACEMENT_RANK + rank])


def _claim_table(
    universe: list[Triplet], candidates: pa.Table, vocabulary: Vocabulary, nouns: NounTable
) -> pa.Table:
    """The claims that are proved somewhere, with the number of pictures."""
    counts = {}
    for truth in (TRUE, FALSE):
        chosen = candidates.filter(pc.equal(candidates["truth"], truth))
        pairs = chosen.group_by(["claim_id", "image_id"]).aggregate([])
        counts[truth] = {
            entry["values"]: entry["counts"] for entry in pairs["claim_id"].value_counts().to_pylist()
        }
    rows: dict[str, dict[str, str | int]] = {}
    # Of several labels for one noun that of the noun table stands: those of other sources are below it.
    for triplet in sorted(universe, key=lambda one: _own_labels(one, nouns)):
        claim = claim_of(triplet, vocabulary, nouns)
        true, false = (counts[truth].get(claim.claim_id, 0) for truth in (TRUE, FALSE))
        if true or false:
            rows[claim.claim_id] = {
                "claim_id": claim.claim_id,
                "subject": claim.subject,
                "relation": claim.relation,
                "object": claim.object,
                "subject_label": triplet.subject_label,
                "object_label": triplet.object_label,
                "images_true": true,
                "images_false": false,
            }
    return pa.Table.from_pylist(list(rows.values()), schema.CLAIMS)


def _own_labels(triplet: Triplet, nouns: NounTable) -> int:
    """How many of a triplet's labels the noun table has of its own."""
    return sum(bool(nouns.noun_for(label).mid) for label in (triplet.subject_label, triplet.object_label))


def _outcomes(candidates: pa.Table) -> Counter[str]:
    counted = candidates.group_by(["kind", "truth", "proof"]).aggregate([([], "count_all")])
    outcomes: Counter[str] = Counter()
    for row in counted.to_pylist():
        proof = f" ({row['proof']})" if row["proof"] else ""
        outcomes[f"{row['kind']}: {row['truth']}{proof}"] = row["count_all"]
    return outcomes
