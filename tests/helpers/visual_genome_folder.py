"""Tiny folders of Visual Genome files, from rows that can be read."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from naturel.annotations.nouns import load_nouns
from naturel.annotations.relations import load_vocabulary
from naturel.annotations.words import load_words
from naturel.builders.settings import Split
from naturel.builders.sources.sampling import Sampling
from naturel.builders.sources.tables import SourceTables
from naturel.builders.sources.visual_genome import read_visual_genome
from naturel.builders.sources.visual_genome_files import find_files

Pixels = tuple[float, float, float, float]
"""x, y, width, height."""

WIDTH, HEIGHT = 200, 100
LEFT: Pixels = (20, 20, 40, 40)
RIGHT: Pixels = (100, 40, 80, 40)
IN_TRAIN = (4, 5, 7, 8)
"""Picture ids, without a COCO id, that fall into the split train."""


def node(key: int, name: str | Sequence[str], box: Pixels = LEFT, **more: object) -> dict[str, Any]:
    """A thing: several names are given as `names`, one as `name`."""
    named = {"name": name} if isinstance(name, str) else {"names": list(name)}
    sides = dict(zip("xywh", box, strict=True))
    return {"object_id": key, **named, **sides, "synsets": [], **more}


def relation(number: int, subject: object, predicate: object, other: object) -> dict[str, Any]:
    """A row of `relationships`."""
    return {
        "relationship_id": number,
        "predicate": predicate,
        "synsets": [],
        "subject": subject,
        "object": other,
    }


def photo(image: int, **more: object) -> dict[str, Any]:
    """An entry of `image_data.json`."""
    url = f"https://example.org/VG_100K/{image}.jpg"
    entry = {"image_id": image, "url": url, "width": WIDTH, "height": HEIGHT, "coco_id": None}
    return entry | {"flickr_id": None} | more


@dataclass(frozen=True)
class Folder:
    """A folder to fill and to read."""

    path: Path

    def write(self, name: str, content: object) -> Path:
        """Write a file as JSON, or as the text or bytes that it is; packed where the name says so."""
        self.path.mkdir(exist_ok=True)
        text = content if isinstance(content, str | bytes) else json.dumps(content)
        data = text.encode() if isinstance(text, str) else text
        if name.endswith(".gz"):
            data = gzip.compress(data)
        elif name.endswith(".zip"):
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr(name.removesuffix(".zip"), data)
            data = packed.getvalue()
        file = self.path / name
        file.write_bytes(data)
        return file

    def pictures(self, *entries: Mapping[str, Any], name: str = "image_data.json") -> Path:
        """Write `image_data.json`."""
        return self.write(name, list(entries))

    def relations(
        self, rows: Mapping[int, Sequence[Mapping[str, Any]]], name: str = "relationships.json"
    ) -> Path:
        """Write `relationships.json`: picture -> rows."""
        return self.write(
            name, [{"image_id": image, "relationships": list(found)} for image, found in rows.items()]
        )

    def objects(self, rows: Mapping[int, Sequence[Mapping[str, Any]]], name: str = "objects.json") -> Path:
        """Write `objects.json`: picture -> things."""
        return self.write(
            name, [{"image_id": image, "objects": list(found)} for image, found in rows.items()]
        )

    def attributes(self, rows: Mapping[int, Sequence[Mapping[str, Any]]]) -> Path:
        """Write `attributes.json`: picture -> things with their attributes."""
        entries = [{"image_id": image, "attributes": list(found)} for image, found in rows.items()]
        return self.write("attributes.json", entries)

    def read(self, split: Split = Split.TRAIN, **sampling: Any) -> SourceTables:
        """Read the folder as a build does."""
        files = find_files(self.path)
        return read_visual_genome(
            files, split, Sampling(**sampling), load_vocabulary(), load_nouns(), load_words()
        )
