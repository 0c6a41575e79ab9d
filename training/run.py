"""The run folder: what was asked for, the curve as it grows, and what came of it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

import naturel
from naturel.annotations.errors import UserError
from naturel.builders.files import locked_folder, write_text
from naturel.builders.workspace import write_json
from naturel.training.settings import TrainSettings

SETTINGS, FACTS, CURVE, RESULTS, PICTURE = (
    "settings.yaml",
    "run.json",
    "curve.csv",
    "results.json",
    "curves.png",
)
FREE = frozenset({"out", "workers", "keep", "log_every"})
"""Settings that may change while a run goes on: weights do not depend on them."""


@dataclass(frozen=True)
class Row:
    """A row of the curve."""

    step: int
    epoch: float
    loss: float
    accuracy: float
    """Pairs of the batch whose sentence beat all negatives of the picture, a share."""
    lr: float
    scale: float
    """What cosines are multiplied by."""
    gradient_norm: float
    items_per_second: float


class RunFolder:
    """The folder `--out`."""

    def __init__(self, settings: TrainSettings) -> None:
        self.path = settings.out
        self._settings = settings

    @property
    def checkpoints(self) -> Path:
        """Where checkpoints are."""
        return self.path / "checkpoints"

    @property
    def model(self) -> Path:
        """Where the trained model is saved, for `--model` of other commands."""
        return self.path / "model"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs out of the folder.

        Raises:
            UserError: Another process trains here, or the folder cannot be written.
        """
        with locked_folder(
            self.path,
            f"--out {self.path} cannot be written: {{reason}}. Choose another folder.",
            f"--out {self.path}: another run is at work in this folder. Wait until it ends, or give another --out.",
        ):
            yield

    def check(self, data_digest: str | None) -> None:
        """See whether the folder is free for this run, or has begun it.

        Args:
            data_digest: Of the release's manifest; None where it is not on this machine.

        Raises:
            UserError: Another run is here, or something else.
        """
        path = self.path / SETTINGS
        if not path.exists():
            begun = (
                ".lock",
                FACTS,
                f"{FACTS}.partial",
                f"{SETTINGS}.partial",
            )  # by one that was killed at once
            if self.path.is_dir() and any(child.name not in begun for child in self.path.iterdir()):
                raise UserError(f"--out {self.path} holds something else than a run. Give another --out.")
            return
        try:
            before = yaml.safe_load(path.read_text(encoding="utf-8"))
            known = json.loads((self.path / FACTS).read_bytes())
            differences = [
                f"{name} was {before.get(name)!r} and is {value!r}"
                for name, value in self._settings.model_dump(mode="json").items()
                if name not in FREE and before.get(name) != value
            ]
            if known["data"] != data_digest:
                differences.append("the release has changed")
        except (OSError, ValueError, KeyError, AttributeError, yaml.YAMLError) as error:
            raise UserError(
                f"{path} is damaged: {error}. Give another --out, or remove the folder."
            ) from error
        if differences:
            raise UserError(
                f"--out {self.path} holds a run with other settings: {'; '.join(differences)}. Give the same "
                "settings to go on with it, or another --out."
            )

    def claim(self, data_digest: str | None) -> None:
        """Write down what this run is.

        Args:
            data_digest: Of the release's manifest; None where it is not on this machine.
        """
        if not (self.path / SETTINGS).exists():
            write_json(self.path / FACTS, {"data": data_digest, "naturel": naturel.__version__})
            told = self._settings.model_dump(mode="json")
            write_text(self.path / SETTINGS, yaml.safe_dump(told, sort_keys=False, allow_unicode=True))

    def results(self) -> dict[str, Any] | None:
        """What a finished run found; None where none has ended here."""
        try:
            found: dict[str, Any] = json.loads((self.path / RESULTS).read_bytes())
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise UserError(f"{self.path / RESULTS} is damaged: {error}. Remove it and run again.") from error
        return found

    def cut_curve(self, step: int) -> None:
        """Forget what came after a step: it comes again."""
        rows = [row for row in self.curve() if row.step <= step]
        text = "\n".join([",".join(Row.__annotations__), *map(_line, rows)]) + "\n"
        write_text(self.path / CURVE, text)

    def add(self, row: Row) -> None:
        """Add a row to the curve."""
        with (self.path / CURVE).open("a", encoding="utf-8") as file:
            file.write(_line(row) + "\n")

    def curve(self) -> list[Row]:
        """The curve so far; a row that a kill cut short is left out."""
        try:
            with (self.path / CURVE).open(encoding="utf-8", newline="") as file:
                rows = [
                    row for row in csv.DictReader(file) if None not in row.values() and "" not in row.values()
                ]
        except FileNotFoundError:
            return []
        return [
            Row(int(row["step"]), *(float(row[name]) for name in Row.__annotations__ if name != "step"))
            for row in rows
        ]


def _line(row: Row) -> str:
    return ",".join(repr(value) for value in asdict(row).values())
