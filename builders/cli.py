"""The commands: `naturel`, and `build-naturel` for `naturel build`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

import naturel
from naturel.builders.checks.blind_cli import blind_command
from naturel.builders.command import fail, guard
from naturel.builders.report.command import report_command
from naturel.builders.summary import show_plan, show_summary

app = typer.Typer(
    help="Build image-caption datasets that teach vision-language models who does what to whom, and where.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
build_app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)

SAMPLE = "Use the embedded sample of drawn scenes: no network, no key."
DATA = "Folder of the official files (and of the pictures). Without it they are downloaded into a cache."


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False,
) -> None:
    if version:
        print(naturel.__version__)
        raise typer.Exit


@app.command("build")
@build_app.command()
def build_command(
    source: Annotated[str | None, typer.Option(help="Where triplets come from: openimages.")] = None,
    sample: Annotated[bool | None, typer.Option("--sample", help=SAMPLE, show_default=False)] = None,
    data: Annotated[Path | None, typer.Option(help=DATA)] = None,
    split: Annotated[str | None, typer.Option(help="train (default), validation or test.")] = None,
    max_images: Annotated[
        int | None, typer.Option(help="Use at most so many pictures, chosen by hash.")
    ] = None,
    max_per_triplet: Annotated[
        int | None, typer.Option(help="Use at most so many pictures a triplet.")
    ] = None,
    relations: Annotated[str | None, typer.Option(help="Only these relations, separated by commas.")] = None,
    captioner: Annotated[
        str | None, typer.Option(help="Who writes captions: grammar (rules, no model).")
    ] = None,
    captions_per_claim: Annotated[
        int | None, typer.Option(help="Complex captions a claim, 3 to 40 (8).")
    ] = None,
    balance: Annotated[
        str | None,
        typer.Option(help="Negatives that are true of other pictures: off, prefer (default) or strict."),
    ] = None,
    negatives: Annotated[
        str | None,
        typer.Option(help="Only these kinds, separated by commas: swap,contrast,attribute,subject,object."),
    ] = None,
    images: Annotated[
        str | None, typer.Option(help="embed (default) pictures, or link to their addresses.")
    ] = None,
    image_size: Annotated[
        int | None, typer.Option(help="Longest side in pixels (512); 0 keeps the original bytes.")
    ] = None,
    respect_opt_out: Annotated[
        bool | None,
        typer.Option(help="Leave out pictures served with X-Robots-Tag: noai.", show_default=False),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Shapes every choice (0).")] = None,
    runner: Annotated[
        str | None, typer.Option(help="Judge claims here (native) or on a Ray cluster (ray).")
    ] = None,
    offline: Annotated[
        bool | None, typer.Option("--offline", help="Fetch nothing.", show_default=False)
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the build (build/naturel).")] = None,
    version: Annotated[
        str | None,
        typer.Option(help="Version of the release, X.Y.Z. Default: 1.0.0, then the next minor one."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and leave.")] = False,
    config: Annotated[
        Path | None, typer.Option(help="YAML file of these settings; options win over it.")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Build a dataset: from annotated relations to a release that `load_dataset` opens.

    Finished steps are kept in OUT/work and not run again; a build that was stopped goes on where it was.
    """
    options = {name: value for name, value in locals().items() if name not in ("dry_run", "config", "debug")}
    guard(lambda: _build(options, config, dry_run), debug)


app.command("blind")(blind_command)
app.command("report")(report_command)


def _build(options: dict[str, Any], config: Path | None, dry_run: bool) -> None:
    # Imported here so that --help and bad options answer at once.
    from naturel.builders.progress import choose_progress
    from naturel.builders.settings import load_settings

    settings = load_settings(config, options)
    console = Console(stderr=True)
    if dry_run:
        show_plan(settings, Console())
        return
    from naturel.builders.build import build

    start = time.perf_counter()
    built = build(settings, choose_progress(console))
    if options["captioner"] is None:
        console.print(
            "Captions are written by the grammar: no language model is configured.", highlight=False
        )
    show_summary(built, time.perf_counter() - start, Console())


def main() -> None:
    """The command `naturel`."""
    _run(app, "naturel")


def build_main() -> None:
    """The command `build-naturel`."""
    _run(build_app, "build-naturel")


def _run(application: typer.Typer, name: str) -> None:
    command = typer.main.get_command(application)
    try:
        code = command.main(prog_name=name, standalone_mode=False)
    except typer.Abort:
        raise SystemExit(130) from None
    except typer.TyperException as error:
        message = error.format_message() if isinstance(error, typer.BadParameter) else str(error)
        fail(f"{message} See {name} --help.")
    raise SystemExit(code if isinstance(code, int) else 0)
