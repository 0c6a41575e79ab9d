"""The source's tables, and what is true of its pictures by them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from naturel.annotations import schema
from naturel.annotations.nouns import load_nouns
from naturel.annotations.relations import load_vocabulary
from naturel.annotations.truth import Evidence, judge
from naturel.builders.engine import conform
from naturel.builders.progress import SilentProgress
from naturel.builders.settings import BuildSettings
from naturel.builders.sources.composites.composites_origin import open_composites
from naturel.builders.sources.origin import Origin
from naturel.builders.sources.sample import AUTHOR, LICENSE
from naturel.builders.sources.tables import SourceTables


def opened(work: Path, **settings: object) -> Origin:
    values = {"source": ["composites"], "max_images": 80, **settings}
    return open_composites(BuildSettings(**values), work, SilentProgress())


def read(origin: Origin) -> SourceTables:
    return origin.read(load_vocabulary(), load_nouns())


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def tables(work: Path) -> SourceTables:
    return read(opened(work))


def test_the_tables_have_the_columns_of_their_schemas(tables: SourceTables) -> None:
    assert conform(tables.images, schema.IMAGES).num_rows == 80
    assert conform(tables.objects, schema.OBJECTS).num_rows == 160
    assert (
        conform(tables.relations, schema.RELATIONS).num_rows == 140
    )  # 20 groups of each, inside with one word
    assert conform(tables.triplets, schema.TRIPLETS).num_rows == 140
    assert set(tables.relations["evidence"].to_pylist()) == {"constructed"}


def test_counterparts_name_each_other(tables: SourceTables) -> None:
    other = dict(
        zip(*(tables.images[name].to_pylist() for name in ("image_id", "counterpart_id")), strict=True)
    )
    assert all(other[other[image_id]] == image_id != other[image_id] for image_id in other)


def test_who_drew_them(tables: SourceTables) -> None:
    assert set(tables.images["license"].to_pylist()) == {LICENSE}
    assert set(tables.images["author"].to_pylist()) == {AUTHOR}


def test_every_claim_is_true_of_its_picture_and_proved_false_of_the_other(tables: SourceTables) -> None:
    images = tables.images
    complete = images.filter(images["boxes_complete"])["image_id"].combine_chunks()
    evidence = Evidence(tables.objects, tables.absent_labels, tables.relations, complete)
    names = ["image_id", "subject_label", "relation", "object_label"]
    asked = tables.triplets.select(names)
    here = judge(asked, evidence, load_vocabulary(), load_nouns())
    assert set(here["truth"].to_pylist()) == {"true"}
    place = pc.index_in(asked["image_id"], value_set=images["image_id"])
    elsewhere = asked.set_column(0, "image_id", images["counterpart_id"].take(place))
    there = judge(elsewhere, evidence, load_vocabulary(), load_nouns())
    assert set(there["truth"].to_pylist()) == {"false"}
    assert set(there["proof"].to_pylist()) <= {"antisymmetric", "exclusive"}


def test_each_word_is_as_often_true_as_false(tables: SourceTables) -> None:
    count = Counter(tables.relations["relation"].to_pylist())
    assert count["left_of"] == count["right_of"] == count["above"] == count["below"] == 20
    assert count["inside_of"] == count["next_to"] == 10


def test_absent_is_what_neither_of_the_two_could_be_called(tables: SourceTables) -> None:
    nouns = load_nouns()
    shown: dict[str, set[str]] = {}
    for row in tables.objects.to_pylist():
        shown.setdefault(row["image_id"], set()).add(row["label"])
    absent: dict[str, set[str]] = {}
    for row in tables.absent_labels.to_pylist():
        absent.setdefault(row["image_id"], set()).add(row["label"])
    collection = set().union(*shown.values())
    for image_id, labels in shown.items():
        alike = set().union(*(nouns.same_thing(label) for label in labels))
        assert absent[image_id] == collection - alike
    assert any("Ball" in labels and "Football" not in absent[image_id] for image_id, labels in shown.items())


def test_both_pictures_of_a_group_have_the_same_absent_labels(tables: SourceTables) -> None:
    absent: dict[str, set[str]] = {}
    for row in tables.absent_labels.to_pylist():
        absent.setdefault(row["image_id"], set()).add(row["label"])
    for row in tables.images.to_pylist():
        assert absent[row["image_id"]] == absent[row["counterpart_id"]]


def test_only_the_relations_that_are_wanted(work: Path) -> None:
    tables = read(opened(work, relations="left_of", max_images=8))
    assert tables.triplets["relation"].to_pylist() == ["left_of"] * 8
    assert tables.relations.num_rows == 16


def test_licences_that_the_pictures_do_not_have_leave_nothing(work: Path) -> None:
    assert read(opened(work, licenses="by", max_images=4)).triplets.num_rows == 0
    assert read(opened(work, licenses="cc0", max_images=4)).triplets.num_rows == 8


def test_another_setting_gives_another_folder_and_the_same_one_the_same(work: Path) -> None:
    folders = {opened(work, max_images=4, layouts=layouts).folders for layouts in (1, 2, 2)}
    assert len(folders) == 2


def test_what_the_card_says(work: Path) -> None:
    origin = opened(work, max_images=4, pairs=2, layouts=1)
    assert origin.name == "composites"
    assert not origin.linkable
    assert origin.card_license == "cc0-1.0"
    assert "2 pairs of nouns" in origin.sampling
    assert "1 layout" in origin.sampling


def test_pictures_are_where_the_origin_says(work: Path) -> None:
    origin = opened(work, max_images=4)
    ids = read(origin).images["image_id"].to_pylist()
    assert sorted(path.stem for path in origin.folders[0].glob("*.png")) == sorted(ids)
    assert pa.array(ids).unique().to_pylist() == ids
