"""The review step: the tables of a build after people's decisions, and the records assembled from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from naturel.annotations.decisions import Kind
from naturel.annotations.nouns import NounTable
from naturel.annotations.relations import Vocabulary
from naturel.annotations.truth import TRUE, Evidence, judge
from naturel.builders.assemble import assemble
from naturel.builders.candidates import POSITIVE
from naturel.builders.checks.captions import check_captions
from naturel.builders.checks.check import Checker
from naturel.builders.decided import (
    Decided,
    DecidedPictures,
    decide_captions,
    decide_pictures,
    move_boxes,
    overrule,
    recount,
    reject_pictures,
    without,
    without_relations,
)
from naturel.builders.mend import Revised, mend
from naturel.builders.negative_images import Known
from naturel.builders.progress import Progress
from naturel.builders.settings import Balance
from naturel.builders.upright import of_images
from naturel.builders.workspace import Step, StepResult

REVIEW = "review"
"""The step's name."""

_WRITTEN = ("captions", "edits", "candidates", "claims", "gone", "boxes", "rejected")


_STEPS = {
    "images": "source",
    "triplets": "claims",
    "relations": "source",
    "absent_labels": "source",
    "pictures": "pictures",
    "objects": "claims",
    "claims": "claims",
    "candidates": "claims",
    "captions": "captions",
}
"""Table -> the step that writes it."""


class Tables:
    """A build's tables by name, each read when it is asked for: they are large, and few are needed at a time."""

    def __init__(self, steps: Sequence[Step]) -> None:
        """Takes finished steps."""
        self._steps = {step.name: step for step in steps}

    def __getitem__(self, name: str) -> pa.Table:
        return self._steps[_STEPS[name]].table(name)


def read_reviewed(steps: Sequence[Step]) -> Reviewed | None:
    """What the review step wrote; None where there was none."""
    return next((Reviewed.read(step.folder) for step in steps if step.name == REVIEW), None)


def review(
    folder: Path,
    tables: Tables,
    decided: Decided,
    vocabulary: Vocabulary,
    nouns: NounTable,
    progress: Progress,
) -> StepResult:
    """Write what decisions change.

    Args:
        folder: Where the step's tables are written.
        tables: Those before decisions.
        decided: The decisions.
        vocabulary: The relations.
        nouns: The nouns.
        progress: Where progress is shown.
    """

    def check(written: pa.Table) -> pa.Table:
        return (
            check_captions(written, tables["claims"], Checker(), progress)[0] if written.num_rows else written
        )

    said = decide_captions(tables["captions"], decided.of(Kind.CAPTION), check)
    seen = decide_pictures(
        tables["pictures"], tables["candidates"], tables["claims"], tables["triplets"], decided
    )
    revised = _judge_again(tables, seen, vocabulary, nouns)
    after = _after(tables["candidates"], revised, seen.gone)
    parts = {
        "captions": said.table,
        "edits": said.edits,
        "candidates": revised,
        "claims": recount(tables["claims"], after),
        "gone": seen.gone,
        "boxes": seen.boxes,
        "rejected": seen.rejected,
    }
    for name, table in parts.items():
        pq.write_table(table, folder / f"{name}.parquet")
    counts = {
        "decisions": len(decided.outcomes),
        "captions": int(pc.sum(pc.equal(said.table["status"], "ok")).as_py() or 0),
        "captions edited": said.edits.num_rows,
        "boxes drawn": seen.boxes.num_rows,
        "claims that people say are true": seen.true.num_rows,
    }
    return StepResult(counts, dict(said.dropped), _notes(decided, said.unknown + seen.unknown))


def _notes(decided: Decided, unknown: int) -> list[str]:
    notes = []
    if unknown:
        notes.append(
            f"{unknown:,} decisions are about sentences, pictures or claims that this build does not have; they are "
            "kept for builds that have them."
        )
    if decided.resolved.disputed:
        notes.append(
            f"{len(decided.resolved.disputed):,} decisions are disputed, and nothing was done about them."
        )
    if decided.faults:
        notes.append(f"{len(decided.faults):,} lines of the journals are no decisions, and were left out.")
    return notes


def _judge_again(tables: Tables, seen: DecidedPictures, vocabulary: Vocabulary, nouns: NounTable) -> pa.Table:
    """The candidates of the pictures that were decided about, with their truth after decisions.

    Where what is known of a picture changed, a box or a relation, its claims are judged again.
    """
    decided = pa.concat_tables([part.select(["image_id"]) for part in (seen.gone, seen.true, seen.boxes)])
    candidates = of_images(tables["candidates"], decided)
    changed = pa.concat_tables([part.select(["image_id"]) for part in (seen.gone, seen.boxes)])
    asked = of_images(candidates, changed)
    known = tables["claims"]["claim_id"].combine_chunks()
    asked = asked.filter(pc.is_in(asked["claim_id"], value_set=known))
    if not asked.num_rows:
        return overrule(candidates, seen.true)
    claims = tables["claims"].take(pc.index_in(asked["claim_id"], value_set=known))
    labels = ["subject_label", "relation", "object_label"]
    questions = pa.table({"image_id": asked["image_id"]} | {name: claims[name] for name in labels})
    evidence = Evidence(
        of_images(move_boxes(tables["objects"], seen.boxes), changed),
        of_images(tables["absent_labels"], changed),
        without_relations(of_images(tables["relations"], changed), tables["triplets"], seen.gone),
        tables["images"].filter(tables["images"]["boxes_complete"])["image_id"].combine_chunks(),
    )
    verdicts = judge(questions, evidence, vocabulary, nouns)
    for name in ("truth", "proof"):
        asked = asked.set_column(asked.schema.get_field_index(name), name, verdicts[name])
    others = candidates.filter(
        pc.invert(pc.is_in(candidates["image_id"], value_set=changed["image_id"].combine_chunks()))
    )
    return overrule(pa.concat_tables([others, asked]), seen.true)


def _after(candidates: pa.Table, revised: pa.Table, gone: pa.Table) -> pa.Table:
    """All candidates after decisions."""
    others = candidates.filter(
        pc.invert(pc.is_in(candidates["image_id"], value_set=revised["image_id"].combine_chunks()))
    )
    return without(pa.concat_tables([others, revised]), "positive_claim", gone)


@dataclass(frozen=True)
class Reviewed:
    """The review step's tables."""

    captions: pa.Table
    edits: pa.Table
    candidates: pa.Table
    claims: pa.Table
    gone: pa.Table
    boxes: pa.Table
    rejected: pa.Table

    @classmethod
    def read(cls, folder: Path) -> Reviewed:
        """What `review` wrote."""
        return cls(**{name: pq.read_table(folder / f"{name}.parquet") for name in _WRITTEN})

    def apply(self, known: Known) -> Known:
        """What is known of all pictures after decisions."""
        return Known(
            candidates=_after(known.candidates, self.candidates, self.gone),
            claims=self.claims,
            triplets=known.triplets,
            objects=move_boxes(known.objects, self.boxes),
            images=known.images,
            pictures=reject_pictures(known.pictures, self.rejected),
        )

    def of_split(self, candidates: pa.Table, captions: pa.Table) -> Revised:
        """What decisions change in a part of the build: its claims, and its captions with what was made of them.

        Args:
            candidates: Its part of `schema.CANDIDATES`, before decisions.
            captions: Its part of `schema.CAPTIONS`, before decisions.
        """
        own = set(captions["caption_id"].to_pylist())
        texts = dict(zip(*(self.captions[name].to_pylist() for name in ("caption_id", "text")), strict=True))
        rows = self.edits.to_pylist()
        written = {row["edited_id"] for row in rows if row["written"]}
        elsewhere = {text for caption, text in texts.items() if caption not in own and caption not in written}
        edits = []
        for row in rows:  # an edit of an edit comes after it
            old, new = row["caption_id"], row["edited_id"]
            # A sentence that stands elsewhere, or was written there first, would be in two splits.
            free = row["written"] and texts[new] not in elsewhere
            elsewhere.add(texts[new])
            if old in own and (new in own or free):
                edits.append(row)
                own.add(new)
        mine = pc.is_in(_places(self.candidates), value_set=_places(candidates))
        return Revised(
            captions=self.captions.filter(
                pc.is_in(self.captions["caption_id"], value_set=pa.array(sorted(own)))
            ),
            edits=pa.Table.from_pylist(edits, self.edits.schema),
            candidates=self.candidates.filter(mine),
            gone=self.gone,
        )


def _places(candidates: pa.Table) -> pa.Array:
    names = ("image_id", "positive_claim", "claim_id", "kind")
    key = pc.binary_join_element_wise(*(candidates[name] for name in names), "\t")
    return key.combine_chunks() if isinstance(key, pa.ChunkedArray) else key


def assemble_reviewed(
    candidates: pa.Table,
    captions: pa.Table,
    images: pa.Table,
    reviewed: Reviewed | None,
    seed: int,
    balance: Balance,
) -> tuple[pa.Table, Counter[str]]:
    """Assemble records, and let decisions change as few of them as can be.

    Where every sentence must be balanced, leaving one record out leaves others without a partner: then all are
    assembled anew.

    Args:
        candidates: `schema.CANDIDATES` before decisions, of one split.
        captions: `schema.CAPTIONS` before decisions, of the same.
        images: `schema.IMAGES`.
        reviewed: What decisions change; None: nothing was decided.
        seed: The build's seed.
        balance: As for `assemble`.

    Returns:
        As `assemble`.
    """
    if reviewed is None:
        return assemble(candidates, captions, seed, balance, images)
    revised = reviewed.of_split(candidates, captions)
    if balance is Balance.STRICT:
        after = _after(candidates, revised.candidates, revised.gone)
        chosen, dropped = assemble(after, revised.captions, seed, balance, images)
        return chosen, dropped + _left_out(candidates, revised.gone)
    chosen, dropped = assemble(candidates, captions, seed, balance, images)
    mended, lost = mend(chosen, candidates, revised, seed)
    return mended, dropped + lost


def _left_out(candidates: pa.Table, gone: pa.Table) -> Counter[str]:
    """How many proved positives make no record any more, by reason."""
    positives = candidates.filter(
        pc.and_(pc.equal(candidates["kind"], POSITIVE), pc.equal(candidates["truth"], TRUE))
    )
    proved = set(zip(positives["image_id"].to_pylist(), positives["positive_claim"].to_pylist(), strict=True))
    rows = gone.to_pylist()
    return Counter(
        f"record: {row['reason']}" for row in rows if (row["image_id"], row["positive_claim"]) in proved
    )
