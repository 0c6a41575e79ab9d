"""The probe's figures as Markdown and as a plot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from naturel.builders.choice import hash_text
from naturel.evaluation.analysis.intervals import Figure, Floats
from naturel.evaluation.analysis.probe import MARGIN, MEANINGS, Probed, Reference
from naturel.evaluation.figures import COLOURS, GREY, new_figure, save_figure, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = (*Reference, MARGIN)
DOTS = 200
"""Noun pairs drawn as dots, at most."""


def cell(figure: Figure | None, *, signed: bool = False) -> str:
    """A mean with its interval."""
    if figure is None:
        return "–"
    sign = "+" if signed else ""
    return f"{figure.mean:{sign}.3f} ({figure.low:{sign}.3f} to {figure.high:{sign}.3f})"


def to_markdown(probed: Sequence[Probed], templates: Sequence[str]) -> str:
    """A page with a table of each model, and of the differences of the later ones to the first."""
    pairs = len(next(iter(next(iter(probed[0].cosines.values())).values())))
    lines = [
        "# Opposite sentences",
        "",
        f"Mean cosines over {pairs:,} noun pairs, each the mean over {len(templates)} templates; in brackets 95 % "
        "bootstrap intervals over noun pairs, after ± the standard deviation.",
        "",
        *(f"- **{name}**: {meaning}" for name, meaning in MEANINGS.items()),
        "",
        "Templates: " + ", ".join(f"`{template}`" for template in templates),
    ]
    for one in probed:
        lines += ["", f"## {one.model}", "", *_table(one.figures(), spread=True)]
    for one in probed[1:]:
        lines += ["", f"## {one.model} less {probed[0].model}", "", *_table(one.less(probed[0]), signed=True)]
    return "\n".join(lines) + "\n"


def _table(figures: dict[str, dict[str, Figure]], *, signed: bool = False, spread: bool = False) -> list[str]:
    lines = [f"| contrast | {' | '.join(COLUMNS)} |", f"|---|{'--:|' * len(COLUMNS)}"]
    for contrast, found in figures.items():
        cells = [cell(found.get(name), signed=signed or name == MARGIN) for name in COLUMNS]
        if spread:
            cells = [
                f"{text} ± {found[name].spread:.3f}" if name in found else text
                for name, text in zip(COLUMNS, cells, strict=True)
            ]
        lines.append(f"| {contrast} | {' | '.join(cells)} |")
    return lines


def plot_probe(probed: Sequence[Probed], path: Path) -> None:
    """Cosines by contrast, models in colours: dots are noun pairs, lines are intervals; beside them the margins.

    Raises:
        UserError: matplotlib is missing, or the file cannot be written.
    """
    contrasts = list(probed[0].cosines)
    rows = len(contrasts) * len(probed)
    figure, (left, right) = new_figure(10, 1.6 + 0.22 * rows + 0.12 * len(contrasts), columns=2)
    for number, one in enumerate(probed):
        colour = COLOURS[number % len(COLOURS)]
        figures = one.figures()
        for place, contrast in enumerate(contrasts):
            y = place + (number - (len(probed) - 1) / 2) * 0.8 / len(probed)
            _strip(left, one.cosines[contrast][Reference.OPPOSITE], y, colour, 0.5 / len(probed), contrast)
            found = figures[contrast]
            _interval(left, found[Reference.OPPOSITE], y, colour)
            same = found.get(Reference.CONVERSE) or found.get(Reference.SYNONYM)
            if same is not None:
                left.plot(same.mean, y, marker="D", markersize=8, mfc="none", mec=colour, ls="none")
            left.plot(
                found[Reference.OTHER_NOUNS].mean,
                y,
                marker="|",
                markersize=9,
                mew=1.5,
                color=colour,
                ls="none",
            )
            if MARGIN in found:
                _interval(right, found[MARGIN], y, colour)
    left.set_yticks(range(len(contrasts)), contrasts)
    left.set_ylim(len(contrasts) - 0.45, -0.55)
    left.set_xlabel("cosine", fontsize=9)
    left.set_title("Cosine with the opposite sentence", loc="left", fontsize=11)
    right.axvline(0, color=GREY, linewidth=1, zorder=1)
    right.set_xlabel("margin", fontsize=9)
    right.set_title("Same meaning in other words, less opposite", loc="left", fontsize=11)
    _legend(left, probed)
    save_figure(figure, path)


def _strip(axes: Axes, values: Floats, y: float, colour: str, height: float, key: str) -> None:
    shown = values[:DOTS]
    scatter = np.random.default_rng(hash_text(key)).uniform(-height / 2, height / 2, len(shown))
    axes.scatter(shown, y + scatter, s=5, color=colour, alpha=0.18, linewidths=0)


def _interval(axes: Axes, figure: Figure, y: float, colour: str) -> None:
    axes.plot([figure.low, figure.high], [y, y], color=colour, linewidth=2, solid_capstyle="round")
    axes.plot(figure.mean, y, marker="o", markersize=6, color=colour, mec="white", mew=0.8)


def _legend(axes: Axes, probed: Sequence[Probed]) -> None:
    from matplotlib.lines import Line2D

    entries = [
        Line2D([], [], marker="o", linewidth=2, color=COLOURS[i % len(COLOURS)], label=short(one.model))
        for i, one in enumerate(probed)
    ]
    plain: dict[str, Any] = {"color": GREY, "linestyle": "none"}
    entries += [
        Line2D([], [], marker="o", label="opposite: mean and 95 % interval; dots: noun pairs", **plain),
        Line2D(
            [], [], marker="D", markersize=8, mfc="none", label="the same meaning in other words", **plain
        ),
        Line2D([], [], marker="|", markersize=9, mew=1.5, label="other nouns", **plain),
    ]
    columns = 2 if any(len(one.model) > 20 for one in probed) else 3
    axes.figure.legend(handles=entries, loc="outside lower left", ncols=columns, frameon=False, fontsize=9)
