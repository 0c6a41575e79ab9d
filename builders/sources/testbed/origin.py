"""The testbed as a source of a build: its pictures drawn, its tables known by construction."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

import naturel
from naturel.annotations import schema
from naturel.annotations.errors import UserError
from naturel.annotations.joins import Integers
from naturel.builders.choice import mix, seeded
from naturel.builders.progress import Progress
from naturel.builders.settings import BuildSettings, Source
from naturel.builders.sources.licensing import keep_licensed
from naturel.builders.sources.origin import Origin
from naturel.builders.sources.sample import LICENSE
from naturel.builders.sources.tables import SourceTables
from naturel.builders.sources.testbed.pictures import Strip, name_scenes, write_pictures
from naturel.builders.sources.testbed.scenes import (
    ALL_LAYOUTS,
    ALL_PAIRS,
    LABELS,
    ONE_OBJECT,
    SPLITS,
    TRAINING_LABELS,
    Scenes,
    make_scenes,
)
from naturel.builders.sources.testbed.tokens import VOCABULARY, token_table
from naturel.builders.workspace import digest_of

SOURCE = Source.TESTBED.value
PAIRS, LAYOUTS = 60, 20
"""How many are trained where nothing else is said."""
LEFT_OF, RIGHT_OF = RELATIONS = ("left_of", "right_of")
AUTHOR = "NatuRel testbed generator"

_CITATION = (
    "Yamamoto, Noguchi and Tanizawa: *Left-Right Symmetry Breaking in CLIP-style Vision-Language Models Trained on "
    "Synthetic Spatial-Relation Data* (arXiv 2601.12809, 2026)."
)


def open_testbed(settings: BuildSettings, work: Path, progress: Progress) -> Origin:
    """Choose the scenes and draw those of the split.

    Args:
        settings: `seed`, `pairs` and `layouts` choose what is trained; `split`, `max_images`, `max_per_triplet` and
            `relations` what is made records of. The token arrays have all scenes, whatever is made records of.
        work: The build's folder for its own files; pictures are drawn there.
        progress: Where progress is shown.

    Returns:
        The source, not read yet.

    Raises:
        UserError: A setting is out of range, or leaves no scene.
    """
    pairs, layouts = settings.pairs or PAIRS, settings.layouts or LAYOUTS
    relations = tuple(name for name in RELATIONS if name in (settings.relations or RELATIONS))
    _check(settings, pairs, layouts, relations)
    scenes = make_scenes(settings.seed, pairs, layouts)
    ids = name_scenes(scenes)
    rows = choose_scenes(scenes, settings)
    if not len(rows):
        raise UserError(
            f"--split {settings.split}: with {pairs} pairs and {layouts} layouts the testbed has no scenes of two "
            "things there. Give more --pairs or --layouts, or another --split."
        )
    strip, shown, names = Strip(), scenes.take(rows), ids.take(pa.array(rows))
    drawn = digest_of([naturel.__version__, names.to_pylist()])[:16]
    folder = work / f"{SOURCE}-{drawn}"
    write_pictures(folder, shown, names.to_pylist(), strip, progress)

    def read(*_: object) -> SourceTables:
        return SourceTables(
            **picture_tables(shown, names, strip, relations, settings.split),
            tokens=token_table(scenes, ids),
            notes=(_vocabulary(),),
        )

    trained = f"{pairs} of {ALL_PAIRS} pairs of labels and {layouts} of {ALL_LAYOUTS} layouts are trained"
    return Origin(
        name=SOURCE,
        split=settings.split,
        inputs={},
        key={
            "seed": settings.seed,
            "pairs": pairs,
            "layouts": layouts,
            "split": settings.split,
            "drawn": drawn,
            "relations": relations,
            "licenses": list(settings.licenses),
        },
        folders=(folder,),
        read=lambda *rooms: keep_licensed(read(*rooms), settings.licenses),
        title="the left-right testbed: pictograms in a row of ten cells, drawn by code",
        citation=_CITATION,
        license_sentence="The testbed's pictures and annotations were drawn by code and are dedicated to the public "
        "domain (CC0 1.0).",
        card_license="cc0-1.0",
        sampling="; ".join(filter(None, [trained, settings.sampling])),
        linkable=False,
    )


def choose_scenes(scenes: Scenes, settings: BuildSettings) -> Integers:
    """The scenes of two things that are shown: rows, in order.

    A scene and the one with its labels exchanged are taken or left together, as far as `max_images` is even.
    """
    rows = np.flatnonzero((scenes.kind != ONE_OBJECT) & (scenes.split == SPLITS.index(settings.split)))
    couple = rows // 2
    rows = rows[np.lexsort((rows, mix(seeded(settings.seed), couple.astype(np.uint64))))]
    if settings.max_per_triplet is not None:
        labels = scenes.left[rows].astype(np.int64) * (len(LABELS) + 1) + scenes.right[rows]
        order = np.argsort(labels, kind="stable")
        place = np.empty(len(rows), dtype=np.int64)
        place[order] = np.arange(len(rows)) - np.searchsorted(labels[order], labels[order])
        rows = rows[place < settings.max_per_triplet]
    return np.sort(rows[: settings.max_images])


def picture_tables(
    scenes: Scenes, names: pa.Array, strip: Strip, relations: tuple[str, ...], split: str
) -> dict[str, pa.Table]:
    """The tables of pictures of two things.

    Args:
        scenes: The scenes of two things.
        names: The id of each.
        strip: Drew them.
        relations: What records are wanted of, among `RELATIONS`. Both are always annotated.
        split: What they are of.
    """
    labels = pa.array(["", *LABELS])
    left, right = labels.take(pa.array(scenes.left)), labels.take(pa.array(scenes.right))
    count = len(scenes)
    exchanged = replace(scenes, left=scenes.right, right=scenes.left)
    titles = [f"{a} to the left of {b}" for a, b in zip(left.to_pylist(), right.to_pylist(), strict=True)]
    images = {
        "image_id": names,
        "source": _all(SOURCE, count),
        "source_split": _all(split, count),
        "license": _all(LICENSE, count),
        "author": _all(AUTHOR, count),
        "title": pa.array(titles),
        "boxes_complete": _all(True, count),
        "counterpart_id": name_scenes(exchanged),
    }
    boxes = np.concatenate(
        [strip.boxes(scenes.left, scenes.left_cell), strip.boxes(scenes.right, scenes.right_cell)]
    )
    sides = _all("left", count), _all("right", count)
    no = _all(False, 2 * count)
    objects = {
        "image_id": pa.concat_arrays([names, names]),
        "object_id": pa.concat_arrays(sides),
        "label": pa.concat_arrays([left, right]),
        "box": pa.FixedSizeListArray.from_arrays(pa.array(boxes.ravel(), pa.float32()), 4),
        **dict.fromkeys(("is_group_of", "is_depiction", "is_occluded", "is_truncated"), no),
    }
    number = np.arange(1, len(LABELS) + 1)
    row, absent = np.nonzero((number != scenes.left[:, None]) & (number != scenes.right[:, None]))
    ends = {
        LEFT_OF: (left, sides[0], right, sides[1]),
        RIGHT_OF: (right, sides[1], left, sides[0]),
    }
    stated = {
        name: pa.table(
            {
                "image_id": names,
                "relation_id": _all(name, count),
                "subject_label": subject,
                "subject_id": subject_id,
                "relation": _all(name, count),
                "object_label": thing,
                "object_id": thing_id,
                "evidence": _all("constructed", count),
                "pairs": _all(1, count),
            }
        )
        for name, (subject, subject_id, thing, thing_id) in ends.items()
    }
    return {
        "images": pa.table(images),
        "objects": pa.table(objects),
        "absent_labels": pa.table(
            {"image_id": names.take(pa.array(row)), "label": pa.array(LABELS).take(pa.array(absent))}
        ),
        "relations": _columns(pa.concat_tables(stated.values()), schema.RELATIONS),
        "triplets": _columns(pa.concat_tables(stated[name] for name in relations), schema.TRIPLETS),
    }


def _check(settings: BuildSettings, pairs: int, layouts: int, relations: tuple[str, ...]) -> None:
    if settings.data_of(Source.TESTBED) is not None:
        raise UserError("--data: the testbed draws its own pictures. Leave --data away.")
    if pairs > ALL_PAIRS:
        raise UserError(
            f"--pairs {pairs}: the testbed's {TRAINING_LABELS} training labels have {ALL_PAIRS} pairs. "
            f"Give at most {ALL_PAIRS}."
        )
    if layouts > ALL_LAYOUTS:
        raise UserError(
            f"--layouts {layouts}: two things in the testbed's ten cells have {ALL_LAYOUTS} layouts. "
            f"Give at most {ALL_LAYOUTS}."
        )
    if not relations:
        raise UserError(f"--relations: the testbed has only {' and '.join(RELATIONS)}. Name one of them.")


def _vocabulary() -> str:
    words = ", ".join(f"{token} {word}" for token, word in enumerate(VOCABULARY))
    return (
        f"the tokens of the testbed: {words}. 0 is also an empty cell. Labels 1 to {TRAINING_LABELS} are for "
        f"training; {TRAINING_LABELS + 1} to {len(LABELS)} are held out of all training scenes of two things."
    )


def _all(value: object, count: int) -> pa.Array:
    """One value in every row."""
    return pa.repeat(pa.scalar(value), count)


def _columns(table: pa.Table, kind: pa.Schema) -> pa.Table:
    return table.select([name for name in kind.names if name in table.column_names])
