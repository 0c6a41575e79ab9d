"""Visual Genome's files as tables: relations, boxes, attributes, what is dropped and where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from helpers.visual_genome_folder import IN_TRAIN, RIGHT, Folder, node, photo, relation

from naturel.annotations import schema
from naturel.annotations.errors import UserError
from naturel.builders.engine import conform
from naturel.builders.settings import Split
from naturel.builders.sources.tables import SourceTables

ONE, TWO, THREE, _ = IN_TRAIN
CUP, DESK = node(11, "cup"), node(12, ["desk"], RIGHT)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "vg")


def rows(table: pa.Table, kind: pa.Schema, *columns: str) -> list[tuple[Any, ...]]:
    found = conform(table, kind).select(columns).to_pylist()
    return sorted(tuple(row.values()) for row in found)


def objects_of(tables: SourceTables) -> dict[str, tuple[str, list[float], bool]]:
    found = conform(tables.objects, schema.OBJECTS).to_pylist()
    return {o["object_id"]: (o["label"], [round(s, 4) for s in o["box"]], o["is_group_of"]) for o in found}


def test_a_relation(folder: Folder) -> None:
    folder.pictures(photo(ONE, url=f"https://example.org/VG_100K_2/{ONE}.jpg"))
    folder.relations(
        {ONE: [relation(1, CUP, "sitting ON top of the", DESK), relation(2, CUP, "sleeping on", DESK)]}
    )
    tables = folder.read()
    assert conform(tables.images, schema.IMAGES).to_pylist() == [
        dict.fromkeys(schema.IMAGES.names)
        | {
            "image_id": f"vg-{ONE}",
            "source": "visual_genome",
            "source_split": "train",
            "url": f"https://example.org/VG_100K_2/{ONE}.jpg",
            "boxes_complete": False,
            "file_name": f"VG_100K_2/{ONE}.jpg",
        }
    ]
    assert objects_of(tables) == {
        "11": ("cup", [0.1, 0.2, 0.3, 0.6], False),
        "12": ("Desk", [0.5, 0.4, 0.9, 0.8], False),
    }
    said = ("image_id", "subject_id", "relation", "object_id", "object_label", "evidence", "phrase")
    assert rows(tables.relations, schema.RELATIONS, *said) == [
        (f"vg-{ONE}", "11", "on", "12", "Desk", "annotated", "sleeping on"),
        (f"vg-{ONE}", "11", "sits_on_top_of", "12", "Desk", "annotated", None),
    ]
    names = ("image_id", "relation", "subject_id", "object_id", "pairs", "phrase")
    assert rows(tables.triplets, schema.TRIPLETS, *names) == [
        (f"vg-{ONE}", "on", "11", "12", 1, "sleeping on"),
        (f"vg-{ONE}", "sits_on_top_of", "11", "12", 1, None),
    ]
    assert tables.dropped == {}


def test_passives_exchange_the_two(folder: Folder) -> None:
    folder.pictures(photo(ONE))
    folder.relations({ONE: [relation(1, node(1, "hat"), "worn by", node(2, "man", RIGHT))]})
    names = ("subject_label", "relation", "object_label")
    assert rows(folder.read().triplets, schema.TRIPLETS, *names) == [("Man", "wears", "Hat")]


def test_the_largest_pair_stands_for_a_triplet(folder: Folder) -> None:
    folder.pictures(photo(ONE))
    large = node(13, "desk", (0, 0, 190, 90))
    folder.relations({ONE: [relation(1, CUP, "on", DESK), relation(2, CUP, "on", large)]})
    names = ("subject_id", "object_id", "pairs")
    assert rows(folder.read().triplets, schema.TRIPLETS, *names) == [("11", "13", 2)]


def test_boxes_are_clipped(folder: Folder) -> None:
    folder.pictures(photo(ONE))
    over = node(1, "man", (-20, 50, 60, 100))
    folder.relations({ONE: [relation(1, over, "near", DESK)]})
    tables = folder.read()
    assert objects_of(tables)["1"][1] == [0.0, 0.5, 0.2, 1.0]
    assert "1 boxes reached over the picture's edge and were clipped" in tables.notes


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (node(1, "man", (10, 10, 0, 5)), "box without area"),
        (node(1, "man", (10, 10, -3, 5)), "box without area"),
        (node(1, "man", (300, 10, 20, 5)), "box outside the picture"),
        (node(1, "man", (10, 10, None, 5)), "box that is not of numbers"),  # type: ignore[arg-type]
        (node(1, "man", ("10", 10, 5, 5)), "box that is not of numbers"),  # type: ignore[arg-type]
        ({"object_id": 1, "name": "man"}, "box that is not of numbers"),
        (node(1, "12"), "name that is not of letters"),
        (node(1, []), "no name"),
        (node(1, "lkeg"), "name that is no noun that we know"),
        ({"name": "man", "x": 1, "y": 1, "w": 9, "h": 9}, "subject or object without an object_id"),
        ("man", "subject or object without an object_id"),
        (None, "subject or object without an object_id"),
    ],
)
def test_bad_things_are_counted_with_an_example(folder: Folder, bad: object, reason: str) -> None:
    folder.pictures(photo(ONE), photo(TWO))
    folder.relations({ONE: [relation(7, bad, "near", DESK)], TWO: [relation(8, CUP, "on", DESK)]})
    tables = folder.read()
    assert tables.dropped == {f"relation row: {reason}": 1}
    assert tables.examples == {f"relation row: {reason}": f"relationships.json, image {ONE}, relation 7"}
    assert tables.triplets.num_rows == 1


def test_bad_rows(folder: Folder) -> None:
    folder.pictures(photo(ONE), photo(TWO, width=0), photo(ONE), {"url": "x"}, photo(20, image_id="20"))
    twin = node(21, "cup", (21, 20, 40, 40))
    hat, table = node(31, "hat"), node(32, "table", RIGHT)
    folder.relations(
        {
            ONE: [
                relation(1, CUP, "on", DESK),
                relation(2, CUP, "on", DESK),
                relation(3, CUP, "near", CUP),
                relation(4, CUP, "near", twin),
                relation(5, table, "wears", hat),
                relation(6, CUP, "gleaming at", DESK),
                relation(7, CUP, "gleaming AT the", DESK),
                relation(8, CUP, None, DESK),
            ],
            TWO: [relation(9, CUP, "on", DESK)],
            999: [relation(10, CUP, "on", DESK), relation(11, CUP, "on", DESK)],
        }
    )
    tables = folder.read()
    assert tables.dropped == {
        "picture row: no width or height": 1,
        "picture row: repeated": 1,
        "picture row: malformed row": 2,
        "relation row: repeated": 1,
        "relation row: subject and object are one thing": 1,
        "relation row: subject and object are one thing, boxed twice": 1,
        "relation row: subject or object of a kind that the relation does not take": 1,
        "relation row: predicate that the vocabulary does not have": 2,
        "relation row: malformed row": 1,
        "relation row: its picture is not in image_data.json": 3,
    }
    assert tables.unmapped == {"gleaming at": 2}
    assert tables.triplets.num_rows == 1


def test_relations_that_are_known_and_not_used(folder: Folder) -> None:
    folder.pictures(photo(ONE))
    rows = [relation(1, node(1, "man"), "has", CUP), relation(2, CUP, "on", DESK)]
    folder.relations({ONE: rows})
    tables = folder.read()
    assert tables.dropped == {"relation row: relation not asked for or not usable": 1}
    assert tables.relations.num_rows == 2
    assert tables.triplets.num_rows == 1


def test_several_things_are_a_group_of_one(folder: Folder) -> None:
    folder.pictures(photo(ONE))
    folder.relations({ONE: [relation(1, node(1, "trees"), "behind", node(2, "bus", RIGHT))]})
    box = [0.1, 0.2, 0.3, 0.6]
    found = objects_of(folder.read())
    assert found["1"] == ("trees", box, False)
    assert found["1-each"] == ("Tree", box, True)


def test_objects_add_what_takes_part_in_no_relation(folder: Folder) -> None:
    folder.pictures(photo(ONE), photo(TWO))
    folder.relations({ONE: [relation(1, CUP, "on", DESK)]})
    other = node(11, ["mug"], RIGHT)
    folder.objects({ONE: [other, node(13, ["man"]), node(14, ["xx"])], TWO: [node(15, ["man"])]})
    tables = folder.read()
    assert sorted(objects_of(tables)) == ["11", "12", "13"]
    assert objects_of(tables)["11"][1] == [0.1, 0.2, 0.3, 0.6]
    assert tables.dropped == {"object row: name that is no noun that we know": 1}
    assert tables.examples == {
        "object row: name that is no noun that we know": f"objects.json, image {ONE}, object 14"
    }


def test_attributes_that_are_ours_become_claims(folder: Folder) -> None:
    folder.pictures(photo(ONE))
    folder.relations({ONE: [relation(1, CUP, "on", DESK)]})
    man = node(13, ["man"])
    folder.attributes(
        {
            ONE: [
                {**DESK, "attributes": ["brown", "Wooden", "standing"]},
                {**man, "attributes": ["seated"]},
                {**CUP, "synsets": []},
            ]
        }
    )
    tables = folder.read()
    names = ("subject_id", "relation", "object_label", "object_id")
    found = [row for row in rows(tables.triplets, schema.TRIPLETS, *names) if row[1] == "is"]
    assert found == [("12", "is", "Wooden", None), ("13", "is", "Sit", None)]
    assert tables.dropped == {
        "attribute row: attribute that we do not have": 1,
        "attribute row: posture or activity of a thing that does not live": 1,
    }
    assert tables.examples["attribute row: attribute that we do not have"].endswith("object 12: 'brown'")


def test_attributes_in_the_object_file(folder: Folder) -> None:
    folder.pictures(photo(ONE))
    folder.relations({ONE: [relation(1, CUP, "on", DESK)]})
    folder.objects({ONE: [{**DESK, "attributes": ["wooden"]}]})
    names = ("subject_id", "relation", "object_label")
    found = rows(folder.read().triplets, schema.TRIPLETS, *names)
    assert ("12", "is", "Wooden") in found


def test_alias_files(folder: Folder) -> None:
    folder.pictures(photo(ONE))
    folder.relations({ONE: [relation(1, node(1, "xyz"), "Plopped  on", DESK)]})
    folder.write("object_alias.txt", "cat,xyz\n")
    folder.write("relationship_alias.txt", "sitting on,plopped on\n")
    names = ("subject_label", "relation")
    assert rows(folder.read().triplets, schema.TRIPLETS, *names) == [("Cat", "sits_on")]


def test_every_photo_is_in_one_split(folder: Folder) -> None:
    images = list(range(1, 41))
    folder.pictures(*(photo(image, coco_id=image // 2 if image < 20 else None) for image in images))
    folder.relations({image: [relation(image, CUP, "on", DESK)] for image in images})
    read = {split: folder.read(split) for split in Split}
    found = {split: set(tables.images["image_id"].to_pylist()) for split, tables in read.items()}
    for split, tables in read.items():
        assert f"{40 - len(found[split])} rows of relationships.json are of other splits" in tables.notes
    assert sorted(one for ids in found.values() for one in ids) == sorted(f"vg-{image}" for image in images)
    for image in range(2, 19, 2):  # two pictures of one photo
        assert len({split for split, ids in found.items() if {f"vg-{image}", f"vg-{image + 1}"} & ids}) == 1


def test_sampling(folder: Folder) -> None:
    folder.pictures(*map(photo, IN_TRAIN))
    folder.relations(
        {
            image: [relation(1, CUP, "on", DESK), relation(2, node(13, "man"), "near", DESK)]
            for image in IN_TRAIN
        }
    )
    assert folder.read(max_images=2).images.num_rows == 2
    assert folder.read(max_per_triplet=1).triplets.num_rows == 2
    few = set(folder.read(max_images=2, seed=5).images["image_id"].to_pylist())
    more = set(folder.read(max_images=3, seed=5).images["image_id"].to_pylist())
    assert few < more
    tables = folder.read(relations=("on",))
    assert set(tables.triplets["relation"].to_pylist()) == {"on"}
    assert tables.relations.num_rows == 8


def test_the_order_of_entries_changes_nothing(folder: Folder, tmp_path: Path) -> None:
    content = {image: [relation(1, CUP, "on", DESK), relation(2, CUP, "near", DESK)] for image in IN_TRAIN}
    backwards = {image: found[::-1] for image, found in reversed(content.items())}
    read = []
    for name, entries in (("a", content), ("b", backwards)):
        one = Folder(tmp_path / name)
        one.pictures(*map(photo, IN_TRAIN))
        one.relations(entries)
        tables = one.read()
        read.append(rows(tables.relations, schema.RELATIONS, *schema.RELATIONS.names))
    assert read[0] == read[1]


def test_nothing_of_this_split(folder: Folder) -> None:
    folder.pictures(photo(2))
    folder.relations({2: [relation(1, CUP, "on", DESK)]})
    with pytest.raises(UserError, match="no relation of a picture of this split"):
        folder.read()


def test_a_damaged_file(folder: Folder) -> None:
    folder.pictures(photo(ONE))
    text = json.dumps([{"image_id": ONE, "relationships": [relation(1, CUP, "on", DESK)]}])
    folder.write("relationships.json", text[:-2])
    with pytest.raises(UserError, match="cannot be read to its end"):
        folder.read()


REAL = Path(__file__).parents[4] / "shared/data/relation_photos/visual_genome"


@pytest.mark.skipif(not REAL.is_dir(), reason="shared/data/relation_photos is not here")
def test_real_photos() -> None:
    tables = [Folder(REAL).read(split) for split in Split]
    assert sum(one.images.num_rows for one in tables) <= 69
    assert (
        sum(
            one.relations.num_rows
            + sum(
                count
                for reason, count in one.dropped.items()
                if reason.startswith("relation row: ") and "not asked for" not in reason
            )
            for one in tables
        )
        == 648
    )
    assert all(not one.unmapped for one in tables)
