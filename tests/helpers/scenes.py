"""Small pictures described by hand, their evidence tables, and a slow judge to compare the fast one with."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pyarrow as pa

from naturel.annotations import schema
from naturel.annotations.nouns import NounTable, load_nouns
from naturel.annotations.relations import Kind, Rule, Vocabulary, load_vocabulary
from naturel.annotations.truth import MAX_PAIRS_PER_QUESTION, PROOFS, Evidence, judge

Box = tuple[float, float, float, float]
Claim = tuple[str, str, str]
"""Subject label, relation, object label."""
Verdict = tuple[str, str | None]
"""Truth and proof."""

VOCABULARY = load_vocabulary()
NOUNS = load_nouns()


@dataclass(frozen=True)
class Thing:
    """A box with its label."""

    label: str
    box: Box = (0.1, 0.1, 0.9, 0.9)
    group: bool = False


@dataclass(frozen=True)
class Scene:
    """A picture: its things by their ids, what is said of them, and the labels that are absent."""

    things: Mapping[str, Thing] = field(default_factory=dict)
    said: Sequence[Claim] = ()
    """Ids of two things, or an id, "is" and an attribute."""
    absent: Sequence[str] = ()
    image: str = "picture"


def evidence_of(*scenes: Scene, complete: Iterable[str] | None = None) -> Evidence:
    """The tables of these pictures."""
    objects = [
        {
            "image_id": scene.image,
            "object_id": name,
            "label": thing.label,
            "box": thing.box,
            "is_group_of": thing.group,
        }
        for scene in scenes
        for name, thing in scene.things.items()
    ]
    relations = [
        {
            "image_id": scene.image,
            "relation_id": str(number),
            "subject_id": subject,
            "subject_label": scene.things[subject].label,
            "relation": relation,
            "object_id": None if relation == "is" else thing,
            "object_label": thing if relation == "is" else scene.things[thing].label,
            "evidence": "annotated",
        }
        for scene in scenes
        for number, (subject, relation, thing) in enumerate(scene.said)
    ]
    absent = [{"image_id": scene.image, "label": label} for scene in scenes for label in scene.absent]
    return Evidence(
        pa.Table.from_pylist(objects, schema.OBJECTS),
        pa.Table.from_pylist(absent, schema.ABSENT_LABELS),
        pa.Table.from_pylist(relations, schema.RELATIONS),
        None if complete is None else pa.array(complete, pa.string()),
    )


def questions_of(asked: Iterable[tuple[str, Claim]]) -> pa.Table:
    """The table that asks claims in pictures."""
    names = ("image_id", "subject_label", "relation", "object_label")
    rows = [dict(zip(names, (image, *claim), strict=True)) for image, claim in asked]
    return pa.Table.from_pylist(rows, pa.schema([(name, pa.string()) for name in names]))


def verdicts(table: pa.Table) -> list[Verdict]:
    """What `judge` gives, as pairs."""
    return list(zip(table["truth"].to_pylist(), table["proof"].to_pylist(), strict=True))


def ask(scene: Scene, *claims: Claim, complete: Iterable[str] | None = None) -> list[Verdict]:
    """Judge claims in one picture."""
    questions = questions_of((scene.image, claim) for claim in claims)
    return verdicts(judge(questions, evidence_of(scene, complete=complete), VOCABULARY, NOUNS))


def _ratio(over: float, under: float) -> float:
    return over / under if under > 0 else 0.0


def _shared(s: Box, o: Box, axis: int) -> float:
    return max(0.0, min(s[axis + 2], o[axis + 2]) - max(s[axis], o[axis]))


def _size(box: Box, axis: int) -> float:
    return box[axis + 2] - box[axis]


def _area(box: Box) -> float:
    return _size(box, 0) * _size(box, 1)


def _gap(s: Box, o: Box) -> float:
    apart_x, apart_y = (max(o[axis] - s[axis + 2], s[axis] - o[axis + 2], 0.0) for axis in (0, 1))
    return float(np.hypot(apart_x, apart_y))


def _long(s: Box, o: Box) -> float:
    return float(max(np.hypot(_size(box, 0), _size(box, 1)) for box in (s, o)))


MEASURES: Mapping[str, Callable[[Box, Box], float]] = {
    "dx": lambda s, o: (s[0] + s[2]) / 2 - (o[0] + o[2]) / 2,
    "dy": lambda s, o: (s[1] + s[3]) / 2 - (o[1] + o[3]) / 2,
    "gap": _gap,
    "gap_scaled": lambda s, o: _ratio(_gap(s, o), _long(s, o)),
    "left_clear": lambda s, o: o[0] - s[2],
    "right_clear": lambda s, o: s[0] - o[2],
    "above_clear": lambda s, o: o[1] - s[3],
    "below_clear": lambda s, o: s[1] - o[3],
    "x_overlap": lambda s, o: _ratio(_shared(s, o, 0), min(_size(s, 0), _size(o, 0))),
    "y_overlap": lambda s, o: _ratio(_shared(s, o, 1), min(_size(s, 1), _size(o, 1))),
    "intersection": lambda s, o: _shared(s, o, 0) * _shared(s, o, 1),
    "ioa_s": lambda s, o: _ratio(_shared(s, o, 0) * _shared(s, o, 1), _area(s)),
    "ioa_o": lambda s, o: _ratio(_shared(s, o, 0) * _shared(s, o, 1), _area(o)),
    "area_ratio": lambda s, o: _ratio(_area(s), _area(o)),
    "bottom_to_top": lambda s, o: s[3] - o[1],
    "bottom_to_bottom": lambda s, o: s[3] - o[3],
    "top_to_top": lambda s, o: s[1] - o[1],
    "left_to_left": lambda s, o: s[0] - o[0],
    "right_to_right": lambda s, o: s[2] - o[2],
}

COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": lambda value, number: value < number,
    "<=": lambda value, number: value <= number,
    ">": lambda value, number: value > number,
    ">=": lambda value, number: value >= number,
}


def rule_holds(rule: Rule, s: Box, o: Box) -> bool:
    """Whether a rule holds for two boxes; never for one without an area."""
    if any(not (math.isfinite(sum(box)) and box[2] > box[0] and box[3] > box[1]) for box in (s, o)):
        return False
    return any(
        all(COMPARE[operator](MEASURES[measure](s, o), number) for measure, operator, number in terms)
        for terms in rule
    )


class SlowJudge:
    """Truth by plain loops, from the words of the design and of the docstring of `truth`."""

    def __init__(self, evidence: Evidence, vocabulary: Vocabulary, nouns: NounTable) -> None:
        self.vocabulary, self.nouns = vocabulary, nouns
        self.same_thing, self.descendants = cache(nouns.same_thing), cache(nouns.descendants)
        self.implied, self.ruled_out = cache(vocabulary.implied), cache(vocabulary.ruled_out)
        complete = evidence.complete_images
        self.complete = None if complete is None else set(complete.to_pylist())
        self.things: dict[str, dict[str, Thing]] = defaultdict(dict)
        self.said: dict[str, list[Claim]] = defaultdict(list)
        self.absent: dict[str, set[str]] = defaultdict(set)
        for row in evidence.objects.to_pylist():
            thing = Thing(row["label"], tuple(row["box"]), bool(row["is_group_of"]))
            self.things[row["image_id"]][row["object_id"]] = thing
        for row in evidence.relations.to_pylist():
            said = (row["subject_id"], row["relation"], row["object_id"] or row["object_label"])
            self.said[row["image_id"]].append(said)
        for row in evidence.absent_labels.to_pylist():
            self.absent[row["image_id"]].add(row["label"])

    def verdict(self, image: str, claim: Claim) -> Verdict:
        """Truth and proof of a claim in a picture."""
        subject, relation, thing = claim
        unary = self.vocabulary[relation].kind == Kind.ATTRIBUTE
        labels = [subject] if unary else [subject, thing]
        could_be = [self._candidates(image, label) for label in labels]
        pairs = list(self._pairs(could_be))
        if math.prod(map(len, could_be)) > MAX_PAIRS_PER_QUESTION:
            pairs = []
        proofs = [self._proofs(image, pair, relation, thing) for pair in pairs]
        sure = [self._sure(image, pair, labels) for pair in pairs]
        gone = [self._is_gone(image, label) for label in labels]

        proved = [
            for_ for (for_, against), is_sure in zip(proofs, sure, strict=True) if is_sure and not against
        ]
        best = _strongest(proof for proofs_for in proved for proof in proofs_for)
        if best and not any(gone):
            return "true", best
        hidden = any(self.things[image][name].group for side in could_be for name in side)
        if self.complete is not None and image not in self.complete:
            hidden |= self.vocabulary[relation].incidental
        if pairs and not hidden and all(against and not for_ for for_, against in proofs):
            return "false", _strongest(proof for _, against in proofs for proof in against)
        for label, side, is_gone in zip(labels, could_be, gone, strict=True):
            if is_gone and not any(self._sure(image, (name,), [label]) for name in side):
                return "false", "absent"
        return "unknown", None

    def _candidates(self, image: str, label: str) -> list[str]:
        same = self.same_thing(label)
        return [name for name, thing in self.things[image].items() if thing.label in same]

    @staticmethod
    def _pairs(could_be: list[list[str]]) -> Iterator[tuple[str, ...]]:
        if len(could_be) == 1:
            yield from ((name,) for name in could_be[0])
        else:
            yield from ((a, b) for a in could_be[0] for b in could_be[1] if a != b)

    def _sure(self, image: str, names: tuple[str, ...], labels: list[str]) -> bool:
        return all(
            self.things[image][name].label in {label, *self.descendants(label)}
            for name, label in zip(names, labels, strict=True)
        )

    def _is_gone(self, image: str, label: str) -> bool:
        return not self.absent[image].isdisjoint({label, *self.nouns.ancestors(label)})

    def _proofs(
        self, image: str, pair: tuple[str, ...], relation: str, thing: str
    ) -> tuple[set[str], set[str]]:
        """All proofs for a claim of one pair, and all against it."""
        proofs: tuple[set[str], set[str]] = (set(), set())
        if len(pair) == 1:
            for subject, said, other in self.said[image]:
                if subject == pair[0] and said == "is":
                    attribute = self.nouns.attribute_for(other)
                    if other == thing:
                        proofs[0].add("annotated")
                    if attribute and thing in attribute.excludes:
                        proofs[1].add("exclusive")
            return proofs
        a, b = (self.things[image][name] for name in pair)
        for subject, said, other in self.said[image]:
            if said == "is" or said not in self.vocabulary or (subject, other) not in (pair, pair[::-1]):
                continue
            swapped = (subject, other) != pair
            first, second = (b, a) if swapped else (a, b)
            if (relation, swapped) in self.implied(said):
                proofs[0].add("inverse" if swapped else "annotated")
            kinds = [self.nouns.noun_for(one.label).kind for one in (first, second)]
            if against := self.ruled_out(said, *kinds).get((relation, swapped)):
                proofs[1].add(against)
        rules = self.vocabulary[relation].geometry
        for rule, found in zip((rules.true, rules.false), proofs, strict=True):
            if rule_holds(rule, a.box, b.box):
                found.add("geometric")
        return proofs


def _strongest(proofs: Iterable[str]) -> str | None:
    return min(proofs, key=PROOFS.index, default=None)


def triplets_of(*scenes: Scene) -> pa.Table:
    """All annotated triplets of these pictures; the first annotated pair stands for each."""
    rows: dict[tuple[str, ...], dict[str, object]] = {}
    for scene in scenes:
        for subject, relation, thing in scene.said:
            unary = relation == "is"
            label = thing if unary else scene.things[thing].label
            key = (scene.image, scene.things[subject].label, relation, label)
            row = dict(
                zip(schema.TRIPLETS.names, (*key, subject, None if unary else thing, 1, None), strict=True)
            )
            rows.setdefault(key, row)
    return pa.Table.from_pylist(list(rows.values()), schema.TRIPLETS)


def reordered(table: pa.Table, seed: int) -> pa.Table:
    """The table's rows in another order."""
    order = np.random.default_rng(seed).permutation(table.num_rows)
    return table.take(pa.array(order, pa.int64()))
