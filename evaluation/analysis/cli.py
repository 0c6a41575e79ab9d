"""The commands `naturel analyse probe | prepositions | substitute | priors`."""

from __future__ import annotations

import typer

from naturel.evaluation.analysis.prepositions_cli import prepositions_command
from naturel.evaluation.analysis.priors_cli import priors_command
from naturel.evaluation.analysis.probe_cli import probe_command
from naturel.evaluation.analysis.substitute_cli import substitute_command


def analyse_app() -> typer.Typer:
    """Make the commands."""
    app = typer.Typer(
        help="Analyse what a text encoder tells apart, and what a caption corpus could teach it.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    app.command("probe")(probe_command)
    app.command("prepositions")(prepositions_command)
    app.command("substitute")(substitute_command)
    app.command("priors")(priors_command)
    return app
