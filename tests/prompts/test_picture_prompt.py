"""Picture prompts: their files, what they ask for, and the commands that know them."""

from __future__ import annotations

from pathlib import Path

import pytest

from naturel.annotations.nouns import load_nouns
from naturel.cli import main
from naturel.prompts.picture_prompt import is_picture_prompt, list_picture_prompts, load_picture_prompt
from naturel.prompts.prompt import PromptError

FILE = """
id: sketch
version: 2
purpose: "Pencil."
kind: picture
text: "a pencil sketch of {{ thing }}"
negative: "colour"
"""


def write(folder: Path, text: str = FILE, name: str = "sketch-v2.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_the_shipped_one() -> None:
    (prompt,) = list_picture_prompts()
    assert prompt == load_picture_prompt("object") == load_picture_prompt("object-v1")
    nouns = load_nouns()
    asked, unwanted = prompt.render(nouns.noun_for("Umbrella"))
    assert asked.startswith("a photo of an umbrella, whole and alone,")
    assert "watermark" in unwanted
    assert "alone" not in prompt.render(nouns.noun_for("Cheese"))[0]


def test_one_of_your_own(tmp_path: Path) -> None:
    prompt = load_picture_prompt(write(tmp_path))
    assert prompt.name == "sketch-v2"
    assert prompt.render(load_nouns().noun_for("Cat")) == ("a pencil sketch of a cat", "colour")


def test_the_digest_is_of_what_is_asked(tmp_path: Path) -> None:
    plain = load_picture_prompt(write(tmp_path)).digest
    assert load_picture_prompt(write(tmp_path, FILE.replace("Pencil.", "Another."))).digest == plain
    assert load_picture_prompt(write(tmp_path, FILE.replace("colour", "ink"))).digest != plain


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("{{ thing }}", "something", "never names the thing"),
        ("{{ thing }}", "{{ cat }}", "unknown variable 'cat'"),
        ("{{ thing }}", "{{ thing.__class__ }}", "is private"),
        ("version: 2", "version: 3", "version: is not the 2 of the file's name"),
        ('negative: "colour"', "colour: none", "colour: Extra inputs"),
        ('purpose: "Pencil."', "", "purpose: Field required"),
    ],
)
def test_faults_are_named(old: str, new: str, fault: str, tmp_path: Path) -> None:
    with pytest.raises(PromptError, match=fault):
        load_picture_prompt(write(tmp_path, FILE.replace(old, new)))


@pytest.mark.parametrize("name", ["nothing", "object-v9"])
def test_no_such_prompt(name: str) -> None:
    with pytest.raises(PromptError, match="no such picture prompt; there are: object-v1"):
        load_picture_prompt(name)


def test_which_files_are_picture_prompts(tmp_path: Path) -> None:
    assert is_picture_prompt(write(tmp_path))
    assert not is_picture_prompt(write(tmp_path, "kind: captions"))
    assert not is_picture_prompt(write(tmp_path, "[1"))
    assert not is_picture_prompt(tmp_path / "none.yaml")


def test_the_commands_know_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for arguments, said in ((["list"], "object-v1"), (["lint", str(write(tmp_path))], "no faults, digest ")):
        monkeypatch.setattr("sys.argv", ["naturel", "prompts", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        assert left.value.code in (0, None)
        assert said in capsys.readouterr().out
