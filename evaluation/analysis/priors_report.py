"""Priors as Markdown and as a plot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from naturel.evaluation.analysis.priors import Priors
from naturel.evaluation.analysis.probe_report import cell
from naturel.evaluation.figures import COLOURS, GREY, new_figure, save_figure, short

SHOWN = 10
"""Captions listed at either end."""


def accuracy_line(found: Priors) -> str:
    """How often the prior alone picks the right answer."""
    if found.accuracy is None or found.chance is None:
        return f"{found.pictures:,} unrelated pictures; nobody says which captions are right"
    return (
        f"{found.pictures:,} unrelated pictures; the prior alone picks the right caption of "
        f"{found.accuracy.count:,} questions in {cell(found.accuracy)}, chance {found.chance:.3f}"
    )


def to_markdown(found: Sequence[Priors]) -> str:
    """A page with what the prior picks, prepositions by prior, and the captions at either end."""
    lines = [
        "# Text-only priors",
        "",
        "The similarity of captions to pictures that they do not belong to. A preposition's figure is how much",
        "higher its captions' mean cosine is than that of their question's captions, with 95 % bootstrap intervals.",
    ]
    for one in found:
        lines += ["", f"## {one.model}, {one.options}", "", accuracy_line(one) + "."]
        if one.prepositions:
            lines += ["", "| preposition | higher by | captions |", "|---|--:|--:|"]
            lines += [
                f"| {name} | {cell(figure, signed=True)} | {figure.count:,} |"
                for name, figure in one.prepositions.items()
            ]
        order = np.argsort(-one.similarity, kind="stable").tolist()
        listed = order if len(order) <= 2 * SHOWN else [*order[:SHOWN], *order[-SHOWN:]]
        lines += ["", "| caption | mean cosine |", "|---|--:|"]
        for place, number in enumerate(listed):
            if place == SHOWN and len(listed) < len(order):
                lines.append("| … | |")
            text = " ".join(one.captions[number].split()).replace("|", "\\|")
            lines.append(f"| {text} | {one.similarity[number]:.4f} |")
    return "\n".join(lines) + "\n"


def plot_priors(found: Sequence[Priors], path: Path) -> None:
    """Prepositions by prior, those of the first model in order; a colour for each model and set of captions.

    A preposition of one question is a hollow dot: it has no interval.

    Raises:
        UserError: matplotlib is missing, or the file cannot be written.
    """
    names = list(dict.fromkeys(name for one in found for name in one.prepositions))
    figure, (axes,) = new_figure(7.5, 1.6 + (0.2 + 0.12 * len(found)) * max(len(names), 3))
    for number, one in enumerate(found):
        colour = COLOURS[number % len(COLOURS)]
        for name, mean in one.prepositions.items():
            y = names.index(name) + (number - (len(found) - 1) / 2) * 0.7 / len(found)
            known = mean.low > -1 or mean.high < 1
            if known:
                axes.plot([mean.low, mean.high], [y, y], color=colour, linewidth=2, solid_capstyle="round")
            inside, edge = (colour, "white") if known else ("white", colour)
            axes.plot(mean.mean, y, "o", markersize=6, mfc=inside, mec=edge, mew=0.8)
        axes.plot([], [], "o", color=colour, label=f"{short(one.model)}, {short(one.options)}")
    axes.axvline(0, color=GREY, linewidth=1)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.45, -0.55)
    axes.set_xlabel("mean cosine with unrelated pictures, less that of the question's captions", fontsize=9)
    axes.set_title("What models like to read, whatever they see", loc="left", fontsize=11)
    if any(one.prepositions for one in found):
        figure.legend(loc="outside lower left", frameon=False, fontsize=9)
    save_figure(figure, path)
