"""Captions to choose from, without the pictures they are about: of a benchmark, or of a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from naturel.annotations.errors import UserError
from naturel.annotations.joins import Integers
from naturel.annotations.truth import Flags
from naturel.evaluation.questions import Kind, Questions


@dataclass(frozen=True)
class Options:
    """n questions without their pictures, each of c captions to choose from."""

    name: str
    captions: tuple[str, ...]
    texts: Integers
    """Numbers of captions, shape (n, c); -1 where a question has fewer than c."""
    true: Flags | None
    """Which of them are right, shape (n, c); None where nobody says."""
    clusters: Integers
    """What is drawn together, shape (n,)."""


def options_of(questions: Questions) -> Options | None:
    """The captions of a benchmark; None where its questions have not one picture and a choice."""
    if questions.kind is not Kind.CHOICE or not len(questions):
        return None
    return Options(
        questions.benchmark,
        questions.captions,
        questions.texts,
        questions.true[:, 0, :],
        questions.images[:, 0],
    )


class _Row(msgspec.Struct):
    captions: list[str]
    label: int | None = None


def read_options(path: Path) -> Options:
    """Captions of a file: a text file with one a line, or JSON Lines of `captions` and the right one's `label`.

    The captions of a text file are one question's. `label` counts from 0, and stands in all lines or in none.

    Raises:
        UserError: The file cannot be read, or a line is not written so.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"--captions {path} cannot be read: {error}. Give a text file, or JSON Lines."
        ) from error
    if path.suffix.lower() not in (".jsonl", ".ndjson"):
        rows = [_Row([line.strip() for line in lines if line.strip()])]
    else:
        rows = list(_rows(path, lines))
    labels = [row.label for row in rows]
    if not rows or not rows[0].captions:
        raise UserError(f"--captions {path} has no captions.")
    if None in labels and any(label is not None for label in labels):
        raise UserError(f"--captions {path}: some lines have a label and some have none. Give all, or none.")
    numbers: dict[str, int] = {}
    texts = np.full((len(rows), max(len(row.captions) for row in rows)), -1, dtype=np.int64)
    for i, row in enumerate(rows):
        texts[i, : len(row.captions)] = [numbers.setdefault(text, len(numbers)) for text in row.captions]
    true = None if None in labels else np.arange(texts.shape[1]) == np.array(labels)[:, None]
    return Options(str(path), tuple(numbers), texts, true, np.arange(len(rows)))


def _rows(path: Path, lines: Sequence[str]) -> Iterable[_Row]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                row = msgspec.json.decode(line, type=_Row)
            except msgspec.DecodeError as error:
                raise UserError(
                    f'--captions {path}, line {number}: {error}. Write {{"captions": ["...", "..."], "label": 0}}.'
                ) from error
            if len(row.captions) < 2 or not 0 <= (row.label or 0) < len(row.captions):
                raise UserError(
                    f"--captions {path}, line {number}: give two or more captions, and a label from 0 to one less."
                )
            yield row
