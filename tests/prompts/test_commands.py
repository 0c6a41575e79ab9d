"""The commands `naturel prompts list | show | lint | try`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from naturel.builders.prompts_cli import NO_MODEL, prompts_app
from naturel.prompts.prompt import list_prompts, load_prompt
from naturel.prompts.words import ClaimWords

SHIPPED = Path(__file__).parents[2] / "prompts"


def run(*arguments: str | Path) -> tuple[int, str, str]:
    """Exit code, output and errors of the command."""
    result = CliRunner().invoke(prompts_app(), [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def test_list_has_a_row_a_prompt() -> None:
    code, out, _ = run("list")
    assert code == 0
    rows = {line.split()[0]: line.split() for line in out.splitlines()[1:] if not line.startswith(" ")}
    for prompt in list_prompts():
        assert prompt.digest[:12] in rows[prompt.name]
        assert prompt.kind in rows[prompt.name]
    assert rows["naturel-v1"][2] == "6"


def test_show_prints_the_messages_as_sent() -> None:
    code, out, _ = run("show", "naturel", "--claim", "desk,on,cat")
    words = ClaimWords("a desk is on a cat", "a desk", "on", "a cat", place=True)
    messages = load_prompt("naturel").render(words)
    assert code == 0
    assert out == "".join(f"--- {message.role}\n{message.content}\n\n" for message in messages)


def test_show_of_a_judge_has_the_sentence() -> None:
    _, out, _ = run("show", "judge", "--claim", "desk,on,cat", "--sentence", "The cat is on the desk.")
    assert "Claim: a desk is on a cat\nSentence: The cat is on the desk.\n" in out
    assert "Sentence: A desk is on a cat.\n" in run("show", "judge", "--claim", "desk,on,cat")[1]
    code, _, err = run("show", "naturel", "--sentence", "The cat is on the desk.")
    assert (code, "--sentence is for a judge" in err) == (2, True)


def test_lint_names_every_fault_of_every_file(tmp_path: Path) -> None:
    text = (SHIPPED / "naturel-v1.yaml").read_text(encoding="utf-8")
    (tmp_path / "mine-v1.yaml").write_text(text.replace("{{ statement }}", "{{ claim }}"), encoding="utf-8")
    (tmp_path / "naturel-v1.yaml").write_text(text.replace("top_p: 0.95", "top_p: 2"), encoding="utf-8")
    code, out, err = run(
        "lint", tmp_path / "mine-v1.yaml", SHIPPED / "vivid-v1.yaml", tmp_path / "naturel-v1.yaml"
    )
    assert code == 2
    assert f"{SHIPPED / 'vivid-v1.yaml'}: no faults, digest {load_prompt('vivid').digest}" in out
    assert f"{tmp_path / 'mine-v1.yaml'}: user: unknown variable 'claim'" in err
    assert f"{tmp_path / 'mine-v1.yaml'}: id: naturel is not the mine" in err
    assert f"{tmp_path / 'naturel-v1.yaml'}: sampling.top_p: " in err


def test_lint_of_sound_files() -> None:
    code, out, err = run("lint", *sorted(SHIPPED.glob("*.yaml")))
    assert (code, err) == (0, "")
    assert out.count("no faults") == 4


def test_try_without_a_model_only_shows_the_request() -> None:
    code, out, err = run("try", "vivid", "--claim", "cat,on top of,table")
    request = json.loads(out)
    prompt = load_prompt("vivid")
    assert code == 0
    assert err.strip() == NO_MODEL
    assert (request["prompt"], request["digest"]) == ("vivid-v1", prompt.digest)
    assert [message["role"] for message in request["messages"]][:3] == ["system", "user", "assistant"]
    assert request["messages"][-1]["content"].startswith("Claim: a cat is on top of a table\n")
    assert request["schema"]["required"] == ["captions"]
    assert (request["temperature"], request["top_p"], request["max_tokens"]) == (0.7, 0.95, 350)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("naturel", "--claim", "cat on desk"), "write subject, relation and object"),
        (("naturel", "--claim", "cat,,desk"), "write subject, relation and object"),
        (("naturel", "--claim", "cat,hugz,desk"), "did you mean hug"),
        (("naturel", "--claim", "table,is,wodden"), "unknown attribute 'wodden'"),
        (("natural",), "did you mean naturel?"),
        (("missing-v1.yaml",), "cannot be read"),
    ],
)
def test_what_users_can_mend_is_one_paragraph(arguments: tuple[str, ...], expected: str) -> None:
    for command in ("show", "try"):
        code, out, err = run(command, *arguments)
        assert (code, out) == (2, "")
        assert err.startswith("Error: ")
        assert expected in err
