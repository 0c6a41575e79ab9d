"""What a source is to the build: files that are at hand, what to say of them, and how to read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from naturel.annotations.nouns import NounTable
from naturel.annotations.relations import Vocabulary
from naturel.builders.sources.tables import SourceTables


@dataclass(frozen=True)
class Origin:
    """One source of a build, found, drawn or downloaded, but not read yet."""

    name: str
    """As in `images.source`; the name of its configuration in the release."""
    split: str
    """The split that is read, as in `images.source_split`."""
    inputs: Mapping[str, Path]
    """The files that it reads, by kind. Their digests shape its tables."""
    key: Mapping[str, object]
    """Everything else that shapes its tables: settings, as JSON can say them."""
    folders: tuple[Path, ...]
    """Where pictures may lie."""
    read: Callable[[Vocabulary, NounTable], SourceTables]
    """Reads the files; called only when something changed."""
    title: str
    """What the card calls it."""
    citation: str
    """Of its paper; empty: none."""
    license_sentence: str
    """What the card says of its annotations' licence."""
    card_license: str
    """The licence of its annotations, as the Hub abbreviates it."""
    hierarchy: Path | None = None
    """The official Open Images class hierarchy, where the source brings it."""
    sampling: str = ""
    """What was taken of it, in words for the card; empty: everything."""
    linkable: bool = True
    """Whether its pictures have public addresses, so that a release can link to them."""
    notes: tuple[str, ...] = field(default=())
    """What a reader of the card should know before anything is read."""

    @property
    def place(self) -> str:
        """Source and split: what no other origin of the build has."""
        return f"{self.name}, {self.split}"
