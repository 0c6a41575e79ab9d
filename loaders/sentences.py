"""The sentences of records as numbers: columns are read once, and no row ever becomes a dictionary."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations.errors import UserError
from naturel.builders.choice import Hashes, hash_texts

PAIRS = 4
"""Pairs of a record: the simple one (0), then the three complex ones (1 to 3)."""
COMPLEX = PAIRS - 1
NEEDED = ("id", "image_id", "simple_positive", "simple_negative", "complex_positives", "complex_negatives")
"""Columns without which there are no pairs."""
FACTS = ("image_id", "url", "negative_image_id", "negative_image_url")
"""Texts that an item repeats; null where a release does not have them."""
READ = (*NEEDED, "url", "negative_image_id", "negative_image_url", "group_ids")
"""All columns that pairs are made of, but the pictures."""
PICTURES = ("image", "negative_image")
"""Columns of pictures; a release with links does not have them."""

Codes = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Sentences:
    """What pairs are made of: n records without their pictures."""

    ids: pa.Array
    hashes: Hashes
    """Of the ids, shape (n,): the keys of every choice."""
    facts: dict[str, pa.Array]
    """`FACTS`, each of n texts."""
    texts: pa.Array
    """Each different sentence once."""
    positive: Codes
    """Numbers of sentences, the simple one first, shape (n, 4)."""
    negative: Codes
    """The sentences opposed to them, shape (n, 4)."""
    group_names: pa.Array
    """Each different group id once."""
    groups: Codes
    """Numbers of group ids, shape (n, 4): -1 for the simple pair, and for a complex one that is in no group."""

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def from_table(cls, table: pa.Table) -> Sentences:
        """Read the columns of records.

        Args:
            table: Rows of `schema.RECORDS`; columns other than `READ` are not looked at.

        Raises:
            UserError: A column of `NEEDED` is missing, or a list has not three entries.
        """
        check_columns(table.column_names)
        count = table.num_rows
        parts = [
            part
            for side in ("positive", "negative")
            for part in (_flat(table[f"simple_{side}"]), _threes(table, f"complex_{side}s"))
        ]
        texts, codes = _encode(pa.concat_arrays(parts))
        sides = codes.reshape(2, PAIRS * count)
        ids = _flat(table["id"])
        if "group_ids" in table.column_names:
            group_names, group_codes = _encode(_threes(table, "group_ids"))
        else:
            group_names, group_codes = pa.array([], pa.string()), np.full(COMPLEX * count, -1, np.int32)
        return cls(
            ids=ids,
            hashes=hash_texts(ids.to_pylist()),
            facts={name: _fact(table, name) for name in FACTS},
            texts=texts,
            positive=_by_record(sides[0], count),
            negative=_by_record(sides[1], count),
            group_names=group_names,
            groups=np.pad(group_codes.reshape(count, COMPLEX), ((0, 0), (1, 0)), constant_values=-1),
        )


def check_columns(names: list[str]) -> None:
    """See whether a table has what pairs are made of.

    Raises:
        UserError: A column of `NEEDED` is missing.
    """
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise UserError(
            f"these are not the records of a release: they have no {', '.join(missing)}. "
            "Open the release's default configuration, with these columns."
        )


def _flat(column: pa.ChunkedArray) -> pa.Array:
    flat = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return flat.cast(pa.string())


def _threes(table: pa.Table, name: str) -> pa.Array:
    """A column of lists of three texts, without the lists: 3n texts."""
    flat = _flat(pc.list_flatten(table[name]))
    if len(flat) != COMPLEX * table.num_rows:
        lengths = pc.fill_null(pc.list_value_length(table[name]), 0).to_pylist()
        row = next(row for row, length in enumerate(lengths) if length != COMPLEX)
        raise UserError(
            f"the {name} of record {table['id'][row]} are not {COMPLEX} but {lengths[row]}: the data are damaged. "
            "Copy the release again completely."
        )
    return flat


def _fact(table: pa.Table, name: str) -> pa.Array:
    if name in table.column_names:
        return _flat(table[name])
    return pa.nulls(table.num_rows, pa.string())


def _encode(texts: pa.Array) -> tuple[pa.Array, Codes]:
    """Each different text once, and the number of each text; -1 for null."""
    encoded = texts.dictionary_encode()
    return encoded.dictionary, np.asarray(pc.fill_null(encoded.indices, -1), dtype=np.int32)


def _by_record(codes: Codes, count: int) -> Codes:
    """Simple sentences followed by three times as many complex ones, as rows of four."""
    simple, complex_ = codes[:count], codes[count:]
    return np.concatenate([simple[:, None], complex_.reshape(count, COMPLEX)], axis=1)
