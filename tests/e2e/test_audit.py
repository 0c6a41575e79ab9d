"""The gate before a release: the attack without pictures, the report, and pruning."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers.builds import must_build, run_build

SMALL = ("--sample", "--max-images", "40", "--balance", "off")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audit")
    must_build(*SMALL, "--out", str(folder))
    return folder


def manifest(release: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((release / "manifest.json").read_bytes())
    return found


def test_a_release_has_its_report_and_the_attack_in_its_manifest(out: Path) -> None:
    release = out / "release" / "1.0.0"
    found = manifest(release)
    assert "report.html" in found["files"]  # type: ignore[operator]
    blind = found["blind"]
    assert isinstance(blind, dict)
    assert blind["low"] <= blind["accuracy"] <= blind["high"]
    page = (release / "report.html").read_text("utf-8")
    assert "<html" in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_a_limit_is_held_against_a_release_that_stands_already(out: Path) -> None:
    again = run_build(*SMALL, "--out", str(out), "--max-blind", "0.5")
    assert again.returncode == 3
    assert "more than --max-blind 0.5" in again.stderr
    assert "nothing was redone" in again.stdout
    assert run_build(*SMALL, "--out", str(out), "--max-blind", "1").returncode == 0


def test_what_is_told_too_often_gets_no_place_among_the_releases(tmp_path: Path) -> None:
    done = run_build(*SMALL, "--out", str(tmp_path), "--max-blind", "0.5")
    assert done.returncode == 3
    assert not list((tmp_path / "release").glob("*"))
    rejected = tmp_path / "rejected" / "1.0.0"
    assert (rejected / "report.html").is_file()
    assert manifest(rejected)["blind"]["limit"] == 0.5  # type: ignore[index]


def test_pruning_is_counted_and_noted(out: Path, tmp_path: Path) -> None:
    must_build(*SMALL, "--out", str(tmp_path), "--prune", "--max-blind", "1")
    whole = manifest(out / "release" / "1.0.0")
    pruned = manifest(tmp_path / "release" / "1.0.0")
    notes = pruned["steps"]["records"]["notes"]  # type: ignore[index]
    assert any(note.startswith("pruning: 0 of") and "the limit is met" in note for note in notes)
    assert pruned["rows"] == whole["rows"]


@pytest.mark.parametrize("value", ["0.3", "1.5", "half"])
def test_a_limit_that_is_no_share_is_an_error(tmp_path: Path, value: str) -> None:
    done = run_build(*SMALL, "--out", str(tmp_path), "--max-blind", value)
    assert done.returncode == 2
    assert "--max-blind" in done.stderr
    assert not (tmp_path / "release").exists()
