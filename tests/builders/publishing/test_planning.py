"""What the next release is called, and its changelog, over the releases of a build."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from helpers.builds import must_build, run_build

from naturel.builders.publishing.changes import Change, Reason
from naturel.builders.publishing.difference import Difference, compare
from naturel.builders.publishing.snapshot import open_snapshot


@pytest.fixture(scope="module")
def out(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build with four releases: the first, more captions, a known fault, fewer pictures."""
    out = tmp_path_factory.mktemp("planning") / "out"
    common = ("--data", sample, "--out", out)
    must_build(*common, "--max-images", "24", "--captions-per-claim", "8")
    must_build(*common, "--max-images", "24", "--captions-per-claim", "9")
    name = pq.read_table(out / "release" / "1.1.0" / "data")["id"][0].as_py()
    (out / "errata.yaml").write_text(f"- {{id: {name}, fault: The cat | is a dog., since: 1.0.0}}\n")
    must_build(*common, "--max-images", "24", "--captions-per-claim", "9")
    (out / "errata.yaml").unlink()
    must_build(*common, "--max-images", "20", "--captions-per-claim", "9")
    return out


def difference(out: Path, before: str, after: str) -> Difference:
    return compare(*(open_snapshot(out / "release" / version) for version in (before, after)))


def test_each_change_raises_its_part_of_the_version(out: Path) -> None:
    assert {path.name for path in (out / "release").iterdir()} == {"1.0.0", "1.1.0", "1.1.1", "2.0.0"}
    assert difference(out, "1.0.0", "1.1.0").level == "minor"
    assert difference(out, "1.1.0", "1.1.1").level == "patch"
    assert difference(out, "1.1.1", "2.0.0").level == "major"


def test_more_captions_are_added_and_chosen_but_nothing_else_changes(out: Path) -> None:
    found = difference(out, "1.0.0", "1.1.0")
    assert found.columns == ()
    old, new = (
        set(pq.read_table(out / "release" / version / "captions")["caption_id"].to_pylist())
        for version in ("1.0.0", "1.1.0")
    )
    assert set(found.captions.ids[Change.ADDED].to_pylist()) == new - old
    assert found.captions.by_reason(Change.ADDED) == {Reason.CHOICE: len(new - old)}
    assert found.records.count(Change.ADDED) == found.records.count(Change.REMOVED) == 0
    assert set(found.records.by_reason(Change.CHANGED)) == {Reason.CHOICE}


def test_fewer_pictures_are_a_matter_of_the_source(out: Path) -> None:
    removed = difference(out, "1.1.1", "2.0.0").records
    old, new = (pq.read_table(out / "release" / version / "data") for version in ("1.1.1", "2.0.0"))
    left = set(old["id"].to_pylist()) - set(new["id"].to_pylist())
    assert set(removed.ids_of(Change.REMOVED, Reason.SOURCE).to_pylist()) <= left
    assert removed.count(Change.REMOVED) == len(left) > 0


def test_the_changelog_has_all_versions_newest_first(out: Path) -> None:
    text = (out / "release" / "2.0.0" / "CHANGELOG.md").read_text()
    heads = [line for line in text.splitlines() if line.startswith("## ")]
    assert heads == ["## 2.0.0", "## 1.1.1", "## 1.1.0", "## 1.0.0"]
    assert text.count("# Changelog\n") == 1
    assert text.endswith((out / "release" / "1.1.1" / "CHANGELOG.md").read_text().split("\n\n", 2)[2])


def test_known_faults_stand_in_the_card_the_changelog_and_a_file(out: Path) -> None:
    release = out / "release" / "1.1.1"
    name = pq.read_table(release / "data")["id"][0].as_py()
    assert f"| `{name}` | The cat \\| is a dog. | 1.0.0 | – |" in (release / "README.md").read_text()
    assert f"- `{name}` since 1.0.0: The cat \\| is a dog." in (release / "CHANGELOG.md").read_text()
    assert f"id: {name}" in (release / "errata.yaml").read_text()
    later = out / "release" / "2.0.0"
    assert not (later / "errata.yaml").exists()
    assert "Known faults" not in (later / "README.md").read_text()


def test_faults_of_records_that_are_not_there_are_refused(out: Path, sample: Path, tmp_path: Path) -> None:
    errata = tmp_path / "mine.yaml"
    errata.write_text("- {id: no-such-record, fault: x, since: 1.0.0}\n")
    done = run_build(
        *("--data", sample, "--out", out, "--max-images", "20", "--captions-per-claim", "9"),
        *("--errata", errata),
    )
    assert done.returncode == 2
    assert "1 record that this release does not have: no-such-record" in done.stderr
    assert not (out / "release" / "2.0.1").exists()
