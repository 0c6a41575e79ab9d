"""What the commands of analyses share: tables on the terminal, and the folder of --out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from naturel.annotations.errors import UserError

PIPE_WIDTH = 160


def console() -> Console:
    """Where tables are shown; a pipe has no width of its own, and a table is not cut to a narrow one's."""
    return Console() if sys.stdout.isatty() else Console(width=PIPE_WIDTH)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, words: int = 1) -> Table:
    """A table whose first `words` columns are text, the others figures."""
    made = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for number, name in enumerate(columns):
        made.add_column(name, justify="left" if number < words else "right")
    for row in rows:
        made.add_row(*row)
    return made


def written(out: Path, name: str, draw: Callable[[Path], None] | None = None) -> None:
    """Draw the plot of an analysis, and say what stands in its folder; without matplotlib there is no plot.

    Args:
        out: The folder, which has NAME.json and NAME.md already.
        name: Of the analysis.
        draw: Writes the plot to a file; None: there is none.
    """
    endings = [".json", ".md"]
    if draw is not None:
        try:
            draw(out / f"{name}.png")
            endings.append(".png")
        except UserError as error:
            print(f"no plot: {error}", file=sys.stderr)
    print(f"written: {out / name}{', '.join(endings[:-1])} and {endings[-1]}")


def make_folder(out: Path | None) -> None:
    """Make the folder of --out before long work, not after it.

    Raises:
        UserError: It cannot be made.
    """
    if out is None:
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"--out {out} cannot be made: {error.strerror or error}. Choose another folder."
        ) from error
