"""Records mended after decisions."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naturel.annotations import schema
from naturel.builders.assemble import assemble
from naturel.builders.mend import NO_OTHER, Revised, mend
from naturel.builders.settings import Balance

CONSTRUCTIONS = ("cleft", "existential", "fronted", "passive", "svo")
Row = dict[str, Any]
Truth = dict[tuple[str, str, str], str]
"""(picture, positive claim, claim) -> truth."""


def candidates(truth: Truth) -> pa.Table:
    rows = [
        {
            "image_id": image,
            "positive_claim": of,
            "claim_id": claim,
            "kind": "positive" if claim == of else "contrast",
            "rank": -1 if claim == of else 0,
            "truth": value,
            "proof": None if value == "unknown" else "annotated" if claim == of else "exclusive",
        }
        for (image, of, claim), value in truth.items()
    ]
    return pa.Table.from_pylist(rows, schema.CANDIDATES)


def world(images: str, claims: str) -> Truth:
    """Pictures in turn show one claim each, and every other one is false there."""
    return {
        (image, claims[number % len(claims)], claim): "true"
        if claim == claims[number % len(claims)]
        else "false"
        for number, image in enumerate(images)
        for claim in claims
    }


def captions(claims: str, rejected: set[str] = frozenset(), human: dict[str, str] | None = None) -> pa.Table:  # type: ignore[assignment]
    """Of each claim a simple caption and one in each construction; and what people wrote instead of some."""
    rows = [
        {
            "caption_id": f"{claim}-{construction}",
            "claim_id": claim,
            "text": f"{construction} {claim}",
            "style": "simple" if construction == "simple" else "complex",
            "construction": construction,
            "writer": "grammar",
            "status": "rejected" if f"{claim}-{construction}" in rejected else "ok",
        }
        for claim in claims
        for construction in ("simple", *CONSTRUCTIONS)
    ]
    by_id = {row["caption_id"]: row for row in rows}
    for old, text in (human or {}).items():
        rows.append(
            by_id[old] | {"caption_id": f"new {old}", "text": text, "writer": "human", "status": "ok"}
        )
        by_id[old]["status"] = "rejected"
    return pa.Table.from_pylist(rows, schema.CAPTIONS)


def names(columns: dict[str, list[str]]) -> pa.Table:
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


def revised(
    table: pa.Table,
    edits: dict[str, str] | None = None,
    judged: pa.Table | None = None,
    gone: dict[tuple[str, str], str] | None = None,
) -> Revised:
    edits, gone = edits or {}, gone or {}
    return Revised(
        table,
        names({"caption_id": list(edits), "edited_id": [f"new {old}" for old in edits]}),
        schema.CANDIDATES.empty_table() if judged is None else judged,
        names(
            {
                "image_id": [image for image, _ in gone],
                "positive_claim": [claim for _, claim in gone],
                "reason": list(gone.values()),
            }
        ),
    )


def by_image(table: pa.Table) -> dict[str, Row]:
    return {row["image_id"]: row for row in table.to_pylist()}


def sound(row: Row, table: pa.Table) -> bool:
    """Whether a record says what it should, in captions that stand, none of them twice."""
    known = {one["caption_id"]: one for one in table.to_pylist()}
    used = [known[caption] for caption in row["caption_ids"]]
    simple, *complex_ = row["negative_claim_ids"]
    texts = [one["text"] for one in used]
    shown = [
        row["simple_positive"],
        row["simple_negative"],
        *row["complex_positives"],
        *row["complex_negatives"],
    ]
    return (
        [one["claim_id"] for one in used]
        == [row["positive_claim"], simple, *[row["positive_claim"]] * 3, *complex_]
        and {one["status"] for one in used} == {"ok"}
        and [one["style"] for one in used] == ["simple"] * 2 + ["complex"] * 6
        and texts == shown
        and len(set(texts)) == 8
    )


TRUTH = world("abcdef", "xyz")


@pytest.mark.parametrize("balance", [Balance.OFF, Balance.PREFER])
def test_nothing_decided_changes_nothing(balance: Balance) -> None:
    chosen, _ = assemble(candidates(TRUTH), captions("xyz"), 0, balance)
    mended, lost = mend(chosen, candidates(TRUTH), revised(captions("xyz")), 0)
    assert chosen.num_rows == 6
    assert mended.equals(chosen)
    assert lost == Counter()


def test_an_edit_stands_where_the_caption_stood_and_nothing_else_moves() -> None:
    chosen, _ = assemble(candidates(TRUTH), captions("xyz"), 0)
    human = {"x-svo": "better x", "y-simple": "better simple y"}
    mended, lost = mend(chosen, candidates(TRUTH), revised(captions("xyz", human=human), human), 0)
    assert lost == Counter()
    for before, after in zip(chosen.to_pylist(), mended.to_pylist(), strict=True):
        expected = [f"new {one}" if one in human else one for one in before["caption_ids"]]
        assert after["caption_ids"] == expected
        assert after["group_ids"] == before["group_ids"]
        assert sound(after, captions("xyz", human=human))


def test_the_next_best_caption_is_that_of_the_other_side_of_the_pair() -> None:
    truth = {("a", "x", "x"): "true", ("a", "x", "y"): "false"}
    chosen, _ = assemble(candidates(truth), captions("xy"), 0)
    (before,) = chosen.to_pylist()
    out = before["caption_ids"][6]  # y's second complex caption; its pair has x in the same construction
    table = captions("xy", {out})
    (after,) = mend(chosen, candidates(truth), revised(table), 0)[0].to_pylist()
    assert sound(after, table)
    changed = [place for place in range(8) if after["caption_ids"][place] != before["caption_ids"][place]]
    assert changed == [6]


def test_without_another_caption_another_claim_is_denied() -> None:
    truth = {("a", "x", "x"): "true", ("a", "x", "y"): "false", ("a", "x", "z"): "false"}
    table = captions("xyz", {"y-simple", *(f"y-{name}" for name in CONSTRUCTIONS)})
    chosen, _ = assemble(candidates(truth), captions("xyz"), 0)
    assert "y" in chosen.to_pylist()[0]["negative_claim_ids"]
    (after,) = mend(chosen, candidates(truth), revised(table), 0)[0].to_pylist()
    assert after["negative_claim_ids"] == ["z"] * 4
    assert sound(after, table)


def test_where_nothing_is_left_to_say_the_record_is_left_out() -> None:
    chosen, _ = assemble(candidates(TRUTH), captions("xyz"), 0)
    mended, lost = mend(chosen, candidates(TRUTH), revised(captions("xyz", {"x-simple"})), 0)
    shown = [row["positive_claim"] for row in chosen.to_pylist()]
    assert lost == Counter({NO_OTHER: shown.count("x")})
    assert by_image(mended).keys() == {
        image for image, row in by_image(chosen).items() if row["positive_claim"] != "x"
    }
    assert all(sound(row, captions("xyz", {"x-simple"})) for row in mended.to_pylist())


def test_what_is_gone_leaves_its_partners_as_they_are() -> None:
    chosen, _ = assemble(candidates(TRUTH), captions("xyz"), 0)
    before = by_image(chosen)
    mended, lost = mend(
        chosen, candidates(TRUTH), revised(captions("xyz"), gone={("a", "x"): "review: blurred"}), 0
    )
    assert lost == Counter({"record: review: blurred": 1})
    after = by_image(mended)
    assert after.keys() == before.keys() - {"a"}
    groups = set(before["a"]["group_ids"]) - {None}
    assert groups
    for image, row in after.items():
        kept = [None if group in groups else group for group in before[image]["group_ids"]]
        assert row == before[image] | {"group_ids": kept}


def test_a_negative_that_is_true_is_denied_no_more() -> None:
    chosen, _ = assemble(candidates(TRUTH), captions("xyz"), 0)
    before = by_image(chosen)
    claim = before["a"]["negative_claim_ids"][1]
    judged = candidates({place: value for place, value in TRUTH.items() if place[0] == "a"}).to_pylist()
    for row in judged:
        if row["claim_id"] == claim:
            row |= {"truth": "true", "proof": "human"}
    table = pa.Table.from_pylist(judged, schema.CANDIDATES)
    mended, lost = mend(chosen, candidates(TRUTH), revised(captions("xyz"), judged=table), 0)
    assert lost == Counter()
    after = by_image(mended)
    assert claim not in after["a"]["negative_claim_ids"]
    assert sound(after["a"], captions("xyz"))
    dissolved = {
        group
        for place, group in enumerate(before["a"]["group_ids"], 1)
        if before["a"]["negative_claim_ids"][place] == claim
    }
    for image in after.keys() - {"a"}:
        kept = [None if group in dissolved else group for group in before[image]["group_ids"]]
        assert after[image] == before[image] | {"group_ids": kept}


@settings(max_examples=80, deadline=None)
@given(
    shown=st.lists(st.sampled_from("wxyz"), min_size=2, max_size=9),
    bad=st.sets(
        st.sampled_from([f"{claim}-{name}" for claim in "wxyz" for name in ("simple", *CONSTRUCTIONS)])
    ),
    seed=st.integers(0, 3),
)
def test_whatever_is_rejected_records_stay_sound_and_local(
    shown: list[str], bad: set[str], seed: int
) -> None:
    truth = {
        (str(image), of, claim): "true" if claim == of else "false"
        for image, of in enumerate(shown)
        for claim in "wxyz"
    }
    chosen, _ = assemble(candidates(truth), captions("wxyz"), seed)
    table = captions("wxyz", bad)
    mended, lost = mend(chosen, candidates(truth), revised(table), seed)
    before, after = by_image(chosen), by_image(mended)
    assert len(after) + lost.total() == len(before)
    assert list(after) == [image for image in before if image in after]
    sides: dict[str, list[tuple[str, str]]] = {}
    for image, row in after.items():
        assert sound(row, table)
        for place, caption in enumerate(before[image]["caption_ids"]):
            if caption not in bad:
                assert row["caption_ids"][place] == caption
        for slot, group in enumerate(row["group_ids"]):
            if group:
                assert group == before[image]["group_ids"][slot]
                sides.setdefault(group, []).append(
                    (row["complex_positives"][slot], row["complex_negatives"][slot])
                )
    assert all(len(pair) == 2 and pair[0] == pair[1][::-1] for pair in sides.values())
    again, _ = mend(chosen.take(list(range(chosen.num_rows))[::-1]), candidates(truth), revised(table), seed)
    assert by_image(again) == after
