"""Which decisions stand, and what follows from several annotators' decisions."""

from __future__ import annotations

import random

from helpers.deciding import decide
from hypothesis import given
from hypothesis import strategies as st

from naturel.annotations.decisions import Decision
from naturel.annotations.verdicts import By, replay, resolve


def standing(*decisions: Decision) -> dict[tuple[str, str], int]:
    """(annotator, key) -> number of the decision that stands; the order of the journal must not matter."""
    shuffled = list(decisions)
    random.Random(0).shuffle(shuffled)
    assert replay(shuffled) == replay(decisions)
    return {place: decision.id.int for place, decision in replay(decisions).items()}


def undo(number: int, retracted: int, annotator: str = "ada", key: str = "k") -> Decision:
    retracts = decide(retracted).id
    return decide(number, annotator, key=key, verdict="undo", retracts=retracts)


def bad(number: int, annotator: str = "ada", **more: object) -> Decision:
    return decide(number, annotator, **({"key": "k", "verdict": "reject", "reason": "awkward"} | more))


def good(number: int, annotator: str = "ada", **more: object) -> Decision:
    return decide(number, annotator, **({"key": "k"} | more))


def test_the_latest_decision_of_each_annotator_stands() -> None:
    assert standing(good(1), bad(2), good(3, "bob"), good(4, key="l")) == {
        ("ada", "k"): 2,
        ("bob", "k"): 3,
        ("ada", "l"): 4,
    }


def test_an_undo_takes_back_one_decision() -> None:
    assert standing(good(1), bad(2), undo(3, 2)) == {("ada", "k"): 1}
    assert standing(good(1), undo(2, 1)) == {}
    assert standing(good(1), bad(2), undo(3, 1)) == {("ada", "k"): 2}


def test_an_undo_can_be_taken_back() -> None:
    assert standing(good(1), bad(2), undo(3, 2), undo(4, 3)) == {("ada", "k"): 2}


def test_nobody_takes_back_what_another_one_decided() -> None:
    assert standing(good(1), undo(2, 1, "bob")) == {("ada", "k"): 1}


def test_a_skip_decides_nothing() -> None:
    skip = good(2, verdict="skip")
    assert standing(good(1), skip) == {("ada", "k"): 1}
    assert standing(skip) == {("ada", "k"): 2}
    assert standing(skip, bad(3)) == {("ada", "k"): 3}
    assert resolve(replay([skip])).outcomes == {}


def test_an_adjudication_gives_way_to_another_one_only() -> None:
    judged = bad(1, adjudication=True)
    assert standing(judged, good(2)) == {("ada", "k"): 1}
    assert standing(judged, good(2, adjudication=True)) == {("ada", "k"): 2}
    assert standing(judged, good(2), undo(3, 1)) == {("ada", "k"): 2}


def outcome(*decisions: Decision) -> tuple[int, By]:
    resolved = resolve(replay(decisions))
    assert not resolved.disputed
    (found,) = resolved.outcomes.values()
    return found.decision.id.int, found.by


def test_one_annotator_decides_alone_and_several_by_majority() -> None:
    assert outcome(good(1)) == (1, By.ONE)
    assert outcome(bad(1), bad(2, "bob", reason="other")) == (2, By.AGREEMENT)
    assert outcome(good(1), bad(2, "bob"), bad(3, "cyd")) == (3, By.MAJORITY)


def test_a_tie_is_disputed_until_somebody_adjudicates() -> None:
    disputed = [good(1), bad(2, "bob")]
    resolved = resolve(replay(disputed))
    assert resolved.outcomes == {}
    assert {key: [one.id.int for one in ones] for key, ones in resolved.disputed.items()} == {"k": [1, 2]}
    assert outcome(*disputed, bad(3, "eve", adjudication=True), good(4, "cyd")) == (3, By.ADJUDICATION)
    later = good(5, "fay", adjudication=True)
    assert outcome(*disputed, bad(3, "eve", adjudication=True), later) == (5, By.ADJUDICATION)


def edit(number: int, annotator: str, text: str) -> Decision:
    return decide(number, annotator, key="k", verdict="edit", text=text)


def test_edits_agree_when_they_end_in_the_same_text() -> None:
    assert outcome(edit(1, "ada", "A cat."), edit(2, "bob", "A cat."), good(3, "cyd")) == (2, By.MAJORITY)
    assert resolve(replay([edit(1, "ada", "A cat."), edit(2, "bob", "One cat.")])).outcomes == {}


def test_a_negative_that_is_true_is_not_any_rejection() -> None:
    def rejected(number: int, annotator: str, reason: str) -> Decision:
        return decide(number, annotator, kind="relation", key="p/c", verdict="reject", reason=reason)

    true, wrong = rejected(1, "ada", "negative_is_true"), rejected(2, "bob", "wrong_relation")
    assert list(resolve(replay([true, wrong])).disputed) == ["p/c"]
    assert outcome(wrong, rejected(3, "cyd", "wrong_box")) == (3, By.AGREEMENT)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("kl"), st.booleans()), max_size=9))
def test_every_key_that_was_decided_has_one_fate(votes: list[tuple[str, str, bool]]) -> None:
    decisions = [
        (good if accepts else bad)(number, annotator, key=key)
        for number, (annotator, key, accepts) in enumerate(votes)
    ]
    resolved = resolve(replay(decisions))
    assert {key for _, key, _ in votes} == resolved.outcomes.keys() | resolved.disputed.keys()
    assert not resolved.outcomes.keys() & resolved.disputed.keys()
    for key, found in resolved.outcomes.items():
        last = {annotator: accepts for annotator, at, accepts in votes if at == key}
        assert (sum(last.values()) * 2 > len(last)) == (found.decision.verdict == "accept")
        assert found.annotators == tuple(sorted(last))
