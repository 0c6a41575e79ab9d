"""Open Images ids (MIDs) of classes and attributes, and the labels that they stand for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from naturel.annotations.errors import UserError
from naturel.annotations.joins import Integers, codes_of
from naturel.annotations.nouns import NounTable
from naturel.builders.choice import Hashes, hash_texts
from naturel.builders.engine import TEXT, collect, header_of, scan_csv

HEADERS = ("id", "LabelName")
"""How the first line of a class file begins where it is a header (since V6); older files have none."""


@dataclass(frozen=True)
class Labels:
    """Labels by number. Numbers follow the alphabet, so that they sort like the labels."""

    names: pa.Array
    """Label of each number."""
    mids: pa.Array
    """Every id known."""
    label: Integers
    """Number of each id's label."""
    is_attribute: npt.NDArray[np.bool_]
    """Whether each id is an attribute's."""

    @cached_property
    def hashes(self) -> Hashes:
        """A hash of each label's text, in the order of `names`."""
        return hash_texts(self.names.to_pylist())

    def places(self, column: pa.Array | pa.ChunkedArray) -> Integers:
        """The place of each value in `mids`; -1 where it is unknown or null."""
        return codes_of(column, self.mids.cast(column.type))


def read_labels(files: Mapping[str, Path], nouns: NounTable, dropped: Counter[str]) -> Labels:
    """Read the class files where present; labels that the noun table knows keep its spelling.

    Args:
        files: Kind -> path; `classes` and `attributes` are used.
        nouns: The noun table, whose ids are known without any file.
        dropped: Where rows left out are counted.

    Raises:
        UserError: A file cannot be read, or has no row of id and name.
    """
    names = {noun.mid: noun.label for noun in nouns.nouns.values() if noun.mid}
    known = {attribute.mid: attribute.label for attribute in nouns.attributes.values() if attribute.mid}
    attributes = {attribute.label.casefold() for attribute in nouns.attributes.values()}
    kinds = dict.fromkeys(names, False) | dict.fromkeys(known, True)
    names |= known
    for kind in ("classes", "attributes"):
        path = files.get(kind)
        if path is None:
            continue
        for mid, name in _read_names(path, kind, dropped):
            names.setdefault(mid, name)
            kinds[mid] = kind == "attributes" or names[mid].casefold() in attributes
    labels = sorted(set(names.values()))
    number = {label: i for i, label in enumerate(labels)}
    return Labels(
        pa.array(labels, pa.string()),
        pa.array(names, pa.string()),
        np.array([number[label] for label in names.values()], dtype=np.int64),
        np.array([kinds[mid] for mid in names], dtype=np.bool_),
    )


def _read_names(path: Path, kind: str, dropped: Counter[str]) -> list[tuple[str, str]]:
    """The rows (id, name) of a class or attribute file, with or without header."""
    first = header_of(path)
    if len(first) < 2:
        raise UserError(
            f"{path}, line 1: expected an id and a name, found {', '.join(first)[:80]!r}. "
            "Is it separated by commas? Use the official file."
        )
    header = None if first[0] in HEADERS else ["id", "name"]
    columns = (header or first)[:2]
    table = collect(scan_csv(path, dict.fromkeys(columns, TEXT), header=header), str(path))
    rows = list(zip(table.column(0).to_pylist(), table.column(1).to_pylist(), strict=True))
    good = [(mid, name) for mid, name in rows if mid and name]
    if not good:
        raise UserError(f"{path} has no row of an id and a name. Download it again.")
    dropped[f"{kind} row: malformed row"] += len(rows) - len(good)
    return good
