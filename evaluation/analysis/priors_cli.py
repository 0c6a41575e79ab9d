"""The command `naturel analyse priors`."""

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
    from naturel.evaluation.analysis.caption_options import Options
    from naturel.evaluation.analysis.priors import Priors

MODEL = "A CLIP or SigLIP, as for naturel evaluate; several: with commas, or several times."
IMAGES = "A folder of pictures that have nothing to do with the captions."
CAPTIONS = (
    "A text file with a caption a line, or JSON Lines: a list `captions`, and `label`, the right one's place."
)
BENCHMARK = "Or the captions of a benchmark, as for naturel evaluate; several: with commas, or several times."
DATA = "Where benchmarks lie: FOLDER, or NAME=FOLDER, several times, as for naturel evaluate."
OUT = "Folder for priors.json, priors.md and priors.png."


def priors_command(
    model: Annotated[list[str], typer.Option(help=MODEL)],
    images: Annotated[Path, typer.Option(metavar="FOLDER", help=IMAGES)],
    captions: Annotated[Path | None, typer.Option(metavar="FILE", help=CAPTIONS)] = None,
    benchmark: Annotated[list[str] | None, typer.Option(metavar="NAME", help=BENCHMARK)] = None,
    data: Annotated[list[str] | None, typer.Option(metavar="FOLDER", help=DATA)] = None,
    max_images: Annotated[int, typer.Option(min=1, help="Pictures used at most, by hash.")] = 1000,
    max_questions: Annotated[int | None, typer.Option(min=1, help="Of each benchmark, by hash.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Shapes samples and intervals.")] = 0,
    device: Annotated[str, typer.Option(help="auto (cuda, mps or cpu), or one of torch's.")] = "auto",
    out: Annotated[Path | None, typer.Option(help=OUT)] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Measure what a model likes to read, whatever it sees: captions beside pictures that they do not belong to.

    Tells how often this prior alone picks a question's right caption, and which prepositions it prefers.
    """
    arguments = (
        model,
        images,
        captions,
        benchmark,
        data or [],
        max_images,
        max_questions,
        seed,
        device,
        out,
    )
    guard(lambda: _priors(*arguments), debug)


def _priors(
    models: Sequence[str],
    images: Path,
    captions: Path | None,
    benchmarks: Sequence[str] | None,
    data: Sequence[str],
    max_images: int,
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
    from naturel.evaluation.analysis.asking import open_encoder
    from naturel.evaluation.analysis.priors import find_pictures, measure_priors, see
    from naturel.evaluation.analysis.priors_report import plot_priors, to_markdown
    from naturel.evaluation.given import listed

    if (captions is None) == (not benchmarks):
        raise UserError("Give captions with --captions FILE or with --benchmark NAME, one of the two.")
    pictures = find_pictures(images, max_images, seed)
    asked = _options(captions, benchmarks or [], data, most, seed)
    make_folder(out)
    progress = choose_progress(Console(stderr=True))
    found: list[Priors] = []
    for name in listed(models):
        encoder = open_encoder(name, device=device)
        unrelated = see(encoder, pictures, progress)
        for options in asked:
            found.append(measure_priors(encoder, options, unrelated, seed=seed, progress=progress))
            _show(found[-1])
    if out is not None:
        write_json(out / "priors.json", {"priors": [one.to_dict() for one in found]})
        write_text(out / "priors.md", to_markdown(found))
        written(out, "priors", lambda path: plot_priors(found, path))


def _options(
    captions: Path | None, benchmarks: Sequence[str], data: Sequence[str], most: int | None, seed: int
) -> list[Options]:
    from naturel.evaluation.analysis.asking import open_questions
    from naturel.evaluation.analysis.caption_options import options_of, read_options
    from naturel.evaluation.given import listed

    if captions is not None:
        return [read_options(captions)]
    found = []
    for questions in open_questions(listed(benchmarks), data, most=most, seed=seed):
        options = options_of(questions)
        if options is None:
            print(f"{questions.benchmark}: left out, no choice of captions for a picture", file=sys.stderr)
        else:
            found.append(options)
    if not found:
        raise UserError(
            f"no question of {', '.join(benchmarks)} is a choice of captions for a picture. Give another benchmark."
        )
    return found


def _show(found: Priors) -> None:
    from naturel.evaluation.analysis.priors_report import accuracy_line
    from naturel.evaluation.analysis.probe_report import cell

    screen = console()
    screen.print(f"{found.model}, {found.options}", highlight=False, markup=False)
    screen.print(accuracy_line(found), highlight=False, soft_wrap=True)
    rows = [
        (name, cell(figure, signed=True), f"{figure.count:,}") for name, figure in found.prepositions.items()
    ]
    if rows:
        screen.print(table("", ("preposition", "prior higher by", "captions"), rows), highlight=False)
    screen.print()
