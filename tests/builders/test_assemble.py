"""Which captions stand beside a picture, and which records are left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import permutations, product
from typing import Any

import pyarrow as pa
import pytest
from helpers.scenes import NOUNS, VOCABULARY, Scene, Thing, evidence_of, reordered, triplets_of
from hypothesis import given, settings
from hypothesis import strategies as st

from naturel.annotations import schema
from naturel.builders import choosing
from naturel.builders.assemble import FEW_SENTENCES, NO_NEGATIVE, NOT_PROVED, assemble
from naturel.builders.candidates import judge_candidates
from naturel.builders.settings import Balance

CONSTRUCTIONS = ("cleft", "existential", "fronted", "passive", "svo")
Row = dict[str, Any]


def positive(claim: str = "yes", image: str = "1", truth: str = "true") -> Row:
    return negative(claim, claim, image, "positive", -1, truth, "annotated")


def negative(
    claim: str,
    of: str = "yes",
    image: str = "1",
    kind: str = "contrast",
    rank: int = 1,
    truth: str = "false",
    proof: str | None = "exclusive",
) -> Row:
    values = (image, of, claim, kind, rank, truth, None if truth == "unknown" else proof)
    return dict(zip(schema.CANDIDATES.names, values, strict=True))


def candidates(*rows: Row) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema.CANDIDATES)


def captions(claims: Sequence[str] | Mapping[str, Sequence[str]]) -> pa.Table:
    """For each claim a simple caption and one in each construction."""
    given_ = claims if isinstance(claims, Mapping) else dict.fromkeys(claims, CONSTRUCTIONS)
    rows = [
        {
            "caption_id": f"{claim}-{construction}",
            "claim_id": claim,
            "text": f"{construction} {claim}",
            "style": "simple" if construction == "simple" else "complex",
            "construction": construction,
            "writer": "grammar",
            "status": "ok",
        }
        for claim, constructions in given_.items()
        for construction in ("simple", *constructions)
    ]
    return pa.Table.from_pylist(rows, schema.CAPTIONS)


def only(table: pa.Table) -> Row:
    assert table.num_rows == 1
    row: Row = table.to_pylist()[0]
    return row


def constructions(texts: Sequence[str]) -> list[str]:
    return [text.split(" ")[0] for text in texts]


def test_the_only_negative() -> None:
    table, dropped = assemble(candidates(positive(), negative("no")), captions(["yes", "no"]), 0)
    record = only(table)
    assert record["image_id"] == "1"
    assert record["positive_claim"] == "yes"
    assert record["positive_proof"] == "annotated"
    assert (record["simple_positive"], record["simple_negative"]) == ("simple yes", "simple no")
    pairs = list(zip(record["complex_positives"], record["complex_negatives"], strict=True))
    assert len(set(pairs)) == 3
    assert all(no == yes.replace("yes", "no") for yes, no in pairs)  # built alike
    assert record["negative_claim_ids"] == ["no"] * 4
    assert record["negative_kinds"] == ["contrast"] * 4
    assert record["negative_proofs"] == ["exclusive"] * 4
    ids = [f"{claim}-{construction}" for construction, claim in (yes.split(" ") for yes, _ in pairs)]
    assert record["caption_ids"] == [
        "yes-simple",
        "no-simple",
        *ids,
        *(name.replace("yes", "no") for name in ids),
    ]
    assert not +dropped


def test_the_swap_is_the_simple_negative() -> None:
    rows = [negative("best", rank=0), negative("swapped", kind="swap", rank=3), negative("next", rank=1)]
    names = ["yes", "best", "swapped", "next"]
    assert (
        only(assemble(candidates(positive(), *rows), captions(names), 0)[0])["simple_negative"]
        == "simple swapped"
    )
    rows[1]["truth"], rows[1]["proof"] = "unknown", None
    assert (
        only(assemble(candidates(positive(), *rows), captions(names), 0)[0])["simple_negative"]
        == "simple best"
    )


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_complex_negatives_mix_what_is_proved(count: int) -> None:
    names = [f"no{i}" for i in range(count)]
    rows = [negative(name, rank=i) for i, name in enumerate(names)]
    rows += [negative("perhaps", truth="unknown"), negative("so", truth="true")]
    seen = set()
    for image in map(str, range(20)):
        here = [row | {"image_id": image} for row in (positive(), *rows)]
        record = only(assemble(candidates(*here), captions(["yes", "perhaps", "so", *names]), 0)[0])
        claims = record["negative_claim_ids"]
        assert claims[0] == "no0"
        assert len(set(claims[1:])) == min(count, 3)
        assert len(set(record["complex_negatives"])) == 3
        assert [text.split(" ")[1] for text in record["complex_negatives"]] == claims[1:]
        seen |= set(claims[1:])
    assert seen == set(names)


def test_what_is_left_out_is_counted() -> None:
    rows = [
        *[positive(), negative("no")],
        *[
            positive(image="2"),
            negative("no", image="2", truth="unknown"),
            negative("yes2", image="2", truth="true"),
        ],
        positive(image="3"),  # nothing to deny
        *[positive(image="4", truth="unknown"), negative("no", image="4")],
        *[positive("few", image="5"), negative("no", "few", image="5")],
        *[positive(image="6"), negative("few", image="6")],
        *[positive(image="7"), negative("unwritten", image="7")],
        *[positive("unwritten", image="8"), negative("no", "unwritten", image="8")],
        *[positive(image="9"), negative("unwritten", image="9"), negative("no", image="9")],
    ]
    written = captions({"yes": CONSTRUCTIONS, "no": CONSTRUCTIONS, "few": CONSTRUCTIONS[:2]})
    table, dropped = assemble(candidates(*rows), written, 0)
    assert sorted(table["image_id"].to_pylist()) == ["1", "9"]
    assert set(table["simple_negative"].to_pylist()) == {"simple no"}
    assert dropped == {NOT_PROVED: 1, NO_NEGATIVE: 2, FEW_SENTENCES: 4}


def test_a_sentence_never_stands_on_both_sides() -> None:
    written = captions({"yes": CONSTRUCTIONS[:3], "no": CONSTRUCTIONS[:3]})
    same = pa.array(
        [
            text.replace("passive", "simple").replace("fronted no", "cleft yes")
            for text in written["text"].to_pylist()
        ]
    )
    ambiguous = written.set_column(written.schema.get_field_index("text"), "text", same)
    table, dropped = assemble(candidates(positive(), negative("no")), ambiguous, 0)
    assert table.num_rows == 0
    assert dropped[FEW_SENTENCES] == 1


some = st.lists(st.sampled_from(CONSTRUCTIONS), min_size=1, unique=True)


@settings(deadline=None, max_examples=150)
@given(some, st.lists(some, min_size=1, max_size=4), st.integers(0, 99))
def test_constructions_are_shared_where_they_can_be(
    ours: list[str], theirs: list[list[str]], seed: int
) -> None:
    names = [f"no{i}" for i in range(len(theirs))]
    rows = candidates(positive(), *(negative(name, rank=i) for i, name in enumerate(names)))
    written = captions({"yes": ours} | dict(zip(names, theirs, strict=True)))
    table, dropped = assemble(rows, written, seed)
    assert table.num_rows + dropped.total() == 1
    if not table.num_rows:
        return
    record = only(table)
    yes, no = constructions(record["complex_positives"]), constructions(record["complex_negatives"])
    assert len(set(yes)) == len(set(no)) == 3
    slots = [theirs[names.index(claim)] for claim in record["negative_claim_ids"][1:]]
    most = max(
        sum(a == b for a, b in zip(first, second, strict=True))
        for first in permutations(ours, 3)
        for second in product(*slots)
        if len(set(second)) == 3
    )
    assert sum(a == b for a, b in zip(yes, no, strict=True)) == most


@pytest.mark.parametrize("seed", range(20))
def test_a_claim_of_few_sentences_gets_the_ones_that_others_can_spare(seed: int) -> None:
    theirs = {"a": ["passive", "existential"], "b": ["passive"], "c": ["svo"]}
    rows = candidates(positive(), *(negative(name) for name in theirs))
    record = only(assemble(rows, captions({"yes": ["svo", "cleft", "fronted"]} | theirs), seed)[0])
    assert sorted(constructions(record["complex_negatives"])) == ["existential", "passive", "svo"]


THINGS = ("Cat", "Dog", "Bird")


def world() -> tuple[pa.Table, pa.Table]:
    """Judged candidates of real claims, and captions for all of them."""
    scenes = []
    for i in range(60):
        things = {"a": Thing(THINGS[i % 3], (0.3, 0.2, 0.6, 0.5)), "b": Thing("Desk", (0.1, 0.45, 0.9, 0.9))}
        said = [("a", ("on", "next_to", "stands_on")[i % 4 % 3], "b"), ("a", "is", "Stand")]
        things |= {"c": Thing("Chair", (0.3, 0.2, 0.6, 0.5))} if i % 5 == 0 else {}
        scenes.append(Scene(things, said, [THINGS[(i + 1) % 3]], f"picture {i}"))
    judged = judge_candidates(triplets_of(*scenes), evidence_of(*scenes), VOCABULARY, NOUNS, 0)
    return judged.candidates, captions(judged.claims["claim_id"].to_pylist())


def test_positives_are_true_and_negatives_false_in_their_picture() -> None:
    judged, written = world()
    truth = {(row["image_id"], row["claim_id"]): row["truth"] for row in judged.to_pylist()}
    claim = dict(zip(written["caption_id"].to_pylist(), written["claim_id"].to_pylist(), strict=True))
    text = dict(zip(written["caption_id"].to_pylist(), written["text"].to_pylist(), strict=True))
    table, dropped = assemble(judged, written, 3)
    assert table.num_rows > 60
    assert table.num_rows + dropped.total() == judged["kind"].to_pylist().count("positive")
    for record in table.to_pylist():
        yes, no, *more = record["caption_ids"]
        yes, no = [yes, *more[:3]], [no, *more[3:]]
        assert {truth[record["image_id"], claim[caption]] for caption in yes} == {"true"}
        assert {truth[record["image_id"], claim[caption]] for caption in no} == {"false"}
        assert {claim[caption] for caption in yes} == {record["positive_claim"]}
        assert [claim[caption] for caption in no] == record["negative_claim_ids"]
        assert [text[caption] for caption in yes] == [record["simple_positive"], *record["complex_positives"]]
        assert [text[caption] for caption in no] == [record["simple_negative"], *record["complex_negatives"]]
        assert len({text[caption] for caption in (*yes[1:], *no[1:])}) == 6


def as_set(table: pa.Table) -> Counter[str]:
    return Counter(map(str, table.to_pylist()))


def test_the_seed_decides_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    judged, written = world()
    first, dropped = assemble(judged, written, 0)
    assert assemble(judged, written, 0)[0].equals(first)
    other, others_dropped = assemble(judged, written, 1)
    assert as_set(other) != as_set(first)
    assert other.num_rows == first.num_rows
    assert others_dropped == dropped
    for seed in (1, 2):
        again, again_dropped = assemble(reordered(judged, seed), reordered(written, seed), 0)
        assert as_set(again) == as_set(first)
        assert again_dropped == dropped
    monkeypatch.setattr(choosing, "CHUNK", 7)
    assert assemble(judged, written, 0)[0].equals(first)


def test_without_balance_records_do_not_depend_on_each_other() -> None:
    judged, written = world()
    whole = as_set(assemble(judged, written, 0, Balance.OFF)[0])
    some_pictures = judged.filter(pa.array([row.as_py().endswith("7") for row in judged["image_id"]]))
    part = as_set(assemble(some_pictures, written, 0, Balance.OFF)[0])
    assert part
    assert part <= whole


def test_the_first_of_two_sentences_of_one_construction_is_taken() -> None:
    written = captions(["yes", "no"]).to_pylist()
    twice = [
        *written,
        *(row | {"caption_id": "a" + row["caption_id"], "text": "new " + row["text"]} for row in written),
    ]
    for rows in (twice, twice[::-1]):
        record = only(
            assemble(candidates(positive(), negative("no")), pa.Table.from_pylist(rows, schema.CAPTIONS), 0)[
                0
            ]
        )
        assert all(name.startswith("a") for name in record["caption_ids"])


@pytest.mark.parametrize("rows", [[], [positive()], [positive(), negative("no")]])
@pytest.mark.parametrize("written", [[], ["yes"]])
def test_too_little_to_assemble(rows: list[Row], written: list[str]) -> None:
    table, dropped = assemble(candidates(*rows), captions(written), 0)
    assert table.num_rows == 0
    assert dropped.total() == min(len(rows), 1)


def test_a_rejected_caption_stands_in_no_record() -> None:
    written = captions(["yes", "no"]).to_pylist()
    bad = [row | {"status": "rejected"} if row["caption_id"] == "yes-svo" else row for row in written]
    table = pa.Table.from_pylist(bad, schema.CAPTIONS)
    record = only(assemble(candidates(positive(), negative("no")), table, 0)[0])
    assert "yes-svo" not in record["caption_ids"]


def test_a_pair_has_both_sentences_from_one_writer() -> None:
    grammar = captions(["yes", "no"]).to_pylist()
    model = [
        row
        | {
            "caption_id": "m-" + row["caption_id"],
            "text": "model " + row["text"],
            "writer": "model",
            "prompt_id": "p",
        }
        for row in grammar
        if row["style"] == "complex"
    ]
    table = pa.Table.from_pylist([*grammar, *model], schema.CAPTIONS)
    for seed in range(8):
        record = only(assemble(candidates(positive(), negative("no")), table, seed)[0])
        ids = record["caption_ids"]
        assert [name.startswith("m-") for name in ids[2:5]] == [name.startswith("m-") for name in ids[5:8]]
