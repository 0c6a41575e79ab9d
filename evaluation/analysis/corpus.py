"""Caption corpora in the files that they come in, read batch by batch: only the captions, never a whole file."""

from __future__ import annotations

import csv
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import msgspec
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from naturel.annotations.errors import UserError
from naturel.builders.progress import Progress, SilentProgress
from naturel.evaluation.analysis.corpus_files import BLOCK, Format, Marks, format_of, open_file, read_lines

COLUMNS = ("caption", "captions", "text", "title", "sentence", "raw_caption", "alt_text", "description")
"""What a column of captions is called where no --column says so (LAION: TEXT, CC3M: caption, NegCLIP: title)."""
ROWS = 50_000
"""Rows of Parquet read at once."""
SHOWN = 5
"""Faulty rows of which the place is kept."""


@dataclass
class Faults:
    """Rows that gave no caption."""

    left_out: Counter[str] = field(default_factory=Counter)
    """Reason -> rows."""
    places: list[str] = field(default_factory=list)
    """Where the first of them are: file, row, what is wrong."""

    def add(self, reason: str, place: str, count: int = 1) -> None:
        """Count rows."""
        if count:
            self.left_out[reason] += count
            if len(self.places) < SHOWN:
                self.places.append(f"{place}: {reason}")


@dataclass(frozen=True)
class Corpus:
    """Files of captions."""

    files: tuple[Path, ...]
    column: str | None = None
    """Name or number (from 1) of the captions' column; None: one of COLUMNS, or the first without a header."""
    format: Format = Format.AUTO
    faults: Faults = field(default_factory=Faults)

    def batches(self, progress: Progress | None = None) -> Iterator[pa.Array]:
        """Captions, none of them null, in the files' order.

        Raises:
            UserError: A file is damaged, or has no captions; it is named, with the row where there is one.
        """
        with (progress or SilentProgress()).task("reading captions", None, "captions") as task:
            for path in self.files:
                try:
                    for batch in self._read(path):
                        task.advance(len(batch))
                        yield batch
                except (OSError, EOFError, zlib.error, pa.ArrowInvalid) as error:
                    raise UserError(
                        f"{path} cannot be read to its end: {' '.join(str(error).split())[:300]} "
                        "Download or unpack it again, or give its --format."
                    ) from error

    def _read(self, path: Path) -> Iterator[pa.Array]:
        layout = format_of(path) if self.format is Format.AUTO else self.format
        if layout is Format.PARQUET:
            yield from self._parquet(path)
        elif layout is Format.JSONL:
            yield from self._jsonl(path)
        elif layout is Format.TEXT:
            row = 1
            for lines in read_lines(path):
                full = [line for line in lines if line.strip()]
                self.faults.add("empty line", f"{path}, from line {row:,} on", len(lines) - len(full))
                yield self._decoded(pa.array(full, pa.binary()), path, row)
                row += len(lines)
        else:
            yield from self._delimited(path, "\t" if layout is Format.TSV else ",")

    def _parquet(self, path: Path) -> Iterator[pa.Array]:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            column = self._column(path, names)
            row = 1
            for batch in file.iter_batches(ROWS, columns=[column], use_threads=False):
                values = batch.column(0)
                yield self._flat(values, path, row)
                row += len(values)

    def _flat(self, values: pa.Array, path: Path, row: int) -> pa.Array:
        """Texts of a column, which may hold lists of them, or a dictionary's codes."""
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()
        self.faults.add("no caption", f"{path}, from row {row:,} on", values.null_count)
        if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
            values = values.flatten()
        values = values.drop_null()
        if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
            return values.cast(pa.string())
        if pa.types.is_null(values.type):
            return pa.array([], pa.string())
        if not pa.types.is_binary(values.type):
            raise UserError(f"{path}: the column holds {values.type}, no text. Name another with --column.")
        return self._decoded(values, path, row)

    def _delimited(self, path: Path, delimiter: str) -> Iterator[pa.Array]:
        with open_file(path) as raw:
            first = raw.readline(BLOCK).decode("utf-8-sig", "replace").rstrip("\r\n")
        if not first:
            self.faults.add("empty file", str(path))
            return
        quoted = delimiter == ","
        names = next(csv.reader([first])) if quoted else first.split(delimiter)
        # CC3M's files have no header; a CSV file without one is not known.
        headed = quoted or self._names_a_column(names)
        count = len(names)
        numbered = [str(number) for number in range(1, count + 1)]
        column = self._column(path, names if headed else numbered, headed=headed)

        def faulty(row: Any) -> str:
            place = f"{path}, row {row.number}" if row.number is not None else str(path)
            self.faults.add(f"{row.actual_columns} columns instead of {row.expected_columns}", place)
            return "skip"

        options = {
            "read_options": pa.csv.ReadOptions(
                column_names=numbered, skip_rows=int(headed), block_size=BLOCK, use_threads=False
            ),
            "parse_options": pa.csv.ParseOptions(
                delimiter=delimiter,
                quote_char='"' if quoted else False,
                newlines_in_values=quoted,
                invalid_row_handler=faulty,
            ),
            "convert_options": pa.csv.ConvertOptions(
                include_columns=[numbered[names.index(column)] if headed else column],
                column_types=dict.fromkeys(numbered, pa.binary()),
                strings_can_be_null=False,
            ),
        }
        row = 1 + headed
        with open_file(path) as raw:
            marks = Marks(raw)
            with pa.csv.open_csv(pa.PythonFile(marks, mode="r"), **options) as reader:
                for batch in reader:
                    yield self._decoded(batch.column(0), path, row)
                    row += len(batch)
        if quoted and marks.count % 2:
            raise UserError(
                f"{path}: a quotation mark is opened and never closed, in row {row - 1:,} or before it; what "
                "follows it is lost. Close it, or write it twice."
            )

    def _jsonl(self, path: Path) -> Iterator[pa.Array]:
        row, found = 0, False
        column = None if self.column is None or self.column.isdigit() else self.column
        decoder = _row_decoder(column) if column else None
        for lines in read_lines(path):
            texts: list[str] = []
            for line in lines:
                row += 1
                if not line.strip():
                    continue
                place = f"{path}, line {row:,}"
                try:
                    if decoder is None:
                        column = self._column(path, list(msgspec.json.decode(line, type=dict[str, Any])))
                        decoder = _row_decoder(column)
                    value = decoder.decode(line).caption
                except (msgspec.DecodeError, UnicodeDecodeError):
                    self.faults.add("no JSON object with a text or a list of texts", place)
                    continue
                if value is None:
                    self.faults.add("no caption", place)
                    continue
                texts.extend([value] if isinstance(value, str) else value)
                found = True
            yield pa.array(texts, pa.string())
        if row and not found:
            raise UserError(
                f"{path}: none of its {row:,} lines is a JSON object with a caption"
                + (f" under {column}." if column else ".")
                + " Name the column with --column, or give another --format."
            )

    def _decoded(self, values: pa.Array, path: Path, row: int) -> pa.Array:
        """Bytes as text; what is not UTF-8 is left out."""
        try:
            return values.cast(pa.string())
        except pa.ArrowInvalid:
            texts = []
            for number, value in enumerate(values.to_pylist(), row):
                try:
                    texts.append(value.decode())
                except UnicodeDecodeError:
                    self.faults.add("not UTF-8", f"{path}, row {number:,}")
            return pa.array(texts, pa.string())

    def _names_a_column(self, names: Sequence[str]) -> bool:
        wanted = (self.column,) if self.column and not self.column.isdigit() else COLUMNS
        return any(name.strip().lower() in wanted or name == self.column for name in names)

    def _column(self, path: Path, names: Sequence[str], *, headed: bool = True) -> str:
        """The column of captions.

        Raises:
            UserError: There is none.
        """
        shown = ", ".join(names)[:200]
        if self.column is not None:
            if self.column in names:
                return self.column
            if self.column.isdigit() and 1 <= int(self.column) <= len(names):
                return names[int(self.column) - 1]
            raise UserError(f"{path} has no column {self.column}: give --column one of {shown}.")
        if not headed:
            return names[0]
        for wanted in COLUMNS:
            for name in names:
                if name.strip().lower() == wanted:
                    return name
        raise UserError(
            f"{path}: none of its columns ({shown}) is called like captions. Give its name with --column."
        )


class _Row(msgspec.Struct):
    caption: str | list[str] | None


def _row_decoder(column: str) -> msgspec.json.Decoder[_Row]:
    fields: list[Any] = [("caption", str | list[str] | None, None)]
    row = msgspec.defstruct("Row", fields, rename={"caption": column})
    return cast("msgspec.json.Decoder[_Row]", msgspec.json.Decoder(row))
