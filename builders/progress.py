"""Progress that people see: bars with rates on a terminal, plain lines in a pipe, nothing in tests."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress
from rich.progress import Task as RichTask
from rich.text import Text


class Task(Protocol):
    """One piece of long work."""

    def advance(self, amount: int = 1) -> None:
        """Count `amount` more units as done."""


class Progress(Protocol):
    """Where long work tells how far it is."""

    def task(self, name: str, total: int | None, unit: str) -> AbstractContextManager[Task]:
        """Open a task of `total` units (None: unknown); it closes with the block."""


class _Silent:
    def advance(self, amount: int = 1) -> None:
        """Count nothing."""


class SilentProgress:
    """For library use and tests."""

    @contextmanager
    def task(self, name: str, total: int | None, unit: str) -> Iterator[Task]:
        """Open a task that shows nothing."""
        yield _Silent()


class _Lines:
    """A line at the end, and one every ten seconds in between."""

    interval = 10.0

    def __init__(self, name: str, total: int | None, unit: str) -> None:
        self.name, self.total, self.unit = name, total, unit
        self.done = 0
        self.start = self.last = time.monotonic()

    def advance(self, amount: int = 1) -> None:
        self.done += amount
        if time.monotonic() - self.last >= self.interval:
            self.last = time.monotonic()
            self.show()

    def show(self) -> None:
        seconds = time.monotonic() - self.start
        of = f"/{self.total:,}" if self.total is not None else ""
        rate = f"{self.done / seconds:,.0f} {self.unit}/s" if seconds > 0.05 else ""
        line = f"  {self.name}: {self.done:,}{of} {self.unit}  {seconds:.1f} s  {rate}"
        print(line.rstrip(), file=sys.stderr, flush=True)


class LineProgress:
    """For pipes, logs and CI: plain lines on standard error."""

    @contextmanager
    def task(self, name: str, total: int | None, unit: str) -> Iterator[Task]:
        """Open a task that prints a line now and then and one when it is done."""
        lines = _Lines(name, total, unit)
        yield lines
        lines.show()


class _Rate(TextColumn):
    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: RichTask) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f} {task.fields['unit']}/s" if speed else "", style="cyan")


class _Bar:
    def __init__(self, progress: RichProgress, name: str, total: int | None, unit: str) -> None:
        self.progress = progress
        self.id = progress.add_task(name, total=total, unit=unit)

    def advance(self, amount: int = 1) -> None:
        self.progress.advance(self.id, amount)

    def finish(self) -> None:
        """What was done was all there was."""
        self.progress.update(self.id, total=self.progress.tasks[0].completed)


class BarProgress:
    """For terminals: one bar a task, with its rate and the time left."""

    def __init__(self, console: Console) -> None:
        self.console = console

    @contextmanager
    def task(self, name: str, total: int | None, unit: str) -> Iterator[Task]:
        """Open a task with a bar."""
        columns = (
            TextColumn("  {task.description:<22}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(elapsed_when_finished=True, compact=True),
        )
        with RichProgress(*columns, console=self.console) as progress:
            bar = _Bar(progress, name, total, unit)
            yield bar
            if total is None:
                bar.finish()


def choose_progress(console: Console) -> Progress:
    """Bars where `console` is a terminal, lines elsewhere."""
    return BarProgress(console) if console.is_terminal else LineProgress()
