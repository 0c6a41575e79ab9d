"""The command `naturel train`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from naturel.builders.command import guard

if TYPE_CHECKING:
    from naturel.training.outcome import Trained
    from naturel.training.settings import TrainSettings

HELP = {
    "data": "A release, a build's folder (its newest release is taken), or a name on the Hub.",
    "model": "A CLIP or SigLIP: the folder that save_pretrained wrote, or a name on the Hub.",
    "out": "The run folder. The same command goes on with a run that was stopped.",
    "config": "A recipe's name (see --list) or a YAML file; options win over it.",
    "scheme": "How pairs are made of records: single, all, two or groups.",
    "loss": "softmax (CLIP, NegCLIP), sigmoid (SigLIP), or auto: what the model was made with.",
    "negative_images": "Negative pictures: the release's, the poster's blank one, or off.",
    "hard_negative_weight": "How much a hard negative sentence counts among the sentences (1); 0: plain CLIP.",
    "hard_positive_weight": "How much a second true sentence counts beside the first (0; in the scheme two 1).",
    "batch_size": "Items a step, of all processes together (256).",
    "groups": "2x2 groups a batch, in the schemes single and two (0).",
    "accumulation": "Parts in which a batch goes through the towers (1). Its loss stays that of the whole.",
    "mix": "A plain caption set: a COCO captions file, JSONL, CSV, Parquet, webdataset, or a folder of them.",
    "mix_images": "The folder of its pictures. Default: beside it.",
    "mix_share": "Its share of a batch (0.5).",
    "epochs": "Passes through the release (5).",
    "max_steps": "End after so many steps.",
    "lr": "Learning rate (1e-6).",
    "schedule": "cosine (default) or constant, after the warm-up.",
    "warmup": "Steps of warm-up (50).",
    "final_lr": "What is left of the learning rate at the end, a share (0).",
    "weight_decay": "Of matrices; biases, norms and the logits' scale never decay (0.1).",
    "beta1": "AdamW's first (0.9).",
    "beta2": "AdamW's second (0.98).",
    "eps": "AdamW's (1e-6).",
    "clip_norm": "The gradient's greatest norm (1).",
    "precision": "float32 (default), bf16 or fp16.",
    "device": "auto (default): a GPU where there is one. cpu.",
    "seed": "Shapes batches and choices (0).",
    "workers": "Processes that decode pictures (0: this one).",
    "log_every": "Steps between two rows of the curve (10).",
    "split": "The split to train on (train).",
    "validation": "Benchmarks of naturel evaluate, asked before, during and after. Default: those of the release.",
    "validation_split": "The release's split that is asked about (validation, if it is there); none.",
    "validation_data": "Where benchmarks other than the release lie.",
    "validate_every": "Steps between two validations. Default: an epoch.",
    "monitor": "The benchmark whose figure is watched (naturel/complex).",
    "patience": "End after so many validations without a better figure, and keep the best weights.",
    "checkpoint_every": "Steps between two checkpoints. Default: an epoch.",
    "keep": "Checkpoints to keep (2).",
    "data_config": "The release's configuration. Default: its default one.",
    "revision": "Of the Hub's model.",
}


PANELS = {
    "Data": "split data_config mix mix_images mix_share workers",
    "Objective": "loss negative_images hard_negative_weight hard_positive_weight groups",
    "Optimiser": "lr schedule warmup final_lr weight_decay beta1 beta2 eps clip_norm",
    "Validation": "validation validation_split validation_data validate_every monitor patience",
}
PIPE_WIDTH = 1000
"""A pipe has no width of its own, and a table takes what it needs."""


def _option(name: str) -> Any:
    panel = next((panel for panel, names in PANELS.items() if name in names.split()), None)
    return typer.Option("--" + name.replace("_", "-"), help=HELP[name], rich_help_panel=panel)


def train_command(
    data: Annotated[str | None, _option("data")] = None,
    model: Annotated[str | None, _option("model")] = None,
    out: Annotated[Path | None, _option("out")] = None,
    config: Annotated[str | None, _option("config")] = None,
    scheme: Annotated[str | None, _option("scheme")] = None,
    loss: Annotated[str | None, _option("loss")] = None,
    negative_images: Annotated[str | None, _option("negative_images")] = None,
    hard_negative_weight: Annotated[float | None, _option("hard_negative_weight")] = None,
    hard_positive_weight: Annotated[float | None, _option("hard_positive_weight")] = None,
    batch_size: Annotated[int | None, _option("batch_size")] = None,
    groups: Annotated[int | None, _option("groups")] = None,
    accumulation: Annotated[int | None, _option("accumulation")] = None,
    mix: Annotated[Path | None, _option("mix")] = None,
    mix_images: Annotated[Path | None, _option("mix_images")] = None,
    mix_share: Annotated[float | None, _option("mix_share")] = None,
    epochs: Annotated[int | None, _option("epochs")] = None,
    max_steps: Annotated[int | None, _option("max_steps")] = None,
    lr: Annotated[float | None, _option("lr")] = None,
    schedule: Annotated[str | None, _option("schedule")] = None,
    warmup: Annotated[int | None, _option("warmup")] = None,
    final_lr: Annotated[float | None, _option("final_lr")] = None,
    weight_decay: Annotated[float | None, _option("weight_decay")] = None,
    beta1: Annotated[float | None, _option("beta1")] = None,
    beta2: Annotated[float | None, _option("beta2")] = None,
    eps: Annotated[float | None, _option("eps")] = None,
    clip_norm: Annotated[float | None, _option("clip_norm")] = None,
    precision: Annotated[str | None, _option("precision")] = None,
    device: Annotated[str | None, _option("device")] = None,
    seed: Annotated[int | None, _option("seed")] = None,
    workers: Annotated[int | None, _option("workers")] = None,
    log_every: Annotated[int | None, _option("log_every")] = None,
    split: Annotated[str | None, _option("split")] = None,
    validation: Annotated[str | None, _option("validation")] = None,
    validation_data: Annotated[Path | None, _option("validation_data")] = None,
    validation_split: Annotated[str | None, _option("validation_split")] = None,
    validate_every: Annotated[int | None, _option("validate_every")] = None,
    monitor: Annotated[str | None, _option("monitor")] = None,
    patience: Annotated[int | None, _option("patience")] = None,
    checkpoint_every: Annotated[int | None, _option("checkpoint_every")] = None,
    keep: Annotated[int | None, _option("keep")] = None,
    data_config: Annotated[str | None, _option("data_config")] = None,
    revision: Annotated[str | None, _option("revision")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and leave.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="Show the recipes, and leave.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Fine-tune a CLIP or SigLIP on a release.

    naturel train --data build/demo --config sp --out runs/sp

    The run folder has settings.yaml, curve.csv, curves.png, checkpoints/, results.json, results.md and model/, which
    is a --model for other commands. Several GPUs: torchrun --nproc-per-node 4 --no-python naturel train ...
    """
    given = dict(locals())
    for name in ("dry_run", "list_", "debug", "config"):
        del given[name]
    guard(_show_recipes if list_ else lambda: _train(config, given, dry_run=dry_run), debug)


def _show_recipes() -> None:
    # Imported here so that --help answers at once.
    from naturel.training.settings import RECIPES, recipe_names

    for name in recipe_names():
        first = (RECIPES / f"{name}.yaml").read_text(encoding="utf-8").splitlines()[0]
        print(f"{name:16}{first.removeprefix('# ')}")


def _train(config: str | None, options: dict[str, Any], *, dry_run: bool) -> None:
    from naturel.builders.progress import choose_progress
    from naturel.training.settings import load_train_settings

    settings = load_train_settings(config, options)
    if dry_run:
        _show_plan(settings)
        return
    _calm()
    from naturel.training.loop import train

    trained = train(settings, choose_progress(Console(stderr=True)))
    if os.environ.get("RANK", "0") == "0":  # of processes that train together, one speaks
        _show(trained)


def _calm() -> None:
    """Keep libraries from drawing bars of their own across ours."""
    import datasets

    from naturel.evaluation.models.opening import quiet

    quiet()
    datasets.disable_progress_bars()


def _show_plan(settings: TrainSettings) -> None:
    from naturel.training.preparing import prepare
    from naturel.training.schedule import learning_rate

    data = prepare(settings)
    plan = data.plan
    print(f"records          {len(data.pairs.sentences):>12,}")
    print(f"items an epoch   {plan.items:>12,}  scheme {settings.scheme}")
    print(f"2x2 groups       {len(data.pairs.groups):>12,}")
    groups = settings.released // 2 if settings.scheme == "groups" else settings.groups
    print(
        f"batch            {settings.batch_size:>12,}  of the release {settings.released:,}, with {groups:,} groups"
    )
    if data.captioned is not None:
        print(f"caption set      {len(data.captioned):>12,}  pictures, {settings.mixed:,} a batch")
        for reason, count in data.captioned.left_out.items():
            print(f"  left out       {count:>12,}  {reason}")
    print(f"steps            {plan.steps:>12,}  {plan.epoch_steps:,} in the first epoch")
    for step in sorted({0, min(settings.warmup, plan.steps - 1), plan.steps // 2, plan.steps - 1}):
        print(f"learning rate    {learning_rate(step, plan.steps, settings):>12.3g}  at step {step + 1:,}")
    for some in data.validation:
        print(f"validation       {len(some):>12,}  questions of {some.benchmark}")


def _show(trained: Trained) -> None:
    if trained.existed:
        print(f"{trained.out} has ended already.")
    if trained.left_out:
        print(f"left out {trained.left_out:,}: picture of the caption set unreadable")
    if trained.before:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in ("benchmark", "metric", "n", "chance", "before", "after"):
            table.add_column(name, justify="left" if name in ("benchmark", "metric") else "right")
        for row in trained.table():
            table.add_row(*row)
        console = Console(width=None if sys.stdout.isatty() else PIPE_WIDTH)
        console.print(table)
        console.print(
            "In percent; ± is half the 95 % interval. ↓: less is better.", style="dim", highlight=False
        )
    else:
        print("Nothing was asked before and after: the release has no split validation. See --validation.")
    rate = trained.items / trained.seconds if trained.seconds else 0.0
    why = ", no better figure for as long as --patience allows" if trained.stopped == "patience" else ""
    print(
        f"{trained.steps:,} steps{why}; {trained.items:,} items in {trained.seconds:.1f} s, {rate:,.0f} items/s"
    )
    print(f"model of step {trained.step:,}: {trained.model}")
