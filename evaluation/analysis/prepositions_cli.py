"""The command `naturel analyse prepositions`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from naturel.annotations.errors import UserError
from naturel.builders.command import guard
from naturel.evaluation.analysis.console import console, make_folder, table, written

if TYPE_CHECKING:
    from naturel.evaluation.analysis.corpus import Faults
    from naturel.evaluation.analysis.prepositions import Counts

CORPUS = "Files (.parquet, .tsv, .csv, .jsonl, .txt; .gz too), folders of them, or patterns in quotes."
COLUMN = "Column of captions: its name, or its number from 1. Default: caption, text, title or the like."
FORMAT = "parquet, tsv, csv, jsonl or text; auto: by the name's ending."
WITHOUT = "A noise filter to leave out; several: give it several times; `all`: count without filters."
EXAMPLES = "Captions shown for each preposition, chosen by hash."
OUT = "Folder for prepositions.json, .md and .png (the plot needs matplotlib)."


def prepositions_command(
    corpus: Annotated[list[str], typer.Argument(metavar="CORPUS...", help=CORPUS)],
    column: Annotated[str | None, typer.Option(help=COLUMN)] = None,
    layout: Annotated[str, typer.Option("--format", metavar="FORMAT", help=FORMAT)] = "auto",
    without: Annotated[list[str] | None, typer.Option(metavar="FILTER", help=WITHOUT)] = None,
    examples: Annotated[int, typer.Option(min=0, help=EXAMPLES)] = 3,
    out: Annotated[Path | None, typer.Option(help=OUT)] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Count spatial prepositions in a caption corpus, before and after noise is taken out.

    Captions are read batch by batch: a corpus needs not fit into memory.
    """
    guard(lambda: _count(corpus, column, layout, without or [], examples, out), debug)


def _count(
    places: list[str], column: str | None, layout: str, without: list[str], examples: int, out: Path | None
) -> None:
    # Imported here so that --help answers at once.
    from rich.console import Console

    from naturel.builders.files import write_text
    from naturel.builders.progress import choose_progress
    from naturel.builders.workspace import write_json
    from naturel.evaluation.analysis.corpus import Corpus
    from naturel.evaluation.analysis.corpus_files import Format, find_files
    from naturel.evaluation.analysis.noise import choose_filters
    from naturel.evaluation.analysis.preposition_report import plot_counts, to_markdown
    from naturel.evaluation.analysis.prepositions import count_prepositions

    if layout not in list(Format):
        raise UserError(f"--format {layout}: there is no such format. Give one of {', '.join(Format)}.")
    filters = () if "all" in without else choose_filters(without)
    corpus = Corpus(find_files(places), column, Format(layout))
    make_folder(out)
    start = time.perf_counter()
    batches = corpus.batches(choose_progress(Console(stderr=True)))
    counts = count_prepositions(batches, filters=filters, examples=examples)
    seconds = time.perf_counter() - start
    if not counts.captions:
        raise UserError(f"{', '.join(places)}: there is not one caption. {_faults(corpus.faults)}")
    _show(counts, seconds)
    if corpus.faults.left_out:
        print(_faults(corpus.faults), file=sys.stderr)
    if out is not None:
        left_out = dict(corpus.faults.left_out)
        content = {**counts.to_dict(), "files": [str(file) for file in corpus.files], "left_out": left_out}
        write_json(out / "prepositions.json", content)
        write_text(out / "prepositions.md", to_markdown(counts, corpus.files, left_out))
        written(out, "prepositions", lambda path: plot_counts(counts, path))


def _show(counts: Counts, seconds: float) -> None:
    from naturel.evaluation.analysis.preposition_report import reasons, share, totals

    total = counts.captions
    rows = [
        (
            one.name,
            f"{one.before:,}",
            share(one.before, total),
            f"{one.after:,}",
            share(one.after, total),
            reasons(one),
        )
        for one in counts.prepositions
        if one.before
    ]
    rows += [
        (name, f"{before:,}", share(before, total), f"{after:,}", share(after, total), "")
        for name, before, after in totals(counts)
    ]
    columns = ("preposition", "captions", "share", "without noise", "share", "taken by")
    shown = table("", columns, rows)
    shown.columns[-1].justify = "left"
    screen = console()
    screen.print(
        f"{total:,} captions in {seconds:.1f} s; {counts.clean:,} are no noise as a whole; "
        f"specific are {', '.join(counts.specific)}",
        highlight=False,
        soft_wrap=True,
    )
    screen.print(shown, highlight=False)
    held = [(name, f"{count:,}", share(count, total)) for name, count in counts.noisy.items() if count]
    if held:
        screen.print()
        screen.print(table("", ("noise as a whole", "captions", "share"), held), highlight=False)


def _faults(faults: Faults) -> str:
    """Rows that gave no caption, with the places of the first."""
    if not faults.left_out:
        return "Name files with captions."
    counted = ", ".join(f"{count:,} ({reason})" for reason, count in faults.left_out.items())
    return "\n  ".join([f"Rows left out: {counted}. The first:", *faults.places])
