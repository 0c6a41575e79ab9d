"""The command `naturel check`."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from naturel.annotations.errors import UserError
from naturel.builders.command import guard

if TYPE_CHECKING:
    from naturel.builders.checks.check import Checker
    from naturel.builders.checks.check_file import CheckSummary
    from naturel.builders.checks.judge import JudgeSettings, ModelJudge

FILE = "JSON lines with subject, relation (a canonical name or a phrase), object and sentence."
OUT = "Write the lines with states, claims, reason and problems added."
JUDGE = (
    "A language model, by the name that its server knows: gives a second opinion where the answer is unsure."
)
BASE_URL = "Address of the judge's server, mostly ending in /v1; by default OPENAI_BASE_URL, or else OpenAI."
JUDGE_ALL = (
    "Ask the judge about every sentence. What it says against a yes or no is counted, and changes nothing."
)
CACHE = "File of the judge's answers, none of which is asked for twice; by default below ~/.cache/naturel."
PRICE = (
    "USD for a million tokens of input and of output; by default that of a table, nothing for a local server."
)
MAX_COST = "USD that the judge may cost at most; what is left then stays unsure."
ANSWERS = ("yes", "no", "unsure")
PIPE_WIDTH = 110


def check_command(
    file: Annotated[Path, typer.Argument(help=FILE)],
    out: Annotated[Path | None, typer.Option(help=OUT)] = None,
    scene_detail: Annotated[
        bool, typer.Option("--scene-detail", help="Allow colours, numbers and places beside the claim.")
    ] = False,
    judge: Annotated[str | None, typer.Option(metavar="MODEL", help=JUDGE)] = None,
    base_url: Annotated[str | None, typer.Option(metavar="URL", help=BASE_URL)] = None,
    judge_all: Annotated[bool, typer.Option("--judge-all", help=JUDGE_ALL)] = False,
    cache: Annotated[Path | None, typer.Option(help=CACHE)] = None,
    price: Annotated[str | None, typer.Option(metavar="IN,OUT", help=PRICE)] = None,
    max_cost: Annotated[float | None, typer.Option(metavar="USD", min=0, help=MAX_COST)] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Tell whether each sentence states its claim: yes, no, or unsure where it cannot be told.

    A sentence states a claim (cat, on, desk) when it says just this of the two, in whatever words and order: "Atop
    the desk sits a kitten." It does not when roles are swapped, a thing is another, missing or added, or the claim is
    denied or doubted.
    """
    guard(
        lambda: _check(
            file, out, scene_detail, _judge_settings(judge, base_url, judge_all, cache, price, max_cost)
        ),
        debug,
    )


def _judge_settings(
    model: str | None,
    base_url: str | None,
    judge_all: bool,
    cache: Path | None,
    price: str | None,
    max_cost: float | None,
) -> JudgeSettings | None:
    options = {"base-url": base_url, "judge-all": judge_all or None, "cache": cache, "price": price}
    given = [name for name, value in (options | {"max-cost": max_cost}).items() if value is not None]
    if model is None:
        if given:
            raise UserError(
                f"--{', --'.join(given)}: for a judge. Name its model with --judge, or leave it out."
            )
        return None
    # Imported here because it takes a second.
    from naturel.builders.checks.judge import JudgeSettings
    from naturel.builders.llm.money import Price

    return JudgeSettings(
        model,
        base_url,
        judge_all,
        cache,
        None if price is None else Price.parse(price),
        None if max_cost is None else Decimal(str(max_cost)),
    )


def _check(file: Path, out: Path | None, scene_detail: bool, settings: JudgeSettings | None) -> None:
    # Imported here so that --help answers at once.
    from naturel.builders.checks.check import Checker
    from naturel.builders.checks.check_file import check_file
    from naturel.builders.checks.text import TextRules
    from naturel.builders.progress import choose_progress

    if out and not out.parent.is_dir():
        raise UserError(f"--out {out}: there is no folder {out.parent}; make it first.")
    console = Console(stderr=True)
    checker = Checker(rules=TextRules(scene_detail=scene_detail))
    start = time.perf_counter()
    with _judge(settings, checker) as judge:
        with choose_progress(console).task("check", None, "sentences") as task:
            summary = check_file(file, out, checker, judge, task.advance)
        _show(summary, time.perf_counter() - start, judge)


def _judge(settings: JudgeSettings | None, checker: Checker) -> AbstractContextManager[ModelJudge | None]:
    if settings is None:
        return nullcontext()
    from naturel.builders.checks.judge import model_judge

    return model_judge(settings, checker.reader.book.vocabulary, checker.reader.nouns)


def _show(summary: CheckSummary, seconds: float, judge: ModelJudge | None) -> None:
    console = Console() if sys.stdout.isatty() else Console(width=PIPE_WIDTH)
    _print_table(
        console,
        ("states its claim", "sentences", "share"),
        [
            (answer, f"{summary.states[answer]:,}", f"{summary.states[answer] / max(summary.checked, 1):.1%}")
            for answer in ANSWERS
        ],
    )
    for title, counts in (("problem of wording", summary.problems), ("cannot be checked", summary.bad_lines)):
        if counts:
            found = [(name, f"{count:,}") for name, count in counts.most_common()]
            _print_table(console, (title, "lines"), found)
    if judge:
        _show_judge(console, summary, judge)
    for sort, quoted in summary.examples.items():
        console.print(f"{sort}:", highlight=False, markup=False)
        for text in quoted:
            console.print(f"  {text}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"{summary.checked:,} sentences in {seconds:.1f} s", highlight=False)


def _show_judge(console: Console, summary: CheckSummary, judge: ModelJudge) -> None:
    meter = judge.meter
    rows = [(answer, f"{summary.judged[answer]:,}") for answer in ANSWERS]
    rows += [(f"unsure: {reason}", f"{count:,}") for reason, count in judge.failures.most_common()]
    rows += [
        (f"{answer}, against the reader's {reader}", f"{summary.disputed[reader]:,}")
        for answer, reader in (("yes", "no"), ("no", "yes"))
        if summary.disputed[reader]
    ]
    rows += [("calls", f"{meter.calls:,}"), ("known from the cache", f"{meter.cached:,}")]
    rows += [("USD at most" if meter.lost_calls else "USD", f"{meter.cost:,.4f}")]
    _print_table(console, (f"judge {judge.model}", "sentences"), rows)
    if meter.stopped:
        console.print("Not all were asked: --max-cost is reached. The same command with more goes on.")


def _print_table(console: Console, titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    table = Table(box=None, pad_edge=False)
    for number, title in enumerate(titles):
        table.add_column(Text(title), justify="right" if number else "left")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)
