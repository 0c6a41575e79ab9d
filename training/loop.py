"""Training: from settings to a run folder."""

from __future__ import annotations

import math
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from naturel.annotations.errors import UserError
from naturel.builders.engine import require_extra
from naturel.builders.progress import Progress, SilentProgress
from naturel.evaluation.measures import Measure
from naturel.evaluation.models.two_tower import TwoTower, open_two_tower
from naturel.training.batches import Batch, Steps
from naturel.training.checkpoints import Checkpoints, State
from naturel.training.outcome import Trained, read_outcome, write_outcome
from naturel.training.preparing import prepare
from naturel.training.run import Row, RunFolder
from naturel.training.schedule import learning_rate, make_optimizer
from naturel.training.settings import Loss, Precision, TrainSettings
from naturel.training.step import Stepper
from naturel.training.validation import kept, validate, watched

MIXED = {Precision.FLOAT32: "no", Precision.BF16: "bf16", Precision.FP16: "fp16"}


def train(settings: TrainSettings, progress: Progress | None = None) -> Trained:
    """Fine-tune a model on a release; the same settings go on with a run that was stopped.

    Args:
        settings: The settings.
        progress: Where progress is shown; None: nowhere.

    Returns:
        What came of it.

    Raises:
        UserError: The extra `train` is missing, data, model or settings do not serve, or the run folder holds another
            run.
    """
    for package in ("torch", "transformers", "accelerate", "matplotlib"):
        require_extra(package, "naturel train", "train")
    accelerator = _accelerator(settings)
    folder = RunFolder(settings)
    if not accelerator.is_main_process:
        return _Run(settings, folder, accelerator, SilentProgress()).run()
    with folder.locked():
        return _Run(settings, folder, accelerator, progress or SilentProgress()).run()


class _Run:
    """One start of a run, in one process."""

    def __init__(
        self, settings: TrainSettings, folder: RunFolder, accelerator: Any, progress: Progress
    ) -> None:
        self.settings, self.folder, self.accelerator, self.progress = settings, folder, accelerator, progress
        self.main = accelerator.is_main_process
        if settings.released < accelerator.num_processes:
            raise UserError(
                f"--batch-size: {settings.released} items of the release do not suffice for "
                f"{accelerator.num_processes} processes, each of which takes one at least."
            )
        self.data = prepare(settings)
        folder.check(self.data.digest)
        self.checkpoints = Checkpoints(folder.checkpoints, settings.keep)

    def run(self) -> Trained:
        if (told := self.folder.results()) is not None:
            return read_outcome(self.folder.path, self.folder.model, told)
        import torch

        settings, accelerator = self.settings, self.accelerator
        torch.manual_seed(settings.seed)
        self.tower = open_two_tower(settings.model, revision=settings.revision)
        sigmoid = _sigmoid(settings, self.tower)
        if self.main:
            self.folder.claim(self.data.digest)
        self.tower.model.to(accelerator.device).float()
        self.optimizer = accelerator.prepare_optimizer(make_optimizer(self.tower.model, settings))
        self.stepper = Stepper(
            self.tower,
            self.data.known,
            accelerator,
            sigmoid=sigmoid,
            parts=settings.accumulation,
            hard_negative_weight=settings.hard_negative_weight,
        )
        self.state = self._resume()
        if not self.state.history:
            self._validate()
        stopped = self._steps()
        return self._finish(stopped)

    def _resume(self) -> State:
        """Where to go on from."""
        latest = self.checkpoints.latest()
        state = State()
        if latest is not None:
            state = self.checkpoints.load(latest, self.tower.model, self.optimizer, self.accelerator.scaler)
        if self.main:
            self.folder.cut_curve(state.step)
        self.accelerator.wait_for_everyone()
        return state

    def _steps(self) -> str:
        """Do what is left to do; tell why it ended."""
        settings, plan, state = self.settings, self.data.plan, self.state
        left = plan.steps - state.step
        if self._patient_no_more():
            return "patience"
        since, clock, items = time.perf_counter(), time.perf_counter(), 0
        with self.progress.task("train", left * settings.batch_size, "items") as task:
            for batch in self._batches(state.step):
                lr = learning_rate(state.step, plan.steps, settings)
                loss, right, norm = self._step(batch, lr)
                state.step += 1
                state.items += settings.batch_size - batch.left_out
                state.left_out += batch.left_out
                items += settings.batch_size
                if state.step % settings.log_every == 0 or state.step in (1, plan.steps):
                    now = time.perf_counter()
                    self._log(Row(state.step, plan.epochs(state.step), loss, right, lr, self.stepper.scale,
                                  norm, items / (now - since)))  # fmt: skip
                    since, items = now, 0
                last, pause = state.step == plan.steps, time.perf_counter()
                if last or self._due(settings.validate_every):
                    self._validate()
                ended = last or self._patient_no_more()
                if ended or self._due(settings.checkpoint_every):
                    state.seconds += time.perf_counter() - clock
                    clock = time.perf_counter()
                    self._save()
                since += time.perf_counter() - pause
                task.advance(settings.batch_size)
                if ended:
                    break
        return "end" if state.step == plan.steps else "patience"

    def _due(self, every: int | None) -> bool:
        """Whether it is time for what is done at the end of each epoch, or every so many steps."""
        step = self.state.step
        return self.data.plan.ends_epoch(step) if every is None else step % every == 0

    def _batches(self, start: int) -> Iterator[Batch]:
        from torch.utils.data import DataLoader

        settings, tower = self.settings, self.tower
        if settings.workers:
            os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        steps = Steps(
            settings,
            self.data.plan,
            self.data.pairs,
            self.data.known,
            # Whoever prepares batches needs no weights.
            replace(tower, model=SimpleNamespace(config=tower.model.config)),
            self.data.captioned,
            rank=self.accelerator.process_index,
            ranks=self.accelerator.num_processes,
        )
        # One item is one batch: which items it has is the plan's matter.
        yield from DataLoader(
            steps,  # type: ignore[arg-type]
            batch_size=None,
            sampler=range(start, self.data.plan.steps),
            num_workers=settings.workers,
            pin_memory=False,
        )

    def _step(self, batch: Batch, lr: float) -> tuple[float, float, float]:
        """One step of the optimizer: the loss, the share of pairs told right, the gradient's norm."""
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.optimizer.zero_grad(set_to_none=True)
        loss, right = self.stepper.backward(batch)
        if not math.isfinite(float(loss)):
            raise UserError(
                f"the loss of step {self.state.step + 1} is {float(loss)}: training has broken down. Give a "
                "lower --lr, a longer --warmup or --precision float32, and another --out."
            )
        norm = self.accelerator.clip_grad_norm_(
            self.tower.model.parameters(), self.settings.clip_norm or float("inf")
        )
        self.optimizer.step()
        self.stepper.clamp()
        return float(loss), float(right), float(norm)

    def _log(self, row: Row) -> None:
        if self.main:
            self.folder.add(row)

    def _validate(self) -> None:
        """Add figures to the history; see whether they are the best."""
        questions, settings, state = self.data.validation, self.settings, self.state
        if not questions:
            return
        from accelerate.utils import broadcast_object_list

        found: list[Any] = [kept(validate(self.tower, questions, settings.seed)) if self.main else None]
        measures: list[dict[str, Any]] = broadcast_object_list(found)[0]
        state.history.append({"step": state.step, "measures": measures})
        if settings.patience is None:
            return
        wanted = watched(settings.monitor, questions)
        (figure,) = (one["value"] for one in measures if (one["benchmark"], one["metric"]) == wanted)
        if state.best is None or figure > state.best:
            state.best, state.best_step, state.waited = figure, state.step, 0
            if self.main:
                self.checkpoints.save_best(state.step, self.tower.model)
        else:
            state.waited += 1

    def _patient_no_more(self) -> bool:
        return self.settings.patience is not None and self.state.waited >= self.settings.patience

    def _save(self) -> None:
        if self.main:
            self.checkpoints.save(self.state, self.tower.model, self.optimizer, self.accelerator.scaler)
        self.accelerator.wait_for_everyone()

    def _finish(self, stopped: str) -> Trained:
        state, step = self.state, self.state.step
        if state.best_step is not None:
            step = state.best_step
            self.checkpoints.load_best(step, self.tower.model)
        trained = Trained(
            self.folder.path,
            self.folder.model,
            state.step,
            stopped,
            step,
            _figures(state.history, 0),
            _figures(state.history, step),
            state.items,
            state.left_out,
            state.seconds,
        )
        if self.main:
            _save_model(self.tower, self.folder.model)
            write_outcome(trained, self.folder.curve(), state.history)
        self.accelerator.wait_for_everyone()
        return trained


def _accelerator(settings: TrainSettings) -> Any:
    import torch
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState

    if settings.precision == Precision.FP16 and (settings.device == "cpu" or not torch.cuda.is_available()):
        raise UserError("--precision fp16 needs a GPU; on a CPU give bf16 or float32.")
    AcceleratorState._reset_state()  # an earlier run of this process may have had another precision
    return Accelerator(mixed_precision=MIXED[settings.precision], cpu=settings.device == "cpu")


def _sigmoid(settings: TrainSettings, tower: TwoTower) -> bool:
    """Whether the loss is SigLIP's.

    Raises:
        UserError: The model cannot have it.
    """
    if settings.loss == Loss.AUTO:
        return tower.sigmoid
    sigmoid = settings.loss == Loss.SIGMOID
    if sigmoid and not hasattr(tower.model, "logit_bias"):
        raise UserError(
            f"--loss sigmoid needs a model whose logits have a bias, such as a SigLIP; {tower.name} is a "
            f"{tower.family}. Give --loss softmax."
        )
    return sigmoid


def _figures(history: list[dict[str, Any]], step: int) -> tuple[Measure, ...]:
    for at in history:
        if at["step"] == step:
            return tuple(Measure(**one) for one in at["measures"])
    return ()


def _save_model(tower: TwoTower, folder: Path) -> None:
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    tower.save(partial)
    shutil.rmtree(folder, ignore_errors=True)
    partial.replace(folder)
