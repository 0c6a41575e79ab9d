"""The engine: reading files, and tables that are the same in every run."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from daft.exceptions import DaftCoreException
from hypothesis import example, given, settings
from hypothesis import strategies as st

from naturel.annotations import schema
from naturel.annotations.errors import UserError
from naturel.builders import csv_source, engine
from naturel.builders.csv_source import number_in
from naturel.builders.engine import (
    NUMBER,
    TEXT,
    collect,
    frame_of,
    header_of,
    read_csv,
    read_csv_of,
    require_extra,
    scan_csv,
    use_runner,
    write_table,
)

COLUMNS = {"a": TEXT, "x": NUMBER}


def file(folder: Path, text: str, name: str = "file.csv") -> Path:
    path = folder / name
    data = text.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def rows(path: Path) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for batch in read_csv(path, COLUMNS) for row in batch.to_pylist()]


@pytest.mark.parametrize("name", ["file.csv", "file.csv.gz"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b,x\n1,2,.5\n3,4,1e-1\n", [("1", 0.5, None), ("3", 0.1, None)]),
        ("x,b,a\n.5,2,1\n", [("1", 0.5, None)]),
        ('"a","b","x"\n1,2,0.5\n', [("1", 0.5, None)]),
        (" a , b,x\n1,2,0.5\n", [("1", 0.5, None)]),
        ("\ufeffa,b,x\n1,2,0.5\n", [("1", 0.5, None)]),
        ("a,b,x\r\n1,2,0.5\r\n", [("1", 0.5, None)]),
        ("a,b,x\n\n1,2,0.5\n\n", [("1", 0.5, None)]),
        ("a,b,x\n1,2,0.5", [("1", 0.5, None)]),
        ('a,b,x\n"1,""2""",2,0.5\n"1\n2",2,1\n', [('1,"2"', 0.5, None), ("1\n2", 1.0, None)]),
        ("a,b,x\n,2,\n", [("", None, None)]),
        ("a,b,x\n1,2,NaN\n1,2,-inf\n1,2,x\n1,2, 1\n1,2,1e39\n", [("1", None, None)] * 5),
        ("a,b,x\nnull,2,1\nNA,2,1\n", [("null", 1.0, None), ("NA", 1.0, None)]),
        ("a,b,x\n1,2,1,\n1,2,1,4,5\n", [("1", 1.0, ""), ("1", 1.0, "4")]),
        ('a,b,x\n"1,\n2",3\n1\n', [("1,\n2", None, None), ("1", None, None)]),
        ("a,b,x\n", []),
    ],
)
def test_values(tmp_path: Path, name: str, text: str, expected: list[tuple[object, ...]]) -> None:
    path = file(tmp_path, text, name)
    assert rows(path) == [pytest.approx(row) for row in expected]
    scanned = collect(scan_csv(path, COLUMNS), str(path)).to_pylist()
    assert [tuple(row.values()) for row in scanned] == [pytest.approx(row) for row in expected]


@settings(deadline=None, max_examples=200)
@given(st.text("+-.eE0189nafity_x \u0661", min_size=1, max_size=10))
@example("+0.5")
@example("+.5e+1")
@example("-0")
@example("3.4028235e38")
@example("3.4028236e38")
@example("1e-46")
def test_a_number_is_one_whatever_stands_beside_it(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder = tmp_path_factory.mktemp("numbers")
    alone = rows(file(folder, f"a,x\n1,{text}\n", "alone.csv"))[0][1]
    beside = rows(file(folder, f"a,x\n1,{text}\n1,no number\n", "beside.csv"))[0][1]
    number = number_in(text)
    assert alone == beside == (None if number is None else float(np.float32(number)))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("+0.5", 0.5), ("-.5", -0.5), ("5.", 5.0), ("+1e-1", 0.1)),
        *((None, None), ("", None), ("+", None), ("+-1", None), ("nan", None), ("inf", None), ("1e39", None)),
        *((" 1", None), ("1\n", None), ("0x1", None), ("1_0", None), ("\u0661", None)),
    ],
)
def test_what_is_a_number(text: str | None, number: float | None) -> None:
    assert number_in(text) == number


def test_names_for_a_file_without_header(tmp_path: Path) -> None:
    frame = scan_csv(file(tmp_path, "1,2\n3,4\n"), {"b": TEXT}, header=["a", "b"])
    assert collect(frame, "it").column("b").to_pylist() == ["2", "4"]


def test_names_with_special_characters_are_no_patterns(tmp_path: Path) -> None:
    file(tmp_path, "a,b,x\nwrong,2,1\n", "f1.csv")
    assert rows(file(tmp_path, "a,b,x\nright,2,1\n", "f[1]*?.csv")) == [("right", 1.0, None)]


def test_many_blocks_give_every_row_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_source, "BLOCK", 500)
    lines = [f'"{i}\n",2,{i}' if i % 3 else f"{i}" for i in range(300)]
    found = rows(file(tmp_path, "\n".join(["a,b,x", *lines])))
    expected = [(f"{i}\n", float(i), None) if i % 3 else (f"{i}", None, None) for i in range(300)]
    assert sorted(found, key=str) == sorted(expected, key=str)


def test_a_row_longer_than_a_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_source, "BLOCK", 500)
    path = file(tmp_path, 'a,b,x\n1,2,3\n1,"2,3\n' + "4,5,6\n" * 300)
    with pytest.raises(UserError, match="longer than 500 bytes; a quotation mark may not be closed"):
        rows(path)


@pytest.mark.parametrize("at_once", [1, 3, 1000])
def test_rows_of_given_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(csv_source, "BLOCK", 100)
    monkeypatch.setattr(engine, "SELECTED_AT_ONCE", at_once)
    path = file(tmp_path, "\n".join(["a,b,x", *(f"k{i % 10},0,{i}" for i in range(50))]))
    batches = list(read_csv_of(path, COLUMNS, "a", pa.array(["k7", "k99", "k3"])))
    found = sorted((row["x"], row["a"], row["place"]) for batch in batches for row in batch.to_pylist())
    expected = [(i, f"k{i % 10}", 0 if i % 10 == 7 else 2) for i in range(50) if i % 10 in (3, 7)]
    assert found == expected


def test_no_key_is_there(tmp_path: Path) -> None:
    path = file(tmp_path, "a,b,x\n1,2,3\n")
    assert sum(batch.num_rows for batch in read_csv_of(path, COLUMNS, "a", pa.array(["2"]))) == 0


def test_headers(tmp_path: Path) -> None:
    assert header_of(file(tmp_path, '"a", b ,c\r\n1')) == ["a", "b", "c"]
    with pytest.raises(UserError, match="cannot be read"):
        header_of(tmp_path / "nowhere.csv")
    with pytest.raises(UserError, match=r"cannot be read: .*Download or unpack it again\."):
        header_of(tmp_path)


def test_damage_in_a_scan_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "file.csv.gz"
    text = "a,b,x\n" + "".join(f"{os.urandom(8).hex()},2,3\n" for _ in range(5000))
    path.write_bytes(gzip.compress(text.encode())[:-20_000])
    message = f"{path} cannot be read to its end: Truncated compressed stream. Download it again."
    for read in (lambda: rows(path), lambda: collect(scan_csv(path, COLUMNS), str(path))):
        with pytest.raises(UserError) as caught:
            read()
        assert str(caught.value) == message


def test_a_table_in_memory_as_a_frame() -> None:
    table = pa.table({"n": [3, 1, 2]})
    assert collect(frame_of(table).sort("n"), "it").column("n").to_pylist() == [1, 2, 3]


# Writing ---------------------------------------------------------------------------------------------------

KIND = pa.schema({"id": pa.string(), "label": pa.string()})


def test_equal_tables_give_equal_files(tmp_path: Path) -> None:
    label = pa.array(["Cat", "Dog"])
    first = pa.table({"label": label.take(pa.array([0, 1, 0])), "id": [3, 1, 2]})
    second = pa.table(
        {
            "id": ["1", "2", "3"],
            "label": pa.DictionaryArray.from_arrays(pa.array([1, 0, 0]), label),
            "more": [1, 2, 3],
        }
    )
    written = [write_table(t, KIND, tmp_path / f"{i}.parquet", ["id"]) for i, t in enumerate((first, second))]
    assert written[0].equals(written[1])
    assert written[0].schema == KIND
    assert (tmp_path / "0.parquet").read_bytes() == (tmp_path / "1.parquet").read_bytes()
    assert pq.read_table(tmp_path / "0.parquet").to_pylist() == [
        {"id": "1", "label": "Dog"},
        {"id": "2", "label": "Cat"},
        {"id": "3", "label": "Cat"},
    ]
    assert not list(tmp_path.glob("*.partial"))


def test_sources_tables_fit_every_schema(tmp_path: Path) -> None:
    table = schema.RELATIONS.empty_table()
    assert write_table(table, schema.RELATIONS, tmp_path / "empty.parquet", ["image_id"]).num_rows == 0


def test_a_file_appears_only_when_it_is_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("naturel.builders.engine.pq.write_table", fail)
    with pytest.raises(OSError, match="disk full"):
        write_table(pa.table({"id": ["1"], "label": ["Cat"]}), KIND, tmp_path / "t.parquet")
    assert not (tmp_path / "t.parquet").exists()


# Runners ---------------------------------------------------------------------------------------------------


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "EXTRAS", {"nowhere_to_be_found": "ray"})
    with pytest.raises(UserError) as caught:
        require_extra("nowhere_to_be_found", "--runner ray")
    assert str(caught.value) == (
        "--runner ray needs the package nowhere_to_be_found. Install it with: pip install 'naturel[ray]'"
    )


def test_the_native_runner_can_be_chosen_again() -> None:
    use_runner("native")
    use_runner("native")
    assert collect(frame_of(pa.table({"n": [1]})), "it").num_rows == 1
    use_runner("native")


def test_another_runner_cannot_be_chosen_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise DaftCoreException("Cannot set runner more than once")

    use_runner("native")
    monkeypatch.setattr("naturel.builders.engine.daft.set_runner_ray", refuse)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    with pytest.raises(UserError, match="works with the runner native already"):
        use_runner("ray")


def test_no_telemetry() -> None:
    assert os.environ["DO_NOT_TRACK"] == "1"
