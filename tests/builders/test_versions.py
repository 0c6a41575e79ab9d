"""Versions of releases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from naturel.annotations.errors import UserError
from naturel.builders.versions import choose_version


def release(root: Path, version: str, content: str) -> None:
    (root / version).mkdir(parents=True)
    (root / version / "manifest.json").write_text(json.dumps({"content": content}))


def test_the_first_release_is_1_0_0(tmp_path: Path) -> None:
    assert choose_version(tmp_path / "release", "a", None) == ("1.0.0", False)


def test_other_contents_give_the_next_minor_version(tmp_path: Path) -> None:
    for version, content in (("1.0.0", "a"), ("1.2.0", "b"), ("1.10.3", "c")):
        release(tmp_path, version, content)
    assert choose_version(tmp_path, "d", None) == ("1.11.0", False)


def test_equal_contents_are_the_release_that_is_there(tmp_path: Path) -> None:
    release(tmp_path, "1.0.0", "a")
    release(tmp_path, "1.1.0", "b")
    assert choose_version(tmp_path, "a", None) == ("1.0.0", True)


def test_a_given_version_is_kept(tmp_path: Path) -> None:
    release(tmp_path, "1.0.0", "a")
    assert choose_version(tmp_path, "b", "3.1.4") == ("3.1.4", False)
    assert choose_version(tmp_path, "a", "1.0.0") == ("1.0.0", True)
    with pytest.raises(UserError, match="A release is never changed"):
        choose_version(tmp_path, "b", "1.0.0")


def test_folders_that_are_no_release_do_not_count(tmp_path: Path) -> None:
    release(tmp_path, "9.0.0.partial", "a")
    (tmp_path / "8.0.0").mkdir()
    assert choose_version(tmp_path, "a", None) == ("1.0.0", False)
