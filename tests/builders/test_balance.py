"""2x2 groups: two pictures, two claims, each sentence once on either side."""

from __future__ import annotations

import hashlib
import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pytest
from helpers.scenes import reordered
from hypothesis import given, settings
from hypothesis import strategies as st

from naturel.annotations import schema
from naturel.builders import choosing
from naturel.builders import groups as groups_module
from naturel.builders.assemble import FEW_SENTENCES, NO_GROUP, assemble, count_balance
from naturel.builders.candidates import KINDS
from naturel.builders.groups import Groups
from naturel.builders.settings import Balance

CONSTRUCTIONS = ("cleft", "existential", "fronted", "inverse", "passive", "svo")
Row = dict[str, Any]
Picture = Mapping[str, Mapping[str, str]]
"""Positive claim -> claims that are denied beside it, with their kinds."""


def candidates(pictures: Mapping[str, Picture], seed: int | None = None) -> pa.Table:
    rows = [
        (image, positive, claim, kind, rank, "true" if kind == "positive" else "false", "exclusive")
        for image, picture in pictures.items()
        for positive, denied in picture.items()
        for rank, (claim, kind) in enumerate([(positive, "positive"), *denied.items()], -1)
    ]
    table = pa.Table.from_pylist(
        [dict(zip(schema.CANDIDATES.names, row, strict=True)) for row in rows], schema.CANDIDATES
    )
    return table if seed is None else reordered(table, seed)


def captions(written: Mapping[str, Sequence[str]], texts: Mapping[str, str] | None = None) -> pa.Table:
    """A simple caption of each claim and one in each construction; `texts` has others than the usual."""
    rows = [
        {
            "caption_id": f"{claim}-{construction}",
            "claim_id": claim,
            "text": (texts or {}).get(f"{claim}-{construction}", f"{construction} {claim}"),
            "style": "simple" if construction == "simple" else "complex",
            "construction": construction,
            "writer": "grammar",
            "status": "ok",
        }
        for claim, constructions in written.items()
        for construction in ("simple", *constructions)
    ]
    return pa.Table.from_pylist(rows, schema.CAPTIONS)


def all_of(*claims: str) -> pa.Table:
    return captions(dict.fromkeys(claims, CONSTRUCTIONS))


def by_image(table: pa.Table) -> dict[str, Row]:
    return {row["image_id"]: row for row in table.to_pylist()}


def denied(row: Row) -> list[str]:
    return list(row["negative_claim_ids"][1:])


TWO: dict[str, Picture] = {"1": {"p": {"q": "object"}}, "2": {"q": {"p": "subject"}}}


@pytest.mark.parametrize("balance", [Balance.PREFER, Balance.STRICT])
def test_two_records_worked_out_by_hand(balance: Balance) -> None:
    table, dropped = assemble(candidates(TWO), all_of("p", "q"), 0, balance)
    first, second = by_image(table)["1"], by_image(table)["2"]
    assert (first["simple_positive"], first["simple_negative"]) == ("simple p", "simple q")
    assert (second["simple_positive"], second["simple_negative"]) == ("simple q", "simple p")
    assert (first["negative_kinds"], second["negative_kinds"]) == (["object"] * 4, ["subject"] * 4)
    said = [text.removesuffix(" p") for text in first["complex_positives"]]
    assert len(set(said)) == 3
    assert set(said) <= set(CONSTRUCTIONS)
    assert first["complex_negatives"] == second["complex_positives"] == [f"{name} q" for name in said]
    assert second["complex_negatives"] == first["complex_positives"]
    digests = [hashlib.sha256(f"1\tp\tp-{name}\n2\tq\tq-{name}".encode()).hexdigest()[:16] for name in said]
    assert first["group_ids"] == second["group_ids"] == digests
    assert not +dropped
    assert count_balance(table) == {
        "pairs in groups": 6,
        "records all in groups": 2,
        "sentences on both sides": 8,
        "sentences only positive": 0,
        "sentences only negative": 0,
    }


def test_without_balance_there_are_no_groups() -> None:
    table, _ = assemble(candidates(TWO), all_of("p", "q"), 0, Balance.OFF)
    assert table.num_rows == 2
    assert table["group_ids"].to_pylist() == [[None] * 3] * 2


def test_who_finds_nobody_is_left_out_only_where_balance_is_strict() -> None:
    three = {**TWO, "3": {"q": {"p": "subject", "odd": "contrast"}}}
    strict, dropped = assemble(candidates(three), all_of("p", "q", "odd"), 0, Balance.STRICT)
    assert strict.num_rows == 2
    assert dropped[NO_GROUP] == dropped.total() == 1
    preferred, dropped = assemble(candidates(three), all_of("p", "q", "odd"), 0, Balance.PREFER)
    assert not +dropped
    assert preferred.num_rows == 3
    assert set(strict["group_ids"].to_pylist()[0]) == {
        name for names in preferred["group_ids"].to_pylist() for name in names if name
    }


@pytest.mark.parametrize("one_sided", ["object", "swap"])
def test_both_claims_must_be_denied(one_sided: str) -> None:
    lopsided: dict[str, Picture] = {"1": {"p": {"q": one_sided}}, "2": {"q": {"other": "contrast"}}}
    written = all_of("p", "q", "other")
    assert assemble(candidates(lopsided), written, 0, Balance.STRICT)[0].num_rows == 0
    table, _ = assemble(candidates(lopsided), written, 0, Balance.PREFER)
    assert table["group_ids"].to_pylist() == [[None] * 3] * 2


FOUR: dict[str, Picture] = {
    claim: {claim: {other: kind for other, kind in zip("pqst", KINDS[1:5], strict=True) if other != claim}}
    for claim in "pqst"
}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("balance", [Balance.PREFER, Balance.STRICT])
def test_four_who_balance_each_other_meet_in_turn(balance: Balance, seed: int) -> None:
    # Whoever meets first, the other two rounds are the two other ways to couple four.
    table, dropped = assemble(candidates(FOUR), all_of(*"pqst"), seed, balance)
    assert not +dropped
    for image, row in by_image(table).items():
        assert set(denied(row)) == set("pqst") - {image}
        assert None not in row["group_ids"]
        assert row["negative_claim_ids"][0] == row["negative_claim_ids"][1]


@pytest.mark.parametrize("count", [3, 4, 5])
@pytest.mark.parametrize("seed", range(5))
def test_few_sentences_are_enough(count: int, seed: int) -> None:
    crowd = {
        f"{image}{claim}": {claim: dict.fromkeys(set("pqst") - {claim}, "object")}
        for image in range(8)
        for claim in "pqst"
    }
    written = captions({claim: CONSTRUCTIONS[i : i + count] for i, claim in enumerate("pqst")})
    table, dropped = assemble(candidates(crowd), written, seed, Balance.STRICT)
    assert dropped[FEW_SENTENCES] == 0
    assert table.num_rows >= 24


def test_a_record_without_three_sentences_takes_its_partners_along_where_balance_is_strict() -> None:
    written = dict.fromkeys("qst", CONSTRUCTIONS) | {"p": CONSTRUCTIONS[:3]}
    same = {"p-cleft": "It is said twice.", "p-fronted": "It is said twice."}
    strict, dropped = assemble(candidates(FOUR), captions(written, same), 0, Balance.STRICT)
    assert strict.num_rows == 0
    assert +dropped == {FEW_SENTENCES: 1, NO_GROUP: 3}
    preferred, dropped = assemble(candidates(FOUR), captions(written, same), 0, Balance.PREFER)
    assert sorted(preferred["image_id"].to_pylist()) == ["q", "s", "t"]
    assert dropped[FEW_SENTENCES] == dropped.total() == 1
    for row in preferred.to_pylist():
        assert row["group_ids"].count(None) == 1
        assert "p" in denied(row)


@pytest.mark.parametrize("seed", range(10))
def test_two_claims_with_one_text_are_not_both_said_beside_a_picture(seed: int) -> None:
    # p: cat left of dog, q: dog right of cat; s and t are the same of the mirror image. Each inverse says the other.
    pictures: dict[str, Picture] = {
        "picture": {"p": {"s": "contrast", "t": "swap"}, "q": {"t": "contrast", "s": "swap"}},
        "mirror image": {"s": {"p": "contrast", "q": "swap"}, "t": {"q": "contrast", "p": "swap"}},
    }
    other = {"p": "q", "q": "p", "s": "t", "t": "s"}
    texts = {f"{claim}-inverse": f"svo {other[claim]}" for claim in other}
    written = captions(dict.fromkeys("pqst", ("inverse", "svo", "cleft", "fronted", "existential")), texts)
    table, dropped = assemble(candidates(pictures), written, seed, Balance.STRICT)
    assert not +dropped
    assert table.num_rows == 4


@dataclass(frozen=True)
class World:
    """Random pictures and captions."""

    pictures: Mapping[str, Picture]
    written: Mapping[str, Sequence[str]]

    @property
    def truth(self) -> dict[tuple[str, str], bool]:
        found = {}
        for image, picture in self.pictures.items():
            for positive, false in picture.items():
                found[image, positive] = True
                found |= {(image, claim): False for claim in false}
        return found


CLAIMS = "pqrstu"
"""Claims that can be positives; "x" and "y" never are."""


@st.composite
def worlds(draw: st.DrawFn) -> World:
    pictures: dict[str, Picture] = {}
    for image in range(draw(st.integers(1, 14))):
        true = draw(st.sets(st.sampled_from(CLAIMS), min_size=1, max_size=2))
        false = st.dictionaries(
            st.sampled_from(sorted({*CLAIMS, "x", "y"} - true)), st.sampled_from(KINDS[1:]), max_size=6
        )
        pictures[str(image)] = {claim: draw(false) for claim in sorted(true)}
    some = st.lists(st.sampled_from(CONSTRUCTIONS), min_size=1, unique=True)
    many = st.one_of(st.just(list(CONSTRUCTIONS)), st.just(list(CONSTRUCTIONS)), some)
    return World(pictures, {claim: draw(many) for claim in (*CLAIMS, "x", "y")})


def check_records(world: World, table: pa.Table) -> None:
    """Each caption states what it should, and none stands twice in a record."""
    for row in table.to_pylist():
        image, positive = row["image_id"], row["positive_claim"]
        assert world.truth[image, positive]
        assert not any(world.truth[image, claim] for claim in row["negative_claim_ids"])
        stated = [name.split("-")[0] for name in row["caption_ids"]]
        claim, *others = row["negative_claim_ids"]
        assert stated == [positive, claim, *[positive] * 3, *others]
        assert len({*row["complex_positives"], *row["complex_negatives"]}) == 6
        kinds = [world.pictures[image][positive][claim] for claim in row["negative_claim_ids"]]
        assert row["negative_kinds"] == kinds


def check_groups(table: pa.Table) -> None:
    """Two records of different pictures in each group, with opposite sentences in the same slot."""
    members: dict[str, list[tuple[int, Row]]] = defaultdict(list)
    for row in table.to_pylist():
        for slot, group in enumerate(row["group_ids"]):
            if group is not None:
                members[group].append((slot, row))
    for group, found in members.items():
        (slot, one), (other_slot, other) = found
        assert slot == other_slot
        assert one["image_id"] != other["image_id"]
        assert one["complex_positives"][slot] == other["complex_negatives"][slot]
        assert one["complex_negatives"][slot] == other["complex_positives"][slot]
        assert (denied(one)[slot], denied(other)[slot]) == (other["positive_claim"], one["positive_claim"])
        names = sorted(
            f"{row['image_id']}\t{row['positive_claim']}\t{row['caption_ids'][2 + slot]}"
            for row in (one, other)
        )
        assert group == hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]
        if slot == 0:
            assert one["simple_negative"] == other["simple_positive"]


@settings(deadline=None, max_examples=200)
@given(worlds(), st.integers(0, 9))
def test_groups_of_any_candidates(world: World, seed: int) -> None:
    written = captions(world.written)
    rows = candidates(world.pictures)
    found = {balance: assemble(rows, written, seed, balance) for balance in Balance}
    for table, dropped in found.values():
        check_records(world, table)
        check_groups(table)
        assert table.num_rows + dropped.total() == sum(map(len, world.pictures.values()))
    off, prefer, strict = (found[balance][0] for balance in Balance)

    assert prefer.num_rows >= off.num_rows
    assert {*zip(*off.select(["image_id", "positive_claim"]).to_pydict().values(), strict=True)} <= {
        *zip(*prefer.select(["image_id", "positive_claim"]).to_pydict().values(), strict=True)
    }
    assert count_balance(off)["pairs in groups"] == 0
    assert count_balance(strict)["pairs in groups"] == 3 * strict.num_rows
    assert count_balance(prefer)["pairs in groups"] % 2 == 0
    for name in ("complex", "simple"):
        positive, negative = (
            strict[column].combine_chunks() for column in strict.column_names if column.startswith(name)
        )
        if name == "complex":
            positive, negative = positive.flatten(), negative.flatten()
        assert Counter(positive.to_pylist()) == Counter(negative.to_pylist())


@settings(deadline=None, max_examples=50)
@given(worlds(), st.integers(0, 9), st.sampled_from(list(Balance)))
def test_the_order_of_rows_is_irrelevant(world: World, seed: int, balance: Balance) -> None:
    written = captions(world.written)
    first, dropped = assemble(candidates(world.pictures), written, seed, balance)
    for order in range(3):
        again, others = assemble(candidates(world.pictures, order), reordered(written, order), seed, balance)
        assert Counter(map(str, again.to_pylist())) == Counter(map(str, first.to_pylist()))
        assert others == dropped


def test_with_enough_sentences_every_group_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    formed: list[Groups] = []

    def form_groups(*args: Any, **options: Any) -> Groups:
        formed.append(groups_module.form_groups(*args, **options))
        return formed[-1]

    monkeypatch.setattr(choosing, "form_groups", form_groups)
    chance = random.Random(0)
    again = 0
    for seed in range(20):
        sparse: dict[str, Picture] = {
            f"{image}{claim}": {
                claim: dict.fromkeys(chance.sample(sorted({*"pqrst"} - {claim}), 2), "object")
            }
            for image in range(8)
            for claim in "pqrst"
        }
        table, _ = assemble(candidates(sparse), all_of(*"pqrst"), seed, Balance.PREFER)
        check_groups(table)
        assert count_balance(table)["pairs in groups"] == (formed[-1].partner >= 0).sum() > 0
        partners = defaultdict(set)
        for row in table.to_pylist():
            for slot, group in enumerate(row["group_ids"]):
                partners[group, slot].add(row["image_id"])
        for row in table.to_pylist():
            met = [
                (claim, min(partners[group, slot] - {row["image_id"]}))
                for slot, (claim, group) in enumerate(zip(denied(row), row["group_ids"], strict=True))
                if group
            ]
            again += len(set(met)) > len({claim for claim, _ in met})
    assert again  # one claim was denied of one record with two partners


CROWD: dict[str, Picture] = {
    f"{image}{claim}": {claim: {other: "object" for other in "pqrst" if other != claim}}
    for image in range(6)
    for claim in "pqrst"
}


@pytest.mark.parametrize("balance", list(Balance))
def test_the_seed_decides(balance: Balance, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, written = candidates(CROWD), all_of(*"pqrst")
    found = {str(assemble(rows, written, seed, balance)[0].to_pylist()) for seed in range(5)}
    assert len(found) == 5
    table = assemble(rows, written, 0, balance)[0]
    monkeypatch.setattr(choosing, "CHUNK", 3)
    assert assemble(rows, written, 0, balance)[0].equals(table)


def test_kinds_are_mixed() -> None:
    kinds = {"a": "swap", "b": "swap", "c": "swap", "d": "swap", "e": "contrast", "f": "object"}
    pictures = {str(image): {"p": kinds} for image in range(20)}
    for balance in (Balance.OFF, Balance.PREFER):
        table, _ = assemble(candidates(pictures), all_of("p", *kinds), 0, balance)
        for row in table.to_pylist():
            assert sorted(row["negative_kinds"][1:]) == ["contrast", "object", "swap"]
        assert len({name for row in table.to_pylist() for name in denied(row)}) > 4


def test_positives_of_other_pictures_are_preferred_as_negatives() -> None:
    false = dict.fromkeys("abcdefgh", "contrast") | {"q": "contrast"}
    pictures: dict[str, Picture] = {str(image): {"p": false} for image in range(20)}
    pictures["other"] = {"q": {"a": "contrast"}}
    written = all_of("p", *false)
    shares = {}
    for balance in (Balance.OFF, Balance.PREFER):
        table, _ = assemble(candidates(pictures), written, 0, balance)
        shares[balance] = sum("q" in denied(row) for row in table.to_pylist())
    assert shares[Balance.PREFER] == 20
    assert shares[Balance.OFF] < 15


def test_counterparts_are_coupled_first() -> None:
    crowd: dict[str, Picture] = {f"{side}{n}": {"p": {"q": "swap"}} for n in range(6) for side in "a"}
    crowd |= {f"b{n}": {"q": {"p": "swap"}} for n in range(6)}
    mates = {f"a{n}": f"b{(n + 2) % 6}" for n in range(5)}  # a5 and b1 have none
    mates |= {other: one for one, other in mates.items()}
    images = pa.Table.from_pylist(
        [{"image_id": name, "counterpart_id": mates.get(name)} for name in crowd], schema.IMAGES
    )
    table, _ = assemble(candidates(crowd), all_of("p", "q"), 3, Balance.STRICT, images)
    groups = defaultdict(list)
    for row in table.to_pylist():
        groups[row["group_ids"][0]].append(row["image_id"])
    assert {tuple(sorted(members)) for members in groups.values()} == {
        *((f"a{n}", mates[f"a{n}"]) for n in range(5)),
        ("a5", "b1"),
    }
