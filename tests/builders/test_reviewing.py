"""The review step: claims judged again, and what decisions change in a part of a build."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from helpers.deciding import decide
from helpers.scenes import NOUNS, VOCABULARY, Scene, Thing, evidence_of, triplets_of

from naturel.annotations import schema
from naturel.annotations.claims import Claim
from naturel.annotations.decisions import Decision, caption_key, relation_key
from naturel.annotations.verdicts import replay, resolve
from naturel.builders.candidates import claimed_triplets, judge_candidates
from naturel.builders.captions.writer import caption_id
from naturel.builders.decided import EDITS, Decided
from naturel.builders.mend import Revised
from naturel.builders.progress import SilentProgress
from naturel.builders.reviewing import Reviewed, Tables, assemble_reviewed, review
from naturel.builders.settings import Balance
from naturel.builders.workspace import Step, StepResult

LEFT, RIGHT, MIDDLE = (0.0, 0.4, 0.2, 0.6), (0.8, 0.4, 1.0, 0.6), (0.4, 0.3, 0.6, 0.7)
CAT_DOG = Claim("cat", "left_of", "dog")
CUP_TABLE = Claim("mug", "on", "table")


def scene(image: str) -> Scene:
    """A cat left of a dog, and a mug on a table whose boxes are the same: they prove nothing."""
    things = {
        "cat": Thing("Cat", LEFT),
        "dog": Thing("Dog", RIGHT),
        "mug": Thing("Mug", MIDDLE),
        "table": Thing("Table", MIDDLE),
    }
    return Scene(things, [("cat", "left_of", "dog"), ("mug", "on", "table")], image=image)


def captions_of(claims: pa.Table) -> pa.Table:
    rows = [
        {
            "caption_id": caption_id(row["claim_id"], row["subject"]),
            "claim_id": row["claim_id"],
            "text": row["subject"],
            "style": "complex",
            "construction": "svo",
            "writer": "grammar",
            "status": "ok",
        }
        for row in claims.to_pylist()
    ]
    return pa.Table.from_pylist(rows, schema.CAPTIONS)


@pytest.fixture
def steps(tmp_path: Path) -> list[Step]:
    """The steps of a build of two pictures that are alike."""
    scenes = [scene("1"), scene("2")]
    evidence, triplets = evidence_of(*scenes), triplets_of(*scenes)
    judged = judge_candidates(triplets, evidence, VOCABULARY, NOUNS, 0)
    images = [{"image_id": image, "boxes_complete": True} for image in "12"]
    pictures = [{"image_id": image, "status": "ok"} for image in "12"]
    tables = {
        "source": {
            "images": pa.Table.from_pylist(images, schema.IMAGES),
            "relations": evidence.relations,
            "absent_labels": evidence.absent_labels,
        },
        "pictures": {"pictures": pa.Table.from_pylist(pictures, schema.PICTURES)},
        "claims": {
            "objects": evidence.objects,
            "triplets": claimed_triplets(triplets, VOCABULARY, NOUNS),
            "claims": judged.claims,
            "candidates": judged.candidates,
        },
        "captions": {"captions": captions_of(judged.claims)},
    }
    for step, written in tables.items():
        (tmp_path / step).mkdir()
        for name, table in written.items():
            pq.write_table(table, tmp_path / step / f"{name}.parquet")
    return [Step(step, tmp_path / step, {}) for step in tables]


def run(steps: list[Step], folder: Path, *decisions: Decision) -> tuple[StepResult, Reviewed]:
    decided = Decided(decisions, (), resolve(replay(decisions)))
    folder.mkdir()
    result = review(folder, Tables(steps), decided, VOCABULARY, NOUNS, SilentProgress())
    return result, Reviewed.read(folder)


def truths(candidates: pa.Table, positive: Claim) -> dict[str, tuple[str, str | None]]:
    """The truth and proof of each claim beside a positive, by its relation and kind."""
    names = {claim.claim_id: claim for claim in (positive, positive.swapped())}
    names |= {
        claim.claim_id: claim
        for other in ("under", "right_of", "above", "inside_of")
        for claim in [Claim(positive.subject, other, positive.object)]
    }
    return {
        " ".join((names[row["claim_id"]].subject, names[row["claim_id"]].relation)): (
            row["truth"],
            row["proof"],
        )
        for row in candidates.to_pylist()
        if row["positive_claim"] == positive.claim_id and row["claim_id"] in names
    }


def on(image: str, claim: Claim, **values: Any) -> Decision:
    return decide(1, kind="relation", key=relation_key(f"id:{image}", claim), **values)


def test_a_box_that_moved_is_judged_by(steps: list[Step], tmp_path: Path) -> None:
    before = Tables(steps)["candidates"]
    assert truths(before.filter(pc.equal(before["image_id"], "1")), CAT_DOG)["cat right_of"][0] == "false"
    moved = on("1", CAT_DOG, verdict="edit", boxes={"subject": RIGHT, "object": LEFT})
    result, reviewed = run(steps, tmp_path / "review", moved)
    after = truths(reviewed.candidates, CAT_DOG)
    assert after["cat left_of"] == ("true", "human")
    assert after["cat right_of"][0] != "false"
    assert reviewed.candidates["image_id"].unique().to_pylist() == ["1"]
    assert result.counts["boxes drawn"] == 2


def test_a_rejected_relation_proves_nothing_any_more(steps: list[Step], tmp_path: Path) -> None:
    before = Tables(steps)["candidates"]
    assert truths(before, CUP_TABLE)["mug under"] == ("false", "exclusive")
    _, reviewed = run(
        steps, tmp_path / "review", on("1", CUP_TABLE, verdict="reject", reason="wrong_relation")
    )
    after = truths(reviewed.candidates, CUP_TABLE)
    assert after["mug under"] == ("unknown", None)
    assert truths(reviewed.candidates, CAT_DOG) == truths(before, CAT_DOG)
    assert reviewed.gone.to_pylist() == [
        {"image_id": "1", "positive_claim": CUP_TABLE.claim_id, "reason": "review: wrong_relation"}
    ]
    counts = {row["claim_id"]: row["images_true"] for row in reviewed.claims.to_pylist()}
    assert (counts[CUP_TABLE.claim_id], counts[CAT_DOG.claim_id]) == (1, 2)


def test_decisions_that_find_nothing_are_noted(steps: list[Step], tmp_path: Path) -> None:
    result, reviewed = run(steps, tmp_path / "review", on("3", CAT_DOG), decide(2, key="0" * 64))
    assert reviewed.candidates.num_rows == reviewed.gone.num_rows == 0
    assert [note.partition(" are ")[0] for note in result.notes] == ["2 decisions"]


def test_what_people_write_is_checked(steps: list[Step], tmp_path: Path) -> None:
    key = caption_key("cat", CAT_DOG)
    texts = ("A dog is to the left of a cat.", "A cat is to the left of a dog.")
    found = []
    for number, text in enumerate(texts):
        _, reviewed = run(steps, tmp_path / str(number), decide(1, key=key, verdict="edit", text=text))
        found.append(reviewed.captions.to_pylist()[-1])
    assert [(row["text"], row["states"], row["status"]) for row in found] == [
        (texts[0], "no", "rejected"),
        (texts[1], "yes", "ok"),
    ]


def part(captions: list[str], edits: list[tuple[str, str, bool]], own: list[str]) -> Revised:
    """What decisions change in the split that has the captions `own`."""
    rows = [{"caption_id": name, "text": f"{name}."} for name in captions]
    table = pa.Table.from_pylist(rows, schema.CAPTIONS)
    none = schema.CANDIDATES.empty_table()
    names = list(EDITS.names)
    edited = pa.Table.from_pylist([dict(zip(names, edit, strict=True)) for edit in edits], EDITS)
    reviewed = Reviewed(table, edited, none, none, none, none, none)
    mine = table.filter(pc.is_in(table["caption_id"], value_set=pa.array(own)))
    return reviewed.of_split(none, mine)


def test_a_split_has_its_captions_and_what_was_made_of_them() -> None:
    captions = ["train", "test", "draft", "final", "shared"]
    edits = [
        ("train", "draft", True),
        ("draft", "final", True),
        ("test", "train", False),  # training has that sentence
        ("test", "final", True),  # and this one was made of one of its own
    ]
    train, test = part(captions, edits, ["train"]), part(captions, edits, ["test", "shared"])
    assert train.captions["caption_id"].to_pylist() == ["train", "draft", "final"]
    assert train.edits["edited_id"].to_pylist() == ["draft", "final"]
    assert test.captions["caption_id"].to_pylist() == ["test", "shared"]
    assert test.edits.num_rows == 0


@pytest.mark.parametrize("balance", Balance)
def test_a_picture_that_is_gone_is_counted(balance: Balance) -> None:
    rows = [
        {
            "image_id": str(image),
            "positive_claim": of,
            "claim_id": claim,
            "kind": "positive" if claim == of else "contrast",
            "rank": 0,
            "truth": "true" if claim == of else "false",
            "proof": "annotated",
        }
        for image, of in enumerate("xyxyx")
        for claim in "xy"
    ]
    candidates = pa.Table.from_pylist(rows, schema.CANDIDATES)
    captions = pa.Table.from_pylist(
        [
            {
                "caption_id": f"{claim}-{name}",
                "claim_id": claim,
                "text": f"{name} {claim}",
                "style": "simple" if name == "simple" else "complex",
                "construction": name,
                "writer": "grammar",
                "status": "ok",
            }
            for claim in "xy"
            for name in ("simple", "cleft", "fronted", "passive", "svo")
        ],
        schema.CAPTIONS,
    )
    gone = pa.table({"image_id": ["1"], "positive_claim": ["y"], "reason": ["review: collage"]})
    edits, none = EDITS.empty_table(), candidates.slice(0, 0)
    reviewed = Reviewed(
        captions, edits, candidates.filter(pc.equal(candidates["image_id"], "1")), none, gone, none, none
    )
    images = pa.Table.from_pylist([{"image_id": str(image)} for image in range(5)], schema.IMAGES)
    chosen, dropped = assemble_reviewed(candidates, captions, images, reviewed, 0, balance)
    assert dropped["record: review: collage"] == 1
    assert "1" not in chosen["image_id"].to_pylist()
    groups = Counter(group for row in chosen["group_ids"].to_pylist() for group in row if group)
    assert set(groups.values()) <= {2}
    if balance is Balance.STRICT:
        assert sum(groups.values()) == 3 * chosen.num_rows > 0
    else:
        assert chosen.num_rows == 4
