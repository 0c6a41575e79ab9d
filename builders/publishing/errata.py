"""Known faults of a release, by record: `errata.yaml`, a list that people write.

    - id: 0a1b2c3d4e5f6071-6a15e0b6f06f024a
      fault: The box of the cat covers the dog.
      since: 1.0.0
      fixed_in: 1.1.0     # once it is; may be left out

A fault that was found after a release went out is told in the next patch version, whose records are the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import pyarrow.compute as pc
import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from naturel.annotations.errors import UserError
from naturel.annotations.yaml_file import read_yaml

ERRATA = "errata.yaml"
NAMED_AT_ONCE = 5
"""An error names at most so many records."""

Version = Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Erratum(BaseModel):
    """One known fault of one record."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    id: Text
    fault: Text
    since: Version
    """The first release that has it."""
    fixed_in: Version | None = None
    """The first release that does not have it any more."""


def read_errata(path: Path) -> tuple[Erratum, ...]:
    """Read a list of known faults, sorted by record.

    Raises:
        UserError: The file is missing, is not such a list, or says the same thing twice.
    """
    try:
        document, _ = read_yaml(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}. Name the file of known faults.") from error
    except yaml.YAMLError as error:
        raise UserError(f"{path} is not YAML: {' '.join(str(error).split())}. Mend that place.") from error
    if document is None:
        return ()
    if not isinstance(document, list):
        raise UserError(f"{path} is not a list. Write one entry a fault: - id, fault, since, fixed_in.")
    errata = [_erratum(entry, f"{path}, entry {number}") for number, entry in enumerate(document, 1)]
    places = [(erratum.id, erratum.fault) for erratum in errata]
    twice = [place for place in dict.fromkeys(places) if places.count(place) > 1]
    if twice:
        raise UserError(f"{path} tells a fault of {twice[0][0]} twice. Keep one of the entries.")
    return tuple(sorted(errata, key=lambda erratum: (erratum.id, erratum.since, erratum.fault)))


def errata_of(path: Path | None, out: Path) -> tuple[Erratum, ...]:
    """The known faults that a build tells of.

    Args:
        path: The file that the user names; None: `errata.yaml` in the build's folder, if it is there.
        out: The build's folder.
    """
    usual = out / ERRATA
    if path is None and not usual.is_file():
        return ()
    return read_errata(path or usual)


def _erratum(entry: object, place: str) -> Erratum:
    try:
        return Erratum.model_validate(entry)
    except ValidationError as error:
        fault = error.errors()[0]
        field = ".".join(map(str, fault["loc"])) or "it"
        raise UserError(
            f"{place}: {field}: {fault['msg'].lower()}. An entry has id, fault, since (X.Y.Z) and, once mended, "
            "fixed_in."
        ) from error


def check_errata(errata: Sequence[Erratum], *records: pa.Array) -> None:
    """Check that faults are told of records that there are.

    Args:
        errata: Known faults.
        records: Ids of the release's records, and of the previous release's: a fault may have gone with its record.

    Raises:
        UserError: Records that are in none, of faults that are not said to be mended.
    """
    known = pa.chunked_array([ids.cast(pa.string()) for ids in records], pa.string()).combine_chunks()
    told = pa.array([erratum.id for erratum in errata if erratum.fixed_in is None], pa.string())
    unknown = told.filter(pc.invert(pc.is_in(told, value_set=known))).unique().to_pylist()
    if unknown:
        named = ", ".join(unknown[:NAMED_AT_ONCE]) + (", …" if len(unknown) > NAMED_AT_ONCE else "")
        raise UserError(
            f"The errata tell of {len(unknown)} record{'s' if len(unknown) > 1 else ''} that this release does not "
            f"have: {named}. Mend the id, or add fixed_in if the fault is gone."
        )


def write_errata(errata: Iterable[Erratum]) -> str:
    """The text of `errata.yaml`."""
    entries = [erratum.model_dump(exclude_none=True) for erratum in errata]
    return yaml.safe_dump(entries, sort_keys=False, allow_unicode=True, width=110)
