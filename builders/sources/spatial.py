"""Spatial triplets mined from boxes alone: what lies to the left of, to the right of, above or below what.

It is done as COCO-spatial and GQA-spatial were made (Kamath, Hessel and Chang: *What's "up" with vision-language
models?*, EMNLP 2023): two things of different labels, each the only one in the picture that its name could mean, so
that "the cat" is clear, and each large enough to be seen. Which relations there are is the vocabulary's matter: those
that boxes alone can prove (`geometry.true` in `relations.yaml`), each by its own rule, made stricter by a margin.
"Inside" is none of them: of 476 annotated pairs of Open Images V4 with at least nine tenths of the subject's box in
an object's box at least twice as large, 24 are inside_of; 292 are at, 157 on.

Nothing is annotated here, so the triplets stand in no relation table: their proof is made from the boxes again, with
the proofs of all other claims.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations import geometry, schema
from naturel.annotations.joins import Integers, any_by_group, distinct, matches
from naturel.annotations.nouns import NounTable
from naturel.annotations.relations import Vocabulary
from naturel.builders.choice import Hashes, hash_texts, mix, seeded
from naturel.builders.sources.sampling import Sampling

Flags = npt.NDArray[np.bool_]

NOT_SINGLE = "box: not the only thing that its name could mean, or a group, or drawn"
SMALL = "box: smaller than --min-area"
DEPTH = "pair of boxes: one is higher in the picture, but may just stand farther away"
NO_RELATION = "pair of boxes: no spatial relation holds by the --margin"

UPPER = {"above": "subject", "below": "object"}
"""Relation -> which of its two things is the upper one."""

ALOFT = frozenset(
    (
        *(
            "Balloon",
            "Bee",
            "Billboard",
            "Bird",
            "Butterfly",
            "Cabinetry",
            "Ceiling fan",
            "Clock",
            "Cupboard",
        ),
        *(
            "Curtain",
            "Dragonfly",
            "Eagle",
            "Flag",
            "Flying disc",
            "Kite",
            "Lamp",
            "Light bulb",
            "Mirror",
            "Owl",
        ),
        *(
            "Parachute",
            "Parrot",
            "Picture frame",
            "Poster",
            "Shelf",
            "Stop sign",
            "Street light",
            "Traffic light",
        ),
        *("Traffic sign", "Umbrella", "Wall clock", "Window", "Window blind"),
    )
)
"""Labels of things that mostly fly, hang, stand high or are mounted. Only such a thing is said to be above another.

Of two things on the ground, or on one table, the farther one is higher in the picture without being above the other.
In 51 COCO photos, boxes of any size, the rule of "above" holds for 7 pairs; 4 are of that sort (a car behind a
table, a glass behind a pizza). With this list 2 pairs are left, and none of those 4."""

BLOCK = 20_000
"""Pictures looked at at a time, so that memory stays flat."""


@dataclass(frozen=True)
class Mining:
    """Which pairs of boxes are clear enough."""

    min_area: float = 0.03
    """Least area of either box, in pictures."""
    margin: float = 0.03
    """How much stricter than the vocabulary says each term of a rule must be met, in widths (heights) of the picture
    or in shares. By default .05 of the width must be free between two things side by side, or their centres .13 apart
    and a fifth of the narrower one shared at most: edges that are off by a hundredth or two decide nothing."""

    @property
    def note(self) -> str:
        """What a reader of the card should know."""
        return (
            f"spatial triplets were mined from boxes of at least {self.min_area:g} of the picture, with a margin of "
            f"{self.margin:g}, between things that are the only ones of their name; sides are the viewer's"
        )


@dataclass(frozen=True)
class Mined:
    """What was found in boxes."""

    triplets: pa.Table
    """Like `schema.TRIPLETS`."""
    dropped: Counter[str]
    """Reason -> boxes or pairs of boxes that gave no triplet."""


def mine_triplets(objects: pa.Table, mining: Mining, vocabulary: Vocabulary, nouns: NounTable) -> Mined:
    """Find every spatial triplet that boxes prove clearly.

    A pair gives both directions, "A left of B" and "B right of A": the swap and the opposite of each are then
    positives wherever the same two things lie the other way round, so every kind of negative can be balanced.

    Args:
        objects: Like `schema.OBJECTS`, boxes upright. A box of which nobody said that it is no group counts as one.
        mining: Which pairs are clear enough.
        vocabulary: The relations; those that are usable and have a geometric true-rule are looked for.
        nouns: Which labels can name the same thing.
    """
    relations = [relation for relation in vocabulary.usable if relation.geometry.true]
    table = _Things.of(objects, nouns)
    aloft = np.isin(table.labels.to_numpy(zero_copy_only=False), list(ALOFT))[table.label]
    dropped: Counter[str] = Counter()
    found: list[tuple[Integers, Integers, Integers]] = []
    for rows in table.blocks():
        subject, thing = _clear_pairs(table, rows, mining, dropped)
        related = np.zeros((len(relations), len(subject)), dtype=np.bool_)
        depth = np.zeros(len(subject), dtype=np.bool_)
        for row, relation in zip(related, relations, strict=True):
            rule = relation.geometry.true
            row[:] = geometry.holds(rule, table.boxes[subject], table.boxes[thing], margin=mining.margin)
            if relation.name in UPPER:
                upper = aloft[subject if UPPER[relation.name] == "subject" else thing]
                depth |= row & ~upper
                row &= upper
        unclear = ~related.any(axis=0)
        dropped[DEPTH] += int((unclear & depth).sum()) // 2
        dropped[NO_RELATION] += int((unclear & ~depth).sum()) // 2
        number, pair = np.nonzero(related)
        found.append((subject[pair], number, thing[pair]))
    subject, number, thing = (
        np.concatenate([np.zeros(0, np.int64), *column])
        for column in (zip(*found, strict=True) if found else ((), (), ()))
    )
    names = pa.array([relation.name for relation in relations], pa.string())
    return Mined(table.triplets(subject, number, thing, names), +dropped)


def _clear_pairs(
    table: _Things, rows: Integers, mining: Mining, dropped: Counter[str]
) -> tuple[Integers, Integers]:
    """Both orders of every pair of single, large things in the same picture, as rows of the table."""
    single = _is_single(table, rows)
    large = geometry.area(table.boxes[rows]) >= mining.min_area
    dropped[NOT_SINGLE] += int((~single).sum())
    dropped[SMALL] += int((single & ~large).sum())
    rows = rows[single & large]
    left, right = matches(table.image[rows], table.image[rows])
    two = left != right
    return rows[left[two]], rows[right[two]]


def _is_single(table: _Things, rows: Integers) -> Flags:
    """Which boxes show the only thing in their picture that their label, or one like it, could name."""
    width = np.int64(len(table.same))
    kinds, kind, count = np.unique(
        table.image[rows] * width + table.label[rows], return_inverse=True, return_counts=True
    )
    image, label = kinds // width, kinds % width
    grouped = any_by_group(table.group[rows], kind, len(kinds))
    own, other = matches(image, image)
    alike = table.same[label[own], label[other]]
    own, other = own[alike], other[alike]
    things = np.bincount(own, weights=count[other], minlength=len(kinds))
    single = (things == 1) & ~any_by_group(grouped[other], own, len(kinds))
    return np.asarray(single[kind] & ~table.drawn[rows])


@dataclass(frozen=True)
class _Things:
    """An object table as numbers, sorted by picture."""

    image: Integers
    label: Integers
    boxes: geometry.Boxes
    group: Flags
    drawn: Flags
    same: Flags
    """`same[i, j]`: that a box of label j could show a thing of label i."""
    images: pa.Array
    labels: pa.Array
    ids: pa.Array

    @classmethod
    def of(cls, objects: pa.Table, nouns: NounTable) -> _Things:
        image, images = _numbered(objects["image_id"])
        label, labels = _numbered(objects["label"])
        order = np.argsort(image, kind="stable")
        flat = objects["box"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        return cls(
            image=image[order],
            label=label[order],
            boxes=geometry.as_boxes(flat.reshape(-1, 4))[order],
            group=_said(objects, "is_group_of", unsaid=True)[order],
            drawn=_said(objects, "is_depiction", unsaid=False)[order],
            same=same_things(labels.to_pylist(), nouns),
            images=images,
            labels=labels,
            ids=objects["object_id"].combine_chunks().take(pa.array(order)),
        )

    def blocks(self) -> Iterator[Integers]:
        """Rows of `BLOCK` pictures at a time."""
        ends = np.searchsorted(self.image, np.arange(BLOCK, len(self.images) + BLOCK, BLOCK))
        for start, end in zip(np.append(0, ends), ends, strict=False):
            yield np.arange(start, end, dtype=np.int64)

    def triplets(self, subject: Integers, relation: Integers, thing: Integers, names: pa.Array) -> pa.Table:
        """A table like `schema.TRIPLETS` of rows of this table and numbers of relations."""
        return pa.table(
            {
                "image_id": self.images.take(pa.array(self.image[subject])),
                "subject_label": self.labels.take(pa.array(self.label[subject])),
                "relation": names.take(pa.array(relation)),
                "object_label": self.labels.take(pa.array(self.label[thing])),
                "subject_id": self.ids.take(pa.array(subject)).cast(pa.string()),
                "object_id": self.ids.take(pa.array(thing)).cast(pa.string()),
                "pairs": pa.array(np.ones(len(subject), np.int32)),
            }
        )


def _numbered(column: pa.ChunkedArray) -> tuple[Integers, pa.Array]:
    """A number for each value, and the values."""
    encoded = column.dictionary_encode().unify_dictionaries().combine_chunks()
    return encoded.indices.to_numpy().astype(np.int64), encoded.dictionary.cast(pa.string())


def _said(objects: pa.Table, name: str, *, unsaid: bool) -> Flags:
    """A column of flags, with `unsaid` where it is null or the table does not have it."""
    if name not in objects.column_names:
        return np.full(objects.num_rows, unsaid)
    return np.asarray(pc.fill_null(objects[name], unsaid).to_numpy(), dtype=np.bool_)


def same_things(labels: list[str], nouns: NounTable) -> Flags:
    """Whether a box of the second label could show a thing of the first, shape (labels, labels)."""
    known = [noun.label if (noun := nouns.by_label(label)) else label for label in labels]
    same = np.zeros((len(labels), len(labels)), dtype=np.bool_)
    for i, label in enumerate(labels):
        like = nouns.same_thing(label)
        same[i] = [other in like for other in known]
    return same


def nothing_mined(path: Path, dropped: Counter[str]) -> str:
    """The message where no triplet is left of a file."""
    why = "; ".join(f"{reason}: {count:,}" for reason, count in (+dropped).items())
    return f"{path}: it gives no triplet of those asked for. Left out: {why or 'nothing, it has no box'}."


def sample_triplets(triplets: pa.Table, sampling: Sampling, dropped: Counter[str]) -> pa.Table:
    """Choose (picture, triplet)s by hash, so that the same seed always chooses the same.

    Args:
        triplets: Like `schema.TRIPLETS`; each (picture, triplet) once.
        sampling: What is wanted.
        dropped: Where what is not chosen is counted.
    """
    total = triplets.num_rows
    if sampling.relations:
        wanted = pa.array(sampling.relations, pa.string())
        triplets = triplets.filter(pc.is_in(triplets["relation"], value_set=wanted))
    dropped["triplet: relation not asked for"] += total - triplets.num_rows
    total = triplets.num_rows
    numbers = [_numbered(triplets[name]) for name in schema.TRIPLETS.names[:4]]
    hashes = [hash_texts(values.to_pylist())[number] for number, values in numbers]
    image, *triplet = (number for number, _ in numbers)
    kept = np.ones(total, dtype=np.bool_)
    if sampling.max_per_triplet is not None:
        chance = mix(seeded(sampling.seed), *hashes)
        kept &= _place_in_group(chance, triplet) < sampling.max_per_triplet
    if sampling.max_images is not None and kept.any():
        chance = mix(seeded(sampling.seed), hashes[0])
        (_, taken) = distinct(*(column[kept] for column in (chance.view(np.int64), image)))
        kept &= np.isin(image, taken[: sampling.max_images])
    dropped["triplet: not in the sample asked for"] += total - int(kept.sum())
    return triplets.filter(pa.array(kept))


def _place_in_group(chance: Hashes, columns: list[Integers]) -> Integers:
    """The place of each row among those that are alike in all columns, in the order of its chance."""
    order = np.lexsort((chance, *columns))
    new = np.ones(len(order), dtype=np.bool_)
    if len(order):
        new[1:] = np.any([column[order][1:] != column[order][:-1] for column in columns], axis=0)
    starts = np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order)) - starts
    return place
