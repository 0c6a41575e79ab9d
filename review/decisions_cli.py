"""The commands `naturel decisions export | merge | stats`: the journal of human decisions."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from naturel.annotations.errors import UserError
from naturel.builders.command import guard

if TYPE_CHECKING:
    from naturel.annotations.journal import Fault, Reading
    from naturel.review.gold import Accuracy
    from naturel.review.stats import Stats

PIPE_WIDTH = 110
SHOWN = 5
"""Faulty lines told."""
BUILD_OR_FOLDER = "A build's folder, or a folder of journals."
FOLDERS = "Builds, folders of journals, or .csv files with decisions of other tools."
GOLD = "Items with the right verdict (JSON lines or .csv), to measure annotators by."
DEBUG = "Show tracebacks."
Debug = Annotated[bool, typer.Option("--debug", help=DEBUG)]


class Format(StrEnum):
    """How decisions are written."""

    JSONL = "jsonl"
    CSV = "csv"


def decisions_app() -> typer.Typer:
    """Make the commands."""
    app = typer.Typer(
        help="Look at what people decided about captions, relations and pictures; write it out, put it together.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )

    @app.command("export")
    def export_command(
        source: Annotated[Path, typer.Argument(metavar="BUILD_OR_FOLDER", help=BUILD_OR_FOLDER)],
        out: Annotated[Path, typer.Option(help="The file to write.")],
        format_: Annotated[
            Format, typer.Option("--format", help="As in journals, or a table.")
        ] = Format.JSONL,
        debug: Debug = False,
    ) -> None:
        """Write all decisions of all annotators to one file, in the order of their times."""
        guard(lambda: _export(source, out, format_), debug)

    @app.command("merge")
    def merge_command(
        sources: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help=FOLDERS)],
        into: Annotated[Path, typer.Option(help="The folder of journals that gets them all.")],
        debug: Debug = False,
    ) -> None:
        """Put decisions together, each once: doing it again adds nothing.

        The columns of .csv files are told in annotations/decisions_csv.py.
        """
        guard(lambda: _merge(sources, into), debug)

    @app.command("stats")
    def stats_command(
        source: Annotated[Path, typer.Argument(metavar="BUILD_OR_FOLDER", help=BUILD_OR_FOLDER)],
        gold: Annotated[Path | None, typer.Option(help=GOLD)] = None,
        debug: Debug = False,
    ) -> None:
        """Count decisions by annotator, kind, verdict and reason; show pace and agreement."""
        guard(lambda: _stats(source, gold), debug)

    return app


def _export(source: Path, out: Path, format_: Format) -> None:
    # Imported here so that --help answers at once.
    from naturel.annotations.decisions_csv import write_decisions_csv
    from naturel.annotations.journal import find_journals, read_journals
    from naturel.annotations.verdicts import in_order
    from naturel.builders.files import sync_and_rename

    reading = read_journals(find_journals(source))
    decisions = in_order(reading.decisions)
    if format_ is Format.CSV:
        text = write_decisions_csv(decisions)
    else:
        text = "".join(decision.to_line() + "\n" for decision in decisions)
    temporary = out.with_name(out.name + ".partial")
    try:
        temporary.write_text(text, encoding="utf-8", newline="")
        sync_and_rename(temporary, out)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise UserError(f"--out {out} cannot be written: {error.strerror}.") from error
    print(f"{len(decisions):,} decisions written to {out}")
    _tell_faults(reading.faults)


def _merge(sources: Sequence[Path], into: Path) -> None:
    from naturel.annotations.journal import merge

    merged = merge([_read(source) for source in sources], into)
    print(f"{merged.new:,} decisions added to {into}, {merged.known:,} were there already")
    if merged.differing:
        print(
            f"{merged.differing:,} of them differ from what has their id there; that one stays",
            file=sys.stderr,
        )
    _tell_faults(merged.faults)


def _read(source: Path) -> Reading:
    """What stands in a build, a folder or a table.

    Raises:
        UserError: It has no decisions.
    """
    from naturel.annotations.decisions_csv import read_decisions_csv
    from naturel.annotations.journal import find_journals, read_journals

    if source.suffix.lower() == ".csv":
        return read_decisions_csv(source)
    return read_journals(find_journals(source))


def _tell_faults(faults: Sequence[Fault]) -> None:
    if not faults:
        return
    print(f"{len(faults):,} lines are no decisions and were left out:", file=sys.stderr)
    for fault in faults[:SHOWN]:
        print(f"  {fault}", file=sys.stderr)
    if len(faults) > SHOWN:
        print(f"  and {len(faults) - SHOWN:,} more", file=sys.stderr)


def _stats(source: Path, gold: Path | None) -> None:
    from naturel.annotations.journal import find_journals, read_journals
    from naturel.review.gold import accuracy, read_gold
    from naturel.review.stats import compute_stats

    items = read_gold(gold) if gold else {}
    folder = find_journals(source)
    reading = read_journals(folder)
    groups = _groups(source) if folder != source else {}
    stats = compute_stats(reading.decisions, groups)
    # A pipe has no width of its own; a table is not cut to a narrow one's.
    console = Console() if sys.stdout.isatty() else Console(width=PIPE_WIDTH)
    console.print(
        f"{folder}: {stats.lines:,} decisions, {sum(stats.standing.values()):,} of them stand",
        highlight=False,
        soft_wrap=True,
    )
    for table in _tables(stats, accuracy(reading.decisions, items) if gold else None):
        console.print()
        console.print(table, highlight=False)
    _tell_faults(reading.faults)


def _groups(build: Path) -> dict[str, tuple[str, ...]]:
    """The groups of the captions of a build's newest release; none before there is one."""
    from naturel.builders.report.tables import Release, find_release
    from naturel.builders.review_facts import caption_groups

    if not any((build / "release").glob("*")):
        return {}
    release = Release(find_release(build))
    return caption_groups(release.captions, release.lists("caption_ids"))


def _tables(stats: Stats, gold: dict[str, Accuracy] | None) -> Iterable[Table]:
    rows = [(*names, f"{count:,}") for names, count in sorted(stats.standing.items())]
    yield _table("Decisions that stand", ("annotator", "kind", "verdict", "reason", "decisions"), rows)
    settled = [(by, f"{count:,}") for by, count in stats.outcomes.items() if count]
    settled.append(("disputed: nothing is done", f"{stats.disputed:,}"))
    settled.append(("waiting for an adjudicator", f"{stats.disagreements:,}"))
    yield _table("How keys are settled", ("by", "keys"), settled)
    if stats.pace:
        paces = [(name, f"{pace.seconds:.1f}", f"{pace.an_hour:,.0f}") for name, pace in stats.pace.items()]
        yield _table("Pace, pauses left out", ("annotator", "seconds each", "an hour"), paces)
    if stats.agreement:
        agreed = [
            (
                group,
                f"{found.units:,}",
                _share(found.raw),
                _number(found.alpha),
                ", ".join(f"{label} {_share(share)}" for label, share in found.prevalence.items()),
            )
            for group, found in stats.agreement.items()
        ]
        columns = ("what several judged", "keys", "raw", "alpha", "prevalence")
        yield _table("Agreement (alpha: Krippendorff's; 1 is perfect, 0 is chance)", columns, agreed)
        named = [
            *((name, "all others", one) for name, one in stats.alone.items()),
            *((one, other, pair) for (one, other), pair in stats.pairs.items()),
        ]
        paired = [
            (name, other, f"{pair.pairs:,}", _share(pair.raw), _number(pair.kappa))
            for name, other, pair in named
        ]
        columns = ("annotator", "against", "pairs", "raw", "kappa")
        yield _table("Annotators (kappa: Cohen's)", columns, paired)
    if gold is not None:
        measured = [
            (name, f"{one.items:,}", _share(one.right / one.items), f"{one.accepted:,}", f"{one.refused:,}")
            for name, one in gold.items()
        ]
        columns = ("annotator", "gold items", "right", "bad accepted", "good refused")
        yield _table("Gold items", columns, measured)


def _table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    words = ("annotator", "kind", "verdict", "reason", "by", "against", "what several judged", "prevalence")
    for name in columns:
        table.add_column(name, justify="left" if name in words else "right")
    for row in rows:
        table.add_row(*row)
    return table


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
