"""The words for what changed, in Markdown and in the terminal."""

from __future__ import annotations

import io

from helpers.releases import caption, captions_of_both, record, small_release
from rich.console import Console

from naturel.builders.publishing.changes import Change, Reason
from naturel.builders.publishing.difference import compare
from naturel.builders.publishing.errata import Erratum
from naturel.builders.publishing.examples import Example, find_examples
from naturel.builders.publishing.snapshot import Snapshot
from naturel.builders.publishing.telling import show, to_markdown

MARKDOWN = """\
## 2.0.0

From 1.0.0 to 2.0.0 (major: records are gone or columns are others).

|  | before | after | added | removed | changed |
| --- | ---: | ---: | ---: | ---: | ---: |
| records | 2 | 2 | 1 | 1 | 1 |
| captions | 10 | 11 | 1 | 0 | 0 |

| reason | records added | records removed | records changed | captions added | captions removed | captions changed |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
| source: pictures, boxes, labels, evidence or claims | 1 | 1 | 1 | 0 | 0 | 0 |
| new prompt, or another writer | 0 | 0 | 1 | 1 | 0 | 0 |

A record that changed for several reasons counts for each.

Known faults, new or told otherwise:

- `r1` since 1.0.0, mended in 2.0.0: The \\*desk\\* is a \\_table\\_.

1 record added, source, for example:

- `r3`
  - picture c, cat on desk: "Sentence p0."

1 record removed, source, for example:

- `r2`
  - picture b, cat on desk: "Sentence p0."

1 record changed, source, for example:

- `r1`
  - width: 400 → 512
  - subject.box: \\[0, 0, 0.5, 0.5\\] → \\[0, 0, 0.5, 0.75\\]
  - complex\\_positives.1: "Sentence p1." → "Sentence m1."

1 record changed, new prompt, or another writer, for example:

- `r1`
  - width: 400 → 512
  - subject.box: \\[0, 0, 0.5, 0.5\\] → \\[0, 0, 0.5, 0.75\\]
  - complex\\_positives.1: "Sentence p1." → "Sentence m1."

1 caption added, new prompt, or another writer, for example:

- `m1`
  - "Sentence m1." (some-model)
"""


def two_releases() -> tuple[Snapshot, Snapshot]:
    captions = captions_of_both()
    before = small_release([record("r1", "a"), record("r2", "b")], captions)
    subject = {"label": "Cat", "noun": "cat", "box": [0.0, 0.0, 0.5, 0.75]}
    after = small_release(
        [
            record("r1", "a", "p0 n0 m1 p2 p3 n1 n2 n3", subject=subject, width=512),
            record("r3", "c"),
        ],
        [*captions, caption("m1", writer="some-model", prompt_id="vivid-v1", prompt_digest="d1")],
        "2.0.0",
        [Erratum(id="r1", fault="The *desk* is a _table_.", since="1.0.0", fixed_in="2.0.0")],
    )
    return before, after


def test_the_difference_as_markdown() -> None:
    before, after = two_releases()
    difference = compare(before, after)
    assert to_markdown(difference, find_examples(before, after, difference, 3)) == MARKDOWN


def test_the_difference_in_the_terminal() -> None:
    before, after = two_releases()
    difference = compare(before, after)
    page = io.StringIO()
    show(difference, find_examples(before, after, difference, 1), Console(file=page, width=120))
    lines = [" ".join(line.replace("│", " ").split()) for line in page.getvalue().splitlines()]
    assert lines[0] == "From 1.0.0 to 2.0.0 (major: records are gone or columns are others)."
    assert "records 2 2 1 1 1" in lines
    assert "source 1 1 1 0 0 0" in lines
    assert "prompt 0 0 1 1 0 0" in lines
    assert "subject.box: [0, 0, 0.5, 0.5] → [0, 0, 0.5, 0.75]" in lines
    assert "Known faults, new or told otherwise: r1, The *desk* is a _table_." in lines


def test_nothing_changed_is_told_in_one_table() -> None:
    before, _ = two_releases()
    difference = compare(before, before)
    text = to_markdown(difference, find_examples(before, before, difference, 3))
    assert "(patch: records and captions are the same)" in text
    assert text.count("| --- |") == 1
    assert text.endswith("| captions | 10 | 10 | 0 | 0 | 0 |\n")


def test_examples_are_spread_over_all_rows_and_counted() -> None:
    captions = captions_of_both()
    before = small_release([], captions)
    after = small_release([record(f"r{place}", "a") for place in range(6)], captions)
    (found,) = find_examples(before, after, compare(before, after), 2)
    assert (found.table, found.change, found.reason, found.count) == (
        "records",
        Change.ADDED,
        Reason.SOURCE,
        6,
    )
    assert [example.id for example in found.shown] == ["r0", "r3"]
    (none,) = find_examples(before, after, compare(before, after), 0)
    assert none.shown == ()
    assert to_markdown(compare(before, after), [none]).endswith("\n\n6 records added, source.\n")


def test_what_only_follows_is_told_where_nothing_else_differs() -> None:
    captions = captions_of_both()
    before = small_release([record("r1", "a", group_ids=["g1", None, None])], captions)
    after = small_release([record("r1", "a", group_ids=["g2", None, None])], captions)
    (found,) = find_examples(before, after, compare(before, after), 1)
    assert found.shown == (Example("r1", ('group_ids.1: "g1" → "g2"',)),)
