"""The commands `naturel cache stats | export | prune`: the answers of language models, which are paid once."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from naturel.annotations.errors import UserError
from naturel.builders.command import guard

if TYPE_CHECKING:
    from naturel.builders.llm.cache import AnswerCache
    from naturel.builders.llm.housekeeping import ModelStats

PIPE_WIDTH = 110
CACHE = "The file; by default the one that builds use, below ~/.cache/naturel or in NATUREL_CACHE."
DEBUG = "Show tracebacks."
Cache = Annotated[Path | None, typer.Option("--cache", help=CACHE)]
Debug = Annotated[bool, typer.Option("--debug", help=DEBUG)]


def cache_app() -> typer.Typer:
    """Make the commands."""
    app = typer.Typer(
        help="Look at the answers of language models, write them out, throw some away.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )

    @app.command("stats")
    def stats_command(cache: Cache = None, debug: Debug = False) -> None:
        """Count the answers of each model, failed calls, tokens and seconds."""
        guard(lambda: _stats(cache), debug)

    @app.command("export")
    def export_command(
        file: Annotated[Path, typer.Argument(help="Where to write JSON lines.")],
        cache: Cache = None,
        debug: Debug = False,
    ) -> None:
        """Write all answers as JSON lines: the request, the raw response, and what was read from it."""
        guard(lambda: _export(file, cache), debug)

    @app.command("prune")
    def prune_command(
        model: Annotated[str | None, typer.Option(help="Only what this model said.")] = None,
        older_than: Annotated[
            float | None, typer.Option(metavar="DAYS", min=0, help="Only what came so many days ago.")
        ] = None,
        failures: Annotated[
            bool,
            typer.Option("--failures", help="Only refusals, empty, truncated and malformed answers."),
        ] = False,
        batches: Annotated[
            bool, typer.Option("--batches", help="Give up open batches: what is in them may be paid twice.")
        ] = False,
        yes: Annotated[
            bool, typer.Option("--yes", help="Do it; without this, only say what would go.")
        ] = False,
        cache: Cache = None,
        debug: Debug = False,
    ) -> None:
        """Throw answers away; conditions that are given together must all hold. They are paid again when wanted."""
        guard(lambda: _prune(model, older_than, failures, batches, yes, cache), debug)

    return app


def _open(path: Path | None) -> AnswerCache:
    """The cache.

    Raises:
        UserError: There is none.
    """
    # Imported here so that --help answers at once.
    from naturel.builders.llm.cache import AnswerCache
    from naturel.builders.llm.database import default_path

    file = path or default_path()
    if not file.exists():
        raise UserError(
            f"There is no cache of answers at {file}: no model was asked yet, or --cache is another."
        )
    return AnswerCache(file)


def _stats(path: Path | None) -> None:
    with _open(path) as cache:
        from naturel.builders.llm.housekeeping import cache_stats

        stats = cache_stats(cache)
    print(f"{stats.path}: {stats.bytes:,} bytes")
    table = Table(box=None, pad_edge=False)
    columns = (
        "model",
        "answers",
        "no answers",
        "failed calls",
        "tokens in",
        "tokens out",
        "seconds",
        "from",
        "to",
    )
    for column in columns:
        table.add_column(
            column, no_wrap=True, justify="left" if column in ("model", "from", "to") else "right"
        )
    for model in stats.models:
        table.add_row(*_cells(model))
    # A pipe has no width of its own; a table is not cut to a narrow one's.
    (Console() if sys.stdout.isatty() else Console(width=PIPE_WIDTH)).print(
        table, highlight=False, markup=False
    )
    for model in stats.models:
        for what, counts in (("", _unanswered(model)), ("failed calls: ", model.failed_calls)):
            if counts:
                names = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items())
                print(f"{model.model}: {what}{names}")


def _unanswered(model: ModelStats) -> dict[str, int]:
    return {name: count for name, count in model.outcomes.items() if name != "answer"}


def _cells(model: ModelStats) -> tuple[str, ...]:
    counts = (
        model.outcomes.get("answer", 0),
        sum(_unanswered(model).values()),
        sum(model.failed_calls.values()),
        model.input_tokens,
        model.output_tokens,
        round(model.seconds),
    )
    days = (
        time.strftime("%Y-%m-%d", time.localtime(moment)) if moment else ""
        for moment in (model.first, model.last)
    )
    return (model.model, *(f"{count:,}" for count in counts), *days)


def _export(file: Path, path: Path | None) -> None:
    with _open(path) as cache:
        from naturel.builders.llm.housekeeping import export_cache

        print(f"{export_cache(cache, file):,} answers written to {file}")


def _prune(
    model: str | None,
    older_than: float | None,
    failures: bool,
    batches: bool,
    yes: bool,
    path: Path | None,
) -> None:
    chosen = model is not None or older_than is not None or failures
    if not (chosen or batches):
        raise UserError("Say what to prune: --model MODEL, --older-than DAYS, --failures or --batches.")
    with _open(path) as cache:
        from naturel.builders.llm.housekeeping import abandon_batches, prune_cache

        did = "removed" if yes else "would be removed"
        if chosen:
            pruned = prune_cache(
                cache, model=model, older_than_days=older_than, failures=failures, dry=not yes
            )
            print(f"{pruned.answers:,} answers and {pruned.failed_calls:,} notes of failed calls {did}")
        if batches:
            count = abandon_batches(cache, dry=not yes)
            print(f"{count:,} open batches {'given up' if yes else 'would be given up'}")
    if not yes:
        print(
            "Nothing was changed: add --yes to do it. What is removed is paid again when it is wanted again."
        )
