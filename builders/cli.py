"""The commands over builds: those of `naturel`, and `build-naturel` for `naturel build`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

import naturel
from naturel.builders.cache_cli import cache_app
from naturel.builders.checks.blind_cli import TOO_BLIND, blind_command
from naturel.builders.checks.check_cli import check_command
from naturel.builders.command import guard, run_command
from naturel.builders.prompts_cli import prompts_app
from naturel.builders.publishing.diff_cli import diff_command
from naturel.builders.publishing.push_cli import push_command
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
DATA = (
    "Folder of the official files (and of the pictures); with several sources, one for each. Without it the files of "
    "openimages are downloaded into a cache; visual-genome and coco need it."
)
SOURCES = (
    "Where triplets come from: openimages, visual-genome, coco, testbed, composites. Several: give it several "
    "times."
)
COMPOSITES = "Composites"


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
    source: Annotated[list[str] | None, typer.Option(help=SOURCES)] = None,
    sample: Annotated[bool | None, typer.Option("--sample", help=SAMPLE, show_default=False)] = None,
    data: Annotated[list[str] | None, typer.Option(metavar="[SOURCE=]DIR", help=DATA)] = None,
    split: Annotated[
        str | None,
        typer.Option(
            help="Splits of the sources: train (default), validation, test, or several: train,test."
        ),
    ] = None,
    holdout: Annotated[
        str | None,
        typer.Option(help="Shares for compositional test splits: pairs=0.1,objects=0.05,relations=0.1."),
    ] = None,
    max_images: Annotated[
        int | None, typer.Option(help="Use at most so many pictures, chosen by hash.")
    ] = None,
    max_per_triplet: Annotated[
        int | None, typer.Option(help="Use at most so many pictures a triplet.")
    ] = None,
    max_share_triplet: Annotated[
        float | None,
        typer.Option(help="No triplet has more than this share of a source split's records: 0.05."),
    ] = None,
    max_share_relation: Annotated[
        float | None,
        typer.Option(help="No relation has more than this share of a source split's records: 0.3."),
    ] = None,
    relations: Annotated[
        str | None,
        typer.Option(help="Only these relations, separated by commas; aro: those of ARO's VG-Relation."),
    ] = None,
    crop: Annotated[
        str | None,
        typer.Option(
            help="union: crop each triplet's picture to the box around subject and object. none (default)."
        ),
    ] = None,
    pairs: Annotated[
        int | None,
        typer.Option(help="Pairs of labels: testbed, trained ones of 1 to 105 (60); composites (all)."),
    ] = None,
    layouts: Annotated[
        int | None,
        typer.Option(
            help="Layouts: testbed, trained ones of 1 to 45 (20); composites, positions, scales, gaps and "
            "backgrounds (16)."
        ),
    ] = None,
    spatial: Annotated[
        bool | None,
        typer.Option(
            "--spatial", help="openimages: also left/right/above/below from all boxes.", show_default=False
        ),
    ] = None,
    min_area: Annotated[
        float | None, typer.Option(help="Least area of a box of a spatial triplet, in pictures (0.03).")
    ] = None,
    margin: Annotated[
        float | None, typer.Option(help="How clearly boxes must lie so, beyond the relation's rule (0.03).")
    ] = None,
    licenses: Annotated[
        str | None,
        typer.Option(
            help="Only pictures with these licences: by,by-sa,cc0, a COCO licence id, or other words."
        ),
    ] = None,
    captioner: Annotated[
        str | None,
        typer.Option(
            help="Who writes complex captions: grammar (rules, the default), openai (any compatible server), "
            "openai-batch, vllm (in this process), requests-file or responses-file."
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="The language model, by the name its server knows.")
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option(help="Address of the server, mostly ending in /v1 (OPENAI_BASE_URL, or OpenAI)."),
    ] = None,
    prompt: Annotated[
        str | None,
        typer.Option(
            help="Prompts or prompt files, with shares: naturel (default), or naturel:0.7,vivid:0.3."
        ),
    ] = None,
    attempts: Annotated[
        int | None, typer.Option(help="How often a claim is asked at most, for what did not pass (3).")
    ] = None,
    fallback: Annotated[
        bool | None,
        typer.Option(
            "--fallback/--no-fallback",
            help="Fill gaps of the model with the grammar's captions (default), or leave them.",
            show_default=False,
        ),
    ] = None,
    judge: Annotated[
        str | None,
        typer.Option(help="A model for a second opinion on captions that the reader is unsure of."),
    ] = None,
    concurrency: Annotated[int | None, typer.Option(help="Calls at once (32).")] = None,
    cache: Annotated[
        Path | None, typer.Option(help="File of all models' answers, none of which is paid twice.")
    ] = None,
    price: Annotated[
        str | None,
        typer.Option(help="USD for a million tokens in and out, IN,OUT, of a model that no table has."),
    ] = None,
    prices: Annotated[Path | None, typer.Option(help="A price table of your own (YAML).")] = None,
    max_cost: Annotated[
        float | None, typer.Option(help="Stop before this many USD are passed; answers are kept.")
    ] = None,
    requests_file: Annotated[
        Path | None, typer.Option(help="Where requests-file writes what is to be asked (JSONL).")
    ] = None,
    responses_file: Annotated[
        Path | None, typer.Option(help="Where responses-file reads what was answered (JSONL).")
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
    negative_images: Annotated[
        str | None,
        typer.Option(help="Give records a picture in which a negative is true: off (default) or mined."),
    ] = None,
    mirror: Annotated[
        bool | None,
        typer.Option(
            "--mirror",
            help="Add the mirror image of pictures in which a side is claimed.",
            show_default=False,
        ),
    ] = None,
    mirror_exclude: Annotated[
        str | None, typer.Option(help="Do not mirror pictures of these (default: things with writing).")
    ] = None,
    max_blind: Annotated[
        float | None,
        typer.Option(help="No release, exit code 3, if a text-only attack tells more pairs than this: 0.55."),
    ] = None,
    prune: Annotated[
        bool | None,
        typer.Option("--prune", help="Leave out what the attack tells most surely.", show_default=False),
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
    decisions: Annotated[
        Path | None, typer.Option(help="Folder of the journals of people's decisions (OUT/review).")
    ] = None,
    backend: Annotated[
        str | None,
        typer.Option(
            help="What composites are made of: pictograms (default), openmoji, photos or diffusers.",
            rich_help_panel=COMPOSITES,
        ),
    ] = None,
    arrangements: Annotated[
        str | None,
        typer.Option(
            help="Only these, separated by commas: left_right,above_below,on_under,inside.",
            rich_help_panel=COMPOSITES,
        ),
    ] = None,
    nouns: Annotated[
        int | None, typer.Option(help="How many nouns (all).", rich_help_panel=COMPOSITES)
    ] = None,
    cutouts: Annotated[
        Path | None,
        typer.Option(
            help="photos: a folder in COCO's or Open Images' layout to cut things out of.",
            rich_help_panel=COMPOSITES,
        ),
    ] = None,
    generator: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL_OR_DIR",
            help="diffusers: the text-to-image pipeline, by name or folder.",
            rich_help_panel=COMPOSITES,
        ),
    ] = None,
    generator_revision: Annotated[
        str | None, typer.Option(help="diffusers: the model's revision.", rich_help_panel=COMPOSITES)
    ] = None,
    per_noun: Annotated[
        int | None, typer.Option(help="diffusers: pictures a noun (10).", rich_help_panel=COMPOSITES)
    ] = None,
    picture_prompt: Annotated[
        str | None,
        typer.Option(help="diffusers: a picture prompt's name or file (object).", rich_help_panel=COMPOSITES),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(help="diffusers: steps a picture (30).", rich_help_panel=COMPOSITES)
    ] = None,
    guidance: Annotated[
        float | None, typer.Option(help="diffusers: guidance scale (7.5).", rich_help_panel=COMPOSITES)
    ] = None,
    generator_size: Annotated[
        int | None,
        typer.Option(
            help="diffusers: pixels of a picture's side (what the model was made for).",
            rich_help_panel=COMPOSITES,
        ),
    ] = None,
    generator_batch: Annotated[
        int | None,
        typer.Option(
            help="diffusers: pictures at once (1; with more, a picture also depends on its batch).",
            rich_help_panel=COMPOSITES,
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(help="diffusers: auto (default), cpu, cuda, mps.", rich_help_panel=COMPOSITES),
    ] = None,
    dtype: Annotated[
        str | None,
        typer.Option(help="diffusers: float32 (default), float16 or bfloat16.", rich_help_panel=COMPOSITES),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the build (build/naturel).")] = None,
    version: Annotated[
        str | None,
        typer.Option(help="Version of the release, X.Y.Z. Default: 1.0.0, then by what changed."),
    ] = None,
    errata: Annotated[
        Path | None, typer.Option(help="List of known faults, by record (OUT/errata.yaml).")
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
app.command("check")(check_command)
app.add_typer(prompts_app(), name="prompts")
app.add_typer(cache_app(), name="cache")
app.command("report")(report_command)
app.command("diff")(diff_command)
app.command("push")(push_command)


def _build(options: dict[str, Any], config: Path | None, dry_run: bool) -> None:
    # Imported here so that --help and bad options answer at once.
    from naturel.builders.progress import choose_progress
    from naturel.builders.settings import load_settings

    console = Console(stderr=True)
    if options["prompt"] is not None and config is None:
        from naturel.builders.writing.remembered import recall

        if known := recall(options):
            options = options | known
            console.print(
                f"Asking {known.get('model', options['model'])}, as the last time.", highlight=False
            )
    settings = load_settings(config, options)
    asks = settings.captioner != "grammar"
    from naturel.builders.build import build, plan_calls
    from naturel.builders.writing.captioner import WaitingForAnswersError

    if dry_run:
        calls = plan_calls(settings, choose_progress(console)) if asks else None
        show_plan(settings, calls, Console())
        return
    start = time.perf_counter()
    try:
        built = build(settings, choose_progress(console))
    except WaitingForAnswersError as waiting:
        print(waiting)
        return
    if options["captioner"] is None and not asks:
        console.print(
            "Captions are written by the grammar: no language model is configured.", highlight=False
        )
    show_summary(built, time.perf_counter() - start, Console())
    if not built.accepted:
        told = f"{built.blind['best']} tells {built.blind['accuracy']:.3f} of pairs without the picture"
        print(f"{told}, more than --max-blind {settings.max_blind:g} allows.", file=sys.stderr)
        raise typer.Exit(TOO_BLIND)


def build_main() -> None:
    """The command `build-naturel`."""
    run_command(build_app, "build-naturel")
