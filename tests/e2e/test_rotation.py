"""A picture on its side: its pixels and its boxes are turned upright together."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import datasets
import pyarrow.parquet as pq
import pytest
from helpers.builds import must_build
from PIL import Image


@pytest.fixture(scope="module")
def rotated(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A copy of the sample in which one picture lies on its side, as its metadata say."""
    folder = tmp_path_factory.mktemp("rotated") / "data"
    shutil.copytree(sample, folder)
    with (folder / "oidv6-train-annotations-vrd.csv").open() as file:
        image_id = next(row["ImageID"] for row in csv.DictReader(file) if row["RelationshipLabel"] == "on")
    path = folder / "images" / f"{image_id}.jpg"
    Image.open(path).transpose(Image.Transpose.ROTATE_270).save(path, quality=95)
    for name, columns in (
        ("oidv6-train-annotations-vrd.csv", (("1",), ("2",))),
        ("oidv6-train-annotations-bbox.csv", (("",),)),
    ):
        with (folder / name).open() as file:
            rows = list(csv.DictReader(file))
        for row in rows:
            if row["ImageID"] == image_id:
                for (side,) in columns:
                    x0, x1, y0, y1 = (
                        float(row[f"{axis}{side}"]) for axis in ("XMin", "XMax", "YMin", "YMax")
                    )
                    # The picture was turned clockwise: (x, y) lies at (1 - y, x) now.
                    row |= {f"XMin{side}": str(1 - y1), f"XMax{side}": str(1 - y0)}
                    row |= {f"YMin{side}": str(x0), f"YMax{side}": str(x1)}
        with (folder / name).open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    metadata = folder / "train-images-boxable-with-rotation.csv"
    lines = metadata.read_text().splitlines(keepends=True)
    metadata.write_text(
        "".join(line.rsplit(",", 1)[0] + ",90.0\n" if line.startswith(image_id) else line for line in lines)
    )
    return folder, image_id


def test_a_picture_on_its_side_is_turned_with_its_boxes(
    sample: Path, rotated: tuple[Path, str], tmp_path: Path
) -> None:
    folder, image_id = rotated
    built = tmp_path / "upright"
    must_build("--data", sample, "--out", built)
    must_build("--data", folder, "--out", tmp_path / "out")

    def boxes(out: Path) -> dict[str, list[float]]:
        table = pq.read_table(out / "work" / "records" / "records.parquet").to_pylist()
        return {
            f"{row['id']} {side}": row[side]["box"]
            for row in table
            if row["image_id"] == image_id
            for side in ("subject", "object")
        }

    upright, turned = boxes(built), boxes(tmp_path / "out")
    assert turned.keys() == upright.keys() != set()
    for name, box in upright.items():
        assert turned[name] == pytest.approx(box, abs=1e-5)
    records = datasets.load_dataset(str(tmp_path / "out" / "release" / "1.0.0"), split="train")
    record = next(row for row in records if row["image_id"] == image_id)
    assert record["image"].width > record["image"].height
    assert record["rotation"] == 0

    must_build("--data", folder, "--images", "link", "--out", tmp_path / "linked")
    linked = pq.read_table(tmp_path / "linked" / "work" / "records" / "records.parquet").to_pylist()
    assert {row["rotation"] for row in linked if row["image_id"] == image_id} == {90}
    assert boxes(tmp_path / "linked") == boxes(tmp_path / "out")
