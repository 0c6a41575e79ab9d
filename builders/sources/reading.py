"""Read the sources of a build into one set of tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa

from naturel.annotations import schema
from naturel.annotations.errors import UserError
from naturel.annotations.nouns import NounTable
from naturel.annotations.relations import Vocabulary
from naturel.builders.engine import conform
from naturel.builders.progress import Progress
from naturel.builders.sources.origin import Origin
from naturel.builders.sources.tables import SourceTables

TABLES = {
    "images": schema.IMAGES,
    "objects": schema.OBJECTS,
    "absent_labels": schema.ABSENT_LABELS,
    "relations": schema.RELATIONS,
    "triplets": schema.TRIPLETS,
}
"""The tables of a source, and the columns that they have together."""


def read_origins(
    origins: Sequence[Origin], vocabulary: Vocabulary, nouns: NounTable, progress: Progress
) -> SourceTables:
    """Read every source, one below the other.

    Args:
        origins: What `open_origins` gave.
        vocabulary: The relations.
        nouns: The nouns.
        progress: Where progress is shown.

    Returns:
        The tables of all sources. With several, reasons, names and notes begin with the source's name and splits.

    Raises:
        UserError: A file is damaged, or two sources call a picture by one name.
    """
    read = []
    for origin in origins:
        with progress.task(f"source {origin.place}", None, "image-triplets") as task:
            tables = origin.read(vocabulary, nouns)
            task.advance(tables.triplets.num_rows)
        read.append(replace(tables, notes=(*origin.notes, *tables.notes)))
    if len(read) == 1:
        return read[0]
    together = {
        name: pa.concat_tables([conform(getattr(tables, name), kind) for tables in read])
        for name, kind in TABLES.items()
    }
    ids = together["images"]["image_id"]
    if len(ids.unique()) < len(ids):
        twice = next(entry["values"] for entry in ids.value_counts().to_pylist() if entry["counts"] > 1)
        raise UserError(f"two sources have a picture called {twice}. Build them one by one.")
    dropped: Counter[str] = Counter()
    examples: dict[str, str] = {}
    unmapped: Counter[str] = Counter()
    notes: dict[tuple[str, str], list[str]] = {}
    for origin, tables in zip(origins, read, strict=True):
        dropped.update({f"{origin.place}, {reason}": count for reason, count in tables.dropped.items()})
        examples |= {f"{origin.place}, {reason}": place for reason, place in tables.examples.items()}
        unmapped.update({f"{origin.name}, {name}": count for name, count in tables.unmapped.items()})
        for note in tables.notes:  # what is said of several splits of a source is said once
            notes.setdefault((origin.name, note), []).append(origin.split)
    tokens = [tables.tokens for tables in read if tables.tokens is not None]
    return SourceTables(
        **together,
        tokens=tokens[0] if tokens else None,  # one source has any, and gives those of all splits each time
        dropped=dropped,
        notes=tuple(f"{name}, {', '.join(splits)}: {note}" for (name, note), splits in notes.items()),
        examples=examples,
        unmapped=unmapped,
    )
