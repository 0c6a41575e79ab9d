"""The report of a release: its figures against plain counts, its page against what a browser needs."""

from __future__ import annotations

import base64
import io
import itertools
import json
import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from helpers.pages import Page, assert_loads_nothing
from PIL import Image

from naturel.builders.assemble import FEW_SENTENCES, NO_NEGATIVE
from naturel.builders.report.funnel import UNNAMED, read_funnel
from naturel.builders.report.page import render_report, write_report
from naturel.builders.report.tables import Release


@pytest.fixture(scope="module")
def text(release: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = write_report(release, tmp_path_factory.mktemp("page") / "report.html")
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def captions_of(row: dict[str, Any], side: str) -> list[str]:
    return [row[f"simple_{side}"], *row[f"complex_{side}s"]]


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"


def test_the_tiles(page: Page, rows: list[dict[str, Any]]) -> None:
    assert page.tiles["records"] == f"{len(rows):,}"
    assert page.tiles["image-caption pairs"] == f"{4 * len(rows):,}"
    assert page.tiles["pictures"] == f"{len({row['image_id'] for row in rows}):,}"
    assert page.tiles["triplets"] == f"{len(set(map(triplet, rows))):,}"
    assert page.tiles["different captions"] == f"{len({n for row in rows for n in row['caption_ids']}):,}"


def triplet(row: dict[str, Any]) -> str:
    return f"{row['subject']['noun']} {row['relation']} {row['object']['noun']}"


def test_relations_and_triplets(page: Page, rows: list[dict[str, Any]]) -> None:
    relations = Counter(row["relation"] for row in rows)
    shown = page.column("Records by relation", 2, 3)
    for name, count in relations.items():
        assert shown[name] == (f"{count:,}", percent(count, len(rows)))
    triplets = Counter(map(triplet, rows))
    listed = page.tables["The most frequent triplets"][1:21]
    best = sorted(triplets.items(), key=lambda entry: (-entry[1], entry[0]))[:20]
    assert [(row[0], row[2]) for row in listed] == [(name, str(count)) for name, count in best]
    counts = sorted(triplets.values(), reverse=True)
    tenth = -(-len(counts) // 10)
    skew = page.tables["Skew of triplets"]
    assert skew[0][1] == percent(sum(counts[:tenth]), len(rows))
    differences = sum(abs(one - other) for one in counts for other in counts)
    assert skew[1][1] == f"{differences / (2 * len(counts) * len(rows)):.2f}"
    product = 1.0
    for count in counts:
        product *= (len(rows) / count) ** (count / len(rows))
    assert skew[2][1] == f"{product:.1f}"


def test_constructions_of_either_side(release: Path, page: Page, rows: list[dict[str, Any]]) -> None:
    captions = pq.read_table(release / "captions").to_pylist()
    construction = {row["caption_id"]: row["construction"] for row in captions}
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        for place, name in enumerate(row["caption_ids"][2:]):
            counts[construction[name]][place >= 3] += 1
    shown = page.column("Constructions of complex captions", 2, 3)
    shown |= page.column("Rarer constructions", 2, 3)
    shown.pop("construction")
    assert shown == {name: (str(pair[0]), str(pair[1])) for name, pair in counts.items()}


def test_lengths_words_and_tells(page: Page, rows: list[dict[str, Any]]) -> None:
    for place, side in enumerate(("positive", "negative")):
        sentences = [sentence for row in rows for sentence in row[f"complex_{side}s"]]
        different = set(sentences)
        words = [word.lower() for sentence in different for word in re.findall(r"[\w'’-]+", sentence)]
        diversity = page.column("Lexical diversity", 1 + place)
        assert diversity["complex captions"] == (f"{len(sentences):,}",)
        assert diversity["different sentences"] == (f"{len(different):,}",)
        assert diversity["different words"] == (f"{len(set(words)):,}",)
        ratio = diversity["type-token ratio of the different sentences"]
        assert ratio == (f"{len(set(words)) / len(words):.3f}",)
        means = {(row[0], row[1]): row[2 + place] for row in page.tables["Mean length"]}
        assert means["complex", "words"] == f"{np.mean([len(one.split()) for one in sentences]):.2f}"
        simple = [row[f"simple_{side}"] for row in rows]
        assert means["simple", "letters"] == f"{np.mean([len(one) for one in simple]):.2f}"
        tells = page.column("Surface tells: share of the captions that", 1 + place, 3 + place)
        begins = (simple, sentences)[::-1]
        assert tells["begins with a capital"] == tuple(
            percent(sum(one[0].isupper() for one in some), len(some)) for some in begins
        )
        assert tells["holds a comma"] == tuple(
            percent(sum("," in one for one in some), len(some)) for some in begins
        )


def test_kinds_by_proofs(page: Page, rows: list[dict[str, Any]]) -> None:
    counts = Counter(
        pair for row in rows for pair in zip(row["negative_kinds"], row["negative_proofs"], strict=True)
    )
    [table] = [table for name, table in page.tables.items() if name.startswith("Negatives by kind and proof")]
    proofs = table[0][1:-2]
    shown = {
        (row[0], proof): int(cell.replace(",", ""))
        for row in table[1:-2]
        for proof, cell in zip(proofs, row[1:-2], strict=True)
        if cell != "–"
    }
    assert shown == dict(counts)
    by_proof = Counter(proof for row in rows for proof in row["negative_proofs"])
    assert table[-2][1:-2] == [f"{by_proof[proof]:,}" for proof in proofs]
    assert table[-1][1:-2] == [percent(by_proof[proof], 4 * len(rows)) for proof in proofs]


def test_the_funnel_loses_nothing_silently(release: Path, page: Page, rows: list[dict[str, Any]]) -> None:
    manifest = json.loads((release / "manifest.json").read_text())
    funnel = read_funnel(manifest)
    assert funnel is not None
    names = [stage.name for stage in funnel.stages]
    assert names[2:] == ["(picture, triplet)s", "with a picture", "with a proved negative", "records"]
    assert funnel.stages[0].at_least  # sampled: rows of other pictures were not counted
    for before, after in zip(funnel.stages, funnel.stages[1:], strict=False):
        assert before.count - sum(count for _, count in after.losses) == after.count
    assert funnel.stages[-1].count == len(rows)
    told = sum(count for stage in funnel.stages for _, count in stage.losses)
    merged = sum(count for reason, count in funnel.stages[2].losses)
    dropped = sum(count for step in manifest["steps"].values() for count in step["dropped"].values())
    assert told - merged + sum(count for _, _, count in funnel.others) == dropped
    for _, reason, _ in funnel.others:
        assert reason in page.text
    assert f"at least {funnel.stages[0].count:,}" in page.text


def test_a_funnel_with_every_kind_of_loss() -> None:
    steps = {
        "source": {
            "counts": {"relations": 90, "image-triplets": 80},
            "dropped": {
                "relation row: repeated": 7,
                "relation row: malformed row": 3,
                "box row: not a number": 5,
            },
            "notes": ["a note"],
        },
        "pictures": {"counts": {"pictures": 9}, "dropped": {"picture: HTTP 404": 2}, "notes": []},
        "claims": {"counts": {}, "dropped": {"image-triplet: its picture is missing": 6}, "notes": []},
        "records": {"counts": {"records": 50}, "dropped": {NO_NEGATIVE: 20, FEW_SENTENCES: 1}, "notes": []},
    }
    funnel = read_funnel({"steps": steps, "settings": {}})
    assert funnel is not None
    assert [stage.count for stage in funnel.stages] == [100, 90, 80, 74, 54, 50]
    assert funnel.stages[1].losses == [("repeated", 7), ("malformed row", 3)]
    assert funnel.stages[3].notes == ["2 × picture: HTTP 404"]
    assert funnel.stages[5].losses == [("fewer than three different sentences", 1), (UNNAMED, 3)]
    assert funnel.others == [("source", "box row: not a number", 5)]
    assert funnel.notes == [("source", "a note")]
    assert not funnel.stages[0].at_least
    assert read_funnel({}) is None


def test_examples_are_records_with_their_captions(page: Page, rows: list[dict[str, Any]]) -> None:
    by_id = {row["id"]: row for row in rows}
    tables = {
        name.removeprefix("Captions of "): table
        for name, table in page.tables.items()
        if name.startswith("Captions of ")
    }
    assert len(tables) == 12
    assert len({by_id[name]["relation"] for name in tables}) == min(
        12, len({row["relation"] for row in rows})
    )
    for name, table in tables.items():
        row = by_id[name]
        negatives = captions_of(row, "negative")
        told = zip(negatives, row["negative_kinds"], row["negative_proofs"], strict=True)
        assert [cells[0] for cells in table[1:]] == captions_of(row, "positive")
        assert [cells[1] for cells in table[1:]] == [f"{one} {kind}, {proof}" for one, kind, proof in told]


def test_pictures_are_small_and_embedded(page: Page, text: str) -> None:
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    assert len(images) == 12 + 2  # of the examples and of a group
    for image in images:
        assert image["alt"]
        kind, data = (image["src"] or "").split(",")
        assert kind == "data:image/jpeg;base64"
        with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
            assert max(picture.size) == 320
            assert picture.size == (int(image["width"] or 0), int(image["height"] or 0))
    assert len(text) < 3_000_000
    assert sum(attributes.get("class") == "overlay" for _, attributes in page.tags) == 14


def test_the_page_loads_nothing(text: str) -> None:
    assert_loads_nothing(text)


def test_the_page_can_be_read_aloud(page: Page) -> None:
    assert page.tags[0] == ("html", {"lang": "en"})
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    count = Counter(tag for tag, _ in page.tags)
    assert count["caption"] == count["table"] == len(page.tables)
    links = {attributes["href"] for tag, attributes in page.tags if tag == "a"}
    assert links <= {f"#{name}" for name in page.ids}


def test_equal_releases_give_equal_bytes(release: Path, text: str, tmp_path: Path) -> None:
    copy = shutil.copytree(release, tmp_path / "elsewhere" / "0.0.1.partial")
    (copy / "report.html").unlink()
    (copy / "README.md").write_text("another card")
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["files"] = {
        name: entry for name, entry in manifest["files"].items() if "/" in name or "csv" in name
    }
    (copy / "manifest.json").write_text(json.dumps(manifest, sort_keys=True))
    path = write_report(copy, copy / "report.html")
    assert path.read_bytes() == text.encode()
    assert not list(copy.glob("*.partial"))
    assert str(tmp_path) not in text
    assert write_report(copy, copy / "report.html").read_bytes() == text.encode()


def test_the_release_has_this_page(release: Path, text: str) -> None:
    """Written by the build, before the release had its name; there with the attack."""
    built = Page((release / "report.html").read_text())
    now = Page(text)
    assert built.tiles["records"] == now.tiles["records"]
    assert "By attacker" in built.tables
    for name, table in now.tables.items():
        if name != "Settings":
            assert built.tables[name] == table


def test_relation_names_that_the_vocabulary_does_not_have(altered: Callable[..., Path]) -> None:
    manifest = json.loads((altered() / "manifest.json").read_text())
    manifest["steps"]["source"]["unmapped"] = {"glistening by": 7, "<b>towards</b>": 1200}
    page = Page(render_report(Release(altered(steps=manifest["steps"]))))
    [table] = [table for name, table in page.tables.items() if name.startswith("Relation names")]
    assert table[1:] == [["<b>towards</b>", "1,200"], ["glistening by", "7"]]
