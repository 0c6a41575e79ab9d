"""The grid: a model for each number of label pairs, number of layouts and seed; a finished one is never run again."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, field
from itertools import product
from multiprocessing.connection import wait
from pathlib import Path
from threading import Thread
from typing import Any

from naturel.annotations.errors import UserError
from naturel.builders.files import write_text
from naturel.builders.progress import Progress
from naturel.builders.sources.testbed.scenes import make_scenes
from naturel.training.testbed.model import ModelSettings
from naturel.training.testbed.results import Results, Row
from naturel.training.testbed.train import TrainingSettings

VERSION = 1
"""Raised when the same settings would give other figures; cells of other versions are run again."""


@dataclass(frozen=True)
class CellSettings:
    """Everything that decides a cell's figures."""

    pairs: int
    layouts: int
    seed: int
    own_layouts: bool = True
    """Each pair is trained in layouts of its own; otherwise all in the same ones."""
    model: ModelSettings = field(default_factory=ModelSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)

    def path(self, folder: Path) -> Path:
        """The cell's file: its name tells the settings apart."""
        digest = hashlib.sha256(json.dumps(self.described(), sort_keys=True).encode()).hexdigest()[:12]
        return folder / f"pairs{self.pairs}_layouts{self.layouts}_seed{self.seed}_{digest}.json"

    def described(self) -> dict[str, Any]:
        """The settings and the version, as JSON."""
        return {"version": VERSION, **asdict(self)}


def grid(
    pairs: Sequence[int],
    layouts: Sequence[int],
    seeds: Sequence[int],
    *,
    own_layouts: bool = True,
    model: ModelSettings | None = None,
    training: TrainingSettings | None = None,
) -> list[CellSettings]:
    """All cells of a grid, in order."""
    return [
        CellSettings(*axes, own_layouts, model or ModelSettings(), training or TrainingSettings())
        for axes in product(pairs, layouts, seeds)
    ]


def run_cell(cell: CellSettings) -> list[dict[str, Any]]:
    """Make the scenes of a cell, train a model, ask it; its rows."""
    import torch

    from naturel.training.testbed.measure import measure
    from naturel.training.testbed.train import train

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # Cells run side by side, and figures must not depend on the machine's cores.
    try:
        scenes = make_scenes(cell.seed, cell.pairs, cell.layouts, own_layouts=cell.own_layouts)
        trained = train(scenes, cell.model, cell.training, cell.seed)
        found = measure(trained.model, scenes, cell.training.both_sides)
    finally:
        torch.set_num_threads(threads)
    return [
        asdict(
            Row(
                cell.pairs,
                cell.layouts,
                cell.seed,
                accuracy.asked,
                accuracy.removed,
                accuracy.measure,
                accuracy.value,
                accuracy.count,
                accuracy.chance,
            )
        )
        for accuracy in found
    ]


def run_grid(cells: Sequence[CellSettings], folder: Path, jobs: int, progress: Progress) -> Results:
    """Run the cells that are not in `folder` yet, and read all.

    Args:
        cells: The grid.
        folder: Where each cell's rows are kept, one JSON file a cell, written when it is done.
        jobs: Processes at once; 1: this one.
        progress: Counts steps of training, when a model is done.

    Raises:
        UserError: One of the processes was ended from outside.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = [cell for cell in cells if _read(cell, folder) is None]
    with progress.task("training", sum(cell.training.steps for cell in missing), "steps") as task:
        for cell, rows in _run(missing, jobs):
            described = json.dumps({"settings": cell.described(), "rows": rows}, indent=1)
            write_text(cell.path(folder), described + "\n")
            task.advance(cell.training.steps)
    return Results([row for cell in cells for row in _read(cell, folder) or []])


def _run(cells: Sequence[CellSettings], jobs: int) -> Iterator[tuple[CellSettings, list[dict[str, Any]]]]:
    if jobs == 1 or len(cells) < 2:
        for cell in cells:
            yield cell, run_cell(cell)
        return
    # Forked processes would share torch's threads.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(jobs, len(cells)), context, _stop_at_once)
    try:
        waiting = {pool.submit(run_cell, cell): cell for cell in cells}
        for done in as_completed(waiting):
            yield waiting[done], done.result()
    except BrokenProcessPool:
        raise UserError(
            "A process that trains a model was ended from outside; the system may have run out of memory. The same "
            "command goes on; --jobs 1 needs least."
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _stop_at_once() -> None:
    """Ctrl-C ends a process without a traceback, and so does the end of the one that started it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _read(cell: CellSettings, folder: Path) -> list[Row] | None:
    """The rows of a cell that was run; None where it was not, or its file is not whole."""
    try:
        kept = json.loads(cell.path(folder).read_text(encoding="utf-8"))
        return [Row(**row) for row in kept["rows"]]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
