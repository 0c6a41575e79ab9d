"""The pictures of the testbed: ten cells in a row, with a pictogram where a cell holds a thing.

A label looks the same in all pictures, so that nothing but label and place differ. The row lies across the middle of
a square, so that models that crop squares see all of it.
"""

from __future__ import annotations

import hashlib
import io
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
from PIL import Image

from naturel.annotations.geometry import Boxes
from naturel.annotations.joins import Integers
from naturel.builders.files import write_file
from naturel.builders.progress import Progress
from naturel.builders.sources.pictograms import PICTOGRAMS, Box, Canvas, draw, random_style
from naturel.builders.sources.pictograms.pen import Color, Pen
from naturel.builders.sources.testbed.scenes import CELLS, LABELS, Cells, Scenes

DRAWING = "1"
"""Goes up with every change of what pictures look like: ids are made of it, and pictures are kept by their ids."""
CELL, HEIGHT = 50, 80
"""Width and height of a cell in pixels."""
ROOM = (36, 72)
"""What of it a pictogram may take: things in neighbouring cells are 2 % of the picture apart, so that boxes alone
prove who is on the left (`left_of` in relations.yaml)."""
SIDE = CELL * CELLS
"""Sides of the picture in pixels."""
TOP = (SIDE - HEIGHT) // 2
"""Pixels above the cells."""
GROUND: Color = (226, 224, 216)
PAPER: Color = (252, 251, 247)
LINE: Color = (176, 172, 164)
QUALITY = 90


@dataclass(frozen=True)
class _Tile:
    """One cell; the box is that of its pictogram, in pixels."""

    image: Image.Image
    box: Box = (0.0, 0.0, 0.0, 0.0)


class Strip:
    """Draws scenes; every label is drawn once."""

    @cached_property
    def _tiles(self) -> list[_Tile]:
        """The cells that hold each label, by its number; the empty one has number 0."""
        return [_Tile(_paper().image()), *map(_tile, LABELS)]

    @cached_property
    def _empty(self) -> Image.Image:
        picture = Image.new("RGB", (SIDE, SIDE), GROUND)
        for cell in range(CELLS):
            picture.paste(self._tiles[0].image, (cell * CELL, TOP))
        return picture

    def draw(self, cells: Cells) -> Image.Image:
        """The picture of a scene, `SIDE` pixels square; `cells` has the labels, shape (`CELLS`,)."""
        picture = self._empty.copy()
        for cell in np.flatnonzero(cells).tolist():
            picture.paste(self._tiles[int(cells[cell])].image, (cell * CELL, TOP))
        return picture

    def boxes(self, labels: Cells, cells: Integers) -> Boxes:
        """Where things are seen, shape (n, 4), as fractions of the picture.

        Args:
            labels: The label of each thing, shape (n,).
            cells: The cell that it is in, shape (n,).
        """
        boxes = np.array([tile.box for tile in self._tiles])[labels]
        boxes[:, [0, 2]] += cells[:, None] * CELL
        boxes[:, [1, 3]] += TOP
        return boxes / SIDE


def name_scenes(scenes: Scenes) -> pa.Array:
    """The id of each scene, `testbed-` and 16 hexadecimal digits: the same scene has the same id in every build."""
    names = np.array(["", *LABELS])
    texts = (
        f"{DRAWING}/{left}@{left_cell}/{right}@{right_cell}"
        for left, left_cell, right, right_cell in zip(
            names[scenes.left], scenes.left_cell, names[scenes.right], scenes.right_cell, strict=True
        )
    )
    return pa.array(
        [f"testbed-{hashlib.sha256(text.encode()).hexdigest()[:16]}" for text in texts], pa.string()
    )


def write_pictures(folder: Path, scenes: Scenes, ids: list[str], strip: Strip, progress: Progress) -> None:
    """Draw scenes into a folder, `<id>.jpg` each; the folder appears only when it is complete.

    Args:
        folder: Where they go; nothing is done if it is there.
        scenes: The scenes.
        ids: The id of each.
        strip: Draws them.
        progress: Where progress is shown.
    """
    if folder.is_dir():
        return
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    with progress.task("testbed", len(ids), "pictures") as task:
        for name, cells in zip(ids, scenes.cells, strict=True):
            buffer = io.BytesIO()
            strip.draw(cells).save(buffer, "JPEG", quality=QUALITY)
            write_file(partial / f"{name}.jpg", buffer.getvalue())
            task.advance(1)
    partial.rename(folder)


def _paper() -> Canvas:
    canvas = Canvas(CELL, HEIGHT, PAPER)
    pen = Pen((0, 0, CELL, HEIGHT), (CELL, HEIGHT))
    edges = [(0, 0), (CELL, 0), (CELL, HEIGHT), (0, HEIGHT), (0, 0)]
    pen.stroke([(float(x), float(y)) for x, y in edges], 1.5, LINE)
    canvas.paint(pen.done().back)
    return canvas


def _tile(label: str) -> _Tile:
    width, height = PICTOGRAMS[label].natural()
    scale = min(ROOM[0] / width, ROOM[1] / height)
    x, y = (CELL - width * scale) / 2, (HEIGHT - height * scale) / 2
    style = random_style(label, Random(f"testbed/{label}"))  # noqa: S311
    drawing = draw(label, (x, y, CELL - x, HEIGHT - y), style)
    canvas = _paper()
    canvas.paint(drawing.back, 1)
    canvas.paint(drawing.front, 1)
    (x0, y0, x1, y1), _ = canvas.visible(1)
    return _Tile(canvas.image(), (x0 * CELL, y0 * HEIGHT, x1 * CELL, y1 * HEIGHT))
