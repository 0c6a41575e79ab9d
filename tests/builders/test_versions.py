"""Versions of releases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from naturel.annotations.errors import UserError
from naturel.builders.versions import next_version, previous_release, same_release


def release(root: Path, version: str, content: str) -> None:
    (root / version).mkdir(parents=True)
    (root / version / "manifest.json").write_text(json.dumps({"content": content}))


def test_where_there_is_no_release_none_is_the_same_and_none_comes_before(tmp_path: Path) -> None:
    assert same_release(tmp_path / "release", "a", None) is None
    assert previous_release(tmp_path / "release", None) is None


def test_equal_contents_are_the_release_that_is_there(tmp_path: Path) -> None:
    for version, content in (("1.0.0", "a"), ("1.9.0", "b"), ("1.10.0", "b"), ("2.0.0", "c")):
        release(tmp_path, version, content)
    assert same_release(tmp_path, "a", None) == "1.0.0"
    assert same_release(tmp_path, "b", None) == "1.10.0"
    assert same_release(tmp_path, "d", None) is None


def test_a_given_version_is_kept(tmp_path: Path) -> None:
    release(tmp_path, "1.0.0", "a")
    assert same_release(tmp_path, "b", "3.1.4") is None
    assert same_release(tmp_path, "a", "3.1.4") is None
    assert same_release(tmp_path, "a", "1.0.0") == "1.0.0"
    with pytest.raises(UserError, match="A release is never changed"):
        same_release(tmp_path, "b", "1.0.0")


def test_the_release_before_is_the_newest_or_the_newest_below_the_given_version(tmp_path: Path) -> None:
    for version in ("1.0.0", "1.2.0", "1.10.3", "2.0.0"):
        release(tmp_path, version, version)
    assert previous_release(tmp_path, None) == tmp_path / "2.0.0"
    assert previous_release(tmp_path, "1.10.4") == tmp_path / "1.10.3"
    assert previous_release(tmp_path, "1.2.0") == tmp_path / "1.0.0"
    assert previous_release(tmp_path, "0.9.0") is None


def test_folders_that_are_no_release_do_not_count(tmp_path: Path) -> None:
    release(tmp_path, "9.0.0.partial", "a")
    (tmp_path / "8.0.0").mkdir()
    assert previous_release(tmp_path, None) is None
    assert same_release(tmp_path, "a", None) is None


@pytest.mark.parametrize(
    ("previous", "level", "version"),
    [
        ("1.4.2", "major", "2.0.0"),
        ("1.4.2", "minor", "1.5.0"),
        ("1.4.2", "patch", "1.4.3"),
        ("1.9.9", "minor", "1.10.0"),
    ],
)
def test_the_part_of_the_level_is_raised_and_those_behind_it_begin_anew(
    previous: str, level: str, version: str
) -> None:
    assert next_version(previous, level) == version
