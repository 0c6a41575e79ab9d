"""From annotation rows to records: what each stage of a build kept and lost, from the release's manifest."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from naturel.builders.assemble import FEW_SENTENCES

SAMPLED = "triplet: not in the sample asked for"
EVIDENCE_ONLY = "relation row: relation not asked for or not usable"
MISSING = "image-triplet: its picture is missing"
MERGED = "the same triplet stands in another row of the picture"
MERGED_OR_EVIDENCE = "the same triplet stands in another row of the picture, or the row is evidence only"
UNNAMED = "not explained in the manifest"
RECORD_REASON = "record: "
ROW_REASON = "relation row: "


@dataclass
class Stage:
    """One stage, and what was lost on the way to it."""

    name: str
    count: int
    losses: list[tuple[str, int]] = field(default_factory=list)
    """Reason -> how many of the stage before; they make up the difference."""
    notes: list[str] = field(default_factory=list)
    at_least: bool = False
    """The build did not count all: rows of pictures that were not sampled."""


@dataclass(frozen=True)
class Funnel:
    """All stages, and whatever else the manifest says was left out."""

    stages: list[Stage]
    others: list[tuple[str, str, int]]
    """Step, reason, count of what no stage tells: rows of other files, what was not sampled."""
    notes: list[tuple[str, str]]
    """Step and what it noted."""
    unmapped: list[tuple[str, int]] = field(default_factory=list)
    """The source's names of relations that the vocabulary does not have, with their rows, the most frequent first."""


def read_funnel(manifest: Mapping[str, Any]) -> Funnel | None:
    """The stages that a manifest tells of; None if it has no steps."""
    steps: Mapping[str, Mapping[str, Any]] = manifest.get("steps", {})
    if not steps:
        return None
    told: set[tuple[str, str]] = set()
    stages = _row_stages(steps, manifest.get("settings", {}), told)
    stages += _picture_stages(steps, told) if stages else []
    for before, after in itertools.pairwise(stages):
        after.losses = [(reason, count) for reason, count in after.losses if count]
        unnamed = before.count - after.count - sum(count for _, count in after.losses)
        if unnamed and not before.at_least:
            after.losses.append((UNNAMED, unnamed))
    others = [
        (step, reason, count)
        for step, entry in steps.items()
        for reason, count in entry.get("dropped", {}).items()
        if (step, reason) not in told
    ]
    notes = [(step, note) for step, entry in steps.items() for note in entry.get("notes", [])]
    unmapped = list(steps.get("source", {}).get("unmapped", {}).items())
    return Funnel(stages, others, notes, _sorted(unmapped))


def _row_stages(
    steps: Mapping[str, Mapping[str, Any]], settings: Mapping[str, Any], told: set[tuple[str, str]]
) -> list[Stage]:
    """Rows read, rows kept, (picture, triplet)s; empty if the source did not count them."""
    source = steps.get("source", {})
    counts, dropped = source.get("counts", {}), source.get("dropped", {})
    if "relations" not in counts or "image-triplets" not in counts:
        return []
    faults = {
        reason: count
        for reason, count in dropped.items()
        if reason.startswith(ROW_REASON) and reason != EVIDENCE_ONLY
    }
    told.update(("source", reason) for reason in faults)
    sampled = any(settings.get(name) for name in ("max_images", "max_per_triplet", "relations"))
    partial = sampled or any(dropped.get(reason) for reason in (SAMPLED, EVIDENCE_ONLY))
    kept, triplets = int(counts["relations"]), int(counts["image-triplets"])
    losses = [(reason.removeprefix(ROW_REASON), count) for reason, count in faults.items()]
    merged = MERGED_OR_EVIDENCE if partial else MERGED
    of_pictures = " of the pictures chosen" if partial else ""
    return [
        Stage("annotation rows", kept + sum(faults.values()), at_least=partial),
        Stage("rows kept" + of_pictures, kept, _sorted(losses)),
        Stage("(picture, triplet)s", triplets, [(merged, kept - triplets)]),
    ]


def _picture_stages(steps: Mapping[str, Mapping[str, Any]], told: set[tuple[str, str]]) -> list[Stage]:
    """With a picture, with a proved negative, records."""
    triplets = int(steps["source"]["counts"]["image-triplets"])
    missing = int(steps.get("claims", {}).get("dropped", {}).get(MISSING, 0))
    told.add(("claims", MISSING))
    failed = steps.get("pictures", {}).get("dropped", {})
    told.update(("pictures", reason) for reason in failed)
    notes = [f"{count:,} × {reason}" for reason, count in _sorted(list(failed.items()))]
    pictured = Stage("with a picture", triplets - missing, [(MISSING.partition(": ")[2], missing)], notes)
    records = steps.get("records", {})
    if "records" not in records.get("counts", {}):
        return [pictured]
    dropped = {reason: count for reason, count in records.get("dropped", {}).items() if count}
    told.update(("records", reason) for reason in dropped)
    few = dropped.pop(FEW_SENTENCES, 0)
    early = [(reason.removeprefix(RECORD_REASON), count) for reason, count in _sorted(list(dropped.items()))]
    proved = pictured.count - sum(count for _, count in early)
    return [
        pictured,
        Stage("with a proved negative", proved, early),
        Stage(
            "records", int(records["counts"]["records"]), [(FEW_SENTENCES.removeprefix(RECORD_REASON), few)]
        ),
    ]


def _sorted(reasons: list[tuple[str, int]]) -> list[tuple[str, int]]:
    return sorted(reasons, key=lambda entry: (-entry[1], entry[0]))
