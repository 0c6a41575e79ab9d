"""The quality report: one HTML page on a finished release, with nothing to load from elsewhere.

The page follows from the release alone: equal releases give equal bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from naturel.annotations.errors import UserError
from naturel.builders.card import TITLE
from naturel.builders.report import charts
from naturel.builders.report.figures import Figures, settings_rows
from naturel.builders.report.funnel import read_funnel
from naturel.builders.report.pictures import NEAR, SmallPicture, shrink
from naturel.builders.report.tables import Release

TEMPLATE, STYLE = "page.html.j2", "page.css"
ROWS = 40
"""Bars a table at most; the rest is summed up in one line."""
TRIPLETS = 20
PAIRS = 4
"""Image-caption pairs a record."""


@dataclass(frozen=True)
class Pair:
    """A positive and a negative caption of an example."""

    style: str
    positive: str
    negative: str
    kind: str
    proof: str


@dataclass(frozen=True)
class Example:
    """A record on the page."""

    id: str
    subject: str
    relation: str
    object: str
    picture: SmallPicture | None
    overlay: Markup | None
    pairs: list[Pair]
    proof: str
    credit: str


@dataclass(frozen=True)
class Blind:
    """What a classifier reaches that reads captions and sees no picture."""

    best: str
    accuracy: float
    interval: tuple[float, float] | None
    by_kind: list[tuple[str, float]]
    tells: list[str]


def write_report(release: Path, out: Path | None = None, blind: Mapping[str, Any] | None = None) -> Path:
    """Write the report of a release.

    Args:
        release: The release's folder; nothing is written into it.
        out: The page's file; by default `report-<release>.html` beside the release.
        blind: Figures of a blind attack: `best` (its name), `accuracy`, and where known `interval` (low, high),
            `by_kind` (kind -> accuracy) and `tells`. None: the page does not speak of it.

    Returns:
        The page's file.

    Raises:
        UserError: The release is incomplete or damaged, or the page cannot be written there.
    """
    page = render_report(Release(release), blind)
    root = release.resolve()
    path = out if out is not None else root.with_name(f"report-{root.name}.html")
    if path.is_dir():
        raise UserError(f"--out {path} is a folder. Name the file, for example {path / 'report.html'}.")
    temporary = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(page, encoding="utf-8", newline="\n")
        temporary.replace(path)
    except OSError as error:
        raise UserError(
            f"{path} cannot be written: {error.strerror}. Give another file with --out."
        ) from error
    return path


def render_report(release: Release, blind: Mapping[str, Any] | None = None) -> str:
    """The page's text."""
    environment = SandboxedEnvironment(
        undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"thousands": _thousands, "percent": _percent}
    environment.globals |= {
        "bar": charts.bar,
        "pair_bar": charts.pair,
        "columns": charts.columns,
        "gauge": charts.gauge,
    }
    figures = Figures(release)
    manifest = release.manifest
    template, style = (
        files("naturel.builders.report").joinpath(name).read_text(encoding="utf-8")
        for name in (TEMPLATE, STYLE)
    )
    page = environment.from_string(template).render(
        style=Markup(style),  # noqa: S704 - the package's own
        title=TITLE,
        version=release.version,
        line=_line(release, figures),
        tiles=[
            ("records", figures.records),
            ("image-caption pairs", figures.records * PAIRS),
            ("pictures", len(figures.pictures.values)),
            ("triplets", len(figures.triplets.values)),
            ("different captions", figures.captions),
        ],
        funnel=read_funnel(manifest),
        examples=[_example(release.row(n, with_image=release.embedded)) for n in figures.example_rows()],
        embedded=release.embedded,
        figures=figures,
        relations=_first(figures.relations.counts(), ROWS),
        triplets=_first(figures.triplets.counts(), TRIPLETS),
        blind=_blind(blind),
        near=NEAR,
        rows=ROWS,
        settings=settings_rows(manifest.get("settings", {})),
        inputs=sorted(manifest.get("inputs", {}).items()),
        packages=sorted(manifest.get("packages", {}).items()),
        files=sorted(manifest.get("files", {}).items()),
        content=manifest.get("content", ""),
    )
    return page.lstrip() + "\n"


def _thousands(number: float) -> str:
    return f"{number:,}"


def _percent(share: float, digits: int = 1) -> str:
    return f"{100 * share:.{digits}f} %"


def _line(release: Release, figures: Figures) -> str:
    """What the dataset is, in a sentence or two."""
    manifest = release.manifest
    settings = manifest.get("settings", {})
    parts = [f"Image-caption records of relations from {manifest.get('source_name') or 'an unnamed source'}"]
    parts += [f"split {settings['split']}"] if settings.get("split") else []
    parts += [manifest["sampling"]] if manifest.get("sampling") else []
    parts += [f"captions written by {', '.join(figures.writers)}"] if figures.writers else []
    text = ", ".join(parts)
    return f"{text}; built by NatuRel {manifest['naturel']}." if manifest.get("naturel") else f"{text}."


@dataclass(frozen=True)
class Listing:
    """The first rows of a ranking, with what the others have together."""

    rows: list[tuple[str, int]]
    highest: int
    total: int
    others: int
    others_count: int


def _first(ranking: Sequence[tuple[str, int]], rows: int) -> Listing:
    shown, hidden = list(ranking[:rows]), ranking[rows:]
    return Listing(
        shown,
        max((count for _, count in shown), default=1),
        sum(count for _, count in ranking),
        len(hidden),
        sum(count for _, count in hidden),
    )


def _example(row: Mapping[str, Any]) -> Example:
    subject, thing = row["subject"], row["object"]
    image = row.get("image")
    picture = shrink(image["bytes"]) if image else None
    drawn = None
    if picture is not None and subject["box"] and thing["box"]:
        drawn = charts.overlay(
            picture.width,
            picture.height,
            charts.LabelledBox(subject["noun"], subject["box"], "subject"),
            charts.LabelledBox(thing["noun"], thing["box"], "object"),
        )
    positives = [row["simple_positive"], *row["complex_positives"]]
    negatives = [row["simple_negative"], *row["complex_negatives"]]
    styles = ["simple", *["complex"] * len(row["complex_positives"])]
    told = zip(styles, positives, negatives, row["negative_kinds"], row["negative_proofs"], strict=True)
    return Example(
        id=row["id"],
        subject=subject["noun"],
        relation=row["relation"],
        object=thing["noun"],
        picture=picture,
        overlay=drawn,
        pairs=[Pair(*entry) for entry in told],
        proof=row["positive_proof"],
        credit=", ".join(part for part in (row["author"], row["license"]) if part),
    )


def _blind(figures: Mapping[str, Any] | None) -> Blind | None:
    """The attack's figures, however much of them there is.

    Raises:
        UserError: The accuracy is missing.
    """
    if figures is None:
        return None
    if not isinstance(figures.get("accuracy"), int | float):
        raise UserError("the blind attack's figures lack `accuracy`. Run the attack again.")
    interval = figures.get("interval")
    kinds = {
        str(kind): value.get("accuracy") if isinstance(value, Mapping) else value
        for kind, value in (figures.get("by_kind") or {}).items()
    }
    return Blind(
        best=str(figures.get("best") or "text-only classifier"),
        accuracy=float(figures["accuracy"]),
        interval=(float(interval[0]), float(interval[1])) if interval else None,
        by_kind=sorted((kind, float(value)) for kind, value in kinds.items() if value is not None),
        tells=[_tell(entry) for entry in figures.get("tells") or []],
    )


def _tell(entry: object) -> str:
    """A word or feature that gives a side away, with its weight where it has one."""
    if isinstance(entry, Mapping):
        return ", ".join(f"{name} {_number(value)}" for name, value in entry.items())
    if isinstance(entry, Sequence) and not isinstance(entry, str):
        return " ".join(_number(value) for value in entry)
    return str(entry)


def _number(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
