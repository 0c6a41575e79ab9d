"""Drawing into a folder: each picture once, whatever is killed in between."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from naturel.annotations.errors import UserError
from naturel.annotations.nouns import load_nouns
from naturel.builders.composite_settings import Arrangement
from naturel.builders.progress import SilentProgress
from naturel.builders.settings import Split
from naturel.builders.sources.composites.drawing import JOURNAL, draw_groups
from naturel.builders.sources.composites.pictogram_bank import PictogramBank
from naturel.builders.sources.composites.plan import Group, Limits, plan_groups

LIMITS = Limits(0, Split.TRAIN, (Arrangement.LEFT_RIGHT,), (), 4, None, 5, None, 8)
SCRIPT = """
import sys
from pathlib import Path
from naturel.builders.progress import SilentProgress
from naturel.builders.settings import BuildSettings
from naturel.builders.sources.composites.composites_origin import open_composites
settings = BuildSettings(source=["composites"], max_images=400, offline=True)
open_composites(settings, Path(sys.argv[1]), SilentProgress())
"""


@pytest.fixture(scope="module")
def groups() -> tuple[Group, ...]:
    return plan_groups(PictogramBank(0), "pictograms", LIMITS, load_nouns()).groups


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def draw(groups: tuple[Group, ...], folder: Path) -> object:
    return draw_groups(groups, PictogramBank(0), 0, folder, SilentProgress())


def test_every_picture_is_there_under_its_name(groups: tuple[Group, ...], tmp_path: Path) -> None:
    draw(groups, tmp_path / "pictures")
    names = {f"{image_id}.png" for group in groups for image_id in group.image_ids}
    assert set(files_of(tmp_path / "pictures")) == names | {JOURNAL}
    for name in names:
        with Image.open(tmp_path / "pictures" / name) as image:
            image.load()


def test_twice_the_same_bytes(groups: tuple[Group, ...], tmp_path: Path) -> None:
    assert draw(groups, tmp_path / "one") == draw(groups, tmp_path / "two")
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


def test_what_is_drawn_is_not_drawn_again(groups: tuple[Group, ...], tmp_path: Path) -> None:
    drawn = draw(groups[:2], tmp_path)
    times = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.png")}
    assert len(times) == 4
    everything = draw(groups, tmp_path)
    assert isinstance(everything, dict)
    assert isinstance(drawn, dict)
    assert {key: everything[key] for key in drawn} == drawn
    assert {name: (tmp_path / name).stat().st_mtime_ns for name in times} == times
    assert everything == draw(groups, tmp_path / "at once")


def test_a_torn_line_of_the_journal_is_drawn_again(groups: tuple[Group, ...], tmp_path: Path) -> None:
    whole = draw(groups, tmp_path)
    journal = tmp_path / JOURNAL
    text = journal.read_bytes()
    journal.write_bytes(text[:-20])
    assert draw(groups, tmp_path) == whole
    assert [json.loads(line)["group"] for line in journal.read_text().splitlines()] == [g.key for g in groups]
    assert journal.read_bytes() == text


def test_a_killed_process_goes_on_where_it_was(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    running = subprocess.Popen(command)
    deadline = time.monotonic() + 60
    while len(lines_of(tmp_path)) < 5 and time.monotonic() < deadline:
        time.sleep(0.05)
    running.send_signal(signal.SIGKILL)
    running.wait()
    before = lines_of(tmp_path)
    assert 5 <= len(before) < 200
    subprocess.run(command, check=True)
    after = lines_of(tmp_path)
    assert after[: len(before)] == before
    assert len(after) == 200
    (folder,) = tmp_path.glob("composites-*")
    assert len(list(folder.glob("*.png"))) == 400
    assert not [path for path in folder.iterdir() if path.suffix not in (".png", ".jsonl")]


def lines_of(work: Path) -> list[str]:
    """The whole lines of the journal below a build's folder."""
    found = list(work.glob(f"composites-*/{JOURNAL}"))
    return (
        [line for line in found[0].read_text().splitlines(keepends=True) if line.endswith("\n")]
        if found
        else []
    )


def test_a_folder_that_cannot_be_written(groups: tuple[Group, ...], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        draw(groups, tmp_path / "file" / "pictures")
