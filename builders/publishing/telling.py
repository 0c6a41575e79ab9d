"""What changed between two releases, as Markdown and in the terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from naturel.builders.publishing.changes import REASONS, Change, Reason
from naturel.builders.publishing.difference import Difference
from naturel.builders.publishing.errata import Erratum
from naturel.builders.publishing.examples import Examples
from naturel.builders.versions import MAJOR, MINOR, PATCH

WORDS = {
    Reason.SOURCE: "source: pictures, boxes, labels, evidence or claims",
    Reason.PROMPT: "new prompt, or another writer",
    Reason.REVIEW: "review: a person's decision",
    Reason.CHECKS: "checks of captions",
    Reason.CHOICE: "choice: another sentence, negative or partner",
}
LEVELS = {
    MAJOR: "major: records are gone or columns are others",
    MINOR: "minor: records or captions are new or made anew",
    PATCH: "patch: records and captions are the same",
}
SEVERAL = "A record that changed for several reasons counts for each."
_MARKED = re.compile(r"([\\`*_\[\]<>|#])")


def title(difference: Difference) -> str:
    """What is compared, and how much that is, in a sentence."""
    return f"From {difference.before} to {difference.after} ({LEVELS[difference.level]})."


def _totals(difference: Difference) -> Iterator[tuple[str, ...]]:
    for name, changes in (("records", difference.records), ("captions", difference.captions)):
        numbers = (changes.before, changes.after, *(changes.count(change) for change in Change))
        yield name, *(f"{number:,}" for number in numbers)


def _reasons(difference: Difference) -> Iterator[tuple[Reason, list[str]]]:
    """Each reason that occurs, with rows added, removed and changed of both tables."""
    tables = (difference.records, difference.captions)
    counts = [changes.by_reason(change) for changes in tables for change in Change]
    for reason in REASONS:
        if any(reason in count for count in counts):
            yield reason, [f"{count.get(reason, 0):,}" for count in counts]


def _head(examples: Examples) -> str:
    noun = examples.table if examples.count != 1 else examples.table.rstrip("s")
    end = ", for example:" if examples.shown else "."
    return f"{examples.count:,} {noun} {examples.change}, {WORDS[examples.reason].split(':')[0]}{end}"


TOTALS_HEAD = ("", "before", "after", *Change)
REASONS_HEAD = ("reason", *(f"{name} {change}" for name in ("records", "captions") for change in Change))


def to_markdown(difference: Difference, examples: Sequence[Examples]) -> str:
    """The difference as a section of a changelog, headed by the newer version."""
    parts = [f"## {difference.after}", title(difference), _table(TOTALS_HEAD, _totals(difference))]
    if reasons := [(WORDS[reason], *counts) for reason, counts in _reasons(difference)]:
        parts += [_table(REASONS_HEAD, reasons), SEVERAL]
    if difference.columns:
        parts.append("\n".join(f"- {line}" for line in difference.columns))
    for head, errata in _errata(difference):
        parts.append("\n".join([f"{head}:\n", *(f"- {_faulty(erratum)}" for erratum in errata)]))
    for part in examples:
        lines = []
        for example in part.shown:
            lines.append(f"- `{example.id}`")
            lines += [f"  - {_plain(line)}" for line in example.lines]
        parts += [_head(part), "\n".join(lines)] if lines else [_head(part)]
    return "\n\n".join(parts) + "\n"


def _table(head: Sequence[str], rows: Iterator[tuple[str, ...]] | Sequence[tuple[str, ...]]) -> str:
    lines = [head, ("---", *["---:"] * (len(head) - 1)), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _errata(difference: Difference) -> Iterator[tuple[str, tuple[Erratum, ...]]]:
    if difference.errata_added:
        yield "Known faults, new or told otherwise", difference.errata_added
    if difference.errata_removed:
        yield "No longer told among the known faults", difference.errata_removed


def _faulty(erratum: Erratum) -> str:
    mended = f", mended in {erratum.fixed_in}" if erratum.fixed_in else ""
    return f"`{erratum.id}` since {erratum.since}{mended}: {_plain(erratum.fault)}"


def _plain(text: str) -> str:
    """Text whose signs Markdown does not take for its own."""
    return _MARKED.sub(r"\\\1", text)


def show(difference: Difference, examples: Sequence[Examples], console: Console) -> None:
    """Print the difference."""
    console.print(title(difference), highlight=False)
    reasons = [(str(reason), *counts) for reason, counts in _reasons(difference)]
    for head, rows in ((TOTALS_HEAD, list(_totals(difference))), (REASONS_HEAD, reasons)):
        if rows:
            table = Table(*head[:1])
            for name in head[1:]:
                table.add_column(name, justify="right")
            for row in rows:
                table.add_row(*row)
            console.print(table)
    lines = [*difference.columns]
    for heading, errata in _errata(difference):
        lines += [f"{heading}: {erratum.id}, {erratum.fault}" for erratum in errata]
    for part in examples:
        lines.append(f"\n{_head(part)}")
        for example in part.shown:
            lines += [f"  {example.id}", *(f"    {line}" for line in example.lines)]
    for line in lines:
        console.print(escape(line), highlight=False, soft_wrap=True)
