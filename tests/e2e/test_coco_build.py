"""From an instances file and photos to a release."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import datasets
import pytest
from helpers.builds import COMMAND, release_files
from helpers.coco_folder import HEIGHT, LEFT, RIGHT, WIDTH, Things, instances, write_instances
from PIL import Image, ImageDraw

COLOURS = {"cat": "orange", "dog": "brown", "kite": "red", "boat": "white"}


def run(folder: Path, out: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Build from a folder of COCO files."""
    command = [*COMMAND, "--source", "coco", "--data", str(folder), "--offline", "--out", str(out), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def draw(folder: Path, pictures: dict[int, Things]) -> None:
    """Write the file and its photos, in the layout of the official archives."""
    write_instances(folder / "annotations" / "instances_val2017.json", instances(pictures))
    (folder / "val2017").mkdir()
    for number, things in pictures.items():
        picture = Image.new("RGB", (WIDTH, HEIGHT), (number * 40, 200, 255))
        for category, (x, y, width, height) in things:
            ImageDraw.Draw(picture).rectangle((x, y, x + width, y + height), COLOURS[category])
        picture.save(folder / "val2017" / f"{number:012}.jpg")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cat and a dog either way round, and two things that nothing balances."""
    folder = tmp_path_factory.mktemp("coco")
    draw(
        folder,
        {
            1: [("cat", LEFT), ("dog", RIGHT)],
            2: [("dog", LEFT), ("cat", RIGHT)],
            3: [("kite", LEFT), ("boat", RIGHT)],
        },
    )
    return folder


def test_two_photos_balance_each_other(folder: Path, tmp_path: Path) -> None:
    done = run(folder, tmp_path / "out", "--split", "validation", "--balance", "strict")
    assert done.returncode == 0, done.stderr
    release = tmp_path / "out" / "release" / "1.0.0"
    records = datasets.load_dataset(str(release), split="validation")
    assert {
        (row["image_id"], row["subject"]["noun"], row["relation"], row["object"]["noun"]) for row in records
    } == {
        ("coco-1", "cat", "left_of", "dog"),
        ("coco-1", "dog", "right_of", "cat"),
        ("coco-2", "dog", "left_of", "cat"),
        ("coco-2", "cat", "right_of", "dog"),
    }
    for row in records:
        assert None not in row["group_ids"]
        assert set(row["negative_proofs"]) == {row["positive_proof"]} == {"geometric"}
        assert set(row["negative_kinds"]) == {"swap", "contrast"}
        assert row["license"] == "Attribution License (http://creativecommons.org/licenses/by/2.0/)"
        assert row["image"].size == (WIDTH, HEIGHT)
        left, right = sorted((row["subject"], row["object"]), key=lambda thing: thing["box"][0])
        pixels = [
            row["image"].getpixel((int(sum(thing["box"][::2]) / 2 * WIDTH), HEIGHT // 2))
            for thing in (left, right)
        ]
        assert (pixels[0][1] > pixels[1][1]) == (left["noun"] == "cat")  # orange has more green than brown
    positives = sorted(text for row in records for text in row["complex_positives"])
    assert positives == sorted(text for row in records for text in row["complex_negatives"])
    assert json.loads((release / "manifest.json").read_text())["blind"]["accuracy"] == 0.5
    card = (release / "README.md").read_text()
    assert "Lin et al." in card
    assert "sides are the viewer's" in card


def test_the_same_again_is_the_same_to_the_byte(folder: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert run(folder, tmp_path / name, "--split", "validation").returncode == 0
    assert release_files(tmp_path / "one") == release_files(tmp_path / "two")


def test_what_users_get_wrong(folder: Path, tmp_path: Path) -> None:
    for options, message in (
        (["--split", "train"], "Files of the split validation are there: use --split validation"),
        (["--split", "validation", "--licenses", "cc0"], "its licence is not among --licenses: 3"),
        (["--split", "validation", "--spatial"], "--spatial mines the boxes of openimages"),
    ):
        done = run(folder, tmp_path / "out", *options)
        assert done.returncode == 2
        assert message in " ".join(done.stderr.split())
        assert "Traceback" not in done.stderr
