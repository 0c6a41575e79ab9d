"""The command `naturel evaluate`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from naturel.annotations.errors import UserError
from naturel.builders.command import guard
from naturel.evaluation.given import check_questions, listed, places

if TYPE_CHECKING:
    from naturel.builders.progress import Progress
    from naturel.evaluation.questions import Questions
    from naturel.evaluation.scoring import Scorer

MODEL = (
    "A CLIP or SigLIP of transformers (a folder, or an id on the hub), open_clip:ARCHITECTURE/PRETRAINED, or a model "
    "that does not look: blind:random, longer, shorter, frequency, naive-bayes, word-regression, "
    "character-regression. Several: with commas, or several times."
)
BENCHMARK = (
    "Such as sugarcrepe, whatsup/a or naturel; --list shows all. Several: with commas, or several times."
)
DATA = (
    "Where benchmarks lie: the folder of one, a folder with one folder a benchmark (sugarcrepe/, coco/), or "
    "NAME=FOLDER, several times. For naturel a build, a release or a name on the hub."
)
SCORES = "A file of scores, made from that of --requests: Parquet or CSV with id, score and, perhaps, model."
REQUESTS = "Write what a model would have to score to this file, Parquet or CSV."
OUT = "Write results.json, results.md, measures.csv and plots/ to this folder."
COMPARE = "The results.json of an earlier run: its models are shown too. Several: give it several times."
BATCH = "Pictures at once; 0: found by itself, and made smaller where memory is short."
LIST_WIDTH = 160
"""Of --list in a pipe."""


@dataclass(frozen=True)
class _Options:
    """What the command line says."""

    models: list[str]
    benchmarks: list[str]
    data: list[str]
    splits: list[str]
    config: str | None
    scores: list[Path]
    requests: Path | None
    compare: list[Path]
    out: Path | None
    device: str
    dtype: str
    batch_size: int
    seed: int
    resamples: int
    max_questions: int | None
    cached: bool


def evaluate_command(
    model: Annotated[list[str] | None, typer.Option(metavar="MODEL", help=MODEL)] = None,
    benchmark: Annotated[list[str] | None, typer.Option(metavar="NAME", help=BENCHMARK)] = None,
    data: Annotated[list[str] | None, typer.Option(metavar="FOLDER", help=DATA)] = None,
    split: Annotated[
        list[str] | None,
        typer.Option(help="Of naturel and vsr: only this split; by default all for testing and validation."),
    ] = None,
    config: Annotated[str | None, typer.Option(help="Of naturel: the configuration.")] = None,
    scores: Annotated[list[Path] | None, typer.Option(metavar="FILE", help=SCORES)] = None,
    requests: Annotated[Path | None, typer.Option(metavar="FILE", help=REQUESTS)] = None,
    compare: Annotated[list[Path] | None, typer.Option(metavar="FILE", help=COMPARE)] = None,
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help=OUT)] = None,
    device: Annotated[str, typer.Option(help="auto (cuda, mps or cpu), or one of torch's.")] = "auto",
    dtype: Annotated[str, typer.Option(help="auto, float32, float16 or bfloat16.")] = "auto",
    batch_size: Annotated[int, typer.Option(min=0, help=BATCH)] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Shapes samples, intervals and blind models.")] = 0,
    resamples: Annotated[int, typer.Option(min=1, help="Of the bootstrap, for the intervals.")] = 1000,
    max_questions: Annotated[
        int | None, typer.Option(min=1, help="Of each benchmark, chosen by hash. Default: all.")
    ] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Keep no embeddings on the disk.")] = False,
    list_them: Annotated[bool, typer.Option("--list", help="Show the benchmarks, and stop.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Ask models who does what to whom, and where: benchmarks, metrics, one table.

    naturel evaluate --model openai/clip-vit-base-patch32 --benchmark sugarcrepe --data sugarcrepe=DIR --data coco=DIR

    Embeddings are kept in the cache folder, so that a second run embeds nothing. For a model that is called in
    another way, write --requests, add a column `score`, and give the file as --scores.
    """
    if list_them:
        guard(_list, debug)
        return
    options = _Options(
        listed(model), listed(benchmark), data or [], listed(split), config, scores or [], requests, compare or [],
        out, device, dtype, batch_size, seed, resamples, max_questions, not no_cache,
    )  # fmt: skip
    guard(lambda: _evaluate(options), debug)


def _evaluate(options: _Options) -> None:
    _check(options)
    # Imported here so that --help answers at once.
    from naturel.builders.progress import choose_progress
    from naturel.evaluation.benchmarks.opening import open_benchmarks
    from naturel.evaluation.evaluating import evaluate
    from naturel.evaluation.results import join, read_results
    from naturel.evaluation.terminal import show_results

    earlier = [read_results(path) for path in options.compare]
    questions = open_benchmarks(
        options.benchmarks,
        places(options.data),
        split=options.splits or None,
        config=options.config,
        max_questions=options.max_questions,
        seed=options.seed,
    )
    check_questions(questions)
    progress = choose_progress(Console(stderr=True))
    if options.requests is not None:
        _write_requests(questions, options.requests, progress)
    if not (options.models or options.scores):
        return
    results = evaluate(
        _scorers(options), questions, seed=options.seed, resamples=options.resamples, progress=progress
    )
    results = join([*earlier, results])
    show_results(results, pipe=not sys.stdout.isatty())
    if options.out is not None:
        from naturel.evaluation.output import write_results

        for missing in write_results(results, options.out, progress):
            print(missing, file=sys.stderr)
        print(f"results: {options.out}")


def _check(options: _Options) -> None:
    """Stop at slips before anything long begins."""
    if not options.benchmarks:
        raise UserError("Give a benchmark with --benchmark. naturel evaluate --list shows them.")
    if not (options.models or options.scores or options.requests):
        raise UserError(
            "Give a model with --model, its scores with --scores, or write --requests for it. "
            "naturel evaluate --help tells more."
        )
    from naturel.evaluation.models.opening import check_model
    from naturel.evaluation.models.torch_encoder import DTYPES

    if options.dtype not in DTYPES:
        raise UserError(f"--dtype {options.dtype}: there is no such type. Give one of {', '.join(DTYPES)}.")
    for name in options.models:
        check_model(name)


def _scorers(options: _Options) -> Iterator[Scorer]:
    """The models, each opened when its turn comes."""
    from naturel.evaluation.models.opening import open_model, quiet
    from naturel.evaluation.models.score_file import read_scores

    yield from [scorer for path in options.scores for scorer in read_scores(path)]
    if any(not name.startswith("blind:") for name in options.models):
        quiet()
    for name in options.models:
        yield open_model(
            name,
            device=options.device,
            dtype=options.dtype,
            batch_size=options.batch_size,
            seed=options.seed,
            cached=options.cached,
        )


def _write_requests(questions: list[Questions], path: Path, progress: Progress) -> None:
    from naturel.evaluation.models.score_file import write_requests

    written = write_requests(questions, path, progress)
    pictures = f", {written.pictures:,} pictures beside it" if written.pictures else ""
    print(f"{written.rows:,} pairs of a picture and a sentence{pictures}: {written.path}")


def _list() -> None:
    """Show the benchmarks, with where they are published."""
    from importlib import import_module

    from rich.table import Table

    from naturel.evaluation.benchmarks.families import FAMILIES, SHARED

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for family, told in FAMILIES.items():
        module = import_module(f"naturel.evaluation.benchmarks.{told.module}")
        table.add_row(family, told.about)
        for part, what in told.parts.items():
            table.add_row(f"  {family}/{part}", what)
        if published := getattr(module, "PUBLISHED", ""):
            table.add_row("", f"published at {published}")
    for name, about in SHARED.items():
        table.add_row(f"--data {name}=FOLDER", about)
    console = Console() if sys.stdout.isatty() else Console(width=LIST_WIDTH)
    console.print(table, highlight=False)
