"""What the manifest and the card of a release say of how it was made."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import naturel
from naturel.builders.settings import BuildSettings, Captioner
from naturel.builders.sources.origin import Origin
from naturel.builders.workspace import Step
from naturel.builders.writing.captioner import whole_prompts


def facts_of(
    settings: BuildSettings,
    prompts: object,
    origins: Sequence[Origin],
    inputs: Mapping[str, Mapping[str, str]],
    steps: Sequence[Step],
) -> dict[str, Any]:
    """What the manifest and the card say of how a release was made.

    Args:
        settings: The build's.
        prompts: The prompts in use, as they were read.
        origins: The sources.
        inputs: Of each origin, the digest of each file by its name.
        steps: The steps before the release.

    Returns:
        Values as JSON can say them; nothing of when and where.
    """
    kept = {"source", "sample", "splits", "max_images", "max_per_triplet", "relations", "crop", "seed"}
    if settings.captioner == Captioner.GRAMMAR:
        kept.add("captioner")
    else:
        kept |= {"model", "attempts", "fallback", "judge"}
    kept |= {"captions_per_claim", "balance", "negatives", "prune", "images", "image_size"}
    kept |= {"mirror", "mirror_exclude", "negative_images", "holdout"}
    kept |= {"max_share_triplet", "max_share_relation"}
    values = json.loads(settings.model_dump_json(include=kept))
    if prompts:  # as they were read: a file's path says nothing to others
        values["prompts"] = prompts
    return {
        "naturel": naturel.__version__,
        "settings": values,
        "sources": [
            {
                "name": origin.name,
                "split": origin.split,
                "title": origin.title,
                "citation": origin.citation,
                "license_sentence": origin.license_sentence,
                "card_license": origin.card_license,
                "sampling": origin.sampling,
                "settings": dict(origin.key),
                "inputs": inputs[origin.place],
            }
            for origin in origins
        ],
        "prompts": whole_prompts(settings),
        "steps": {
            step.name: {name: step.manifest[name] for name in ("counts", "dropped", "notes", "unmapped")}
            for step in steps
        },
    }
