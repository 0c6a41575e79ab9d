"""Lists of known faults."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from naturel.annotations.errors import UserError
from naturel.builders.publishing.errata import Erratum, check_errata, errata_of, read_errata, write_errata


def test_a_list_is_read_and_sorted_by_record(tmp_path: Path) -> None:
    path = tmp_path / "errata.yaml"
    path.write_text(
        "- id: b-2\n  fault: No cat.\n  since: 1.1.0\n"
        "- {id: a-1, fault: 'The box: too wide.', since: 1.0.0, fixed_in: 1.2.0}\n"
    )
    errata = (
        Erratum(id="a-1", fault="The box: too wide.", since="1.0.0", fixed_in="1.2.0"),
        Erratum(id="b-2", fault="No cat.", since="1.1.0"),
    )
    assert read_errata(path) == errata
    path.write_text(write_errata(errata))
    assert read_errata(path) == errata


def test_an_empty_list_is_one(tmp_path: Path) -> None:
    path = tmp_path / "errata.yaml"
    path.write_text("# none yet\n")
    assert read_errata(path) == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- id: a\n  fault: x\n", "entry 1: since: field required"),
        ("- id: a\n  fault: x\n  since: soon\n", "entry 1: since: string should match pattern"),
        (
            "- id: a\n  fault: ' '\n  since: 1.0.0\n",
            "entry 1: fault: string should have at least 1 character",
        ),
        ("- id: a\n  fault: x\n  since: 1.0.0\n  by: me\n", "entry 1: by: extra inputs are not permitted"),
        ("- a\n", "entry 1: it: input should be a valid dictionary"),
        ("id: a\n", "is not a list"),
        ("- [", "is not YAML"),
        ("- !!python/object:os.system {}\n", "is not YAML"),
        ("- {id: a, fault: x, since: 1.0.0}\n- {id: a, fault: x, since: 1.1.0}\n", "a fault of a twice"),
    ],
)
def test_other_lists_are_told(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "errata.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as error:
        read_errata(path)
    assert str(path) in str(error.value)
    assert told in str(error.value)


def test_a_missing_list_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read: No such file"):
        read_errata(tmp_path / "errata.yaml")


def test_a_builds_list_is_the_one_named_or_that_of_its_folder(tmp_path: Path) -> None:
    named = tmp_path / "mine.yaml"
    named.write_text("- {id: a, fault: x, since: 1.0.0}\n")
    assert errata_of(None, tmp_path) == ()
    assert [erratum.id for erratum in errata_of(named, tmp_path)] == ["a"]
    (tmp_path / "errata.yaml").write_text("- {id: b, fault: x, since: 1.0.0}\n")
    assert [erratum.id for erratum in errata_of(None, tmp_path)] == ["b"]
    assert [erratum.id for erratum in errata_of(named, tmp_path)] == ["a"]


def test_faults_are_of_records_of_this_release_or_the_one_before() -> None:
    errata = [Erratum(id=name, fault="x", since="1.0.0") for name in ("here", "before", "typo", "typo2")]
    errata.append(Erratum(id="long gone", fault="x", since="1.0.0", fixed_in="1.1.0"))
    records = pa.array(["here", "other"]), pa.array(["before"])
    check_errata(errata[:2], *records)
    with pytest.raises(UserError, match="tell of 2 records that this release does not have: typo, typo2"):
        check_errata(errata, *records)
