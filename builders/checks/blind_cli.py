"""The command `naturel blind`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from naturel.annotations.errors import UserError
from naturel.builders.command import guard

if TYPE_CHECKING:
    from naturel.builders.checks.blind import BlindReport, Estimate
    from naturel.builders.checks.blind_lm import LanguageModel

TOO_BLIND = 3
"""Exit code when the best attacker does better than allowed."""
SHOWN = 10
"""Values of a facet shown; the rest is in the file of --out."""
PIPE_WIDTH = 110


def blind_command(
    path: Annotated[
        Path,
        typer.Argument(
            help="A release, a build, a SugarCrepe file or folder, or any table with named columns."
        ),
    ],
    positive: Annotated[
        str | None, typer.Option(help="Column of positive captions (texts or lists).")
    ] = None,
    negative: Annotated[
        str | None, typer.Option(help="Column of negative captions (texts or lists).")
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(help="Held out together: claim (default), pair, image or none; or a column of a table."),
    ] = None,
    max_pairs: Annotated[int, typer.Option(help="Use at most so many pairs, chosen by hash.")] = 20_000,
    folds: Annotated[int, typer.Option(help="Parts for cross-validation.")] = 5,
    seed: Annotated[int, typer.Option(help="Shapes the choice of pairs and folds.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Write the whole report as JSON.")] = None,
    max_blind: Annotated[
        float | None, typer.Option(help="Leave with exit code 3 if the best attacker does better: 0.55, say.")
    ] = None,
    lm: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="Attack with a language model too: its name on a vLLM server."),
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option(help="Its server; OPENAI_BASE_URL or http://127.0.0.1:8000/v1 by default."),
    ] = None,
    lm_pairs: Annotated[
        int | None, typer.Option(help="Ask it about at most so many pairs; 5000 by default.")
    ] = None,
    cache: Annotated[Path | None, typer.Option(help="Where the model's answers are kept.")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Tell negatives from positives without the picture: 0.5 is chance, and what a dataset should give.

    Classifiers read captions alone, learn from some groups and are tried on others; with --lm, a language model tells
    which caption of a pair is the likelier text. The best of them is the figure.
    """
    arguments = (path, positive, negative, group, max_pairs, folds, seed, out, max_blind)
    guard(lambda: _show(_run(*arguments, _language_model(lm, base_url, lm_pairs, cache)), max_blind), debug)


def _show(report: BlindReport, max_blind: float | None) -> None:
    """Print the report, and shut the gate if need be."""
    # A pipe has no width of its own; a table is not cut to a narrow one's.
    console = Console() if sys.stdout.isatty() else Console(width=PIPE_WIDTH)
    show_report(report, console)
    if max_blind is not None and report.accuracy.value > max_blind:
        print(_verdict(report, max_blind), file=sys.stderr)
        raise typer.Exit(TOO_BLIND)


def _run(
    path: Path,
    positive: str | None,
    negative: str | None,
    group: str | None,
    max_pairs: int,
    folds: int,
    seed: int,
    out: Path | None,
    max_blind: float | None,
    lm: LanguageModel | None,
) -> BlindReport:
    """Attack, and write the file of --out."""
    if max_blind is not None and not 0 <= max_blind <= 1:
        raise UserError(f"--max-blind {max_blind:g} is no share: give a number from 0 to 1, such as 0.55.")
    if seed < 0:
        raise UserError(f"--seed {seed} is negative: give 0 or more.")
    # Imported here so that --help answers at once.
    from naturel.builders.checks.blind import attack
    from naturel.builders.checks.blind_inputs import read_pairs
    from naturel.builders.workspace import write_json

    pairs = read_pairs(path, positive, negative, group)
    report = attack(pairs, group=group, folds=folds, seed=seed, max_pairs=max_pairs, lm=lm)
    if out is not None:
        try:
            write_json(out, report.to_dict())
        except OSError as error:
            raise UserError(
                f"--out {out} cannot be written: {error.strerror}. Choose another file."
            ) from error
    return report


def _language_model(
    model: str | None, base_url: str | None, pairs: int | None, cache: Path | None
) -> LanguageModel | None:
    """The language model of --lm, if there is one."""
    if model is None:
        for option, given in (("--base-url", base_url), ("--lm-pairs", pairs), ("--cache", cache)):
            if given is not None:
                raise UserError(
                    f"{option} is for a language model. Name one with --lm MODEL, or leave {option} out."
                )
        return None
    if not model.strip():
        raise UserError("--lm is empty: give the name under which the server knows the model.")
    from naturel.builders.checks.blind_lm import LM_PAIRS, LanguageModel, lm_settings
    from naturel.builders.progress import choose_progress

    most = LM_PAIRS if pairs is None else pairs
    return LanguageModel(model, most, lm_settings(base_url), cache, choose_progress(Console(stderr=True)))


def _verdict(report: BlindReport, limit: float) -> str:
    """Why the gate is shut."""
    found = report.accuracy
    text = (
        f"Blind attack: {report.best} tells {found.value:.3f} of pairs without the picture, "
        f"{found.value - limit:.3f} above --max-blind {limit:g}."
    )
    worst = report.worst_kind()
    if worst is None:
        return text
    share = f"{worst.accuracy.value:.3f} of {worst.accuracy.pairs:,}"
    return f"{text} The worst kind of negative is {worst.value} ({share})."


def show_report(report: BlindReport, console: Console) -> None:
    """Print what the attack found."""
    some = "" if report.pairs == report.pairs_available else f" of {report.pairs_available:,}"
    held = "each pair alone" if report.group == "none" else f"{report.groups:,} groups by {report.group}"
    lines = [
        f"{report.source}: {report.pairs:,}{some} pairs, {report.captions:,} captions, {held}, {report.folds} folds",
        f"{report.on_both_sides:.0%} of captions stand on both sides, positive here and negative there",
        *(f"{count:,} pairs left out: {reason}" for reason, count in report.left_out.items()),
        f"best attacker: {report.best}, {_share(report.accuracy)} (chance .500)",
    ]
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    attackers = _table("attacker", "pairs told", "95 %", "captions told")
    for result in report.attackers:
        low, high = result.accuracy.low, result.accuracy.high
        figures = (
            f"{result.accuracy.value:.3f}",
            f"{low:.3f} to {high:.3f}",
            f"{result.caption_accuracy:.3f}",
        )
        attackers.add_row(result.name, *figures)
    console.print(attackers)
    _show_lm(report, console)
    _show_slices(report, console)
    if report.rules:
        rules = _table("has more", "positive", "negative")
        for rule in report.rules:
            rules.add_row(rule.name, f"{rule.positive_more:.1%}", f"{rule.negative_more:.1%}")
        console.print(rules)
    _show_tells(report, console)


def _show_lm(report: BlindReport, console: Console) -> None:
    found = report.lm
    if found is None:
        return
    higher = ", ".join(f"{name} {_share(share)}" for name, share in found.higher.items())
    for line in (
        "",
        f"language model {found.model}: {found.pairs:,} pairs, {found.captions:,} captions",
        f"always taking the higher log-likelihood for the positive: {higher}",
        *found.notes,
    ):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _show_slices(report: BlindReport, console: Console) -> None:
    for facet in dict.fromkeys(found.facet for found in report.slices):
        found = report.by(facet)
        largest = sorted(found, key=lambda entry: -entry.accuracy.pairs)[:SHOWN]
        table = _table(facet, "pairs told", "95 %", "pairs")
        for entry in found:
            if entry in largest:
                accuracy = entry.accuracy
                table.add_row(
                    entry.value,
                    f"{accuracy.value:.3f}",
                    f"{accuracy.low:.3f} to {accuracy.high:.3f}",
                    f"{accuracy.pairs:,}",
                )
        console.print(table)
        if len(found) > len(largest):
            console.print(f"and {len(found) - len(largest)} rarer: see --out", highlight=False)


def _show_tells(report: BlindReport, console: Console) -> None:
    for side, tells in (("positive", report.positive_tells), ("negative", report.negative_tells)):
        table = _table(f"speaks for {side}", "weight", "in positives", "in negatives")
        for tell in tells:
            table.add_row(tell.ngram, f"{tell.weight:+.2f}", f"{tell.positives:,}", f"{tell.negatives:,}")
        if tells:
            console.print(table)


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False, title="", title_justify="left")
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table


def _share(found: Estimate) -> str:
    return f"{found.value:.3f} (95 %: {found.low:.3f} to {found.high:.3f})"
