"""What all plots share: size, colours, and how they are written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from naturel.annotations.errors import UserError
from naturel.builders.engine import require_extra
from naturel.builders.files import sync_and_rename

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#000000")
"""Told apart by colour-blind readers too (Okabe and Ito, 2008)."""
GREY, PALE = "#8a8f98", "#dfe3e8"
DPI = 150
UNDATED: dict[str, dict[str, Any]] = {".png": {"Software": None}, ".svg": {"Date": None, "Creator": None}}
NAME = 36
"""Letters of a name at most."""


def short(name: str) -> str:
    """A name without its middle, where it is long: the ends of paths tell most."""
    half = NAME // 2 - 1
    return name if len(name) <= NAME else f"{name[:half]}…{name[-half:]}"


def new_figure(width: float, height: float, rows: int = 1, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """An empty figure of some inches and its axes, drawn without a screen.

    Raises:
        UserError: matplotlib is missing.
    """
    require_extra("matplotlib", "a plot", "train")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharey="row")
    for each in axes.flat:
        each.spines[["top", "right", "left"]].set_visible(False)
        each.grid(axis="x", color=PALE, linewidth=0.8)
        each.set_axisbelow(True)
        each.tick_params(axis="both", which="both", length=0, labelsize=9)
    return figure, list(axes.flat)


def save_figure(figure: Figure, path: Path, dpi: int = DPI) -> None:
    """Write a figure as PNG or SVG, by its ending: whole or not at all, the same bytes for the same figure.

    Raises:
        UserError: It cannot be written.
    """
    temporary = path.with_name(path.name + ".partial")
    try:
        figure.savefig(temporary, format=path.suffix[1:], dpi=dpi, metadata=UNDATED[path.suffix])
        sync_and_rename(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise UserError(f"{path} cannot be written: {error.strerror or error}.") from error
