"""What came of a run: the table before and after, and the curves as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from naturel.builders.files import write_text
from naturel.builders.workspace import write_json
from naturel.training.run import PICTURE, RESULTS, Row
from naturel.training.validation import CHANCE


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
    before: dict[str, float]
    """Validation figures of the model that was given; empty without validation."""
    after: dict[str, float]
    """Of the trained model."""
    items: int
    left_out: int
    """Pictures that could not be read."""
    seconds: float
    existed: bool = False
    """Whether the run had ended before, so that nothing was to be done."""

    def table(self) -> list[tuple[str, float, float, float]]:
        """Rows of figure, chance, before, after."""
        return [(name, CHANCE[name], self.before[name], self.after[name]) for name in self.before]  # type: ignore[index]


def write_outcome(trained: Trained, curve: Sequence[Row], history: Sequence[dict[str, float]]) -> None:
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
        "validation": {"before": trained.before, "after": trained.after, "history": list(history)},
    }
    write_json(trained.out / RESULTS, told)


def read_outcome(out: Path, model: Path, told: dict[str, Any]) -> Trained:
    """What `write_outcome` wrote."""
    figures = told["validation"]
    facts = {name: told[name] for name in ("steps", "stopped", "step", "items", "left_out", "seconds")}
    return Trained(out, model, before=figures["before"], after=figures["after"], **facts, existed=True)


def draw_curves(path: Path, curve: Sequence[Row], history: Sequence[dict[str, float]]) -> None:
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
    for axis, name in zip(axes.flat, ("loss", "accuracy", "lr", "scale"), strict=True):
        label = "in batch" if name == "accuracy" else None
        axis.plot(steps, [getattr(row, name) for row in curve], color="tab:blue", linewidth=1.2, label=label)
        axis.set_title({"lr": "learning rate", "scale": "scale of logits"}.get(name, name), fontsize=10)
        axis.set_xlabel("step", fontsize=9)
        axis.grid(alpha=0.3)
    for name in [name for name in CHANCE if history and name in history[0]]:
        axes[0, 1].plot(
            [at["step"] for at in history], [at[name] for at in history], marker="o", label=name.value
        )
    axes[0, 1].set_ylim(0, 1.02)
    axes[0, 1].legend(fontsize=8)
    partial = path.with_name(path.name + ".partial")
    figure.savefig(partial, format="png", dpi=110)
    partial.replace(path)


def _markdown(trained: Trained) -> str:
    lines = [
        f"{trained.steps:,} steps, {trained.items:,} items; the model has the weights of step {trained.step:,}."
    ]
    if trained.before:
        lines += ["", "| validation | chance | before | after |", "|---|---|---|---|"]
        lines += [
            f"| {name} | {chance:.3f} | {before:.3f} | {after:.3f} |"
            for name, chance, before, after in trained.table()
        ]
    return "\n".join(lines) + "\n"
