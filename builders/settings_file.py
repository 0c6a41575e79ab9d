"""Settings from YAML files, and what is told of those that are wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from naturel.annotations.errors import UserError
from naturel.annotations.yaml_file import read_yaml


def read_settings(path: Path, config: str | Path, example: str) -> dict[str, Any]:
    """The settings of a YAML file by name, with underscores.

    Args:
        path: The file.
        config: What the user gave for it.
        example: A line as it should be.

    Raises:
        UserError: It cannot be read, or is no list of settings.
    """
    try:
        loaded, repeated = read_yaml(path.read_bytes())
    except (OSError, yaml.YAMLError) as error:
        raise UserError(f"--config {config} cannot be read: {error}") from error
    if repeated:
        raise UserError(f"--config {config}: {', '.join(sorted(repeated))} given twice; keep one.")
    if not isinstance(loaded, dict):
        raise UserError(f"--config {config}: expected lines like `{example}`, found {type(loaded).__name__}.")
    return {str(name).replace("-", "_"): value for name, value in loaded.items()}


def explain(error: ValidationError, config: str | Path | None, *, whole: str = "") -> str:
    """All faults of settings, by option.

    Args:
        error: What pydantic found.
        config: The file that some are from.
        whole: Stands before faults that are of no single option.
    """
    where = f" (options, or {config})" if config else ""
    lines = []
    for fault in error.errors():
        name = f"--{fault['loc'][0]}: ".replace("_", "-") if fault["loc"] else whole
        message = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "extra_forbidden":
            message = "there is no such setting"
        elif fault["type"] == "missing":
            message = "is needed"
        elif fault["type"] in ("enum", "literal_error"):
            message += f", not {fault['input']!r}"
        lines.append(name + message)
    return f"Bad settings{where}: " + "; ".join(lines)
