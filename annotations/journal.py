"""The journal of human decisions: one file an annotator, which only grows.

`<folder>/<annotator>.jsonl` has one decision a line. A decision is on the disk before `append` returns, whatever
happens to the process or the machine afterwards. Several processes may append to one file. A line that a killed
writer left half-written is moved to `<file>.torn` by the next one; the lines before it stay.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from uuid import UUID

from naturel.annotations.decisions import (
    NAME_RULE,
    Decision,
    LaterSchemaError,
    NoJsonError,
    from_line,
    is_annotator,
)
from naturel.annotations.errors import UserError

SUFFIX = ".jsonl"
REVIEW = "review"
"""The folder of a build where its journals are."""


@dataclass(frozen=True)
class Fault:
    """A line that is no decision."""

    file: Path
    line: int
    """From 1."""
    why: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.why}"


@dataclass
class Reading:
    """What stands in journals."""

    decisions: list[Decision] = field(default_factory=list)
    """Each id once, in the order of files and lines."""
    faults: list[Fault] = field(default_factory=list)


class Journal:
    """One annotator's file, open for more. Close it, or use it in a `with` statement."""

    def __init__(self, folder: Path, annotator: str) -> None:
        """Open the file, or make it, and mend its end.

        Raises:
            UserError: The name cannot be a file's, or is another annotator's in other letters; the folder cannot be
                written; a line was written by a later version.
        """
        if not is_annotator(annotator):
            raise UserError(f"{annotator!r} is no annotator's name: {NAME_RULE}.")
        self.annotator = annotator
        self.path = folder / f"{annotator}{SUFFIX}"
        self.torn = 0
        """Bytes that this object moved to the `.torn` file."""
        self._ids: set[UUID] = set()
        self._read_bytes = 0
        self._threads = Lock()  # the file's lock keeps out other processes only
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _refuse_other_case(self.path)
            self._file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise UserError(f"the journal {self.path} cannot be written: {error.strerror}.") from error
        try:
            _sync_folder(folder)
            with self._locked():
                self._catch_up()
        except BaseException:
            self.close()
            raise

    def append(self, decision: Decision) -> bool:
        """Add a decision.

        Args:
            decision: One of this annotator.

        Returns:
            True when it is on the disk; False when a decision with this id was there already, and nothing was done.

        Raises:
            ValueError: It is another annotator's.
            OSError: It could not be written; the file is as it was.
        """
        return self.append_all([decision]) == 1

    def append_all(self, decisions: Iterable[Decision]) -> int:
        """Add decisions at once: all of them, or none where that fails.

        Args:
            decisions: Decisions of this annotator.

        Returns:
            How many were new.

        Raises:
            ValueError: One is another annotator's.
            OSError: They could not be written; the file is as it was.
        """
        wanted = {decision.id: decision for decision in decisions}
        if others := {decision.annotator for decision in wanted.values()} - {self.annotator}:
            raise ValueError(f"decisions of {', '.join(sorted(others))} in the journal of {self.annotator}")
        with self._locked():
            self._catch_up()
            new = [decision for decision in wanted.values() if decision.id not in self._ids]
            data = "".join(decision.to_line() + "\n" for decision in new).encode()
            try:
                _write(self._file, data)
                os.fsync(self._file)
            except OSError:
                os.ftruncate(self._file, self._read_bytes)
                raise
            self._read_bytes += len(data)
            self._ids.update(decision.id for decision in new)
        return len(new)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._threads:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def _catch_up(self) -> None:
        """Read what was added since the last look, by whomever, and mend the end of the file."""
        size = os.fstat(self._file).st_size
        if size < self._read_bytes:  # somebody cut the file: whatever was known of it is of no use
            self._read_bytes = 0
            self._ids.clear()
        data = _read(self._file, self._read_bytes, size)
        if not data:
            return
        whole, torn = _cut(data)
        decisions, _ = _parse(whole, self.path)  # before the file is touched: a later version's is left alone
        if torn:
            with self.path.with_name(self.path.name + ".torn").open("ab") as file:
                file.write(torn + b"\n")
                file.flush()
                os.fsync(file.fileno())
            os.ftruncate(self._file, self._read_bytes + len(whole))
            os.fsync(self._file)
            self.torn += len(torn)
        elif whole and not whole.endswith(b"\n"):
            _write(self._file, b"\n")
            os.fsync(self._file)
            whole += b"\n"
        self._ids.update(decision.id for decision in decisions)
        self._read_bytes += len(whole)


def journal_files(folder: Path) -> list[Path]:
    """The journals of a folder, by name; none where it does not exist."""
    return sorted(path for path in folder.glob(f"*{SUFFIX}") if is_annotator(path.stem))


def find_journals(path: Path) -> Path:
    """The folder of journals that is meant by a build, or by the folder itself.

    Raises:
        UserError: There is no journal.
    """
    for folder in (path / REVIEW, path):
        if journal_files(folder):
            return folder
    raise UserError(
        f"{path} has no decisions: neither {path / REVIEW} nor the folder itself has a journal *{SUFFIX}."
    )


def read_journals(*folders: Path) -> Reading:
    """Read all journals of folders; nothing is changed. A folder that does not exist has none.

    Raises:
        UserError: A file cannot be read, or has a line of a later version.
    """
    reading = Reading()
    seen: set[UUID] = set()
    for folder in folders:
        for path in journal_files(folder):
            decisions, faults = read_journal(path)
            new = [decision for decision in decisions if decision.id not in seen]
            seen.update(decision.id for decision in new)
            reading.decisions += new
            reading.faults += faults
    return reading


def read_journal(path: Path) -> tuple[list[Decision], list[Fault]]:
    """Read one file: its decisions, each id once, and the lines that are none.

    Raises:
        UserError: The file cannot be read, or has a line of a later version.
    """
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            data = file.read()
    except OSError as error:
        raise UserError(f"the journal {path} cannot be read: {error.strerror}.") from error
    return _parse(data, path)


@dataclass(frozen=True)
class Merged:
    """What a merge did."""

    new: int
    """Decisions that were added."""
    known: int
    """Decisions that were there already."""
    differing: int
    """Of these: decisions with the id of another one. The one that was there first stays."""
    faults: tuple[Fault, ...]
    """Lines that are no decisions, and were left out."""


def merge(readings: Iterable[Reading], into: Path) -> Merged:
    """Add decisions to the journals of a folder, each id once: doing it again adds nothing.

    Args:
        readings: What stands elsewhere.
        into: The folder of journals; it is made where it does not exist.

    Raises:
        UserError: A file cannot be read or written, or has a line of a later version.
    """
    readings = list(readings)
    found = [decision for reading in readings for decision in reading.decisions]
    known = {decision.id: decision for decision in read_journals(into).decisions}
    new: dict[UUID, Decision] = {}
    differing = 0
    for decision in found:
        first = known.get(decision.id) or new.setdefault(decision.id, decision)
        differing += first != decision
    for annotator in sorted({decision.annotator for decision in new.values()}):
        with Journal(into, annotator) as journal:
            journal.append_all(decision for decision in new.values() if decision.annotator == annotator)
    faults = tuple(fault for reading in readings for fault in reading.faults)
    return Merged(len(new), len(found) - len(new), differing, faults)


def _parse(data: bytes, path: Path) -> tuple[list[Decision], list[Fault]]:
    decisions: dict[UUID, Decision] = {}
    faults = []
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            decision = from_line(line)
        except LaterSchemaError as error:
            raise UserError(f"{path}, line {number} {error}. Update NatuRel.") from None
        except ValueError as error:
            faults.append(Fault(path, number, str(error)))
        else:
            decisions.setdefault(decision.id, decision)
    return list(decisions.values()), faults


def _cut(data: bytes) -> tuple[bytes, bytes]:
    """The lines to keep, and the torn end: a last line that lacks its end and is no decision, or is no JSON."""
    start = data.rstrip(b"\n").rfind(b"\n") + 1
    last = data[start:]
    try:
        from_line(last)
    except LaterSchemaError:
        return data, b""
    except ValueError as error:
        if not last.endswith(b"\n") or isinstance(error, NoJsonError):
            return data[:start], last.strip(b"\n")
    return data, b""


def _read(file: int, start: int, end: int) -> bytes:
    parts = []
    while start < end and (part := os.pread(file, end - start, start)):
        parts.append(part)
        start += len(part)
    return b"".join(parts)


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def _sync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _refuse_other_case(path: Path) -> None:
    """Names that differ in case only are one file on some machines, and two people on none.

    Raises:
        UserError: There is such a file.
    """
    for other in journal_files(path.parent):
        if other.name != path.name and other.name.lower() == path.name.lower():
            raise UserError(f"there is a journal of {other.stem} already; write the name like that.")
