"""Visual Genome's relations and attributes as rows of numbers, each with its relation of ours; others are counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from naturel.annotations.claims import ATTRIBUTE_RELATION
from naturel.annotations.geometry import iou
from naturel.annotations.joins import Integers
from naturel.annotations.nouns import NounKind, NounTable
from naturel.annotations.relations import Vocabulary
from naturel.builders.choice import Hashes, hash_texts, mix
from naturel.builders.sources.grouping import Boxes, group_starts
from naturel.builders.sources.visual_genome_predicates import Meaning
from naturel.builders.sources.visual_genome_things import REASONS, Judged
from naturel.builders.sources.visual_genome_walk import Faults, Links

UNMAPPED = "predicate that the vocabulary does not have"
ITSELF = "subject and object are one thing"
TWICE = "subject and object are one thing, boxed twice"
KIND = "subject or object of a kind that the relation does not take"
NOT_ALIVE = "posture or activity of a thing that does not live"
REPEATED = "repeated"
SAME_BOX = 0.8
"""Two boxes of one label that overlap by more than this are taken for one thing."""
_ALIVE = frozenset({NounKind.PERSON, NounKind.ANIMAL})
_OF_THINGS = frozenset({"material", "transparency"})
"""Groups of attributes that any thing can have."""

Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int32]


_COLUMNS = (
    *("picture", "subject", "relation", "object", "subject_thing", "object_thing"),
    *("unary", "subject_box", "object_box", "phrase", "id"),
)


@dataclass(frozen=True)
class Rows:
    """Usable rows without repetitions."""

    picture_hashes: Hashes
    """A hash of each picture's id."""
    phrases: Sequence[str]
    """What says more than a relation, in the order of the alphabet."""
    picture: Numbers
    subject: Numbers
    """Number of the subject's label."""
    relation: Integers
    object: Numbers
    """Number of the object's label, or of the attribute."""
    subject_thing: Integers
    """The subject, a number in `Judged`."""
    object_thing: Integers
    """The object; the subject itself for an attribute."""
    unary: Flags
    subject_box: Boxes
    object_box: Boxes
    phrase: Numbers
    """Place in `phrases`; -1: none."""
    id: Hashes

    def __len__(self) -> int:
        return len(self.picture)

    def take(self, rows: Integers) -> Rows:
        """Some of the rows."""
        columns: dict[str, Any] = {name: np.take(getattr(self, name), rows, axis=0) for name in _COLUMNS}
        return replace(self, **columns)


class RowMaker:
    """Makes rows of what was read, and counts what it leaves out."""

    def __init__(
        self, things: Judged, image_ids: Integers, vocabulary: Vocabulary, nouns: NounTable, faults: Faults
    ) -> None:
        self.things, self.image_ids, self.faults = things, image_ids, faults
        self.vocabulary, self.nouns = vocabulary, nouns
        self.relation_number = {name: i for i, name in enumerate(vocabulary.names)}
        self.picture_hashes = hash_texts(f"vg-{image}" for image in image_ids.tolist())
        self.kinds = [self._kind(name) for name in things.labels.names]

    def relations(self, links: Links, meanings: Sequence[Meaning | None], file: str) -> Rows:
        """Rows of relations.

        Args:
            links: The relations, as they were read.
            meanings: What each of `links.what` means.
            file: The file's name, for examples.
        """
        things = self.things
        said = np.frombuffer(links.said, np.int32)
        phrases = sorted({meaning.phrase for meaning in meanings if meaning and meaning.phrase})
        place = {phrase: i for i, phrase in enumerate(phrases)}
        relation = _taken([self.relation_number[m.relation] if m else -1 for m in meanings], said)
        phrase = _taken([place[m.phrase] if m and m.phrase else -1 for m in meanings], said)
        swapped = _taken([int(m.swapped) if m else 0 for m in meanings], said) == 1
        one = things.of_row[np.frombuffer(links.subject, np.int32)]
        two = things.of_row[np.frombuffer(links.object, np.int32)]
        subject, thing = np.where(swapped, two, one), np.where(swapped, one, two)
        why = np.maximum(things.reason[subject], things.reason[thing])
        same = (why == 0) & (things.label[subject] == things.label[thing]) & (subject != thing)
        same[same] = iou(things.box[subject[same]], things.box[thing[same]]) > SAME_BOX
        takes = self._takes("subject_kinds")[relation, things.label[subject]]
        takes &= self._takes("object_kinds")[relation, things.label[thing]]
        kept = self._sift(
            "relation",
            file,
            things.picture[subject],
            np.frombuffer(links.id, np.int64),
            {UNMAPPED: relation < 0}
            | {reason: why == n for n, reason in enumerate(REASONS) if n}
            | {ITSELF: subject == thing, TWICE: same, KIND: ~takes},
        )
        rows = self._rows(subject[kept], relation[kept], thing[kept], phrases, phrase[kept])
        return self._distinct(rows, "relation row")

    def attributes(self, links: Links, labels: Mapping[str, str], file: str) -> Rows:
        """Rows of attributes.

        Args:
            links: The attributes that are ours.
            labels: Attribute, as `links.what` has it -> our label.
            file: The file's name, for examples.
        """
        things = self.things
        meant = [labels[said] for said in links.what.values]
        said = np.frombuffer(links.said, np.int32)
        subject = things.of_row[np.frombuffer(links.subject, np.int32)]
        why = things.reason[subject]
        alive = np.array([kind in _ALIVE for kind in self.kinds])[things.label[subject]]
        groups = {label: self.nouns.attributes[label].group for label in meant}
        of_all = _taken([int(groups[label] in _OF_THINGS) for label in meant], said) == 1
        kept = self._sift(
            "attribute",
            file,
            things.picture[subject],
            things.key[subject],
            {reason: why == n for n, reason in enumerate(REASONS) if n} | {NOT_ALIVE: ~alive & ~of_all},
        )
        attribute = _taken([things.labels.number[label] for label in meant], said)[kept]
        relation = np.full(len(kept), self.relation_number[ATTRIBUTE_RELATION], dtype=np.int64)
        rows = self._rows(subject[kept], relation, subject[kept], (), np.full(len(kept), -1, dtype=np.int32))
        rows = replace(rows, object=attribute.astype(np.int32), unary=np.ones(len(kept), dtype=np.bool_))
        rows = replace(rows, id=mix(rows.id, things.labels.hashes[attribute]))
        return self._distinct(rows, "attribute row")

    def _rows(
        self, subject: Integers, relation: Integers, thing: Integers, phrases: Sequence[str], phrase: Integers
    ) -> Rows:
        things, picture = self.things, self.things.picture[subject]
        keys = (things.key[subject].astype(np.uint64), things.key[thing].astype(np.uint64))
        hashes = hash_texts(self.vocabulary.names)
        return Rows(
            picture_hashes=self.picture_hashes,
            phrases=phrases,
            picture=picture,
            subject=things.label[subject],
            relation=relation,
            object=things.label[thing],
            subject_thing=subject,
            object_thing=thing,
            unary=np.zeros(len(subject), dtype=np.bool_),
            subject_box=things.box[subject],
            object_box=things.box[thing],
            phrase=phrase.astype(np.int32),
            id=mix(self.picture_hashes[picture], keys[0], hashes[relation], keys[1]),
        )

    def _distinct(self, rows: Rows, what: str) -> Rows:
        """Each row once; of several the one with a phrase, the first in the alphabet."""
        order = np.lexsort((rows.phrase, rows.phrase < 0, rows.id))
        first = order[group_starts(rows.id[order])]
        self.faults.counts[f"{what}: {REPEATED}"] += len(rows) - len(first)
        return rows.take(first)

    def _sift(
        self, what: str, file: str, picture: Numbers, number: Integers, conditions: Mapping[str, Flags]
    ) -> Integers:
        """The rows to which no condition applies; others are counted under the first that does.

        Args:
            what: relation or attribute.
            file: The file's name, for examples.
            picture: Number of each row's picture.
            number: Id of each relation, or of each attribute's thing.
            conditions: Reason -> the rows to which it applies.
        """
        why = np.select(list(conditions.values()), np.arange(1, len(conditions) + 1), 0)
        noun = "relation" if what == "relation" else "object"
        for n, reason in enumerate(conditions, start=1):
            rows = np.flatnonzero(why == n)
            if len(rows):
                image = self.image_ids[picture[rows[0]]]
                place = f"{file}, image {image}, {noun} {number[rows[0]]}"
                self.faults.add(f"{what} row: {reason}", place, len(rows))
        return np.flatnonzero(why == 0)

    def _kind(self, label: str) -> NounKind | None:
        """What sort of thing a label names; None where we cannot tell."""
        noun = self.nouns.by_label(label)
        return noun.kind if noun else None

    def _takes(self, field: str) -> Flags:
        """Whether relations (rows) take labels (columns); the last row is for -1, no relation."""
        takes = np.ones((len(self.vocabulary) + 1, len(self.kinds)), dtype=np.bool_)
        for i, relation in enumerate(self.vocabulary):
            if kinds := getattr(relation, field):
                takes[i] = [kind is None or kind in kinds for kind in self.kinds]
        return takes


def joined(parts: Sequence[Rows]) -> Rows:
    """Rows below one another; the first's phrases serve all, since the others have none."""
    first, *_ = parts
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts]) for name in _COLUMNS
    }
    return replace(first, **columns)


def _taken(values: Sequence[int], which: Numbers) -> Integers:
    return np.array(values, dtype=np.int64)[which]
