"""The tables of composites: what is on each picture, what is true of it, and what is certainly not on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from naturel.annotations import schema
from naturel.annotations.nouns import NounTable
from naturel.builders.sources.composites.cutouts import Credit
from naturel.builders.sources.composites.drawing import Drawn
from naturel.builders.sources.composites.plan import CLAIMS, Group, Limits, Plan
from naturel.builders.sources.composites.stock import Stock
from naturel.builders.sources.tables import SourceTables

SOURCE = "composites"
EVIDENCE = "constructed"
OBJECT_IDS = ("1", "2")
"""Of the thing and of the base."""

Row = dict[str, Any]


def tables_of(
    plan: Plan, drawn: Mapping[str, Drawn], nouns: NounTable, limits: Limits, stock: Stock
) -> SourceTables:
    """The tables of planned and drawn pictures.

    Args:
        plan: Which groups.
        drawn: What was drawn, by group.
        nouns: Says which labels can name the same thing: they are never called absent.
        limits: What it was made within.
        stock: What the bank left out, and its notes.
    """
    collection = frozenset(label for group in plan.groups for label in group.labels)
    images: list[Row] = []
    objects: list[Row] = []
    absent: list[Row] = []
    relations: list[Row] = []
    triplets: list[Row] = []
    for group in plan.groups:
        seen = drawn[group.key]
        missing = _absent(group, seen, collection, nouns)
        for side, image_id in enumerate(group.image_ids):
            images.append(_image(group, seen, side, limits))
            objects += _objects(group, seen, side)
            absent += [{"image_id": image_id, "label": label} for label in missing]
            relations += _relations(group, side)
            triplets += _triplets(group, side, limits)
    return SourceTables(
        images=pa.Table.from_pylist(images, schema.IMAGES),
        objects=pa.Table.from_pylist(objects, schema.OBJECTS),
        absent_labels=pa.Table.from_pylist(absent, schema.ABSENT_LABELS),
        relations=pa.Table.from_pylist(relations, schema.RELATIONS),
        triplets=pa.Table.from_pylist(triplets, schema.TRIPLETS),
        dropped=plan.dropped + Counter(stock.dropped),
        notes=stock.notes,
    )


def _image(group: Group, seen: Drawn, side: int, limits: Limits) -> Row:
    subject, relation, thing = CLAIMS[group.scene][side][0]
    said = f"{group.labels[subject]} {relation.replace('_', ' ')} {group.labels[thing]}"
    return {
        "image_id": group.image_ids[side],
        "source": SOURCE,
        "source_split": limits.split,
        "license": _together(seen.credits, "license"),
        "author": _together(seen.credits, "author"),
        "landing_url": _together(seen.credits, "landing_url"),
        "title": said,
        "rotation": 0.0,
        "boxes_complete": True,
        "counterpart_id": group.image_ids[1 - side],
    }


def _together(credits: Sequence[Credit], name: str) -> str | None:
    """What the credits of the two say, once where it is the same."""
    said = dict.fromkeys(value for credit in credits if (value := getattr(credit, name)))
    return "; ".join(said) or None


def _objects(group: Group, seen: Drawn, side: int) -> Iterator[Row]:
    for number, label in enumerate(group.labels):
        yield {
            "image_id": group.image_ids[side],
            "object_id": OBJECT_IDS[number],
            "label": label,
            "box": seen.boxes[side][number],
            "is_group_of": False,
            "is_depiction": False,
            "is_occluded": seen.hidden[side][number],
            "is_truncated": False,
        }


def _absent(group: Group, seen: Drawn, collection: frozenset[str], nouns: NounTable) -> list[str]:
    """The labels of the collection that neither of the two can be called, nor shows along with itself."""
    missing = set(collection)
    for label, known in zip(group.labels, seen.absent, strict=True):
        missing -= nouns.same_thing(label)
        missing &= missing if known is None else set(known)
    return sorted(missing)


def _relations(group: Group, side: int) -> Iterator[Row]:
    for number, (subject, relation, thing) in enumerate(CLAIMS[group.scene][side]):
        yield {
            "image_id": group.image_ids[side],
            "relation_id": str(number),
            "subject_id": OBJECT_IDS[subject],
            "subject_label": group.labels[subject],
            "relation": relation,
            "object_id": OBJECT_IDS[thing],
            "object_label": group.labels[thing],
            "evidence": EVIDENCE,
        }


def _triplets(group: Group, side: int, limits: Limits) -> Iterator[Row]:
    for row in _relations(group, side):
        if limits.wants(row["relation"]):
            names = ("image_id", "subject_label", "relation", "object_label", "subject_id", "object_id")
            yield {name: row[name] for name in names} | {"pairs": 1}
