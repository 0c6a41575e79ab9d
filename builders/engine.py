"""The data-flow engine (Daft): runner choice, CSV scans, and Parquet tables that are the same in every run."""

from __future__ import annotations

import gzip
import importlib.util
import os
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

os.environ.setdefault("DO_NOT_TRACK", "1")  # before the import: no telemetry

import daft
import pyarrow as pa
import pyarrow.parquet as pq
from daft import DataFrame, DataType, col

from naturel.annotations.errors import UserError

PIECE = 1 << 26
"""Bytes of a plain file that are read at a time."""

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
    return _scan(path, names, columns, has_header=header is None)


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


def _scan(
    path: Path, names: Sequence[str], columns: Mapping[str, DataType], *, has_header: bool
) -> DataFrame:
    schema = {name: columns.get(name, TEXT) for name in names} | {"surplus": TEXT}
    frame = daft.read_csv(
        _literal(path),
        infer_schema=False,
        schema=schema,
        has_headers=has_header,
        allow_variable_columns=True,
    )
    return frame.select(*(col(name) for name in (*columns, "surplus")))


def stream_csv(
    path: Path, columns: Mapping[str, DataType], shape: Callable[[DataFrame], DataFrame] = lambda frame: frame
) -> Iterator[pa.RecordBatch]:
    """Read a file of any size, a part at a time.

    Daft holds the whole of a plain local file while it reads it, so a large one is given to it in pieces.

    Args:
        path: The file, as for `scan_csv`; it has a header.
        columns: The columns to keep, with their types.
        shape: What is done with the rows; each row must stand for itself (select, filter, join with a table).

    Returns:
        The rows as they come, in any order.

    Raises:
        UserError: A column is missing, or the file is damaged.
    """
    names = _checked_header(path, columns)
    large = path.suffix != ".gz" and path.stat().st_size > PIECE
    if not large or daft.get_or_infer_runner_type() == "ray":
        yield from _stream(shape(_scan(path, names, columns, has_header=True)), path)
        return
    with tempfile.TemporaryDirectory(prefix="naturel-") as folder:
        for number, piece in enumerate(_pieces(path, Path(folder) / "piece.csv")):
            yield from _stream(shape(_scan(piece, names, columns, has_header=number == 0)), path)


def _pieces(path: Path, piece: Path) -> Iterator[Path]:
    """Copy a file to `piece`, part after part; cuts are at line ends outside quotation marks."""
    with path.open("rb") as file:
        while block := file.read(PIECE):
            open_quote = False
            with piece.open("wb") as copy:
                while block:
                    copy.write(block)
                    open_quote ^= block.count(b'"') % 2 == 1
                    whole = block.endswith(b"\n") and not open_quote
                    block = b"" if whole else file.readline()
            yield piece


def _stream(frame: DataFrame, path: Path) -> Iterator[pa.RecordBatch]:
    try:
        yield from frame.to_arrow_iter()
    except daft.exceptions.DaftCoreException as error:
        raise _damaged(str(path), error) from error


def _literal(path: Path) -> str:
    """A path as Daft takes it: characters that would match other names stand for themselves."""
    return re.sub(r"([*?\[\]{}])", r"[\1]", str(path))


def collect(frame: DataFrame, what: str) -> pa.Table:
    """Run a frame.

    Raises:
        UserError: A file behind it is damaged; `what` says which.
    """
    try:
        return frame.to_arrow()
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
