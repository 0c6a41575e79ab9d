"""Folders of benchmarks in their official layouts, as small as can be."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PIL import Image

from naturel.evaluation.questions import Questions

SHARED = Path(__file__).parents[3] / "shared/data"
"""Real data, on machines that have them."""


def photo(path: Path, colour: str = "red", size: tuple[int, int] = (40, 30)) -> Path:
    """Write a photo of one colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


def photo_bytes(colour: str = "red") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(buffer, "PNG")
    return buffer.getvalue()


def write_json(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def write_lines(path: Path, rows: Iterable[Any]) -> Path:
    """Write JSON Lines; a row that is text is written as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def asked(questions: Questions) -> list[tuple[list[str], list[str], list[list[bool]]]]:
    """Each question as its pictures' keys, its sentences, and which of them is true of which picture."""
    rows = []
    for images, texts, true in zip(questions.images, questions.texts, questions.true, strict=True):
        there = texts >= 0
        rows.append(
            (
                [questions.pictures[number].key for number in images],
                [questions.captions[number] for number in texts[there]],
                true[:, there].tolist(),
            )
        )
    return rows


def facts(questions: Questions, name: str) -> list[str | None]:
    values: list[str | None] = questions.facts[name].to_pylist()
    return values
