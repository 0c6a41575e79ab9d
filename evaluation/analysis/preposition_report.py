"""The counts of prepositions as Markdown and as a plot."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from naturel.evaluation.analysis.prepositions import Count, Counts
from naturel.evaluation.figures import COLOURS, GREY, PALE, new_figure, save_figure

REASONS = 3
"""Filters named for each preposition; all are in the JSON."""
LONGEST = 160
"""Characters of an example."""


def share(count: int, of: int) -> str:
    """A share in per cent, with two figures that tell: .22 %, 17 %."""
    if not count or not of:
        return "0 %"
    percent = 100 * count / of
    return f"{percent:.{max(1 - math.floor(math.log10(percent)), 0)}f} %"


def reasons(count: Count) -> str:
    """What took the most captions of a preposition."""
    most = sorted(count.removed.items(), key=lambda entry: -entry[1])[:REASONS]
    return ", ".join(f"{name} {number:,}" for name, number in most)


def to_markdown(counts: Counts, files: Sequence[Path], left_out: Mapping[str, int]) -> str:
    """A page with the table, what each filter took, and examples."""
    total = counts.captions
    lines = [
        "# Spatial prepositions",
        "",
        f"{total:,} captions of {_files(files)}; {counts.clean:,} are no noise as a whole.",
        *([f"Rows without a caption: {_list(left_out)}.", ""] if left_out else [""]),
        "| preposition | captions | share | after the filters | share | taken by |",
        "|---|--:|--:|--:|--:|---|",
        *(
            f"| {one.name} | {one.before:,} | {share(one.before, total)} | {one.after:,} "
            f"| {share(one.after, total)} | {reasons(one)} |"
            for one in counts.prepositions
            if one.before
        ),
    ]
    for name, before, after in totals(counts):
        lines.append(
            f"| *{name}* | {before:,} | {share(before, total)} | {after:,} | {share(after, total)} | |"
        )
    missing = [one.name for one in counts.prepositions if not one.before]
    if missing:
        lines += ["", f"Not found: {', '.join(missing)}."]
    lines += [
        "",
        "A caption counts once for each preposition. Shares are of all captions; a caption is taken by the first",
        f"filter that holds for all its hits. Specific are {', '.join(counts.specific)}.",
        "",
        "## Noise filters",
        "",
        "| filter | what it takes | captions that it holds for |",
        "|---|---|--:|",
    ]
    for name, meaning in counts.filters.items():
        held = f"{counts.noisy[name]:,}" if name in counts.noisy else "by hit"
        lines.append(f"| {name} | {_cell(meaning)} | {held} |")
    lines += ["", "## Examples", ""]
    for one in counts.prepositions:
        if one.before:
            lines += [f"**{one.name}**", ""]
            lines += [f"- {_cell(text)}" for text in one.examples]
            lines += [f"- noise: {_cell(text)}" for text in one.noise_examples]
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def totals(counts: Counts) -> list[tuple[str, int, int]]:
    """The last rows of the table: name, captions, captions after the filters."""
    return [
        ("any specific one", counts.specific_before, counts.specific_after),
        ("any", counts.any_before, counts.any_after),
    ]


def plot_counts(counts: Counts, path: Path) -> None:
    """Bars of shares before and after the filters, on a scale of powers of ten.

    Raises:
        UserError: matplotlib is missing, or the file cannot be written.
    """
    shown = [one for one in counts.prepositions if one.before]
    figure, (axes,) = new_figure(7.5, 1.2 + 0.26 * max(len(shown), 4))
    before = [100 * one.before / counts.captions for one in shown]
    after = [100 * one.after / counts.captions for one in shown]
    places = range(len(shown))
    axes.barh(places, before, height=0.72, color=PALE, label="all")
    axes.barh(places, after, height=0.72, color=COLOURS[0], label="after the noise filters")
    axes.set_xscale("log")
    lowest = min([value for value in (*before, *after) if value], default=0.1)
    axes.set_xlim(lowest / 2, max(before, default=1) * 3)
    for place, one, value in zip(places, shown, before, strict=True):
        text = share(one.after, counts.captions)
        axes.text(value * 1.08, place, text, va="center", fontsize=8, color=GREY)
    axes.set_yticks(places, [one.name for one in shown])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g} %")
    axes.set_xlabel("share of captions (figures: after the filters)", fontsize=9)
    axes.set_title(f"Spatial prepositions in {counts.captions:,} captions", loc="left", fontsize=11)
    axes.legend(frameon=False, fontsize=9, loc="lower right")
    save_figure(figure, path)


def _files(files: Sequence[Path]) -> str:
    return str(files[0]) if len(files) == 1 else f"{len(files):,} files ({files[0]}, ...)"


def _list(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} ({reason})" for reason, count in counts.items())


def _cell(text: str) -> str:
    plain = " ".join(text.split())
    short = plain if len(plain) <= LONGEST else plain[: LONGEST - 1] + "…"
    return short.replace("|", "\\|").replace("<", "&lt;")
