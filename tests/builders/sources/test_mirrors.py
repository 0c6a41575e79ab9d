"""Mirror images: which pictures get one, and what is said of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from helpers.scenes import NOUNS, VOCABULARY, Scene, Thing, evidence_of

from naturel.annotations import schema
from naturel.builders.sources.mirrors import Mirroring, add_mirrors
from naturel.builders.sources.tables import SourceTables

LEFT, RIGHT = (0.1, 0.2, 0.3, 0.6), (0.6, 0.2, 0.9, 0.8)
BESIDE = {"1": Thing("Cat", LEFT), "2": Thing("Dog", RIGHT)}


def tables(scenes: Sequence[Scene], **facts: dict[str, Any]) -> SourceTables:
    """The tables of pictures in which every relation that is said is a triplet."""
    evidence = evidence_of(*scenes)
    images = [{"image_id": scene.image, "source": "coco", **facts.get(scene.image, {})} for scene in scenes]
    rows = evidence.relations.to_pylist()
    triplets = [
        {name: row.get(name) for name in schema.TRIPLETS.names} | {"pairs": 1, "phrase": "seen beside"}
        for row in rows
    ]
    return SourceTables(
        pa.Table.from_pylist(images, schema.IMAGES),
        evidence.objects,
        evidence.absent_labels,
        evidence.relations,
        pa.Table.from_pylist(triplets, schema.TRIPLETS),
    )


def mirrored(given: SourceTables, **options: Any) -> SourceTables:
    return add_mirrors(given, Mirroring(**{"records": True} | options), VOCABULARY, NOUNS)


def said(table: pa.Table) -> set[tuple[str, ...]]:
    names = ("image_id", "subject_label", "relation", "object_label")
    return {tuple(row[name] for name in names) for row in table.to_pylist()}


def test_sides_change_places_and_all_else_stays() -> None:
    scene = Scene(BESIDE, [("1", "left_of", "2"), ("2", "near", "1")], ["Tree"], image="a")
    found = mirrored(tables([scene], a={"url": "https://x/a.jpg", "license": "CC BY 2.0"}))
    assert (
        said(found.triplets)
        == said(found.relations)
        == {
            ("a", "Cat", "left_of", "Dog"),
            ("a", "Dog", "near", "Cat"),
            ("a-mirrored", "Cat", "right_of", "Dog"),
            ("a-mirrored", "Dog", "near", "Cat"),
        }
    )
    first, second = found.images.to_pylist()
    assert (first["counterpart_id"], second["counterpart_id"]) == ("a-mirrored", "a")
    assert (first["mirrored"], second["mirrored"]) == (None, True)
    assert (second["url"], second["license"], second["file_name"]) == ("https://x/a.jpg", "CC BY 2.0", "a")
    # Boxes are those of the file; they follow when the picture is mirrored.
    assert [row["box"] for row in found.objects.to_pylist()] == [
        row["box"] for row in found.objects.to_pylist()[:2]
    ] * 2
    assert found.absent_labels.to_pylist() == [
        {"image_id": "a", "label": "Tree"},
        {"image_id": "a-mirrored", "label": "Tree"},
    ]
    assert len(set(found.relations["relation_id"].to_pylist())) == 4
    phrases = {(row["image_id"], row["relation"]): row["phrase"] for row in found.triplets.to_pylist()}
    assert phrases["a-mirrored", "right_of"] is None
    assert phrases["a-mirrored", "near"] == phrases["a", "left_of"] == "seen beside"


def test_pictures_without_a_side_stay_alone() -> None:
    found = mirrored(tables([Scene(BESIDE, [("1", "near", "2")], image="a")]))
    assert found.images["image_id"].to_pylist() == ["a"]
    assert not +found.dropped


def test_writing_and_licences_are_heeded_and_counted() -> None:
    book = {**BESIDE, "3": Thing("Book")}
    sign = {**BESIDE, "3": Thing("Stop sign")}
    side = [("1", "left_of", "2")]
    scenes = [Scene(book, side, image="a"), Scene(sign, side, image="b")]
    scenes += [Scene(BESIDE, side, image=name) for name in "cdef"]
    licences = {"c": "https://creativecommons.org/licenses/by-nd/2.0/", "d": "Attribution-NoDerivs License"}
    facts: dict[str, dict[str, Any]] = {name: {"license": licence} for name, licence in licences.items()}
    facts["e"] = {"counterpart_id": "z"}
    facts["f"] = {"license": "https://creativecommons.org/licenses/by-nc-sa/2.0/"}
    given = tables(scenes, **facts)
    found = mirrored(given)
    assert [name for name in found.images["image_id"].to_pylist() if "-" in name] == ["f-mirrored"]
    assert found.dropped == {
        "mirror image: its picture has writing or signs": 2,
        "mirror image: its picture's licence forbids changes": 2,
    }
    # "Traffic sign" is above "Stop sign".
    found = mirrored(given, excluded=("Traffic sign",))
    assert [name for name in found.images["image_id"].to_pylist() if "-" in name] == [
        "a-mirrored",
        "f-mirrored",
    ]


def test_negative_images_alone_make_no_triplets() -> None:
    found = mirrored(tables([Scene(BESIDE, [("1", "left_of", "2")], image="a")]), records=False)
    assert said(found.triplets) == {("a", "Cat", "left_of", "Dog")}
    assert len(found.images) == 2
    assert len(found.objects) == 4
