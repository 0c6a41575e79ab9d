"""The command `naturel check`: a file in, answers out."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from naturel.annotations.claims import Claim
from naturel.annotations.errors import UserError
from naturel.builders.checks.check import Checker
from naturel.builders.checks.check_cli import check_command
from naturel.builders.checks.check_file import check_file
from naturel.builders.checks.reading.readings import States

ROW = {"subject": "cat", "relation": "on", "object": "desk", "sentence": "The cat is on the desk."}


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker()


def write(path: Path, *rows: object) -> Path:
    lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def read(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_answers_stand_beside_the_lines(tmp_path: Path, checker: Checker) -> None:
    file = write(tmp_path / "in.jsonl", ROW | {"id": 7}, ROW | {"sentence": "The desk is on the cat."})
    summary = check_file(file, tmp_path / "out.jsonl", checker)
    first, second = read(tmp_path / "out.jsonl")
    assert first["id"] == 7
    assert (first["states"], second["states"]) == ("yes", "no")
    assert ["desk", "on", "cat"] in second["claims"]  # type: ignore[operator]
    assert (summary.checked, summary.states["yes"], summary.states["no"]) == (2, 1, 1)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("not json", "JSON"),
        ("[1, 2]", "no JSON object"),
        (json.dumps({**ROW, "sentence": 3}), "sentence"),
        (json.dumps({"subject": "cat", "relation": "on", "object": "desk"}), "sentence"),
        (json.dumps({**ROW, "relation": "bamboozles"}), "bamboozles"),
        (json.dumps({**ROW, "style": "baroque"}), "style"),
    ],
)
def test_bad_lines_are_counted_and_kept(tmp_path: Path, checker: Checker, line: str, fault: str) -> None:
    file = write(tmp_path / "in.jsonl", ROW, "", line, ROW)
    summary = check_file(file, tmp_path / "out.jsonl", checker)
    answers = read(tmp_path / "out.jsonl")
    assert [row["states"] for row in answers] == ["yes", None, "yes"]
    assert "line 3" in str(answers[1]["error"])
    assert fault in str(answers[1]["error"])
    assert sum(summary.bad_lines.values()) == 1


def test_the_judge_is_asked_about_the_unsure_alone(tmp_path: Path, checker: Checker) -> None:
    unsure = {
        **ROW,
        "relation": "holds",
        "subject": "man",
        "object": "guitar",
        "sentence": "The man flumps the guitar.",
    }
    asked: list[tuple[str, Claim]] = []

    done: list[int] = []

    class Judge:
        asks_all = False

        def opinions(
            self, questions: Sequence[tuple[str, Claim]], advance: Callable[[int], object]
        ) -> list[States]:
            asked.extend(questions)
            advance(len(questions))
            return [States.NO]

    file, out = write(tmp_path / "in.jsonl", ROW, unsure), tmp_path / "out.jsonl"
    summary = check_file(file, out, checker, Judge(), done.append)
    assert asked == [("The man flumps the guitar.", Claim("man", "holds", "guitar"))]
    assert [row["states"] for row in read(tmp_path / "out.jsonl")] == ["yes", "no"]
    assert summary.judged == {"no": 1}
    assert summary.disputed == {}
    assert sum(done) == 2


def test_an_empty_or_missing_file_is_an_error_and_writes_nothing(tmp_path: Path, checker: Checker) -> None:
    (tmp_path / "empty.jsonl").write_text("\n\n", encoding="utf-8")
    for name in ("empty.jsonl", "missing.jsonl"):
        with pytest.raises(UserError, match=name):
            check_file(tmp_path / name, tmp_path / "out.jsonl", checker)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty.jsonl"]


def test_the_command_prints_shares_and_bad_lines(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(check_command)
    file = write(tmp_path / "in.jsonl", ROW, ROW | {"sentence": "The desk is on the cat."}, "oops")
    shown = CliRunner().invoke(app, [str(file)])
    assert shown.exit_code == 0
    assert "50.0%" in shown.stdout
    assert "is not JSON in UTF-8" in shown.stdout
    assert "The desk is on the cat." in shown.stdout


def test_the_command_names_a_missing_folder(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(check_command)
    shown = CliRunner().invoke(
        app, [str(write(tmp_path / "in.jsonl", ROW)), "--out", str(tmp_path / "no" / "out")]
    )
    assert shown.exit_code == 2
    assert "no folder" in shown.stderr
