"""Results as plots (matplotlib, of the extra `train`): whole benchmarks as bars, slices as dots, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from naturel.builders.engine import require_extra
from naturel.builders.progress import Progress, SilentProgress
from naturel.evaluation.figures import COLOURS, save_figure, short
from naturel.evaluation.results import Results
from naturel.evaluation.tables import Row, labels_of, metric_name, primary_rows, slice_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = "osD^vPX*"
MOST_SLICES = 30
WIDTH = 8.0
"""Of a plot, in inches."""
BAR, DOT = 0.15, 0.11
"""Height of a bar and of a dot, in inches."""
STYLE: Any = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "font.size": 9,
    "svg.hashsalt": "naturel",
    "svg.fonttype": "none",
}


def write_plots(results: Results, folder: Path, progress: Progress | None = None) -> list[Path]:
    """Make the plots of results, each as PNG and SVG.

    Args:
        results: The figures.
        folder: Where they are written; it is made.
        progress: Where plots are counted.

    Returns:
        The files: `benchmarks`, and `BENCHMARK_FACET` for each facet that a benchmark is broken down by.

    Raises:
        UserError: The extra `train` is missing.
    """
    require_extra("matplotlib", "a plot", "train")
    import matplotlib as mpl

    folder.mkdir(parents=True, exist_ok=True)
    labels = [short(label) for label in labels_of(results.models)]
    files: list[Path] = []
    whole, slices = primary_rows(results), _slices(results)
    if not whole:
        return files
    task = (progress or SilentProgress()).task("plots", 1 + len(slices), "plots")
    with mpl.rc_context(STYLE), task as counted:
        files += _save(bars(whole, labels), folder / "benchmarks")
        counted.advance()
        for name, title, rows in slices:
            files += _save(dots(rows, labels, title), folder / name)
            counted.advance()
    return files


def _slices(results: Results) -> list[tuple[str, str, list[Row]]]:
    """File name, title and rows of each plot of slices: of the metric that stands for the benchmark."""
    primary = {row.benchmark: row.metric for row in primary_rows(results)}
    found: dict[tuple[str, str], tuple[str, list[Row]]] = {}
    for benchmark, facet, metric, rows in slice_rows(results):
        # A macro accuracy has no slices: then the first metric stands for it.
        if (benchmark, facet) not in found or metric == primary.get(benchmark):
            found[benchmark, facet] = metric, rows
    plots = []
    for (benchmark, facet), (metric, rows) in found.items():
        if len(rows) > 1:
            facet_name = facet.replace("_", " ")
            title = f"{benchmark}: {metric_name(metric)} by {facet_name}"
            if len(rows) > MOST_SLICES:
                title += f" (the {MOST_SLICES} most frequent of {len(rows)})"
            name = f"{benchmark}_{facet}".replace("/", "_")
            plots.append(("".join(c if c.isalnum() or c in "_-." else "_" for c in name), title, rows))
    return plots


def bars(rows: Sequence[Row], labels: Sequence[str]) -> Figure:
    """Bars of whole benchmarks, a group a benchmark, a colour a model; ticks show chance."""
    names = [f"{row.benchmark}\n{metric_name(row.metric)}" for row in rows]
    figure, axes = _canvas(names, BAR * len(labels))
    centres, offsets, height = _places(len(rows), len(labels))
    for place, label in enumerate(labels):
        values, errors = _figures(rows, place)
        axes.barh(
            centres + offsets[place],
            values,
            height * 0.9,
            color=COLOURS[place % len(COLOURS)],
            xerr=errors,
            error_kw={"elinewidth": 0.9, "capsize": 1.5, "ecolor": "0.25"},
            label=label,
        )
    _chance(axes, rows, centres)
    _finish(figure, axes, labels)
    return figure


def dots(rows: Sequence[Row], labels: Sequence[str], title: str) -> Figure:
    """Dots of slices with their intervals, the best of the first model on top; ticks show chance."""
    shown = sorted(rows[:MOST_SLICES], key=lambda row: -(row.measures[0].value if row.measures[0] else -1))
    names = [f"{short(row.slice.replace('_', ' '))} (n={row.counts[1]:,})" for row in shown]
    figure, axes = _canvas(names, DOT * len(labels))
    centres, offsets, _ = _places(len(shown), len(labels))
    for place, label in enumerate(labels):
        values, errors = _figures(shown, place)
        axes.errorbar(
            values,
            centres + offsets[place],
            xerr=errors,
            fmt=MARKERS[place % len(MARKERS)],
            color=COLOURS[place % len(COLOURS)],
            markersize=4.5,
            elinewidth=0.9,
            capsize=1.5,
            clip_on=False,
            zorder=3,
            label=label,
        )
    _chance(axes, shown, centres)
    axes.set_title(title, loc="left", fontsize=9.5, pad=8, wrap=True)
    axes.grid(axis="y", color="0.93", linewidth=0.6)
    _finish(figure, axes, labels)
    return figure


def _canvas(names: Sequence[str], height: float) -> tuple[Figure, Axes]:
    """An empty plot with a row for each name, as high as the name or `height` in inches needs."""
    from matplotlib.figure import Figure

    lines = max(name.count("\n") + 1 for name in names)
    row = max(height, 0.17 * lines) + 0.12
    figure = Figure(figsize=(WIDTH, 1.2 + row * len(names)), layout="constrained")
    axes = figure.subplots()
    axes.set_yticks(np.arange(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(0, 100)
    axes.set_xlabel("%")
    axes.set_axisbelow(True)
    axes.grid(axis="x", color="0.88", linewidth=0.6)
    axes.tick_params(axis="y", length=0)
    return figure, axes


def _places(rows: int, models: int) -> tuple[Any, Any, float]:
    """The middle of each row, how far each model is from it, and how much room it has."""
    height = 0.8 / max(models, 1)
    return np.arange(rows, dtype=float), (np.arange(models) - (models - 1) / 2) * height, height


def _figures(rows: Sequence[Row], place: int) -> tuple[Any, Any]:
    """Values and distances to the bounds of their intervals, in percent; NaN where a model has none."""
    found = [row.measures[place] for row in rows]
    values = np.array([one.value if one else np.nan for one in found])
    low = np.array([one.low if one else np.nan for one in found])
    high = np.array([one.high if one else np.nan for one in found])
    return 100 * values, 100 * np.maximum(0, np.stack([values - low, high - values]))


def _chance(axes: Axes, rows: Sequence[Row], centres: Any) -> None:
    known = [
        (row.chance, centre) for row, centre in zip(rows, centres, strict=True) if row.chance is not None
    ]
    for chance, centre in known:
        axes.plot(
            [100 * chance] * 2,
            [centre - 0.44, centre + 0.44],
            color="0.1",
            linewidth=1.1,
            linestyle=(0, (2, 1.5)),
        )
    if known:
        axes.plot([], [], color="0.1", linewidth=1.1, linestyle=(0, (2, 1.5)), label="chance")


def _finish(figure: Figure, axes: Axes, labels: Sequence[str]) -> None:
    handles, names = axes.get_legend_handles_labels()
    chance_last = sorted(zip(handles, names, strict=True), key=lambda pair: pair[1] == "chance")
    figure.legend(
        [handle for handle, _ in chance_last],
        [name for _, name in chance_last],
        loc="outside lower center",
        ncols=min(3, len(labels) + 1),
        frameon=False,
    )


def _save(figure: Figure, path: Path) -> list[Path]:
    """Both forms of a plot."""
    files = [path.with_name(path.name + ending) for ending in (".png", ".svg")]
    for file in files:
        save_figure(figure, file)
    return files
