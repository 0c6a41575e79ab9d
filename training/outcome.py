"""What came of a run: the table before and after, and the curves as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

from naturel.builders.files import write_text
from naturel.builders.workspace import write_json
from naturel.evaluation.figures import COLOURS, GREY, PALE, new_figure, save_figure, short
from naturel.evaluation.measures import Measure
from naturel.evaluation.tables import figure, metric_name, percent
from naturel.training.run import PICTURE, RESULTS, Row
from naturel.training.validation import HEADLINE, kept

TITLES = {
    "accuracy": "accuracy, and what is asked between",
    "lr": "learning rate",
    "scale": "scale of the logits",
}


@dataclass(frozen=True)
class Trained:
    """A finished run."""

    out: Path
    """The run folder."""
    model: Path
    """The folder of the trained model."""
    steps: int
    """Steps that were done."""
    stopped: str
    """Why it ended: `end`, or `patience`."""
    step: int
    """The step whose weights the model has."""
    before: tuple[Measure, ...]
    """Figures of the model that was given; empty where nothing was asked."""
    after: tuple[Measure, ...]
    """Of the trained model."""
    items: int
    left_out: int
    """Pictures that could not be read."""
    seconds: float
    existed: bool = False
    """Whether the run had ended before, so that nothing was to be done."""

    def table(self) -> list[tuple[str, ...]]:
        """Rows of benchmark, metric, count, and in percent chance, before and after with half of the interval."""
        return [
            (
                one.benchmark,
                metric_name(one.metric),
                f"{one.count:,}",
                percent(one.chance),
                figure(one),
                figure(other),
            )
            for one, other in zip(self.before, self.after, strict=True)
        ]


def write_outcome(trained: Trained, curve: Sequence[Row], history: Sequence[dict[str, Any]]) -> None:
    """Write `results.json`, `results.md` and `curves.png`; the first comes last, and says that the run has ended."""
    draw_curves(trained.out / PICTURE, curve, history)
    write_text(trained.out / "results.md", _markdown(trained))
    told: dict[str, Any] = {
        "steps": trained.steps,
        "stopped": trained.stopped,
        "step": trained.step,
        "items": trained.items,
        "left_out": trained.left_out,
        "seconds": round(trained.seconds, 3),
        "validation": {
            "before": kept(trained.before),
            "after": kept(trained.after),
            "history": [
                {"step": at["step"]}
                | {f"{one['benchmark']} {one['metric']}": one["value"] for one in at["measures"]}
                for at in history
            ],
        },
    }
    write_json(trained.out / RESULTS, told)


def read_outcome(out: Path, model: Path, told: dict[str, Any]) -> Trained:
    """What `write_outcome` wrote."""
    figures = told["validation"]
    facts = {name: told[name] for name in ("steps", "stopped", "step", "items", "left_out", "seconds")}
    before, after = (tuple(Measure(**one) for one in figures[name]) for name in ("before", "after"))
    return Trained(out, model, before=before, after=after, **facts, existed=True)


def draw_curves(path: Path, curve: Sequence[Row], history: Sequence[dict[str, Any]]) -> None:
    """Draw loss, accuracies, learning rate and scale over steps.

    Args:
        path: The picture to write.
        curve: The rows.
        history: Validations.
    """
    drawn, axes = new_figure(8.0, 9.0, rows=4)
    steps = [row.step for row in curve]
    marker = "." if len(steps) < 20 else ""  # a line needs two points
    for axis, name in zip(axes, ("loss", "accuracy", "lr", "scale"), strict=True):
        values = [getattr(row, name) for row in curve]
        axis.plot(steps, values, color=GREY, linewidth=1.2, marker=marker, label="of pairs, in the batch")
        axis.set_title(TITLES.get(name, name), fontsize=10, loc="left")
        axis.grid(axis="y", color=PALE, linewidth=0.8)
    axes[-1].set_xlabel("step", fontsize=9)
    for (benchmark, metric), colour in zip(_headlines(history).items(), cycle(COLOURS), strict=False):
        values = [
            one["value"]
            for at in history
            for one in at["measures"]
            if (one["benchmark"], one["metric"]) == (benchmark, metric)
        ]
        label = f"{short(benchmark)} {metric}"
        axes[1].plot(
            [at["step"] for at in history], values, color=colour, marker="o", markersize=3, label=label
        )
    axes[1].set_ylim(0, 1.02)
    axes[1].legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    save_figure(drawn, path)


def _headlines(history: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Benchmark -> its headline metric."""
    order = list(HEADLINE.values())
    found: dict[str, str] = {}
    for one in history[0]["measures"] if history else ():
        known = found.get(one["benchmark"])
        if one["metric"] in order and (known is None or order.index(known) < order.index(one["metric"])):
            found[one["benchmark"]] = one["metric"]
    return found


def _markdown(trained: Trained) -> str:
    lines = [
        f"{trained.steps:,} steps, {trained.items:,} items; the model has the weights of step {trained.step:,}."
    ]
    if trained.before:
        names = ("benchmark", "metric", "n", "chance", "before", "after")
        lines += ["", *(f"| {' | '.join(row)} |" for row in (names, ("---",) * len(names), *trained.table()))]
        lines += ["", "In percent; ± is half the 95 % interval."]
    return "\n".join(lines) + "\n"
