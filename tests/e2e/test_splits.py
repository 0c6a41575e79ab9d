"""A build with compositional test splits, capped shares and negative images, opened by its configurations."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from datasets import get_dataset_config_names, load_dataset
from helpers.builds import must_build, run_build


@pytest.fixture(scope="module")
def release(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("splits")
    options = (
        "--holdout",
        "pairs=0.15,relations=0.1",
        "--max-share-triplet",
        "0.02",
        "--negative-images",
        "mined",
    )
    said = must_build("--data", sample, "--out", out, *options)
    assert "records of test_unseen_pairs" in said
    assert "record: beyond --max-share-triplet" in said
    return out / "release" / "1.0.0"


def test_splits_open_by_name(release: Path) -> None:
    assert get_dataset_config_names(str(release)) == ["all", "openimages", "captions", "claims"]
    found = load_dataset(str(release))
    assert {*found} == {"train", "test_unseen_pairs", "test_unseen_relations_for_pair"}
    pairs = {
        name: {
            frozenset((a["noun"], b["noun"])) for a, b in zip(rows["subject"], rows["object"], strict=True)
        }
        for name, rows in found.remove_columns(["image", "negative_image"]).items()
    }
    assert not pairs["train"] & pairs["test_unseen_pairs"]
    assert pairs["test_unseen_relations_for_pair"] <= pairs["train"]


def test_no_sentence_of_training_tests(release: Path) -> None:
    texts: dict[bool, set[str]] = {True: set(), False: set()}
    for path in (release / "data").rglob("*.parquet"):
        table = pq.read_table(path, columns=["complex_positives", "complex_negatives"])
        for row in table.to_pylist():
            texts[path.name.startswith("train")].update(row["complex_positives"], row["complex_negatives"])
    assert len(texts[True]) > 100
    assert len(texts[False]) > 20
    assert not texts[True] & texts[False]


def test_negative_images_show_the_negative_of_the_same_split(release: Path) -> None:
    rows = {
        path.name.split("-")[0]: pq.read_table(
            path, columns=["image_id", "negative_image_id", "negative_image"]
        )
        for path in (release / "data").rglob("*.parquet")
    }
    seen = {name: {*table["image_id"].to_pylist()} for name, table in rows.items()}
    for name, table in rows.items():
        found = [row for row in table.to_pylist() if row["negative_image_id"]]
        assert found, name
        assert all(row["negative_image"]["bytes"] for row in found)
        others = set().union(*(ids for other, ids in seen.items() if other != name))
        assert not {row["negative_image_id"] for row in found} & others


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--holdout", "pairs=2"), "--holdout: Input should be less than 1"),
        (("--holdout", "pairs"), "--holdout: pairs: write shares such as pairs=0.1"),
        (("--holdout", "colours=0.1"), "there is no such setting"),
        (("--split", "train,dev"), "--split"),
        (("--holdout", "pairs=0.1", "--captions-per-claim", "5"), "needs 6 at least"),
        (("--max-share-triplet", "0.001"), "--max-share-triplet 0.001: there are only"),
    ],
)
def test_bad_values_are_told(sample: Path, tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    build = run_build("--data", sample, "--images", "link", "--max-images", "40", "--out", tmp_path, *options)
    assert build.returncode == 2
    assert said in build.stderr
    assert "Traceback" not in build.stderr
