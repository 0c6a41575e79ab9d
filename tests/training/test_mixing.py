"""Plain caption sets in all their layouts."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from naturel.annotations.errors import UserError
from naturel.training.mixing import CaptionSet, open_captions

COLOURS = {"a.png": (255, 0, 0), "b.png": (0, 0, 255)}
SAID = {"a.png": ["one", "two"], "b.png": ["one"]}


def png(colour: tuple[int, int, int]) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 3), colour).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "photos").mkdir()
    for name, colour in COLOURS.items():
        (tmp_path / "photos" / name).write_bytes(png(colour))
    return tmp_path


def check(found: CaptionSet) -> None:
    """Both pictures are there, with their captions."""
    assert len(found) == 2
    for number, (name, colour) in enumerate(COLOURS.items()):
        picture = found.open(number)
        assert picture is not None
        assert picture.getpixel((0, 0)) == colour
        assert [found.texts[code] for code in found.captions[number]] == SAID[name]
    assert found.texts == ["one", "two"]
    assert not found.left_out


def test_coco(folder: Path) -> None:
    rows = [
        {"image_id": 1, "caption": "one"},
        {"image_id": 1, "caption": "two "},
        {"image_id": 2, "caption": "one"},
    ]
    images = [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "b.png"}]
    (folder / "captions.json").write_text(json.dumps({"images": images, "annotations": rows}))
    check(open_captions(folder / "captions.json", folder / "photos"))


def test_jsonl(folder: Path) -> None:
    lines = [json.dumps({"image": name, "captions": said}) for name, said in SAID.items()]
    (folder / "photos" / "set.jsonl").write_text("\n".join(lines) + "\n\n")
    check(open_captions(folder / "photos" / "set.jsonl"))
    check(open_captions(folder / "photos"))


@pytest.mark.parametrize(("suffix", "mark"), [("csv", ","), ("tsv", "\t")])
def test_tables(suffix: str, mark: str, folder: Path) -> None:
    rows = ["filepath,title", "a.png,one", "a.png,two", "b.png,one"]
    (folder / f"set.{suffix}").write_text("\n".join(row.replace(",", mark) for row in rows))
    check(open_captions(folder / f"set.{suffix}", folder / "photos"))


def test_parquet_with_pictures(folder: Path) -> None:
    images = [{"bytes": png(colour), "path": name} for name, colour in COLOURS.items()]
    pq.write_table(
        pa.table({"image": images, "caption": list(SAID.values())}), folder / "set.parquet", row_group_size=1
    )
    check(open_captions(folder / "set.parquet"))


def test_parquet_with_paths(folder: Path) -> None:
    pq.write_table(
        pa.table({"path": ["a.png", "a.png", "b.png"], "text": ["one", "two", "one"]}), folder / "set.parquet"
    )
    check(open_captions(folder / "set.parquet", folder / "photos"))


def test_webdataset(folder: Path) -> None:
    with tarfile.open(folder / "00000.tar", "w") as archive:
        for name, data in [
            ("./a.b/0.png", png(COLOURS["a.png"])),
            ("./a.b/0.txt", b"one"),
            ("1.png", png(COLOURS["b.png"])),
            ("1.txt", b"two"),
        ]:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    found = open_captions(folder / "00000.tar")
    pictures = [found.open(number) for number in (0, 1)]
    assert [picture and picture.getpixel((0, 0)) for picture in pictures] == list(COLOURS.values())
    assert [[found.texts[code] for code in codes] for codes in found.captions] == [["one"], ["two"]]


def test_what_is_missing_is_counted(folder: Path) -> None:
    (folder / "photos" / "b.png").write_bytes(b"no picture")
    lines = [
        {"image": "a.png", "caption": "one"},
        {"image": "z.png", "caption": "two"},
        {"image": "a.png", "caption": " "},
    ]
    lines += [{"image": "b.png", "caption": "three"}]
    (folder / "set.jsonl").write_text("\n".join(map(json.dumps, lines)))
    found = open_captions(folder / "set.jsonl", folder / "photos")
    assert found.left_out == {"picture missing": 1, "without a caption": 1}
    assert found.open(1) is None


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("set.jsonl", '{"image": "a.png"}', "no column of a caption"),
        ("set.jsonl", '{"image": "gone.png", "caption": "x"}', "1 picture missing.*--mix-images"),
        ("set.jsonl", "{", "set.jsonl cannot be read"),
        ("set.tar", "x", "set.tar cannot be read"),
        ("set.xml", "", "ends in"),
        ("set.json", '{"images": []}', "annotations"),
    ],
)
def test_bad_sets_are_named(name: str, content: str, said: str, folder: Path) -> None:
    (folder / name).write_text(content)
    with pytest.raises(UserError, match=said):
        open_captions(folder / name, folder / "photos")


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        open_captions(tmp_path / "nowhere.json")
