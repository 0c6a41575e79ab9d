"""Questions of one's own: JSON Lines of a picture, captions, and which of them are true.

A line is `{"image": "a.jpg", "captions": ["a cat on a desk", "a desk on a cat"], "labels": [1, 0]}`. Instead of
`labels` it may have `true`, the place (from 0) of the true caption, or a list of places. Optional are `id`,
`relation`, `kind`, `construction`, `tag` (figures are broken down by these), `pair` and `set` (questions that have to
be answered together), and `crop` (`[x_min, y_min, x_max, y_max]` in pixels). `image` is a path below the file's
folder. A line of one caption is a judgement: such lines are ranked against each other.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from naturel.annotations.errors import UserError
from naturel.evaluation.benchmarks.collecting import Collector, keep_whole
from naturel.evaluation.benchmarks.rows import (
    BadRow,
    Photos,
    Place,
    crop_of,
    label_of,
    object_of,
    read_lines,
    text_of,
)
from naturel.evaluation.questions import Kind, Questions

FACTS = ("relation", "kind", "construction", "tag", "pair", "set")
SUFFIXES = (".jsonl", ".json", ".ndjson")
BESIDE = "the folder of the file that names them"


def open_part(part: str, place: Place) -> list[Questions]:
    """Read one file, or all `*.jsonl` of a folder in the order of their names.

    Args:
        part: A file's name without its ending; empty: all.
        place: The file, or its folder.

    Returns:
        Of each file its questions of several captions, `jsonl/<name>`, and those of one, `jsonl/<name>:judgements`.

    Raises:
        UserError: There is none, or it is not in this format.
    """
    if place.folder.is_file():
        paths = [place.folder]
    else:
        paths = sorted(path for path in place.folder.glob("*.jsonl") if not part or path.stem == part)
    if not paths:
        raise UserError(
            f"{place.folder} holds no file {part or '*'}.jsonl. Give a file of lines such as "
            '{"image": "a.jpg", "captions": ["right", "wrong"], "labels": [1, 0]}.'
        )
    return [questions for path in paths for questions in _read(path)]


def _read(path: Path) -> list[Questions]:
    photos = Photos([path.parent], BESIDE)
    choices = Collector(f"jsonl/{path.stem}", Kind.CHOICE, path)
    judgements = Collector(f"jsonl/{path.stem}:judgements", Kind.JUDGEMENT, path)
    sizes: dict[str, Counter[str]] = {"pair": Counter(), "set": Counter()}
    for where, row in read_lines(path):
        single = isinstance(row, dict) and isinstance(row.get("captions"), list) and len(row["captions"]) == 1
        collector = judgements if single else choices
        with collector.row(where):
            told = object_of(row)
            facts = {name: label_of(told.get(name)) for name in FACTS}
            for name, sizes_of in sizes.items():
                if facts[name] is not None:
                    sizes_of[str(facts[name])] += 1
            sentences, true = _captions(told)
            crop = told.get("crop")
            if crop is not None and not isinstance(crop, list):
                raise BadRow("the crop is not four whole numbers")
            picture = photos.picture(told.get("image"), None if crop is None else crop_of(crop))
            facts["id"] = label_of(told.get("id")) or where.split()[-1]
            collector.add([picture], sentences, [true], facts)
    if len(choices) and len(judgements):
        return [keep_whole(choices.questions(photos.notes()), sizes), judgements.questions()]
    if len(judgements) or (judgements.left_out and not len(choices) and not choices.left_out):
        judgements.left_out.update(choices.left_out)
        return [judgements.questions(photos.notes())]
    choices.left_out.update(judgements.left_out)
    return [keep_whole(choices.questions(photos.notes()), sizes)]


def _captions(row: dict[str, Any]) -> tuple[list[str], list[bool]]:
    """The captions of a line, and which are true."""
    captions = row.get("captions")
    if not isinstance(captions, list) or not captions:
        raise BadRow("captions is missing or no list")
    sentences = [text_of(caption, "a caption") for caption in captions]
    if "labels" in row:
        labels = row["labels"]
        if (
            not isinstance(labels, list)
            or len(labels) != len(sentences)
            or any(x not in (0, 1) for x in labels)
        ):
            raise BadRow("labels are not one 0 or 1 for each caption")
        true = [bool(label) for label in labels]
    else:
        places = row.get("true")
        places = places if isinstance(places, list) else [places]
        if not all(type(at) is int and 0 <= at < len(sentences) for at in places):
            raise BadRow("it has no labels, and true is no place of a caption")
        true = [at in places for at in range(len(sentences))]
    if len(sentences) > 1 and (all(true) or not any(true)):
        raise BadRow("its captions are all true or all false")
    return sentences, true
