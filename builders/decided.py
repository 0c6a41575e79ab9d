"""What people decided about a build, and what it changes in the build's tables.

Decisions come after captions: source, pictures, claims and captions are what they are without them, so that a
decision asks no model again. What they change here is small: captions are rejected or replaced, and the pictures that
somebody decided about are judged again. `mend.py` puts that into records.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations import schema
from naturel.annotations.decisions import (
    NEGATIVE_IS_TRUE,
    Decision,
    Kind,
    Verdict,
    caption_key_of,
)
from naturel.annotations.errors import UserError
from naturel.annotations.joins import codes_of
from naturel.annotations.journal import REVIEW, Fault, read_journals
from naturel.annotations.truth import FALSE, TRUE
from naturel.annotations.verdicts import Resolved, replay, resolve
from naturel.builders.captions.writer import HUMAN, caption_id
from naturel.builders.checks.captions import OK, REJECTED
from naturel.builders.workspace import digest_of

EDITED = "review: edited"
PROOF = "human"
EDITS = pa.schema({"caption_id": pa.string(), "edited_id": pa.string(), "written": pa.bool_()})
"""What people made of captions: of which, into which, and whether that was not there before."""


@dataclass(frozen=True)
class Decided:
    """All decisions about a build."""

    decisions: tuple[Decision, ...]
    faults: tuple[Fault, ...]
    """Lines of journals that are no decisions."""
    resolved: Resolved

    @property
    def outcomes(self) -> dict[str, Decision]:
        """Key -> the decision that counts."""
        return {key: outcome.decision for key, outcome in self.resolved.outcomes.items()}

    def of(self, kind: Kind) -> dict[str, Decision]:
        """The outcomes of a kind."""
        return {key: decision for key, decision in self.outcomes.items() if decision.kind is kind}

    @property
    def digest(self) -> str:
        """Of what is to be done and told; who said it, and when, does not matter."""
        said = {
            key: [one.verdict, one.text, one.reason, one.boxes.model_dump() if one.boxes else None]
            for key, one in self.outcomes.items()
        }
        return digest_of([said, len(self.resolved.disputed), len(self.faults)])


def read_decided(out: Path, folder: Path | None) -> Decided:
    """Read the decisions about a build.

    Args:
        out: The build's folder; its journals are in `review`.
        folder: Where journals are instead; None: there.

    Raises:
        UserError: The folder that was named is none, or a journal cannot be read.
    """
    if folder is not None and not folder.is_dir():
        raise UserError(f"--decisions {folder} is not a folder. Give one with journals (ANNOTATOR.jsonl).")
    reading = read_journals(folder or out / REVIEW)
    return Decided(tuple(reading.decisions), tuple(reading.faults), resolve(replay(reading.decisions)))


@dataclass(frozen=True)
class DecidedCaptions:
    """The captions of a build after decisions."""

    table: pa.Table
    """`schema.CAPTIONS`, with those that people wrote at the end."""
    edits: pa.Table
    """`caption_id`, `edited_id`: the caption that people made of it, and whether it was `written` for that."""
    dropped: Counter[str]
    """Captions that stood and do not any more, by reason; and what people wrote and the checks rejected."""
    unknown: int
    """Decisions about sentences that the build does not have."""


def decide_captions(
    captions: pa.Table, decided: Mapping[str, Decision], check: Callable[[pa.Table], pa.Table]
) -> DecidedCaptions:
    """Reject captions, and put in what they are to be instead.

    Args:
        captions: `schema.CAPTIONS`. One that the checks rejected keeps their reason.
        decided: Outcomes of captions, by key.
        check: Makes `schema.CAPTIONS` of `schema.WRITTEN`.
    """
    rows = captions.to_pylist()
    before = {row["caption_id"] for row in rows}
    known = set(before)
    against: dict[str, str] = {}
    edits: list[dict[str, Any]] = []
    found = set()
    for row in rows:  # grows: what was written may have been decided about too
        key = caption_key_of(row["text"], row["claim_id"])
        decision = decided.get(key)
        if decision is None:
            continue
        found.add(key)
        if decision.verdict is Verdict.REJECT:
            against[row["caption_id"]] = f"review: {decision.reason}"
        elif decision.verdict is Verdict.EDIT:
            edited = _edited(row, str(decision.text))
            if edited["caption_id"] != row["caption_id"]:
                against[row["caption_id"]] = EDITED
                edits.append(
                    {
                        "caption_id": row["caption_id"],
                        "edited_id": edited["caption_id"],
                        "written": edited["caption_id"] not in before,
                    }
                )
            if edited["caption_id"] not in known:
                known.add(edited["caption_id"])
                rows.append(edited)
    written = pa.Table.from_pylist(rows[captions.num_rows :], schema.WRITTEN)
    rows[captions.num_rows :] = check(written).to_pylist()
    dropped = Counter(
        f"caption: {row['status_reason']}" for row in rows[captions.num_rows :] if row["status_reason"]
    )
    for row in rows:
        if row["status"] == OK and row["caption_id"] in against:
            row["status"], row["status_reason"] = REJECTED, against[row["caption_id"]]
            dropped[f"caption: {row['status_reason']}"] += 1
    table = pa.Table.from_pylist(rows, schema.CAPTIONS)
    return DecidedCaptions(table, pa.Table.from_pylist(edits, EDITS), dropped, len(decided.keys() - found))


def _edited(row: Mapping[str, Any], text: str) -> dict[str, Any]:
    """The caption that people wrote instead of another one, of the same style and construction."""
    kept = {name: row[name] for name in ("claim_id", "style", "construction")}
    return kept | {"caption_id": caption_id(row["claim_id"], text), "text": text, "writer": HUMAN}


@dataclass(frozen=True)
class DecidedPictures:
    """What decisions change about pictures and what is said of them."""

    gone: pa.Table
    """(picture, claim)s that make no record any more: `image_id`, `positive_claim`, `reason`."""
    true: pa.Table
    """(picture, claim)s that people say are true: `image_id`, `claim_id`."""
    boxes: pa.Table
    """Boxes that people drew: `image_id`, `object_id` and `box`."""
    rejected: pa.Table
    """Pictures that are not used any more: `image_id` and `reason`."""
    unknown: int
    """Decisions about pictures, or claims in them, that the build does not have."""


def decide_pictures(
    pictures: pa.Table, candidates: pa.Table, claims: pa.Table, triplets: pa.Table, decided: Decided
) -> DecidedPictures:
    """Find the pictures and the claims in them that were decided about.

    Args:
        pictures: `schema.PICTURES`.
        candidates: `schema.CANDIDATES`.
        claims: `schema.CLAIMS`.
        triplets: `schema.CLAIMED_TRIPLETS`.
        decided: All decisions.
    """
    images, relations = decided.of(Kind.IMAGE), decided.of(Kind.RELATION)
    places = _places(pictures, {*images, *(key.rpartition("/")[0] for key in relations)})
    unknown = sum(key not in places for key in images)
    claims_of = _claims_of(candidates, [image for ids in places.values() for image in ids])
    pairs = _Pairs(triplets)
    gone: dict[tuple[str, str], str] = {}
    true: list[tuple[str, str]] = []
    boxes: dict[tuple[str, str], list[float]] = {}
    for key, decision in sorted(relations.items(), key=lambda item: (item[1].time, item[1].id)):
        image, _, claim = key.rpartition("/")
        found = [one for one in places.get(image, ()) if claim in claims_of[one]]
        unknown += not found
        for image_id in found:
            if decision.verdict is Verdict.REJECT and decision.reason != NEGATIVE_IS_TRUE:
                gone[image_id, claim] = f"review: {decision.reason}"
                continue
            true.append((image_id, claim))
            if decision.boxes:
                for side, box in (("subject", decision.boxes.subject), ("object", decision.boxes.object)):
                    if box and (object_id := pairs.object_id(image_id, claim, side)):
                        boxes[image_id, object_id] = list(box)
    rejected = []
    for key, decision in images.items():
        if decision.verdict is Verdict.REJECT:
            for image_id in places.get(key, ()):
                rejected.append((image_id, f"review: {decision.reason}"))
                gone |= {(image_id, claim): f"review: {decision.reason}" for claim in claims_of[image_id]}
    return DecidedPictures(
        _table(["image_id", "positive_claim", "reason"], [(*place, why) for place, why in gone.items()]),
        _table(["image_id", "claim_id"], true),
        pa.table(
            {
                "image_id": pa.array([image for image, _ in boxes], pa.string()),
                "object_id": pa.array([thing for _, thing in boxes], pa.string()),
                "box": pa.array(list(boxes.values()), schema.BOX),
            }
        ),
        _table(["image_id", "reason"], rejected),
        unknown,
    )


def image_keys(pictures: pa.Table) -> pa.ChunkedArray:
    """The key of each picture, as `annotations.decisions.image_key` makes it."""
    return pc.coalesce(
        pictures["sha256"], pc.binary_join_element_wise("id:", pictures["image_id"].cast(pa.string()), "")
    )


def _places(pictures: pa.Table, keys: Iterable[str]) -> dict[str, list[str]]:
    """Key -> ids of its pictures: two that are the same to the byte have one key."""
    named = pictures.select(["image_id"]).append_column("key", image_keys(pictures))
    found: dict[str, list[str]] = {}
    for row in named.filter(
        pc.is_in(named["key"], value_set=pa.array(sorted(keys), pa.string()))
    ).to_pylist():
        found.setdefault(row["key"], []).append(row["image_id"])
    return found


def _claims_of(candidates: pa.Table, images: list[str]) -> dict[str, set[str]]:
    """Picture -> all claims that are stated or denied of it."""
    rows = candidates.filter(pc.is_in(candidates["image_id"], value_set=pa.array(images, pa.string())))
    found: dict[str, set[str]] = {image: set() for image in images}
    for row in rows.select(["image_id", "positive_claim", "claim_id"]).to_pylist():
        found[row["image_id"]] |= {row["positive_claim"], row["claim_id"]}
    return found


class _Pairs:
    """The two objects that stand for a triplet in a picture."""

    def __init__(self, triplets: pa.Table) -> None:
        self._triplets = triplets

    def object_id(self, image_id: str, claim: str, side: str) -> str | None:
        """The id of its subject or object; None where the claim is no triplet of the picture."""
        rows = self._triplets.filter(pc.equal(self._triplets["image_id"], image_id)).to_pylist()
        for row in rows:
            if row["claim_id"] == claim:
                return str(row[f"{side}_id"]) if row[f"{side}_id"] is not None else None
        return None


def _table(names: Sequence[str], rows: Sequence[tuple[str, ...]]) -> pa.Table:
    columns = zip(*sorted(set(rows)), strict=True) if rows else [[] for _ in names]
    return pa.table(
        {name: pa.array(column, pa.string()) for name, column in zip(names, columns, strict=True)}
    )


def move_boxes(objects: pa.Table, boxes: pa.Table) -> pa.Table:
    """Put the boxes that people drew in the place of others.

    Args:
        objects: `schema.OBJECTS`, boxes upright.
        boxes: `image_id`, `object_id` and `box`.
    """
    drawn = codes_of(_pairs(objects, "object_id"), _pairs(boxes, "object_id"))
    all_boxes = pa.concat_arrays(
        [objects["box"].combine_chunks(), boxes["box"].combine_chunks().cast(schema.BOX)]
    )
    rows = np.where(drawn >= 0, drawn + objects.num_rows, np.arange(objects.num_rows))
    return objects.set_column(objects.schema.get_field_index("box"), "box", all_boxes.take(pa.array(rows)))


def reject_pictures(pictures: pa.Table, rejected: pa.Table) -> pa.Table:
    """Let pictures count as missing.

    Args:
        pictures: `schema.PICTURES`.
        rejected: `image_id` and `reason`.
    """
    row = codes_of(pictures["image_id"], rejected["image_id"].combine_chunks())
    reason = rejected["reason"].combine_chunks().take(pa.array(row, mask=row < 0))
    for name, value in (("status", "failed"), ("status_reason", reason)):
        column = pc.if_else(pa.array(row >= 0), value, pictures[name])
        pictures = pictures.set_column(pictures.schema.get_field_index(name), name, column)
    return pictures


def overrule(candidates: pa.Table, true: pa.Table) -> pa.Table:
    """Let claims be true where people say so.

    Args:
        candidates: `schema.CANDIDATES`.
        true: `image_id` and `claim_id`.
    """
    said = pc.is_in(_pairs(candidates, "claim_id"), value_set=_pairs(true, "claim_id"))
    for name, value in (("truth", TRUE), ("proof", PROOF)):
        column = pc.if_else(said, value, candidates[name])
        candidates = candidates.set_column(candidates.schema.get_field_index(name), name, column)
    return candidates


def without(table: pa.Table, column: str, gone: pa.Table) -> pa.Table:
    """The rows whose (picture, claim) is not gone; `column` names the claim's."""
    return table.filter(pc.invert(pc.is_in(_pairs(table, column), value_set=_pairs(gone, "positive_claim"))))


def without_relations(relations: pa.Table, triplets: pa.Table, gone: pa.Table) -> pa.Table:
    """The annotated relations without those whose claim is gone from their picture.

    Args:
        relations: `schema.RELATIONS`.
        triplets: `schema.CLAIMED_TRIPLETS`.
        gone: `image_id` and `positive_claim`.
    """
    names = ["image_id", "subject_label", "relation", "object_label"]
    labels, spelt = (
        pc.binary_join_element_wise(*(table[name] for name in names), "\t") for table in (relations, triplets)
    )
    row = codes_of(labels, spelt.combine_chunks())
    claim = triplets["claim_id"].combine_chunks().take(pa.array(row, mask=row < 0))
    claim = pc.fill_null(claim, "")
    named = pa.table({"image_id": relations["image_id"], "claim_id": claim})
    return relations.filter(
        pc.invert(pc.is_in(_pairs(named, "claim_id"), value_set=_pairs(gone, "positive_claim")))
    )


def recount(claims: pa.Table, candidates: pa.Table) -> pa.Table:
    """Count anew in how many pictures each claim is proved true or false.

    Args:
        claims: `schema.CLAIMS`.
        candidates: `schema.CANDIDATES`, after decisions.
    """
    for truth, name in ((TRUE, "images_true"), (FALSE, "images_false")):
        rows = candidates.filter(pc.equal(candidates["truth"], truth))
        pairs = rows.group_by(["claim_id", "image_id"]).aggregate([])
        counted = codes_of(pairs["claim_id"], claims["claim_id"].combine_chunks())
        count = np.bincount(counted[counted >= 0], minlength=claims.num_rows)
        claims = claims.set_column(claims.schema.get_field_index(name), name, pa.array(count, pa.int32()))
    return claims


def _pairs(table: pa.Table, name: str) -> pa.Array:
    """The picture and another column as one key."""
    pairs = pc.binary_join_element_wise(table["image_id"], table[name], "\t")
    return pairs.combine_chunks() if isinstance(pairs, pa.ChunkedArray) else pairs


def mark_reviewed(records: pa.Table, captions: pa.Table, edited: Iterable[str], decided: Decided) -> pa.Table:
    """Say of each record whether people looked at it and found it good.

    A record is reviewed where its picture, its claim in the picture or one of its captions was accepted, or edited to
    what it is now.

    Args:
        records: `schema.RECORDS` without `reviewed`.
        captions: `schema.CAPTIONS`, after decisions.
        edited: Ids of captions that people wrote.
        decided: All decisions.
    """
    kept = {
        key: one for key, one in decided.outcomes.items() if one.verdict in (Verdict.ACCEPT, Verdict.EDIT)
    }
    accepted = (
        row["caption_id"]
        for row in captions.select(["caption_id", "claim_id", "text"]).to_pylist()
        if caption_key_of(row["text"], row["claim_id"]) in kept
    )
    good = [*edited, *accepted]
    used = pc.is_in(records["caption_ids"].combine_chunks().flatten(), value_set=pa.array(good, pa.string()))
    reviewed = np.asarray(used).reshape(-1, records["caption_ids"].type.list_size).any(axis=1)
    image = image_keys(records)
    claim = pc.utf8_slice_codeunits(records["id"], -16)
    relation = pc.binary_join_element_wise(image, claim, "/")
    keys = pa.array(sorted(kept), pa.string())
    for column in (image, relation):
        reviewed |= np.asarray(pc.is_in(column, value_set=keys))
    return records.append_column("reviewed", pa.array(reviewed))
