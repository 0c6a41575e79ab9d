"""Gold items and what they say of annotators."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.deciding import CAT, decide

from naturel.annotations.decisions import caption_key
from naturel.annotations.errors import UserError
from naturel.review.gold import Accuracy, accuracy, read_gold

CAPTION = caption_key("cat on desk", CAT)


def test_items_are_named_by_key_or_by_sentence(tmp_path: Path) -> None:
    lines = tmp_path / "gold.jsonl"
    lines.write_text(
        '{"key": "k", "verdict": "reject"}\n\n'
        '{"sentence": "cat on desk", "subject": "cat", "relation": "on", "object": "desk", "verdict": "accept"}\n'
    )
    table = tmp_path / "gold.csv"
    table.write_text(
        "verdict,key,sentence,subject,relation,object\nreject,k,,,,\naccept,,cat on desk,cat,on,desk\n"
    )
    assert read_gold(lines) == read_gold(table) == {"k": False, CAPTION: True}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            '{"key": "k", "verdict": "edit"}',
            "line 1 has the verdict 'edit', which is neither accept nor reject",
        ),
        ('\n{"verdict": "accept"}', "line 2 has neither key nor sentence, subject, relation and object"),
        ("nonsense", "line 1 is no JSON object"),
        (
            '{"key": "k", "verdict": "accept"}\n{"key": "k", "verdict": "reject"}',
            "line 2 contradicts an earlier",
        ),
        ("\n".join(["[]"] * 9), "line 5 is no JSON object; and 4 more"),
        ("", "has no item"),
    ],
)
def test_faults_are_told_with_their_lines(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "gold.jsonl"
    path.write_text(text)
    with pytest.raises(UserError, match=why):
        read_gold(path)
    with pytest.raises(UserError, match="cannot be read"):
        read_gold(tmp_path / "missing.jsonl")


def test_accuracy_tells_what_was_missed_and_what_was_refused() -> None:
    gold = {"good": True, "bad": False, "worse": False}
    decisions = [
        decide(1, "ada", key="good"),
        decide(2, "ada", key="bad"),
        decide(3, "ada", key="worse", verdict="edit", text="A cat."),
        decide(4, "ada", key="other"),
        decide(5, "bob", key="good", verdict="reject", reason="other"),
        decide(6, "cyd", key="other"),
    ]
    assert accuracy(decisions, gold) == {
        "ada": Accuracy(items=3, right=2, accepted=1, refused=0),
        "bob": Accuracy(items=1, right=0, accepted=0, refused=1),
    }
