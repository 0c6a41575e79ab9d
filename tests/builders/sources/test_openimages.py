"""Reading Open Images: what good files give, worked out by hand."""

from __future__ import annotations

import csv
import itertools
import random
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
from helpers.openimages_folder import (
    ATTRIBUTES,
    CLASSES,
    IMAGES,
    LEFT,
    MIDS,
    RIGHT,
    Box,
    Boxed,
    Folder,
    Photo,
    Relation,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from naturel.annotations import schema
from naturel.annotations.errors import UserError
from naturel.builders.engine import conform
from naturel.builders.sources.tables import SourceTables

REAL = Path(__file__).parents[4] / "shared" / "data" / "openimages"
REAL_COUNTS = {
    "at": 3622,
    "hits": 15,
    "holds": 671,
    "inside_of": 52,
    "interacts_with": 107,
    "is": 8121,
    "on": 1029,
    "plays": 262,
    "wears": 56,
}

Row = dict[str, object]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "openimages")


def rows_of(table: pa.Table, kind: pa.Schema) -> list[Row]:
    """Rows with the schema's types, in the order of all columns but the box."""
    rows: list[Row] = conform(table, kind).to_pylist()
    return sorted(rows, key=lambda row: [str(row[name]) for name in kind.names if name != "box"])


def everything(tables: SourceTables) -> dict[str, list[Row]]:
    return {
        "images": rows_of(tables.images, schema.IMAGES),
        "objects": rows_of(tables.objects, schema.OBJECTS),
        "absent": rows_of(tables.absent_labels, schema.ABSENT_LABELS),
        "relations": rows_of(tables.relations, schema.RELATIONS),
        "triplets": rows_of(tables.triplets, schema.TRIPLETS),
    }


def said(tables: SourceTables) -> list[tuple[object, ...]]:
    names = ["image_id", "subject_label", "relation", "object_label"]
    return [tuple(row[name] for name in names) for row in everything(tables)["relations"]]


def chosen(tables: SourceTables) -> set[str]:
    """The sampled triplets as text."""
    names = ["image_id", "subject_label", "relation", "object_label"]
    return {" ".join(str(row[name]) for name in names) for row in everything(tables)["triplets"]}


def box_of(tables: SourceTables, object_id: object) -> object:
    (box,) = [row["box"] for row in everything(tables)["objects"] if row["object_id"] == object_id]
    return pytest.approx(box, abs=1e-6)


# One relation ----------------------------------------------------------------------------------------------


def test_one_row_gives_a_relation_two_objects_a_triplet_and_a_picture(folder: Folder) -> None:
    folder.relations([Relation("p1", "Cat", "on", "Table", LEFT, RIGHT)])
    tables = folder.read()
    found = everything(tables)
    (relation,) = found["relations"]
    cat, table = relation["subject_id"], relation["object_id"]
    assert relation == {
        "image_id": "p1",
        "relation_id": relation["relation_id"],
        "subject_id": cat,
        "subject_label": "Cat",
        "relation": "on",
        "object_id": table,
        "object_label": "Table",
        "evidence": "annotated",
        "phrase": None,
    }
    assert {(row["label"], row["object_id"]) for row in found["objects"]} == {("Cat", cat), ("Table", table)}
    assert box_of(tables, cat) == [0.1, 0.2, 0.3, 0.6]
    assert box_of(tables, table) == [0.5, 0.4, 0.9, 0.8]
    assert all(row["is_group_of"] is None and row["is_truncated"] is None for row in found["objects"])
    (triplet,) = found["triplets"]
    assert (triplet["subject_id"], triplet["object_id"], triplet["pairs"]) == (cat, table, 1)
    (image,) = found["images"]
    assert image["url"] == "https://open-images-dataset.s3.amazonaws.com/train/p1.jpg"
    assert (image["source"], image["source_split"], image["boxes_complete"]) == ("openimages", "train", False)
    assert image["license"] is None
    assert image["rotation"] is None
    assert found["absent"] == []
    assert not tables.dropped
    assert not tables.examples
    assert tables.notes == (
        "no box file: only boxes that take part in a relation are known",
        "no image metadata file: licences, authors and rotation are unknown",
        "no human image-label file: no label is known to be absent",
    )


def test_an_attribute_row_has_one_object(folder: Folder) -> None:
    folder.relations([Relation("p1", "Chair", "is", "Wooden", LEFT)])
    found = everything(folder.read())
    (relation,) = found["relations"]
    assert (relation["relation"], relation["object_label"], relation["object_id"]) == ("is", "Wooden", None)
    assert [row["label"] for row in found["objects"]] == ["Chair"]
    (triplet,) = found["triplets"]
    assert (triplet["object_label"], triplet["object_id"]) == ("Wooden", None)
    assert triplet["subject_id"] == relation["subject_id"]


def test_two_attributes_of_one_thing_are_two_relations_of_one_object(folder: Folder) -> None:
    folder.relations([Relation("p1", "Chair", "is", name) for name in ("Wooden", "(made of)Leather")])
    found = everything(folder.read())
    assert len(found["relations"]) == 2
    assert len(found["objects"]) == 1


# Boxes -----------------------------------------------------------------------------------------------------


def test_coordinates_just_outside_are_clipped(folder: Folder) -> None:
    folder.relations([Relation("p1", "Cat", "on", "Table", (-0.01, 0.2, 0.3, 1.01), RIGHT)])
    tables = folder.read()
    (relation,) = everything(tables)["relations"]
    assert box_of(tables, relation["subject_id"]) == [0.0, 0.2, 0.3, 1.0]


@pytest.mark.parametrize("box", [(-0.02, 0.2, 0.3, 0.6), (0.1, 0.2, 1.02, 0.6), (1.0, 0.2, 1.005, 0.6)])
def test_coordinates_far_outside_and_boxes_that_clipping_empties_are_counted(
    folder: Folder, box: Box
) -> None:
    good = [Relation("p1", "Cat", "on", "Table"), Relation("p2", "Cat", "on", "Table")]
    folder.relations([*good, Relation("p1", "Cat", "at", "Table", box, RIGHT)])
    tables = folder.read()
    assert tables.dropped == {"relation row: box is inverted, empty or outside the picture": 1}


def test_repeated_rows_are_one_relation_with_the_smallest_coordinates(folder: Folder) -> None:
    rows = [Relation("p1", "Cat", "on", "Table", (x, 0.2, 0.3, 0.6), RIGHT) for x in (0.1002, 0.1, 0.1001)]
    folder.relations(rows)
    tables = folder.read()
    (relation,) = everything(tables)["relations"]
    assert box_of(tables, relation["subject_id"]) == [0.1, 0.2, 0.3, 0.6]
    assert tables.dropped == {"relation row: repeated": 2}
    assert [row["pairs"] for row in everything(tables)["triplets"]] == [1]


def test_boxes_that_round_to_the_same_thousandth_are_one_object(folder: Folder) -> None:
    folder.relations(
        [
            Relation("p1", "Man", "plays", "Guitar", (0.1, 0.2, 0.3, 0.6), RIGHT),
            Relation("p1", "Man", "holds", "Guitar", (0.1004, 0.2, 0.3, 0.6), RIGHT),  # the same man
            Relation("p1", "Man", "holds", "Guitar", (0.1006, 0.2, 0.3, 0.6), RIGHT),  # another
            Relation("p1", "Woman", "holds", "Guitar", (0.1, 0.2, 0.3, 0.6), RIGHT),  # another label
        ]
    )
    labels = Counter(row["label"] for row in everything(folder.read())["objects"])
    assert labels == {"Man": 2, "Woman": 1, "Guitar": 1}


def test_the_largest_pair_stands_for_a_triplet(folder: Folder) -> None:
    small, large = (0.1, 0.1, 0.2, 0.2), (0.3, 0.3, 0.9, 0.9)
    folder.relations(
        [
            Relation("p1", "Cat", "on", "Table", small, RIGHT),
            Relation("p1", "Cat", "on", "Table", large, RIGHT),
            Relation("p1", "Cat", "on", "Table", (0.4, 0.4, 0.5, 0.5), RIGHT),
        ]
    )
    tables = folder.read()
    (triplet,) = everything(tables)["triplets"]
    assert triplet["pairs"] == 3
    assert box_of(tables, triplet["subject_id"]) == list(large)
    assert len(everything(tables)["relations"]) == 3


def test_a_thing_related_to_itself_is_counted(folder: Folder) -> None:
    folder.relations(
        [Relation("p1", "Man", "holds", "Man", LEFT, LEFT), Relation("p1", "Man", "holds", "Cat")]
    )
    tables = folder.read()
    assert said(tables) == [("p1", "Man", "holds", "Cat")]
    assert tables.dropped == {"relation row: subject and object are one box": 1}


# Classes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["", "id,name", "LabelName,DisplayName", '"id","name"'])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
def test_class_files_with_and_without_header(folder: Folder, header: str, end: str, start: bytes) -> None:
    folder.relations([Relation("p1", "/m/new1", "on", "Table"), Relation("p1", "/m/new2", "is", "/m/new3")])
    classes = ["/m/new1,Teapot", '"/m/new2","Dish, blue"', f"{MIDS['Table']},Desk of another name"]
    folder.write(CLASSES, header, classes, end=end, start=start)
    folder.write(ATTRIBUTES, header, ["/m/new3,Shiny"], end=end, start=start)
    assert said(folder.read()) == [("p1", "Dish, blue", "is", "Shiny"), ("p1", "Teapot", "on", "Table")]


def test_classes_are_known_without_any_class_file(folder: Folder) -> None:
    folder.relations([Relation("p1", "Man", "plays", "Guitar")])
    assert said(folder.read()) == [("p1", "Man", "plays", "Guitar")]


def test_a_compressed_relation_file_gives_the_same(tmp_path: Path) -> None:
    rows = [Relation("p1", "Man", "plays", "Guitar"), Relation("p2", "Cat", "on", "Table")]
    plain, packed = Folder(tmp_path / "plain"), Folder(tmp_path / "packed")
    plain.relations(rows)
    packed.relations(rows, "train-annotations-vrd.csv.gz")
    assert everything(plain.read()) == everything(packed.read())


# The box file ----------------------------------------------------------------------------------------------


def test_the_box_file_adds_flags_and_further_objects(folder: Folder) -> None:
    folder.relations(
        [Relation("p1", "Cat", "on", "Table", LEFT, RIGHT), Relation("p2", "Cat", "on", "Table")]
    )
    folder.boxes(
        [
            Boxed("p1", "Cat", (0.1003, 0.2, 0.3, 0.6), (1, 0, -1, 0)),  # occluded; group of: nobody said
            Boxed("p1", "Table", RIGHT, (0, 0, 1, 0)),
            Boxed("p1", "Chair", (0.0, 0.0, 0.2, 0.2), (0, 1, 0, 1)),
            Boxed("p9", "Chair", (0.0, 0.0, 0.2, 0.2)),  # a picture without relations
        ]
    )
    tables = folder.read()
    found = everything(tables)
    flags = {
        (row["image_id"], row["label"]): tuple(
            row[f"is_{name}"] for name in ("occluded", "truncated", "group_of", "depiction")
        )
        for row in found["objects"]
    }
    nothing = (None, None, None, None)
    assert flags == {
        ("p1", "Cat"): (True, False, None, False),
        ("p1", "Table"): (False, False, True, False),
        ("p1", "Chair"): (False, True, False, True),
        ("p2", "Cat"): nothing,
        ("p2", "Table"): nothing,
    }
    boxes = {row["label"]: row["box"] for row in found["objects"] if row["image_id"] == "p1"}
    assert boxes["Cat"] == pytest.approx([0.1003, 0.2, 0.3, 0.6], abs=1e-6)  # the box file's numbers stand
    complete = {row["image_id"]: row["boxes_complete"] for row in found["images"]}
    assert complete == {"p1": True, "p2": False}


def test_a_damaged_box_row_makes_a_pictures_boxes_incomplete(folder: Folder) -> None:
    folder.relations([Relation("p1", "Cat", "on", "Table"), Relation("p2", "Cat", "on", "Table")])
    bad = Boxed("p1", "Man", (0.9, 0.2, 0.3, 0.6))
    folder.boxes([Boxed(p, "Cat", LEFT) for p in ("p1", "p2")] + [bad, Boxed("p9", "Man", bad.box)])
    tables = folder.read()
    assert {r["image_id"]: r["boxes_complete"] for r in everything(tables)["images"]} == {
        "p1": False,
        "p2": True,
    }
    reason = "box row: box is inverted, empty or outside the picture"
    assert tables.dropped == {reason: 1}  # p9 is not wanted, so its row is not judged
    assert tables.examples == {
        reason: "oidv6-train-annotations-bbox.csv, line 4: XMin is '0.9' and XMax is '0.3'"
    }


def test_a_box_twice_in_the_box_file_has_each_flag_that_either_sets(folder: Folder) -> None:
    folder.relations([Relation("p1", "Cat", "on", "Table")])
    folder.boxes([Boxed("p1", "Cat", LEFT, (0, -1, -1, 0)), Boxed("p1", "Cat", LEFT, (1, 0, -1, 0))])
    (cat,) = [row for row in everything(folder.read())["objects"] if row["label"] == "Cat"]
    flags = [cat[f"is_{name}"] for name in ("occluded", "truncated", "group_of", "depiction")]
    assert flags == [True, False, None, False]


# Labels ----------------------------------------------------------------------------------------------------


def test_confidence_nought_means_absent(folder: Folder) -> None:
    folder.relations([Relation("p1", "Cat", "on", "Table")])
    folder.labels(
        [
            ("p1", "Guitar", "0"),
            ("p1", "Guitar", "0.0"),
            ("p1", "Chair", "1"),
            ("p1", "Cat", "0"),  # there is a box of a cat
            ("p1", "Man", "0"),
            ("p1", "Man", "1"),  # contradicts the line above
            ("p1", "Woman", "maybe"),
            ("p1", "/m/unheard", "0"),
            ("p2", "Woman", "0"),  # a picture without relations
        ]
    )
    tables = folder.read()
    assert everything(tables)["absent"] == [{"image_id": "p1", "label": "Guitar"}]
    assert tables.dropped == {
        "label row: absent here, but present by another row or a box": 2,
        "label row: malformed row": 1,
        "label row: unknown class": 1,
    }


# Image metadata --------------------------------------------------------------------------------------------


def test_metadata_of_pictures(folder: Folder) -> None:
    folder.relations([Relation(f"p{i}", "Cat", "on", "Table") for i in range(1, 7)])
    folder.images(
        [
            Photo("p1", author='Ann "A." Bo', title='Cats, "tables",\nand more', rotation="90.0"),
            Photo("p2", rotation="NaN"),
            Photo("p3", rotation="", title="", license=""),
            Photo("p4", title="e\u0301te\u0301", rotation="270.0"),
            Photo("p5", rotation="upright"),
            Photo("p9", rotation="180.0"),
        ]
    )
    tables = folder.read()
    images = {str(row["image_id"]): row for row in everything(tables)["images"]}
    assert {name: row["rotation"] for name, row in images.items()} == {
        "p1": 90.0,
        "p2": None,
        "p3": None,
        "p4": 270.0,
        "p5": None,
        "p6": None,
    }
    assert images["p1"]["author"] == 'Ann "A." Bo'
    assert images["p1"]["title"] == 'Cats, "tables",\nand more'
    assert images["p1"]["landing_url"] == "https://flickr.example/p1"
    assert images["p1"]["license"] == "https://creativecommons.org/licenses/by/2.0/"
    assert images["p4"]["title"] == "\u00e9t\u00e9"
    assert (images["p3"]["title"], images["p3"]["license"], images["p6"]["author"]) == (None, None, None)
    assert f"2 pictures have no licence in {IMAGES}" in tables.notes


def test_metadata_without_a_rotation_column(folder: Folder) -> None:
    folder.relations([Relation("p1", "Cat", "on", "Table")])
    folder.write(
        IMAGES, "License,Author,Title,OriginalLandingURL,ImageID", ["CC BY,Ann,A title,https://x,p1"]
    )
    tables = folder.read()
    (image,) = everything(tables)["images"]
    assert (image["license"], image["author"], image["rotation"]) == ("CC BY", "Ann", None)
    assert f"{IMAGES} has no column Rotation" in tables.notes


def test_a_picture_described_twice_does_not_depend_on_the_order(tmp_path: Path) -> None:
    photos = [Photo("p1", author="Bo", title="Zoo"), Photo("p1", author="Ann", title="Zoo")]
    found = []
    for name, order in (("a", photos), ("b", photos[::-1])):
        folder = Folder(tmp_path / name)
        folder.relations([Relation("p1", "Cat", "on", "Table")])
        folder.images(order)
        tables = folder.read()
        assert tables.dropped == {"image row: repeated": 1}
        found.append(everything(tables)["images"])
    assert found[0] == found[1]
    assert found[0][0]["author"] == "Ann"


# Sampling --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Forty pictures with two triplets each: cats on tables, and men who play guitars or hold cats."""
    folder = Folder(tmp_path_factory.mktemp("many"))
    rows = []
    for i in range(40):
        rows.append(Relation(f"p{i:02}", "Cat", "on", "Table"))
        rows.append(Relation(f"p{i:02}", "Man", "plays" if i % 2 else "holds", "Guitar" if i % 2 else "Cat"))
    folder.relations(rows)
    return folder


def pictures(tables: SourceTables) -> set[str]:
    return {str(row["image_id"]) for row in everything(tables)["images"]}


def test_without_limits_everything_is_taken(many: Folder) -> None:
    tables = many.read()
    assert len(pictures(tables)) == 40
    assert len(chosen(tables)) == 80


def test_max_images_is_exact_and_counted(many: Folder) -> None:
    tables = many.read(max_images=7)
    assert len(pictures(tables)) == 7
    assert len(chosen(tables)) == 14
    assert tables.dropped == {"triplet: not in the sample asked for": 66}
    found = everything(tables)
    for name in ("objects", "relations", "triplets"):
        assert {row["image_id"] for row in found[name]} == pictures(tables)
    assert len(pictures(many.read(max_images=1000))) == 40


def test_a_larger_sample_contains_the_smaller_one(many: Folder) -> None:
    samples = [pictures(many.read(max_images=n, seed=5)) for n in (1, 10, 20, 39)]
    assert all(small < large for small, large in itertools.pairwise(samples))


def test_the_seed_decides(many: Folder) -> None:
    assert everything(many.read(max_images=10, seed=1)) == everything(many.read(max_images=10, seed=1))
    assert len({frozenset(pictures(many.read(max_images=10, seed=seed))) for seed in range(5)}) == 5


def test_a_sample_does_not_depend_on_what_else_is_in_the_file(many: Folder, tmp_path: Path) -> None:
    fewer = Folder(tmp_path / "fewer")
    keep = sorted(pictures(many.read(max_images=20, seed=3)))
    fewer.relations([Relation(name, "Cat", "on", "Table") for name in keep])
    assert pictures(fewer.read(max_images=10, seed=3)) == pictures(many.read(max_images=10, seed=3))


def test_max_per_triplet(many: Folder) -> None:
    tables = many.read(max_per_triplet=3)
    counts = Counter(name.split(" ", 1)[1] for name in chosen(tables))
    assert counts == {"Cat on Table": 3, "Man plays Guitar": 3, "Man holds Cat": 3}
    assert chosen(tables) < chosen(many.read(max_per_triplet=9))
    assert tables.dropped == {"triplet: not in the sample asked for": 71}


def test_relations_asked_for(many: Folder) -> None:
    tables = many.read(relations=("plays",))
    assert {name.split(" ", 1)[1] for name in chosen(tables)} == {"Man plays Guitar"}
    assert len(pictures(tables)) == 20
    # What else is annotated in those pictures is still evidence.
    assert Counter(row[2] for row in said(tables)) == {"plays": 20, "on": 20}
    assert tables.dropped == {"relation row: relation not asked for or not usable": 60}


def test_no_row_of_the_relations_asked_for(many: Folder) -> None:
    with pytest.raises(UserError, match="no row has a relation of kick: nothing to build"):
        many.read(relations=("kick",))


PLACES = st.sampled_from(
    [(0.1, 0.1, 0.4, 0.5), (0.1, 0.1, 0.4, 0.5004), (0.2, 0.3, 0.9, 0.8), (0.9, 0.3, 0.2, 0.8)]
)
RELATIONS = st.one_of(
    st.builds(
        Relation,
        st.sampled_from(["p1", "p2", "p3", "p4"]),
        st.sampled_from(["Cat", "Man", "Wooden", "/m/unheard"]),
        st.sampled_from(["on", "holds", "plays", "likes"]),
        st.sampled_from(["Table", "Guitar", "Man"]),
        PLACES,
        PLACES,
    ),
    st.builds(
        Relation, st.sampled_from(["p1", "p2"]), st.just("Chair"), st.just("is"), st.just("Wooden"), PLACES
    ),
)
SURE = [Relation("p1", "Cat", "on", "Table"), Relation("p5", "Man", "plays", "Guitar")] * 3


@settings(deadline=None, max_examples=40)
@given(st.lists(RELATIONS, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[Relation], rng: random.Random
) -> None:
    rows = [*SURE * 3, *drawn]
    boxes = [Boxed(row.image, row.subject, row.box1) for row in rows]
    photos = [Photo(row.image, author=row.subject) for row in rows]
    found = []
    for _ in range(2):
        folder = Folder(tmp_path_factory.mktemp("shuffled"))
        folder.relations(rows)
        folder.boxes(boxes)
        folder.images(photos)
        tables = folder.read(max_images=3, max_per_triplet=2)
        found.append((everything(tables), tables.dropped, tables.notes))
        rng.shuffle(rows)
        rng.shuffle(boxes)
        rng.shuffle(photos)
    assert found[0] == found[1]


# Real data -------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not REAL.is_dir(), reason="the real Open Images rows are not on this machine")
def test_real_rows() -> None:
    folder = Folder(REAL)
    tables = folder.read()
    assert not tables.examples
    assert set(tables.dropped) <= {
        "relation row: repeated",
        "relation row: subject and object are one box",
    }
    assert tables.relations.num_rows + sum(tables.dropped.values()) == 13_935
    with (REAL / "train-annotations-vrd.csv").open(newline="") as file:
        raw = Counter(row["RelationshipLabel"] for row in csv.DictReader(file))
    assert raw == REAL_COUNTS
    kept = Counter(str(name) for name in tables.relations["relation"].to_pylist())
    assert kept.keys() == raw.keys()
    assert all(kept[name] <= raw[name] for name in raw)
    assert sum((raw - kept).values()) == sum(tables.dropped.values())
    assert sum(tables.triplets["pairs"].to_pylist()) == tables.relations.num_rows
