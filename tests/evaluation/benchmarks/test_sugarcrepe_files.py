"""SugarCrepe: a folder written by hand, what is wrong with it, and the real files with the photos that are there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers.benchmark_files import SHARED, asked, facts, photo, write_json

from naturel.annotations.errors import UserError
from naturel.evaluation.benchmarks.opening import open_benchmarks
from naturel.evaluation.questions import Kind

SIZES = {
    "add_att": 692,
    "add_obj": 2062,
    "replace_att": 788,
    "replace_obj": 1652,
    "replace_rel": 1406,
    "swap_att": 666,
    "swap_obj": 245,
}
"""Items of the published files (Hsieh and others, 2023, table 2)."""


def item(name: str, caption: str = "A cat.", negative: str = "A dog.") -> dict[str, str]:
    return {"filename": name, "caption": caption, "negative_caption": negative}


def test_items_are_choices_between_two_captions(tmp_path: Path) -> None:
    photo(tmp_path / "val2017" / "1.jpg")
    photo(tmp_path / "val2017" / "2.jpg", "blue")
    rows = {"0": item("2.jpg"), "1": item("1.jpg", "Two cats.", "A cat."), "2": item("2.jpg", "A", "B")}
    write_json(tmp_path / "swap_obj.json", rows)
    (found,) = open_benchmarks(["sugarcrepe/swap_obj"], tmp_path)
    assert found.benchmark == "sugarcrepe/swap_obj"
    assert found.kind is Kind.CHOICE
    assert asked(found) == [
        (["2.jpg"], ["A cat.", "A dog."], [[True, False]]),
        (["1.jpg"], ["Two cats.", "A cat."], [[True, False]]),
        (["2.jpg"], ["A", "B"], [[True, False]]),
    ]
    assert len(found.pictures) == 2
    assert len(found.captions) == 5
    assert facts(found, "id") == ["0", "1", "2"]
    assert found.left_out == {}
    assert found.notes == ()
    assert found.pictures[0].open().getpixel((3, 3))[2] > 200  # type: ignore[index]


def test_missing_photos_and_bad_items_are_counted(tmp_path: Path) -> None:
    photo(tmp_path / "1.jpg")
    photo(tmp_path.parent / "secret.jpg")
    rows = {
        "0": item("1.jpg"),
        "1": item("2.jpg"),
        "2": item("../secret.jpg"),
        "3": item(str(tmp_path / "1.jpg")),
        "4": item("1.jpg", negative=""),
        "5": {"filename": "1.jpg", "caption": 7, "negative_caption": "A dog."},
        "6": "nothing",
        "7": item("..\\secret.jpg"),
        "8": item("x" * 300 + ".jpg"),
        "9": item("2.jpg"),
    }
    write_json(tmp_path / "add_obj.json", rows)
    (found,) = open_benchmarks(["sugarcrepe/add_obj"], tmp_path)
    assert [row[0] for row in asked(found)] == [["1.jpg"]]
    assert found.left_out == {
        "bad row: caption is missing or no text": 1,
        "bad row: it is no object": 1,
        "bad row: negative_caption is missing or no text": 1,
        "bad row: the photo's name is missing, or leads out of its folder": 4,
        "photo is missing": 2,
    }
    (note,) = found.notes
    assert note.startswith("1 of 2 photos are missing, such as 2.jpg")
    assert "http://images.cocodataset.org/zips/val2017.zip" in note


def test_missing_files_are_told_and_the_others_asked(tmp_path: Path) -> None:
    photo(tmp_path / "1.jpg")
    write_json(tmp_path / "add_att.json", {"0": item("1.jpg")})
    found = open_benchmarks(["sugarcrepe"], tmp_path)
    assert [questions.benchmark for questions in found] == ["sugarcrepe/add_att"]
    assert len(found[0].notes) == 6
    assert (
        "add_obj.json is missing. It is published at https://github.com/RAIVNLab/sugar-crepe"
        in found[0].notes[0]
    )
    with pytest.raises(UserError, match=r"swap_att\.json is missing"):
        open_benchmarks(["sugarcrepe", "sugarcrepe/swap_att"], tmp_path)
    with pytest.raises(UserError, match=r"add_att\.json is missing.*swap_obj\.json is missing"):
        open_benchmarks(["sugarcrepe"], {"sugarcrepe": tmp_path / ".."})


def test_all_photos_missing_is_no_error(tmp_path: Path) -> None:
    write_json(tmp_path / "add_att.json", {"0": item("1.jpg"), "1": item("2.jpg")})
    (found,) = open_benchmarks(["sugarcrepe/add_att"], tmp_path)
    assert len(found) == 0
    assert found.left_out == {"photo is missing": 2}
    assert found.true.shape == (0, 1, 1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "add_att.json is no JSON: "),
        ('"text"', "holds neither a list nor an object"),
        ('{"0": {"filename": "1.jpg"}}', r"the first that is wrong is entry 0 \(bad row: caption is missing"),
        ("[" * 100_000, "is no JSON"),
    ],
)
def test_files_that_cannot_be_used_are_told(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "add_att.json").write_text(content)
    with pytest.raises(UserError, match=message):
        open_benchmarks(["sugarcrepe/add_att"], tmp_path)


@pytest.mark.parametrize("part", sorted(SIZES))
def test_real_files_and_photos(part: str) -> None:
    folder, photos = SHARED / "benchmarks/sugarcrepe", SHARED / "coco/images"
    if not (folder.is_dir() and photos.is_dir()):
        pytest.skip(
            "SugarCrepe and photos of COCO are not here; give them as ../shared/data/benchmarks and coco"
        )
    (found,) = open_benchmarks([f"sugarcrepe/{part}"], {"sugarcrepe": folder, "coco": photos})
    rows = json.loads((folder / f"{part}.json").read_text())
    there = {path.name for path in photos.iterdir()}
    expected = [row for row in rows.values() if row["filename"] in there]
    assert len(rows) == SIZES[part]
    assert [sentences for _, sentences, _ in asked(found)] == [
        [row["caption"], row["negative_caption"]] for row in expected
    ]
    assert found.left_out == {"photo is missing": SIZES[part] - len(expected)}
