"""Pairs, batches and exports of a release that the build command made of the sample."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import datasets
import pytest
from helpers.builds import must_build
from torch.utils.data import DataLoader

from naturel.builders.checks.blind_inputs import read_pairs
from naturel.builders.progress import SilentProgress
from naturel.loaders import GroupBatches, Pairs, pairs
from naturel.loaders.export import Format, export


@pytest.fixture(scope="module")
def built(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One build of a part of the sample; tests only read it."""
    out = tmp_path_factory.mktemp("build") / "out"
    must_build("--data", sample, "--max-images", "150", "--negative-images", "mined", "--out", out)
    return out


@pytest.fixture(scope="module")
def records(built: Path) -> list[dict[str, Any]]:
    rows = datasets.load_dataset(str(built / "release" / "1.0.0"), split="train").remove_columns(["image"])
    return list(rows.remove_columns(["negative_image"]))


def test_every_scheme_makes_what_the_records_promise(built: Path, records: list[dict[str, Any]]) -> None:
    groups = {group for record in records for group in record["group_ids"] if group}
    made = {scheme: pairs(built, scheme) for scheme in ("single", "all", "two", "groups")}
    sizes = {scheme: len(items) for scheme, items in made.items() if isinstance(items, Pairs)}
    count = len(records)
    assert sizes == {"single": count, "all": 4 * count, "two": count, "groups": 2 * len(groups)}
    assert len(groups) > 20
    expected = Counter(
        pair
        for record in records
        for pair in [
            (record["simple_positive"], record["simple_negative"]),
            *zip(record["complex_positives"], record["complex_negatives"], strict=True),
        ]
    )
    assert Counter((item["positive"], item["negative"]) for item in made["all"]) == expected
    sides = [Counter(item[side] for item in made["groups"]) for side in ("positive", "negative")]
    assert sides[0] == sides[1]


def test_mined_negative_images_come_with_the_sentence_that_they_show(
    built: Path, records: list[dict[str, Any]]
) -> None:
    with_one = {record["id"]: record for record in records if record["negative_image_id"]}
    assert with_one
    for item in pairs(built, "single"):
        record = with_one.get(item["id"])
        if record is None:
            assert item["negative_image"] is None
        else:
            assert item["negative_image"].size > (0, 0)
            assert (
                item["negative_image_caption"] == record["complex_negatives"][record["negative_image_pair"]]
            )


def test_a_training_loop_gets_whole_groups(built: Path) -> None:
    train = pairs(built, "single")
    batches = GroupBatches(train, batch_size=16, groups=4)
    loader: Any = DataLoader(train, batch_sampler=batches, num_workers=2, collate_fn=list)  # type: ignore[arg-type]
    seen = Counter[str]()
    for batch in loader:
        members = batch[:8]
        for first, second in zip(members[::2], members[1::2], strict=True):
            assert first["group_id"] == second["group_id"] is not None
            assert (first["positive"], first["negative"]) == (second["negative"], second["positive"])
            assert first["image_id"] != second["image_id"]
        seen.update(item["id"] for item in batch)
    assert len(loader) > 1
    assert set(seen.values()) == {1}


@pytest.mark.parametrize("layout", list(Format))
def test_every_layout_holds_all_records(
    built: Path, records: list[dict[str, Any]], tmp_path: Path, layout: Format
) -> None:
    count, pictures = len(records), len({record["image_id"] for record in records})
    done = export(built, layout, tmp_path / "out", SilentProgress())
    assert done.left_out == {}
    if layout == Format.NEGCLIP:
        assert (done.written["rows"], done.written["pictures"]) == (4 * count, pictures)
    elif layout == Format.SUGARCREPE:
        assert done.written == {"pairs": 4 * count, "pictures": pictures}
        assert len(read_pairs(tmp_path / "out" / "train")) == 4 * count
    elif layout == Format.WEBDATASET:
        rows = datasets.load_dataset(
            "webdataset", data_dir=str(tmp_path / "out"), split="train", streaming=True
        )
        assert [row["__key__"] for row in rows] == [record["id"] for record in records]
    else:
        lines = [json.loads(line) for line in (tmp_path / "out" / "train.jsonl").read_text().splitlines()]
        assert [line["id"] for line in lines] == [record["id"] for record in records]
        assert all((tmp_path / "out" / line["image"]).is_file() for line in lines)
