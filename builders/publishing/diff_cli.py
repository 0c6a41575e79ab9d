"""The command `naturel diff`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from naturel.builders.command import guard

WHAT = "A release's folder, a build's (its newest release), or a revision on the Hub: org/name@v1.0.0."
OUT = "Also write it as Markdown, into this file."


def diff_command(
    before: Annotated[str, typer.Argument(metavar="A", help=WHAT)],
    after: Annotated[str, typer.Argument(metavar="B", help="Another: what changed from A to B is told.")],
    examples: Annotated[int, typer.Option(min=0, help="Rows shown of each change and reason.")] = 3,
    out: Annotated[Path | None, typer.Option(help=OUT)] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Tell what changed between two releases: records and captions added, removed and changed, by reason.

    Reasons: source (pictures, boxes, labels), a new prompt, review, checks, and choice (another sentence or partner).
    """
    guard(lambda: _diff(before, after, examples, out), debug)


def _diff(before: str, after: str, most: int, out: Path | None) -> None:
    # Imported here so that --help answers at once.
    from rich.console import Console

    from naturel.builders.files import write_text
    from naturel.builders.publishing.difference import compare
    from naturel.builders.publishing.examples import find_examples
    from naturel.builders.publishing.revisions import locate
    from naturel.builders.publishing.snapshot import open_snapshot
    from naturel.builders.publishing.telling import show, to_markdown

    old, new = (open_snapshot(locate(name)) for name in (before, after))
    difference = compare(old, new)
    examples = find_examples(old, new, difference, most)
    show(difference, examples, Console())
    if out is not None:
        write_text(out, to_markdown(difference, examples))
