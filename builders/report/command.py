"""The command `naturel report`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from naturel.builders.command import guard

if TYPE_CHECKING:
    from naturel.builders.checks.blind import BlindReport

BUILD_OR_RELEASE = "A build's folder (its newest release is taken), or one release."
OUT = "The page's file. Default: report-VERSION.html beside the release."
BLIND = "Attack the captions without the pictures, and show what that found."


def report_command(
    path: Annotated[Path, typer.Argument(metavar="BUILD_OR_RELEASE", help=BUILD_OR_RELEASE)],
    out: Annotated[Path | None, typer.Option(help=OUT)] = None,
    blind: Annotated[bool, typer.Option(help=BLIND)] = True,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Write a page on a release: what it holds, what was left out, and how well it is balanced.

    The page is one HTML file with nothing to load from elsewhere.
    """
    guard(lambda: _report(path, out, blind), debug)


def _report(path: Path, out: Path | None, blind: bool) -> None:
    # Imported here so that --help answers at once.
    from naturel.builders.checks.blind import attack
    from naturel.builders.checks.blind_inputs import read_pairs
    from naturel.builders.report.page import write_report
    from naturel.builders.report.tables import find_release

    release = find_release(path)
    figures = blind_figures(attack(read_pairs(release))) if blind else None
    print(write_report(release, out, figures))


def blind_figures(report: BlindReport) -> dict[str, Any]:
    """What the page shows of a blind attack."""
    return {
        "best": report.best,
        "accuracy": report.accuracy.value,
        "interval": [report.accuracy.low, report.accuracy.high],
        "by_kind": {found.value: found.accuracy.value for found in report.by("kind")},
        "tells": [tell.ngram for tell in (*report.positive_tells, *report.negative_tells)],
    }
