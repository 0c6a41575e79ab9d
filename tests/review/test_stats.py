"""Figures of journals."""

from __future__ import annotations

from collections import Counter

from helpers.deciding import about, decide

from naturel.review.stats import Pace, compute_stats, pace_of


def test_pace_leaves_pauses_out() -> None:
    # Gaps of 2, 4, 3 and 900 seconds; the last one is a pause. Bob took one decision only.
    ada = [decide(second) for second in (0, 2, 6, 9, 909)]
    assert pace_of([*ada, decide(1, "bob")]) == {"ada": Pace(3.0, about(3600 * 3 / 9))}


def test_figures_count_what_stands() -> None:
    decisions = [
        decide(1, key="k"),
        decide(2, key="k", verdict="reject", reason="awkward"),
        decide(3, key="l"),
        decide(4, key="l", verdict="undo", retracts=decide(3).id),
        decide(5, "bob", key="k"),
        decide(6, "bob", key="m", verdict="skip"),
        decide(7, "bob", key="n"),
        decide(8, "cyd", key="n"),
        decide(9, "ada", key="n", verdict="reject", reason="other"),
    ]
    stats = compute_stats(decisions, {"n": ("style: simple", "use: positive")})
    assert stats.lines == 9
    assert stats.standing == Counter(
        {
            ("ada", "caption", "reject", "awkward"): 1,
            ("ada", "caption", "reject", "other"): 1,
            ("bob", "caption", "accept", ""): 2,
            ("bob", "caption", "skip", ""): 1,
            ("cyd", "caption", "accept", ""): 1,
        }
    )
    assert stats.outcomes == Counter({"majority": 1})
    assert (stats.disputed, stats.disagreements) == (1, 2)
    # k: one pair, unequal. n: three pairs, one equal.
    assert {group: (found.units, found.pairs, found.raw) for group, found in stats.agreement.items()} == {
        "everything": (2, 4, about(1 / 4)),
        "kind: caption": (2, 4, about(1 / 4)),
        "style: simple": (1, 3, about(1 / 3)),
        "use: positive": (1, 3, about(1 / 3)),
        "reason: caption, awkward": (2, 4, about(3 / 4)),
        "reason: caption, other": (2, 4, about(1 / 2)),
    }
    assert {name: (one.pairs, one.raw) for name, one in stats.alone.items()} == {
        "ada": (3, 0),
        "bob": (3, about(1 / 3)),
        "cyd": (2, about(1 / 2)),
    }
