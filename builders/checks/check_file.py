"""A file of sentences and claims: read, checked, and written back with the answers."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any, Protocol

from naturel.annotations.claims import Claim
from naturel.annotations.errors import UserError
from naturel.builders.captions.surface import Style
from naturel.builders.checks.check import BLOCK, Checked, Checker
from naturel.builders.checks.reading.readings import States
from naturel.builders.files import sync_and_rename

FIELDS = ("subject", "relation", "object", "sentence")
SHOWN = 3
"""Lines quoted of each sort."""

DISPUTED = "the judge disagrees"

Advance = Callable[[int], object]
"""Told of a number of lines as they are done."""


class Judge(Protocol):
    """A second opinion."""

    asks_all: bool
    """Whether it is asked about sentences too that the reader is sure of."""

    def opinions(self, questions: Sequence[tuple[str, Claim]], advance: Advance) -> Sequence[States]:
        """Whether sentences state their claims, in order; `advance` is told of each of them once."""


@dataclass
class CheckSummary:
    """What a file came to."""

    states: Counter[str] = field(default_factory=Counter)
    """Sentences by answer, the judge's opinion included."""
    problems: Counter[str] = field(default_factory=Counter)
    """Sentences by problem of their wording; one sentence may have several."""
    judged: Counter[str] = field(default_factory=Counter)
    """Sentences by the judge's opinion, of all that it was asked about."""
    disputed: Counter[str] = field(default_factory=Counter)
    """Sentences of which the reader is as sure as the judge is of the contrary, by the reader's answer."""
    bad_lines: Counter[str] = field(default_factory=Counter)
    """Lines that could not be checked, by reason."""
    examples: dict[str, list[str]] = field(default_factory=dict)
    """The first few lines of each answer but `yes`, and of each reason for a bad line."""

    @property
    def checked(self) -> int:
        """Sentences that have an answer."""
        return sum(self.states.values())


@dataclass(frozen=True)
class _Line:
    number: int
    row: dict[str, Any]
    claim: Claim
    style: Style | None


@dataclass(frozen=True)
class _BadLine:
    number: int
    row: dict[str, Any]
    fault: str


def check_file(
    path: Path,
    out: Path | None,
    checker: Checker,
    judge: Judge | None = None,
    advance: Advance = lambda count: None,
) -> CheckSummary:
    """Check every line of a JSONL file.

    Args:
        path: Lines with `subject`, `relation`, `object` and `sentence`; further fields are kept. A relation is a
            canonical name or a phrase. `style` may be "simple" (a bare caption without capital and period),
            "complex", or left out: then the surface is not checked.
        out: Where the lines are written with `states`, `claims`, `reason` and `problems`, whole or not at all; a
            line that cannot be checked has `states` null and an `error`. What the judge says instead of `unsure`, or
            against a yes or no, is in `judge`.
        checker: What checks.
        judge: Asked about the sentences that the checker is unsure of; its opinion never changes a yes or no.
        advance: Called with the number of lines done.

    Returns:
        Counts and examples.

    Raises:
        UserError: The file cannot be read, has no line, or `out` cannot be written.
    """
    summary = CheckSummary()
    with _opened(path) as file, _replacing(out) as answers:
        lines = ((number, line) for number, line in enumerate(file, 1) if line.strip())
        while block := list(islice(lines, BLOCK)):
            read = [_read(number, line, checker) for number, line in block]
            for row in _check(read, checker, judge, summary, advance):
                if answers:
                    answers.write(json.dumps(row, ensure_ascii=False) + "\n")
        if not summary.checked and not summary.bad_lines:
            raise UserError(f"{path} has no line; give one JSON object a line with {', '.join(FIELDS)}.")
    return summary


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error


class _Replacing:
    """A text file that takes its name when it is whole."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> IO[str]:
        try:
            self.file = tempfile.NamedTemporaryFile(
                "w", encoding="utf-8", dir=self.path.parent, prefix=f".{self.path.name}.", delete=False
            )
        except OSError as error:
            raise UserError(f"--out {self.path} cannot be written: {error.strerror}.") from error
        return self.file

    def __exit__(self, failed: object, *_: object) -> None:
        self.file.close()
        written = Path(self.file.name)
        if failed is None:
            written.chmod(0o644)
            sync_and_rename(written, self.path)
        else:
            written.unlink(missing_ok=True)


def _replacing(path: Path | None) -> _Replacing | nullcontext[None]:
    return _Replacing(path) if path else nullcontext()


def _read(number: int, line: bytes, checker: Checker) -> _Line | _BadLine:
    try:
        row = json.loads(line)
    except ValueError:
        return _BadLine(number, {"line": line.decode("utf-8", "replace").strip()}, "is not JSON in UTF-8")
    if not isinstance(row, dict):
        return _BadLine(number, {"line": row}, "is no JSON object")
    for name in FIELDS:
        if not isinstance(row.get(name), str) or not row[name].strip():
            return _BadLine(number, row, f"field {name} is missing or no text")
    relation = checker.reader.book.named(row["relation"])
    if relation is None:
        return _BadLine(
            number, row, f"relation {row['relation']!r} is unknown; see annotations/relations.yaml"
        )
    style = row.get("style")
    if style not in ("simple", "complex", None):
        return _BadLine(number, row, "style is neither simple nor complex")
    return _Line(number, row, Claim(row["subject"].strip(), relation, row["object"].strip()), style)


def _check(
    lines: Sequence[_Line | _BadLine],
    checker: Checker,
    judge: Judge | None,
    summary: CheckSummary,
    advance: Advance,
) -> Iterator[dict[str, Any]]:
    good = [line for line in lines if isinstance(line, _Line)]
    found = checker.check(
        [line.row["sentence"] for line in good], [line.claim for line in good], [line.style for line in good]
    )
    checked = dict(zip((line.number for line in good), found, strict=True))
    opinions = _ask(judge, good, checked, advance)
    for line in lines:
        if isinstance(line, _BadLine):
            summary.bad_lines[line.fault] += 1
            _quote(summary, line.fault, f"line {line.number}")
            yield {**line.row, "states": None, "error": f"line {line.number} {line.fault}"}
            continue
        outcome, opinion = checked[line.number], opinions.get(line.number)
        if opinion:
            summary.judged[opinion] += 1
        states, told = _weigh(outcome.reading.states, opinion)
        summary.states[states] += 1
        summary.problems.update(outcome.problems)
        quoted = f"line {line.number}: {line.row['sentence']} ({outcome.reading.reason})"
        if states != States.YES:
            _quote(summary, states, quoted)
        if told not in (None, states):
            summary.disputed[states] += 1
            _quote(summary, DISPUTED, quoted)
        yield _answer(line, outcome, states, told)
    advance(len(lines) - len(opinions))


def _ask(
    judge: Judge | None, lines: Sequence[_Line], checked: dict[int, Checked], advance: Advance
) -> dict[int, States]:
    if judge is None:
        return {}
    asked = [line for line in lines if judge.asks_all or checked[line.number].reading.states == States.UNSURE]
    opinions = judge.opinions([(line.row["sentence"], line.claim) for line in asked], advance)
    return {line.number: opinion for line, opinion in zip(asked, opinions, strict=True)}


def _weigh(reader: States, opinion: States | None) -> tuple[States, States | None]:
    """The answer, and the judge's opinion where it adds something to the reader's."""
    if opinion is None or reader == States.UNSURE:
        return opinion or reader, opinion
    return reader, None if opinion in (reader, States.UNSURE) else opinion


def _answer(line: _Line, outcome: Checked, states: States, told: States | None) -> dict[str, Any]:
    answer = {name: value for name, value in line.row.items() if name != "judge"}
    answer |= {
        "states": str(states),
        "claims": [[claim.subject, claim.relation, claim.object] for claim in outcome.reading.found],
        "reason": outcome.reading.reason,
        "problems": list(outcome.problems),
    }
    return answer | ({"judge": str(told)} if told else {})


def _quote(summary: CheckSummary, sort: str, text: str) -> None:
    kept = summary.examples.setdefault(sort, [])
    if len(kept) < SHOWN:
        kept.append(text)
