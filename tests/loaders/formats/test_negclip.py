"""NegCLIP's table, read back as its data loader reads it."""

from __future__ import annotations

import ast
import csv
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.paired_records import ROWS, picture_bytes, record, write_release

from naturel.builders.progress import SilentProgress
from naturel.loaders.export import Format, export

Row = tuple[str, str, list[str], list[int]]


def read(path: Path) -> list[Row]:
    """The rows, lists parsed as literals; the header is checked."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file, delimiter="\t")
    assert header == ["title", "filepath", "neg_caption", "neg_image"]
    return [(row[0], row[1], ast.literal_eval(row[2]), ast.literal_eval(row[3])) for row in rows]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    release = write_release(
        tmp_path / "release",
        {"train-0": ROWS[:3], "train-1": ROWS[3:]},
        pictures=True,
        negatives={"eve": "C"},
    )
    assert export(release, Format.NEGCLIP, tmp_path / "out", SilentProgress()).written == {
        "rows": 20,
        "rows whose neg_image is of a 2x2 group": 16,
        "rows whose neg_image is mined": 4,
        "pictures": 4,
    }
    return tmp_path / "out"


def test_a_record_gives_four_rows(out: Path) -> None:
    rows = read(out / "train.tsv")
    assert [row[:3] for row in rows[:4]] == [
        ("P0", "images/A.jpg", ["Q0"]),
        ("P1", "images/A.jpg", ["Q1", "R2", "X3"]),
        ("P2", "images/A.jpg", ["R2", "Q1", "X3"]),
        ("P3", "images/A.jpg", ["X3", "Q1", "R2"]),
    ]
    assert len(rows) == 20


def test_negative_images_are_rows_of_group_partners_and_mined_pictures(out: Path) -> None:
    rows = read(out / "train.tsv")
    # Rows 0-3 are ann's, 4-7 bob's, 8-11 those of cas, 12-15 dan's, 16-19 eve's.
    assert [row[3] for row in rows[:4]] == [[4, 8], [5], [10], [7, 11]]
    assert [row[3] for row in rows[4:8]] == [[0], [1], [2], [3]]
    assert [row[3] for row in rows[8:12]] == [[0, 12], [15], [2], [3, 15]]
    assert [row[3] for row in rows[12:16]] == [[8], [9], [10], [9]]
    assert [row[3] for row in rows[16:]] == [[8], [9], [10], [11]]


def test_of_a_mined_picture_the_record_is_taken_that_states_the_denied_claim(tmp_path: Path) -> None:
    lamp = ROWS[3]["subject"] | {"noun": "lamp"}
    claims = [*ROWS[4]["negative_claims"]]
    claims[2] = {"subject": "lamp", "relation": "on", "object": "thing"}  # of the second complex pair
    rows = [*ROWS[:3], ROWS[3] | {"subject": lamp}, ROWS[4] | {"negative_claims": claims}]
    release = write_release(tmp_path / "release", {"train-0": rows}, pictures=True, negatives={"eve": "A"})
    export(release, Format.NEGCLIP, tmp_path / "out", SilentProgress())
    # Ann and dan are of picture A; dan's subject is a lamp.
    assert [row[3] for row in read(tmp_path / "out" / "train.tsv")[16:]] == [[12], [13], [14], [15]]


def test_pictures_keep_their_bytes(out: Path) -> None:
    assert {path.name: path.read_bytes() for path in (out / "images").iterdir()} == {
        f"{name}.jpg": picture_bytes(name) for name in "ABCD"
    }


def test_pandas_reads_it_as_negclip_does(out: Path) -> None:
    parsers = {"neg_caption": ast.literal_eval, "neg_image": ast.literal_eval}
    table = pd.read_csv(out / "train.tsv", sep="\t", converters=parsers)
    read_back = list(zip(table.title, table.filepath, table.neg_caption, table.neg_image, strict=True))
    assert read_back == read(out / "train.tsv")


def test_quotes_and_tabs_survive(tmp_path: Path) -> None:
    row = record("fay", "A", "P", "Q0 Q1 Q2 Q3", [None] * 3)
    row |= {"simple_positive": 'a "cat"\ton the man\'s desk', "simple_negative": 'the "man\'s"\tdesk'}
    release = write_release(tmp_path / "release", {"train-0": [row]}, pictures=True)
    export(release, Format.NEGCLIP, tmp_path / "out", SilentProgress())
    parsers = {"neg_caption": ast.literal_eval, "neg_image": ast.literal_eval}
    table = pd.read_csv(tmp_path / "out" / "train.tsv", sep="\t", converters=parsers)
    assert table.title[0] == row["simple_positive"]
    assert table.neg_caption[0] == [row["simple_negative"]]


def test_without_groups_another_picture_and_claim_is_chosen(tmp_path: Path) -> None:
    alone: list[str | None] = [None] * 3
    rows = [
        record(f"r{number}", "AB"[number % 2], "PQRS"[number // 2 % 4], "X0 X1 X2 X3", alone)
        for number in range(16)
    ]
    release = write_release(tmp_path / "release", {"train-0": rows}, pictures=True)
    done = export(release, Format.NEGCLIP, tmp_path / "out", SilentProgress())
    assert done.written["rows whose neg_image is chosen by hash"] == 64
    table = read(tmp_path / "out" / "train.tsv")
    for title, path, _, (other,) in table:
        assert (table[other][1] != path, table[other][0][0] != title[0]) == (True, True)
        assert table[other][0][1] == title[1]  # a simple one for a simple one


def test_records_without_a_picture_are_left_out_and_rows_counted_anew(tmp_path: Path) -> None:
    release = write_release(tmp_path / "release", {"train-0": ROWS}, pictures=True)
    remove_picture(release / "data" / "train-0.parquet", "bob")
    done = export(release, Format.NEGCLIP, tmp_path / "out", SilentProgress())
    assert done.left_out == {"record: it has no picture": 1}
    rows = read(tmp_path / "out" / "train.tsv")
    assert [row[0][0] for row in rows[::4]] == ["P", "R", "S", "T"]
    assert rows[2][3] == [6]


def remove_picture(path: Path, name: str) -> None:
    """Take the picture from a record of a release."""
    table = pq.read_table(path)
    cells = [
        None if identifier == name else picture
        for identifier, picture in zip(table["id"].to_pylist(), table["image"].to_pylist(), strict=True)
    ]
    place = table.column_names.index("image")
    pq.write_table(table.set_column(place, "image", pa.array(cells, table["image"].type)), path)
