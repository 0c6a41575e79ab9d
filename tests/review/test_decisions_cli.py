"""The commands `naturel decisions export | merge | stats`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from helpers.deciding import decide
from typer.testing import CliRunner

from naturel.annotations.decisions import Decision, from_line
from naturel.annotations.decisions_csv import read_decisions_csv
from naturel.annotations.journal import Journal, read_journals
from naturel.review.decisions_cli import decisions_app

ADA = [decide(1, key="k"), decide(3, key="l", verdict="reject", reason="awkward")]
BOB = [decide(2, "bob", key="k"), decide(4, "bob", key="l")]


def run(*arguments: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(decisions_app(), [*map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def keep(folder: Path, decisions: Sequence[Decision]) -> None:
    for annotator in {decision.annotator for decision in decisions}:
        with Journal(folder, annotator) as journal:
            journal.append_all(decision for decision in decisions if decision.annotator == annotator)


@pytest.fixture
def build(tmp_path: Path) -> Path:
    keep(tmp_path / "build" / "review", [*ADA, *BOB])
    return tmp_path / "build"


def test_export_writes_all_in_the_order_of_their_times(build: Path, tmp_path: Path) -> None:
    code, out, _ = run("export", build, "--out", tmp_path / "all.jsonl")
    assert (code, out) == (0, f"4 decisions written to {tmp_path / 'all.jsonl'}\n")
    lines = (tmp_path / "all.jsonl").read_text().splitlines()
    assert [from_line(line).id.int for line in lines] == [1, 2, 3, 4]
    code, _, _ = run("export", build / "review", "--out", tmp_path / "all.csv", "--format", "csv")
    assert code == 0
    assert read_decisions_csv(tmp_path / "all.csv").decisions == [from_line(line) for line in lines]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.csv", "all.jsonl", "build"]


def test_merge_takes_builds_folders_and_tables(build: Path, tmp_path: Path) -> None:
    keep(tmp_path / "other", [*ADA, decide(5, "cyd", key="k")])
    table = tmp_path / "tool.csv"
    table.write_text("annotator,time,verdict,key\ndan,2026-03-01T12:00:00Z,accept,k\ndan,today,accept,l\n")
    into = tmp_path / "into"
    code, out, err = run("merge", build, tmp_path / "other", table, "--into", into)
    assert (code, out) == (0, f"6 decisions added to {into}, 2 were there already\n")
    assert err.splitlines()[0] == "1 lines are no decisions and were left out:"
    assert err.splitlines()[1].startswith(f"  {table}, line 3: time: ")
    assert [path.name for path in sorted(into.iterdir())] == [
        "ada.jsonl",
        "bob.jsonl",
        "cyd.jsonl",
        "dan.jsonl",
    ]
    code, out, _ = run("merge", build, tmp_path / "other", table, "--into", into)
    assert (code, out) == (0, f"0 decisions added to {into}, 8 were there already\n")
    assert len(read_journals(into).decisions) == 6


def test_merge_tells_of_ids_that_mean_two_things(build: Path, tmp_path: Path) -> None:
    keep(tmp_path / "other", [decide(1, key="other")])
    code, _, err = run("merge", tmp_path / "other", "--into", build / "review")
    assert (code, err) == (0, "1 of them differ from what has their id there; that one stays\n")


def test_stats_are_a_readable_table(build: Path, tmp_path: Path) -> None:
    gold = tmp_path / "gold.jsonl"
    gold.write_text("\n".join(json.dumps({"key": key, "verdict": "accept"}) for key in "kl"))
    code, out, _ = run("stats", build, "--gold", gold)
    assert code == 0
    rows = [line.split() for line in out.splitlines()]
    assert out.startswith(f"{build / 'review'}: 4 decisions, 4 of them stand")
    for row in (
        "ada caption accept 1",
        "ada caption reject awkward 1",
        "bob caption accept 2",
        "agreement 1",
        "disputed: nothing is done 1",
        "waiting for an adjudicator 1",
        "ada 2.0 1,800",
        "everything 2 50.0 % 0.000 accept 75.0 %, reject 25.0 %",
        "ada all others 2 50.0 % 0.000",
        "ada bob 2 50.0 % 0.000",
        "ada 2 50.0 % 0 1",
        "bob 2 100.0 % 0 0",
    ):
        assert row.split() in rows, row


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["stats", "missing"], "missing has no decisions: neither missing/review nor the folder itself"),
        (["export", "missing", "--out", "x"], "missing has no decisions"),
        (["merge", "missing", "--into", "x"], "missing has no decisions"),
        (["merge", "missing.csv", "--into", "x"], "missing.csv cannot be read: No such file"),
        (["stats", "BUILD", "--gold", "missing.csv"], "--gold missing.csv cannot be read"),
        (["export", "BUILD", "--out", "missing/x"], "--out missing/x cannot be written: No such file"),
    ],
)
def test_errors_are_one_paragraph(build: Path, arguments: list[str], why: str) -> None:
    code, out, err = run(*(str(build) if word == "BUILD" else word for word in arguments))
    assert (code, out) == (2, "")
    assert err.startswith(f"Error: {why}")


def test_a_later_version_is_an_error(build: Path) -> None:
    with (build / "review" / "ada.jsonl").open("a") as file:
        file.write('{"schema": 2}\n')
    code, _, err = run("stats", build)
    assert code == 2
    assert "line 3 has schema 2" in err


def test_bad_lines_are_told_beside_the_result(build: Path, tmp_path: Path) -> None:
    with (build / "review" / "ada.jsonl").open("a") as file:
        file.write("{}\n" * 7)
    code, out, err = run("export", build, "--out", tmp_path / "all.jsonl")
    assert (code, out.split()[0]) == (0, "4")
    assert err.splitlines()[0] == "7 lines are no decisions and were left out:"
    assert err.splitlines()[-1] == "  and 2 more"
