"""The quality report: one HTML page on a finished release, with nothing to load from elsewhere.

The page follows from the release alone: equal releases give equal bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from jinja2 import FunctionLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from naturel.annotations.errors import UserError
from naturel.builders.card import TITLE
from naturel.builders.report import charts
from naturel.builders.report.balance import Balance
from naturel.builders.report.blind_figures import BlindFigures, blind_headline
from naturel.builders.report.check_figures import Checks
from naturel.builders.report.examples import read_example, read_group
from naturel.builders.report.figures import Figures, settings_rows
from naturel.builders.report.funnel import read_funnel
from naturel.builders.report.pictures import NEAR
from naturel.builders.report.tables import Release

TEMPLATE, STYLE = "page.html.j2", "page.css"
ROWS = 40
"""Bars a table at most; the rest is summed up in one line."""
TRIPLETS = 20
PAIRS = 4
"""Image-caption pairs a record."""
FIGURED = (".parquet", ".csv")
"""Files from which the figures come; the card and the page itself follow from them."""


def write_report(release: Path, out: Path | None = None, blind: BlindFigures | None = None) -> Path:
    """Write the report of a release.

    Equal releases give equal bytes, wherever they lie and whatever their folders' names. An unfinished release will
    do if its manifest is there; a page or a card in the folder changes nothing.

    Args:
        release: The release's folder; nothing but the page is written.
        out: The page's file; by default `report-<folder>.html` beside the release.
        blind: What a blind attack found. None: the page gives the figure of the manifest, if it has one.

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


def render_report(release: Release, blind: BlindFigures | None = None) -> str:
    """The page's text."""
    figures, manifest = Figures(release), release.manifest
    blind = blind or blind_headline(manifest)
    balance, checks = figures.balance, figures.checks
    group = balance.groups.example if balance.groups else None
    page = (
        _environment()
        .get_template(TEMPLATE)
        .render(
            style=Markup(_part(STYLE)),  # noqa: S704 - the package's own
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
            glance=_glance(balance, checks, blind),
            funnel=read_funnel(manifest),
            examples=[read_example(release, row) for row in figures.example_rows()],
            embedded=release.embedded,
            figures=figures,
            relations=_first(figures.relations.counts(), ROWS),
            triplets=_first(figures.triplets.counts(), TRIPLETS),
            checks=checks,
            reasons=_first(checks.reasons, ROWS) if checks else None,
            review=manifest.get("review"),
            balance=balance,
            group=read_group(release, group),
            blind=blind,
            near=NEAR,
            rows=ROWS,
            settings=settings_rows(manifest.get("settings", {})),
            inputs=[
                entry for source in manifest.get("sources", []) for entry in sorted(source["inputs"].items())
            ],
            packages=sorted(manifest.get("packages", {}).items()),
            files=[
                entry for entry in sorted(manifest.get("files", {}).items()) if entry[0].endswith(FIGURED)
            ],
            content=manifest.get("content", ""),
        )
    )
    return page.strip() + "\n"


def _environment() -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(_part),
    )
    environment.filters |= {"thousands": _thousands, "percent": _percent}
    environment.globals |= {
        "bar": charts.bar,
        "pair_bar": charts.pair,
        "shade": charts.shade,
        "columns": charts.columns,
        "gauge": charts.gauge,
    }
    return environment


def _part(name: str) -> str:
    """A file of this package."""
    return files("naturel.builders.report").joinpath(name).read_text(encoding="utf-8")


def _glance(
    balance: Balance, checks: Checks | None, blind: BlindFigures | None
) -> list[tuple[str, str, str]]:
    """How good the release is, in a few figures: what, how much, and what to hold it against."""
    found = []
    if blind:
        best = blind.best
        verdict = f"95 %: {_percent(best.low)} to {_percent(best.high)}; chance is 50 %"
        if blind.limit is not None:
            said = "kept" if blind.passed else "not kept"
            verdict += f"; the limit of {_percent(blind.limit)} is {said}"
        found.append(("told without the picture", _percent(best.accuracy), verdict))
    if groups := balance.groups:
        share = _percent(groups.pairs / balance.pairs)
        found.append(
            (
                "of complex pairs in 2x2 groups",
                share,
                f"{groups.pairs:,} of {balance.pairs:,}; the more, the better",
            )
        )
    share = _percent(balance.both / balance.sentences)
    told = f"{balance.both:,} of {balance.sentences:,}; the more, the better"
    found.append(("of sentences on both sides", share, told))
    if checks:
        told = f"{checks.rejected:,} of {checks.captions:,}"
        told += f"; {checks.standing:,} stand in records all the same" if checks.standing else ""
        found.append(("of captions rejected", _percent(checks.rejected / max(checks.captions, 1)), told))
    else:
        found.append(("of captions rejected", "–", "the captions of this release were not checked"))
    return found


def _thousands(number: float) -> str:
    return f"{number:,}"


def _percent(share: float, digits: int = 1) -> str:
    return f"{100 * share:.{digits}f} %"


def _line(release: Release, figures: Figures) -> str:
    """What the dataset is, in a sentence or two."""
    manifest = release.manifest
    settings = manifest.get("settings", {})
    sources = manifest.get("sources", [])
    titles = " and ".join(source["title"] for source in sources) or "an unnamed source"
    parts = [f"Image-caption records of relations from {titles}"]
    parts += [f"splits read: {', '.join(settings['splits'])}"] if settings.get("splits") else []
    parts += list(dict.fromkeys(source["sampling"] for source in sources if source["sampling"]))
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
