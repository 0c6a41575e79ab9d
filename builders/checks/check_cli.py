"""The command `naturel check`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from naturel.annotations.errors import UserError
from naturel.builders.command import guard

if TYPE_CHECKING:
    from naturel.builders.checks.check_file import CheckSummary

FILE = "JSON lines with subject, relation (a canonical name or a phrase), object and sentence."
OUT = "Write the lines with states, claims, reason and problems added."
PIPE_WIDTH = 110


def check_command(
    file: Annotated[Path, typer.Argument(help=FILE)],
    out: Annotated[Path | None, typer.Option(help=OUT)] = None,
    scene_detail: Annotated[
        bool, typer.Option("--scene-detail", help="Allow colours, numbers and places beside the claim.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Tell whether each sentence states its claim: yes, no, or unsure where it cannot be told.

    A sentence states a claim (cat, on, desk) when it says just this of the two, in whatever words and order: "Atop
    the desk sits a kitten." It does not when roles are swapped, a thing is another, missing or added, or the claim is
    denied or doubted.
    """
    guard(lambda: _check(file, out, scene_detail), debug)


def _check(file: Path, out: Path | None, scene_detail: bool) -> None:
    # Imported here so that --help answers at once.
    from naturel.builders.checks.check import Checker
    from naturel.builders.checks.check_file import check_file
    from naturel.builders.checks.text import TextRules
    from naturel.builders.progress import choose_progress

    if out and not out.parent.is_dir():
        raise UserError(f"--out {out}: there is no folder {out.parent}; make it first.")
    console = Console(stderr=True)
    checker = Checker(rules=TextRules(scene_detail=scene_detail))
    start = time.perf_counter()
    with choose_progress(console).task("check", None, "sentences") as task:
        summary = check_file(file, out, checker, advance=task.advance)
    _show(summary, time.perf_counter() - start)


def _show(summary: CheckSummary, seconds: float) -> None:
    console = Console() if sys.stdout.isatty() else Console(width=PIPE_WIDTH)
    table = Table(box=None, pad_edge=False)
    table.add_column("states its claim")
    table.add_column("sentences", justify="right")
    table.add_column("share", justify="right")
    for answer in ("yes", "no", "unsure"):
        count = summary.states[answer]
        table.add_row(answer, f"{count:,}", f"{count / max(summary.checked, 1):.1%}")
    console.print(table)
    for title, counts in (("problem of wording", summary.problems), ("cannot be checked", summary.bad_lines)):
        if counts:
            found = Table(box=None, pad_edge=False)
            found.add_column(title)
            found.add_column("lines", justify="right")
            for name, count in counts.most_common():
                found.add_row(name, f"{count:,}")
            console.print(found)
    for sort, quoted in summary.examples.items():
        console.print(f"{sort}:", highlight=False, markup=False)
        for text in quoted:
            console.print(f"  {text}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"{summary.checked:,} sentences in {seconds:.1f} s", highlight=False)
