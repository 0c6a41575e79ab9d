"""The command builds composites: every picture in a group with its counterpart."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from helpers.builds import COMMAND

OPTIONS = ("--source", "composites", "--max-images", "24", "--pairs", "4", "--captions-per-claim", "4")


def run(*options: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, options)], capture_output=True, text=True, check=False, timeout=300
    )


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("composites") / "out"
    done = run(*OPTIONS, "--balance", "strict", "--out", out)
    assert done.returncode == 0, done.stderr
    return out


def test_every_sentence_stands_as_often_on_either_side(out: Path) -> None:
    (path,) = (out / "release" / "1.0.0").rglob("train-*.parquet")
    records = pq.read_table(path).to_pylist()
    sides = [
        Counter(text for record in records for text in record[f"complex_{side}s"])
        for side in ("positive", "negative")
    ]
    assert sides[0] == sides[1]
    assert {record["positive_proof"] for record in records} == {"constructed"}
    assert all(all(record["group_ids"]) for record in records)


def test_the_two_pictures_of_a_group_are_counterparts(out: Path) -> None:
    (path,) = (out / "release" / "1.0.0").rglob("train-*.parquet")
    images = pq.read_table(out / "work" / "source" / "images.parquet").to_pylist()
    counterpart = {row["image_id"]: row["counterpart_id"] for row in images}
    members: dict[str, set[str]] = {}
    for record in pq.read_table(path).to_pylist():
        for group in record["group_ids"]:
            members.setdefault(group, set()).add(record["image_id"])
    together = [group for group in members.values() if {counterpart[one] for one in group} == group]
    assert len(together) > len(members) / 2


def test_nothing_changed_nothing_is_done_again(out: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (out / "work").glob("composites-*/*")}
    done = run(*OPTIONS, "--balance", "strict", "--out", out)
    assert done.returncode == 0, done.stderr
    assert {path: path.stat().st_mtime_ns for path in (out / "work").glob("composites-*/*")} == before
    assert [path.name for path in (out / "release").iterdir()] == ["1.0.0"]


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (("--images", "link"), "--images link"),
        (("--backend", "photos"), "--cutouts"),
        (("--backend", "photos", "--cutouts", "nowhere"), "--cutouts nowhere"),
        (("--arrangements", "behind"), "--arrangements"),
        (("--max-images", "1"), "at least 2 --max-images"),
    ],
)
def test_bad_settings(options: tuple[str, ...], fault: str, tmp_path: Path) -> None:
    done = run("--source", "composites", *options, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert fault in done.stderr
    assert "Traceback" not in done.stderr
