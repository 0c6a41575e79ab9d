"""The relation vocabulary: its names, what follows from a relation, and the faults that it reports."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from naturel.annotations.geometry import holds, mirror
from naturel.annotations.relations import (
    Frame,
    GeometryRules,
    Kind,
    Symmetry,
    Vocabulary,
    VocabularyError,
    load_vocabulary,
)

OPEN_IMAGES_V4 = ["at", "on", "holds", "plays", "interacts_with", "wears", "is", "inside_of", "under", "hits"]
OPEN_IMAGES_V6 = [
    "surf",
    "hang",
    "drink",
    "holding_hands",
    "ride",
    "dance",
    "skateboard",
    "catch",
    "highfive",
    "eat",
    "cut",
    "contain",
    "handshake",
    "kiss",
    "talk_on_phone",
    "hug",
    "throw",
    "snowboard",
    "kick",
    "ski",
    "read",
]
ARO = {
    "above": "above", "at": "at", "behind": "behind", "below": "below", "beneath": "under",
    "carrying": "carries", "covered by": "covered_by", "covered in": "covered_in", "covered with": "covered_in",
    "covering": "covers", "cutting": "cut", "eating": "eat", "feeding": "feeds", "grazing on": "grazes_on",
    "hanging on": "hangs_on", "holding": "holds", "in": "in", "in front of": "in_front_of",
    "inside": "inside_of", "leaning on": "leans_on", "looking at": "looks_at", "lying in": "lies_in",
    "lying on": "lies_on", "on": "on", "on top of": "on_top_of", "parked on": "parked_on",
    "reflected in": "reflected_in", "resting on": "rests_on", "riding": "ride", "sitting at": "sits_at",
    "sitting in": "sits_in", "sitting on": "sits_on", "sitting on top of": "sits_on_top_of",
    "standing by": "stands_by", "standing in": "stands_in", "standing on": "stands_on",
    "surrounded by": "surrounded_by", "to the left of": "left_of", "to the right of": "right_of",
    "under": "under", "using": "uses", "walking in": "walks_in", "walking on": "walks_on",
    "watching": "watches", "wearing": "wears", "pulling": "pulls", "pulled by": "pulled_by",
    "leaning against": "leans_against", "attached to": "attached_to", "with": "with", "of": "of",
    "on the side of": "on_the_side_of", "reading": "read", "petting": "pets", "hugging": "hug",
    "talking to": "talks_to", "playing with": "plays_with", "crossing": "crosses",
    "filled with": "filled_with", "next to": "next_to", "beside": "next_to", "near": "near",
    "close to": "near", "by": "near", "adjacent to": "next_to", "touching": "touching", "around": "around",
    "surrounding": "surrounding", "between": "between", "facing": "facing",
    "on the back of": "on_the_back_of", "contain": "contain",
}  # fmt: skip
VSR = {
    "left of": "left_of", "right of": "right_of", "above": "above", "below": "below", "beneath": "under",
    "under": "under", "on": "on", "on top of": "on_top_of", "over": "over", "in": "in", "inside": "inside_of",
    "contains": "contain", "outside": "outside", "in front of": "in_front_of", "behind": "behind",
    "next to": "next_to", "beside": "next_to", "near": "near", "close to": "near", "by": "near",
    "adjacent to": "next_to", "far from": "far_from", "touching": "touching", "surrounding": "surrounding",
    "against": "against", "between": "between", "facing": "facing",
}  # fmt: skip
WHATSUP = {
    "on": "on", "under": "under", "left_of": "left_of", "right_of": "right_of", "in-front_of": "in_front_of",
    "behind": "behind",
}  # fmt: skip
NOT_USED = [
    "between",
    "facing",
    "across",
    "on_the_back_of",
    "attached_to",
    "of",
    "with",
    "on_the_side_of",
    "pets",
    "plays_with",
    "crosses",
    "filled_with",
    "has",
]

V = load_vocabulary()

fractions = st.integers(0, 50).map(lambda n: n / 50)


@st.composite
def boxes(draw: st.DrawFn) -> list[float]:
    x = sorted(draw(st.lists(fractions, min_size=2, max_size=2, unique=True)))
    y = sorted(draw(st.lists(fractions, min_size=2, max_size=2, unique=True)))
    return [x[0], y[0], x[1], y[1]]


def random_pairs(n: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    corners = np.random.default_rng(7).random((2, n, 2, 2))
    pairs = np.concatenate([corners.min(axis=2), corners.max(axis=2)], axis=2)
    return pairs[0], pairs[1]


# ---- names ------------------------------------------------------------------------------------------------


def test_the_embedded_vocabulary_is_read_once() -> None:
    assert load_vocabulary() is load_vocabulary()
    assert V.names == tuple(V.by_name)
    assert len(V) == len(V.names)
    assert "on" in V
    assert V["on"].name == "on"


@pytest.mark.parametrize("name", OPEN_IMAGES_V4 + OPEN_IMAGES_V6)
def test_open_images_names_are_canonical(name: str) -> None:
    relation = V.canonical("openimages", name)
    assert relation is not None
    assert relation.name == name
    assert relation.usable


@pytest.mark.parametrize(
    ("source", "name", "canonical"),
    [
        *(("aro", name, canonical) for name, canonical in ARO.items()),
        *(("vsr", name, canonical) for name, canonical in VSR.items()),
        *(("whatsup", name, canonical) for name, canonical in WHATSUP.items()),
        ("coco_spatial", "above", "above"),
        ("visual_genome", "ON", "on"),
        ("visual_genome", "wear", "wears"),
        ("visual_genome", "in the front of", "in_front_of"),
        ("visual_genome", "sit next to", "next_to"),
        ("visual_genome", "over", "over"),
    ],
)
def test_source_names_find_their_relation(source: str, name: str, canonical: str) -> None:
    relation = V.canonical(source, name)
    assert relation is not None
    assert relation.name == canonical


def test_unknown_names_find_nothing() -> None:
    assert V.canonical("openimages", "loves") is None
    assert V.canonical("nowhere", "on") is None


def test_what_is_not_used_says_why() -> None:
    assert sorted(r.name for r in V if not r.usable) == sorted(NOT_USED)
    assert all(V[name].note for name in NOT_USED)


# ---- phrases ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "simple"),
    [
        ("on", "on"),
        ("at", "at"),
        ("holds", "holds"),
        ("wears", "wears"),
        ("ride", "rides"),
        ("skateboard", "rides"),
        ("ski", "skis on"),
        ("talk_on_phone", "talks on"),
        ("holding_hands", "holds hands with"),
        ("handshake", "shakes hands with"),
        ("left_of", "to the left of"),
    ],
)
def test_simple_forms(name: str, simple: str) -> None:
    assert V[name].phrases.simple == simple


def test_forms_agree_with_each_other() -> None:
    for relation in V:
        phrases = relation.phrases
        if phrases.verb:
            verb = phrases.verb
            assert verb.gerund.endswith("ing"), relation.name
            assert phrases.simple == " ".join(filter(None, (verb.third, verb.particle))), relation.name
        elif phrases.prepositions:
            assert phrases.simple == phrases.prepositions[0], relation.name


def test_what_cannot_be_passive_or_progressive() -> None:
    for name in ("surf", "dance", "ski", "talk_on_phone", "holding_hands", "sits_on", "interacts_with"):
        verb = V[name].phrases.verb
        assert verb is not None
        assert not verb.passive, name
    contain = V["contain"].phrases.verb
    assert contain is not None
    assert not contain.progressive


# ---- logic ------------------------------------------------------------------------------------------------


def test_what_follows_from_cat_on_desk() -> None:
    assert V.implied("on") == {
        ("on", False),
        ("supports", True),
        ("under", True),
        ("over", False),
        ("touching", False),
        ("touching", True),
        ("near", False),
        ("near", True),
    }


def test_what_cat_on_desk_rules_out() -> None:
    ruled_out = V.ruled_out("on")
    assert ruled_out["on", True] == "antisymmetric"
    assert ruled_out["under", False] == "exclusive"
    assert ruled_out["next_to", False] == "exclusive"
    assert ruled_out["far_from", True] == "exclusive"
    assert ruled_out["supports", False] == "antisymmetric"
    # The desk on top of the cat would be on it; the desk sitting on the cat too.
    assert ruled_out["on_top_of", True] == "antisymmetric"
    assert ruled_out["sits_on", True] == "antisymmetric"
    for open_question in ("on_top_of", "sits_on", "at", "behind", "inside_of", "touching"):
        assert (open_question, False) not in ruled_out


@pytest.mark.parametrize(
    ("name", "other", "swapped", "proof"),
    [
        ("left_of", "right_of", False, "exclusive"),
        ("left_of", "left_of", True, "antisymmetric"),
        ("inside_of", "outside", False, "exclusive"),
        ("inside_of", "contain", False, "antisymmetric"),
        ("in_front_of", "behind", False, "exclusive"),
        ("sits_on_top_of", "under", False, "exclusive"),
        ("sits_on_top_of", "on", True, "antisymmetric"),
        ("under", "on", False, "exclusive"),
        ("under", "on_top_of", False, "exclusive"),
        ("over", "below", False, "exclusive"),
        ("holds", "far_from", False, "exclusive"),
        ("wears", "throw", False, "exclusive"),
        ("ride", "next_to", False, "exclusive"),
        ("lies_in", "outside", False, "exclusive"),
        ("dance", "far_from", True, "exclusive"),
    ],
)
def test_ruled_out(name: str, other: str, swapped: bool, proof: str) -> None:
    assert V.ruled_out(name)[other, swapped] == proof


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("holds", "throw"),
        ("holds", "plays"),
        ("holds", "wears"),
        ("throw", "catch"),
        ("sits_on", "stands_on"),
        ("on", "at"),
    ],
)
def test_what_can_both_be_true_is_not_ruled_out(name: str, other: str) -> None:
    assert (other, False) not in V.ruled_out(name)
    assert (name, False) not in V.ruled_out(other)


@pytest.mark.parametrize("name", ["next_to", "near", "dance", "handshake", "interacts_with"])
def test_the_swap_of_a_symmetric_relation_follows(name: str) -> None:
    assert (name, True) in V.implied(name)


@pytest.mark.parametrize("name", ["at", "hug", "kiss", "hits", "leans_on", "looks_at", "is"])
def test_the_swap_of_some_relations_is_left_open(name: str) -> None:
    assert (name, True) not in V.implied(name)
    assert (name, True) not in V.ruled_out(name)


def test_two_persons_can_hold_each_other_but_a_guitar_holds_nobody() -> None:
    assert V.ruled_out("holds", "person", "object")["holds", True] == "antisymmetric"
    assert ("holds", True) not in V.ruled_out("holds", "person", "person")
    assert V.ruled_out("on", "person", "person") == V.ruled_out("on")


def test_nothing_is_both_implied_and_ruled_out() -> None:
    for relation in V:
        assert not V.implied(relation.name) & set(V.ruled_out(relation.name))


def test_every_usable_relation_has_two_contrasts_that_can_be_proved() -> None:
    for relation in V.usable:
        if relation.kind is not Kind.ATTRIBUTE:
            assert len(relation.contrasts) >= 2, relation.name
    assert V["on"].contrasts[0] == "under"
    assert V["left_of"].contrasts[0] == "right_of"
    assert V["inside_of"].contrasts[0] == "outside"


def test_known_pairs_that_are_true_together_are_blacklisted() -> None:
    for name, other in (("holds", "plays"), ("holds", "wears"), ("interacts_with", "on"), ("on", "at")):
        assert other in V[name].often_with
        assert name in V[other].often_with


# ---- geometry ---------------------------------------------------------------------------------------------


def test_only_what_the_picture_shows_is_proved_by_boxes() -> None:
    proved = {relation.name for relation in V if relation.geometry.true}
    assert proved == {"left_of", "right_of", "above", "below"}
    assert all(V[name].frame is Frame.VIEWER for name in proved)
    for name in ("in_front_of", "behind", "outside", "far_from", "looks_at"):
        assert V[name].geometry.false == ()


def test_rules_at_worked_examples() -> None:
    guitar, man = [0.45, 0.25, 0.55, 0.45], [0.3, 0.1, 0.7, 0.9]
    cup, table = [0.4, 0.3, 0.5, 0.5], [0.1, 0.45, 0.9, 0.9]
    far = [0.0, 0.0, 0.1, 0.1]
    false = {name: V[name].geometry.false for name in V.names}
    # .32 / .02 = 16 times the guitar's area: the man cannot be inside it.
    assert holds(false["inside_of"], man, guitar)[0]
    # The man's centre is .15 lower, his feet .45 lower, and the guitar lies within him: he is not on it.
    assert holds(false["stands_on"], man, guitar)[0]
    assert not holds(false["holds"], man, guitar)[0]
    assert not holds(false["on"], cup, table)[0]
    assert holds(false["under"], cup, table)[0]
    assert not holds(false["under"], table, cup)[0]
    # sqrt(.3^2 + .2^2) = .36 apart.
    assert holds(false["on"], far, cup)[0]
    assert holds(false["touching"], far, cup)[0]
    assert holds(V["left_of"].geometry.true, far, cup)[0]
    assert holds(V["on"].geometry.expected, cup, table)[0]


def test_true_and_false_rules_never_meet() -> None:
    s, o = random_pairs()
    for relation in V:
        proved = holds(relation.geometry.true, s, o)
        for other, swapped in V.implied(relation.name):
            disproved = holds(V[other].geometry.false, *((o, s) if swapped else (s, o)))
            assert not (proved & disproved).any(), (relation.name, other)
        for (other, swapped), _ in V.ruled_out(relation.name).items():
            too = holds(V[other].geometry.true, *((o, s) if swapped else (s, o)))
            assert not (proved & too).any(), (relation.name, other)


@pytest.mark.parametrize("field", ["true", "expected", "false"])
def test_rules_of_inverses_are_each_other_swapped(field: str) -> None:
    s, o = random_pairs()
    for relation in V:
        other = relation.name if relation.symmetry is Symmetry.SYMMETRIC else relation.inverse
        if other:
            ours = holds(getattr(relation.geometry, field), s, o)
            theirs = holds(getattr(V[other].geometry, field), o, s)
            assert (ours == theirs).all(), (relation.name, other)


@given(boxes(), boxes())
def test_no_pair_of_boxes_is_both_proved_and_disproved(s: list[float], o: list[float]) -> None:
    for name in ("left_of", "right_of", "above", "below"):
        rules = V[name].geometry
        assert not (holds(rules.true, s, o) & holds(rules.false, s, o)).any()
        inverse = V[name].inverse
        assert inverse is not None
        assert holds(rules.true, s, o, 1e-9) <= holds(V[inverse].geometry.true, o, s)
        assert not (holds(rules.true, s, o) & holds(V[inverse].geometry.true, s, o)).any()


@given(boxes(), boxes())
def test_mirroring_swaps_left_and_right(s: list[float], o: list[float]) -> None:
    left, right = V["left_of"].geometry, V["right_of"].geometry
    # A margin keeps rounding at the very edge of a rule out of the comparison.
    assert holds(left.true, s, o, 1e-9) <= holds(right.true, mirror(s), mirror(o))
    assert holds(left.false, s, o, 1e-9) <= holds(right.false, mirror(s), mirror(o))
    assert holds(right.true, s, o, 1e-9) <= holds(left.true, mirror(s), mirror(o))


def test_rules_are_read_from_text() -> None:
    rules = GeometryRules.model_validate({"false": ["gap > 0.07", "dy >= -0.1 and ioa_s < 1"]})
    assert rules.false == ((("gap", ">", 0.07),), (("dy", ">=", -0.1), ("ioa_s", "<", 1.0)))


# ---- faults -----------------------------------------------------------------------------------------------

GOOD = """
relations:
  on: {kind: spatial, phrases: {simple: on, prepositions: [on]}, symmetry: antisymmetric, inverse: supports,
       excludes: [under], contrasts: [under], sources: {openimages: [on]}, geometry: {false: ["gap > 0.07"]}}
  supports: {kind: spatial, phrases: {simple: under, prepositions: [under]}, symmetry: antisymmetric, inverse: on}
  under: {kind: spatial, phrases: {simple: under, prepositions: [under]}, excludes: [on]}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "relations.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def faults_of(folder: Path, text: str) -> list[str]:
    with pytest.raises(VocabularyError) as caught:
        load_vocabulary(write(folder, text))
    return str(caught.value).splitlines()


def test_a_small_vocabulary_loads(tmp_path: Path) -> None:
    vocabulary = load_vocabulary(write(tmp_path, GOOD))
    assert isinstance(vocabulary, Vocabulary)
    assert vocabulary.names == ("on", "supports", "under")
    assert vocabulary["on"].geometry.false == ((("gap", ">", 0.07),),)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("antisymmetric, inverse: on}", "antisymmetric}", "supports: inverse: must be on"),
        (
            "symmetry: antisymmetric, inverse: on}",
            "inverse: on}",
            "on: symmetry: is antisymmetric but neither",
        ),
        ("inverse: on}", "inverse: on, frame: gravity}", "on: frame: is none but gravity"),
        ("excludes: [on]}", "}", "under: excludes: lacks on"),
        ("excludes: [on]}", "excludes: [on, under]}", "under: excludes: names the relation itself"),
        ("excludes: [on]}", "excludes: [on, beside]}", "under: excludes: beside is not in the vocabulary"),
        ("contrasts: [under]", "contrasts: [under, under]", "on: contrasts: names a relation twice"),
        (
            "contrasts: [under]",
            "contrasts: [supports], entails: [supports]",
            "on: contrasts: supports follows",
        ),
        (
            "contrasts: [under]",
            "contrasts: [under], entails: [under]",
            "on: excludes: under of the same pair is both",
        ),
        ("excludes: [on]}", "excludes: [on], usable: false}", "on: contrasts: under is not usable"),
        ("excludes: [on]}", "excludes: [on], contrasts: [flies]}", "under: contrasts: flies is not in"),
        (
            "excludes: [on]}",
            "excludes: [on], often_with: [on]}",
            "under: often_with: on is ruled out by under",
        ),
        ("gap > 0.07", "gab > 0.07", "on: geometry.false: unknown measure gab"),
        ("gap > 0.07", "gap == 0.07", "on: geometry.false: Value error, cannot read 'gap == 0.07'"),
        ("prepositions: [on]", "prepositions: []", "on: phrases: give a verb or prepositions"),
        (
            "excludes: [on]}",
            "excludes: [on], sources: {openimages: ['ON']}}",
            "under: sources: openimages name 'ON'",
        ),
        ("excludes: [on]}", "excludes: [on], colour: red}", "under: colour: Extra inputs"),
        (
            "kind: spatial, phrases: {simple: on,",
            "kind: sideways, phrases: {simple: on,",
            "on: kind: Input should be",
        ),
        ("under: {kind", "on: {kind", "on given twice"),
    ],
)
def test_each_fault_is_told(tmp_path: Path, old: str, new: str, fault: str) -> None:
    assert old in GOOD
    assert any(fault in line for line in faults_of(tmp_path, GOOD.replace(old, new)))


def test_a_contrast_must_be_provable(tmp_path: Path) -> None:
    text = GOOD.replace("excludes: [on]}", "excludes: [on], contrasts: [near]}") + (
        "  near: {kind: spatial, phrases: {simple: near, prepositions: [near]}, symmetry: symmetric}\n"
    )
    assert faults_of(tmp_path, text) == [
        "under: contrasts: near cannot be proved false; exclude it, or give it a geometry.false"
    ]


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("gap", "gab").replace("excludes: [on]}", "excludes: [on, nowhere]}")
    assert len(faults_of(tmp_path, text)) == 2


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "has no entries under 'relations'"),
        ("relations: []", "has no entries under 'relations'"),
        ("[1, 2", "cannot be read as YAML"),
        ("relations: {on: 3}", "on: is not a mapping of fields"),
    ],
)
def test_a_file_that_is_no_vocabulary_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    assert fault in "\n".join(faults_of(tmp_path, text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(VocabularyError, match=r"nowhere\.yaml"):
        load_vocabulary(tmp_path / "nowhere.yaml")
