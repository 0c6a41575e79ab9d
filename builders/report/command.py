"""The command `naturel report`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from naturel.annotations.errors import UserError
from naturel.builders.command import guard
from naturel.builders.report.blind_figures import BlindFigures, blind_figures, limit_of

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

    The page is one HTML file with nothing to load from elsewhere. Each release has it already, as report.html.
    """
    guard(lambda: _report(path, out, blind), debug)


def _report(path: Path, out: Path | None, blind: bool) -> None:
    # Imported here so that --help answers at once.
    from naturel.builders.report.page import write_report
    from naturel.builders.report.tables import find_release

    release = find_release(path)
    print(write_report(release, out, _attack(release) if blind else None))


def _attack(release: Path) -> BlindFigures | None:
    """Attack as the release's build did; None, with a word about it, where there is too little to attack."""
    from naturel.builders.checks.blind import attack
    from naturel.builders.checks.blind_inputs import read_pairs
    from naturel.builders.report.tables import read_manifest

    manifest = read_manifest(release)
    pairs = read_pairs(release)
    try:
        report = attack(pairs, seed=int(manifest.get("settings", {}).get("seed", 0)))
    except UserError as error:
        print(f"No blind attack: {error}", file=sys.stderr)
        return None
    return blind_figures(report, limit_of(manifest))
