"""The command `naturel prompts try` with a model."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.caption_server import Asked, CaptionServer
from helpers.llm_server import Reply, completion, error
from typer.testing import CliRunner

from naturel.builders.prompts_cli import prompts_app


def run(server: CaptionServer, cache: Path, *arguments: str) -> tuple[int, str, str]:
    """Exit code, output and errors of the command."""
    options = ["try", *arguments, "--model", "tiny", "--base-url", server.url, "--cache", str(cache)]
    result = CliRunner().invoke(prompts_app(), options)
    return result.exit_code, result.stdout, result.stderr


def mixed(asked: Asked) -> dict[str, str]:
    """A good sentence, a swapped one, a hedged one, and none for the rest."""
    return {
        "svo": asked.good["svo"],
        "fronted": "On the cat, there is a desk.",
        "relative": "A cat that may be on a desk.",
    }


def test_each_sentence_comes_with_what_the_checker_says(tmp_path: Path) -> None:
    with CaptionServer(mixed) as server:
        code, out, err = run(server, tmp_path / "c.sqlite", "naturel", "--claim", "cat,on,desk")
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0].split() == ["svo", "The", "cat", "is", "on", "the", "desk.", "yes"]
    assert lines[1].startswith("fronted")
    assert "On the cat, there is a desk.  no: " in lines[1]
    assert "A cat that may be on a desk.  no: hedge" in lines[2]
    assert [line.split() for line in lines[3:-1]] == [
        ["seen", "missing"],
        ["existential", "missing"],
        ["object_relative", "missing"],
    ]
    assert lines[-1].startswith("1 calls, ")


def test_the_answer_is_kept(tmp_path: Path) -> None:
    with CaptionServer() as server:
        first = run(server, tmp_path / "c.sqlite", "naturel", "--claim", "cat,on,desk")[1].splitlines()
        again = run(server, tmp_path / "c.sqlite", "naturel", "--claim", "cat,on,desk")[1].splitlines()
        assert len(server.bodies) == 1
    assert first[:-1] == again[:-1]
    assert again[-1] == "answered before; 0 calls, 0 tokens in, 0 out, $0.0000"


def test_a_judge_is_tried_too(tmp_path: Path) -> None:
    with CaptionServer(judge_says=lambda sentence: "no") as server:
        arguments = ("judge", "--claim", "desk,on,cat", "--sentence", "The cat is on the desk.")
        code, out, _ = run(server, tmp_path / "c.sqlite", *arguments)
    assert code == 0
    assert out.startswith("The cat is on the desk.\njudge: no\nchecker: no: ")


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(completion("I am sorry, I cannot do that.", "")), "malformed, not JSON"),
        (Reply(completion(None, "", refusal="I will not.")), "tiny gave no answer: refusal, I will not."),
        (Reply(error("too long"), 413), "bad request, HTTP 413"),
    ],
)
def test_no_answer_is_an_error_with_what_was_said(tmp_path: Path, reply: Reply, expected: str) -> None:
    with CaptionServer(lambda asked: reply) as server:
        code, out, err = run(server, tmp_path / "c.sqlite", "naturel")
    assert (code, out) == (2, "")
    assert expected in err


def test_options_of_asking_want_a_model() -> None:
    result = CliRunner().invoke(prompts_app(), ["try", "naturel", "--base-url", "http://127.0.0.1:1/v1"])
    assert result.exit_code == 2
    assert "Name the model with --model" in result.stderr
