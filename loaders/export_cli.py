"""The command `naturel export`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from naturel.annotations.errors import UserError
from naturel.builders.command import guard

if TYPE_CHECKING:
    from naturel.loaders.export import Exported

RELEASE = "A release, or a build's folder (its newest release is taken)."
FORMAT = "negclip, sugarcrepe, webdataset or jsonl."
OUT = "The folder to make. One that holds something else is left alone."
SPLIT = "Only this split; several: give it several times."
CONFIG = "The configuration. Default: the release's default one."


def export_command(
    release: Annotated[Path, typer.Argument(metavar="RELEASE", help=RELEASE)],
    layout: Annotated[str, typer.Option("--format", metavar="FORMAT", help=FORMAT)],
    out: Annotated[Path, typer.Option(help=OUT)],
    split: Annotated[list[str] | None, typer.Option(help=SPLIT)] = None,
    config: Annotated[str | None, typer.Option(help=CONFIG)] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Export a release into a layout that other programs read.

    negclip: SPLIT.tsv (title, filepath, neg_caption, neg_image) for NegCLIP's training, four rows a record.

    sugarcrepe: SPLIT/swap_obj.json, replace_rel.json, ... for SugarCrepe's evaluation, four pairs a record.

    webdataset: SPLIT-00000.tar, ... as img2dataset writes and open_clip reads them; the text is the first complex
    positive.

    jsonl: SPLIT.jsonl, all columns.

    All but webdataset have the pictures in images/. Other formats than jsonl need a release with pictures.
    """
    guard(lambda: _export(release, layout, out, split, config), debug)


def _export(release: Path, layout: str, out: Path, splits: list[str] | None, config: str | None) -> None:
    # Imported here so that --help answers at once.
    from naturel.builders.progress import choose_progress
    from naturel.loaders.export import Format, export

    if layout not in list(Format):
        raise UserError(f"--format {layout}: there is no such format. Give one of {', '.join(Format)}.")
    start = time.perf_counter()
    progress = choose_progress(Console(stderr=True))
    exported = export(release, Format(layout), out, progress, config=config, splits=splits)
    _show(exported, time.perf_counter() - start)


def _show(exported: Exported, seconds: float) -> None:
    for reason, count in exported.left_out.items():
        print(f"left out {count:,}: {reason}")
    written = ", ".join(f"{count:,} {name}" for name, count in exported.written.items())
    if exported.existed:
        print(f"{exported.folder} is there already: {written}")
    else:
        print(f"{written} in {seconds:.1f} s: {exported.folder}")
