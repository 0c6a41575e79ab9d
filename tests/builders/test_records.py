"""Complete records: the boxes, nouns and facts of the right things."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from helpers.scenes import Scene, Thing, evidence_of, reordered

from naturel.annotations import schema
from naturel.annotations.claims import Claim
from naturel.builders.records import complete_records

FIRST, SECOND, THIRD = (0.0, 0.25, 0.5, 0.75), (0.25, 0.25, 0.5, 0.5), (0.5, 0.0, 1.0, 1.0)
ON, UNDER, STANDING = (
    Claim("face", "on", "desk"),
    Claim("face", "under", "desk"),
    Claim("woman", "is", "Stand"),
)
SITTING = Claim("woman", "is", "Sit")
LABELS = {"face": "Human face", "desk": "Desk", "woman": "Woman"}
SCENES = (
    # Two faces and two desks; the annotated pair is the second face on the first desk.
    Scene(
        {
            "1": Thing("Human face", FIRST),
            "2": Thing("Human face", SECOND),
            "3": Thing("Desk", THIRD),
            "4": Thing("Desk", FIRST),
        },
        image="one",
    ),
    # The same ids mean other things in another picture.
    Scene(
        {"2": Thing("Woman", THIRD), "3": Thing("Human face", SECOND), "1": Thing("Desk", FIRST)}, image="two"
    ),
)


def table(form: pa.Schema, *rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), form)


def picture(name: str, sha256: str | None = None, turns: int = 0) -> dict[str, Any]:
    return {
        "image_id": name,
        "width": 640,
        "height": 480,
        "sha256": sha256,
        "phash": f"hash of {name}",
        "turns": turns,
    }


def image(name: str) -> dict[str, Any]:
    facts = ("url", "license", "author", "landing_url", "source_split")
    return {"image_id": name, "source": "openimages"} | {fact: f"{fact} of {name}" for fact in facts}


TABLES = {
    "claims": table(
        schema.CLAIMS,
        *(
            {
                "claim_id": claim.claim_id,
                "subject": claim.subject,
                "relation": claim.relation,
                "object": claim.object,
                "subject_label": LABELS[claim.subject],
                "object_label": LABELS.get(claim.object, claim.object),
            }
            for claim in (ON, UNDER, STANDING, SITTING)
        ),
    ),
    "triplets": table(
        schema.CLAIMED_TRIPLETS,
        *(
            dict(zip(schema.CLAIMED_TRIPLETS.names, row, strict=True))
            for row in (
                ("two", "Human face", "on", "Desk", "3", "1", 1, "resting on", ON.claim_id),
                ("one", "Human face", "on", "Desk", "2", "3", 3, None, ON.claim_id),
                ("two", "Woman", "is", "Stand", "2", None, 1, None, STANDING.claim_id),
            )
        ),
    ),
    "objects": evidence_of(*SCENES).objects,
    "images": table(schema.IMAGES, *map(image, ("zero", "two", "one"))),
    "pictures": table(schema.PICTURES, picture("one", turns=1), picture("two", "digest", turns=3)),
}
ATTRIBUTES = {"Stand": "standing", "Sit": "sitting"}
STATED = (("one", ON, UNDER), ("two", STANDING, SITTING), ("two", ON, UNDER))


def chosen(*stated: tuple[str, Claim, Claim]) -> pa.Table:
    form = pa.schema(
        {
            "image_id": pa.string(),
            "positive_claim": pa.string(),
            "positive_proof": pa.string(),
            "simple_positive": pa.string(),
            "simple_negative": pa.string(),
            "complex_positives": pa.list_(pa.string(), 3),
            "complex_negatives": pa.list_(pa.string(), 3),
            "negative_claim_ids": pa.list_(pa.string(), 4),
            "negative_kinds": pa.list_(pa.string(), 4),
            "negative_proofs": pa.list_(pa.string(), 4),
            "group_ids": pa.list_(pa.string(), 3),
            "caption_ids": pa.list_(pa.string(), 8),
        }
    )
    rows = [
        {
            "image_id": name,
            "positive_claim": yes.claim_id,
            "positive_proof": "annotated",
            "simple_positive": "yes",
            "simple_negative": "no",
            "complex_positives": ["y1", "y2", "y3"],
            "complex_negatives": ["n1", "n2", "n3"],
            "negative_claim_ids": [no.claim_id] * 3 + [SITTING.claim_id],
            "negative_kinds": ["contrast"] * 4,
            "negative_proofs": ["exclusive"] * 4,
            "group_ids": ["a group", None, None],
            "caption_ids": list("12345678"),
        }
        for name, yes, no in stated
    ]
    return table(form, *rows)


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = complete_records(
        chosen(*STATED), **TABLES, attributes=ATTRIBUTES
    ).to_pylist()
    return rows


def test_boxes_are_those_of_the_annotated_pair(records: list[dict[str, Any]]) -> None:
    first, _, third = records
    assert first["subject"] == {"label": "Human face", "noun": "face", "box": list(SECOND)}
    assert first["object"] == {"label": "Desk", "noun": "desk", "box": list(THIRD)}
    assert third["subject"] == {"label": "Human face", "noun": "face", "box": list(SECOND)}
    assert third["object"] == {"label": "Desk", "noun": "desk", "box": list(FIRST)}
    assert [row["relation"] for row in records] == ["on", "is", "on"]


def test_an_attribute_has_the_box_of_its_thing(records: list[dict[str, Any]]) -> None:
    assert records[1]["subject"] == {"label": "Woman", "noun": "woman", "box": list(THIRD)}
    assert records[1]["object"] == {"label": "Stand", "noun": "standing", "box": list(THIRD)}


def test_facts_are_those_of_the_picture(records: list[dict[str, Any]]) -> None:
    for row in records:
        expected = image(row["image_id"])
        assert {name: row[name] for name in expected} == expected
        assert row["phash"] == f"hash of {row['image_id']}"
        assert (row["width"], row["height"]) == (640, 480)


def test_ids_are_picture_and_claim(records: list[dict[str, Any]]) -> None:
    assert [row["id"] for row in records] == [f"{name}-{claim.claim_id}" for name, claim, _ in STATED]


def test_only_linked_pictures_are_still_to_be_turned(records: list[dict[str, Any]]) -> None:
    assert [(row["sha256"], row["rotation"]) for row in records] == [(None, 90), ("digest", 0), ("digest", 0)]


def test_denied_claims_are_spelt_out(records: list[dict[str, Any]]) -> None:
    under = {"subject": "face", "relation": "under", "object": "desk"}
    sitting = {"subject": "woman", "relation": "is", "object": "Sit"}
    assert records[0]["negative_claims"] == [under] * 3 + [sitting]
    assert records[1]["negative_claims"] == [sitting] * 4


def test_captions_are_handed_on(records: list[dict[str, Any]]) -> None:
    given = chosen(*STATED).to_pylist()
    names = set(given[0]) - {"positive_claim", "negative_claim_ids"}
    assert [{name: row[name] for name in names} for row in records] == [
        {name: row[name] for name in names} for row in given
    ]


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_rows_is_irrelevant(records: list[dict[str, Any]], seed: int) -> None:
    turned = {name: reordered(rows, seed) for name, rows in TABLES.items()}
    again = complete_records(chosen(*STATED[::-1]), **turned, attributes=ATTRIBUTES)
    assert again.to_pylist() == records[::-1]


@pytest.mark.parametrize("stated", [STATED, ()])
def test_the_columns_are_those_of_the_schema(stated: tuple[tuple[str, Claim, Claim], ...]) -> None:
    made = complete_records(chosen(*stated), **TABLES, attributes=ATTRIBUTES)
    base = pa.schema([field for field in schema.RECORDS if field.name not in ("reviewed", "version")])
    assert made.schema.names == base.names
    assert made.cast(base).num_rows == len(stated)


def test_a_record_without_its_picture_is_no_record() -> None:
    with pytest.raises(IndexError):
        complete_records(chosen(("zero", ON, UNDER)), **TABLES, attributes=ATTRIBUTES)
