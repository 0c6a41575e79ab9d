"""The testbed as a source: which pictures are drawn, what its tables say, and what is refused."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from naturel.annotations import schema
from naturel.annotations.errors import UserError
from naturel.annotations.nouns import load_nouns
from naturel.annotations.relations import load_vocabulary
from naturel.builders.engine import conform
from naturel.builders.progress import SilentProgress
from naturel.builders.settings import BuildSettings
from naturel.builders.sources.origin import Origin
from naturel.builders.sources.reading import TABLES
from naturel.builders.sources.tables import SourceTables
from naturel.builders.sources.testbed.origin import open_testbed
from naturel.builders.sources.testbed.scenes import LABELS

SMALL: dict[str, Any] = {"source": "testbed", "pairs": 3, "layouts": 4}
"""Three pairs, of each three layouts in training and one in validation, in two orders: 18 pictures and 6."""


def opened(work: Path, **settings: object) -> Origin:
    return open_testbed(BuildSettings(**{**SMALL, **settings}), work, SilentProgress())


def read(origin: Origin) -> SourceTables:
    tables = origin.read(load_vocabulary(), load_nouns())
    for name, kind in TABLES.items():
        assert conform(getattr(tables, name), kind).schema == kind
    return tables


def ids(table: pa.Table) -> list[str]:
    names: list[str] = table["image_id"].to_pylist()
    return names


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Origin:
    return opened(tmp_path_factory.mktemp("work"))


@pytest.fixture(scope="module")
def tables(origin: Origin) -> SourceTables:
    return read(origin)


def test_every_picture_is_drawn(origin: Origin, tables: SourceTables) -> None:
    (folder,) = origin.folders
    assert folder.name.startswith("testbed-")
    assert {path.name for path in folder.iterdir()} == {f"{name}.jpg" for name in ids(tables.images)}
    assert len(set(ids(tables.images))) == 18
    assert not origin.linkable


def test_two_things_and_two_relations_a_picture(tables: SourceTables) -> None:
    assert tables.objects.num_rows == 36
    things = {(row["image_id"], row["object_id"]): row for row in tables.objects.to_pylist()}
    assert len(things) == 36
    stated = tables.relations.to_pylist()
    assert Counter(row["relation"] for row in stated) == {"left_of": 18, "right_of": 18}
    assert len({(row["image_id"], row["relation_id"]) for row in stated}) == 36
    for row in stated:
        subject, thing = (things[row["image_id"], row[f"{side}_id"]] for side in ("subject", "object"))
        assert (subject["label"], thing["label"]) == (row["subject_label"], row["object_label"])
        left, right = (subject, thing) if row["relation"] == "left_of" else (thing, subject)
        assert left["box"][2] < right["box"][0]
        assert row["evidence"] == "constructed"
    assert tables.triplets.num_rows == 36
    assert set(tables.triplets["pairs"].to_pylist()) == {1}


def test_all_other_labels_are_absent(tables: SourceTables) -> None:
    present: dict[str, set[str]] = {}
    for row in tables.objects.to_pylist():
        present.setdefault(row["image_id"], set()).add(row["label"])
    absent: dict[str, set[str]] = {}
    for row in tables.absent_labels.to_pylist():
        absent.setdefault(row["image_id"], set()).add(row["label"])
    assert tables.absent_labels.num_rows == 18 * 18
    for name in ids(tables.images):
        assert present[name] | absent[name] == set(LABELS)
        assert len(absent[name]) == 18


def test_the_counterpart_has_the_labels_exchanged(tables: SourceTables) -> None:
    counterpart = dict(zip(ids(tables.images), tables.images["counterpart_id"].to_pylist(), strict=True))
    boxes: dict[str, dict[str, str]] = {}
    places: dict[str, list[int]] = {}
    for row in tables.objects.to_pylist():
        boxes.setdefault(row["image_id"], {})[row["object_id"]] = row["label"]
        places.setdefault(row["image_id"], []).append(int(row["box"][0] * 10))
    assert set(counterpart.values()) == set(counterpart)
    for name, other in counterpart.items():
        assert counterpart[other] == name != other
        assert boxes[name]["left"] == boxes[other]["right"]
        assert boxes[name]["right"] == boxes[other]["left"]
        assert places[name] == places[other]


def test_splits_have_no_picture_in_common(tmp_path: Path, tables: SourceTables) -> None:
    validation = read(opened(tmp_path, split="validation"))
    assert validation.images.num_rows == 6
    assert set(validation.images["source_split"].to_pylist()) == {"validation"}
    assert not set(ids(validation.images)) & set(ids(tables.images))
    assert validation.tokens == tables.tokens


def test_the_tokens_have_the_pictures_of_the_split(tables: SourceTables) -> None:
    assert tables.tokens is not None
    assert tables.tokens.schema == schema.TOKENS
    shown = [
        row["image_id"]
        for row in tables.tokens.to_pylist()
        if row["split"] == "train" and row["kind"] != "one object"
    ]
    assert sorted(shown) == sorted(ids(tables.images))
    assert "1 cat, 2 dog" in tables.notes[0]


def test_couples_are_sampled_together(tmp_path: Path) -> None:
    images = read(opened(tmp_path, max_images=6)).images
    assert images.num_rows == 6
    assert set(images["counterpart_id"].to_pylist()) == set(ids(images))


def test_pictures_a_triplet_are_limited(tmp_path: Path) -> None:
    # Six ordered pairs of labels, two pictures each.
    tables = read(opened(tmp_path, max_per_triplet=2))
    assert tables.images.num_rows == 12
    key = ["subject_label", "relation", "object_label"]
    counted = tables.triplets.group_by(key).aggregate([([], "count_all")])
    assert counted["count_all"].to_pylist() == [2] * 12
    assert set(tables.images["counterpart_id"].to_pylist()) == set(ids(tables.images))


def test_one_relation_alone(tmp_path: Path) -> None:
    tables = read(opened(tmp_path, relations="right_of,on"))
    assert set(tables.triplets["relation"].to_pylist()) == {"right_of"}
    assert tables.relations.num_rows == 36


def test_what_was_drawn_is_not_drawn_again(tmp_path: Path, origin: Origin) -> None:
    (folder,) = opened(tmp_path).folders
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert opened(tmp_path).folders == (folder,)
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    assert opened(tmp_path).key == origin.key
    assert opened(tmp_path, seed=1).folders != (folder,)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"pairs": 106}, "--pairs 106: the testbed's 15 training labels have 105 pairs"),
        ({"layouts": 46}, "--layouts 46: .* have 45 layouts"),
        ({"relations": "on"}, "the testbed has only left_of and right_of"),
        ({"data": "somewhere"}, "--data: the testbed draws its own pictures"),
        ({"split": "validation", "layouts": 1}, "--split validation: with 3 pairs and 1 layouts"),
    ],
)
def test_what_cannot_be_is_explained(tmp_path: Path, settings: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        opened(tmp_path, **settings)
    assert not list(tmp_path.iterdir())
