"""The folder of --out: results as JSON, Markdown, CSV and plots."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, fields
from pathlib import Path

from naturel.annotations.errors import UserError
from naturel.builders.files import write_text
from naturel.builders.progress import Progress
from naturel.builders.workspace import write_json
from naturel.evaluation.measures import Measure
from naturel.evaluation.plots import write_plots
from naturel.evaluation.results import RESULTS, Results
from naturel.evaluation.tables import markdown


def write_results(results: Results, folder: Path, progress: Progress | None = None) -> list[str]:
    """Write `results.json`, `results.md`, `measures.csv` (a figure a row) and `plots/`.

    Args:
        results: What was found.
        folder: It is made; files of earlier results are replaced.
        progress: Where plots are counted.

    Returns:
        What could not be made, and why.

    Raises:
        UserError: The folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / RESULTS, results.to_json())
        write_text(folder / "results.md", markdown(results))
        write_text(folder / "measures.csv", _csv(results))
    except OSError as error:
        raise UserError(
            f"--out {folder} cannot be written: {error.strerror}. Choose another folder."
        ) from error
    try:
        write_plots(results, folder / "plots", progress)
    except UserError as error:  # matplotlib is missing: figures do not need it
        return [f"no plots: {error}"]
    return []


def _csv(results: Results) -> str:
    text = io.StringIO()
    names = [field.name for field in fields(Measure)]
    names = ["model", *(name for name in names if name != "model")]
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(found) for found in results.measures)
    return text.getvalue()
