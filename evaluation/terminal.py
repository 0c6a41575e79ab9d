"""Results on a terminal; in a pipe, as a table that is not cut."""

from __future__ import annotations

from itertools import groupby

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from naturel.evaluation.results import Results
from naturel.evaluation.tables import (
    count,
    figure,
    labels_of,
    left_out_lines,
    legend,
    metric_name,
    percent,
    summary_rows,
)

PIPE_WIDTH = 1000
"""A pipe has no width of its own, and a table takes what it needs."""

MODEL_WIDTH = 12
"""Of a model's column on a terminal, where a long name is broken."""


def show_results(results: Results, *, pipe: bool) -> None:
    """Print figures of whole benchmarks, and what was left out, on standard output.

    Args:
        results: The figures.
        pipe: Whether standard output is no terminal.
    """
    console = Console(width=PIPE_WIDTH) if pipe else Console()
    rows = summary_rows(results)
    if rows:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in ("benchmark", "metric"):
            table.add_column(name, overflow="fold")
        for name in ("n", "chance"):
            table.add_column(name, justify="right", no_wrap=True)
        for name in labels_of(results.models):
            table.add_column(
                escape(name), justify="right", overflow="fold", max_width=None if pipe else MODEL_WIDTH
            )
        for benchmark, some in groupby(rows, key=lambda row: row.benchmark):
            for place, row in enumerate(some):
                shown = escape(benchmark) if not place or pipe else ""
                cells = (count(row), percent(row.chance), *map(figure, row.measures))
                table.add_row(shown, metric_name(row.metric), *cells)
        console.print(table)
        console.print(legend(results), style="dim", highlight=False)
    for line in left_out_lines(results):
        console.print(escape(line), highlight=False, soft_wrap=True)
    for line in note_lines(results):
        console.print(escape(line), highlight=False, soft_wrap=True)


def note_lines(results: Results) -> list[str]:
    """The first note of each benchmark's family, and how many more there are: they are much alike."""
    families: dict[str, list[str]] = {}
    for benchmark, notes in results.notes.items():
        told = families.setdefault(benchmark.partition("/")[0], [])
        told += [f"{benchmark}: {note}" for note in notes]
    return [
        notes[0] + (f" (And {len(notes) - 1} more of {family}, in the files of --out.)" if notes[1:] else "")
        for family, notes in families.items()
    ]
