"""Drawn scenes: things where the cells say, boxes that fit them, files there whole or not at all."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops

from naturel.annotations import geometry
from naturel.annotations.nouns import load_nouns
from naturel.annotations.relations import load_vocabulary
from naturel.builders.progress import SilentProgress
from naturel.builders.sources.testbed.pictures import Strip, name_scenes, write_pictures
from naturel.builders.sources.testbed.scenes import CELLS, LABELS, make_scenes


@pytest.fixture(scope="module")
def strip() -> Strip:
    return Strip()


def row_of(**cells: int) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """Cells with the given labels, by `c<cell>`."""
    row = np.zeros(CELLS, dtype=np.int16)
    for name, label in cells.items():
        row[int(name[1:])] = label
    return row


def test_a_picture_is_a_square_with_the_row_across_its_middle(strip: Strip) -> None:
    picture = strip.draw(row_of())
    assert picture.size == (500, 500)
    pixels = np.asarray(picture)
    corner = pixels[0, 0]
    assert (pixels[:210] == corner).all()
    assert (pixels[290:] == corner).all()
    assert not (pixels[210:290] == corner).all(axis=2).any()


@pytest.mark.parametrize("label", range(1, len(LABELS) + 1))
def test_a_box_fits_what_is_drawn(strip: Strip, label: int) -> None:
    cell = label % CELLS
    drawn = ImageChops.difference(strip.draw(row_of(**{f"c{cell}": label})), strip.draw(row_of()))
    bounds = drawn.convert("L").point(lambda value: 255 * (value > 16)).getbbox()
    assert bounds is not None
    (box,) = strip.boxes(np.array([label], dtype=np.int16), np.array([cell])) * 500
    assert np.abs(box - bounds).max() <= 1
    assert cell * 50 < box[0] < box[2] < cell * 50 + 50
    assert 210 < box[1] < box[3] < 290
    assert (box[2] - box[0]) * (box[3] - box[1]) > 600  # of the 4,000 pixels of its cell


def test_boxes_alone_prove_who_is_on_the_left_even_of_neighbours(strip: Strip) -> None:
    one, other = (axis.ravel() + 1 for axis in np.indices((len(LABELS), len(LABELS))))
    left = strip.boxes(one.astype(np.int16), np.full(len(one), 4)).astype(np.float32)
    right = strip.boxes(other.astype(np.int16), np.full(len(other), 5)).astype(np.float32)
    rules = load_vocabulary()["left_of"].geometry
    assert geometry.holds(rules.true, left, right).all()
    assert geometry.holds(rules.false, right, left).all()


def test_labels_look_different(strip: Strip) -> None:
    cells = [
        np.asarray(strip.draw(row_of(c0=label)).crop((0, 210, 50, 290))).astype(int) for label in range(1, 21)
    ]
    for one, other in itertools.combinations(cells, 2):
        assert np.abs(one - other).mean() > 5


def test_no_label_is_a_kind_of_another() -> None:
    nouns = load_nouns()
    for label in LABELS:
        assert nouns.same_thing(label) & set(LABELS) == {label}


def test_pictures_are_written_once_and_the_same(tmp_path: Path, strip: Strip) -> None:
    scenes = make_scenes(seed=0, pairs=3, layouts=4).take(np.array([0, 1, 17_299]))
    ids = name_scenes(scenes).to_pylist()
    for name in ("one", "two"):
        write_pictures(tmp_path / name, scenes, ids, strip, SilentProgress())
    files = {path.name: path.read_bytes() for path in (tmp_path / "one").iterdir()}
    assert set(files) == {f"{name}.jpg" for name in ids}
    assert files == {path.name: path.read_bytes() for path in (tmp_path / "two").iterdir()}
    assert len(set(files.values())) == 3
    with Image.open(tmp_path / "one" / f"{ids[0]}.jpg") as picture:
        near = np.abs(np.asarray(picture).astype(int) - np.asarray(strip.draw(scenes.cells[0])).astype(int))
        assert near.mean() < 2

    (tmp_path / "one" / f"{ids[0]}.jpg").write_bytes(b"kept")
    write_pictures(tmp_path / "one", scenes, ids, strip, SilentProgress())
    assert (tmp_path / "one" / f"{ids[0]}.jpg").read_bytes() == b"kept"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


def test_what_a_kill_left_is_drawn_anew(tmp_path: Path, strip: Strip) -> None:
    scenes = make_scenes(seed=0, pairs=3, layouts=4).take(np.array([0]))
    (tmp_path / "one.partial").mkdir()
    (tmp_path / "one.partial" / "half.jpg").write_bytes(b"half")
    write_pictures(tmp_path / "one", scenes, ["a"], strip, SilentProgress())
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["a.jpg"]
    assert not (tmp_path / "one.partial").exists()
