"""What the next release is called, and what its changelog says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from naturel.builders.publishing.difference import compare
from naturel.builders.publishing.errata import ERRATA, check_errata, write_errata
from naturel.builders.publishing.examples import find_examples
from naturel.builders.publishing.snapshot import Snapshot, open_snapshot
from naturel.builders.publishing.telling import to_markdown
from naturel.builders.versions import FIRST, next_version, previous_release, same_release

CHANGELOG = "CHANGELOG.md"
HEAD = "# Changelog\n\nReleases of this dataset, newest first.\n\n"
SHOWN = 3
"""Examples of each change and reason."""


@dataclass(frozen=True)
class Plan:
    """A release to be."""

    version: str
    exists: bool
    """Whether this very release is there already."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Files to write into it, by name: the changelog, and the errata where there are any."""


def plan_release(root: Path, content: str, wanted: str | None, release: Snapshot) -> Plan:
    """Compare a release that is about to be written with the one before it.

    Args:
        root: The folder of releases.
        content: Digest of everything that the release is made of.
        wanted: The version that the user asks for; None: what the difference to the newest release makes it.
        release: What is about to be written; its version does not matter.

    Returns:
        Its version, and its changelog, which carries on that of the previous release.

    Raises:
        UserError: The wanted version exists with other contents, the errata tell of records that there are not, or
            the previous release cannot be read.
    """
    if same := same_release(root, content, wanted):
        return Plan(same, True)
    previous = previous_release(root, wanted)
    texts = {ERRATA: write_errata(release.errata)} if release.errata else {}
    if previous is None:
        check_errata(release.errata, release.records.ids)
        version = wanted or FIRST
        return Plan(version, False, texts | {CHANGELOG: HEAD + _first(replace(release, version=version))})
    old = open_snapshot(previous)
    check_errata(release.errata, release.records.ids, old.records.ids)
    difference = compare(old, release)
    version = wanted or next_version(previous.name, difference.level)
    section = to_markdown(replace(difference, after=version), find_examples(old, release, difference, SHOWN))
    return Plan(version, False, texts | {CHANGELOG: HEAD + section + _before(previous / CHANGELOG)})


def _first(release: Snapshot) -> str:
    counts = f"{len(release.records):,} records and {len(release.captions):,} captions"
    return f"## {release.version}\n\nThe first release: {counts}.\n"


def _before(changelog: Path) -> str:
    """The sections of earlier versions; nothing where the previous release has no changelog."""
    if not changelog.is_file():
        return ""
    return "\n" + changelog.read_text(encoding="utf-8").removeprefix(HEAD)
