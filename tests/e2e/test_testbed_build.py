"""A build of the testbed: captions are held against the cells of their scene."""

from __future__ import annotations

import subprocess
from pathlib import Path

import datasets
import pytest
from helpers.builds import COMMAND

SETTINGS = ("--source", "testbed", "--pairs", "4", "--layouts", "6", "--offline")


def run(*options: str | Path) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *SETTINGS, *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("testbed") / "out"
    done = run("--split", "train,validation,test", "--max-images", "40", "--out", out)
    assert done.returncode == 0, done.stderr
    return out / "release" / "1.0.0"


def test_claims_agree_with_the_cells(release: Path) -> None:
    card = (release / "README.md").read_text()
    words = card.split("the tokens of the testbed: ")[1].split(". 0 is also")[0].split(", ")
    number = {word: int(token) for token, word in (entry.split(" ") for entry in words)}

    def is_true(row: list[int], subject: str, relation: str, thing: str) -> bool:
        if number[subject] not in row or number[thing] not in row:
            return False
        to_the_left = bool(row.index(number[subject]) < row.index(number[thing]))
        return relation == ("left_of" if to_the_left else "right_of")

    found = {}
    for split in ("train", "validation", "test"):
        records = datasets.load_dataset(str(release), split=split).remove_columns("image")
        tokens = datasets.load_dataset(str(release), "tokens", split=split)
        cells = {row["image_id"]: row["cells"] for row in tokens}
        for row in records:
            scene = cells[row["image_id"]]
            assert is_true(scene, row["subject"]["noun"], row["relation"], row["object"]["noun"])
            for claim in row["negative_claims"]:
                assert not is_true(scene, claim["subject"], claim["relation"], claim["object"])
        found[split] = len(records)
    # 4 pairs x 2 orders in 5 of 6 layouts, and in one for validation; both relations of each picture.
    assert found == {"train": 4 * 2 * 5 * 2, "validation": 4 * 2 * 1 * 2, "test": 40 * 2}


def test_the_tokens_are_a_configuration_with_all_scenes(release: Path) -> None:
    tokens = datasets.load_dataset(str(release), "tokens")
    # 17,100 scenes of two things (40 and 8 of them not for the test) and 200 of one.
    assert {name: len(split) for name, split in tokens.items()} == {
        "train": 40 + 160,
        "validation": 8 + 20,
        "test": 17_100 - 48 + 20,
    }
    card = (release / "README.md").read_text()
    assert "`train` (200), `validation` (28), `test` (17,072)" in card


def test_pictures_without_addresses_cannot_be_linked(tmp_path: Path) -> None:
    done = run("--images", "link", "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "the pictures of testbed, as they are used, have no addresses" in done.stderr


def test_a_dry_run_with_a_model_counts_calls_without_pictures(tmp_path: Path) -> None:
    out = tmp_path / "out"
    model = ("--captioner", "openai", "--model", "m", "--price", "1,1")
    done = run(*model, "--base-url", "http://127.0.0.1:9/v1", "--dry-run", "--out", out)
    assert done.returncode == 0, done.stderr
    assert "make testbed" in done.stdout
    assert not out.exists()
