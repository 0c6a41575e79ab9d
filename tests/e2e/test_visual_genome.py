"""Builds from Visual Genome files: whole pictures, and crops around each triplet."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from helpers.builds import COMMAND
from helpers.visual_genome_folder import HEIGHT, IN_TRAIN, WIDTH, Folder, node, photo, relation
from PIL import Image, ImageDraw

CUP_BOX, DESK_BOX = (60, 20, 40, 40), (20, 50, 160, 40)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Folder(tmp_path_factory.mktemp("vg") / "data")
    cup, desk = node(1, "cup", CUP_BOX), node(2, ["desk"], DESK_BOX)
    sky = node(3, "sky", (0, 0, 200, 30))
    rows = [
        relation(1, cup, "Sitting on top of the", desk),
        relation(2, desk, "below", sky),
        relation(3, cup, "glistening by", desk),
    ]
    folder.pictures(*map(photo, IN_TRAIN))
    folder.relations(dict.fromkeys(IN_TRAIN, rows), name="relationships.json.zip")
    (folder.path / "VG_100K").mkdir()
    for number, image in enumerate(IN_TRAIN):
        picture = Image.new("RGB", (WIDTH, HEIGHT), (200, 220, 100 + 30 * number))
        draw = ImageDraw.Draw(picture)
        for (x, y, w, h), colour in ((DESK_BOX, "brown"), (CUP_BOX, "blue")):
            draw.rectangle([x, y, x + w - 1, y + h - 1], fill=colour)
        picture.save(folder.path / "VG_100K" / f"{image}.jpg", quality=95)
    return folder.path


def build(data: Path, out: Path, *more: str) -> Path:
    command = [*COMMAND, "--source", "visual-genome", "--data", data, "--out", out, "--offline", *more]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return out / "release" / "1.0.0"


def test_a_build(data: Path, tmp_path: Path) -> None:
    release = build(data, tmp_path / "out")
    [file] = (release / "data").rglob("*.parquet")
    records = pq.read_table(file).to_pylist()
    assert {row["image_id"] for row in records} == {f"vg-{image}" for image in IN_TRAIN}
    assert {row["relation"] for row in records} == {"sits_on_top_of", "below"}
    one = next(row for row in records if row["relation"] == "sits_on_top_of")
    assert one["subject"]["box"] == pytest.approx([0.3, 0.2, 0.5, 0.6])
    texts = [text for row in records for text in [*row["complex_positives"], *row["complex_negatives"]]]
    assert not [text for text in texts if "a sky" in text or "here is the sky" in text]
    manifest = json.loads((release / "manifest.json").read_text())
    assert manifest["steps"]["source"]["unmapped"] == {"glistening by": len(IN_TRAIN)}
    assert "glistening by" in (release / "report.html").read_text()
    assert "Krishna" in (release / "README.md").read_text()


def test_crops(data: Path, tmp_path: Path) -> None:
    release = build(data, tmp_path / "out", "--crop", "union", "--relations", "aro", "--image-size", "0")
    [file] = (release / "data").rglob("*.parquet")
    records = pq.read_table(file).to_pylist()
    one = next(row for row in records if row["relation"] == "sits_on_top_of")
    assert one["image_id"].startswith("vg-")
    assert len(one["image_id"].rpartition("-")[2]) == 8
    picture = Image.open(io.BytesIO(one["image"]["bytes"]))
    assert picture.size == (
        160,
        70,
    )  # from the desk's left side to its right, from the cup's top to the desk's foot
    assert one["subject"]["box"] == pytest.approx([0.25, 0.0, 0.5, 4 / 7], abs=1e-5)
    assert one["object"]["box"] == pytest.approx([0.0, 3 / 7, 1.0, 1.0], abs=1e-5)
