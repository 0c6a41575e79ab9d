"""Whether a release may go out."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from naturel.annotations.errors import UserError
from naturel.builders.publishing.fitness import check_release

ND = "https://creativecommons.org/licenses/by-nd/2.0/"


@pytest.fixture
def release(build: Path, tmp_path: Path) -> Path:
    """A copy of a release, to spoil."""
    return Path(shutil.copytree(build / "release" / "1.0.0", tmp_path / "1.0.0"))


def with_licenses(release: Path, *licenses: str) -> int:
    """Give the first pictures other licences, and the manifest the digest of it; how many pictures there are."""
    path = release / "attribution.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row, name in zip(rows, licenses, strict=False):
        row["license"] = name
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    sign(release, "attribution.csv")
    return len(rows)


def sign(release: Path, name: str) -> None:
    """Write a file's digest into the manifest."""
    manifest = json.loads((release / "manifest.json").read_text())
    manifest["files"][name]["sha256"] = hashlib.sha256((release / name).read_bytes()).hexdigest()
    (release / "manifest.json").write_text(json.dumps(manifest))


def test_a_release_as_it_was_built_may_go_out(build: Path) -> None:
    fit = check_release(build)
    newest = build / "release" / fit.version
    assert fit.folder == newest
    assert fit.digests == {
        path.relative_to(newest).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in newest.rglob("*")
        if path.is_file()
    }


def test_a_changed_card_is_refused(release: Path) -> None:
    card = release / "README.md"
    card.write_text(card.read_text() + "\nMillions of records!\n")
    with pytest.raises(UserError, match=r"README\.md changed since the release was made"):
        check_release(release)


def test_missing_and_strange_files_are_refused(release: Path) -> None:
    (release / "notes.txt").write_text("for me only")
    with pytest.raises(UserError, match=r"holds notes\.txt, which its manifest does not list"):
        check_release(release)
    (release / "attribution.csv").unlink()
    with pytest.raises(UserError, match=r"lacks attribution\.csv"):
        check_release(release)


def test_pictures_that_may_not_be_passed_on_are_counted_by_licence(release: Path) -> None:
    count = with_licenses(release, ND, ND, "")
    with pytest.raises(UserError) as refusal:
        check_release(release)
    assert f"the licences of 3 of {count} pictures do not let anybody pass them on" in str(refusal.value)
    assert f"{ND} (2), unknown (1)" in str(refusal.value)
    assert str(refusal.value).endswith(f"--vouch {ND} --vouch unknown")


def test_addresses_of_pictures_may_always_be_passed_on(release: Path) -> None:
    with_licenses(release, ND, "")
    for path in list(release.glob("data/*/*.parquet")):
        pq.write_table(pq.read_table(path, partitioning=None).drop_columns(["image"]), path)
        sign(release, path.relative_to(release).as_posix())
    assert check_release(release).version == "1.0.0"


def test_who_has_the_rights_says_so_for_each_licence(release: Path) -> None:
    with_licenses(release, ND, "")
    with pytest.raises(UserError, match=re.escape(f"{ND} (1). Build with --images link")):
        check_release(release, ["unknown"])
    assert check_release(release, ["unknown", ND]).version == "1.0.0"
