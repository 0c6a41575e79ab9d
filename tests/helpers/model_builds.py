"""Builds that ask a language model: a source of few claims, and the command in this process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from helpers.caption_server import Asked, CaptionServer, Sentences
from helpers.openimages_folder import Box, Boxed, Folder, Relation
from typer.testing import CliRunner

from naturel.builders.cli import build_app
from naturel.builders.llm.requests import Message, Request

HIGH: Box = (0.4, 0.2, 0.6, 0.5)
LOW: Box = (0.2, 0.45, 0.9, 0.95)
WHOLE: Box = (0.1, 0.1, 0.7, 0.95)
INNER: Box = (0.2, 0.4, 0.6, 0.7)


def write_small_source(path: Path) -> Path:
    """Ten pictures with three things each; pictures are links, nothing is fetched."""
    folder = Folder(path)
    rows, boxes = [], []
    scenes = [
        ("Cat", "on", "Table", HIGH, LOW),
        ("Cat", "on", "Chair", HIGH, LOW),
        ("Man", "holds", "Guitar", WHOLE, INNER),
        ("Woman", "holds", "Guitar", WHOLE, INNER),
        ("Man", "plays", "Guitar", WHOLE, INNER),
    ]
    for number, (subject, relation, object_, one, other) in enumerate(scenes * 2):
        image = f"{number:016x}"
        rows.append(Relation(image, subject, relation, object_, one, other))
        boxes += [Boxed(image, subject, one), Boxed(image, object_, other)]
    image = f"{len(scenes) * 2:016x}"
    rows.append(Relation(image, "Table", "is", "Wooden", LOW))
    boxes.append(Boxed(image, "Table", LOW))
    folder.relations(rows)
    folder.boxes(boxes)
    return path


CLAIMS = 21
"""That a build of this source states."""


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    def figure(self, label: str) -> str:
        """What the closing table says of something."""
        return next(
            line[len(label) :].strip() for line in self.out.splitlines() if line.startswith(f"{label}  ")
        )

    def count(self, label: str) -> int:
        return int(self.figure(label).replace(",", ""))


def run_command(*options: str | Path, **environment: str | None) -> Done:
    """`build-naturel --source openimages` with options, in this process."""
    arguments = ["--source", "openimages", *map(str, options)]
    result = CliRunner().invoke(build_app, arguments, env=environment)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Done(result.exit_code, result.stdout, result.stderr)


def manifest_of(out: Path, step: str) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((out / "work" / step / "manifest.json").read_text())
    return manifest


def counts_of(out: Path, step: str = "captions") -> dict[str, int]:
    counts: dict[str, int] = manifest_of(out, step)["counts"]
    return counts


def captions_of(out: Path) -> list[dict[str, Any]]:
    """The captions of a build that a model was to write, and the fillers."""
    table = pq.read_table(out / "work" / "captions" / "captions.parquet").to_pylist()
    return [row for row in table if row["style"] == "complex"]


class Builder:
    """Runs builds of one source with one cache."""

    def __init__(self, source: Path, folder: Path) -> None:
        self.source = source
        self.folder = folder
        self.cache = folder / "answers.sqlite"

    def options(self, url: str, out: Path, *more: str | Path) -> list[str]:
        options = ["--data", self.source, "--images", "link", "--out", out, "--cache", self.cache]
        return [
            *map(str, options),
            "--captioner",
            "openai",
            "--model",
            "tiny",
            "--base-url",
            url,
            *map(str, more),
        ]

    def run(self, server: CaptionServer, out: Path, *more: str | Path, **environment: str | None) -> Done:
        return run_command(*self.options(server.url, out, *more), **environment)

    def must(self, server: CaptionServer, out: Path, *more: str | Path) -> Done:
        done = self.run(server, out, *more)
        assert done.code == 0, done.err
        return done


FIRST_SEED = Request("tiny", (Message("user", ""),)).seed
"""Sent with all requests of the first round."""


def half_wrong(asked: Asked) -> Sentences | None:
    """Every second sentence is in doubt, in the first round."""
    if asked.seed != FIRST_SEED:
        return None
    return asked.good | {name: f"Perhaps {asked.good[name]}" for name in asked.constructions[::2]}
