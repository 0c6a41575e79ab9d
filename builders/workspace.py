"""A build's folder: its lock, and its steps, each a folder of tables with a manifest.

A step is run again only when its settings or the digests of its inputs changed. It works in `<step>.partial/`, which
becomes `<step>/` in one rename when it is done; a kill leaves the finished steps and nothing half-written.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from naturel.builders.files import locked_folder, sync_and_rename

MANIFEST = "manifest.json"


@dataclass
class StepResult:
    """What a step says about its work: counts to show, reasons with what they dropped, notes for the card."""

    counts: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    examples: dict[str, str] = field(default_factory=dict)
    """Reason -> where the first row dropped for it is."""
    unmapped: dict[str, int] = field(default_factory=dict)
    """Name of a relation in the source that we have none for -> rows that have it."""
    again: bool = False
    """Whether the next build runs the step again whatever its key: something failed that may go well then."""


@dataclass(frozen=True)
class Step:
    """A finished step."""

    name: str
    folder: Path
    manifest: dict[str, Any]

    @property
    def digest(self) -> str:
        """Of everything it wrote: what the steps after it depend on."""
        return str(self.manifest["output"])

    def has(self, name: str) -> bool:
        """Whether it has a table that not all builds have."""
        return f"{name}.parquet" in self.manifest["files"]

    def table(self, name: str) -> pa.Table:
        """One of its tables."""
        return pq.read_table(self.folder / f"{name}.parquet")


def digest_of(value: object) -> str:
    """SHA-256 of a value that JSON can say, independent of the order of keys."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def digest_file(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(path: Path, value: object) -> None:
    """Write JSON under a temporary name, then give it its own."""
    temporary = path.with_name(path.name + ".partial")
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(value, file, indent=2, sort_keys=True, ensure_ascii=False)
        file.write("\n")
    sync_and_rename(temporary, path)


class Workspace:
    """The folder `OUT` of a build: `OUT/work/<step>/` holds its steps."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.work = out / "work"
        self.rerun: list[str] = []
        """Steps that this process ran, in order; the others were up to date."""

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other builds out of the folder.

        Raises:
            UserError: Another process builds here, or the folder cannot be written.
        """
        with locked_folder(
            self.work,
            f"--out {self.out} cannot be written: {{reason}}. Choose another folder.",
            f"--out {self.out}: another build (process {{owner}}) is at work in this folder. "
            "Wait until it ends, or give another --out.",
            lock=self.out / ".lock",
        ) as lock:
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            for leftover in self.work.glob("*.partial"):
                shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
            yield

    def digest_input(self, path: Path) -> str:
        """SHA-256 of an input file; large files are read again only when size or time of change differ."""
        cache_path = self.work / "inputs.json"
        cache: dict[str, Any] = json.loads(cache_path.read_text()) if cache_path.exists() else {}
        stat = path.stat()
        key, stamp = str(path.resolve()), [stat.st_size, stat.st_mtime_ns]
        known = cache.get(key)
        if known is None or known["stamp"] != stamp:
            known = {"stamp": stamp, "sha256": digest_file(path)}
            write_json(cache_path, cache | {key: known})
        return str(known["sha256"])

    def step(self, name: str, key: Mapping[str, object], run: Callable[[Path], StepResult]) -> Step:
        """Give a step's result, running it only if `key` is not the one of its last run.

        Args:
            name: The step, and its folder.
            key: Everything that shapes its result: settings, and digests of its inputs.
            run: Writes the step's files into the folder that it is given.
        """
        folder = self.work / name
        wanted = digest_of(key)
        manifest = _read_manifest(folder)
        if manifest is not None and manifest["key"] == wanted and not manifest.get("again"):
            return Step(name, folder, manifest)
        partial = self.work / f"{name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        start = time.perf_counter()
        result = run(partial)
        files = {path.name: digest_file(path) for path in sorted(partial.iterdir())}
        manifest = {
            "step": name,
            "key": wanted,
            "settings": dict(key),
            "files": files,
            "output": digest_of(files),
            "counts": result.counts,
            "dropped": dict(sorted((reason, n) for reason, n in result.dropped.items() if n)),
            "notes": result.notes,
            "examples": result.examples,
            "unmapped": result.unmapped,
            "again": result.again,
            "seconds": round(time.perf_counter() - start, 3),
        }
        write_json(partial / MANIFEST, manifest)
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
        self.rerun.append(name)
        return Step(name, folder, manifest)


def _read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of a finished step whose files are all there; None otherwise."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        complete = all((folder / name).is_file() for name in manifest["files"])
    except (OSError, ValueError, KeyError):
        return None
    return manifest if complete else None
