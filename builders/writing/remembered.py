"""Who wrote a build's captions last, so that another prompt needs no more than its name: `--prompt vivid`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from naturel.builders.llm.api_call import ApiSettings
from naturel.builders.settings import BuildSettings, Captioner
from naturel.builders.workspace import write_json

FILE = "captioner.json"
_ASKED = (Captioner.OPENAI, Captioner.OPENAI_BATCH, Captioner.VLLM)


def remember(work: Path, settings: BuildSettings) -> None:
    """Note in a build's work folder which model wrote its captions; its key and password are never written."""
    if settings.captioner in _ASKED:
        address = ApiSettings(settings.base_url).public_address if settings.base_url else None
        write_json(
            work / FILE,
            {"captioner": str(settings.captioner), "model": settings.model, "base_url": address},
        )


def recall(options: dict[str, Any]) -> dict[str, Any]:
    """Complete the options of a build that names a prompt, and nobody to ask, with who was asked last.

    Args:
        options: Settings by name; None where not given.

    Returns:
        The captioner, model and address that are missing; nothing where a captioner is given or none is known.
    """
    if options.get("prompt") is None or options.get("captioner") is not None:
        return {}
    out = options.get("out") or BuildSettings.model_fields["out"].default
    try:
        known = json.loads((Path(out) / "work" / FILE).read_bytes())
    except (OSError, ValueError):
        return {}
    return {name: value for name, value in known.items() if value is not None and options.get(name) is None}
