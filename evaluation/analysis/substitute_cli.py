"""The command `naturel analyse substitute`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from naturel.annotations.errors import UserError
from naturel.builders.command import guard
from naturel.evaluation.analysis.console import console, make_folder, table, written

if TYPE_CHECKING:
    from naturel.evaluation.analysis.intervals import Figure
    from naturel.evaluation.analysis.substitution import Substituted

MODEL = "As for naturel evaluate; several: with commas, or several times."
BENCHMARK = "As for naturel evaluate: whatsup/b, for example; several: with commas, or several times."
DATA = "Where benchmarks lie: FOLDER, or NAME=FOLDER, several times, as for naturel evaluate."
SWAP = "Words and what they become: 'behind=in the background of'; several times. Default: behind and in front of."
WORDS = "A YAML file of such words, a line each: 'behind: in the background of'."
OUT = "Folder for substitute.json and substitute.md."
COLUMNS = ("questions with", "questions", "as they are", "in other words", "difference")


def substitute_command(
    model: Annotated[list[str], typer.Option(help=MODEL)],
    benchmark: Annotated[list[str], typer.Option(metavar="NAME", help=BENCHMARK)],
    data: Annotated[list[str] | None, typer.Option(metavar="FOLDER", help=DATA)] = None,
    swap: Annotated[list[str] | None, typer.Option(metavar="WORD=WORDS", help=SWAP)] = None,
    words: Annotated[Path | None, typer.Option(metavar="FILE", help=WORDS)] = None,
    max_questions: Annotated[int | None, typer.Option(min=1, help="Of each benchmark, by hash.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Shapes samples and intervals.")] = 0,
    device: Annotated[str, typer.Option(help="auto (cuda, mps or cpu), or one of torch's.")] = "auto",
    out: Annotated[Path | None, typer.Option(help=OUT)] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Ask a benchmark's questions in other words: is it the relation that a model does not know, or the word?

    Only questions that have one of the words are asked, with it and without it; the interval of the difference is of
    the same questions one by one.
    """
    arguments = (model, benchmark, data or [], swap or [], words, max_questions, seed, device, out)
    guard(lambda: _substitute(*arguments), debug)


def _substitute(
    models: Sequence[str],
    benchmarks: Sequence[str],
    data: Sequence[str],
    swap: Sequence[str],
    path: Path | None,
    most: int | None,
    seed: int,
    device: str,
    out: Path | None,
) -> None:
    # Imported here so that --help answers at once.
    from rich.console import Console

    from naturel.builders.files import write_text
    from naturel.builders.progress import choose_progress
    from naturel.builders.workspace import write_json
    from naturel.evaluation.analysis.asking import open_questions, open_scorers
    from naturel.evaluation.analysis.substitution import (
        ALL,
        METRICS,
        read_substitutions,
        substitute,
        which_hold,
    )
    from naturel.evaluation.given import listed

    words = read_substitutions(swap, path)
    asked = []
    for questions in open_questions(listed(benchmarks), data, most=most, seed=seed):
        if questions.kind not in METRICS:
            print(
                f"{questions.benchmark}: left out, its sentences are judged one by one, and ranked",
                file=sys.stderr,
            )
        elif not which_hold(questions, words)[ALL].any():
            print(f"{questions.benchmark}: left out, no sentence has one of the words", file=sys.stderr)
        else:
            asked.append(questions)
    if not asked:
        raise UserError(
            f"no question of {', '.join(benchmarks)} has one of {', '.join(words)}. Give another benchmark, or other "
            "words with --swap."
        )
    make_folder(out)
    progress = choose_progress(Console(stderr=True))
    found = [
        row
        for scorer in open_scorers(listed(models), device=device, seed=seed)
        for questions in asked
        for row in substitute(scorer, questions, words, seed=seed, progress=progress)
    ]
    for title, rows in _tables(found):
        console().print(title, highlight=False, markup=False)
        console().print(table("", COLUMNS, rows), highlight=False)
    if out is not None:
        write_json(out / "substitute.json", {"words": words, "results": [row.to_dict() for row in found]})
        write_text(out / "substitute.md", _markdown(found, words))
        written(out, "substitute")


def _tables(found: Sequence[Substituted]) -> list[tuple[str, list[tuple[str, ...]]]]:
    tables: dict[str, list[tuple[str, ...]]] = {}
    for row in found:
        title = f"{row.model}, {row.benchmark}: {row.metric} in %, with 95 % intervals"
        figures = (_cell(row.before), _cell(row.after), _cell(row.difference, signed=True))
        tables.setdefault(title, []).append((row.word, f"{row.before.count:,}", *figures))
    return list(tables.items())


def _cell(figure: Figure, *, signed: bool = False) -> str:
    sign = "+" if signed else ""
    mean, low, high = (100 * value for value in (figure.mean, figure.low, figure.high))
    return f"{mean:{sign}.1f} ({low:{sign}.1f} to {high:{sign}.1f})"


def _markdown(found: Sequence[Substituted], words: dict[str, str]) -> str:
    lines = ["# Word substitution", "", *(f"- {word} → {other}" for word, other in words.items())]
    for title, rows in _tables(found):
        lines += ["", f"## {title}", "", f"| {' | '.join(COLUMNS)} |", "|---|--:|--:|--:|--:|"]
        lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines) + "\n"
