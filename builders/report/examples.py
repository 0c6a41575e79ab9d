"""Records on the page: their pictures with boxes, their captions, and a 2x2 group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from naturel.builders.report import charts
from naturel.builders.report.pictures import SmallPicture, shrink
from naturel.builders.report.tables import Release


@dataclass(frozen=True)
class Pair:
    """A positive and a negative caption of an example."""

    style: str
    positive: str
    negative: str
    kind: str
    proof: str


@dataclass(frozen=True)
class Example:
    """A record on the page."""

    id: str
    image_id: str
    subject: str
    relation: str
    object: str
    picture: SmallPicture | None
    overlay: Markup | None
    pairs: list[Pair]
    proof: str
    credit: str


@dataclass(frozen=True)
class Line:
    """A sentence of a group."""

    text: str
    truths: tuple[bool, bool]
    """Whether it is true of the first picture, and of the second."""


@dataclass(frozen=True)
class ExampleGroup:
    """Two pictures and two sentences, each true of one picture and false of the other."""

    pictures: tuple[Example, Example]
    lines: tuple[Line, Line]


def read_example(release: Release, row: int) -> Example:
    """A record as the page shows it."""
    return _example(release.row(row, with_image=release.embedded))


def read_group(release: Release, group: tuple[int, int, int] | None) -> ExampleGroup | None:
    """A group as the page shows it.

    Args:
        release: The release.
        group: Two records, and the place of the complex pair in the first; None: there is none.
    """
    if group is None:
        return None
    first, second = (release.row(row, with_image=release.embedded) for row in group[:2])
    own, other = first["complex_positives"][group[2]], first["complex_negatives"][group[2]]
    return ExampleGroup(
        (_example(first), _example(second)), (Line(own, (True, False)), Line(other, (False, True)))
    )


def _example(row: Mapping[str, Any]) -> Example:
    subject, thing = row["subject"], row["object"]
    image = row.get("image")
    picture = shrink(image["bytes"]) if image else None
    drawn = None
    if picture is not None and subject["box"] and thing["box"]:
        drawn = charts.overlay(
            picture.width,
            picture.height,
            charts.LabelledBox(subject["noun"], subject["box"], "subject"),
            charts.LabelledBox(thing["noun"], thing["box"], "object"),
        )
    positives = [row["simple_positive"], *row["complex_positives"]]
    negatives = [row["simple_negative"], *row["complex_negatives"]]
    styles = ["simple", *["complex"] * len(row["complex_positives"])]
    told = zip(styles, positives, negatives, row["negative_kinds"], row["negative_proofs"], strict=True)
    return Example(
        id=row["id"],
        image_id=row["image_id"],
        subject=subject["noun"],
        relation=row["relation"],
        object=thing["noun"],
        picture=picture,
        overlay=drawn,
        pairs=[Pair(*entry) for entry in told],
        proof=row["positive_proof"],
        credit=", ".join(part for part in (row["author"], row["license"]) if part),
    )
