"""Whether a release may go out: its files are those of its manifest, and its pictures may be passed on."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyarrow import csv

from naturel.annotations.errors import UserError
from naturel.annotations.joins import codes_of
from naturel.builders.publishing.licenses import UNKNOWN, may_be_passed_on
from naturel.builders.publishing.snapshot import open_snapshot
from naturel.builders.release import PICTURES_OF, pictures_in
from naturel.builders.report.tables import ATTRIBUTION, MEND, find_release, read_manifest
from naturel.builders.workspace import MANIFEST, digest_file

NAMED_AT_ONCE = 5
"""An error names at most so many files or licences."""


@dataclass(frozen=True)
class FitRelease:
    """A release that may go out."""

    folder: Path
    version: str
    digests: Mapping[str, str]
    """SHA-256 of every file, by its path in the release."""

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum((self.folder / name).stat().st_size for name in self.digests)


def check_release(path: Path, vouched: Collection[str] = ()) -> FitRelease:
    """Check a release before it goes out.

    Args:
        path: A release, or a build (its newest release).
        vouched: Licences of pictures that the user has the right to pass on, as records name them; `unknown` for
            pictures without one.

    Raises:
        UserError: The files are not those that the manifest lists, or pictures may not be passed on.
    """
    folder = find_release(path)
    manifest = read_manifest(folder)
    digests = _checked_files(folder, manifest.get("files", {}))
    digests[MANIFEST] = digest_file(folder / MANIFEST)
    _check_licenses(folder, vouched)
    return FitRelease(folder, str(manifest.get("version", folder.name)), dict(sorted(digests.items())))


def _checked_files(folder: Path, listed: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    """The digests of a release's files, the manifest's own apart."""
    present = {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file() and path != folder / MANIFEST
    }
    missing, strange = sorted(listed.keys() - present.keys()), sorted(present.keys() - listed.keys())
    if missing:
        raise UserError(f"{folder} lacks {_some(missing)}, which its manifest lists. {MEND}")
    if strange:
        raise UserError(
            f"{folder} holds {_some(strange)}, which its manifest does not list. A release is what its build wrote: "
            "take them out."
        )
    digests = {name: digest_file(path) for name, path in present.items()}
    other = sorted(name for name, digest in digests.items() if digest != listed[name]["sha256"])
    if other:
        raise UserError(
            f"{folder}: {_some(other)} changed since the release was made, so card and files do not match. {MEND}"
        )
    return digests


def _check_licenses(folder: Path, vouched: Collection[str]) -> None:
    """Check that embedded pictures may be passed on; addresses of pictures always may."""
    records = open_snapshot(folder).records
    if not records.embedded:
        return
    named = {name: records.column(name) for name in PICTURES_OF.values() if name in records.plain}
    pictures = pictures_in(pa.table(named))["image_id"].combine_chunks()
    # Every column as text, whatever its values look like.
    options = csv.ConvertOptions(
        column_types={"image_id": pa.string(), "license": pa.string()},
        include_columns=["image_id", "license"],
        strings_can_be_null=True,
        null_values=[""],
    )
    parse = csv.ParseOptions(newlines_in_values=True)
    told = csv.read_csv(folder / ATTRIBUTION, parse_options=parse, convert_options=options)
    places = codes_of(pictures, told["image_id"].combine_chunks())
    licenses = told["license"].combine_chunks().take(pa.array(places, mask=places < 0))
    counts = {
        entry["values"]: entry["counts"]
        for entry in licenses.value_counts().to_pylist()
        if not may_be_passed_on(entry["values"])
    }
    held = {
        name or UNKNOWN: count
        for name, count in sorted(counts.items(), key=lambda item: -item[1])
        if (name or UNKNOWN) not in vouched
    }
    if held:
        held_back = _some([f"{name} ({count:,})" for name, count in held.items()])
        vouch = " ".join(f"--vouch {shlex.quote(name)}" for name in list(held)[:NAMED_AT_ONCE])
        raise UserError(
            f"{folder}: the licences of {sum(held.values()):,} of {len(pictures):,} pictures do not let anybody pass "
            f"them on: {held_back}. Build with --images link, or, if you have the right to pass these on, say so: "
            f"{vouch}"
        )


def _some(names: list[str]) -> str:
    more = len(names) - NAMED_AT_ONCE
    return ", ".join(names[:NAMED_AT_ONCE]) + (f" and {more:,} more" if more > 0 else "")
