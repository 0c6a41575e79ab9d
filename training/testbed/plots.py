"""The figure of a grid: heat maps, the two axes against each other, and the ablations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from naturel.evaluation.figures import save_figure
from naturel.training.testbed.names import ASKED_ONE, CHOICE, NOTHING, ORDER, SEEN, UNSEEN, UNSEEN_LABELS
from naturel.training.testbed.results import Mean, Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAPS = {
    "One object\n(among 20 captions)": (ASKED_ONE, CHOICE),
    "Seen pair, new layout\n(left-right order)": (SEEN, ORDER),
    "Unseen pair\n(left-right order)": (UNSEEN, ORDER),
    "Unseen pair\n(among all captions)": (UNSEEN, CHOICE),
}
LINES = {
    "unseen pair, order": (UNSEEN, ORDER, "#1b6ca8", "o"),
    "unseen pair, among all": (UNSEEN, CHOICE, "#c8553d", "s"),
    "unseen labels, order": (UNSEEN_LABELS, ORDER, "#6a994e", "^"),
}
GREY = "#8a8a8a"


def plot(results: Results, path: Path) -> None:
    """Draw the figure as PNG.

    Args:
        results: A grid.
        path: The file, replaced when the new one is whole.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 7.4), layout="constrained")
    above, below = np.asarray(figure.subfigures(2, 1, height_ratios=(1, 1.15)))
    maps = above.subplots(1, len(MAPS), sharey=True)
    for axes, (title, (asked, measure)) in zip(maps, MAPS.items(), strict=True):
        _heat_map(axes, results, title, asked, measure)
    maps[0].set_ylabel("label pairs trained")

    over_pairs, over_layouts, ablations = below.subplots(1, 3, width_ratios=(1, 1, 1.35))
    _lines(over_pairs, results, "pairs")
    _lines(over_layouts, results, "layouts")
    over_pairs.set_ylabel("accuracy")
    over_pairs.legend(frameon=False, fontsize=9, loc="lower right")
    _bars(ablations, results)

    save_figure(figure, path, dpi=110)


def _heat_map(axes: Axes, results: Results, title: str, asked: str, measure: str) -> None:
    shares = np.full((len(results.pairs), len(results.layouts)), np.nan)
    for row, pairs in enumerate(results.pairs):
        for column, layouts in enumerate(results.layouts):
            mean = results.mean(asked, measure, pairs=pairs, layouts=layouts)
            if mean is None:
                axes.text(column, row, "none", ha="center", va="center", color=GREY, fontsize=9)
                continue
            shares[row, column] = mean.value
            axes.text(
                column,
                row,
                f"{mean.value:.2f}",
                ha="center",
                va="center",
                color="white" if mean.value < 0.75 else "black",
            )
    axes.imshow(shares, vmin=0, vmax=1, cmap="cividis", origin="lower", aspect="auto")
    axes.set_title(title, fontsize=10)
    axes.set_xticks(range(len(results.layouts)), [str(number) for number in results.layouts])
    axes.set_yticks(range(len(results.pairs)), [str(number) for number in results.pairs])
    axes.set_xlabel("layouts per pair")
    axes.tick_params(length=0)


def _lines(axes: Axes, results: Results, axis: str) -> None:
    """Accuracy along one axis, the mean over the other; bars are the spread over seeds."""
    numbers = results.pairs if axis == "pairs" else results.layouts
    for label, (asked, measure, color, marker) in LINES.items():
        points = [
            (number, mean)
            for number in numbers
            if (mean := _mean_at(results, asked, measure, axis, number)) is not None
        ]
        axes.errorbar(
            [number for number, _ in points],
            [mean.value for _, mean in points],
            yerr=[mean.spread for _, mean in points],
            color=color,
            marker=marker,
            markersize=5,
            capsize=3,
            label=label,
        )
    axes.axhline(0.5, color=GREY, linestyle="--", linewidth=1)
    axes.text(numbers[-1], 0.49, "chance of order", color=GREY, fontsize=8, ha="right", va="top")
    axes.set_xscale("log")
    axes.minorticks_off()
    axes.set_xticks(numbers, [str(number) for number in numbers])
    axes.set_ylim(0, 1.04)
    axes.set_xlabel("label pairs trained" if axis == "pairs" else "layouts per pair")
    other = "layouts" if axis == "pairs" else "pairs"
    axes.set_title(f"Over {axis} (mean of all {other})", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)


def _mean_at(results: Results, asked: str, measure: str, axis: str, number: int) -> Mean | None:
    if axis == "pairs":
        return results.mean(asked, measure, pairs=number)
    return results.mean(asked, measure, layouts=number)


def _bars(axes: Axes, results: Results) -> None:
    pairs, layouts = results.corner()
    ablations, means = [], []
    for removed in results.removed:
        mean = results.mean(UNSEEN, ORDER, removed, pairs=pairs, layouts=layouts)
        if mean is not None:
            ablations.append(removed)
            means.append(mean)
    names = ["(nothing)" if removed == NOTHING else removed for removed in ablations]
    places = np.arange(len(names))
    axes.barh(
        places,
        [mean.value for mean in means],
        xerr=[mean.spread for mean in means],
        color=["#1b6ca8" if mean.value > 0.75 else "#c8553d" for mean in means],
        error_kw={"capsize": 3, "linewidth": 1},
        height=0.7,
    )
    for place, mean in enumerate(means):
        axes.text(0.02, place, f"{mean.value:.2f}", va="center", color="white", fontsize=9)
    known = [results.mean(ASKED_ONE, CHOICE, removed, pairs=pairs, layouts=layouts) for removed in ablations]
    axes.plot(
        [mean.value if mean else np.nan for mean in known],
        places,
        linestyle="",
        marker="D",
        markersize=6,
        markerfacecolor="white",
        markeredgecolor="black",
        clip_on=False,
    )
    axes.axvline(0.5, color="black", linestyle="--", linewidth=1)
    axes.text(0.51, len(names) - 0.45, "chance", va="bottom", fontsize=9)
    axes.set_yticks(places, names, fontsize=9)
    axes.set_ylim(len(names) - 0.3, -0.6)
    axes.set_xlim(0, 1.02)
    axes.set_xlabel("unseen pair, order (bars); one object, among 20 (diamonds)")
    axes.set_title(f"Removed from the attention ({pairs} pairs, {layouts} layouts)", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
