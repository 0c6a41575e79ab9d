"""Releases as benchmarks: five records whose pairs and groups are told by hand (`helpers.paired_records`)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.benchmark_files import asked, facts
from helpers.paired_records import ROWS, record, table_of, write_release

from naturel.annotations.errors import UserError
from naturel.evaluation.benchmarks.opening import open_benchmarks
from naturel.evaluation.measuring import measure
from naturel.evaluation.questions import Kind, Questions

CHOICE, HARD = [[True, False]], [[True, True, False]]


def release(folder: Path, *, pictures: bool = True) -> Path:
    """A release with a training split, two for testing, and its captions."""
    files = {"train-0": ROWS[:1], "validation-0": [ROWS[4]], "test_unseen_pairs-0": ROWS}
    write_release(folder, files, pictures=pictures)
    places = ("simple", "simple", "svo", "cleft", "with", "svo", "cleft", "with")
    rows = [
        {"caption_id": f"{name}{place}", "construction": construction}
        for name in ("ann", "bob", "cas", "dan")  # those of eve are not known
        for place, construction in enumerate(places)
    ]
    (folder / "captions").mkdir()
    pq.write_table(pa.Table.from_pylist(rows), folder / "captions" / "captions-0.parquet")
    card = (folder / "README.md").read_text().removesuffix("---\n")
    card += f"- config_name: captions\n  description: {folder}\n  data_files:\n"
    (folder / "README.md").write_text(
        f"{card}  - split: captions\n    path: captions/captions-*.parquet\n---\n"
    )
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return release(tmp_path_factory.mktemp("release") / "1.0.0")


def part(name: str, folder: Path) -> Questions:
    """One part of the split `test_unseen_pairs`."""
    (found,) = open_benchmarks([f"naturel/{name}"], folder, split=["test_unseen_pairs"])
    assert found.benchmark == f"naturel/{name}:test_unseen_pairs"
    return found


def test_every_split_but_training_is_told_apart(folder: Path) -> None:
    found = open_benchmarks(["naturel"], folder)
    assert [(each.benchmark, len(each)) for each in found] == [
        ("naturel/simple:test_unseen_pairs", 5),
        ("naturel/simple:validation", 1),
        ("naturel/complex:test_unseen_pairs", 15),
        ("naturel/complex:validation", 3),
        ("naturel/groups:test_unseen_pairs", 3),
        ("naturel/groups:validation", 0),
        ("naturel/hard_positives:test_unseen_pairs", 15),
        ("naturel/hard_positives:validation", 3),
    ]
    assert found[5].notes == ("the split validation has no 2x2 group.",)
    (train,) = open_benchmarks(["naturel/simple"], folder, split=["train"])
    assert train.benchmark == "naturel/simple:train"


def test_simple_and_complex_pairs_are_choices(folder: Path) -> None:
    simple = part("simple", folder)
    assert simple.kind is Kind.CHOICE
    assert asked(simple) == [
        (["A"], ["P0", "Q0"], CHOICE),
        (["B"], ["Q0", "P0"], CHOICE),
        (["C"], ["R0", "P0"], CHOICE),
        (["A"], ["S0", "X0"], CHOICE),
        (["D"], ["T0", "X0"], CHOICE),
    ]
    assert len(simple.pictures) == 4
    complex_ = part("complex", folder)
    assert asked(complex_)[:4] == [
        (["A"], ["P1", "Q1"], CHOICE),
        (["A"], ["P2", "R2"], CHOICE),
        (["A"], ["P3", "X3"], CHOICE),
        (["B"], ["Q1", "P1"], CHOICE),
    ]
    assert facts(complex_, "id")[:4] == ["ann:1", "ann:2", "ann:3", "bob:1"]
    assert facts(simple, "id")[0] == "ann:0"


def test_facts_are_those_of_the_pair(folder: Path) -> None:
    simple, complex_ = part("simple", folder), part("complex", folder)
    assert facts(simple, "negative_kind") == ["swap"] * 5
    assert facts(simple, "construction") == ["simple"] * 4 + [None]
    assert facts(complex_, "negative_kind") == ["object", "contrast", "attribute"] * 5
    assert facts(complex_, "construction") == ["svo", "cleft", "with"] * 4 + [None] * 3
    assert facts(complex_, "proof") == ["absent"] * 15
    assert facts(complex_, "relation") == ["on"] * 15
    found = {
        (each.facet, each.slice): each.count for each in measure(complex_, np.zeros((15, 1, 2)), resamples=9)
    }
    assert found["construction", "svo"] == 4
    assert found["negative_kind", "contrast"] == 5


def test_groups_have_each_sentence_true_of_its_picture(folder: Path) -> None:
    found = part("groups", folder)
    assert found.kind is Kind.GROUP
    told = {}
    for name, (pictures, sentences, true) in zip(facts(found, "id"), asked(found), strict=True):
        assert true == [[True, False], [False, True]]
        told[name] = set(zip(pictures, sentences, strict=True))
    assert told == {
        "g1": {("A", "P1"), ("B", "Q1")},
        "g2": {("A", "P2"), ("C", "R2")},
        "g3": {("C", "R1"), ("A", "S3")},
    }
    kinds = dict(zip(facts(found, "id"), facts(found, "negative_kind"), strict=True))
    assert kinds == {"g1": "object", "g2": "contrast", "g3": "attribute / object"}
    assert found.left_out == {}


def test_groups_with_a_record_elsewhere_are_counted(tmp_path: Path) -> None:
    files = {"train-0": ROWS[1:], "test-0": ROWS[:1]}
    (found,) = open_benchmarks(["naturel/groups"], write_release(tmp_path / "r", files, pictures=True))
    assert len(found) == 0
    assert found.left_out == {"group with a record in another split": 2}


def test_hard_positives_are_other_positives_of_the_record(folder: Path) -> None:
    found = part("hard_positives", folder)
    assert found.kind is Kind.HARD_POSITIVE
    assert asked(found)[:3] == [
        (["A"], ["P1", "P2", "Q1"], HARD),
        (["A"], ["P2", "P3", "R2"], HARD),
        (["A"], ["P3", "P1", "X3"], HARD),
    ]


def test_positives_that_are_the_same_sentence_are_counted(tmp_path: Path) -> None:
    row = ROWS[0] | {"complex_positives": ["P1", "P1", "P3"], "group_ids": [None] * 3}
    place = write_release(tmp_path / "r", {"test-0": [row]}, pictures=True)
    (found,) = open_benchmarks(["naturel/hard_positives"], place)
    assert asked(found) == [(["A"], ["P1", "P3", "R2"], HARD), (["A"], ["P3", "P1", "X3"], HARD)]
    assert found.left_out == {"the two positives are the same sentence": 1}


def test_pictures_keep_their_bytes(folder: Path) -> None:
    pictures = part("complex", folder).pictures
    assert [picture.key for picture in pictures] == ["A", "B", "C", "D"]
    assert all(isinstance(picture.source, bytes) for picture in pictures)
    assert pictures[1].open().getpixel((0, 0)) == (0, 128, 1)  # green, as JPEG keeps it


def test_records_without_a_picture_are_counted(tmp_path: Path) -> None:
    place = write_release(tmp_path / "r", {"test-0": ROWS}, pictures=True)
    path = place / "data" / "test-0.parquet"
    table = table_of(ROWS, pictures=True)
    cells = [
        None if row["id"] == "bob" else cell
        for row, cell in zip(ROWS, table["image"].to_pylist(), strict=True)
    ]
    at = table.column_names.index("image")
    pq.write_table(
        table.set_column(at, table.schema.field("image"), pa.array(cells, table["image"].type)), path
    )
    (choices, groups) = open_benchmarks(["naturel/simple", "naturel/groups"], place)
    assert [row[0] for row in asked(choices)] == [["A"], ["C"], ["A"], ["D"]]
    assert choices.left_out == {"record without a picture": 1}
    assert sorted(map(str, facts(groups, "id"))) == ["g2", "g3"]
    assert groups.left_out == {"record without a picture": 1}


def test_the_order_of_records_does_not_matter(tmp_path: Path) -> None:
    rows = [record(f"r{number}", "ABCD"[number % 4], "P", "Q0 Q1 Q2 Q3", [None] * 3) for number in range(20)]
    samples = []
    for name, order in (("one", rows), ("two", rows[::-1])):
        place = write_release(tmp_path / name, {"test-0": order}, pictures=True)
        (found,) = open_benchmarks(["naturel/complex"], place, max_questions=7, seed=3)
        assert found.left_out == {"not in the sample": 53}
        samples.append(sorted(map(str, facts(found, "id"))))
    assert samples[0] == samples[1]


def test_older_releases_and_those_without_captions(tmp_path: Path) -> None:
    place = write_release(tmp_path / "r", {"test-0": ROWS}, pictures=True)
    path = place / "data" / "test-0.parquet"
    table = pq.read_table(path).drop_columns(["negative_kinds", "relation", "caption_ids", "group_ids"])
    pq.write_table(table.replace_schema_metadata(None), path)
    simple, groups = open_benchmarks(["naturel/simple", "naturel/groups"], place)
    assert "construction" not in simple.facts
    assert facts(simple, "negative_kind") == [None] * 5
    assert facts(simple, "proof") == ["absent"] * 5
    assert len(groups) == 0
    assert {each.facet for each in measure(simple, np.zeros((5, 1, 2)))} == {"", "proof"}


def test_faults_are_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no split test; it has test_unseen_pairs, train, validation"):
        open_benchmarks(["naturel"], folder, split=["test"])
    only = write_release(tmp_path / "only", {"train-0": ROWS}, pictures=True)
    with pytest.raises(UserError, match=r"has no split to test on, but train\. Give one with --split"):
        open_benchmarks(["naturel"], only)
    links = write_release(tmp_path / "links", {"test-0": ROWS}, pictures=False)
    with pytest.raises(UserError, match="has no pictures in it, but links"):
        open_benchmarks(["naturel"], links)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="holds no release"):
        open_benchmarks(["naturel"], tmp_path / "empty")
    with pytest.raises(UserError, match="cannot be opened as a dataset"):
        open_benchmarks(["naturel"], folder, config="other")


def test_a_hub_that_cannot_be_reached_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str, *_: object, **__: object) -> None:
        raise ConnectionError(f"Couldn't reach {name!r} on the Hub")

    monkeypatch.setattr("datasets.load_dataset", refuse)
    with pytest.raises(
        UserError, match="org/naturel cannot be opened as a dataset: Couldn't reach 'org/naturel'"
    ):
        open_benchmarks(["naturel"], {"naturel": "org/naturel"})
