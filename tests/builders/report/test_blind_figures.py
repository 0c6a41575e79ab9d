"""What the report shows of a blind attack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.pages import Page, assert_loads_nothing

from naturel.builders.checks.blind import (
    AttackerResult,
    BlindReport,
    Estimate,
    Rule,
    Slice,
    Tell,
    attack,
)
from naturel.builders.checks.blind_inputs import read_pairs
from naturel.builders.report.blind_figures import BlindFigures, Told, blind_figures, blind_headline
from naturel.builders.report.page import write_report

BEST = Estimate(0.574, 0.553, 0.595, 2000)
REPORT = BlindReport(
    source="/secret/place",
    pairs=2000,
    pairs_available=9000,
    captions=500,
    on_both_sides=0.5,
    group="claim",
    groups=77,
    folds=5,
    seed=0,
    best="word n-grams",
    accuracy=BEST,
    attackers=(
        AttackerResult("word n-grams", BEST, 0.5),
        AttackerResult("rules", Estimate(0.5, 0.4, 0.6, 2000), 0.5),
    ),
    slices=(
        Slice("kind", "swap", Estimate(0.71, 0.65, 0.77, 300)),
        Slice("kind", "contrast", Estimate(0.52, 0.5, 0.54, 700)),
        *(
            Slice("relation", f"relation {n:02}", Estimate(0.9 - n / 100, 0.4, 0.95, 20 + n))
            for n in range(15)
        ),
        Slice("proof", "absent", Estimate(0.5, 0.45, 0.55, 900)),
    ),
    rules=(Rule("words", 0.2, 0.3),),
    positive_tells=(Tell("<b>on it</b>", 1.2, 40, 3),),
    negative_tells=tuple(Tell(f"tell {n}", -1.0, 1, 50 - n) for n in range(15)),
    left_out={},
)


def page_of(release: Path, folder: Path, blind: BlindFigures | None) -> Page:
    text = write_report(release, folder / "page.html", blind).read_text()
    assert_loads_nothing(text)
    assert "/secret" not in text
    return Page(text)


def test_the_attack_is_told(release: Path, tmp_path: Path) -> None:
    page = page_of(release, tmp_path, blind_figures(REPORT))
    assert page.tiles["told without the picture"] == "57.4 %"
    assert page.tables["By attacker"][1] == [
        "word n-grams (best)",
        "Accuracy of word n-grams",
        "57.4 % 55.3–59.5 %",
        "2,000",
    ]
    kinds = page.tables["The best attacker by kind"]
    assert [row[0] for row in kinds[1:]] == ["swap", "contrast"]
    assert kinds[1][2:] == ["71.0 % 65.0–77.0 %", "300"]
    assert page.tables["The best attacker by proof"][1][0] == "absent"
    relations = [row[0] for row in page.tables["The best attacker by relation"][1:]]
    assert relations == [f"relation {n:02}" for n in range(3, 15)] + [
        "3 rarer"
    ]  # those with most pairs, best first
    assert page.tables["Words that give a positive away (^ start, $ end)"][1] == [
        "<b>on it</b>",
        "",
        "40",
        "3",
    ]
    assert len(page.tables["Words that give a negative away (^ start, $ end)"]) == 1 + 10
    assert page.tables["Form alone: which caption of a pair has more"][1][2:] == ["20.0 %", "30.0 %"]
    assert page.tiles["pairs tried"] == "2,000"
    assert "of 9,000, 77 groups by claim" in page.text
    assert not [name for name in page.tiles if name.startswith("limit")]


@pytest.mark.parametrize(("limit", "said"), [(0.6, "✓ passed"), (0.55, "✗ not passed"), (0.574, "✓ passed")])
def test_a_limit_is_held_against_it(release: Path, tmp_path: Path, limit: float, said: str) -> None:
    page = page_of(release, tmp_path, blind_figures(REPORT, limit))
    assert page.tiles[f"limit of this build (--max-blind {limit:g})"] == said
    kept = "kept" if "not" not in said else "not kept"
    assert f"the limit of {100 * limit:.1f} % is {kept}" in page.text


def test_the_limit_is_compared_as_the_manifest_writes_it() -> None:
    best = Told("x", 0.55003, 0.5, 0.6, 10)
    assert BlindFigures(best, limit=0.55).passed
    assert not BlindFigures(replace(best, accuracy=0.5501), limit=0.55).passed


def test_the_manifest_has_the_overall_figure(altered: Callable[..., Path], tmp_path: Path) -> None:
    said = {"best": "rules", "accuracy": 0.61, "low": 0.6, "high": 0.62, "pairs": 80}
    page = page_of(altered(blind=said), tmp_path, None)
    assert page.tiles["told without the picture"] == "61.0 %"
    assert "By attacker" not in page.tables
    assert "naturel report --blind" in page.text
    assert blind_headline({"blind": said | {"limit": 0.6}}) == BlindFigures(
        Told("rules", 0.61, 0.6, 0.62, 80), limit=0.6
    )


@pytest.mark.parametrize("said", [{}, {"not_done": "too few pairs"}])
def test_no_attack_is_said(altered: Callable[..., Path], tmp_path: Path, said: dict[str, str]) -> None:
    page = page_of(altered(blind=said), tmp_path, None)
    assert "No attack was made for this page" in page.text
    assert "told without the picture" not in page.tiles


def test_a_real_attack(release: Path, tmp_path: Path) -> None:
    found = attack(read_pairs(release))
    page = page_of(release, tmp_path, blind_figures(found, 0.9))
    assert len(page.tables["By attacker"]) == 1 + len(found.attackers)
    assert len(page.tables["The best attacker by kind"]) == 1 + len(found.by("kind"))
    assert page.tiles["told without the picture"] == f"{100 * found.accuracy.value:.1f} %"
