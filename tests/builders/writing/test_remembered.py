"""Another prompt on an existing build needs no more than its name."""

from __future__ import annotations

from pathlib import Path

from naturel.builders.settings import BuildSettings
from naturel.builders.writing.remembered import FILE, recall, remember


def asked(out: Path, **more: object) -> BuildSettings:
    values = {"out": out, "captioner": "openai", "model": "m", **more}
    return BuildSettings.model_validate(values)


def test_the_last_model_is_asked_again(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    remember(tmp_path / "work", asked(tmp_path, base_url="http://127.0.0.1:1/v1"))
    options = {"out": tmp_path, "prompt": "vivid", "captioner": None, "model": None, "base_url": None}
    assert recall(options) == {"captioner": "openai", "model": "m", "base_url": "http://127.0.0.1:1/v1"}
    assert recall(options | {"model": "other"}) == {
        "captioner": "openai",
        "base_url": "http://127.0.0.1:1/v1",
    }


def test_nothing_is_added_where_it_is_not_asked_for(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    remember(tmp_path / "work", asked(tmp_path))
    assert recall({"out": tmp_path, "prompt": None, "captioner": None}) == {}
    assert recall({"out": tmp_path, "prompt": "vivid", "captioner": "grammar"}) == {}
    assert recall({"out": tmp_path / "elsewhere", "prompt": "vivid", "captioner": None}) == {}


def test_the_grammar_and_passwords_are_not_remembered(tmp_path: Path) -> None:
    remember(tmp_path, BuildSettings(out=tmp_path))
    assert not (tmp_path / FILE).exists()
    remember(tmp_path, asked(tmp_path, base_url="http://user:secret@127.0.0.1:1/v1"))
    assert "secret" not in (tmp_path / FILE).read_text()


def test_a_damaged_note_is_no_note(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / FILE).write_text("{")
    assert recall({"out": tmp_path, "prompt": "vivid", "captioner": None}) == {}
