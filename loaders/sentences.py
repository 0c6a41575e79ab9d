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
ORIGIN = {
    "url": pa.string(),
    "crop": pa.list_(pa.float32()),
    "rotation": pa.int16(),
    "mirrored": pa.bool_(),
}
"""What a picture that is not embedded still needs, as in `schema.RECORDS`."""
READ = (*NEEDED, *ORIGIN, "group_ids", "negative_image_id", "negative_image_pair", "negative_image_source")
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
    """What an item repeats of its record: `image_id` and `negative_image_id`; `image_source` and
    `negative_image_source`, structs as in `ORIGIN`, null where pictures are embedded. Each of n rows."""
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
    shown: Codes
    """Numbers of the sentences that are true of the negative images, shape (n,): -1 where there is none."""

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def from_table(cls, table: pa.Table, *, embedded: bool) -> Sentences:
        """Read the columns of records.

        Args:
            table: Rows of `schema.RECORDS`; columns other than `READ` are not looked at.
            embedded: Whether the records have their pictures.

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
        negative = _by_record(sides[1], count)
        return cls(
            ids=ids,
            hashes=hash_texts(ids.to_pylist()),
            facts=_facts(table, embedded=embedded),
            texts=texts,
            positive=_by_record(sides[0], count),
            negative=negative,
            group_names=group_names,
            groups=np.pad(group_codes.reshape(count, COMPLEX), ((0, 0), (1, 0)), constant_values=-1),
            shown=_shown(table, negative),
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


def _flat(column: pa.ChunkedArray | pa.Array) -> pa.Array:
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


def _facts(table: pa.Table, *, embedded: bool) -> dict[str, pa.Array]:
    facts = {name: _column(table, name, pa.string()) for name in ("image_id", "negative_image_id")}
    if embedded:
        empty = pa.nulls(table.num_rows, pa.struct(ORIGIN))
        return facts | {"image_source": empty, "negative_image_source": empty}
    parts = [_column(table, name, kind) for name, kind in ORIGIN.items()]
    facts["image_source"] = pa.StructArray.from_arrays(parts, names=list(ORIGIN))
    return facts | {"negative_image_source": _column(table, "negative_image_source", pa.struct(ORIGIN))}


def _shown(table: pa.Table, negative: Codes) -> Codes:
    pair = pc.fill_null(_column(table, "negative_image_pair", pa.int8()), -1).to_numpy().astype(np.int64)
    return np.where(pair < 0, -1, negative[np.arange(len(pair)), 1 + pair])


def _column(table: pa.Table, name: str, kind: pa.DataType) -> pa.Array:
    """A column in one piece; nulls where a release does not have it."""
    if name not in table.column_names:
        return pa.nulls(table.num_rows, kind)
    column = table[name]
    return (column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column).cast(kind)


def _encode(texts: pa.Array) -> tuple[pa.Array, Codes]:
    """Each different text once, and the number of each text; -1 for null."""
    encoded = texts.dictionary_encode()
    return encoded.dictionary, np.asarray(pc.fill_null(encoded.indices, -1), dtype=np.int32)


def _by_record(codes: Codes, count: int) -> Codes:
    """Simple sentences followed by three times as many complex ones, as rows of four."""
    simple, complex_ = codes[:count], codes[count:]
    return np.concatenate([simple[:, None], complex_.reshape(count, COMPLEX)], axis=1)
