"""The claims that could be denied: which they are, what they are judged, and how often."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace

import pyarrow as pa
import pytest
from helpers.scenes import NOUNS, VOCABULARY, Scene, Thing, evidence_of, reordered, triplets_of

from naturel.annotations import schema
from naturel.annotations.claims import Claim
from naturel.annotations.relations import Kind, Relation, Symmetry
from naturel.builders import candidates
from naturel.builders.candidates import (
    KINDS,
    REPLACEMENT_RANK,
    REPLACEMENTS,
    JudgedClaims,
    Triplet,
    claim_of,
    judge_candidates,
    negatives_of,
)

UPPER, LOWER = (0.3, 0.2, 0.6, 0.5), (0.1, 0.45, 0.9, 0.9)


def on(thing: str, image: str, absent: tuple[str, ...] = (), support: str = "Desk") -> Scene:
    """A picture of a thing on a desk, or on another support."""
    things = {"thing": Thing(thing, UPPER), "support": Thing(support, LOWER)}
    return Scene(things, [("thing", "on", "support")], absent, image)


def judged(*scenes: Scene, seed: int = 0) -> JudgedClaims:
    return judge_candidates(triplets_of(*scenes), evidence_of(*scenes), VOCABULARY, NOUNS, seed)


def rows_of(result: JudgedClaims, image: str) -> set[tuple[str, str, str | None]]:
    """Kind, claim and proof of what is proved false in a picture."""
    words = {
        row["claim_id"]: f"{row['subject']} {row['relation']} {row['object']}"
        for row in result.claims.to_pylist()
    }
    return {
        (row["kind"], words[row["claim_id"]], row["proof"])
        for row in result.candidates.to_pylist()
        if row["image_id"] == image and row["truth"] == "false"
    }


def test_negatives_are_the_swap_and_then_the_contrasts() -> None:
    found = negatives_of(Triplet("Cat", "on", "Desk"), VOCABULARY, NOUNS)
    assert found[0] == (Triplet("Desk", "on", "Cat"), "swap")
    contrasts = [(Triplet("Cat", other, "Desk"), "contrast") for other in VOCABULARY["on"].contrasts]
    assert found[1:] == contrasts
    assert contrasts


@pytest.mark.parametrize("relation", VOCABULARY, ids=VOCABULARY.names)
def test_only_what_has_roles_is_swapped(relation: Relation) -> None:
    kinds = [kind for _, kind in negatives_of(Triplet("Man", relation.name, "Dog"), VOCABULARY, NOUNS)]
    assert kinds.count("swap") == (
        relation.symmetry != Symmetry.SYMMETRIC and relation.kind != Kind.ATTRIBUTE
    )


def test_two_of_one_label_are_not_swapped() -> None:
    found = negatives_of(Triplet("Man", "hug", "Man"), VOCABULARY, NOUNS)
    assert {kind for _, kind in found} == {"contrast"}


def test_attributes_are_denied_by_what_they_exclude() -> None:
    found = negatives_of(Triplet("Man", "is", "Stand"), VOCABULARY, NOUNS)
    assert found == [(Triplet("Man", "is", "Sit"), "attribute"), (Triplet("Man", "is", "Lay"), "attribute")]
    assert negatives_of(Triplet("Table", "is", "Wooden"), VOCABULARY, NOUNS) == []
    assert negatives_of(Triplet("Table", "is", "Haunted"), VOCABULARY, NOUNS) == []


def test_claims_are_made_of_nouns() -> None:
    assert claim_of(Triplet("Human face", "on", "Desk"), VOCABULARY, NOUNS) == Claim("face", "on", "desk")
    assert claim_of(Triplet("Table", "is", "Wooden"), VOCABULARY, NOUNS) == Claim("table", "is", "Wooden")


def test_one_picture() -> None:
    result = judged(on("Cat", "1"))
    assert rows_of(result, "1") == {
        ("swap", "desk on cat", "antisymmetric"),
        ("contrast", "cat under desk", "exclusive"),
        ("contrast", "cat next_to desk", "exclusive"),
        # Under the cat is the desk, so the cat is over it, not below; it touches it, so it is near, not far from it.
        ("contrast", "cat below desk", "exclusive"),
        ("contrast", "cat far_from desk", "exclusive"),
    }
    positive = result.candidates.to_pylist()[0]
    assert (positive["kind"], positive["rank"], positive["truth"]) == ("positive", -1, "true")
    assert positive["claim_id"] == positive["positive_claim"] == Claim("cat", "on", "desk").claim_id
    assert result.candidates.schema.equals(schema.CANDIDATES)
    assert result.claims.schema.equals(schema.CLAIMS)
    assert result.outcomes["positive: true (annotated)"] == 1
    assert sum(result.outcomes.values()) == result.candidates.num_rows == 7


def test_counts_of_pictures() -> None:
    # Cat on desk is true in 1 and 2. In 3 there is no cat, so it is false there, and it replaces "dog on desk"; in 4
    # nobody looked for a cat. Of two cats on the desk of 2 the picture counts once.
    two = on("Cat", "2")
    two = replace(two, things={**two.things, "second": two.things["thing"]})
    two = replace(two, said=[*two.said, ("second", "on", "support")])
    result = judged(on("Cat", "1"), two, on("Dog", "3", ("Cat",)), on("Dog", "4"))
    counts = {
        (row["subject"], row["relation"], row["object"]): (row["images_true"], row["images_false"])
        for row in result.claims.to_pylist()
    }
    assert counts["cat", "on", "desk"] == (2, 1)
    assert counts["dog", "on", "desk"] == (2, 0)
    assert counts["desk", "on", "cat"] == (0, 2)
    assert counts["dog", "under", "desk"] == (0, 2)
    assert ("cat", "inside_of", "desk") not in counts  # proved nowhere
    assert ("subject", "cat on desk", "absent") in rows_of(result, "3")
    assert not any(kind == "subject" for kind, _, _ in rows_of(result, "4"))


def test_subject_and_object_are_replaced() -> None:
    result = judged(on("Cat", "1", ("Table", "Dog")), on("Cat", "2", support="Table"), on("Dog", "3"))
    replaced = {row for row in rows_of(result, "1") if row[0] in ("subject", "object")}
    assert replaced == {("subject", "dog on desk", "absent"), ("object", "cat on table", "absent")}


def test_only_triplets_of_the_build_replace() -> None:
    result = judged(on("Cat", "1", ("Horse",)), on("Horse", "2", support="Table"))
    assert not any(kind in ("subject", "object") for kind, _, _ in rows_of(result, "1"))


def test_a_replacement_is_another_triplet() -> None:
    result = judged(on("Cat", "1", ("Cat", "Desk")), on("Cat", "2"))
    assert {row["kind"] for row in result.candidates.to_pylist()} == {"positive", "swap", "contrast"}


OTHERS = ("Dog", "Horse", "Bird", "Monkey", "Rabbit")


def replacements(result: JudgedClaims) -> dict[str, tuple[str, ...]]:
    """Picture -> claims that replace the subject, in order."""
    found: dict[str, list[str]] = defaultdict(list)
    for row in sorted(result.candidates.to_pylist(), key=lambda row: row["rank"]):
        if row["kind"] == "subject":
            assert row["rank"] == REPLACEMENT_RANK + len(found[row["image_id"]])
            found[row["image_id"]].append(row["claim_id"])
    return {image: tuple(claims) for image, claims in found.items()}


def test_a_few_replacements_are_drawn() -> None:
    pictures = [on(other, other) for other in OTHERS]
    cats = [on("Cat", f"cat {i}", OTHERS * 2) for i in range(30)]  # each label is given twice
    drawn = replacements(judged(*pictures, *cats))
    assert all(len(set(claims)) == len(claims) == REPLACEMENTS for claims in drawn.values())
    assert drawn.keys() == {cat.image for cat in cats}
    assert len(set(drawn.values())) > 10  # of 120
    assert drawn == replacements(judged(*pictures, *cats))
    assert drawn != replacements(judged(*pictures, *cats, seed=1))
    # What is drawn for a picture depends on nothing but that picture and how often each triplet is stated.
    assert drawn == replacements(judged(*cats[::-1], *pictures))
    assert {cat.image: drawn[cat.image] for cat in cats[:9]} == replacements(judged(*pictures, *cats[:9]))


def test_what_is_stated_often_is_drawn_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "REPLACEMENTS", 1)
    pictures = [on("Dog", f"dog {i}") for i in range(9)] + [on("Horse", "horse")]
    cats = [on("Cat", f"cat {i}", ("Dog", "Horse")) for i in range(400)]
    counts = Counter(claims[0] for claims in replacements(judged(*pictures, *cats)).values())
    assert abs(counts[Claim("dog", "on", "desk").claim_id] - 360) < 30  # five standard deviations
    assert sum(counts.values()) == 400


@pytest.mark.parametrize("kind", KINDS[1:])
def test_only_kinds_that_are_wanted_are_judged(kind: str) -> None:
    standing = Scene({"man": Thing("Man")}, [("man", "is", "Stand")], (), "4")
    scenes = [on("Cat", "1", ("Table", "Dog")), on("Cat", "2", support="Table"), on("Dog", "3"), standing]
    triplets, evidence = triplets_of(*scenes), evidence_of(*scenes)
    result = judge_candidates(triplets, evidence, VOCABULARY, NOUNS, 0, [kind])
    assert set(result.candidates["kind"].to_pylist()) == {"positive", kind}
    every = judge_candidates(triplets, evidence, VOCABULARY, NOUNS, 0).candidates.to_pylist()
    wanted = [row for row in every if row["kind"] in ("positive", kind)]
    assert Counter(map(str, result.candidates.to_pylist())) == Counter(map(str, wanted))


def test_the_order_of_rows_is_irrelevant() -> None:
    scenes = [on("Cat", "1", OTHERS), *(on(other, other, ("Cat",)) for other in OTHERS)]
    triplets, evidence = triplets_of(*scenes), evidence_of(*scenes)
    first = judge_candidates(triplets, evidence, VOCABULARY, NOUNS, 0)
    evidence = replace(evidence, absent_labels=reordered(evidence.absent_labels, 1))
    second = judge_candidates(reordered(triplets, 2), evidence, VOCABULARY, NOUNS, 0)

    def as_set(table: pa.Table) -> Counter[tuple[object, ...]]:
        return Counter(tuple(row.values()) for row in table.to_pylist())

    assert as_set(first.candidates) == as_set(second.candidates)
    assert as_set(first.claims) == as_set(second.claims)
    assert first.outcomes == second.outcomes


def test_attribute_candidates() -> None:
    things = {"man": Thing("Man", UPPER), "woman": Thing("Woman", LOWER)}
    scene = Scene(things, [("man", "is", "Stand"), ("woman", "is", "Stand")], ("Girl",), "1")
    result = judged(scene, Scene({"girl": Thing("Girl")}, [("girl", "is", "Stand")], (), "2"))
    assert rows_of(result, "1") == {
        ("attribute", "man is Sit", "exclusive"),
        ("attribute", "man is Lay", "exclusive"),
        ("attribute", "woman is Sit", "exclusive"),
        ("attribute", "woman is Lay", "exclusive"),
        ("subject", "girl is Stand", "absent"),
    }


def test_nothing_to_judge() -> None:
    result = judged(Scene())
    assert result.candidates.num_rows == result.claims.num_rows == 0
    assert result.candidates.schema.names == schema.CANDIDATES.names
    assert not result.outcomes
