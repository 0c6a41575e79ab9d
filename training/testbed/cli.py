"""The command `naturel testbed`."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from naturel.annotations.errors import UserError
from naturel.builders.command import guard

PAIRS = "Numbers of label pairs that are trained, with commas, 1 to 105. With all 105 no pair is unseen."
LAYOUTS = "Numbers of layouts that each pair is trained in, 1 to 45."
SEEDS = "One model a seed; figures are means over them."
STEPS = "Steps of training, the same for every model."
SIDES = "Captions say left, or both left and right (the text encoder then has two layers)."
SHARED = "All pairs are trained in the same layouts. Default: each in layouts of its own, as in the paper."
JOBS = "Models trained at once, one core each. Default: one a core."
OUT = "The folder for figures and tables. Models that are in it already are not trained again."


def run_testbed_command(
    out: Annotated[Path, typer.Option(help=OUT)] = Path("testbed"),
    pairs: Annotated[str, typer.Option(help=PAIRS)] = "5,15,45,90",
    layouts: Annotated[str, typer.Option(help=LAYOUTS)] = "2,5,15,45",
    seeds: Annotated[str, typer.Option(help=SEEDS)] = "0,1,2",
    steps: Annotated[int, typer.Option(min=1, help=STEPS)] = 600,
    sides: Annotated[str, typer.Option(metavar="left|both", help=SIDES)] = "left",
    shared_layouts: Annotated[bool, typer.Option("--shared-layouts", help=SHARED)] = False,
    jobs: Annotated[int, typer.Option(min=0, help=JOBS)] = 0,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """See what makes a small CLIP learn left and right: many pairs of labels, or many layouts?

    Trains two small transformers on rows of ten cells with one or two things in them, for every number of label
    pairs, number of layouts and seed, and asks about pairs that were never trained; then removes parts of the
    trained attention. The setting is that of Yamamoto, Noguchi and Tanizawa, arXiv 2601.12809.

    Writes accuracies.csv and .parquet, testbed.md and testbed.png. A run that was stopped goes on where it was.
    """
    guard(lambda: _testbed(out, pairs, layouts, seeds, steps, sides, shared_layouts, jobs), debug)


def _testbed(
    out: Path, pairs: str, layouts: str, seeds: str, steps: int, sides: str, shared_layouts: bool, jobs: int
) -> None:
    from naturel.builders.engine import require_extra

    for package in ("torch", "matplotlib"):
        require_extra(package, "naturel testbed", "train")

    from naturel.builders.files import write_text
    from naturel.builders.progress import choose_progress
    from naturel.builders.sources.testbed.scenes import ALL_LAYOUTS, ALL_PAIRS
    from naturel.training.testbed.findings import findings
    from naturel.training.testbed.grid import grid, run_grid
    from naturel.training.testbed.model import ModelSettings
    from naturel.training.testbed.plots import plot
    from naturel.training.testbed.tables import markdown
    from naturel.training.testbed.train import TrainingSettings

    if sides not in ("left", "both"):
        raise UserError(f"--sides {sides}: give left or both.")
    both = sides == "both"
    cells = grid(
        _numbers("--pairs", pairs, 1, ALL_PAIRS),
        _numbers("--layouts", layouts, 1, ALL_LAYOUTS),
        _numbers("--seeds", seeds, 0, 2**32 - 1),
        own_layouts=not shared_layouts,
        model=ModelSettings(text_layers=2 if both else 1),
        training=TrainingSettings(steps=steps, both_sides=both),
    )
    start = time.perf_counter()
    results = run_grid(
        cells, out / "cells", jobs or os.cpu_count() or 1, choose_progress(Console(stderr=True))
    )
    results.write(out)
    write_text(out / "testbed.md", markdown(results, cells[0]))
    plot(results, out / "testbed.png")
    for sentence in findings(results):
        print(sentence)
    print(f"{len(cells)} models in {time.perf_counter() - start:.0f} s: {out / 'testbed.md'}, testbed.png")


def _numbers(option: str, text: str, least: int, most: int) -> list[int]:
    """Different whole numbers with commas between them, ascending.

    Raises:
        UserError: Something is not a number or out of range.
    """
    try:
        numbers = sorted({int(part) for part in text.split(",")})
    except ValueError:
        raise UserError(
            f"{option} {text}: give whole numbers with commas between them, such as 5,15,45."
        ) from None
    wrong = [number for number in numbers if not least <= number <= most]
    if wrong:
        raise UserError(f"{option} {text}: {wrong[0]} is out of range; give numbers from {least} to {most}.")
    return numbers
