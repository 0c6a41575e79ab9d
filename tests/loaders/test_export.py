"""The command `naturel export`: a whole folder or none, nothing overwritten, faults told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.paired_records import ROWS, picture_bytes, record, write_release

from naturel.annotations.errors import UserError
from naturel.builders.progress import SilentProgress
from naturel.loaders import export as exporting
from naturel.loaders.export import Format, export
from naturel.loaders.export_cli import export_command

COMMAND = [sys.executable, "-c", "from naturel.cli import main; main()"]
FORMATS = list(Format)


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A release with a train and a test split, pictures embedded."""
    return write_release(tmp_path / "release", {"train-0": ROWS[:4], "test-0": ROWS[4:]}, pictures=True)


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_command_closes_with_what_it_wrote_and_where(release: Path, tmp_path: Path) -> None:
    out = tmp_path / "out" / "lines"
    options = [str(release), "--format", "jsonl", "--out", str(out), "--split", "train"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [*COMMAND, "export", *options], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("4 records, 3 pictures in ")
    assert done.stdout.endswith(f" s: {out}\n")
    assert "train: 4 records" in done.stderr
    assert set(files_of(out)) == {
        "attribution.csv",
        "export.json",
        "train.jsonl",
        "images/A.jpg",
        "images/B.jpg",
        "images/C.jpg",
    }
    assert [path.name for path in out.parent.iterdir()] == ["lines"]


def test_an_export_that_is_there_is_not_made_again(
    release: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export_command(release, "jsonl", tmp_path / "out")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")}
    capsys.readouterr()
    export_command(release, "jsonl", tmp_path / "out")
    assert capsys.readouterr().out == f"{tmp_path / 'out'} is there already: 4 pictures, 5 records\n"
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")} == before


def test_faults_are_a_paragraph_and_exit_code_2(
    release: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        export_command(release, "csv", tmp_path / "out")
    assert left.value.code == 2
    assert capsys.readouterr().err == (
        "Error: --format csv: there is no such format. Give one of negclip, sugarcrepe, webdataset, jsonl.\n"
    )
    with pytest.raises(SystemExit) as left:
        export_command(release, "jsonl", tmp_path / "out", split=["dev"])
    assert left.value.code == 2
    assert capsys.readouterr().err.endswith("has no split dev; it has test, train.\n")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("layout", FORMATS)
def test_exports_are_the_same_to_the_byte(release: Path, tmp_path: Path, layout: Format) -> None:
    for name in ("one", "two"):
        export(release, layout, tmp_path / name, SilentProgress())
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


@pytest.mark.parametrize("layout", [layout for layout in FORMATS if layout != Format.JSONL])
def test_a_release_with_links_cannot_give_pictures(tmp_path: Path, layout: Format) -> None:
    release = write_release(tmp_path / "release", {"train-0": ROWS}, pictures=False)
    with pytest.raises(
        UserError, match=rf"has addresses of pictures, not the pictures, and {layout} needs these"
    ):
        export(release, layout, tmp_path / "out", SilentProgress())
    assert not (tmp_path / "out").exists()


def test_another_folder_is_never_overwritten(release: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="holds something else, which is never overwritten"):
        export(release, Format.JSONL, out, SilentProgress())
    assert files_of(out) == {"mine.txt": b"mine"}
    (out / "mine.txt").unlink()
    assert not export(release, Format.JSONL, out, SilentProgress()).existed  # an empty folder may be filled
    assert export(release, Format.JSONL, out, SilentProgress()).existed
    for other in ({"splits": ["train"]}, {"config": "default"}):
        with pytest.raises(UserError, match="holds something else"):
            export(release, Format.JSONL, out, SilentProgress(), **other)
    with pytest.raises(UserError, match="holds something else"):
        export(release, Format.NEGCLIP, out, SilentProgress())
    (release / "manifest.json").write_text("{}")
    with pytest.raises(UserError, match="holds something else"):
        export(release, Format.JSONL, out, SilentProgress())


def test_a_file_in_the_way_stays(release: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(UserError, match="holds something else"):
        export(release, Format.JSONL, tmp_path / "out", SilentProgress())


def test_nothing_half_written_is_left(release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(source: object, folder: Path, progress: object) -> None:
        (folder / "half").write_text("half")
        raise KeyboardInterrupt

    monkeypatch.setitem(exporting.WRITERS, Format.JSONL, stop)
    with pytest.raises(KeyboardInterrupt):
        export(release, Format.JSONL, tmp_path / "out" / "lines", SilentProgress())
    assert list((tmp_path / "out").iterdir()) == []


def test_what_a_killed_export_left_is_not_mixed_in(release: Path, tmp_path: Path) -> None:
    (tmp_path / ".out.partial").mkdir()
    (tmp_path / ".out.partial" / "train.jsonl").write_text("half")
    export(release, Format.JSONL, tmp_path / "out", SilentProgress())
    assert len((tmp_path / "out" / "train.jsonl").read_text().splitlines()) == 4
    assert not (tmp_path / ".out.partial").exists()


@pytest.mark.parametrize("layout", FORMATS)
def test_ids_do_not_lead_out_of_the_folder(tmp_path: Path, layout: Format) -> None:
    row = record("../../evil/x.y", "A", "P", "Q0 Q1 Q2 Q3", [None] * 3)
    release = write_release(tmp_path / "release", {"train-0": [row]}, pictures=True)
    table_path = release / "data" / "train-0.parquet"
    table = pq.read_table(table_path)
    place = table.column_names.index("image_id")
    pq.write_table(table.set_column(place, "image_id", pa.array(["../../../evil"])), table_path)
    export(release, layout, tmp_path / "out", SilentProgress())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "release"]
    if layout != Format.WEBDATASET:
        assert [path.name for path in (tmp_path / "out" / "images").iterdir()] == [
            "%2E%2E%2F%2E%2E%2F%2E%2E%2Fevil.jpg"
        ]
        assert picture_bytes("A") in files_of(tmp_path / "out").values()


def test_a_configuration_without_records_is_told(tmp_path: Path) -> None:
    release = write_release(tmp_path / "release", {"train-0": ROWS}, pictures=False)
    path = release / "data" / "train-0.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["simple_positive"]), path)
    with pytest.raises(
        UserError, match="these are not the records of a release: they have no simple_positive"
    ):
        export(release, Format.JSONL, tmp_path / "out", SilentProgress())


def test_a_damaged_file_is_told(release: Path, tmp_path: Path) -> None:
    path = release / "data" / "train-0.parquet"
    data = bytearray(path.read_bytes())
    data[200:1200] = bytes(1000)
    path.write_bytes(data)
    with pytest.raises(UserError, match="is damaged"):
        export(release, Format.JSONL, tmp_path / "out", SilentProgress())
    assert not (tmp_path / "out").exists()


def test_the_mark_says_what_it_is_of(release: Path, tmp_path: Path) -> None:
    export(release, Format.SUGARCREPE, tmp_path / "out", SilentProgress())
    mark = json.loads((tmp_path / "out" / "export.json").read_text())
    assert mark["format"] == "sugarcrepe"
    assert mark["splits"] == ["test", "train"]
    assert mark["written"] == {"pairs": 20, "pictures": 4}
    assert (tmp_path / "out" / "attribution.csv").read_text() == "image_id,author\nA,nobody\n"
