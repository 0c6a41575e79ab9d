"""What changed between two releases.

Records are the same where their ids are (picture and triplet), captions where theirs are (claim and text). Reasons
are read off the two releases; nothing has to be remembered of how they were made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from naturel.builders.publishing.caption_changes import CaptionPairing
from naturel.builders.publishing.changes import Change, Changes
from naturel.builders.publishing.errata import Erratum
from naturel.builders.publishing.record_changes import RecordPairing
from naturel.builders.publishing.snapshot import Rows, Snapshot
from naturel.builders.versions import MAJOR, MINOR, PATCH


@dataclass(frozen=True)
class Difference:
    """What changed from one release to another."""

    before: str
    """Version of the older release."""
    after: str
    records: Changes
    captions: Changes
    columns: tuple[str, ...]
    """Columns that came, went or have another type, in words."""
    errata_added: tuple[Erratum, ...]
    errata_removed: tuple[Erratum, ...]

    @property
    def level(self) -> str:
        """The part of the version that it raises.

        `major`: records are gone, or columns are others. `minor`: records or captions were added or made anew.
        `patch`: nothing but the errata or the description.
        """
        if self.columns or self.records.count(Change.REMOVED):
            return MAJOR
        return MINOR if self.records or self.captions else PATCH


def compare(before: Snapshot, after: Snapshot) -> Difference:
    """Compare two releases.

    Args:
        before: The older one.
        after: The newer one.

    Returns:
        What changed, and why.
    """
    captions = CaptionPairing(before.captions, after.captions)
    return Difference(
        before.version,
        after.version,
        RecordPairing(before.records, after.records, captions).why(),
        captions.why(),
        (
            *_columns("records", before.records, after.records),
            *_columns("captions", before.captions, after.captions),
        ),
        tuple(erratum for erratum in after.errata if erratum not in before.errata),
        tuple(erratum for erratum in before.errata if erratum not in after.errata),
    )


def _columns(table: str, before: Rows, after: Rows) -> Iterator[str]:
    old, new = ({field.name: field.type for field in rows.schema} for rows in (before, after))
    for name in new:
        if name not in old:
            yield f"{table}: column `{name}` added"
        elif old[name] != new[name]:
            yield f"{table}: column `{name}` was `{old[name]}`, is `{new[name]}`"
    yield from (f"{table}: column `{name}` removed" for name in old if name not in new)
