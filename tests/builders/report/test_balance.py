"""The report's figures of balance against plain counts, and its example of a 2x2 group."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.pages import Page

from naturel.builders.assemble import count_balance
from naturel.builders.report.balance import read_balance
from naturel.builders.report.figures import Figures
from naturel.builders.report.page import write_report
from naturel.builders.report.tables import Release

GROUP = "A group: two pictures, two sentences"


@pytest.fixture(scope="module")
def page(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Page:
    return Page(write_report(release, tmp_path_factory.mktemp("page") / "report.html").read_text())


def captions_of(row: dict[str, Any], side: str) -> list[str]:
    return [row[f"simple_{side}"], *row[f"complex_{side}s"]]


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"


def test_balance(release: Path, page: Page, rows: list[dict[str, Any]]) -> None:
    sides = [
        Counter(text for row in rows for text in captions_of(row, side)) for side in ("positive", "negative")
    ]
    both = set(sides[0]) & set(sides[1])
    everything = set(sides[0]) | set(sides[1])
    assert page.tiles["of the different sentences are on both sides"] == percent(len(both), len(everything))
    shared: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        for sentence, kind in zip(row["complex_negatives"], row["negative_kinds"][1:], strict=True):
            shared[kind][0] += sentence in sides[0]
            shared[kind][1] += 1
    shown = page.column("Complex negatives whose sentence is a positive elsewhere", 2, 3, 4)
    for kind, (elsewhere, total) in shared.items():
        assert shown[kind] == (str(elsewhere), str(total), percent(elsewhere, total))
    claim_of = {row["caption_id"]: row["claim_id"] for row in pq.read_table(release / "captions").to_pylist()}
    claims: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        for place, name in enumerate(row["caption_ids"]):
            claims[claim_of[name]][place in (1, 5, 6, 7)] += 1
    stated_and_denied = sum(1 for pair in claims.values() if all(pair))
    assert page.tiles["of the claims are stated and denied"] == percent(stated_and_denied, len(claims))
    bins = page.column("Claims by the share of positives among their captions", 2, 3, 4)
    only = [pair for pair in claims.values() if not pair[0]]
    assert bins["0 %"] == (str(len(only)), "0", f"{sum(pair[1] for pair in only):,}")
    assert sum(int(entry[0]) for name, entry in bins.items() if name != "positives") == len(claims)
    most = max(sum(pair) for pair in claims.values())
    first = page.tables["The most used claims"][1]
    assert int(first[2]) + int(first[3]) == most


def test_groups_are_counted(release: Path, page: Page, rows: list[dict[str, Any]]) -> None:
    told = count_balance(pq.read_table(release / "data", columns=["group_ids", "caption_ids"]))
    pairs = sum(len(row["complex_positives"]) for row in rows)
    assert told["pairs in groups"] > 0
    grouped = percent(told["pairs in groups"], pairs)
    assert page.tiles["of the complex pairs are in a group"] == grouped
    assert page.tiles["of complex pairs in 2x2 groups"] == grouped
    full = sum(all(row["group_ids"]) for row in rows)
    assert page.tiles["of the records have all three pairs in groups"] == percent(full, len(rows))
    assert full == told["records all in groups"]
    assert "whose other half" not in page.text
    in_groups = Counter(
        (kind, group is not None)
        for row in rows
        for kind, group in zip(row["negative_kinds"][1:], row["group_ids"], strict=True)
    )
    shown = page.column("Complex negatives whose sentence is a positive elsewhere", 5)
    for kind in {kind for kind, _ in in_groups}:
        both = in_groups[kind, True] + in_groups[kind, False]
        assert shown[kind] == (percent(in_groups[kind, True], both),)


def test_sentences_by_their_uses(release: Path, page: Page, rows: list[dict[str, Any]]) -> None:
    uses: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        for place, side in enumerate(("positive", "negative")):
            for text in captions_of(row, side):
                uses[text][place] += 1
    only = [sum(1 for pair in uses.values() if not pair[side]) for side in (1, 0)]
    shown = page.column("Different sentences by side", 2, 4)
    assert shown["only positive"][0] == f"{only[0]:,}"
    assert shown["only negative"][0] == f"{only[1]:,}"
    assert sum(
        int(uses.replace(",", "")) for name, (_, uses) in shown.items() if name != "sentences"
    ) == 8 * len(rows)
    even = sum(1 for one, other in uses.values() if abs(one - other) <= 1)
    tile = "of the sentences are on either side equally often, up to one"
    assert page.tiles[tile] == percent(even, len(uses))
    table = page.tables["Sentences by how often they are positives (down) and negatives (across)"]
    cells = {
        (row[0], name): int(cell or 0)
        for row in table[1:]
        for name, cell in zip(table[0][1:], row[1:], strict=True)
    }
    assert sum(cells.values()) == len(uses)
    assert cells["1×", "1×"] == sum(1 for pair in uses.values() if pair == [1, 1])
    assert cells["3–4×", "2×"] == sum(1 for one, other in uses.values() if one in (3, 4) and other == 2)


def test_a_group_is_shown(page: Page, rows: list[dict[str, Any]]) -> None:
    head, *lines = page.tables[GROUP]
    assert len(head) == 3
    assert [line[1:] for line in lines] == [["✓ true", "✗ false"], ["✗ false", "✓ true"]]
    own, other = (line[0] for line in lines)
    ids = {
        side: {
            group
            for row in rows
            for positive, negative, group in zip(
                row["complex_positives"], row["complex_negatives"], row["group_ids"], strict=True
            )
            if (positive, negative) == side and group
        }
        for side in ((own, other), (other, own))
    }
    assert ids[own, other] & ids[other, own]


def test_half_a_group_is_no_group(
    altered: Callable[..., Path], rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    alone = next(n for n, row in enumerate(rows) if all(row["group_ids"]))

    def lose(table: pa.Table) -> pa.Table:
        return table.filter(pa.array([n != alone for n in range(len(rows))]))

    page = Page(write_report(altered(lose), tmp_path / "page.html").read_text())
    assert "3 more pairs name a group whose other half is not in this release." in page.text
    pairs = sum(group is not None for row in rows for group in row["group_ids"])
    assert page.tiles["of the complex pairs are in a group"] == percent(pairs - 6, 3 * len(rows) - 3)


def test_no_group_at_all(altered: Callable[..., Path], tmp_path: Path) -> None:
    def ungroup(table: pa.Table) -> pa.Table:
        place = table.schema.get_field_index("group_ids")
        field = table.schema.field(place)
        return table.set_column(place, field, pa.array([[None] * 3] * table.num_rows, field.type))

    copy = altered(ungroup)
    page = Page(write_report(copy, tmp_path / "page.html").read_text())
    assert page.tiles["of the complex pairs are in a group"] == "0.0 %"
    assert GROUP not in page.tables
    found = read_balance(Release(copy), Figures(Release(copy)).kinds)
    assert found.groups is not None
    assert (found.groups.complete, found.groups.example) == (0, None)


def test_a_release_without_group_ids(altered: Callable[..., Path], tmp_path: Path) -> None:
    copy = altered(lambda table: table.drop_columns(["group_ids"]))
    page = Page(write_report(copy, tmp_path / "page.html").read_text())
    assert "before records named their groups" in page.text
    assert "of the complex pairs are in a group" not in page.tiles
    assert "of complex pairs in 2x2 groups" not in page.tiles
    assert page.tiles["of the different sentences are on both sides"]
