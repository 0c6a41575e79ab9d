"""The data-flow engine (Daft): runner choice, CSV scans, and Parquet tables that are the same in every run."""

from __future__ import annotations

import gzip
import importlib.util
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

os.environ.setdefault("DO_NOT_TRACK", "1")  # before the import: no telemetry

import daft
import pyarrow as pa
import pyarrow.parquet as pq
from daft import DataFrame, DataType

from naturel.annotations.errors import UserError
from naturel.builders.csv_source import CsvFile

TEXT, NUMBER = DataType.string(), DataType.float32()

EXTRAS = {"fiftyone": "review", "vllm": "vllm", "diffusers": "generate", "ray": "ray"}
"""Optional package -> the extra of ours that brings it."""


def require_extra(package: str, purpose: str) -> None:
    """Stop with the command that installs an optional package, if it is missing.

    Raises:
        UserError: `package` cannot be imported.
    """
    if importlib.util.find_spec(package) is None:
        extra = EXTRAS[package]
        raise UserError(
            f"{purpose} needs the package {package}. Install it with: pip install 'naturel[{extra}]'"
        )


def use_runner(runner: str) -> None:
    """Choose where tables are joined: `native` (threads of this process) or `ray` (a Ray cluster).

    Raises:
        UserError: Ray is asked for and not installed.
    """
    if runner == "ray":
        require_extra("ray", "--runner ray")
        daft.set_runner_ray()
    else:
        daft.set_runner_native()


def header_of(path: Path) -> list[str]:
    """The first line of a CSV file, plain or gzip, split at commas.

    Raises:
        UserError: The file is empty or cannot be read as text.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8-sig", newline="") as file:
            line = file.readline()
    except (OSError, EOFError, UnicodeDecodeError) as error:
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


def stream(frame: DataFrame, what: str) -> Iterator[pa.RecordBatch]:
    """Run a frame, and give its rows as they come, in any order.

    Raises:
        UserError: A file behind it is damaged; `what` says which.
    """
    try:
        yield from frame.to_arrow_iter()
    except daft.exceptions.DaftCoreException as error:
        raise _damaged(what, error) from error


def _damaged(what: str, error: Exception) -> UserError:
    reason = str(error).strip().splitlines()[-1]
    return UserError(f"{what} cannot be read to its end: {reason}. Download it again.")


def frame_of(table: pa.Table) -> DataFrame:
    """A table in memory as a frame."""
    return daft.from_arrow(table)


def write_table(table: pa.Table, schema: pa.Schema, path: Path, sort_by: Sequence[str] = ()) -> pa.Table:
    """Write a table as Parquet: columns as in `schema`, rows sorted, so that equal tables give equal files.

    The file appears under its name only when it is complete.
    """
    table = table.select(schema.names).cast(schema)
    if sort_by:
        table = table.sort_by([(name, "ascending") for name in sort_by])
    table = table.combine_chunks()
    temporary = path.with_name(path.name + ".partial")
    pq.write_table(table, temporary, compression="zstd", row_group_size=200_000)
    sync_and_rename(temporary, path)
    return table


def sync_and_rename(temporary: Path, path: Path) -> None:
    """Give a finished file its name, in a way that survives a crash."""
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
