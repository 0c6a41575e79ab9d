"""The source `composites`: pictures made for the build, whose truth is known by construction."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from naturel.annotations.nouns import load_nouns
from naturel.builders.code import code_digest
from naturel.builders.composite_settings import COMPOSITES, LAYOUTS
from naturel.builders.progress import Progress
from naturel.builders.settings import BuildSettings
from naturel.builders.sources.composites.composite_tables import SOURCE, tables_of
from naturel.builders.sources.composites.drawing import draw_groups
from naturel.builders.sources.composites.plan import Limits, plan_groups
from naturel.builders.sources.composites.stock import open_stock
from naturel.builders.sources.licensing import keep_licensed
from naturel.builders.sources.origin import Origin
from naturel.builders.workspace import digest_of


def open_composites(settings: BuildSettings, work: Path, progress: Progress) -> Origin:
    """Plan the pictures, and draw those that are not drawn yet.

    Args:
        settings: The build's; `composite_settings` has those that count here alone.
        work: The build's folder for its own files; the pictures are drawn into a folder there.
        progress: Where progress is shown.

    Returns:
        The source, not read yet.

    Raises:
        UserError: Nothing can be made with these settings, or what the backend needs is missing.
    """
    stock = open_stock(settings, work, progress)
    limits = Limits(
        seed=settings.seed,
        split=settings.split,
        arrangements=settings.arrangements,
        relations=settings.relations,
        layouts=settings.layouts or LAYOUTS,
        per_triplet=settings.max_per_triplet,
        nouns=settings.nouns,
        pairs=settings.pairs,
        images=settings.max_images or COMPOSITES,
    )
    plan = plan_groups(stock.bank, settings.backend, limits, load_nouns())
    key = {"backend": settings.backend, "limits": asdict(limits), **stock.key}
    folder = work / f"composites-{digest_of([key, code_digest()])[:16]}"
    drawn = draw_groups(plan.groups, stock.bank, settings.seed, folder, progress)
    return Origin(
        name=SOURCE,
        split=settings.split,
        inputs=stock.inputs,
        key=key | {"licenses": list(settings.licenses)},
        folders=(folder,),
        read=lambda vocabulary, nouns: keep_licensed(
            tables_of(plan, drawn, nouns, limits, stock), () if stock.licensed else settings.licenses
        ),
        title=f"composites of {stock.things}",
        citation="",
        license_sentence=stock.license_sentence,
        card_license=stock.card_license,
        sampling=limits.said,
        linkable=False,
    )
