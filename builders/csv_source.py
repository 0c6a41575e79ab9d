"""Comma-separated files as a source of the data-flow engine: read block by block, so that memory stays flat.

Daft's own reader holds the whole of a plain local file, and takes twice the processor time: here Arrow's reader
parses. `CsvFile` gives its rows to Daft, on whichever runner; `read_blocks` gives them to whoever needs flat memory.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

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

NUMBER_PATTERN = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
"""Texts that are numbers; any other text, NaN included, is none."""
REPLACED = "\ufffd"
"""What stands in place of bytes that are not UTF-8."""
TOO_LARGE = 2.0**128 - 2.0**103
"""From here on a number is infinite in 32 bits."""


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
    odd = _OddRows(file.names)
    read_options = pacsv.ReadOptions(
        column_names=list(file.names), skip_rows=int(file.has_header), block_size=BLOCK
    )
    parse_options = pacsv.ParseOptions(newlines_in_values=True, invalid_row_handler=odd.take)
    convert_options = pacsv.ConvertOptions(
        include_columns=list(file.columns),
        column_types=dict.fromkeys(file.columns, pa.large_string()),
        strings_can_be_null=False,
        check_utf8=False,  # `_Utf8` sees to that
    )
    compression = "gzip" if file.path.suffix == ".gz" else None
    try:
        with pa.input_stream(str(file.path), compression=compression) as raw:
            text = _Utf8(raw)
            stream = pa.PythonFile(text, mode="r")
            with pacsv.open_csv(stream, read_options, parse_options, convert_options) as reader:
                for block in reader:
                    none = pa.nulls(block.num_rows, pa.large_string())
                    yield _typed(
                        file, {SURPLUS: none} | dict(zip(file.columns, block, strict=True)), text.replaced
                    )
                    if odd.rows:
                        yield _typed(file, odd.give(file.columns), text.replaced)
    except (pa.ArrowInvalid, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        if file.has_header and "Could not skip initial" in reason:
            return  # nothing but a header, without line end
        if "straddling" in reason:
            reason = f"a row is longer than {BLOCK:,} bytes; a quotation mark may not be closed"
        raise DamagedFileError(reason) from error
    if odd.rows:
        yield _typed(file, odd.give(file.columns), text.replaced)


def _typed(file: CsvFile, texts: Mapping[str, pa.Array], replaced: bool) -> pa.RecordBatch:
    """Columns of text as a batch of the file's schema."""
    columns = {}
    for name, kind in {**file.columns, SURPLUS: DataType.string()}.items():
        if kind == DataType.float32():
            columns[name] = _to_number(texts[name])
        else:
            columns[name] = _without_replaced(texts[name]) if replaced else texts[name]
    return pa.record_batch(columns)


class _OddRows:
    """Rows with too few or too many fields, kept until they are given out."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self.rows: list[dict[str, str]] = []

    def take(self, row: pacsv.InvalidRow) -> str:
        """Keep a row that the parser leaves out."""
        csv.field_size_limit(BLOCK)
        fields = next(csv.reader(io.StringIO(row.text, newline="")), [])
        known = dict(zip(self.names, fields, strict=False))
        if len(fields) > len(self.names):
            known[SURPLUS] = fields[len(self.names)]
        self.rows.append(known)
        return "skip"

    def give(self, columns: Iterable[str]) -> dict[str, pa.Array]:
        """Give out what has been kept, as columns of text."""
        rows, self.rows = self.rows, []
        return {
            name: pa.array([row.get(name) for row in rows], pa.large_string()) for name in (*columns, SURPLUS)
        }


class _Utf8:
    """A stream of bytes with U+FFFD in place of what is not UTF-8, as a file for Arrow."""

    def __init__(self, raw: pa.NativeFile) -> None:
        self.raw, self.closed = raw, False
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.waiting = b""
        self.replaced = False
        """Whether U+FFFD has come."""

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end."""
        while not self.waiting:
            chunk = self.raw.read(size)
            if chunk.isascii() and not self.decoder.getstate()[0]:
                return bytes(chunk)
            text = self.decoder.decode(chunk, final=not chunk)
            self.replaced = self.replaced or REPLACED in text
            self.waiting = text.encode()
            if not chunk:
                break
        given, self.waiting = self.waiting[:size], self.waiting[size:]
        return given

    def close(self) -> None:
        """Close the file below."""
        self.raw.close()
        self.closed = True


def _without_replaced(values: pa.Array) -> pa.Array:
    """Text; null where it was not UTF-8."""
    return pc.if_else(pc.match_substring(values, REPLACED), None, values)


def _to_number(values: pa.Array) -> pa.Array:
    """Text as numbers; null where it is none, or too large."""
    try:
        numbers = values.cast(pa.float32())
    except pa.ArrowInvalid:
        is_number = pc.match_substring_regex(values, f"^(?:{NUMBER_PATTERN})$")
        numbers = pc.if_else(is_number, values, None).cast(pa.float32())
    finite = pc.is_finite(numbers)
    return numbers if pc.all(finite).as_py() else pc.if_else(finite, numbers, None)


def number_in(text: str | None) -> float | None:
    """The number that a text is to this reader, not yet rounded to 32 bits; None where it is none."""
    if text is None or not re.fullmatch(NUMBER_PATTERN, text, re.ASCII):
        return None
    number = float(text)
    return number if abs(number) < TOO_LARGE else None
