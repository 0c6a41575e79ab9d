"""The command `naturel analyse probe`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from naturel.annotations.errors import UserError
from naturel.builders.command import guard
from naturel.evaluation.analysis.console import console, make_folder, table, written

if TYPE_CHECKING:
    from naturel.evaluation.analysis.contrasts import Contrast
    from naturel.evaluation.analysis.probe import Probed

MODEL = "A model: a folder or a hub id; several, such as before and after training: give it several times."
CONTRAST = "Only contrasts with this relation, such as left_of; several: give it several times."
NOUNS = "A text file of nouns, one a line. Default: things of the noun table."
PAIRS = "How many noun pairs, chosen by hash."
TEMPLATE = "A sentence with {a}, {r}, {b} (or {the_a}, {the_b}); several: give it several times."
OUT = "Folder for probe.json, probe.md and probe.png."
DEVICE = "auto (cuda, mps or cpu), or one of torch's."


def probe_command(
    model: Annotated[list[str], typer.Option(help=MODEL)],
    contrast: Annotated[list[str] | None, typer.Option(metavar="RELATION", help=CONTRAST)] = None,
    nouns: Annotated[Path | None, typer.Option(help=NOUNS)] = None,
    pairs: Annotated[int, typer.Option(min=2, help=PAIRS)] = 200,
    template: Annotated[list[str] | None, typer.Option(help=TEMPLATE)] = None,
    seed: Annotated[int, typer.Option(min=0, help="Shapes the choice of noun pairs.")] = 0,
    device: Annotated[str, typer.Option(help=DEVICE)] = "auto",
    out: Annotated[Path | None, typer.Option(help=OUT)] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Compare opposite sentences in a text encoder: is "A left of B" told from "A right of B"?

    Cosines stand beside those of sentences that mean the same, and of sentences about other things. The margin is
    what counts: cosine with the same meaning in other words, less cosine with the opposite.
    """
    guard(lambda: _probe(model, contrast or [], nouns, pairs, template or [], seed, device, out), debug)


def _probe(
    models: Sequence[str],
    relations: Sequence[str],
    nouns: Path | None,
    count: int,
    templates: Sequence[str],
    seed: int,
    device: str,
    out: Path | None,
) -> None:
    # Imported here so that --help answers at once.
    from rich.console import Console

    from naturel.annotations.nouns import load_nouns
    from naturel.builders.files import write_text
    from naturel.builders.progress import choose_progress
    from naturel.builders.workspace import write_json
    from naturel.evaluation.analysis.asking import open_encoder
    from naturel.evaluation.analysis.contrasts import TEMPLATES, default_nouns, draw_pairs, read_nouns
    from naturel.evaluation.analysis.probe import probe, to_dict
    from naturel.evaluation.analysis.probe_report import plot_probe, to_markdown
    from naturel.evaluation.given import listed

    templates = _checked(templates) or TEMPLATES
    contrasts = _contrasts(relations)
    noun_table = load_nouns()
    pairs = draw_pairs(read_nouns(nouns, noun_table) if nouns else default_nouns(noun_table), count, seed)
    make_folder(out)
    progress = choose_progress(Console(stderr=True))
    probed = []
    for name in listed(models):  # one model in memory at a time
        encoder = open_encoder(name, device=device)
        probed.append(probe(encoder, contrasts, pairs, templates=templates, seed=seed, progress=progress))
    _show(probed)
    if out is not None:
        settings: dict[str, Any] = {"pairs": pairs, "templates": list(templates), "seed": seed}
        write_json(out / "probe.json", {**to_dict(probed), **settings})
        write_text(out / "probe.md", to_markdown(probed, templates))
        written(out, "probe", lambda path: plot_probe(probed, path))


def _checked(templates: Sequence[str]) -> Sequence[str]:
    from naturel.evaluation.analysis.contrasts import say

    for template in templates:
        try:
            said = say(template, "\0r", ("a \0a", "a \0b"))
        except (KeyError, IndexError, ValueError) as error:
            raise UserError(
                f"--template {template}: {error} is no field. Write it with {{a}}, {{r}} and {{b}}, or {{the_a}} and "
                "{the_b}."
            ) from error
        if not all(part in said for part in ("\0r", "\0a", "\0b")):
            raise UserError(
                f"--template {template}: it needs both things and the relation: {{a}}, {{r}}, {{b}}."
            )
    return templates


def _contrasts(relations: Sequence[str]) -> tuple[Contrast, ...]:
    from naturel.annotations.relations import load_vocabulary
    from naturel.evaluation.analysis.contrasts import find_contrasts

    found = find_contrasts(load_vocabulary())
    known = sorted({name for one in found for name in (one.relation, one.opposite)})
    wanted = {name.replace(" ", "_") for name in relations}
    if unknown := sorted(wanted - set(known)):
        raise UserError(
            f"--contrast {', '.join(unknown)}: no such relation with an opposite. Give some of {', '.join(known)}."
        )
    return tuple(one for one in found if not wanted or wanted & {one.relation, one.opposite})


def _show(probed: Sequence[Probed]) -> None:
    from naturel.evaluation.analysis.probe import MARGIN, Reference
    from naturel.evaluation.analysis.probe_report import cell

    names = (*Reference, MARGIN)
    screen = console()
    for number, one in enumerate(probed):
        figures = one.figures()
        rows = [
            (contrast, *(_mean(found.get(name), signed=name == MARGIN) for name in names))
            for contrast, found in figures.items()
        ]
        screen.print(one.model, highlight=False, markup=False)
        screen.print(table("", ("mean cosine", *names), rows), highlight=False)
        if number:
            less = one.less(probed[0])
            shown = (Reference.OPPOSITE, MARGIN)
            rows = [
                (contrast, *(cell(found.get(name), signed=True) for name in shown))
                for contrast, found in less.items()
            ]
            screen.print(f"less {probed[0].model}, with 95 % intervals", highlight=False, markup=False)
            screen.print(table("", ("difference", *shown), rows), highlight=False)
        screen.print()


def _mean(figure: Any, *, signed: bool) -> str:
    return "–" if figure is None else f"{figure.mean:{'+' if signed else ''}.3f}"
