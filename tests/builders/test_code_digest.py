"""The digest of the code covers the rooms, in a source tree too."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from naturel.builders import code

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source tree laid out as ours: rooms beside the package, which links to them."""
    for room in ("annotations", "builders", "loaders"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    package = tmp_path / "src" / "naturel"
    package.mkdir(parents=True)
    for room in ("annotations", "builders", "loaders"):
        (package / room).symlink_to(tmp_path / room)
    monkeypatch.setattr(code, "files", lambda name: package)
    return tmp_path


@pytest.mark.parametrize(
    "name", ["annotations/truth.py", "annotations/relations.yaml", "builders/sources/sample.py"]
)
def test_a_changed_room_changes_it(tree: Path, name: str) -> None:
    before = code.code_digest()
    with (tree / name).open("a") as file:
        file.write("\n# changed\n")
    assert code.code_digest() != before


@pytest.mark.parametrize(
    "name", ["builders/report/page.py", "builders/report/charts.py", "loaders/stream.py"]
)
def test_code_that_shapes_no_release_does_not(tree: Path, name: str) -> None:
    before = code.code_digest()
    with (tree / name).open("a") as file:
        file.write("\n# changed\n")
    assert code.code_digest() == before
