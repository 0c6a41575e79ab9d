"""The captions of a build, checked: each is read once, whatever the number of pictures that it stands beside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from naturel.annotations import schema
from naturel.annotations.claims import Claim
from naturel.builders.captions.writer import GRAMMAR, HUMAN
from naturel.builders.checks.check import BLOCK, Checker
from naturel.builders.checks.reading.readings import States
from naturel.builders.checks.text import near_duplicates
from naturel.builders.progress import Progress

OK, REJECTED = "ok", "rejected"
NEAR_DUPLICATE = "near-duplicate"


def check_captions(
    captions: pa.Table, claims: pa.Table, checker: Checker, progress: Progress
) -> tuple[pa.Table, Counter[str]]:
    """Check every caption against its claim.

    A caption is rejected when it does not state its claim, when its wording has a problem, or when it all but repeats
    an earlier complex caption of its claim. A sentence that the reader is unsure of is rejected too, unless the
    grammar wrote it, which says what it is told, or a person, who knows better.

    Args:
        captions: `schema.WRITTEN`.
        claims: `schema.CLAIMS`.
        checker: What checks.
        progress: Where progress is shown.

    Returns:
        `schema.CAPTIONS`, in the same order, and how many had each outcome, by writer: "grammar: yes",
        "grammar: rejected, colour".
    """
    stated = {
        row["claim_id"]: Claim(row["subject"], row["relation"], row["object"])
        for row in claims.select(["claim_id", "subject", "relation", "object"]).to_pylist()
    }
    rows = captions.to_pylist()
    repeats = _repeats(rows)
    outcomes: Counter[str] = Counter()
    with progress.task("check", len(rows), "captions") as task:
        for start in range(0, len(rows), BLOCK):
            part = rows[start : start + BLOCK]
            checked = checker.check(
                [row["text"] for row in part],
                [stated[row["claim_id"]] for row in part],
                [row["style"] for row in part],
            )
            for number, (row, found) in enumerate(zip(part, checked, strict=True), start):
                reason = reason_against(
                    row["writer"], found.reading.states, found.problems, number in repeats
                )
                row["states"] = str(found.reading.states)
                row["problems"] = list(found.problems)
                row["status"] = REJECTED if reason else OK
                row["status_reason"] = reason
                outcomes[f"{row['writer']}: {f'rejected, {reason}' if reason else row['states']}"] += 1
            task.advance(len(part))
    return pa.Table.from_pylist(rows, schema.CAPTIONS), outcomes


def reason_against(writer: str, states: States, problems: Sequence[str], repeats: bool) -> str | None:
    """Why a caption is rejected.

    Args:
        writer: The grammar, a person, or a model's name.
        states: Whether it states its claim.
        problems: Of its wording.
        repeats: Whether it all but repeats another of its claim.

    Returns:
        The reason; None where there is none.
    """
    if states == States.NO:
        return f"does not state its claim ({problems[0] if problems else 'another one'})"
    if states == States.UNSURE and writer not in (GRAMMAR, HUMAN):
        return "unsure whether it states its claim"
    if problems:
        return problems[0]
    return NEAR_DUPLICATE if repeats else None


def _repeats(rows: Sequence[dict[str, Any]]) -> set[int]:
    """Complex captions that all but repeat an earlier one of the same claim."""
    by_claim: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        if row["style"] == "complex":
            by_claim.setdefault(row["claim_id"], []).append(number)
    return {
        numbers[later]
        for numbers in by_claim.values()
        for _, later in near_duplicates([rows[number]["text"] for number in numbers])
    }
