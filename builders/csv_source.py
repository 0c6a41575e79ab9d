"""Comma-separated files as a source of the data-flow engine: read block by block, so that memory stays flat.

Daft's own reader holds the whole of a plain local file, and takes twice the processor time. Here Arrow's reader
parses and Daft does the rest, on whichever runner.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from daft import DataType, Schema
from daft.io.pushdowns import Pushdowns
from daft.io.source import DataSource, DataSourceTask
from daft.recordbatch import RecordBatch

BLOCK = 1 << 22
"""Bytes parsed at a time; no row may be longer."""
SURPLUS = "surplus"
"""The column that holds what a row has too much."""

NUMBER_PATTERN = r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
"""Texts that are numbers; any other text, NaN included, is none."""


LARGEST = float(np.finfo(np.float32).max)


class DamagedFileError(Exception):
    """The file cannot be parsed to its end."""


@dataclass(frozen=True)
class CsvFile(DataSource):
    """One file, plain or gzip.

    A value that does not parse becomes null, a row that is too short is filled with nulls, and a row that is too
    long has its first surplus field in `SURPLUS`. Blank lines are left out.
    """

    path: Path
    names: Sequence[str]
    """Names of all columns."""
    columns: Mapping[str, DataType]
    """The columns to keep: text or 32-bit numbers."""
    has_header: bool

    @property
    def name(self) -> str:
        """Name in plans."""
        return f"CSV {self.path.name}"

    @property
    def schema(self) -> Schema:
        """Columns kept, and the surplus."""
        return Schema.from_pydict({**self.columns, SURPLUS: DataType.string()})

    async def get_tasks(self, pushdowns: Pushdowns) -> AsyncIterator[DataSourceTask]:
        """One task: rows can only be told apart from the file's beginning."""
        yield _ReadFile(self)


@dataclass(frozen=True)
class _ReadFile(DataSourceTask):
    file: CsvFile

    @property
    def schema(self) -> Schema:
        return self.file.schema

    async def read(self) -> AsyncIterator[RecordBatch]:
        for batch in read_blocks(self.file):
            yield RecordBatch.from_arrow_record_batches([batch], batch.schema)


def read_blocks(file: CsvFile) -> Iterator[pa.RecordBatch]:
    """Read a file block by block.

    Raises:
        DamagedFileError: It cannot be parsed to its end.
    """
    odd = _OddRows(file)
    numbers = {name for name, kind in file.columns.items() if kind == DataType.float32()}
    read_options = pacsv.ReadOptions(
        column_names=list(file.names), skip_rows=int(file.has_header), block_size=BLOCK
    )
    parse_options = pacsv.ParseOptions(newlines_in_values=True, invalid_row_handler=odd.take)
    convert_options = pacsv.ConvertOptions(
        include_columns=list(file.columns),
        column_types={name: pa.string() if name in numbers else pa.large_string() for name in file.columns},
        strings_can_be_null=False,
        check_utf8=False,  # `_to_text` does
    )
    compression = "gzip" if file.path.suffix == ".gz" else None
    try:
        with (
            pa.input_stream(str(file.path), compression=compression) as stream,
            pacsv.open_csv(stream, read_options, parse_options, convert_options) as reader,
        ):
            for block in reader:
                whole = pa.record_batch(
                    {
                        name: _to_number(block[name]) if name in numbers else _to_text(block[name])
                        for name in file.columns
                    }
                    | {SURPLUS: pa.nulls(block.num_rows, pa.large_string())}
                )
                yield whole
                yield from odd.flush(whole.schema, numbers)
    except (pa.ArrowInvalid, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        if "straddling" in reason:
            reason = f"a row is longer than {BLOCK:,} bytes; a quotation mark may not be closed"
        raise DamagedFileError(reason) from error
    if odd.rows:
        kinds = {name: pa.float32() if name in numbers else pa.large_string() for name in file.columns}
        yield from odd.flush(pa.schema({**kinds, SURPLUS: pa.large_string()}), numbers)


@dataclass
class _OddRows:
    """Rows with too few or too many fields, kept until they are given out."""

    file: CsvFile
    rows: list[dict[str, str]] = field(default_factory=list)

    def take(self, row: pacsv.InvalidRow) -> str:
        """Keep a row that the parser leaves out."""
        csv.field_size_limit(BLOCK)
        fields = next(csv.reader(io.StringIO(row.text, newline="")), [])
        known = dict(zip(self.file.names, fields, strict=False))
        if len(fields) > len(self.file.names):
            known[SURPLUS] = fields[len(self.file.names)]
        self.rows.append(known)
        return "skip"

    def flush(self, schema: pa.Schema, numbers: set[str]) -> Iterator[pa.RecordBatch]:
        """Give out what has been kept."""
        rows, self.rows = self.rows, []
        if rows:
            columns = {}
            for name in schema.names:
                values = [row.get(name) for row in rows]
                texts = pa.array(
                    [value if value is None else value.encode() for value in values], pa.binary()
                )
                columns[name] = _to_number(texts) if name in numbers else _to_text(texts)
            yield pa.record_batch(columns, schema=schema)


def _to_text(values: pa.Array) -> pa.Array:
    """Text as the parser gives it, unchecked; null where it is not UTF-8."""
    try:
        values.validate(full=True)
        return values
    except pa.ArrowInvalid:
        return pa.array(
            [_decoded(value) for value in values.cast(pa.large_binary()).to_pylist()], values.type
        )


def _decoded(value: bytes | None) -> str | None:
    try:
        return value if value is None else value.decode()
    except UnicodeDecodeError:
        return None


def _to_number(values: pa.Array) -> pa.Array:
    """Text as numbers; null where it is none, or too large."""
    try:
        numbers = values.cast(pa.float32())
    except pa.ArrowInvalid:
        texts = _to_text(values).to_pylist()
        numbers = pa.array([number_in(text) for text in texts], pa.float32())
    return pc.if_else(pc.is_finite(numbers), numbers, None)


def number_in(text: str | None) -> float | None:
    """The number that a text is to this reader; None where it is none."""
    if text is None or not re.fullmatch(NUMBER_PATTERN, text, re.ASCII):
        return None
    number = float(text)
    return number if abs(number) <= LARGEST else None
