"""The truth of claims in pictures, each verdict with its proof.

For a claim (A, r, B) the verdict looks at every pair of boxes that could show A and B:

* `true` where some pair whose labels are A and B, or below them in the hierarchy, is annotated with r or with a
  relation that implies it (`annotated`, `inverse`), or satisfies r's geometric true-rule (`geometric`);
* `false` where A or B is verified absent (`absent`), or *every* pair is disproved: by the boxes (`geometric`), by
  a relation annotated on that pair that excludes r (`exclusive`), or by r's antisymmetry (`antisymmetric`);
* `unknown` otherwise, and always instead of `false` where a box of A or B stands for a group.

Pairs are drawn from more labels than A and B themselves when a claim is to be disproved: a box labelled Person may
be the Man of the claim, so it has to be disproved too (`NounTable.same_thing`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations import geometry
from naturel.annotations.joins import Integers, any_by_group, codes_of, matches
from naturel.annotations.nouns import NounTable
from naturel.annotations.relations import Kind, Rule, Vocabulary

TRUE, FALSE, UNKNOWN = "true", "false", "unknown"

# Proofs in order of strength: where several hold, the first is named.
PROOFS = ("annotated", "inverse", "antisymmetric", "exclusive", "geometric", "absent")
_ANNOTATED, _INVERSE, _ANTISYMMETRIC, _EXCLUSIVE, _GEOMETRIC, _ABSENT = range(len(PROOFS))
_NONE = 99

Flags = npt.NDArray[np.bool_]
CHUNK = 200_000
"""Questions judged at a time, so that memory stays flat however many boxes a picture has."""

MAX_PAIRS_PER_QUESTION = 2_500
"""A picture with more pairs than this (a crowd) is left unknown."""


@dataclass(frozen=True)
class Evidence:
    """What is known about the pictures: the tables of `schema.OBJECTS`, `ABSENT_LABELS` and `RELATIONS`."""

    objects: pa.Table
    absent_labels: pa.Table
    relations: pa.Table
    complete_images: pa.Array | None = None
    """Pictures where all things of the boxed labels are boxed; None: all. In others, a claim with an incidental
    relation ("next to", "far from") is never taken for false: it may be true of things that nobody boxed."""


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
    """
    court = _Court(questions, evidence, vocabulary, nouns)
    verdicts = np.zeros(questions.num_rows, dtype=np.int8)
    proofs = np.full(questions.num_rows, _NONE, dtype=np.int64)
    for start in range(0, questions.num_rows, CHUNK):
        rows = np.arange(start, min(start + CHUNK, questions.num_rows), dtype=np.int64)
        verdicts[rows], proofs[rows] = court.judge(rows)
    truth = pa.array(np.array([UNKNOWN, TRUE, FALSE], dtype=object)[verdicts], pa.string())
    names = np.array([*PROOFS, *[None] * (_NONE + 1 - len(PROOFS))], dtype=object)
    return pa.table({"truth": truth, "proof": pa.array(names[proofs], pa.string())})


class _Court:
    """The evidence as integer arrays: pictures, labels, objects and relations are numbers here."""

    def __init__(
        self, questions: pa.Table, evidence: Evidence, vocabulary: Vocabulary, nouns: NounTable
    ) -> None:
        self.vocabulary = vocabulary
        objects, relations, absent = evidence.objects, evidence.relations, evidence.absent_labels
        self.images = pa.chunked_array([*questions["image_id"].chunks, *objects["image_id"].chunks]).unique()
        labels = {
            *objects["label"].unique().to_pylist(),
            *questions["subject_label"].unique().to_pylist(),
            *questions["object_label"].unique().to_pylist(),
            *absent["label"].unique().to_pylist(),
            *relations["object_label"].unique().to_pylist(),
        }
        self.labels = pa.array(sorted(label for label in labels if label is not None), pa.string())
        self.names = list(vocabulary.names)
        self.relation_names = pa.array(self.names, pa.string())

        self.q_image = codes_of(questions["image_id"], self.images)
        self.q_subject = codes_of(questions["subject_label"], self.labels)
        self.q_object = codes_of(questions["object_label"], self.labels)
        self.q_relation = codes_of(questions["relation"], self.relation_names)
        if (self.q_relation < 0).any():
            unknown = sorted(set(questions["relation"].to_pylist()) - set(self.names))
            raise ValueError(f"relations that the vocabulary does not have: {', '.join(map(str, unknown))}")

        self.o_image = codes_of(objects["image_id"], self.images)
        self.o_label = codes_of(objects["label"], self.labels)
        boxes = objects["box"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        self.boxes = np.asarray(boxes, dtype=np.float32).reshape(-1, 4)
        self.is_group = np.asarray(objects["is_group_of"].to_numpy(), dtype=object) == True  # noqa: E712 (null)
        self.incidental = np.array([vocabulary[name].incidental for name in self.names], dtype=np.bool_)
        self.is_complete = np.ones(len(self.images), dtype=np.bool_)
        if evidence.complete_images is not None:
            self.is_complete = np.asarray(pc.is_in(self.images, value_set=evidence.complete_images))
        self.same = _label_pairs(self.labels.to_pylist(), nouns)
        self.meaning = _Meaning(vocabulary, [nouns.noun_for(label).kind for label in self.labels.to_pylist()])
        self._read_annotations(objects, relations)
        self._read_absent(absent)

    def _read_annotations(self, objects: pa.Table, relations: pa.Table) -> None:
        """Turn relation rows into (pair of objects -> relation) and (object -> attribute) lookups."""
        self.count = objects.num_rows
        keys = pa.array(_keys(objects["image_id"], objects["object_id"]))
        subject = codes_of(pa.array(_keys(relations["image_id"], relations["subject_id"])), keys)
        relation = codes_of(relations["relation"], self.relation_names)
        attribute_code = {name for name in self.names if self.vocabulary[name].kind == Kind.ATTRIBUTE}
        is_attribute = np.isin(relation, [self.names.index(name) for name in attribute_code])
        other = codes_of(pa.array(_keys(relations["image_id"], relations["object_id"])), keys)
        pair = (subject >= 0) & (other >= 0) & (relation >= 0) & ~is_attribute
        a, b, r = subject[pair], other[pair], relation[pair]
        # Each annotation speaks of (a, b) and, swapped, of (b, a).
        self.said_key = np.concatenate([a * self.count + b, b * self.count + a])
        self.said_relation = np.concatenate([r, r])
        self.said_swapped = np.repeat([False, True], len(r))
        has = (subject >= 0) & is_attribute
        self.has_object = subject[has]
        self.has_attribute = codes_of(relations["object_label"], self.labels)[has]

    def _read_absent(self, absent: pa.Table) -> None:
        """A label verified absent takes everything below it along."""
        image, label = codes_of(absent["image_id"], self.images), codes_of(absent["label"], self.labels)
        at, below = matches(label, self.same.label[self.same.below])
        lower = self.same.other[self.same.below][below]
        known = (image[at] >= 0) & (label[at] >= 0)
        self.absent_keys = np.unique((image[at] * len(self.labels) + lower)[known])

    def judge(self, rows: Integers) -> tuple[npt.NDArray[np.int8], Integers]:
        """Verdict (0 unknown, 1 true, 2 false) and proof code of the questions at `rows`."""
        attribute = np.array([self.vocabulary[name].kind == Kind.ATTRIBUTE for name in self.names])
        unary = attribute[self.q_relation[rows]]
        verdict = np.zeros(len(rows), dtype=np.int8)
        proof = np.full(len(rows), _NONE, dtype=np.int64)
        for part, hear in ((~unary, self._hear_pairs), (unary, self._hear_attributes)):
            if part.any():
                verdict[part], proof[part] = hear(rows[part])
        return verdict, proof

    def _candidates(self, rows: Integers, labels: Integers) -> tuple[Integers, Integers, Flags]:
        """For each question: the objects that could be what `labels` names, and whether they surely are."""
        at, same = matches(labels, self.same.label)
        width = len(self.labels)
        at2, objects = matches(
            self.q_image[rows][at] * width + self.same.other[same], self.o_image * width + self.o_label
        )
        return at[at2], objects, self.same.below[same][at2]

    def _hear_pairs(self, rows: Integers) -> tuple[npt.NDArray[np.int8], Integers]:
        n = len(rows)
        a_question, a_object, a_sure = self._candidates(rows, self.q_subject[rows])
        b_question, b_object, b_sure = self._candidates(rows, self.q_object[rows])
        pairs = np.bincount(a_question, minlength=n) * np.bincount(b_question, minlength=n)
        crowded = pairs > MAX_PAIRS_PER_QUESTION
        keep = ~crowded[a_question]
        a_question, a_object, a_sure = a_question[keep], a_object[keep], a_sure[keep]
        left, right = matches(a_question, b_question)
        distinct = a_object[left] != b_object[right]
        left, right = left[distinct], right[distinct]
        question, a, b = a_question[left], a_object[left], b_object[right]
        sure = a_sure[left] & b_sure[right]
        relation = self.q_relation[rows][question]

        proved, disproved = self._said(a, b, relation)
        by_boxes = geometry.holds_by_relation(relation, self._rules("true"), self.boxes[a], self.boxes[b])
        against = geometry.holds_by_relation(relation, self._rules("false"), self.boxes[a], self.boxes[b])
        proved = np.where((proved == _NONE) & by_boxes, _GEOMETRIC, proved)
        disproved = np.where((disproved == _NONE) & against, _GEOMETRIC, disproved)
        group = self.is_group[a] | self.is_group[b]
        return self._sentence(rows, question, sure, proved, disproved, group, crowded)

    def _said(self, a: Integers, b: Integers, relation: Integers) -> tuple[Integers, Integers]:
        """Proof codes for and against, from what is annotated on each pair."""
        at, said = matches(a * self.count + b, self.said_key)
        swapped = self.said_swapped[said]
        first, second = self.o_label[a[at]], self.o_label[b[at]]
        subject, other = np.where(swapped, second, first), np.where(swapped, first, second)
        verdict = self.meaning.of(self.said_relation[said], swapped, relation[at], subject, other)
        proved = np.full(len(a), _NONE, dtype=np.int64)
        disproved = np.full(len(a), _NONE, dtype=np.int64)
        for code, target in (
            (_ANNOTATED, proved),
            (_INVERSE, proved),
            (_ANTISYMMETRIC, disproved),
            (_EXCLUSIVE, disproved),
        ):
            np.minimum.at(target, at[verdict == code], code)
        return proved, disproved

    def _hear_attributes(self, rows: Integers) -> tuple[npt.NDArray[np.int8], Integers]:
        question, thing, sure = self._candidates(rows, self.q_subject[rows])
        asked = self.q_object[rows][question]
        at, has = matches(thing, self.has_object)
        same = self.has_attribute[has] == asked[at]
        excluded = self.same.attribute_excludes[self.has_attribute[has], asked[at]]
        proved = np.full(len(question), _NONE, dtype=np.int64)
        disproved = np.full(len(question), _NONE, dtype=np.int64)
        proved[at[same]] = _ANNOTATED
        disproved[at[excluded]] = _EXCLUSIVE
        crowded = np.zeros(len(rows), dtype=np.bool_)
        return self._sentence(rows, question, sure, proved, disproved, self.is_group[thing], crowded)

    def _sentence(
        self,
        rows: Integers,
        question: Integers,
        sure: Flags,
        proved: Integers,
        disproved: Integers,
        group: Flags,
        crowded: Flags,
    ) -> tuple[npt.NDArray[np.int8], Integers]:
        """Combine the pairs of each question into one verdict."""
        n = len(rows)
        width = len(self.labels)
        image = self.q_image[rows]
        unary = np.isin(self.q_relation[rows], self.meaning.attributes)
        absent = np.isin(image * width + self.q_subject[rows], self.absent_keys)
        absent |= ~unary & np.isin(image * width + self.q_object[rows], self.absent_keys)

        # A pair that is both proved and disproved (annotators contradict each other) proves nothing.
        torn = any_by_group((proved != _NONE) & (disproved != _NONE), question, n)
        is_true = any_by_group((proved != _NONE) & sure, question, n)
        some = np.bincount(question, minlength=n) > 0
        open_pair = any_by_group(disproved == _NONE, question, n)
        any_group = any_by_group(group, question, n)
        unseen = self.incidental[self.q_relation[rows]] & ~self.is_complete[image]
        all_disproved = some & ~open_pair & ~any_group & ~crowded & ~unseen
        is_false = absent | all_disproved

        verdict = np.zeros(n, dtype=np.int8)
        verdict[is_true & ~is_false & ~torn] = 1
        verdict[is_false & ~is_true & ~torn] = 2
        proof = np.full(n, _NONE, dtype=np.int64)
        best_for = np.full(n, _NONE, dtype=np.int64)
        np.minimum.at(best_for, question[sure], proved[sure])
        best_against = np.full(n, _NONE, dtype=np.int64)
        np.minimum.at(best_against, question, disproved)
        proof[verdict == 1] = best_for[verdict == 1]
        proof[verdict == 2] = np.where(all_disproved, best_against, _ABSENT)[verdict == 2]
        return verdict, proof

    def _rules(self, which: str) -> dict[int, Rule]:
        return {i: getattr(self.vocabulary[name].geometry, which) for i, name in enumerate(self.names)}


class _Meaning:
    """What an annotated relation proves about another one on the same pair, or on the pair swapped.

    Some relations can be mutual between some kinds of things (two people kick each other), so there is one table
    for each class of pairs that are alike in this.
    """

    def __init__(self, vocabulary: Vocabulary, kinds: list[str]) -> None:
        """Takes the kind of each label, by label code."""
        names = list(vocabulary.names)
        self.attributes = [i for i, name in enumerate(names) if vocabulary[name].kind == Kind.ATTRIBUTE]
        distinct = sorted(set(kinds))
        self.kind = np.array([distinct.index(kind) for kind in kinds], dtype=np.int64)
        tables: dict[frozenset[str], int] = {}
        self.tables: list[Integers] = []
        self.table_of = np.zeros((len(distinct), len(distinct)), dtype=np.int64)
        for i, first in enumerate(distinct):
            for j, second in enumerate(distinct):
                mutual = frozenset(r.name for r in vocabulary if {first, second} <= set(r.mutual_kinds))
                if mutual not in tables:
                    tables[mutual] = len(self.tables)
                    self.tables.append(_meaning_table(vocabulary, names, first, second))
                self.table_of[i, j] = tables[mutual]
        self.stack = np.stack(self.tables) if self.tables else np.zeros((0, 0, 2, 0), dtype=np.int64)

    def of(
        self, said: Integers, swapped: Flags, asked: Integers, subject_label: Integers, object_label: Integers
    ) -> Integers:
        """Proof codes, `_NONE` where nothing follows; labels are those of the annotation's own subject and object."""
        table = self.table_of[self.kind[subject_label], self.kind[object_label]]
        return self.stack[table, said, swapped.astype(np.int64), asked]


def _meaning_table(vocabulary: Vocabulary, names: list[str], subject_kind: str, object_kind: str) -> Integers:
    """`table[r, swapped, asked]`: what r on (a, b) proves about `asked` on (a, b), or on (b, a) if swapped."""
    place = {name: i for i, name in enumerate(names)}
    table = np.full((len(names), 2, len(names)), _NONE, dtype=np.int64)
    for name in names:
        for (other, swapped), proof in vocabulary.ruled_out(name, subject_kind, object_kind).items():
            code = _ANTISYMMETRIC if proof == "antisymmetric" else _EXCLUSIVE
            table[place[name], int(swapped), place[other]] = code
        for other, swapped in vocabulary.implied(name):
            table[place[name], int(swapped), place[other]] = _INVERSE if swapped else _ANNOTATED
    return table


@dataclass(frozen=True)
class _LabelPairs:
    """Which labels can name the same thing, as rows (label, other, other is surely a `label`)."""

    label: Integers
    other: Integers
    below: Flags
    attribute_excludes: Flags


def _label_pairs(labels: list[str], nouns: NounTable) -> _LabelPairs:
    place = {label: i for i, label in enumerate(labels)}
    rows = [
        (i, place[other], other == label or other in nouns.descendants(label))
        for label, i in place.items()
        for other in sorted(nouns.same_thing(label))
        if other in place
    ]
    excludes = np.zeros((len(labels), len(labels)), dtype=np.bool_)
    for attribute in nouns.attributes.values():
        for other in attribute.excludes:
            if attribute.label in place and other in place:
                excludes[place[attribute.label], place[other]] = True
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    return _LabelPairs(
        np.array(columns[0], dtype=np.int64),
        np.array(columns[1], dtype=np.int64),
        np.array(columns[2], dtype=np.bool_),
        excludes,
    )


def _keys(images: pa.ChunkedArray, ids: pa.ChunkedArray) -> pa.ChunkedArray:
    """One string for (picture, object): ids are unique only within a picture."""
    return pc.binary_join_element_wise(images, ids, "\t")
