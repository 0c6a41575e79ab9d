"""The truth of claims in pictures, each verdict with its proof.

For a claim (A, r, B) the verdict looks at every pair of boxes that could show A and B:

* `true` where some pair whose labels are A and B, or below them in the hierarchy, is annotated with r or with a
  relation that implies it (`annotated`, `inverse`; `constructed` in a picture that was made so, `human` where a
  reviewer says so), or satisfies r's geometric true-rule (`geometric`);
* `false` where A or B is verified absent (`absent`), or *every* pair is disproved: by the boxes (`geometric`), by
  a relation annotated on that pair that excludes r (`exclusive`), or by r's antisymmetry (`antisymmetric`);
* `unknown` otherwise. Pairs never disprove a claim where some may be hidden: where a box that could show A or B
  stands for a group, or where r is often true of things that nobody boxed (`Evidence.complete_images`).

Pairs are drawn from more labels than A and B themselves when a claim is to be disproved: a box labelled Person may
be the Man of the claim, so it has to be disproved too (`NounTable.same_thing`).

Evidence that contradicts itself proves nothing: a pair that is both proved and disproved counts as neither, and of
a label that is verified absent although a box shows it, neither the absence nor the boxes prove a claim.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations import geometry
from naturel.annotations.joins import Integers, Lookup, any_by_group, codes_of, distinct, spread
from naturel.annotations.meaning import Codes, Meaning, Proof
from naturel.annotations.nouns import NounTable
from naturel.annotations.relations import Kind, Vocabulary

TRUE, FALSE, UNKNOWN = "true", "false", "unknown"
_UNKNOWN, _TRUE, _FALSE = range(3)

PROOFS = tuple(proof.name.lower() for proof in Proof if proof is not Proof.NONE)
"""The proofs' names, strongest first."""

EVIDENCE = {"annotated": Proof.ANNOTATED, "constructed": Proof.CONSTRUCTED, "human": Proof.HUMAN}
"""Evidence of a relation -> what it proves of its own claim."""
_EVIDENCE = np.array([*EVIDENCE.values(), Proof.ANNOTATED], dtype=np.int64)  # the last one: of a null

Flags = npt.NDArray[np.bool_]
CHUNK = 500_000
"""Pairs of boxes looked at at a time, so that memory stays flat however many boxes a picture has."""

MAX_PAIRS_PER_QUESTION = 2_500
"""The pairs of a claim that has more of them than this (a crowd) prove nothing."""


@dataclass(frozen=True)
class Evidence:
    """What is known about the pictures: the tables of `schema.OBJECTS`, `ABSENT_LABELS` and `RELATIONS`."""

    objects: pa.Table
    absent_labels: pa.Table
    relations: pa.Table
    complete_images: pa.Array | None = None
    """Pictures where all things of the boxed labels are boxed; None: all. In others, pairs never disprove a claim
    with an incidental relation ("next to", "far from"): it may be true of things that nobody boxed."""


def judge(questions: pa.Table, evidence: Evidence, vocabulary: Vocabulary, nouns: NounTable) -> pa.Table:
    """Judge claims in pictures.

    Args:
        questions: Columns `image_id, subject_label, relation, object_label`; for the relation `is` the object is
            an attribute label.
        evidence: All that is known about these pictures.
        vocabulary: What relations mean.
        nouns: Which labels can name the same thing.

    Returns:
        Columns `truth` (true, false, unknown) and `proof` (null where unknown), row for row with `questions`.

    Raises:
        ValueError: A question has a relation that the vocabulary does not have.
    """
    verdicts, proofs = _Court(questions, evidence, vocabulary, nouns).judge()
    return pa.table(
        {"truth": _words(verdicts, [UNKNOWN, TRUE, FALSE]), "proof": _words(proofs, [*PROOFS, None])}
    )


def _words(codes: Codes, words: list[str | None]) -> pa.Array:
    return pa.array(words, pa.string()).take(pa.array(codes))


class _Court:
    """The questions, and what is known about their pictures; pictures, labels and relations are numbers here."""

    def __init__(
        self, questions: pa.Table, evidence: Evidence, vocabulary: Vocabulary, nouns: NounTable
    ) -> None:
        names = pa.array(vocabulary.names, pa.string())
        self.relation = codes_of(questions["relation"], names)
        if (self.relation < 0).any():
            unknown = {str(name) for name in questions["relation"].unique().to_pylist()} - {*vocabulary.names}
            raise ValueError(f"relations that the vocabulary does not have: {', '.join(sorted(unknown))}")
        is_attribute = np.array([relation.kind == Kind.ATTRIBUTE for relation in vocabulary], dtype=np.bool_)
        self.unary = is_attribute[self.relation]
        self.true_rules = {i: relation.geometry.true for i, relation in enumerate(vocabulary)}
        self.false_rules = {i: relation.geometry.false for i, relation in enumerate(vocabulary)}
        self.unseen = np.array([relation.incidental for relation in vocabulary], dtype=np.bool_)[
            self.relation
        ]
        if evidence.complete_images is None:
            self.unseen[:] = False
        else:
            self.unseen &= ~_is_in(questions["image_id"], evidence.complete_images)

        images = pc.drop_null(pc.unique(questions["image_id"]))
        objects, relations, absent = (
            table.filter(pa.array(_is_in(table["image_id"], images)))
            for table in (evidence.objects, evidence.relations, evidence.absent_labels)
        )
        labels = _Names(
            [questions["subject_label"], questions["object_label"], objects["label"], absent["label"]],
            lambda label: noun.label if (noun := nouns.by_label(label)) else label,
        )
        attributes = _Names(
            [questions["object_label"], relations["object_label"]],
            lambda label: known.label if (known := nouns.attribute_for(label)) else label,
        )
        self.boxes = _boxes(objects["box"])
        self.label = labels.codes(objects["label"])
        self.asked_attribute = attributes.codes(questions["object_label"])
        self.excludes = _exclusions(attributes.names, nouns)
        self.meaning = Meaning(vocabulary, [nouns.noun_for(label).kind for label in labels.names])
        self.sides = _Sides(questions, self.unary, objects, absent, images, labels, nouns)
        self.said = _Said(objects, relations, names, is_attribute, attributes)

    def judge(self) -> tuple[Codes, Codes]:
        """Verdict and proof of every question."""
        verdict = np.full(len(self.relation), _UNKNOWN, dtype=np.int8)
        proof = np.full(len(self.relation), Proof.NONE, dtype=np.int8)
        pairs = self.sides.pairs(self.unary)
        for unary, hear in ((False, self._hear_pairs), (True, self._hear_attributes)):
            for rows in _portions(np.flatnonzero(self.unary == unary), pairs):
                verdict[rows], proof[rows] = hear(rows, pairs[rows])
        return verdict, proof

    def _hear_pairs(self, rows: Integers, pairs: Integers) -> tuple[Codes, Codes]:
        sides, subject, thing = self.sides, self.sides.subject[rows], self.sides.object[rows]
        question, place = spread(pairs)
        width = sides.count[thing][question]
        left = sides.first[subject][question] + place // width
        right = sides.first[thing][question] + place % width
        two = sides.candidate[left] != sides.candidate[right]
        question, left, right = question[two], left[two], right[two]
        a, b, relation = sides.candidate[left], sides.candidate[right], self.relation[rows][question]

        proved, disproved = self._annotated(a, b, relation)
        a_boxes, b_boxes = self.boxes[a], self.boxes[b]
        shown = geometry.holds_by_relation(relation, self.true_rules, a_boxes, b_boxes)
        denied = geometry.holds_by_relation(relation, self.false_rules, a_boxes, b_boxes)
        proved[shown & (proved == Proof.NONE)] = Proof.GEOMETRIC
        disproved[denied & (disproved == Proof.NONE)] = Proof.GEOMETRIC
        return self._sentence(rows, question, sides.sure[left] & sides.sure[right], proved, disproved)

    def _annotated(self, a: Integers, b: Integers, relation: Integers) -> tuple[Codes, Codes]:
        """Proofs for and against a relation on each pair of objects, from what is annotated on that pair."""
        at, said = self.said.of_pairs(a, b)
        swapped = self.said.swapped[said]
        first, second = self.label[a[at]], self.label[b[at]]
        subject, thing = np.where(swapped, second, first), np.where(swapped, first, second)
        proof = self.meaning.of(self.said.relation[said], swapped, relation[at], subject, thing)
        proves = proof <= Proof.INVERSE
        made = proves & (self.said.evidence[said] < Proof.ANNOTATED)
        proof = np.where(made, self.said.evidence[said], proof)
        return _strongest(at[proves], proof[proves], len(a)), _strongest(at[~proves], proof[~proves], len(a))

    def _hear_attributes(self, rows: Integers, pairs: Integers) -> tuple[Codes, Codes]:
        sides = self.sides
        question, place = spread(pairs)
        row = sides.first[sides.subject[rows]][question] + place
        at, has = self.said.of_things(sides.candidate[row])
        asked, found = self.asked_attribute[rows][question][at], self.said.attribute[has]
        proved = np.full(len(question), Proof.NONE, dtype=np.int8)
        disproved = np.full(len(question), Proof.NONE, dtype=np.int8)
        proved[at[found == asked]] = Proof.ANNOTATED
        disproved[at[self.excludes[found, asked]]] = Proof.EXCLUSIVE
        return self._sentence(rows, question, sides.sure[row], proved, disproved)

    def _sentence(
        self, rows: Integers, question: Integers, sure: Flags, proved: Codes, disproved: Codes
    ) -> tuple[Codes, Codes]:
        """Combine the pairs of each question into one verdict."""
        n, sides = len(rows), self.sides
        torn = (proved != Proof.NONE) & (disproved != Proof.NONE)
        best_for = _strongest(question, np.where(sure & ~torn, proved, Proof.NONE), n)
        best_against = _strongest(question, disproved, n)
        looked_at = np.bincount(question, minlength=n) > 0
        undecided = any_by_group(torn | (disproved == Proof.NONE), question, n)

        subject, thing = sides.subject[rows], sides.object[rows]
        absent = sides.absent[subject] | sides.absent[thing]
        missing = sides.missing[subject] | sides.missing[thing]
        group = sides.group[subject] | sides.group[thing]
        all_disproved = looked_at & ~undecided & ~group & ~self.unseen[rows]
        is_true = (best_for != Proof.NONE) & ~absent

        cases = [is_true, all_disproved, missing]
        verdict = np.select(cases, [_TRUE, _FALSE, _FALSE], _UNKNOWN).astype(np.int8)
        proof = np.select(cases, [best_for, best_against, np.full(n, Proof.ABSENT)], Proof.NONE).astype(
            np.int8
        )
        return verdict, proof


def _portions(rows: Integers, pairs: Integers) -> Iterator[Integers]:
    """Question rows in portions of about `CHUNK` pairs; a question without pairs counts as one."""
    if len(rows):
        portion = np.cumsum(np.maximum(pairs[rows], 1)) // CHUNK
        yield from np.split(rows, np.flatnonzero(np.diff(portion)) + 1)


def _strongest(groups: Integers, proofs: Codes, count: int) -> Codes:
    """The strongest proof of each group 0..count-1; `Proof.NONE` for a group without any."""
    out = np.full(count, Proof.NONE, dtype=np.int8)
    np.minimum.at(out, groups, proofs.astype(np.int8, copy=False))
    return out


def _boxes(column: pa.ChunkedArray) -> geometry.Boxes:
    """Boxes as floats, shape (n, 4); a missing box has no numbers, so that no rule holds for it."""
    boxes = pc.fill_null(column, pa.scalar([float("nan")] * 4, column.type)).combine_chunks()
    return geometry.as_boxes(boxes.flatten().to_numpy(zero_copy_only=False).reshape(-1, 4))


class _Names:
    """Numbers for names; a name that the noun table knows by several spellings has one number."""

    def __init__(self, columns: list[pa.ChunkedArray], canonical: Callable[[str], str]) -> None:
        found = {name for column in columns for name in column.unique().to_pylist() if name is not None}
        self._spelled = pa.array(sorted(found), pa.string())
        meant = [canonical(name) for name in self._spelled.to_pylist()]
        self.names = sorted(set(meant))
        place = {name: i for i, name in enumerate(self.names)}
        self._number = np.array([*(place[name] for name in meant), -1], dtype=np.int64)

    def codes(self, column: pa.ChunkedArray) -> Integers:
        """The number of each name; -1 for null."""
        return self._number[codes_of(column, self._spelled)]


class _Sides:
    """The *sides* of the questions: a picture with a label that is asked about there, as subject or as object.

    Side 0 has no objects: it stands for a null and for the object of an attribute question.

    Attributes:
        subject, object: The sides of each question.
        count, first: How many objects could be what each side names, and the place of the first in `candidate`.
        candidate, sure: Objects, by side, and whether their label is the side's or one below it.
        group: Whether one of a side's candidates is a group.
        absent: Whether a side's label, or one above it, is verified absent.
        missing: Whether it is so and no box contradicts it.
    """

    def __init__(
        self,
        questions: pa.Table,
        unary: Flags,
        objects: pa.Table,
        absent: pa.Table,
        images: pa.Array,
        labels: _Names,
        nouns: NounTable,
    ) -> None:
        width = len(labels.names)

        def keys(table: pa.Table, column: str = "label") -> Integers:
            image, label = codes_of(table["image_id"], images), labels.codes(table[column])
            return np.where((image >= 0) & (label >= 0), image * width + label, -1)

        subject, thing = keys(questions, "subject_label"), keys(questions, "object_label")
        thing[unary] = -1
        sides, place = np.unique(np.concatenate([[-1], subject, thing]), return_inverse=True)
        self.subject, self.object = np.split(place[1:], 2)

        label, other, below = _same_things(labels.names, nouns)
        same, lower = Lookup(label), Lookup(label[below])
        located, found = Lookup(keys(objects)), []
        for block in np.array_split(np.arange(1, len(sides)), len(sides) // CHUNK + 1):
            at, pair = same.matches(sides[block] % width)
            at2, candidate = located.matches(sides[block][at] // width * width + other[pair])
            found.append((block[at[at2]], candidate, below[pair[at2]]))
        side, self.candidate, self.sure = (np.concatenate(column) for column in zip(*found, strict=True))
        self.count = np.bincount(side, minlength=len(sides))
        self.first = np.cumsum(self.count) - self.count
        is_group = np.asarray(pc.fill_null(objects["is_group_of"], False), dtype=np.bool_)
        self.group = any_by_group(is_group[self.candidate], side, len(sides))

        gone = keys(absent)
        gone = gone[gone >= 0]
        at, pair = lower.matches(gone % width)
        self.absent = np.isin(sides, gone[at] // width * width + other[below][pair])
        self.missing = self.absent & ~any_by_group(self.sure, side, len(sides))

    def pairs(self, unary: Flags) -> Integers:
        """The number of pairs (of objects, where `unary`) to look at for each question, 0 for a crowd."""
        count = self.count[self.subject] * np.where(unary, 1, self.count[self.object])
        return np.where(count > MAX_PAIRS_PER_QUESTION, 0, count)


class _Said:
    """What is annotated on pairs of objects, and which attributes are annotated on objects.

    Each annotation speaks of its pair (a, b) and, swapped, of (b, a).
    """

    def __init__(
        self,
        objects: pa.Table,
        relations: pa.Table,
        names: pa.Array,
        is_attribute: Flags,
        attributes: _Names,
    ) -> None:
        self._count = objects.num_rows
        known = _keys(objects["image_id"], objects["object_id"])
        subject = codes_of(_keys(relations["image_id"], relations["subject_id"]), known)
        thing = codes_of(_keys(relations["image_id"], relations["object_id"]), known)
        relation = codes_of(relations["relation"], names)
        attribute = attributes.codes(relations["object_label"])
        unary = np.append(is_attribute, False)[relation]  # -1, a relation that is not known, is none

        pair = (relation >= 0) & ~unary & (subject >= 0) & (thing >= 0)
        evidence = _EVIDENCE[codes_of(relations["evidence"], pa.array(list(EVIDENCE)))]
        a, b, r, proof = distinct(subject[pair], thing[pair], relation[pair], evidence[pair])
        self._pairs = Lookup(np.concatenate([a * self._count + b, b * self._count + a]))
        self.relation = np.concatenate([r, r])
        self.evidence = np.concatenate([proof, proof])
        self.swapped = np.repeat([False, True], len(r))

        has = unary & (subject >= 0) & (attribute >= 0)
        self._things = Lookup(subject[has])
        self.attribute = attribute[has]

    def of_pairs(self, a: Integers, b: Integers) -> tuple[Integers, Integers]:
        """The annotations on pairs of objects: numbers of the pairs, and rows of `relation` and `swapped`."""
        return self._pairs.matches(a * self._count + b)

    def of_things(self, things: Integers) -> tuple[Integers, Integers]:
        """The attributes of objects: numbers into `things`, and rows of `attribute`."""
        return self._things.matches(things)


def _same_things(labels: list[str], nouns: NounTable) -> tuple[Integers, Integers, Flags]:
    """All (label, other label whose boxes could show it, whether they surely do), as numbers of labels."""
    place = {label: i for i, label in enumerate(labels)}
    rows = [
        (i, place[other], other == label or other in nouns.descendants(label))
        for label, i in place.items()
        for other in sorted(nouns.same_thing(label) & place.keys())
    ]
    label, other, below = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return label, other, below.astype(np.bool_)


def _exclusions(attributes: list[str], nouns: NounTable) -> Flags:
    """`excludes[i, j]`: that attribute i of a thing rules out its attribute j."""
    known = [nouns.attribute_for(name) for name in attributes]
    rows = [[bool(has and name in has.excludes) for name in attributes] for has in known]
    size = len(attributes)
    excludes = np.zeros((size + 1, size + 1), dtype=np.bool_)  # the last ones are for -1, a null
    excludes[:size, :size] = np.array(rows, dtype=np.bool_).reshape(size, size)
    return excludes


def _is_in(values: pa.ChunkedArray, among: pa.Array) -> Flags:
    return np.asarray(codes_of(values, among) >= 0)


def _keys(images: pa.ChunkedArray, ids: pa.ChunkedArray) -> pa.ChunkedArray:
    """One string for (picture, object): ids are unique only within a picture."""
    return pc.binary_join_element_wise(images, ids, "\t")
