"""Charts as inline SVG: small pure functions from numbers to markup.

Horizontal positions are percentages of whatever width the page gives, so that text keeps its size on a phone. Colours
come from classes, which the page defines for light and dark.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

BAR = 10
"""Height of a bar in pixels."""
PLOT = 170
"""Height of a plot without its labels."""
LABELS_SHOWN = 12
LABEL_HEIGHT, LETTER, WIDE_LETTER = 17.0, 7.9, 12.5
"""Height of a label on a picture, and widths of its letters, in pixels: 12 px bold with a margin."""
LONGEST_LABEL = 26


def _percent(share: float) -> str:
    return f"{100 * min(max(share, 0.0), 1.0):.2f}%"


def bar(share: float, tone: str = "main") -> Markup:
    """A horizontal bar; the figure itself stands beside it as text.

    Args:
        share: How much of the width it fills, 0 to 1.
        tone: Its class: main, positive or negative.
    """
    return Markup(
        '<svg class="bar" width="100%" height="{height}" aria-hidden="true">'
        '<rect class="track" width="100%" height="{height}" rx="2"/>'
        '<rect class="{tone}" width="{width}" height="{height}" rx="2"/></svg>'
    ).format(height=BAR, tone=tone, width=_percent(share))


def shade(count: int, most: int) -> str:
    """How dark a cell with a count is: `heat-0` (none) to `heat-5`, by the logarithm of its share of the most."""
    if not count:
        return "heat-0"
    return f"heat-{1 + round(4 * math.log1p(count) / math.log1p(max(most, 1)))}"


def pair(positive: float, negative: float) -> Markup:
    """Two bars, one below the other."""
    return Markup(
        '<svg class="bar" width="100%" height="13" aria-hidden="true">'
        '<rect class="positive" width="{}" height="6" rx="1"/>'
        '<rect class="negative" y="7" width="{}" height="6" rx="1"/></svg>'
    ).format(_percent(positive), _percent(negative))


def columns(
    title: str, labels: Sequence[str], positive: Sequence[float], negative: Sequence[float]
) -> Markup:
    """A histogram of two sides, column beside column.

    Args:
        title: What it shows, for those who cannot see it.
        labels: One a bin.
        positive: Shares of the positives, one a bin.
        negative: Shares of the negatives.
    """
    step = _step(max([*positive, *negative, 1e-9]))
    top = step * -(-max([*positive, *negative, 1e-9]) // step)
    parts = [
        Markup('<svg class="plot" width="100%" height="{}" role="img"><title>{}</title>').format(
            PLOT + 34, title
        )
    ]
    ticks = round(top / step)
    for tick in range(ticks + 1):
        y = 14 + PLOT * (1 - tick / ticks)
        parts.append(
            Markup('<line class="grid" x1="0" x2="100%" y1="{0}" y2="{0}"/>').format(f"{y:.1f}")
            + Markup('<text class="tick" x="0" y="{}">{} %</text>').format(
                f"{y - 3:.1f}", f"{100 * tick * step:g}"
            )
        )
    left, wide = 0.07, 0.93 / max(len(labels), 1)
    every = -(-len(labels) // LABELS_SHOWN)
    for number, label in enumerate(labels):
        x = left + number * wide
        for place, (tone, values) in enumerate((("positive", positive), ("negative", negative))):
            height = PLOT * values[number] / top
            parts.append(
                Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>').format(
                    tone,
                    _percent(x + wide * (0.1 + 0.4 * place)),
                    f"{14 + PLOT - height:.1f}",
                    _percent(wide * 0.38),
                    f"{height:.1f}",
                )
            )
        if number % every == 0:
            parts.append(
                Markup('<text class="tick middle" x="{}" y="{}">{}</text>').format(
                    _percent(x + wide / 2), PLOT + 30, label
                )
            )
    return Markup("").join([*parts, Markup("</svg>")])


def _step(highest: float) -> float:
    """The distance of grid lines: a round number that gives two to five lines."""
    return next((step for step in (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2) if highest / step <= 5), 0.25)


def gauge(title: str, accuracy: float, low: float, high: float, limit: float | None = None) -> Markup:
    """An accuracy from 0 to 1 with its interval, the line of chance and, where there is one, of a limit."""
    parts = [
        Markup('<svg class="gauge" width="100%" height="26" role="img"><title>{}</title>').format(title),
        Markup('<rect class="track" y="8" width="100%" height="10" rx="2"/>'),
        Markup('<rect class="main" y="8" width="{}" height="10" rx="2"/>').format(_percent(accuracy)),
    ]
    if high > low:
        parts.append(
            Markup(
                '<line class="whisker" x1="{0}" x2="{1}" y1="13" y2="13"/><line class="whisker" x1="{0}" x2="{0}" '
                'y1="8" y2="18"/><line class="whisker" x1="{1}" x2="{1}" y1="8" y2="18"/>'
            ).format(_percent(low), _percent(high))
        )
    if limit is not None:
        parts.append(Markup('<line class="limit" x1="{0}" x2="{0}" y1="2" y2="24"/>').format(_percent(limit)))
    parts.append(Markup('<line class="chance" x1="50%" x2="50%" y1="2" y2="24"/></svg>'))
    return Markup("").join(parts)


@dataclass(frozen=True)
class LabelledBox:
    """A box to draw on a picture."""

    label: str
    box: Sequence[float]
    """`[x_min, y_min, x_max, y_max]` as fractions."""
    tone: str
    """Its class: subject or object."""


def overlay(width: int, height: int, subject: LabelledBox, thing: LabelledBox) -> Markup:
    """Two labelled boxes, to lie over a picture.

    Args:
        width: Of the picture as shown, in pixels.
        height: Likewise.
        subject: Its label stands above its box, or inside at the top.
        thing: The object; its label stands below its box, or inside at the bottom.
    """
    first = _label_places(subject, width, height, below=False)[0]
    others = _label_places(thing, width, height, below=True)
    second = next((place for place in others if not _overlap(first, place)), others[0])
    parts = [Markup('<svg class="overlay" viewBox="0 0 {} {}" aria-hidden="true">').format(width, height)]
    for entry in (subject, thing):
        x_min, y_min, x_max, y_max = _pixels(entry.box, width, height)
        place = Markup('x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"').format(
            x_min, y_min, x_max - x_min, y_max - y_min
        )
        parts.append(Markup('<rect class="halo" {0}/><rect class="box {1}" {0}/>').format(place, entry.tone))
    for entry, (x, y, wide) in ((subject, first), (thing, second)):
        parts.append(
            Markup(
                '<rect class="label {}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.0f}" rx="2"/>'
                '<text class="label" x="{:.1f}" y="{:.1f}">{}</text>'
            ).format(entry.tone, x, y, wide, LABEL_HEIGHT, x + 4, y + 12.5, escape(_shorten(entry.label)))
        )
    return Markup("").join([*parts, Markup("</svg>")])


def _pixels(box: Sequence[float], width: int, height: int) -> tuple[float, float, float, float]:
    """The box in pixels, its line inside the picture."""
    x_min, y_min, x_max, y_max = (min(max(float(side), 0.0), 1.0) for side in box)
    return (
        max(x_min * width, 1.5),
        max(y_min * height, 1.5),
        min(x_max * width, width - 1.5),
        min(y_max * height, height - 1.5),
    )


def _shorten(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…"


def _label_places(
    entry: LabelledBox, width: int, height: int, *, below: bool
) -> list[tuple[float, float, float]]:
    """Where a box's label may stand: left, top and width, inside the picture, the best place first."""
    x_min, y_min, _, y_max = _pixels(entry.box, width, height)
    label = _shorten(entry.label)
    letters = sum(WIDE_LETTER if letter in "mwMW" else LETTER for letter in label)
    wide = min(letters + 8, float(width))
    x = max(min(x_min - 1.5, width - wide), 0.0)
    lowest = height - LABEL_HEIGHT
    above = [y for y in (y_min - LABEL_HEIGHT - 1.5,) if y >= 0] + [y_min]
    under = [y for y in (y_max + 1.5,) if y <= lowest] + [y_max - LABEL_HEIGHT]
    tops = under + above if below else above + under
    return [(x, min(max(y, 0.0), max(lowest, 0.0)), wide) for y in tops]


def _overlap(first: tuple[float, float, float], second: tuple[float, float, float]) -> bool:
    beside = first[0] + first[2] < second[0] or second[0] + second[2] < first[0]
    return not beside and abs(first[1] - second[1]) < LABEL_HEIGHT
