"""Captions for all claims of a build: which sentences each claim gets, whoever writes them."""

from __future__ import annotations

import hashlib

import pyarrow as pa

from naturel.annotations import schema
from naturel.annotations.claims import Claim
from naturel.annotations.nouns import NounTable
from naturel.annotations.relations import Vocabulary
from naturel.builders.captions.grammar import SIMPLE, Writer, choose_constructions
from naturel.builders.progress import Progress

GRAMMAR = "grammar"
"""The writer without a model."""
HUMAN = "human"
"""Whoever wrote a caption anew in a review."""


def caption_id(claim_id: str, text: str) -> str:
    """A caption's id, from its content: 16 hexadecimal digits of the SHA-256 of claim and sentence."""
    return hashlib.sha256(f"{claim_id}\t{text}".encode()).hexdigest()[:16]


def write_captions(
    claims: pa.Table, vocabulary: Vocabulary, nouns: NounTable, per_claim: int, seed: int, progress: Progress
) -> pa.Table:
    """Write captions with the grammar.

    A claim, its swap and its contrasts share their two nouns, and by them the constructions that they get, so that a
    record's positives and negatives are built alike.

    Args:
        claims: `schema.CLAIMS`; whether a claim is true anywhere is not looked at.
        vocabulary: The relations.
        nouns: The nouns.
        per_claim: Complex captions a claim.
        seed: The build's seed.
        progress: Where progress is shown.

    Returns:
        `schema.WRITTEN`, sorted by claim and construction.
    """
    words = [
        nouns.noun_for(label)
        for label in pa.chunked_array(
            [*claims["subject_label"].chunks, *claims["object_label"].chunks], pa.string()
        )
        .unique()
        .to_pylist()
    ]
    writer = Writer(
        {relation.name: relation for relation in vocabulary},
        words,
        nouns.attributes,
    )
    rows = []
    with progress.task("captions", claims.num_rows, "claims") as task:
        for row in claims.select(["claim_id", "subject", "relation", "object"]).to_pylist():
            claim = Claim(row["subject"], row["relation"], row["object"])
            sentences = {sentence.construction: sentence for sentence in writer.write(claim, seed)}
            chosen = choose_constructions(
                writer.shared_constructions(claim, seed), claim.pair_key, per_claim, seed
            )
            for name in (SIMPLE, *sorted(chosen)):
                sentence = sentences[name]
                rows.append(
                    {
                        "caption_id": caption_id(row["claim_id"], sentence.text),
                        "claim_id": row["claim_id"],
                        "text": sentence.text,
                        "style": sentence.style,
                        "construction": name,
                        "writer": GRAMMAR,
                    }
                )
            task.advance()
    return pa.Table.from_pylist(rows, schema.WRITTEN)
