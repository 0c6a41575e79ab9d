"""What the report says of the captions' checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from helpers.pages import Page, assert_loads_nothing

from naturel.builders.report.page import write_report

BY_WRITER = "Captions by writer: does the sentence state its claim?"
QUOTES = "Some rejected captions, of each reason in turn"
REASONS = ("colour", "<b>third</b>", "near-duplicate")


def table_of(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist(rows, schema)


def spoil(table: pa.Table, used: set[str]) -> pa.Table:
    """Reject captions that stand in no record: of each reason fewer than of the one before."""
    rows = table.to_pylist()
    free = [row for row in rows if row["caption_id"] not in used]
    for number, row in enumerate(free[:30]):
        reason = REASONS[0 if number < 15 else 1 if number < 25 else 2]
        row |= {"status": "rejected", "status_reason": reason, "problems": [reason], "writer": "some/model"}
        row["states"] = "no" if number % 3 == 0 else "unsure"
    return table_of(rows, table.schema)


def test_captions_by_writer_and_reason(
    altered: Callable[..., Path], rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    used = {name for row in rows for name in row["caption_ids"]}
    copy = altered(captions=lambda table: spoil(table, used))
    text = write_report(copy, tmp_path / "page.html").read_text()
    assert_loads_nothing(text)
    page = Page(text)
    captions = pq.read_table(copy / "captions").to_pylist()
    by_writer = Counter((row["writer"], row["states"]) for row in captions)
    head, *lines = page.tables[BY_WRITER]
    assert head[:4] == ["writer", "yes", "unsure", "no"]
    assert {line[0] for line in lines} == {"grammar", "some/model"}
    for line in lines:
        assert line[1:4] == [f"{by_writer[line[0], state]:,}" for state in head[1:4]]
    assert lines[1][4] == "30 (100.0 %)"
    assert page.tiles["of captions rejected"] == f"{100 * 30 / len(captions):.1f} %"
    assert page.tiles["rejected captions in records"] == "0"
    listed = page.tables["Rejected captions by reason"][1:]
    assert [(row[0], row[2]) for row in listed] == list(zip(REASONS, ("15", "10", "5"), strict=True))
    quoted = page.tables[QUOTES][1:]
    assert [row[2] for row in quoted] == [REASONS[n % 3] for n in range(8)]
    claims = {
        row["claim_id"]: (row["subject"], row["relation"], row["object"])
        for row in pq.read_table(copy / "claims").to_pylist()
    }
    stated = {f"“{row['text']}”": " ".join(claims[row["claim_id"]]).lower() for row in captions}
    for sentence, claim, *_ in quoted:
        assert claim.lower() == stated[sentence]


def test_a_rejected_caption_in_a_record_is_said(
    altered: Callable[..., Path], rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    name = rows[0]["caption_ids"][3]

    def reject(table: pa.Table) -> pa.Table:
        changed = [
            row | ({"status": "rejected"} if row["caption_id"] == name else {}) for row in table.to_pylist()
        ]
        return table_of(changed, table.schema)

    page = Page(write_report(altered(captions=reject), tmp_path / "page.html").read_text())
    assert page.tiles["rejected captions in records"] == "1"
    assert "1 stand in records all the same" in page.text
    assert page.tables["Rejected captions by reason"][1][0] == "no reason given"


def test_all_is_well(release: Path, tmp_path: Path) -> None:
    page = Page(write_report(release, tmp_path / "page.html").read_text())
    captions = pq.read_table(release / "captions").to_pylist()
    if not any(row["status"] == "rejected" for row in captions):
        assert "No caption is rejected." in page.text
        assert QUOTES not in page.tables
    assert page.tiles["captions read"] == f"{len(captions):,}"


def test_a_release_of_before_the_checks(altered: Callable[..., Path], tmp_path: Path) -> None:
    gone = ["states", "problems", "status", "status_reason"]
    copy = altered(
        change=lambda table: table.drop_columns(["group_ids"]),
        captions=lambda table: table.drop_columns(gone),
    )
    page = Page(write_report(copy, tmp_path / "page.html").read_text())
    assert "The captions of this release were not checked" in page.text
    assert BY_WRITER not in page.tables
    assert page.tiles["of captions rejected"] == "–"


def test_captions_that_nobody_read(altered: Callable[..., Path], tmp_path: Path) -> None:
    def forget(table: pa.Table) -> pa.Table:
        rows = [row | {"states": None, "status": None} for row in table.to_pylist()]
        return table_of(rows, table.schema)

    page = Page(write_report(altered(captions=forget), tmp_path / "page.html").read_text())
    assert page.tables[BY_WRITER][0][1] == "not checked"
