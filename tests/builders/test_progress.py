"""What long work shows, on a terminal and in a pipe."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from naturel.builders.progress import LineProgress, SilentProgress, choose_progress


def console(*, terminal: bool) -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    return Console(file=file, force_terminal=terminal, width=100), file


def test_lines_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    progress = choose_progress(console(terminal=False)[0])
    assert isinstance(progress, LineProgress)
    with progress.task("pictures", 1500, "pictures") as task:
        for _ in range(3):
            task.advance(500)
    line = capsys.readouterr().err
    assert line.startswith("  pictures: 1,500/1,500 pictures")
    assert line.count("\n") == 1


def test_bars_on_a_terminal() -> None:
    target, file = console(terminal=True)
    with choose_progress(target).task("pictures", 4, "pictures") as task:
        task.advance(4)
    assert "4/4" in file.getvalue()


def test_a_task_of_unknown_length_ends_full() -> None:
    target, file = console(terminal=True)
    with choose_progress(target).task("source", None, "rows") as task:
        task.advance(609)
    assert "609/609" in file.getvalue()


def test_silence(capsys: pytest.CaptureFixture[str]) -> None:
    with SilentProgress().task("pictures", 1, "pictures") as task:
        task.advance()
    assert capsys.readouterr() == ("", "")
