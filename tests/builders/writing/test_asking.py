"""What is asked for a claim."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from naturel.annotations.claims import Claim
from naturel.annotations.errors import UserError
from naturel.annotations.nouns import load_nouns
from naturel.annotations.relations import load_vocabulary
from naturel.builders.writing.asking import PromptShare, Questions
from naturel.builders.writing.captioner import prompt_shares
from naturel.prompts.prompt import load_prompt

NOUNS = (
    "cat",
    "dog",
    "man",
    "woman",
    "table",
    "chair",
    "guitar",
    "horse",
    "tree",
    "car",
    "bicycle",
    "bottle",
)
PAIRS = [(one, other) for one in NOUNS for other in NOUNS if one < other]


def questions(*names: str, per_claim: int = 8, seed: int = 0) -> Questions:
    return Questions(prompt_shares(names), per_claim, seed, load_vocabulary(), load_nouns())


@pytest.mark.parametrize("relation", ["on", "holds", "left_of", "wears"])
def test_a_claim_and_its_swap_are_asked_alike(relation: str) -> None:
    asking = questions("naturel:0.5", "vivid:0.5", per_claim=5)
    for one, other in PAIRS:
        claim = asking.of(Claim(one, relation, other))
        swap = asking.of(Claim(other, relation, one))
        assert claim.prompt == swap.prompt
        assert claim.constructions == swap.constructions
        assert len(claim.constructions) == 5


def test_contrasts_share_the_prompt_and_what_fits_both() -> None:
    asking = questions("naturel:0.5", "vivid:0.5")
    for one, other in PAIRS:
        first, second = (asking.of(Claim(one, relation, other)) for relation in ("on", "under"))
        assert first.prompt == second.prompt
        assert first.constructions == second.constructions


def test_prompts_get_their_shares() -> None:
    asking = questions("naturel:0.75", "vivid:0.25")
    counts = Counter(asking.of(Claim(one, "on", other)).prompt.name for one, other in PAIRS)
    assert counts["naturel-v1"] / len(PAIRS) == pytest.approx(0.75, abs=0.12)
    assert set(counts) == {"naturel-v1", "vivid-v1"}
    other = questions("naturel:0.75", "vivid:0.25", seed=1)
    moved = sum(asking.of(Claim(*pair)).prompt != other.of(Claim(*pair)).prompt for pair in _claims())
    assert moved


def _claims() -> list[tuple[str, str, str]]:
    return [(one, "on", other) for one, other in PAIRS]


def test_no_more_is_asked_than_wanted_or_than_a_prompt_asks_for() -> None:
    claim = Claim("cat", "on", "table")
    assert len(questions("naturel", per_claim=4).of(claim).constructions) == 4
    assert len(questions("naturel", per_claim=40).of(claim).constructions) == load_prompt("naturel").captions


def test_a_request_is_complete_and_only_what_shapes_the_answer_changes_it() -> None:
    question = questions("naturel").of(Claim("cat", "on", "table"))
    request = question.request("m", question.constructions, 0, 0)
    prompt = load_prompt("naturel")
    assert (request.sampling.temperature, request.sampling.max_tokens) == (
        prompt.sampling.temperature,
        prompt.sampling.max_tokens,
    )
    assert request.schema is not None
    assert request.messages[0].content == prompt.system
    others = [
        question.request("other", question.constructions, 0, 0),
        question.request("m", question.constructions[:2], 0, 0),
        question.request("m", question.constructions, 1, 0),
        question.request("m", question.constructions, 0, 1),
    ]
    assert len({request.digest, *(other.digest for other in others)}) == 5
    assert len({request.seed, others[2].seed, others[3].seed}) == 3
    again = questions("naturel-v1").of(Claim("cat", "on", "table"))
    assert again.request("m", again.constructions, 0, 0).digest == request.digest


def test_shares_are_read(tmp_path: Path) -> None:
    file = tmp_path / "mine-v2.yaml"
    text = (Path(__file__).parents[3] / "prompts" / "naturel-v1.yaml").read_text(encoding="utf-8")
    file.write_text(
        text.replace("id: naturel", "id: mine").replace("version: 1", "version: 2"), encoding="utf-8"
    )
    read = prompt_shares(("naturel", f"{file}:0.5", str(file)))
    assert [(entry.prompt.name, entry.share) for entry in read] == [
        ("naturel-v1", 1),
        ("mine-v2", 0.5),
        ("mine-v2", 1),
    ]
    assert read[0].prompt.digest == read[1].prompt.digest  # id and version shape no request


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("naturel:0", "no positive number"),
        ("naturel:-1", "no positive number"),
        ("naturel:half", "no positive number"),
        ("naturel:inf", "no positive number"),
        ("naturel:nan", "no positive number"),
        ("naturl", "did you mean naturel"),
        ("judge", "is a prompt for a judge"),
    ],
)
def test_bad_prompts_and_shares_are_refused(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        prompt_shares((text,))


def test_a_whole_share_goes_to_the_only_prompt() -> None:
    asking = Questions([PromptShare(load_prompt("vivid"), 0.1)], 5, 0, load_vocabulary(), load_nouns())
    assert {asking.of(Claim(*pair)).prompt.name for pair in _claims()} == {"vivid-v1"}
