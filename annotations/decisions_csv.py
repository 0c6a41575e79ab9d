"""Decisions in comma-separated files: what `naturel decisions export` writes, and what other tools may give.

The first line names the columns, in any order, in UTF-8:

    annotator, verdict   as in a journal; both are needed
    time                 ISO 8601 with a time zone; needed
    kind                 caption (where the column is missing or empty), relation or image
    key                  as in a journal; or, instead of it,
                         sentence, subject, relation, object   of a caption
                         image, subject, relation, object      of a relation; `image` is the picture's key
                         image                                 of a picture
    text, reason, session, app_version, record_id, retracts    as in a journal
    subject_box, object_box   four fractions, x_min y_min x_max y_max, separated by blanks
    adjudication         yes or no
    id                   a UUID; where it is missing, one is made of the row, so that reading it again gives it again
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from naturel.annotations.claims import Claim
from naturel.annotations.decisions import Decision, Kind, caption_key, from_values, relation_key
from naturel.annotations.errors import UserError
from naturel.annotations.journal import Fault, Reading

CLAIM = ("subject", "relation", "object")
BOXES = ("subject_box", "object_box")
PLAIN = ("id", "time", "annotator", "kind", "key", "verdict", "text", "reason", "session", "app_version")
COLUMNS = (*PLAIN, "record_id", "sentence", *CLAIM, *BOXES, "retracts", "adjudication")
"""The columns that are written. `image` is only read."""
NEEDED = ("annotator", "verdict", "time")
_IDS = UUID("c3ad9d70-6e35-5ac4-9d3f-2d3b8d0f7f53")
"""The namespace of ids that are made of rows."""


def write_decisions_csv(decisions: Iterable[Decision]) -> str:
    """Decisions as the text of a file, in the order given."""
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_row(decision) for decision in decisions)
    return file.getvalue()


def read_decisions_csv(path: Path) -> Reading:
    """Read a file; rows that are no decisions are told with their lines.

    Raises:
        UserError: The file cannot be read, or has not the columns that are needed.
    """
    reading = Reading()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restkey="surplus", restval="")
            _check_columns(path, reader.fieldnames or [])
            for row in reader:
                try:
                    reading.decisions.append(_decision(row))
                except ValueError as error:
                    reading.faults.append(Fault(path, reader.line_num, str(error)))
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 (byte {error.start}). Save it as UTF-8.") from error
    except csv.Error as error:
        raise UserError(f"{path} cannot be read as comma-separated values: {error}.") from error
    return reading


def _check_columns(path: Path, names: Iterable[str]) -> None:
    names = list(names)
    if missing := [name for name in NEEDED if name not in names]:
        raise UserError(f"{path} has no column {', '.join(missing)}. Its first line must name the columns.")
    if strange := [name for name in names if name not in (*COLUMNS, "image")]:
        raise UserError(
            f"{path}: column {', '.join(strange)} is unknown. Columns: {', '.join(COLUMNS)}, image."
        )


def _row(decision: Decision) -> dict[str, Any]:
    values = decision.model_dump(mode="json")
    claim, boxes = values.pop("claim") or {}, values.pop("boxes") or {}
    values |= {name: claim.get(name) for name in CLAIM}
    for column in BOXES:
        box = boxes.get(column.removesuffix("_box"))
        values[column] = " ".join(map(repr, box)) if box else None
    return values | {"adjudication": "yes" if decision.adjudication else "no"}


def _decision(row: dict[str, Any]) -> Decision:
    """Make a decision of a row.

    Raises:
        ValueError: It is none.
    """
    if row.pop("surplus", None):
        raise ValueError("has more fields than the first line names")
    values: dict[str, Any] = {name: value for name, value in row.items() if value.strip()}
    claim = _claim(values)
    boxes = {name.removesuffix("_box"): _box(name, values.pop(name)) for name in BOXES if name in values}
    values |= {"claim": claim, "boxes": boxes or None}
    values["adjudication"] = _yes(values.get("adjudication", "no"))
    kind = values.setdefault("kind", str(Kind.CAPTION))
    image = values.pop("image", None)
    if "key" not in values:
        values["key"] = _key(kind, values.get("sentence"), image, claim)
    if "id" not in values:
        values["id"] = uuid5(_IDS, "\n".join(f"{name}={row[name]}" for name in sorted(row) if row[name]))
    return from_values(values)


def _claim(values: dict[str, Any]) -> Claim | None:
    parts = [values.pop(name, None) for name in CLAIM]
    if not any(parts):
        return None
    if not all(parts):
        raise ValueError("has a part of subject, relation and object only")
    return Claim(*map(str, parts))


def _box(name: str, text: str) -> list[float]:
    try:
        sides = [float(part) for part in text.split()]
    except ValueError:
        sides = []
    if len(sides) != 4:
        raise ValueError(f"{name}: {text!r} is not four numbers")
    return sides


def _yes(text: str) -> bool:
    if text.lower() not in ("yes", "no", "true", "false"):
        raise ValueError(f"adjudication: {text!r} is neither yes nor no")
    return text.lower() in ("yes", "true")


def _key(kind: str, sentence: str | None, image: str | None, claim: Claim | None) -> str:
    if kind == Kind.CAPTION and sentence and claim:
        return caption_key(sentence, claim)
    if kind == Kind.RELATION and image and claim:
        return relation_key(image, claim)
    if kind == Kind.IMAGE and image:
        return image
    raise ValueError("has neither key nor what makes one (see the columns of its kind)")
