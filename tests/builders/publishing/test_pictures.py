"""Pictures fetched for records that have only their addresses."""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from datasets import Dataset, Features, List, Value
from datasets import Image as ImageFeature
from helpers.picture_server import Answer, PictureServer, jpeg
from PIL import Image

from naturel.annotations.errors import UserError
from naturel.builders.picture_store import PictureSettings
from naturel.builders.publishing.pictures import fetch_pictures

FEATURES = {
    "id": Value("string"),
    "image_id": Value("string"),
    "url": Value("string"),
    "crop": List(Value("float32")),
    "rotation": Value("int16"),
    "mirrored": Value("bool"),
    "width": Value("int32"),
    "height": Value("int32"),
    "sha256": Value("string"),
    "phash": Value("string"),
}
QUICK = PictureSettings(attempts=1)


def quarters() -> bytes:
    """A PNG of 80 x 40 pixels: red and green above, blue and white below."""
    pixels = np.zeros((40, 80, 3), dtype=np.uint8)
    pixels[:20, :40], pixels[:20, 40:] = (255, 0, 0), (0, 255, 0)
    pixels[20:, :40], pixels[20:, 40:] = (0, 0, 255), (255, 255, 255)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def server() -> Iterator[PictureServer]:
    turned = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.open(io.BytesIO(jpeg())).save(turned, "JPEG", exif=exif)
    script = {
        "/a.jpg": Answer(body=jpeg(64, 48, seed=1)),
        "/b.jpg": Answer(body=jpeg(64, 48, seed=2)),
        "/quarters.png": Answer(body=quarters()),
        "/turned.jpg": Answer(body=turned.getvalue()),
    }
    with PictureServer(script) as pictures:
        yield pictures


def records(server: PictureServer, *rows: dict[str, Any]) -> Dataset:
    plain = dict.fromkeys(FEATURES) | {"rotation": 0, "mirrored": False}
    filled = [plain | row | {"url": server.url(row["url"])} for row in rows]
    return Dataset.from_list(filled, features=Features(FEATURES))


def corners(image: Image.Image) -> list[str]:
    """Colours of the quarters: upper left, upper right, lower left, lower right."""
    names = {(1, 0, 0): "red", (0, 1, 0): "green", (0, 0, 1): "blue", (1, 1, 1): "white"}
    width, height = image.size
    places = [(x, y) for y in (height // 4, 3 * height // 4) for x in (width // 4, 3 * width // 4)]
    return [names[tuple(value > 128 for value in image.getpixel(place))] for place in places]  # type: ignore[union-attr, index]


def test_records_get_their_pictures_and_each_is_fetched_once(server: PictureServer, tmp_path: Path) -> None:
    asked = records(
        server,
        {"id": "1", "image_id": "a", "url": "/a.jpg"},
        {"id": "2", "image_id": "a", "url": "/a.jpg"},
        {"id": "3", "image_id": "b", "url": "/b.jpg"},
    )
    found = fetch_pictures(asked, cache=tmp_path)
    assert found.column_names == ["id", "image", *list(FEATURES)[1:]]
    assert found["id"][:] == ["1", "2", "3"]
    assert found.features["image"] == ImageFeature()
    stored = found.cast_column("image", ImageFeature(decode=False))
    for row in stored:
        assert hashlib.sha256(row["image"]["bytes"]).hexdigest() == row["sha256"]
        assert (row["width"], row["height"]) == (64, 48)
    assert stored[0]["image"] == stored[1]["image"] != stored[2]["image"]
    assert server.requests == {"/a.jpg": 1, "/b.jpg": 1}

    fetch_pictures(asked, cache=tmp_path)
    assert server.requests.total() == 2  # they are kept


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        ({}, ["red", "green", "blue", "white"]),
        ({"rotation": 90}, ["green", "white", "red", "blue"]),  # counterclockwise
        ({"mirrored": True}, ["green", "red", "white", "blue"]),
        ({"rotation": 90, "mirrored": True}, ["white", "green", "blue", "red"]),  # turned, then mirrored
        ({"crop": [0.0, 0.0, 0.5, 1.0]}, ["red", "red", "blue", "blue"]),
        ({"crop": [0.0, 0.0, 0.5, 1.0], "rotation": 180}, ["blue", "blue", "red", "red"]),
    ],
)
def test_pictures_are_cropped_turned_and_mirrored_as_records_say(
    server: PictureServer, tmp_path: Path, moves: dict[str, Any], expected: list[str]
) -> None:
    row = {"id": "1", "image_id": "q", "url": "/quarters.png"} | moves
    found = fetch_pictures(records(server, row), cache=tmp_path)
    assert corners(found[0]["image"]) == expected
    assert found[0]["rotation"] == 0  # nothing is left to turn


def test_records_without_pictures_are_left_out_and_counted(server: PictureServer, tmp_path: Path) -> None:
    asked = records(
        server,
        {"id": "1", "image_id": "a", "url": "/a.jpg"},
        {"id": "2", "image_id": "gone", "url": "/gone.jpg"},
        {"id": "3", "image_id": "gone", "url": "/gone.jpg"},
        {"id": "4", "image_id": "turned", "url": "/turned.jpg"},
    )
    told = (
        r"3 of 4 records are left out.*: not_found \(2\), its file says otherwise how it is turned .* \(1\)"
    )
    with pytest.warns(UserWarning, match=told):
        found = fetch_pictures(asked, cache=tmp_path, settings=QUICK)
    assert found["id"][:] == ["1"]
    server.script["/gone.jpg"] = [Answer(body=jpeg(seed=3))]
    with pytest.warns(UserWarning, match="1 of 4 records"):  # what failed is tried again
        assert fetch_pictures(asked, cache=tmp_path, settings=QUICK)["id"][:] == ["1", "2", "3"]


def test_where_no_picture_can_be_had_that_is_an_error(server: PictureServer, tmp_path: Path) -> None:
    asked = records(server, {"id": "1", "image_id": "gone", "url": "/gone.jpg"})
    with pytest.raises(UserError, match=r"None of the pictures of 1 records can be had: not_found \(1\)"):
        fetch_pictures(asked, cache=tmp_path, settings=QUICK)


def test_negative_images_are_fetched_too(server: PictureServer, tmp_path: Path) -> None:
    source = {"url": server.url("/quarters.png"), "crop": None, "rotation": 0, "mirrored": True}
    row = {"id": "1", "image_id": "a", "url": "/a.jpg"}
    rows = [
        dict.fromkeys(FEATURES) | row | {"url": server.url("/a.jpg"), "rotation": 0, "mirrored": False} | more
        for more in (
            {"negative_image_id": "q", "negative_image_source": source},
            {"id": "2", "negative_image_id": None, "negative_image_source": None},
        )
    ]
    features = Features(
        FEATURES
        | {
            "negative_image_id": Value("string"),
            "negative_image_source": {
                name: FEATURES[name] for name in ("url", "crop", "rotation", "mirrored")
            },
        }
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # none is left out
        found = fetch_pictures(Dataset.from_list(rows, features=features), cache=tmp_path)
    assert found.column_names[-1] == "negative_image"
    assert corners(found[0]["negative_image"]) == ["green", "red", "white", "blue"]
    assert found[1]["negative_image"] is None
    assert found[0]["image"].size == found[1]["image"].size == (64, 48)


def test_records_that_have_pictures_or_are_others_are_told() -> None:
    with pytest.raises(UserError, match="have their pictures already"):
        fetch_pictures(Dataset.from_dict({"image": ["x"]}))
    with pytest.raises(UserError, match="no records of NatuRel: the column image_id is missing"):
        fetch_pictures(Dataset.from_dict({"caption": ["x"]}))
