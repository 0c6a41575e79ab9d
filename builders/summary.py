"""What a build shows at its end, and what a dry run shows instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from naturel.builders.build import Built
    from naturel.builders.llm.money import Estimate
    from naturel.builders.settings import BuildSettings, Source

REASONS = 12
"""Reasons shown; the rest is in the manifest."""


BALANCE = (
    "pairs in groups",
    "records all in groups",
    "sentences on both sides",
    "sentences only positive",
    "sentences only negative",
)
"""What the records step counts of the balance."""


NEGATIVE_IMAGES = (
    "negative images mined",
    "negative images constructed by mirroring",
    "records without a negative image",
)
"""What the records step counts of negative images, where they were looked for."""


GAPS = ("claims with gaps", "gaps filled by the grammar", "gaps left open")
"""What the captions step counts of claims for which a model gave too few captions."""


def show_summary(built: Built, seconds: float, console: Console) -> None:
    """Print the closing table: what was made, what was left out and why, and where it is."""
    counts = {step.name: step.manifest["counts"] for step in built.steps}
    table = Table(
        title=f"NatuRel {built.version}", title_justify="left", show_header=False, box=None, pad_edge=False
    )
    table.add_column()
    table.add_column(justify="right")
    for label, value in (
        ("pictures", counts["records"]["images"]),
        ("records", counts["records"]["records"]),
        ("image-caption pairs", counts["records"]["records"] * 4),
        ("triplets", counts["records"]["triplets"]),
        ("claims", counts["claims"]["claims"]),
        ("captions", counts.get("review", counts["captions"])["captions"]),
        *((name, counts["records"][name]) for name in BALANCE),
    ):
        table.add_row(label, f"{value:,}")
    for name, count in counts["records"].items():
        if name in NEGATIVE_IMAGES or name.startswith("records of "):
            table.add_row(name, f"{count:,}")
    if "accuracy" in built.blind:
        table.add_row("told without pictures", f"{built.blind['accuracy']:.3f}")
    for name in GAPS:
        if name in counts["captions"]:
            table.add_row(name, f"{counts['captions'][name]:,}")
    if meter := built.meter:
        for label, count in (
            ("calls to the model", meter.calls),
            ("answers known already", meter.cached),
            ("tokens in", meter.input_tokens),
            ("tokens out", meter.output_tokens),
        ):
            table.add_row(label, f"{count:,}")
        for label, count in (
            ("calls whose tokens were estimated", meter.estimated_calls),
            ("calls that broke off, at their worst cost", meter.lost_calls),
        ):
            if count:
                table.add_row(label, f"{count:,}")
        table.add_row("cost", f"${meter.cost:.4f}")
    console.print(table)
    dropped = [
        (reason, count) for step in built.steps for reason, count in step.manifest["dropped"].items() if count
    ]
    if dropped:
        console.print("left out:")
        for reason, count in sorted(dropped, key=lambda item: (-item[1], item[0]))[:REASONS]:
            console.print(f"  {count:>9,}  {reason}", highlight=False, soft_wrap=True)
        if len(dropped) > REASONS:
            console.print(f"  and {len(dropped) - REASONS} more reasons: see the manifest")
    done = ", ".join(built.rerun) if built.rerun else "nothing changed, nothing was redone"
    console.print(f"{seconds:.1f} s ({done})", highlight=False)
    console.print(f"{built.release.parent.name}: {built.release}", highlight=False, soft_wrap=True)


def show_plan(settings: BuildSettings, calls: Estimate | None, console: Console) -> None:
    """Print the settings in force, and what a build would do with them.

    Args:
        settings: The build's.
        calls: What a language model would be asked; None where none is.
        console: Where to print.
    """
    table = Table(title="Dry run: nothing is written", title_justify="left", show_header=False, box=None)
    values = settings.model_dump(mode="json")
    if settings.base_url is not None:
        from naturel.builders.llm.api_call import ApiSettings

        values["base_url"] = ApiSettings(settings.base_url).public_address
    for name, value in values.items():
        table.add_row("--" + name.replace("_", "-"), "" if value in (None, []) else str(value))
    console.print(table)
    origins = [
        _plan_of_source(source, settings.for_split(split))
        for source in settings.source
        for split in settings.splits
    ]
    pictures = (
        "take pictures from --data, or fetch them" if settings.images == "embed" else "link to pictures"
    )
    for line in (
        *origins,
        pictures,
        "judge claims",
        "write captions by grammar" if calls is None else _plan_of(calls),
        f"release into {settings.out}/release",
    ):
        console.print(f"- {line}", highlight=False, soft_wrap=True)


def _plan_of_source(source: Source, settings: BuildSettings) -> str:
    """Where a source's rows would come from, in words."""
    folder = settings.data_of(source)
    if source == "openimages" and settings.sample:
        return "draw the embedded sample"
    if source == "openimages" and folder is not None:
        from naturel.builders.sources.openimages_files import find_files

        needed = "boxes" if settings.spatial else "relations"
        found = find_files(folder, settings.split, needed).values()
        return "read " + ", ".join(f"{path.name} ({path.stat().st_size:,} bytes)" for path in found)
    if source == "openimages":
        from naturel.builders.sources.download import cache_folder

        cache = cache_folder() / "openimages"
        return f"download the official files of the split {settings.split} into {cache}"
    if source == "coco" and folder is not None:
        from naturel.builders.sources.coco_files import find_coco

        path = find_coco(folder, settings.split).annotations
        return f"read {path.name} ({path.stat().st_size:,} bytes)"
    return f"read {source} from {folder}" if folder else f"make {source}"


def _plan_of(calls: Estimate) -> str:
    """What asking takes, in words."""
    return (
        f"ask a model about {calls.calls + calls.cached:,} claims: {calls.calls:,} calls, {calls.cached:,} answers "
        f"known already; about {calls.input_tokens:,} tokens in, at most {calls.output_tokens:,} out, about "
        f"${calls.cost:.4f} at most; captions that do not pass are asked for again"
    )
