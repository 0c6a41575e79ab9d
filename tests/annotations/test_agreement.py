"""Agreement, against worked examples from the literature."""

from __future__ import annotations

from collections import Counter

import pytest
from helpers.deciding import about, decide
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from naturel.annotations.agreement import (
    PairAgreement,
    by_group,
    cohen_kappa,
    disagreements,
    krippendorff_alpha,
    measure,
    of_annotators,
    of_reason,
    of_verdicts,
    votes_of,
)
from naturel.annotations.decisions import Decision


def units(*observers: str) -> list[list[str]]:
    """The labels of each unit, from one line an observer; a dot is a missing value."""
    return [[label for label in column if label != "."] for column in zip(*observers, strict=True)]


def crossed(both: int, first: int, second: int, neither: int) -> list[tuple[str, str]]:
    """Pairs of labels, from the cells of a 2 x 2 table."""
    cells = Counter(
        {("yes", "yes"): both, ("yes", "no"): first, ("no", "yes"): second, ("no", "no"): neither}
    )
    return list(cells.elements())


@pytest.mark.parametrize(
    ("observers", "alpha"),
    [
        # Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011): A, binary data of two observers.
        (("0100000010", "1110010000"), 0.095),
        # B, nominal data of two observers.
        (("aabbdcccedda", "babbbccceddd"), 0.692),
        # C, nominal data of any number of observers, with missing values.
        (("123321412...", "1233224125.3", ".3332342251.", "12332441251."), 0.743),
    ],
)
def test_alpha_of_krippendorffs_examples(observers: tuple[str, ...], alpha: float) -> None:
    assert krippendorff_alpha(units(*observers)) == about(alpha, 0.0005)


@pytest.mark.parametrize(
    ("table", "raw", "kappa"),
    [
        # Feinstein and Cicchetti, "High agreement but low kappa: I" (1990): equal agreement, another prevalence.
        # By chance (49 * 46 + 51 * 54) / 100^2 = .5008, and (90 * 85 + 10 * 15) / 100^2 = .78.
        ((40, 9, 6, 45), 0.85, 0.3492 / 0.4992),
        ((80, 10, 5, 5), 0.85, 0.07 / 0.22),
        # No more than chance: rows of 50 and 50, columns of 50 and 50.
        ((25, 25, 25, 25), 0.5, 0.0),
    ],
)
def test_kappa_of_worked_examples(table: tuple[int, int, int, int], raw: float, kappa: float) -> None:
    pairs = crossed(*table)
    assert cohen_kappa(pairs) == about(kappa)
    judged = [{"ada": one, "bob": other} for one, other in pairs]
    _, both = of_annotators(judged)
    assert both == {("ada", "bob"): PairAgreement(100, about(raw), about(kappa))}


@given(st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from("xyz")), min_size=2, max_size=30))
def test_kappa_is_that_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    kappa = cohen_kappa(pairs)
    if len({label for pair in pairs for label in pair}) == 1:
        assert kappa is None
    else:
        assert kappa == about(cohen_kappa_score(*zip(*pairs, strict=True)))


def test_what_is_not_defined_is_none() -> None:
    assert cohen_kappa([]) is None
    assert krippendorff_alpha([]) is None
    assert krippendorff_alpha([["a"], ["b"]]) is None
    assert krippendorff_alpha([["a", "a"], ["a", "a", "a"]]) is None
    nothing = measure([{"ada": "accept"}])
    assert (nothing.units, nothing.pairs, nothing.raw, nothing.alpha, nothing.prevalence) == (
        0,
        0,
        None,
        None,
        {},
    )


def test_raw_agreement_is_of_pairs_with_their_prevalence() -> None:
    # Three say x, x, y of the first: 1 of 3 pairs is equal. Two agree on the second. The third has one label only.
    found = measure(
        [{"ada": "x", "bob": "x", "cyd": "y"}, {"ada": "y", "bob": "y"}, {"ada": "x"}],
    )
    assert (found.units, found.pairs) == (2, 4)
    assert found.raw == about(2 / 4)
    assert found.prevalence == {"x": about(2 / 5), "y": about(3 / 5)}
    # n = 5; o = (2 * 1) / 2 + (2 * 1) / 1 = 3; by chance 2 * 1 + 3 * 2 = 8: (4 * 3 - 8) / (5 * 4 - 8).
    assert found.alpha == about(4 / 12)


def test_an_annotator_is_held_against_all_others() -> None:
    alone, both = of_annotators(
        [{"ada": "x", "bob": "x", "cyd": "y"}, {"ada": "y", "cyd": "x"}, {"bob": "x"}]
    )
    assert {name: (one.pairs, one.raw) for name, one in alone.items()} == {
        "ada": (3, about(1 / 3)),
        "bob": (2, about(1 / 2)),
        "cyd": (3, 0),
    }
    assert {names: one.pairs for names, one in both.items()} == {
        ("ada", "bob"): 1,
        ("ada", "cyd"): 2,
        ("bob", "cyd"): 1,
    }


def good(number: int, annotator: str, key: str, **more: object) -> Decision:
    return decide(number, annotator, key=key, **more)


def bad(number: int, annotator: str, key: str, reason: str = "awkward", **more: object) -> Decision:
    return decide(number, annotator, key=key, verdict="reject", reason=reason, **more)


JUDGED = [
    good(1, "ada", "k"),
    bad(2, "bob", "k"),
    bad(3, "ada", "l"),
    bad(4, "bob", "l", "ungrammatical"),
    good(5, "ada", "m"),
    good(6, "bob", "m"),
    good(7, "bob", "n"),
    decide(8, "ada", key="n", verdict="skip"),
]


def test_votes_are_what_stands_without_skips_and_adjudications() -> None:
    judged = [*JUDGED, good(9, "ada", "k", adjudication=True), good(10, "cyd", "l", adjudication=True)]
    votes = votes_of(judged)
    assert {key: sorted(by_name) for key, by_name in votes.items()} == {
        "k": ["ada", "bob"],
        "l": ["ada", "bob"],
        "m": ["ada", "bob"],
        "n": ["bob"],
    }
    assert votes["k"]["ada"].id.int == 1


def test_agreement_about_verdicts_reasons_and_groups() -> None:
    votes = votes_of(JUDGED)
    verdicts = measure(of_verdicts(votes))
    assert (verdicts.units, verdicts.raw) == (3, about(2 / 3))
    assert verdicts.prevalence == {"accept": about(1 / 2), "reject": about(1 / 2)}
    awkward = measure(of_reason(votes, "awkward"))
    assert (awkward.raw, awkward.prevalence["awkward"]) == (about(1 / 3), about(2 / 6))
    grouped = by_group(votes, lambda key, decision: ["vowel"] if key in "aeiou" else [decision.kind, key])
    assert {group: found.units for group, found in grouped.items()} == {
        "caption": 3,
        "k": 1,
        "l": 1,
        "m": 1,
        "n": 0,
    }


def test_disagreements_wait_until_they_are_adjudicated() -> None:
    assert {key: [one.annotator for one in ones] for key, ones in disagreements(JUDGED).items()} == {
        "k": ["ada", "bob"]
    }
    assert disagreements([*JUDGED, good(9, "eve", "k", adjudication=True)]) == {}
    # A majority settles what is done about it, and still somebody disagrees.
    assert list(disagreements([*JUDGED, good(9, "eve", "k")])) == ["k"]
