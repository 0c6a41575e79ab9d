"""What changed between two releases, counted by hand."""

from __future__ import annotations

import pyarrow as pa
import pytest
from helpers.releases import RECORDS, Row, caption, captions_of_both, record, small_release
from hypothesis import given, settings
from hypothesis import strategies as st

from naturel.builders.publishing.changes import Change, Changes, Reason
from naturel.builders.publishing.difference import compare
from naturel.builders.publishing.errata import Erratum

LLM = {"writer": "some-model", "prompt_id": "vivid-v1", "prompt_digest": "d1"}


def told(changes: Changes) -> dict[str, dict[str, list[str]]]:
    """Ids by what became of them and why."""
    return {
        str(change): {
            str(reason): changes.ids_of(change, reason).to_pylist() for reason in changes.by_reason(change)
        }
        for change in Change
        if changes.count(change)
    }


def base() -> tuple[list[Row], list[Row]]:
    return [record("r1", "a"), record("r2", "b")], captions_of_both()


def altered(rows: list[Row], name: str, **more: object) -> list[Row]:
    """The rows, one of them with other values."""
    key = "caption_id" if "caption_id" in rows[0] else "id"
    return [row | more if row[key] == name else row for row in rows]


def test_a_release_does_not_differ_from_itself() -> None:
    difference = compare(small_release(*base()), small_release(*base(), version="1.0.1"))
    assert not difference.records
    assert not difference.captions
    assert (difference.records.before, difference.records.after) == (2, 2)
    assert (difference.captions.before, difference.captions.after) == (10, 10)
    assert difference.columns == ()
    assert difference.level == "patch"


def test_everything_at_once() -> None:
    """The release after a review with another prompt and one more picture.

    r1 gets p4 in place of p1, which a person rejected, and a sentence of the model in place of n1. r2 is gone with
    its picture b. r3 (of a known picture) and r4 (of a new one) came. A person rewrote p3 as h1, which r3 has.
    """
    records, captions = base()
    before = small_release(records, captions)
    after = small_release(
        [
            record("r1", "a", "p0 n0 p4 p2 p3 m1 n2 n3"),
            record("r3", "a", "p0 n0 p4 p2 h1 n1 n2 n3"),
            record("r4", "c", "p0 n0 p4 p2 p3 n1 n2 n3"),
        ],
        [
            *altered(captions, "p1", status="rejected", status_reason="review: unnatural"),
            caption("m1", "desk on cat", **LLM),
            caption("h1", "cat on desk", writer="human"),
            caption("w1", "cat under desk"),
        ],
        "2.0.0",
    )
    difference = compare(before, after)
    assert told(difference.records) == {
        "added": {"source": ["r4"], "review": ["r3"]},
        "removed": {"source": ["r2"], "review": ["r2"]},  # the picture is gone, and p1, which it had
        "changed": {"prompt": ["r1"], "review": ["r1"]},
    }
    assert told(difference.captions) == {
        "added": {"prompt": ["m1"], "review": ["h1"], "source": ["w1"]},
        "changed": {"review": ["p1"]},
    }
    assert difference.records.count(Change.CHANGED) == 1  # for two reasons, yet one record
    assert difference.level == "major"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"sha256": "another picture"}, "source"),
        ({"subject": {"label": "Cat", "noun": "cat", "box": [0.0, 0.0, 0.5, 0.6]}}, "source"),
        ({"license": None}, "source"),
        ({"negative_proofs": ["antisymmetric", "absent", "antisymmetric", "antisymmetric"]}, "source"),
        ({"negative_proofs": ["human"] * 4}, "review"),
        ({"positive_proof": "human"}, "review"),
        ({"reviewed": True}, "review"),
        ({"group_ids": [None, "with another partner", None]}, "choice"),
        ({"split": "test"}, "choice"),
    ],
)
def test_a_record_changes_with_what_it_says(more: Row, reason: str) -> None:
    records, captions = base()
    difference = compare(
        small_release(records, captions), small_release(altered(records, "r2", **more), captions)
    )
    assert told(difference.records) == {"changed": {reason: ["r2"]}}
    assert difference.level == "minor"


def test_another_sentence_of_the_same_hand_is_a_choice() -> None:
    records, captions = base()
    after = small_release([record("r1", "a", "p0 n0 p1 p2 p4 n1 n2 n3"), records[1]], captions)
    assert told(compare(small_release(records, captions), after).records) == {"changed": {"choice": ["r1"]}}


def test_another_negative_is_a_choice_even_where_a_model_writes_it() -> None:
    records, captions = base()
    captions.append(caption("x1", "cat under desk", **LLM))
    after = small_release([record("r1", "a", "p0 n0 p1 p2 p3 x1 n2 n3"), records[1]], captions)
    assert told(compare(small_release(records, captions), after).records) == {"changed": {"choice": ["r1"]}}


def test_a_sentence_that_fails_the_checks_now_is_told_so() -> None:
    records, captions = base()
    failing = altered(captions, "p1", status="rejected", status_reason="colour", problems=["colour"])
    after = small_release([record("r1", "a", "p0 n0 p4 p2 p3 n1 n2 n3")], failing)
    difference = compare(small_release(records, captions), after)
    removed = {"source": ["r2"], "checks": ["r2"]}
    assert told(difference.records) == {"changed": {"checks": ["r1"]}, "removed": removed}
    assert told(difference.captions) == {"changed": {"checks": ["p1"]}}


def test_records_of_a_picture_that_stays_are_left_out_for_what_became_of_their_captions() -> None:
    records = [record(f"r{place}", "a") for place in range(3)]
    captions = captions_of_both()
    checks = altered(captions, "n2", status="rejected", status_reason="colour")
    people = altered(captions, "n2", status="rejected", status_reason="review: wrong")
    before = small_release(records, captions)
    for left, reason in ((captions, "choice"), (checks, "checks"), (people, "review")):
        removed = compare(before, small_release(records[:1], left)).records
        assert told(removed) == {"removed": {reason: ["r1", "r2"]}}


def test_the_same_sentence_from_another_prompt_changes_the_caption_alone() -> None:
    records, captions = base()
    difference = compare(
        small_release(records, captions), small_release(records, altered(captions, "p1", **LLM))
    )
    assert told(difference.captions) == {"changed": {"prompt": ["p1"]}}
    assert not difference.records
    assert difference.level == "minor"


def test_captions_that_are_gone_have_the_reasons_of_those_that_come() -> None:
    records, captions = base()
    more = [
        caption("m1", **LLM),
        caption("h1", writer="human"),
        caption("w1", "cat under desk"),
        caption("p9"),
    ]
    difference = compare(small_release(records, [*captions, *more]), small_release(records, captions))
    removed = {"prompt": ["m1"], "review": ["h1"], "source": ["w1"], "choice": ["p9"]}
    assert told(difference.captions) == {"removed": removed}
    assert difference.level == "minor"


def test_a_model_that_takes_over_the_complex_captions_is_another_writer() -> None:
    simple = caption("s0", style="simple")
    before = small_release([], [simple, caption("p0"), caption("p1")])
    after = small_release([], [simple, caption("m0", **LLM)])
    assert told(compare(before, after).captions) == {
        "added": {"prompt": ["m0"]},
        "removed": {"prompt": ["p0", "p1"]},
    }


def test_how_a_sentence_was_asked_for_is_no_change() -> None:
    records, captions = base()
    after = small_release(records, altered(captions, "p1", request_digest="asked again"))
    assert not compare(small_release(records, captions), after).captions


def test_other_columns_make_a_major_version() -> None:
    records, captions = base()
    kind = RECORDS.append(pa.field("quality", pa.float32()))
    kind = kind.set(kind.get_field_index("width"), pa.field("width", pa.int64()))
    kind = kind.remove(kind.get_field_index("phash"))
    difference = compare(
        small_release(records, captions), small_release(records, captions, "2.0.0", kind=kind)
    )
    assert difference.columns == (
        "records: column `width` was `int32`, is `int64`",
        "records: column `quality` added",
        "records: column `phash` removed",
    )
    assert not difference.records  # what both have is equal
    assert difference.level == "major"


def test_errata_alone_make_a_patch() -> None:
    old = Erratum(id="r1", fault="The box is too wide.", since="1.0.0")
    new = Erratum(id="r2", fault="The cat is a dog.", since="1.0.0")
    records, captions = base()
    difference = compare(
        small_release(records, captions, errata=[old]), small_release(records, captions, errata=[new])
    )
    assert difference.errata_added == (new,)
    assert difference.errata_removed == (old,)
    assert difference.level == "patch"


@st.composite
def releases(draw: st.DrawFn) -> tuple[list[Row], list[Row]]:
    captions = captions_of_both()
    names = draw(st.lists(st.sampled_from(["r1", "r2", "r3", "r4"]), unique=True))
    rows = [
        record(
            name,
            draw(st.sampled_from("ab")),
            " ".join(draw(st.permutations(["p0", "p1", "p2", "p3", "n0", "n1", "n2", "n3"]))),
            width=draw(st.integers(1, 2)),
        )
        for name in names
    ]
    return rows, captions


@settings(deadline=None, max_examples=50)
@given(releases(), releases())
def test_what_comes_one_way_goes_the_other_way(
    one: tuple[list[Row], list[Row]], other: tuple[list[Row], list[Row]]
) -> None:
    there = compare(small_release(*one), small_release(*other)).records
    back = compare(small_release(*other), small_release(*one)).records
    names = [{row["id"]: row for row in rows} for rows, _ in (one, other)]
    assert set(there.ids[Change.ADDED].to_pylist()) == names[1].keys() - names[0].keys()
    assert set(there.ids[Change.REMOVED].to_pylist()) == set(back.ids[Change.ADDED].to_pylist())
    changed = {name for name in names[0].keys() & names[1].keys() if names[0][name] != names[1][name]}
    assert set(there.ids[Change.CHANGED].to_pylist()) == changed
    assert set(back.ids[Change.CHANGED].to_pylist()) == changed
    for changes in (there, back):
        for change in Change:
            assert changes.reasons[change].any(axis=1).all()  # none without a reason


def test_reasons_are_named_as_the_command_tells_them() -> None:
    assert [str(reason) for reason in Reason] == ["source", "prompt", "review", "checks", "choice"]
