"""What command lines say of benchmarks: where they lie, and whether anything of them can be asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from naturel.annotations.errors import UserError
from naturel.evaluation.benchmarks.families import BENCHMARKS, SHARED

if TYPE_CHECKING:
    from naturel.evaluation.questions import Questions


def listed(values: Sequence[str] | None) -> list[str]:
    """Values that may be given several times, and with commas, unless they name a folder that has some."""
    parts = [
        part for value in values or [] for part in ([value] if Path(value).is_dir() else value.split(","))
    ]
    return list(dict.fromkeys(part.strip() for part in parts if part.strip()))


def places(given: Sequence[str]) -> dict[str, Path | str] | str | None:
    """Where benchmarks lie, as `open_benchmarks` takes it.

    Args:
        given: What stands after each --data: `FOLDER`, or `NAME=FOLDER`.

    Raises:
        UserError: There is no such benchmark, or something is given twice.
    """
    named: dict[str, Path | str] = {}
    for each in given:
        name, equals, place = each.partition("=")
        known = name in BENCHMARKS or name in SHARED or name.startswith("jsonl/")
        key, folder = (name, place) if equals and known else ("", each)
        if equals and not known and not Path(each).exists():
            raise UserError(
                f"--data {each}: there is no benchmark {name}. naturel evaluate --list shows them; "
                f"{' and '.join(SHARED)} are folders of photos."
            )
        if key in named:
            raise UserError(f"--data is given twice for {key or 'all'}: {named[key]} and {folder}.")
        named[key] = (
            str(Path(folder).expanduser()) if folder.startswith("~") else folder
        )  # shells leave NAME=~/ be
    if list(named) == [""]:
        return str(named[""])
    return named or None


def check_questions(questions: Sequence[Questions]) -> None:
    """Stop where there is nothing to ask.

    Raises:
        UserError: No benchmark has a question; it says why, and where what is missing is published.
    """
    if any(len(some) for some in questions):
        return
    reasons = [
        f"{some.benchmark}: {count:,} left out: {reason}."
        for some in questions
        for reason, count in some.left_out.items()
    ]
    notes = [note for some in questions for note in some.notes]
    raise UserError(" ".join(["no question can be asked.", *dict.fromkeys([*reasons, *notes])]))
