"""Steps run once, survive kills, and notice what changed."""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from pathlib import Path

import pytest

from naturel.annotations.errors import UserError
from naturel.builders.workspace import StepResult, Workspace, digest_of


class Recorder:
    """A step that counts its runs and writes what it is told."""

    def __init__(self, content: str = "table") -> None:
        self.runs = 0
        self.content = content

    def __call__(self, folder: Path) -> StepResult:
        self.runs += 1
        (folder / "table.txt").write_text(self.content)
        return StepResult({"rows": 1}, {"bad": 2, "none": 0}, ["a note"])


def test_a_step_runs_once_for_one_key(tmp_path: Path) -> None:
    work = Recorder()
    with (workspace := Workspace(tmp_path)).locked():
        first = workspace.step("a", {"seed": 0}, work)
        second = workspace.step("a", {"seed": 0}, work)
    assert work.runs == 1
    assert first.digest == second.digest
    assert workspace.rerun == ["a"]
    assert first.manifest["dropped"] == {"bad": 2}  # reasons that dropped nothing are left out


def test_another_key_runs_it_again(tmp_path: Path) -> None:
    work = Recorder()
    with (workspace := Workspace(tmp_path)).locked():
        workspace.step("a", {"seed": 0}, work)
        workspace.step("a", {"seed": 1}, work)
    assert work.runs == 2


def test_the_digest_is_that_of_the_files_not_of_the_key(tmp_path: Path) -> None:
    with (workspace := Workspace(tmp_path)).locked():
        same = {workspace.step("a", {"seed": seed}, Recorder("x")).digest for seed in (0, 1)}
        other = workspace.step("a", {"seed": 2}, Recorder("y")).digest
    assert len(same) == 1
    assert other not in same


def test_a_step_that_fails_leaves_the_last_result(tmp_path: Path) -> None:
    def fail(folder: Path) -> StepResult:
        (folder / "table.txt").write_text("half")
        raise RuntimeError("stop")

    with (workspace := Workspace(tmp_path)).locked():
        workspace.step("a", {"seed": 0}, Recorder("whole"))
        with pytest.raises(RuntimeError):
            workspace.step("a", {"seed": 1}, fail)
        assert (tmp_path / "work" / "a" / "table.txt").read_text() == "whole"
    with workspace.locked():
        assert not list((tmp_path / "work").glob("*.partial"))


@pytest.mark.parametrize("damage", ["remove", "garble", "no manifest"])
def test_a_damaged_step_is_run_again(tmp_path: Path, damage: str) -> None:
    work = Recorder()
    with (workspace := Workspace(tmp_path)).locked():
        step = workspace.step("a", {}, work)
        if damage == "remove":
            (step.folder / "table.txt").unlink()
        elif damage == "garble":
            (step.folder / "manifest.json").write_text("{")
        else:
            (step.folder / "manifest.json").unlink()
        workspace.step("a", {}, work)
    assert work.runs == 2


def _hold(folder: Path, ready: object) -> None:
    with Workspace(folder).locked():
        ready.set()  # type: ignore[attr-defined]
        time.sleep(30)


def test_a_second_process_is_told_who_is_at_work(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=_hold, args=(tmp_path, ready))
    process.start()
    try:
        assert ready.wait(30)
        with pytest.raises(UserError, match=rf"another build \(process {process.pid}\) is at work"):
            Workspace(tmp_path).locked().__enter__()
    finally:
        process.kill()
        process.join()
    with Workspace(tmp_path).locked():  # a killed process holds nothing
        assert (tmp_path / ".lock").read_text() == str(os.getpid())


def test_an_input_is_digested_again_only_when_it_changed(tmp_path: Path) -> None:
    path = tmp_path / "input.csv"
    path.write_text("a")
    with (workspace := Workspace(tmp_path / "out")).locked():
        first = workspace.digest_input(path)
        assert first == "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"  # sha256sum of "a"
        cache = tmp_path / "out" / "work" / "inputs.json"
        before = cache.stat().st_mtime_ns
        assert workspace.digest_input(path) == first
        assert cache.stat().st_mtime_ns == before
        path.write_text("b")
        assert workspace.digest_input(path) != first
        assert set(json.loads(cache.read_text())) == {str(path)}


def test_a_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert digest_of({"a": 1, "b": [1, 2]}) == digest_of({"b": [1, 2], "a": 1})
    assert digest_of([1, 2]) != digest_of([2, 1])
