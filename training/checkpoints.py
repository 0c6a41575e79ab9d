"""Checkpoints from which a run goes on as if it had never stopped: each there as a whole or not at all.

Weights and the optimizer's state are safetensors, the rest is JSON: nothing is pickled.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from naturel.annotations.errors import UserError
from naturel.builders.files import sync
from naturel.builders.workspace import write_json

WEIGHTS, OPTIMIZER, STATE = "model.safetensors", "optimizer.safetensors", "state.json"


@dataclass
class State:
    """Where a run stands."""

    step: int = 0
    """Steps done."""
    history: list[dict[str, Any]] = field(default_factory=list)
    """Validations: `step` and `measures`."""
    best_step: int | None = None
    best: float | None = None
    """The best figure of the monitor, and when it was reached."""
    waited: int = 0
    """Validations since."""
    items: int = 0
    """Items that were trained on."""
    left_out: int = 0
    """Pictures that could not be read."""
    seconds: float = 0.0
    """Spent on training, of all starts."""


class Checkpoints:
    """The folder `checkpoints` of a run: `step-00000100`, ..., and the best weights in `best-00000050`."""

    def __init__(self, folder: Path, keep: int) -> None:
        """Keeps the names.

        Args:
            folder: Where they are.
            keep: How many are kept, besides the best weights.
        """
        self.folder, self._keep = folder, keep

    def latest(self) -> Path | None:
        """The newest whole checkpoint."""
        return max(self._named("step"), default=None)

    def save(self, state: State, model: Any, optimizer: Any, scaler: Any = None) -> None:
        """Write a checkpoint, and remove those that are too old.

        Args:
            state: Where the run stands.
            model: A `torch.nn.Module`.
            optimizer: Its AdamW.
            scaler: Of half precision's gradients; None: there is none.
        """

        def fill(folder: Path) -> None:
            _save_tensors(folder / WEIGHTS, model.state_dict())
            _save_tensors(folder / OPTIMIZER, _moments(optimizer) | _random_states())
            write_json(folder / STATE, asdict(state) | {"scaler": scaler.state_dict() if scaler else None})

        self._write(f"step-{state.step:08d}", fill)
        for old in sorted(self._named("step"))[: -self._keep]:
            shutil.rmtree(old)
        for old in self._named("best"):
            if old.name != _best(state.best_step):
                shutil.rmtree(old)

    def load(self, checkpoint: Path, model: Any, optimizer: Any, scaler: Any = None) -> State:
        """Go back to a checkpoint.

        Raises:
            UserError: It cannot be read.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            model.load_state_dict(load_file(checkpoint / WEIGHTS))
            tensors = load_file(checkpoint / OPTIMIZER)
            told = json.loads((checkpoint / STATE).read_bytes())
            _restore_random(tensors)
            _restore_moments(optimizer, tensors)
            scaled = told.pop("scaler")
            if scaler and scaled:
                scaler.load_state_dict(scaled)
            return State(**told)
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
            raise UserError(
                f"the checkpoint {checkpoint} cannot be read: {error}. Remove it, and the run goes on from the one "
                "before, or from the start."
            ) from error

    def save_best(self, step: int, model: Any) -> None:
        """Keep the weights of this step as the best; those before go when a checkpoint knows of these."""
        self._write(_best(step), lambda folder: _save_tensors(folder / WEIGHTS, model.state_dict()))

    def load_best(self, step: int, model: Any) -> None:
        """Go back to the best weights."""
        from safetensors.torch import load_file

        model.load_state_dict(load_file(self.folder / _best(step) / WEIGHTS))

    def _named(self, kind: str) -> list[Path]:
        return [path for path in self.folder.glob(f"{kind}-*") if not path.suffix]

    def _write(self, name: str, fill: Callable[[Path], None]) -> None:
        """Fill a folder under a temporary name, see to it that it is on the disk, and name it."""
        place, partial = self.folder / name, self.folder / f"{name}.partial"
        for leftover in (partial, place):
            shutil.rmtree(leftover, ignore_errors=True)
        partial.mkdir(parents=True)
        fill(partial)
        for path in (*partial.iterdir(), partial):
            sync(path)
        partial.replace(place)
        sync(self.folder)


def _best(step: int | None) -> str:
    return f"best-{step or 0:08d}"


def _save_tensors(path: Path, tensors: dict[str, Any]) -> None:
    from safetensors.torch import save_file

    seen: set[int] = set()
    apart: dict[str, Any] = {}
    for name, tensor in tensors.items():
        whole = tensor.detach().cpu().contiguous()
        if whole.data_ptr() in seen:  # safetensors refuses tensors that share memory
            whole = whole.clone()
        seen.add(whole.data_ptr())
        apart[name] = whole
    save_file(apart, path)


def _moments(optimizer: Any) -> dict[str, Any]:
    """AdamW's state: `3.exp_avg` is of the third weight."""
    states = optimizer.state_dict()["state"]
    return {f"{number}.{name}": value for number, state in states.items() for name, value in state.items()}


def _restore_moments(optimizer: Any, tensors: dict[str, Any]) -> None:
    states: dict[int, dict[str, Any]] = {}
    for key, tensor in tensors.items():
        number, _, name = key.partition(".")
        if number.isdecimal():
            states.setdefault(int(number), {})[name] = tensor
    optimizer.load_state_dict(optimizer.state_dict() | {"state": states})


def _random_states() -> dict[str, Any]:
    import torch

    states = {"random": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["random.cuda"] = torch.cuda.get_rng_state()
    return states


def _restore_random(tensors: dict[str, Any]) -> None:
    import torch

    torch.set_rng_state(tensors["random"])
    if torch.cuda.is_available() and "random.cuda" in tensors:
        torch.cuda.set_rng_state(tensors["random.cuda"])
