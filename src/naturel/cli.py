"""The command `naturel`: what every room adds to it."""

from __future__ import annotations

from naturel.builders.cli import app
from naturel.builders.command import run_command
from naturel.evaluation.analysis.cli import analyse_app
from naturel.evaluation.cli import evaluate_command
from naturel.loaders.export_cli import export_command
from naturel.review.cli import review_command
from naturel.review.decisions_cli import decisions_app
from naturel.training.cli import train_command
from naturel.training.testbed.cli import run_testbed_command

app.command("export")(export_command)
app.command("review")(review_command)
app.add_typer(decisions_app(), name="decisions")
app.command("evaluate")(evaluate_command)
app.add_typer(analyse_app(), name="analyse")
app.command("train")(train_command)
app.command("testbed")(run_testbed_command)


def main() -> None:
    """The command `naturel`."""
    run_command(app, "naturel")
