"""People's decisions on their way into the next release: exactly what was decided changes."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from helpers.builds import must_build, release_files, run_build

from naturel.annotations.claims import Claim
from naturel.annotations.decisions import (
    Decision,
    caption_key_of,
    from_values,
    image_key,
    relation_key,
    relation_key_of,
)
from naturel.annotations.journal import Journal

Row = dict[str, Any]
TIME = "2026-03-01T12:00:00Z"


def rows_of(out: Path, version: str, what: str = "data") -> list[Row]:
    """A release's table without pictures, by id."""
    rows: list[Row] = []
    for path in sorted((out / "release" / version / what).rglob("*.parquet")):
        table = pq.read_table(path)
        rows += table.drop_columns([name for name in ("image",) if name in table.column_names]).to_pylist()
    return rows


def manifest_of(out: Path, version: str) -> Row:
    manifest: Row = json.loads((out / "release" / version / "manifest.json").read_text())
    return manifest


def decision(number: int, annotator: str, kind: str, key: str, verdict: str, **more: Any) -> Decision:
    """The decision with a number."""
    identity = f"00000000-0000-4000-8000-{number:012d}"
    values = {
        "id": identity,
        "time": TIME,
        "annotator": annotator,
        "kind": kind,
        "key": key,
        "verdict": verdict,
    }
    return from_values(values | more)


@dataclass
class Reviewed:
    """A build of the sample, what was decided about it, and the build after that."""

    out: Path
    before: dict[str, Row]
    after: dict[str, Row]
    printed: str
    rejected: Row
    """The caption that was rejected."""
    edited: Row
    """The caption that was edited, and to what."""
    text: str
    no_relation: str
    """Id of the record whose relation was rejected; and so on."""
    accepted: str
    boxed: str
    no_image: str
    """Id of the picture that was rejected."""
    true_negative: tuple[str, str]
    """Id of a picture, and of a claim that is true of it after all."""
    disputed: Row
    """The caption that two annotators disagree about."""


def relation(row: Row) -> str:
    """The key of a record's relation."""
    return relation_key_of(image_key(row["image_id"], row["sha256"]), row["id"].rpartition("-")[2])


@pytest.fixture(scope="module")
def reviewed(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Reviewed:
    out = tmp_path_factory.mktemp("review") / "out"
    must_build("--data", sample, "--out", out)
    before = {row["id"]: row for row in rows_of(out, "1.0.0")}
    captions = {row["caption_id"]: row for row in rows_of(out, "1.0.0", "captions")}
    used = Counter(caption for row in before.values() for caption in row["caption_ids"])

    def often(construction: str) -> Row:
        found = [one for one in captions.values() if one["construction"] == construction]
        return max(found, key=lambda one: (used[one["caption_id"]], one["caption_id"]))

    rejected, edited, disputed = often("seen"), often("in_picture"), often("relative")
    text = edited["text"].replace("In the picture,", "In this picture,")
    no_relation, accepted, boxed, *_ = [
        row for row in before.values() if row["relation"] == "on" and all(row["group_ids"])
    ][::5]
    image = before[max(before)]
    denying = next(
        row for row in before.values() if row["negative_kinds"][2] == "object" and row["group_ids"][1]
    )
    denied = Claim(**denying["negative_claims"][2])
    awkward = {"reason": "awkward"}

    def caption(row: Row) -> str:
        return caption_key_of(row["text"], row["claim_id"])

    decisions = [
        decision(1, "ada", "caption", caption(rejected), "reject", **awkward),
        decision(2, "bob", "caption", caption(rejected), "reject", reason="ungrammatical"),
        decision(3, "ada", "caption", caption(edited), "edit", text=text),
        decision(4, "ada", "caption", caption(disputed), "accept"),
        decision(5, "bob", "caption", caption(disputed), "reject", **awkward),
        decision(6, "ada", "relation", relation(no_relation), "reject", reason="wrong_relation"),
        decision(7, "ada", "relation", relation(accepted), "accept"),
        decision(8, "bob", "relation", relation(boxed), "edit", boxes={"subject": [0.25, 0.25, 0.5, 0.5]}),
        decision(9, "bob", "image", image_key(image["image_id"], image["sha256"]), "reject", reason="blurred"),
        decision(
            10, "bob", "relation", relation_key(image_key(denying["image_id"], denying["sha256"]), denied),
            "reject", reason="negative_is_true", claim=denied,
        ),
        decision(11, "ada", "caption", "0" * 64, "reject", **awkward),
    ]  # fmt: skip
    for annotator in ("ada", "bob"):
        with Journal(out / "review", annotator) as journal:
            journal.append_all(one for one in decisions if one.annotator == annotator)
    printed = must_build("--data", sample, "--out", out)
    return Reviewed(
        out=out,
        before=before,
        after={row["id"]: row for row in rows_of(out, "2.0.0")},
        printed=printed,
        rejected=rejected,
        edited=edited,
        text=text,
        no_relation=no_relation["id"],
        accepted=accepted["id"],
        boxed=boxed["id"],
        no_image=image["image_id"],
        true_negative=(denying["image_id"], denied.claim_id),
        disputed=disputed,
    )


def denied_by(row: Row) -> list[str]:
    return [Claim(**claim).claim_id for claim in row["negative_claims"]]


def test_a_decision_redoes_nothing_before_it(reviewed: Reviewed) -> None:
    assert "(review, records, release)" in reviewed.printed


def test_rejected_relations_and_pictures_make_no_records(reviewed: Reviewed) -> None:
    of_image = {name for name, row in reviewed.before.items() if row["image_id"] == reviewed.no_image}
    assert of_image
    assert reviewed.before.keys() - reviewed.after.keys() == {reviewed.no_relation, *of_image}
    assert not reviewed.after.keys() - reviewed.before.keys()
    dropped = manifest_of(reviewed.out, "2.0.0")["steps"]["records"]["dropped"]
    assert dropped["record: review: wrong_relation"] == 1
    assert dropped["record: review: blurred"] == len(of_image)


def test_nothing_else_changes(reviewed: Reviewed) -> None:
    """Record by record and place by place."""
    gone = [row for name, row in reviewed.before.items() if name not in reviewed.after]
    broken = {group for row in gone for group in row["group_ids"] if group}
    image, claim = reviewed.true_negative
    for row in reviewed.before.values():
        if row["image_id"] == image:
            places = [place for place, denied in enumerate(denied_by(row)) if place and denied == claim]
            broken |= {row["group_ids"][place - 1] for place in places}
    for name, after in reviewed.after.items():
        before = reviewed.before[name]
        touched = before["image_id"] == image and claim in denied_by(before)
        for place, caption in enumerate(before["caption_ids"]):
            denied = 0 if place == 1 else place - 4 if place > 4 else None
            if caption == reviewed.rejected["caption_id"]:
                assert after["caption_ids"][place] != caption
            elif caption == reviewed.edited["caption_id"]:
                side, at = ("complex_positives", place - 2) if place < 5 else ("complex_negatives", place - 5)
                assert after[side][at] == reviewed.text
            elif touched and denied is not None and denied_by(before)[denied] == claim:
                assert denied_by(after)[denied] != claim
                assert after["caption_ids"][place] != caption
            else:
                assert after["caption_ids"][place] == caption
        if not touched:
            assert after["negative_claims"] == before["negative_claims"]
            assert after["negative_kinds"] == before["negative_kinds"]
        for old, new in zip(before["group_ids"], after["group_ids"], strict=True):
            assert new == (None if old in broken else old)
        if name not in (reviewed.boxed, reviewed.accepted):
            assert after["positive_proof"] == before["positive_proof"]
            assert (
                after["subject"] == before["subject"]
                or before["image_id"] == reviewed.before[reviewed.boxed]["image_id"]
            )
        same = before.keys() - {
            "caption_ids", "complex_positives", "complex_negatives", "simple_negative", "negative_claims",
            "negative_kinds", "negative_proofs", "group_ids", "positive_proof", "subject", "object", "reviewed",
            "version",
        }  # fmt: skip
        assert {key: after[key] for key in same} == {key: before[key] for key in same}


def test_every_record_is_still_sound(reviewed: Reviewed) -> None:
    captions = {row["caption_id"]: row for row in rows_of(reviewed.out, "2.0.0", "captions")}
    sides: dict[str, list[tuple[str, str]]] = {}
    for name, row in reviewed.after.items():
        used = [captions[caption] for caption in row["caption_ids"]]
        positive = name.rpartition("-")[2]
        simple, *complex_ = denied_by(row)
        assert [one["claim_id"] for one in used] == [positive, simple, *[positive] * 3, *complex_]
        assert {one["status"] for one in used} == {"ok"}
        texts = [
            row["simple_positive"],
            row["simple_negative"],
            *row["complex_positives"],
            *row["complex_negatives"],
        ]
        assert texts == [one["text"] for one in used]
        assert not {texts[0], *texts[2:5]} & {texts[1], *texts[5:]}
        assert len(set(texts[2:5])) == len(set(texts[5:])) == 3
        for slot, group in enumerate(row["group_ids"]):
            if group:
                sides.setdefault(group, []).append((texts[2 + slot], texts[5 + slot]))
    assert all(len(pair) == 2 and pair[0] == pair[1][::-1] for pair in sides.values())


def test_accepted_relations_have_a_human_proof_and_drawn_boxes_stand(reviewed: Reviewed) -> None:
    assert reviewed.after[reviewed.accepted]["positive_proof"] == "human"
    boxed = reviewed.after[reviewed.boxed]
    assert boxed["subject"]["box"] == [0.25, 0.25, 0.5, 0.5]
    assert boxed["positive_proof"] == "human"
    assert boxed["object"] == reviewed.before[reviewed.boxed]["object"]


def test_captions_tell_what_was_decided(reviewed: Reviewed) -> None:
    captions = {row["caption_id"]: row for row in rows_of(reviewed.out, "2.0.0", "captions")}
    found = captions[reviewed.rejected["caption_id"]]
    assert (found["status"], found["status_reason"]) == ("rejected", "review: ungrammatical")
    found = captions[reviewed.edited["caption_id"]]
    assert (found["status"], found["status_reason"]) == ("rejected", "review: edited")
    written = [row for row in captions.values() if row["writer"] == "human"]
    assert [(row["text"], row["claim_id"], row["states"], row["status"]) for row in written] == [
        (reviewed.text, reviewed.edited["claim_id"], "yes", "ok")
    ]
    assert captions[reviewed.disputed["caption_id"]]["status"] == "ok"


def test_records_say_whether_they_were_reviewed(reviewed: Reviewed) -> None:
    assert not any(row["reviewed"] for row in reviewed.before.values())
    expected = {
        name
        for name, row in reviewed.after.items()
        if name in (reviewed.accepted, reviewed.boxed)
        or reviewed.text in (*row["complex_positives"], *row["complex_negatives"])
    }
    assert {name for name, row in reviewed.after.items() if row["reviewed"]} == expected
    assert len(expected) > 2


def test_the_release_tells_of_the_review_and_names_nobody(reviewed: Reviewed) -> None:
    manifest = manifest_of(reviewed.out, "2.0.0")
    told = manifest["review"]
    assert (told["annotators"], told["adjudicators"], told["disputed"]) == (2, 0, 1)
    assert told["judged"] == {"caption": 4, "image": 1, "relation": 4}
    overall = told["agreement"][0]
    assert (overall["group"], overall["units"], overall["raw"]) == ("everything", 2, 0.5)
    notes = manifest["steps"]["review"]["notes"]
    assert any(
        note.startswith("1 decisions are about sentences, pictures or claims that this build")
        for note in notes
    )
    assert manifest_of(reviewed.out, "1.0.0")["review"] == {}
    for name, data in release_files(reviewed.out, "2.0.0").items():
        if name.endswith((".md", ".html", ".json", ".csv")):
            assert b'"ada"' not in data
    card = (reviewed.out / "release" / "2.0.0" / "README.md").read_text()
    assert "Judged by people (2): 4 captions, 1 picture, 4 relations." in card
    assert "| everything | 2 | 50.0 % |" in card
    page = (reviewed.out / "release" / "2.0.0" / "report.html").read_text()
    assert "Agreement of those who judged the same" in page
    for name, mark in (("README.md", "## Review"), ("report.html", 'id="review"')):
        assert mark not in (reviewed.out / "release" / "1.0.0" / name).read_text()


def test_unchanged_decisions_redo_nothing(reviewed: Reviewed, sample: Path) -> None:
    printed = must_build("--data", sample, "--out", reviewed.out)
    assert "nothing changed, nothing was redone" in printed


def test_a_folder_that_is_none_is_an_error(sample: Path, tmp_path: Path) -> None:
    done = run_build("--data", sample, "--out", tmp_path / "out", "--decisions", tmp_path / "missing")
    assert done.returncode == 2
    assert "--decisions" in done.stderr
    assert "is not a folder" in done.stderr
