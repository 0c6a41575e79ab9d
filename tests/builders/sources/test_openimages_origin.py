"""Where a source's files come from."""

from __future__ import annotations

from pathlib import Path

import pytest

import naturel
from naturel.annotations.errors import UserError
from naturel.builders.progress import SilentProgress
from naturel.builders.settings import BuildSettings
from naturel.builders.sources import openimages_origin as origin
from naturel.builders.sources.openimages_files import BUCKET, PICTURES
from naturel.builders.sources.openimages_origin import open_openimages
from naturel.builders.sources.origin import Origin

VRD = "oidv6-train-annotations-vrd.csv"


def opened(work: Path, **settings: object) -> Origin:
    return open_openimages(BuildSettings(**settings), work, SilentProgress())


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / VRD).write_text("")
    return folder


@pytest.fixture(autouse=True)
def no_mirrors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(origin.ANNOTATIONS_URL, raising=False)
    monkeypatch.delenv(origin.PICTURES_URL, raising=False)


def test_a_folder(tmp_path: Path, data: Path) -> None:
    found = opened(tmp_path / "work", data=data)
    assert found.inputs == {"relations": data / VRD}
    assert found.folders == (data,)
    assert found.key["pictures"] == PICTURES
    assert found.card_license == "cc-by-4.0"
    assert "CC BY 4.0, Google" in found.license_sentence
    assert not (tmp_path / "work").exists()


def test_a_folder_without_the_split(tmp_path: Path, data: Path) -> None:
    with pytest.raises(UserError, match="use --split train"):
        opened(tmp_path, data=data, split="test")


def test_a_mirror_of_the_pictures(tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NATUREL_OPENIMAGES_PICTURES_URL", "http://127.0.0.1:9/pictures/")
    assert opened(tmp_path, data=data).key["pictures"] == "http://127.0.0.1:9/pictures"


@pytest.mark.parametrize(
    ("mirror", "bucket"), [(None, BUCKET), ("http://127.0.0.1:9/mirror/", "http://127.0.0.1:9/mirror")]
)
def test_a_download(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch, mirror: str | None, bucket: str
) -> None:
    if mirror:
        monkeypatch.setenv("NATUREL_OPENIMAGES_URL", mirror)
    asked = []

    def download(split: str, address: str, *, offline: bool, progress: object) -> Path:
        asked.append((split, address, offline))
        return data

    monkeypatch.setattr(origin, "download_split", download)
    assert opened(tmp_path, offline=True).inputs == {"relations": data / VRD}
    assert asked == [("train", bucket, True)]


def test_the_sample_is_drawn_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []

    def draw(folder: Path) -> None:
        drawn.append(folder)
        (folder / "images").mkdir(parents=True)
        (folder / VRD).write_text("")

    monkeypatch.setattr(origin, "write_sample", draw)
    for _ in range(2):
        found = opened(tmp_path, sample=True)
        assert found.inputs == {"relations": tmp_path / f"sample-{naturel.__version__}" / VRD}
        assert found.folders == (tmp_path / f"sample-{naturel.__version__}",)
        assert found.card_license == "cc0-1.0"
        assert found.citation == ""
    assert drawn == [tmp_path / f"sample-{naturel.__version__}"]


def test_the_sample_has_one_split(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--split test: the sample has only the split train"):
        opened(tmp_path, sample=True, split="test")
