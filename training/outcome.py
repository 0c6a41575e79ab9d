"""What came of a run: the table before and after, and the curves as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from naturel.builders.files import write_text
from naturel.builders.workspace import write_json
from naturel.evaluation.measures import Measure
from naturel.training.run import PICTURE, RESULTS, Row
from naturel.training.validation import HEADLINE, kept


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
        """Rows of benchmark, metric, count, chance, before, after."""
        return [
            (
                one.benchmark,
                one.metric,
                f"{one.count:,}",
                "" if one.chance is None else f"{one.chance:.3f}",
                *(f"{each.value:.3f} [{each.low:.3f}, {each.high:.3f}]" for each in (one, other)),
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
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 6), layout="constrained")
    axes = figure.subplots(2, 2)
    steps = [row.step for row in curve]
    marker = "." if len(steps) < 20 else ""  # a line needs two points
    for axis, name in zip(axes.flat, ("loss", "accuracy", "lr", "scale"), strict=True):
        label = "in batch" if name == "accuracy" else None
        axis.plot(
            steps,
            [getattr(row, name) for row in curve],
            color="tab:gray",
            linewidth=1.2,
            label=label,
            marker=marker,
        )
        axis.set_title({"lr": "learning rate", "scale": "scale of logits"}.get(name, name), fontsize=10)
        axis.set_xlabel("step", fontsize=9)
        axis.grid(alpha=0.3)
    for benchmark, metric in _headlines(history).items():
        values = [
            one["value"]
            for at in history
            for one in at["measures"]
            if (one["benchmark"], one["metric"]) == (benchmark, metric)
        ]
        label = f"{benchmark} {metric}"
        axes[0, 1].plot([at["step"] for at in history], values, marker="o", markersize=3, label=label)
    axes[0, 1].set_ylim(0, 1.02)
    axes[0, 1].legend(fontsize=8)
    partial = path.with_name(path.name + ".partial")
    figure.savefig(partial, format="png", dpi=110)
    partial.replace(path)


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
    return "\n".join(lines) + "\n"
