"""Bad input: each fault is counted under a named reason with an example, or stops with one paragraph."""

from __future__ import annotations

import gzip
import json
import os
import random
from pathlib import Path

import pytest
from helpers.openimages_folder import (
    ATTRIBUTES,
    BOX_HEADER,
    BOXES,
    CLASSES,
    IMAGE_HEADER,
    IMAGES,
    LABELS,
    VRD,
    VRD_HEADER,
    Folder,
    Relation,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st

from naturel.annotations.errors import UserError
from naturel.builders.build import build
from naturel.builders.progress import SilentProgress
from naturel.builders.settings import BuildSettings, Pictures

GOOD = Relation("p1", "Cat", "on", "Table")
LINE = GOOD.line
SIX = [Relation(f"p{i}", "Cat", "on", "Table") for i in range(6)]
IS_ROOT = os.geteuid() == 0


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "openimages")


def stopped(folder: Folder) -> str:
    """The error's text: one paragraph."""
    with pytest.raises(UserError) as caught:
        folder.read()
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith((".", "?"))
    return text


def with_field(place: int, text: str) -> str:
    """The good line with one field replaced."""
    fields = LINE.split(",")
    fields[place] = text
    return ",".join(fields)


MALFORMED, NO_NUMBER = "malformed row", "a coordinate is not a number"
BAD_BOX = "box is inverted, empty or outside the picture"
UNKNOWN_CLASS, UNKNOWN_RELATION = "unknown class", "unknown relation"
MISPLACED = "class where an attribute belongs, or the reverse"


@pytest.mark.parametrize(
    ("line", "reason", "what"),
    [
        (with_field(1, "/m/unheard"), UNKNOWN_CLASS, "LabelName1 is '/m/unheard'"),
        (with_field(2, "Cat"), UNKNOWN_CLASS, "LabelName2 is 'Cat'"),
        (with_field(11, "likes"), UNKNOWN_RELATION, "RelationshipLabel is 'likes'"),
        (with_field(3, "NaN"), NO_NUMBER, "XMin1 is 'NaN'"),
        (with_field(3, "inf"), NO_NUMBER, "XMin1 is 'inf'"),
        (with_field(3, "1e400"), NO_NUMBER, "XMin1 is '1e400'"),
        (with_field(10, "0,5x".replace(",", ".")), NO_NUMBER, "YMax2 is '0.5x'"),
        (with_field(4, ""), NO_NUMBER, "XMax1 is ''"),
        (with_field(4, " 0.3"), NO_NUMBER, "XMax1 is ' 0.3'"),
        (with_field(4, "x" * 100), NO_NUMBER, f"XMax1 is '{'x' * 80}…'"),
        (with_field(3, "0.9"), BAD_BOX, "XMin1 is '0.9' and XMax1 is '0.3'"),
        (with_field(9, "0.8"), BAD_BOX, "YMin2 is '0.8' and YMax2 is '0.8'"),
        (with_field(8, "1.5"), BAD_BOX, "XMax2 is '1.5'"),
        (with_field(2, "/m/083vt"), MISPLACED, "LabelName2 is '/m/083vt', an attribute"),
        (with_field(1, "/m/083vt"), MISPLACED, "LabelName1 is '/m/083vt', an attribute"),
        (with_field(11, "is"), MISPLACED, "LabelName2 is '/m/04bcr3', a class"),
        (LINE.rpartition(",")[0], MALFORMED, "11 fields, not 12"),
        ("p1", MALFORMED, "1 fields, not 12"),
        (LINE + ",more", MALFORMED, "13 fields, not 12"),
        (LINE + ",", MALFORMED, "13 fields, not 12"),
        (LINE + ",more,and more", MALFORMED, "14 fields, not 12"),
        (with_field(0, ""), MALFORMED, "ImageID is empty"),
    ],
)
def test_a_bad_row_is_counted_with_an_example(folder: Folder, line: str, reason: str, what: str) -> None:
    folder.relations([*SIX, line, line])
    tables = folder.read()
    assert tables.dropped == {f"relation row: {reason}": 2}
    assert tables.examples == {f"relation row: {reason}": f"{VRD}, line 8: {what}"}
    assert tables.relations.num_rows == 6


def test_a_row_that_is_not_utf8_is_counted(folder: Folder) -> None:
    rows = "\n".join([VRD_HEADER, *(row.line for row in SIX), ""]).encode()
    folder.write_bytes(VRD, rows + LINE.encode().replace(b"p1", b"p\xff") + b"\n")
    tables = folder.read()
    assert tables.dropped == {"relation row: malformed row": 1}
    assert tables.examples == {"relation row: malformed row": f"{VRD}, line 8: ImageID is not UTF-8"}


def test_a_short_row_that_is_not_utf8_is_counted(folder: Folder) -> None:
    rows = "\n".join([VRD_HEADER, *(row.line for row in SIX), ""]).encode()
    folder.write_bytes(VRD, rows + b"p\xff,/m/01yrx\n")
    assert folder.read().dropped == {"relation row: malformed row": 1}


def test_characters_cut_by_a_block_are_whole(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("naturel.builders.csv_source.BLOCK", 1000)
    folder.relations([Relation(f"\u00e9\u20ac\U0001f408{i}", "Cat", "on", "Table") for i in range(100)])
    tables = folder.read()
    assert tables.relations.num_rows == 100
    assert not tables.dropped


def test_every_reason_has_its_first_row_as_example(folder: Folder) -> None:
    bad = [with_field(1, "/m/a"), with_field(3, "abc"), with_field(1, "/m/b"), with_field(3, "def")]
    folder.relations([*SIX, *bad])
    assert folder.read().examples == {
        "relation row: unknown class": f"{VRD}, line 8: LabelName1 is '/m/a'",
        "relation row: a coordinate is not a number": f"{VRD}, line 9: XMin1 is 'abc'",
    }


def test_lines_are_numbered_as_an_editor_does(folder: Folder) -> None:
    lines = [SIX[0].line, "", "", SIX[1].line, "", with_field(1, "/m/a")]
    folder.write(VRD, VRD_HEADER, lines)
    tables = folder.read()
    assert tables.relations.num_rows == 2
    assert tables.dropped == {"relation row: unknown class": 1}  # blank lines are no rows
    assert tables.examples["relation row: unknown class"].startswith(f"{VRD}, line 7:")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("name", [VRD, VRD + ".gz"])
def test_line_ends_and_byte_order_marks_do_no_harm(folder: Folder, end: str, start: bytes, name: str) -> None:
    folder.write(name, VRD_HEADER, [row.line for row in SIX] + [""], end=end, start=start)
    tables = folder.read()
    assert tables.relations.num_rows == 6
    assert not tables.dropped


def test_a_quoted_header_and_columns_in_another_order(folder: Folder) -> None:
    names = VRD_HEADER.split(",")
    header = ",".join(f'"{name}"' for name in reversed(names))
    folder.write(VRD, header, [",".join(reversed(row.line.split(","))) for row in SIX])
    assert folder.read().relations.num_rows == 6


def test_a_last_line_without_line_end_counts(folder: Folder) -> None:
    folder.write_bytes(VRD, "\n".join([VRD_HEADER, LINE]).encode())
    assert folder.read().relations.num_rows == 1


def test_mostly_damaged_files_stop(folder: Folder) -> None:
    folder.relations([*SIX[:3], *[with_field(3, "abc")] * 2, *["p1"] * 2])
    text = stopped(folder)
    assert "4 of its 7 rows are damaged (a coordinate is not a number: 2, malformed row: 2)" in text


def test_mostly_unknown_classes_are_noted(folder: Folder) -> None:
    folder.relations([*SIX[:3], *[with_field(1, "/m/a")] * 4])
    tables = folder.read()
    note = f"4 of 7 relation rows of {VRD} could not be used: the files may be of different versions"
    assert note in tables.notes


def test_no_usable_row_stops(folder: Folder) -> None:
    folder.relations([with_field(1, "/m/a")] * 3)
    text = stopped(folder)
    assert VRD in text
    assert "none of its 3 rows can be used (unknown class: 3)" in text


def test_only_rows_of_a_wrong_length_stop(folder: Folder) -> None:
    folder.relations(["p1", "p2,/m/01yrx", LINE + ",more"])
    assert "none of its 3 rows can be used (malformed row: 3)" in stopped(folder)


def test_only_things_related_to_themselves_stop(folder: Folder) -> None:
    folder.relations([Relation("p1", "Man", "holds", "Man", (0.1, 0.1, 0.5, 0.5), (0.1, 0.1, 0.5, 0.5))])
    assert "in every usable row, subject and object are one box" in stopped(folder)


@pytest.mark.parametrize("end", ["\n", ""])
def test_a_header_only(folder: Folder, end: str) -> None:
    folder.write(VRD, VRD_HEADER, [], end=end)
    assert "none of its 0 rows can be used (it has only a header)" in stopped(folder)


@pytest.mark.parametrize("name", [VRD, VRD + ".gz"])
@pytest.mark.parametrize("data", [b"", b"\n"])
def test_an_empty_file(folder: Folder, name: str, data: bytes) -> None:
    folder.write_bytes(name, data)
    assert f"{name} is empty. Download it again." in stopped(folder)


def test_a_missing_column(folder: Folder) -> None:
    folder.write(VRD, VRD_HEADER.replace("XMin2", "Left2"), [LINE])
    text = stopped(folder)
    assert f"{VRD}, line 1: missing column XMin2 (found: ImageID, LabelName1" in text
    assert "Use the official file, with its header line." in text


def test_a_column_twice(folder: Folder) -> None:
    folder.write(VRD, VRD_HEADER + ",XMin1", [LINE + ",0.5"])
    assert f"{VRD}, line 1: the column XMin1 is there twice" in stopped(folder)


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_wrong_delimiter(folder: Folder, delimiter: str) -> None:
    folder.write(VRD, VRD_HEADER.replace(",", delimiter), [LINE.replace(",", delimiter)])
    text = stopped(folder)
    assert f"{VRD}, line 1: missing columns ImageID, LabelName1" in text
    assert "Is it separated by commas?" in text


def many_lines() -> bytes:
    rng = random.Random(0)
    lines = [Relation(f"p{rng.random()}", "Cat", "on", "Table").line for _ in range(3000)]
    return "\n".join([VRD_HEADER, *lines, ""]).encode()


def test_a_truncated_gzip_file(folder: Folder) -> None:
    data = gzip.compress(many_lines())
    folder.path.mkdir()
    (folder.path / (VRD + ".gz")).write_bytes(data[: len(data) // 2])
    text = stopped(folder)
    assert f"{VRD}.gz cannot be read to its end: Truncated compressed stream. Download it again." in text


def test_a_damaged_gzip_file(folder: Folder) -> None:
    data = bytearray(gzip.compress(many_lines()))
    data[len(data) // 2] ^= 0xFF
    folder.path.mkdir()
    (folder.path / (VRD + ".gz")).write_bytes(data)
    assert f"{VRD}.gz cannot be read" in stopped(folder)


def test_a_file_that_is_named_gz_and_is_not(folder: Folder) -> None:
    folder.path.mkdir()
    (folder.path / (VRD + ".gz")).write_bytes(many_lines())
    assert f"{VRD}.gz cannot be read: Not a gzipped file" in stopped(folder)


def test_a_gzip_file_that_is_not_named_so(folder: Folder) -> None:
    folder.path.mkdir()
    (folder.path / VRD).write_bytes(gzip.compress(many_lines()))
    assert f"{VRD} is compressed. Give it a name that ends in .gz" in stopped(folder)


def test_a_file_of_several_gzip_members(folder: Folder) -> None:
    one, two = (gzip.compress(part.encode()) for part in (f"{VRD_HEADER}\n{LINE}\n", f"{SIX[2].line}\n"))
    folder.path.mkdir()
    (folder.path / (VRD + ".gz")).write_bytes(one + two)
    assert folder.read().relations.num_rows == 2


def test_a_quotation_mark_that_is_not_closed(folder: Folder) -> None:
    folder.relations([*SIX, with_field(1, '"/m/01yrx'), *SIX])
    text = stopped(folder)
    assert f"{VRD}, line 8: a quotation mark is not closed, so lines 8 to 14 read as one" in text


@pytest.mark.skipif(IS_ROOT, reason="root may read everything")
def test_a_file_that_may_not_be_read(folder: Folder) -> None:
    folder.relations(SIX).chmod(0)
    assert f"{VRD} cannot be read" in stopped(folder)


@pytest.mark.skipif(IS_ROOT, reason="root may read everything")
def test_a_folder_that_may_not_be_read(folder: Folder) -> None:
    folder.relations(SIX)
    folder.path.chmod(0)
    try:
        assert "may not be read. Change its permissions." in stopped(folder)
    finally:
        folder.path.chmod(0o755)


# The other files -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [CLASSES, ATTRIBUTES])
def test_class_files_without_a_usable_row(folder: Folder, name: str) -> None:
    folder.relations(SIX)
    folder.write(name, "id,name", [",", "/m/a,", ",Teapot"])
    assert f"{name} has no row of an id and a name" in stopped(folder)


def test_class_files_with_another_delimiter(folder: Folder) -> None:
    folder.relations(SIX)
    folder.write(CLASSES, "", ["/m/a;Teapot"])
    text = stopped(folder)
    assert f"{CLASSES}, line 1: expected an id and a name, found '/m/a;Teapot'" in text
    assert "Is it separated by commas?" in text


def test_bad_class_rows_are_counted(folder: Folder) -> None:
    folder.relations(SIX)
    folder.write(CLASSES, "id,name", ["/m/a,Teapot", "/m/b"])
    assert folder.read().dropped == {"classes row: malformed row": 1}


def test_a_box_file_without_a_column(folder: Folder) -> None:
    folder.relations(SIX)
    folder.write(BOXES, BOX_HEADER.replace("IsGroupOf", "Group"), [])
    assert f"{BOXES}, line 1: missing column IsGroupOf" in stopped(folder)


def test_a_label_file_without_a_column(folder: Folder) -> None:
    folder.relations(SIX)
    folder.write(LABELS, "ImageID,LabelName", [])
    assert f"{LABELS}, line 1: missing column Confidence" in stopped(folder)


def test_a_metadata_file_without_ids(folder: Folder) -> None:
    folder.relations(SIX)
    folder.write(IMAGES, IMAGE_HEADER.replace("ImageID", "Name"), [])
    assert f"{IMAGES}, line 1: missing column ImageID" in stopped(folder)


def test_other_files_with_a_header_only(folder: Folder) -> None:
    folder.relations(SIX)
    folder.write(BOXES, BOX_HEADER, [])
    folder.write(LABELS, "ImageID,Source,LabelName,Confidence", [])
    folder.write(IMAGES, IMAGE_HEADER, [])
    tables = folder.read()
    assert tables.objects.num_rows == 12
    assert tables.absent_labels.num_rows == 0
    assert tables.images["license"].null_count == 6
    assert not any(tables.images["boxes_complete"].to_pylist())


def test_a_metadata_row_that_is_too_long_is_counted(folder: Folder) -> None:
    folder.relations(SIX)
    folder.write(IMAGES, "ImageID,License", ["p0,CC BY", "p1,CC BY,more", "p2"])
    tables = folder.read()
    assert tables.dropped == {"image row: malformed row": 1}
    said = dict(zip(tables.images["image_id"].to_pylist(), tables.images["license"].to_pylist(), strict=True))
    assert said == {"p0": "CC BY", "p1": None, "p2": None, "p3": None, "p4": None, "p5": None}


# Two judges ------------------------------------------------------------------------------------------------

FIELDS = st.sampled_from(
    [
        *("", "p1", "/m/01yrx", "/m/083vt", "/m/no", "on", "is", "likes", "\t", '"a,b"', '"0.5"'),
        *("0", "0.5", "-0.005", "1.01", "1.011", "-0.01", "1", ".5", "5.", "1e-1", "+0.5"),
        *("0x1", "nan", "Infinity", "1e39", "1_0", "\u0661"),
    ]
)


@settings(deadline=None, max_examples=80)
@given(st.lists(st.tuples(st.integers(0, 11), FIELDS), min_size=1, max_size=3), st.integers(0, 2))
@example([(3, "+0.5")], 0)
@example([(3, "+0.5"), (4, "nan")], 0)
@example([(3, "3.4028235e38")], 0)
@example([(3, "3.4028235e38"), (4, "nan")], 0)
def test_each_counted_row_is_found_again_line_by_line(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, str]], surplus: int
) -> None:
    fields = LINE.split(",")
    for place, text in changes:
        fields[place] = text
    folder = Folder(tmp_path_factory.mktemp("judged"))
    folder.relations([*SIX, ",".join([*fields, *["more"] * surplus])])
    tables = folder.read()
    faults = {reason for reason in tables.dropped if reason.startswith("relation row")} - {
        "relation row: repeated",
        "relation row: subject and object are one box",
    }
    assert set(tables.examples) == faults
    assert all(f"{VRD}, line 8: " in example for example in tables.examples.values())


def test_a_builds_manifest_names_the_first_bad_row(sample: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for file in sample.glob("*.csv"):
        (data / file.name).write_bytes(file.read_bytes())
    lines = (sample / VRD).read_text().splitlines()
    (data / VRD).write_text("\n".join([*lines, with_field(3, "abc"), ""]))
    settings = BuildSettings(data=data, images=Pictures.LINK, max_images=5, out=tmp_path / "out")
    build(settings, SilentProgress())
    manifest = json.loads((tmp_path / "out" / "work" / "source" / "manifest.json").read_text())
    reason = "relation row: a coordinate is not a number"
    assert manifest["dropped"][reason] == 1
    assert manifest["examples"] == {reason: f"{VRD}, line {len(lines) + 1}: XMin1 is 'abc'"}
