"""What the page shows of a blind attack. Light to import: the attack itself is made elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from naturel.builders.checks.blind import BlindReport, Estimate, Tell

FACETS = ("kind", "relation", "proof", "style")
VALUES = 12
"""Values of a facet on the page, those with the most pairs."""
TELLS = 10
"""N-grams on the page for each side."""


@dataclass(frozen=True)
class Told:
    """The share of pairs that an attacker tells, with its 95 % interval."""

    name: str
    accuracy: float
    low: float
    high: float
    pairs: int


@dataclass(frozen=True)
class Facet:
    """The best attacker on the pairs that share a value, the best told first."""

    name: str
    values: list[Told]
    others: int
    """Values that are not shown, because they have fewer pairs."""


@dataclass(frozen=True)
class GiveAway:
    """An n-gram that speaks for a side: captions of either side that hold it."""

    ngram: str
    positives: int
    negatives: int


@dataclass(frozen=True)
class BlindFigures:
    """What a classifier reaches that reads captions and sees no picture."""

    best: Told
    limit: float | None = None
    """The most that was allowed (`max_blind`); None: no limit was set."""
    available: int = 0
    """Pairs of the release; 0: not known."""
    held_out: str = ""
    """What was held out together, in words."""
    attackers: tuple[Told, ...] = ()
    facets: tuple[Facet, ...] = ()
    for_positive: tuple[GiveAway, ...] = ()
    for_negative: tuple[GiveAway, ...] = ()
    rules: tuple[tuple[str, float, float], ...] = ()
    """What needs no learning: share of pairs whose positive has more of it, and whose negative has."""

    @property
    def passed(self) -> bool:
        """Whether the limit, if there is one, was kept; compared to four decimals, as the manifest writes them."""
        return self.limit is None or round(self.best.accuracy, 4) <= self.limit


def blind_figures(report: BlindReport, limit: float | None = None) -> BlindFigures:
    """Take from an attack what the page shows.

    Args:
        report: What the attack found.
        limit: The most that the best attacker may tell, if a limit was set.
    """
    held_out = "each pair alone" if report.group == "none" else f"{report.groups:,} groups by {report.group}"
    return BlindFigures(
        best=_told(report.best, report.accuracy),
        limit=limit,
        available=report.pairs_available,
        held_out=held_out,
        attackers=tuple(_told(result.name, result.accuracy) for result in report.attackers),
        facets=tuple(facet for name in FACETS if (facet := _facet(report, name)).values),
        for_positive=tuple(map(_give_away, report.positive_tells[:TELLS])),
        for_negative=tuple(map(_give_away, report.negative_tells[:TELLS])),
        rules=tuple((rule.name, rule.positive_more, rule.negative_more) for rule in report.rules),
    )


def blind_headline(manifest: Mapping[str, Any]) -> BlindFigures | None:
    """The overall figure that a release's manifest gives; None where it gives none."""
    said = manifest.get("blind")
    if not isinstance(said, Mapping) or not isinstance(said.get("accuracy"), int | float):
        return None
    accuracy = float(said["accuracy"])
    low, high = float(said.get("low", accuracy)), float(said.get("high", accuracy))
    best = Told(str(said.get("best", "text-only classifier")), accuracy, low, high, int(said.get("pairs", 0)))
    return BlindFigures(best, limit=limit_of(manifest))


def limit_of(manifest: Mapping[str, Any]) -> float | None:
    """The limit (`max_blind`) that a release was built with, where its manifest tells."""
    said = manifest.get("blind")
    limit = said.get("limit") if isinstance(said, Mapping) else None
    return float(limit) if isinstance(limit, int | float) else None


def _told(name: str, found: Estimate) -> Told:
    return Told(name, found.value, found.low, found.high, found.pairs)


def _facet(report: BlindReport, name: str) -> Facet:
    found = report.by(name)
    kept = sorted(found, key=lambda entry: (-entry.accuracy.pairs, entry.value))[:VALUES]
    values = [_told(entry.value, entry.accuracy) for entry in found if entry in kept]
    return Facet(name, values, len(found) - len(values))


def _give_away(tell: Tell) -> GiveAway:
    return GiveAway(tell.ngram, tell.positives, tell.negatives)
