"""The truth of claims; expected verdicts are worked out by hand from the design."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pyarrow as pa
import pytest
from helpers.scenes import (
    NOUNS,
    VOCABULARY,
    Box,
    Claim,
    Scene,
    SlowJudge,
    Thing,
    Verdict,
    ask,
    evidence_of,
    questions_of,
    reordered,
    verdicts,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from naturel.annotations import geometry, schema, truth
from naturel.annotations.geometry import BoolArray, Boxes
from naturel.annotations.joins import Integers
from naturel.annotations.relations import Kind, Rule
from naturel.annotations.truth import Evidence, judge

UNKNOWN = ("unknown", None)
LEFT: Box = (0.05, 0.4, 0.25, 0.8)
RIGHT: Box = (0.6, 0.4, 0.9, 0.8)
UPPER: Box = (0.3, 0.2, 0.6, 0.5)
LOWER: Box = (0.1, 0.45, 0.9, 0.9)

CAT_ON_DESK = Scene({"cat": Thing("Cat", UPPER), "desk": Thing("Desk", LOWER)}, [("cat", "on", "desk")])
GUITARIST = Scene(
    {"man": Thing("Man", UPPER), "guitar": Thing("Guitar", UPPER)}, [("man", "holds", "guitar")]
)
APART = Scene({"man": Thing("Man", LEFT), "guitar": Thing("Guitar", RIGHT)})


def with_things(scene: Scene, **things: Thing) -> Scene:
    return replace(scene, things={**scene.things, **things})


@pytest.mark.parametrize(
    ("scene", "claim", "verdict"),
    [
        # true
        (GUITARIST, ("Man", "holds", "Guitar"), ("true", "annotated")),
        (GUITARIST, ("Man", "touching", "Guitar"), ("true", "annotated")),  # who holds, touches
        (GUITARIST, ("Guitar", "touching", "Man"), ("true", "inverse")),  # touching is symmetric
        (CAT_ON_DESK, ("Desk", "supports", "Cat"), ("true", "inverse")),
        (CAT_ON_DESK, ("Desk", "under", "Cat"), ("true", "inverse")),  # entailed the other way round
        (APART, ("Man", "left_of", "Guitar"), ("true", "geometric")),
        (APART, ("Guitar", "right_of", "Man"), ("true", "geometric")),
        # true of what is above in the hierarchy, not of what is below
        (GUITARIST, ("Person", "holds", "Guitar"), ("true", "annotated")),
        (GUITARIST, ("Man", "holds", "Musical instrument"), ("true", "annotated")),
        (GUITARIST, ("Boy", "holds", "Guitar"), UNKNOWN),
        (APART, ("Person", "left_of", "Musical instrument"), ("true", "geometric")),
        # false
        (GUITARIST, ("Guitar", "holds", "Man"), ("false", "antisymmetric")),
        (CAT_ON_DESK, ("Desk", "on", "Cat"), ("false", "antisymmetric")),
        (CAT_ON_DESK, ("Cat", "under", "Desk"), ("false", "exclusive")),
        (APART, ("Man", "holds", "Guitar"), ("false", "geometric")),
        (APART, ("Man", "right_of", "Guitar"), ("false", "geometric")),
        (APART, ("Person", "holds", "Guitar"), ("false", "geometric")),
        # unknown
        (GUITARIST, ("Man", "plays", "Guitar"), UNKNOWN),
        (CAT_ON_DESK, ("Cat", "sits_on", "Desk"), UNKNOWN),
        (CAT_ON_DESK, ("Dog", "on", "Desk"), UNKNOWN),  # no box of a dog, and not verified absent
        (APART, ("Man", "looks_at", "Guitar"), UNKNOWN),  # boxes say nothing of looks
        (Scene(), ("Man", "holds", "Guitar"), UNKNOWN),
    ],
)
def test_a_pair(scene: Scene, claim: Claim, verdict: Verdict) -> None:
    assert ask(scene, claim) == [verdict]


@pytest.mark.parametrize(
    ("absent", "claim", "verdict"),
    [
        (["Dog"], ("Dog", "on", "Desk"), ("false", "absent")),
        (["Dog"], ("Cat", "on", "Dog"), ("false", "absent")),
        (["Dog"], ("Dog", "is", "Sit"), ("false", "absent")),
        (["Person"], ("Man", "on", "Desk"), ("false", "absent")),  # no person, so no man
        (["Man"], ("Person", "on", "Desk"), UNKNOWN),  # no man, perhaps a woman
        (["Dog"], ("Cat", "on", "Desk"), ("true", "annotated")),
        (["Sit"], ("Cat", "is", "Sit"), UNKNOWN),  # an attribute is no thing that can be absent
    ],
)
def test_absent_labels(absent: list[str], claim: Claim, verdict: Verdict) -> None:
    assert ask(replace(CAT_ON_DESK, absent=absent), claim) == [verdict]


def test_a_person_who_is_no_man() -> None:
    scene = with_things(APART, man=Thing("Person", UPPER), guitar=Thing("Guitar", UPPER))
    claim = ("Man", "holds", "Guitar")
    assert ask(scene, claim) == [UNKNOWN]
    assert ask(replace(scene, absent=["Man"]), claim) == [("false", "absent")]


@pytest.mark.parametrize("label", ["Cat", "Animal"])
def test_absent_though_a_box_shows_it(label: str) -> None:
    scene = replace(CAT_ON_DESK, absent=[label])
    assert ask(scene, ("Cat", "on", "Desk")) == [UNKNOWN]
    assert ask(scene, ("Cat", "sits_on", "Desk")) == [UNKNOWN]
    assert ask(scene, ("Cat", "under", "Desk")) == [
        ("false", "exclusive")
    ]  # false whichever of the two is right


def test_a_group_blocks_false_but_not_true() -> None:
    crowd = with_things(APART, guitar=Thing("Guitar", RIGHT, group=True))
    assert ask(crowd, ("Man", "holds", "Guitar")) == [UNKNOWN]
    assert ask(crowd, ("Guitar", "holds", "Man")) == [UNKNOWN]
    assert ask(crowd, ("Man", "left_of", "Guitar")) == [("true", "geometric")]
    assert ask(replace(crowd, absent=["Guitar"]), ("Man", "holds", "Guitar")) == [UNKNOWN]
    assert ask(replace(crowd, absent=["Dog"]), ("Dog", "holds", "Guitar")) == [("false", "absent")]
    others = with_things(APART, others=Thing("Guitar", RIGHT, group=True))
    assert ask(others, ("Man", "holds", "Guitar")) == [UNKNOWN]
    people = with_things(APART, people=Thing("Person", LEFT, group=True))
    assert ask(people, ("Man", "holds", "Guitar")) == [UNKNOWN]


def test_a_second_instance_must_be_disproved_too() -> None:
    claim = ("Cat", "under", "Desk")
    near = with_things(CAT_ON_DESK, other=Thing("Cat", (0.5, 0.5, 0.7, 0.8)))
    assert ask(near, claim) == [UNKNOWN]
    aside = with_things(
        CAT_ON_DESK, other=Thing("Cat", (0.97, 0.5, 0.99, 0.8))
    )  # 0.07 to the right of the desk
    assert ask(aside, claim) == [("false", "exclusive")]
    assert ask(near, ("Cat", "on", "Desk")) == [("true", "annotated")]


@pytest.mark.parametrize(
    ("label", "blocks"), [("Person", True), ("Boy", True), ("Woman", False), ("Dog", False)]
)
def test_what_could_be_a_man_blocks_a_disproof(label: str, blocks: bool) -> None:
    scene = with_things(APART, other=Thing(label, RIGHT))  # this one could hold the guitar
    assert ask(scene, ("Man", "holds", "Guitar")) == [UNKNOWN if blocks else ("false", "geometric")]
    assert ask(scene, ("Man", "right_of", "Guitar")) == [UNKNOWN if blocks else ("false", "geometric")]


def test_two_of_one_label() -> None:
    one, two = Thing("Man", LEFT), Thing("Man", (0.2, 0.4, 0.4, 0.8))
    hug = Scene({"one": one, "two": two}, [("one", "hug", "two")])
    assert ask(hug, ("Man", "hug", "Man")) == [("true", "annotated")]
    assert ask(Scene({"one": one}), ("Man", "hug", "Man"), ("Man", "left_of", "Man")) == [UNKNOWN] * 2
    apart = Scene({"one": one, "two": Thing("Man", RIGHT)})
    assert ask(apart, ("Man", "hug", "Man")) == [("false", "geometric")]
    assert ask(apart, ("Man", "left_of", "Man")) == [("true", "geometric")]


def test_attributes() -> None:
    man, other = Thing("Man", LEFT), Thing("Man", RIGHT)
    standing = Scene({"man": man}, [("man", "is", "Stand")])
    assert ask(standing, ("Man", "is", "Stand")) == [("true", "annotated")]
    assert ask(standing, ("Person", "is", "Stand")) == [("true", "annotated")]
    assert ask(standing, ("Man", "is", "Sit")) == [("false", "exclusive")]
    assert ask(standing, ("Man", "is", "Walk")) == [UNKNOWN]
    assert ask(with_things(standing, man=Thing("Man", LEFT, group=True)), ("Man", "is", "Sit")) == [UNKNOWN]
    both = with_things(standing, other=other)
    assert ask(both, ("Man", "is", "Sit"), ("Man", "is", "Stand")) == [UNKNOWN, ("true", "annotated")]
    mixed = replace(both, said=[("man", "is", "Stand"), ("other", "is", "Sit")])
    assert ask(mixed, ("Man", "is", "Sit"), ("Man", "is", "Stand")) == [("true", "annotated")] * 2
    torn = replace(standing, said=[("man", "is", "Stand"), ("man", "is", "Sit")])
    assert ask(torn, ("Man", "is", "Sit"), ("Man", "is", "Stand")) == [UNKNOWN] * 2
    assert ask(torn, ("Man", "is", "Lay")) == [("false", "exclusive")]


def test_contradictory_annotations_prove_nothing() -> None:
    torn = replace(CAT_ON_DESK, said=[("cat", "on", "desk"), ("cat", "under", "desk")])
    claims = [("Cat", "on", "Desk"), ("Cat", "under", "Desk"), ("Desk", "supports", "Cat")]
    assert ask(torn, *claims) == [UNKNOWN] * 3
    far = replace(APART, said=[("man", "holds", "guitar")])  # the boxes contradict it
    assert ask(far, ("Man", "holds", "Guitar")) == [UNKNOWN]
    another = with_things(torn, other=Thing("Cat", UPPER))
    another = replace(another, said=[*torn.said, ("other", "on", "desk")])
    assert ask(another, claims[0], claims[1]) == [("true", "annotated"), UNKNOWN]


def test_what_two_can_do_to_each_other_is_not_ruled_out() -> None:
    scene = Scene(
        {"man": Thing("Man", UPPER), "woman": Thing("Woman", UPPER), "ball": Thing("Ball", UPPER)},
        [("man", "kick", "woman"), ("woman", "kick", "ball")],
    )
    assert ask(scene, ("Woman", "kick", "Man")) == [UNKNOWN]
    assert ask(scene, ("Ball", "kick", "Woman")) == [("false", "antisymmetric")]


def test_incidental_relations_are_disproved_only_where_boxes_are_complete() -> None:
    claims = [("Man", "right_of", "Guitar"), ("Man", "holds", "Guitar"), ("Man", "left_of", "Guitar")]
    expected: list[Verdict] = [("false", "geometric"), ("false", "geometric"), ("true", "geometric")]
    assert ask(APART, *claims) == expected
    assert ask(APART, *claims, complete=["picture"]) == expected
    assert ask(APART, *claims, complete=["another"]) == [UNKNOWN, *expected[1:]]
    nobody = replace(APART, absent=["Dog"])
    assert ask(nobody, ("Dog", "right_of", "Guitar"), complete=[]) == [("false", "absent")]


def test_crowds_are_unknown_and_never_spread_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def crowd(men: int, chairs: int) -> Scene:
        things = {f"man{i}": Thing("Man", LEFT) for i in range(men)}
        return Scene(things | {f"chair{i}": Thing("Chair", RIGHT) for i in range(chairs)})

    claim = ("Man", "holds", "Chair")
    assert ask(crowd(50, 50), claim) == [("false", "geometric")]
    assert ask(crowd(50, 51), claim, ("Man", "left_of", "Chair")) == [UNKNOWN] * 2
    assert ask(replace(crowd(50, 51), absent=["Dog"]), ("Dog", "on", "Chair")) == [("false", "absent")]
    # Questions of 2,500 pairs each are looked at in portions.
    monkeypatch.setattr(truth, "CHUNK", 50_000)
    sizes: list[int] = []
    weigh = geometry.holds_by_relation

    def spy(codes: Integers, rules: Mapping[int, Rule], subject: Boxes, thing: Boxes) -> BoolArray:
        sizes.append(len(codes))
        return weigh(codes, rules, subject, thing)

    monkeypatch.setattr(geometry, "holds_by_relation", spy)
    assert ask(crowd(50, 50), *[claim] * 400) == [("false", "geometric")] * 400
    assert max(sizes) <= 50_000 + 2_500
    sizes.clear()
    assert ask(crowd(600, 600), *[claim] * 2_000) == [UNKNOWN] * 2_000
    assert sum(sizes) == 0


def test_pictures_are_kept_apart() -> None:
    twin = replace(APART, image="twin", things={"man": Thing("Man", RIGHT), "guitar": Thing("Guitar", LEFT)})
    claim = ("Man", "left_of", "Guitar")
    asked = questions_of([("picture", claim), ("twin", claim), ("elsewhere", claim), ("picture", claim)])
    verdict = judge(asked, evidence_of(twin, APART), VOCABULARY, NOUNS)
    true = ("true", "geometric")
    assert verdicts(verdict) == [true, ("false", "geometric"), UNKNOWN, true]


def test_unknown_relations_are_named() -> None:
    with pytest.raises(ValueError, match="does not have: fights, juggles"):
        ask(APART, ("Man", "juggles", "Guitar"), ("Man", "holds", "Guitar"), ("Man", "fights", "Guitar"))


def test_annotations_of_what_is_not_there_are_ignored() -> None:
    evidence = evidence_of(GUITARIST, replace(CAT_ON_DESK, image="other"))
    orphans = evidence.objects.filter(pa.array([False, True, True, True]))
    asked = questions_of([("picture", ("Man", "holds", "Guitar")), ("other", ("Cat", "on", "Desk"))])
    without_man = judge(asked, replace(evidence, objects=orphans), VOCABULARY, NOUNS)
    assert verdicts(without_man) == [UNKNOWN, ("true", "annotated")]


def test_annotations_with_unknown_relations_are_ignored() -> None:
    scene = replace(CAT_ON_DESK, said=[*CAT_ON_DESK.said, ("cat", "juggles", "desk")])
    assert ask(scene, ("Cat", "on", "Desk")) == [("true", "annotated")]


def rows(form: pa.Schema, *values: dict[str, object]) -> pa.Table:
    return pa.Table.from_pylist(list(values), form)


def test_nulls_prove_nothing() -> None:
    evidence = Evidence(
        rows(
            schema.OBJECTS,
            {"image_id": "picture", "object_id": "broken", "label": "Man", "box": None},
            {"image_id": "picture", "object_id": None, "label": "Cat", "box": LEFT},
            {"image_id": "picture", "object_id": "nameless", "label": None, "box": LEFT},
            {"image_id": None, "object_id": "lost", "label": "Dog", "box": LEFT},
            {"image_id": "picture", "object_id": "guitar", "label": "Guitar", "box": RIGHT},
            {"image_id": "picture", "object_id": "dog", "label": "Dog", "box": LEFT},
        ),
        rows(
            schema.ABSENT_LABELS, {"image_id": "picture", "label": None}, {"image_id": None, "label": "Horse"}
        ),
        rows(
            schema.RELATIONS,
            {"image_id": "picture", "subject_id": None, "relation": "on", "object_id": "guitar"},
            {"image_id": "picture", "subject_id": "dog", "relation": "is", "object_label": None},
            {"image_id": "picture", "subject_id": "dog", "relation": None, "object_id": "guitar"},
            {"image_id": None, "subject_id": "dog", "relation": "on", "object_id": "guitar"},
        ),
    )
    asked = rows(
        questions_of([]).schema,
        {"image_id": "picture", "subject_label": "Dog", "relation": "left_of", "object_label": "Guitar"},
        {"image_id": "picture", "subject_label": "Man", "relation": "holds", "object_label": "Guitar"},
        {"image_id": "picture", "subject_label": "Cat", "relation": "on", "object_label": "Guitar"},
        {"image_id": "picture", "subject_label": None, "relation": "holds", "object_label": "Guitar"},
        {"image_id": None, "subject_label": "Dog", "relation": "holds", "object_label": "Guitar"},
        {"image_id": "picture", "subject_label": "Dog", "relation": "is", "object_label": None},
        {"image_id": "picture", "subject_label": "Horse", "relation": "holds", "object_label": "Guitar"},
    )
    verdict = verdicts(judge(asked, evidence, VOCABULARY, NOUNS))
    # The box that is missing neither shifts the others nor disproves; the cat without an id still has its box.
    assert verdict == [("true", "geometric"), UNKNOWN, ("false", "geometric"), *[UNKNOWN] * 4]


def test_boxes_without_area_prove_nothing() -> None:
    scene = with_things(APART, man=Thing("Man", (0.1, 0.4, 0.1, 0.8)))
    assert ask(scene, ("Man", "left_of", "Guitar"), ("Man", "holds", "Guitar")) == [UNKNOWN] * 2


def test_two_spellings_are_one_label() -> None:
    bat, branch = Thing("Bat (Animal)", LEFT), Thing("Tree", RIGHT)
    for label in ("Bat", "Bat (Animal)"):
        assert ask(Scene({"bat": bat, "tree": branch}), (label, "left_of", "Tree")) == [("true", "geometric")]
        assert ask(Scene(absent=["Bat (Animal)"]), (label, "left_of", "Tree")) == [("false", "absent")]


@pytest.mark.parametrize("make", ["empty_table", "no_chunks"])
def test_empty_tables(make: str) -> None:
    def empty(form: pa.Schema) -> pa.Table:
        return form.empty_table() if make == "empty_table" else pa.Table.from_batches([], form)

    nothing = Evidence(empty(schema.OBJECTS), empty(schema.ABSENT_LABELS), empty(schema.RELATIONS))
    asked = questions_of([("picture", ("Man", "holds", "Guitar")), ("picture", ("Man", "is", "Sit"))])
    assert verdicts(judge(asked, nothing, VOCABULARY, NOUNS)) == [UNKNOWN] * 2
    for evidence in (nothing, evidence_of(CAT_ON_DESK)):
        answers = judge(empty(asked.schema), evidence, VOCABULARY, NOUNS)
        assert answers.num_rows == 0
        assert answers.schema.names == ["truth", "proof"]


# Properties, over small random pictures. Coordinates are multiples of 1/64, so that mirroring is exact.

LABELS = (
    "Man",
    "Woman",
    "Person",
    "Boy",
    "Chair",
    "Couch",
    "Guitar",
    "Musical instrument",
    "Dog",
    "Animal",
    "Bat",
)
ATTRIBUTES = ("Stand", "Sit", "Walk", "Smile", "Wooden")
RELATIONS = tuple(relation.name for relation in VOCABULARY if relation.kind != Kind.ATTRIBUTE)
PLAIN = tuple(name for name in RELATIONS if not VOCABULARY[name].geometry.true)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    x_min, y_min = draw(st.integers(0, 62)), draw(st.integers(0, 62))
    x_max, y_max = draw(st.integers(x_min + 1, 63)), draw(st.integers(y_min + 1, 63))
    return x_min / 64, y_min / 64, x_max / 64, y_max / 64


things = st.builds(Thing, st.sampled_from(LABELS), boxes(), st.sampled_from([False] * 9 + [True]))


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    names = [f"thing{i}" for i in range(draw(st.integers(0, 5)))]
    said: list[Claim] = []
    if names:
        name = st.sampled_from(names)
        # The first relations are those that speak of each other the most.
        relation = st.sampled_from(
            (*RELATIONS, *["on", "under", "holds", "left_of", "near", "on_top_of", "ride"] * 10)
        )
        pair = st.tuples(name, relation, name)
        said = draw(st.lists(pair | st.tuples(name, st.just("is"), st.sampled_from(ATTRIBUTES)), max_size=5))
    absent = draw(st.lists(st.sampled_from(LABELS), max_size=2))
    return Scene({name: draw(things) for name in names}, said, absent)


@st.composite
def worlds(draw: st.DrawFn) -> list[Scene]:
    drawn = draw(st.lists(scenes(), min_size=1, max_size=6))
    return [replace(scene, image=f"picture{i}") for i, scene in enumerate(drawn)]


def claims_about(scene: Scene, relations: Sequence[str] = RELATIONS) -> list[tuple[str, Claim]]:
    """Each relation of each two labels of a picture, and each attribute."""
    labels = sorted({*(thing.label for thing in scene.things.values()), "Person", *scene.absent})
    pairs = [(a, relation, b) for a in labels for relation in relations for b in labels]
    return [(scene.image, claim) for claim in [*pairs, *((a, "is", b) for a in labels for b in ATTRIBUTES)]]


def answers(asked: list[tuple[str, Claim]], evidence: Evidence) -> list[Verdict]:
    return verdicts(judge(questions_of(asked), evidence, VOCABULARY, NOUNS))


few = settings(max_examples=40, deadline=None)
several = settings(max_examples=60, deadline=None)
SOME = (
    "on",
    "supports",
    "holds",
    "left_of",
    "right_of",
    "above",
    "near",
    "far_from",
    "under",
    "over",
    "kick",
    "ride",
)


@few
@given(worlds(), st.sampled_from([1, 3, 40, 500_000]), st.booleans())
def test_the_slow_judge_agrees_whatever_the_chunk(world: list[Scene], chunk: int, complete: bool) -> None:
    evidence = evidence_of(*world, complete=None if complete else [world[0].image])
    asked = [question for scene in world for question in claims_about(scene, SOME)]
    slow = SlowJudge(evidence, VOCABULARY, NOUNS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(truth, "CHUNK", chunk)
        assert answers(asked, evidence) == [slow.verdict(*question) for question in asked]


@few
@given(scenes())
def test_the_slow_judge_agrees_on_every_relation(scene: Scene) -> None:
    asked = claims_about(scene)
    slow = SlowJudge(evidence_of(scene), VOCABULARY, NOUNS)
    assert answers(asked, evidence_of(scene)) == [slow.verdict(*question) for question in asked]


@several
@given(scenes())
def test_a_claim_and_its_inverse_agree(scene: Scene) -> None:
    with_inverse = [name for name in RELATIONS if VOCABULARY[name].inverse]
    asked = [question for question in claims_about(scene, with_inverse) if question[1][1] != "is"]
    inverses = [(image, (b, VOCABULARY[r].inverse or "", a)) for image, (a, r, b) in asked]
    given_, turned = answers(asked, evidence_of(scene)), answers(inverses, evidence_of(scene))
    assert [verdict[0] for verdict in given_] == [verdict[0] for verdict in turned]


@several
@given(scenes(), boxes(), st.booleans())
def test_an_unrelated_box_changes_nothing(scene: Scene, box: Box, group: bool) -> None:
    asked = claims_about(scene, SOME)
    more = with_things(scene, extra=Thing("Traffic light", box, group))
    assert answers(asked, evidence_of(scene)) == answers(asked, evidence_of(more))


@several
@given(scenes(), things)
def test_a_group_box_only_takes_falsehood_away(scene: Scene, thing: Thing) -> None:
    asked = claims_about(scene, PLAIN)  # a group can be to the left of something, and proves it
    more = with_things(scene, extra=replace(thing, group=True))
    before, after = answers(asked, evidence_of(scene)), answers(asked, evidence_of(more))
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert all(old[0] == "false" and new in (UNKNOWN, ("false", "absent")) for old, new in changed)


@several
@given(scenes())
def test_mirroring_swaps_left_and_right(scene: Scene) -> None:
    swap = {"left_of": "right_of", "right_of": "left_of"}
    mirrored = replace(
        scene,
        things={
            name: replace(thing, box=(1 - thing.box[2], thing.box[1], 1 - thing.box[0], thing.box[3]))
            for name, thing in scene.things.items()
        },
        said=[(a, swap.get(relation, relation), b) for a, relation, b in scene.said],
    )
    asked = claims_about(scene, SOME)
    turned = [(image, (a, swap.get(relation, relation), b)) for image, (a, relation, b) in asked]
    assert answers(asked, evidence_of(scene)) == answers(turned, evidence_of(mirrored))


@few
@given(worlds(), st.integers(0, 2**32 - 1))
def test_the_order_of_rows_is_irrelevant(world: list[Scene], seed: int) -> None:
    evidence = evidence_of(*world)
    asked = [question for scene in world for question in claims_about(scene, SOME)]
    turned = evidence_of(*reversed(world))
    turned = Evidence(
        reordered(turned.objects, seed),
        reordered(turned.absent_labels, seed),
        reordered(turned.relations, seed),
    )
    assert answers(asked, evidence) == answers(asked[::-1], turned)[::-1]
