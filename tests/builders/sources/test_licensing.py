"""Which licences are what, and which pictures stay."""

from __future__ import annotations

import pyarrow as pa
import pytest

from naturel.annotations import schema
from naturel.builders.engine import conform
from naturel.builders.sources.licensing import (
    NOT_ASKED_FOR,
    UNKNOWN,
    LicenseFilter,
    keep_licensed,
    license_code,
)
from naturel.builders.sources.tables import SourceTables

BY = "https://creativecommons.org/licenses/by/2.0/"
BY_NC = "http://creativecommons.org/licenses/by-nc/2.0/"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (BY, "by"),
        (BY_NC, "by-nc"),
        ("Attribution-NonCommercial-ShareAlike License", "by-nc-sa"),
        ("Attribution-NoDerivs License (http://creativecommons.org/licenses/by-nd/2.0/)", "by-nd"),
        ("Creative Commons Attribution-Share Alike 4.0 International", "by-sa"),
        ("CC BY-SA 4.0", "by-sa"),
        ("cc by nc nd", "by-nc-nd"),
        ("CC0 1.0", "cc0"),
        ("https://creativecommons.org/publicdomain/zero/1.0/", "cc0"),
        ("https://creativecommons.org/publicdomain/mark/1.0/", "pd"),
        ("No known copyright restrictions", "pd"),
        ("United States Government Work", "pd"),
        ("MIT License", None),
        ("All rights reserved", None),
    ],
)
def test_what_a_licence_is(text: str, code: str | None) -> None:
    assert license_code(text) == code


@pytest.mark.parametrize(
    ("term", "text", "kept"),
    [
        ("by", BY, True),
        ("BY", BY, True),
        ("CC-BY", BY, True),
        ("cc by 4.0", BY, True),
        ("by", BY_NC, False),
        ("by", "Attribution-ShareAlike License", False),
        ("by-nc", BY_NC, True),
        ("by_sa", "CC BY-SA 3.0", True),
        ("cc0", "https://creativecommons.org/publicdomain/zero/1.0/", True),
        ("pd", "CC0 1.0", True),
        ("cc0", "No known copyright restrictions", False),
        ("public domain", "United States Government Work", True),
        ("flickr commons", "No known copyright restrictions (http://flickr.com/commons/usage/)", True),
        ("mit", "MIT License", True),
        ("mit", "Permitted use only", False),
        ("by", None, False),
        ("by", "", False),
    ],
)
def test_what_a_term_keeps(term: str, text: str | None, kept: bool) -> None:
    assert LicenseFilter((term,)).keeps(text) == kept


def test_a_number_is_an_id() -> None:
    wanted = LicenseFilter(("4", "5"))
    assert wanted.keeps(BY_NC, 4)
    assert wanted.keeps(None, 5)
    assert not wanted.keeps("license 4", 1)
    assert not wanted.keeps("license 4")


def tables(**licenses: str | None) -> SourceTables:
    ids = {"image_id": list(licenses)}
    return SourceTables(
        images=pa.table(ids | {"license": pa.array(licenses.values(), pa.string())}),
        objects=conform(pa.table(ids), schema.OBJECTS),
        absent_labels=conform(pa.table(ids), schema.ABSENT_LABELS),
        relations=conform(pa.table(ids), schema.RELATIONS),
        triplets=conform(pa.table(ids), schema.TRIPLETS),
    )


def test_the_pictures_and_all_that_is_known_of_them() -> None:
    kept = keep_licensed(tables(a=BY, b=BY_NC, c=None, d=BY), ["by"])
    for table in (kept.images, kept.objects, kept.absent_labels, kept.relations, kept.triplets):
        assert table["image_id"].to_pylist() == ["a", "d"]
    assert kept.dropped == {NOT_ASKED_FOR: 1, UNKNOWN: 1}


def test_without_terms_everything_stays() -> None:
    before = tables(a=None)
    assert keep_licensed(before, ()) is before


def test_no_picture_at_all() -> None:
    assert keep_licensed(tables(), ["by"]).images.num_rows == 0


def test_pictures_without_licences_are_left_out_and_counted() -> None:
    images = pa.table({"image_id": ["a", "b"], "source": ["visual_genome"] * 2})
    nothing = pa.table({"image_id": pa.array([], pa.string())})
    given = SourceTables(images, nothing, nothing, nothing, nothing)
    found = keep_licensed(given, ("by",))
    assert found.images.num_rows == 0
    assert found.dropped == {UNKNOWN: 2}
    assert keep_licensed(given, ()) is given
