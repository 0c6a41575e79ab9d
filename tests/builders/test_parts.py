"""However the pictures are cut, the verdicts are the same."""

from __future__ import annotations

import random

import numpy as np
import pytest
from helpers.scenes import NOUNS, VOCABULARY, Scene, Thing, evidence_of, questions_of, verdicts

from naturel.annotations.truth import Evidence, judge
from naturel.builders import parts

CLAIMS = [
    ("Cat", "on", "Table"),
    ("Table", "on", "Cat"),
    ("Cat", "under", "Table"),
    ("Cat", "far_from", "Table"),
    ("Dog", "on", "Table"),
    ("Table", "is", "Wooden"),
]


def scene(number: int) -> Scene:
    chance = random.Random(number)
    top = chance.uniform(0.1, 0.5)
    things = {
        "c": Thing("Cat", (0.4, top, 0.6, top + 0.2)),
        "t": Thing("Table", (0.2, 0.5, 0.8, 0.9), group=chance.random() < 0.2),
    }
    said = [("c", "on", "t")] if chance.random() < 0.6 else [("t", "is", "Wooden")]
    return Scene(things, said, absent=["Dog"] if chance.random() < 0.5 else [], image=f"{number:03d}")


SCENES = [scene(number) for number in range(40)]


def asked(seed: int) -> list[tuple[str, tuple[str, str, str]]]:
    questions = [(scene.image, claim) for scene in SCENES for claim in CLAIMS]
    random.Random(seed).shuffle(questions)
    return questions


@pytest.mark.parametrize("claims", [1, 7, 50, 1000])
@pytest.mark.parametrize("complete", [None, [], ["003", "017", "039"]])
def test_the_cut_does_not_show(
    claims: int, complete: list[str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "CLAIMS", claims)
    evidence = evidence_of(*SCENES, complete=complete)
    questions = questions_of(asked(claims))
    whole = judge(questions, evidence, VOCABULARY, NOUNS)
    assert len(set(verdicts(whole))) >= 5  # the scenes differ
    assert verdicts(parts.judge_in_parts(questions, evidence, VOCABULARY, NOUNS)) == verdicts(whole)


def test_nothing_asked() -> None:
    table = parts.judge_in_parts(questions_of([]), evidence_of(*SCENES), VOCABULARY, NOUNS)
    assert table.num_rows == 0
    assert table.column_names == ["truth", "proof"]


def test_pictures_without_evidence_are_unknown() -> None:
    evidence: Evidence = evidence_of(SCENES[0])
    table = parts.judge_in_parts(questions_of([("elsewhere", CLAIMS[0])]), evidence, VOCABULARY, NOUNS)
    assert verdicts(table) == [("unknown", None)]


def test_all_claims_of_a_picture_are_in_one_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "CLAIMS", 10)
    # Running totals 4, 8, 12, 37, 38: a part ends where the total passes a multiple of ten.
    assert parts._cut(np.array([4, 4, 4, 25, 1])).tolist() == [2, 3, 5]
