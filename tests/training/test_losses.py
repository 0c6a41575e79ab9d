"""Losses against matrices that can be worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log

import pytest
import torch

from naturel.training.losses import Marks, accuracy, sigmoid_loss, softmax_loss

LN2, LN3 = log(2), log(3)


def marks(
    shape: tuple[int, int],
    pairs: Sequence[tuple[int, int]],
    *,
    weights: Sequence[float] | None = None,
    known: Sequence[tuple[int, int]] = (),
    hard: float = 1.0,
) -> Marks:
    """Marks of `pairs`; cells of `known` are true as well, sentences without a pair count `hard`."""
    neutral = torch.zeros(shape, dtype=torch.bool)
    for cell in (*pairs, *known):
        neutral[cell] = True
    columns = torch.full((shape[1],), hard)
    columns[[text for _, text in pairs]] = 1.0
    return Marks(
        torch.tensor([picture for picture, _ in pairs]),
        torch.tensor([text for _, text in pairs]),
        torch.tensor(weights or [1.0] * len(pairs)),
        neutral,
        columns,
    )


def test_uniform_scores_are_a_choice_among_all() -> None:
    loss = softmax_loss(torch.zeros(4, 4), marks((4, 4), [(i, i) for i in range(4)]))
    assert loss.item() == pytest.approx(log(4))


def test_a_softmax_worked_out_by_hand() -> None:
    logits = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    rows = [log(exp(1) + 1) - 1, log(1 + exp(2)) - 2]
    columns = rows  # the matrix is symmetric
    expected = (sum(rows) + sum(columns)) / 4
    assert softmax_loss(logits, marks((2, 2), [(0, 0), (1, 1)])).item() == pytest.approx(expected)


@pytest.mark.parametrize(("hard", "rows"), [(1.0, log(4)), (0.5, log(3)), (0.0, LN2), (3.0, log(8))])
def test_hard_negatives_are_columns_of_pictures_only(hard: float, rows: float) -> None:
    """Two pictures, their sentences, two hard negatives: pictures choose among 2 + 2 * weight, sentences among 2."""
    found = softmax_loss(torch.zeros(2, 4), marks((2, 4), [(0, 0), (1, 1)], hard=hard))
    assert found.item() == pytest.approx((rows + LN2) / 2)


def test_a_hard_negative_of_one_picture_that_is_true_of_another_counts_for_the_one_alone() -> None:
    """Three sentences; the third is the first picture's hard negative, and known to be true of the second."""
    found = softmax_loss(torch.zeros(2, 3), marks((2, 3), [(0, 0), (1, 1)], known=[(1, 2)]))
    assert found.item() == pytest.approx(((LN3 + LN2) / 2 + LN2) / 2)


def test_a_sentence_that_is_true_of_another_picture_is_no_negative_either_way() -> None:
    """Both sentences are true of both pictures: nothing is left to tell apart."""
    logits = torch.tensor([[1.0, 5.0], [3.0, 0.0]], requires_grad=True)
    loss = softmax_loss(logits, marks((2, 2), [(0, 0), (1, 1)], known=[(0, 1), (1, 0)]))
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.item() == 0
    assert logits.grad is not None
    assert torch.equal(logits.grad, torch.zeros(2, 2))


def test_two_pictures_of_one_sentence_do_not_compete_for_it() -> None:
    """Three pictures, two sentences; the first is true of two pictures.

    Its pictures choose among 2 sentences, it chooses each of its pictures among that one and the third; the second
    sentence chooses among 3.
    """
    found = softmax_loss(torch.zeros(3, 2), marks((3, 2), [(0, 0), (1, 0), (2, 1)]))
    assert found.item() == pytest.approx((3 * LN2 / 2 + (2 * LN2 + LN3) / 2) / 3)


def test_in_a_group_each_sentence_is_the_negative_of_the_other_picture() -> None:
    logits = torch.tensor([[2.0, 1.0], [0.5, 3.0]])
    rows = [log(exp(2) + exp(1)) - 2, log(exp(0.5) + exp(3)) - 3]
    columns = [log(exp(2) + exp(0.5)) - 2, log(exp(1) + exp(3)) - 3]
    for hard in (0.0, 1.0):  # both are positives somewhere, so the weight changes nothing
        found = softmax_loss(logits, marks((2, 2), [(0, 0), (1, 1)], hard=hard))
        assert found.item() == pytest.approx((sum(rows) + sum(columns)) / 4)


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0, 2.0])
def test_hard_positives_have_the_same_loss_with_their_weight(weight: float) -> None:
    """A picture with two true sentences against another with one: they do not compete with each other."""
    logits = torch.tensor([[3.0, 1.0, 0.0], [0.0, 0.0, 2.0]])
    first = (log(exp(3) + 1) - 3) / 2 + (log(exp(3) + 1) - 3) / 2
    second = (log(exp(1) + 1) - 1) / 2 + (log(exp(1) + 1) - 1) / 2
    other = (log(1 + 1 + exp(2)) - 2) / 2 + (log(1 + exp(2)) - 2) / 2
    pairs = [(0, 0), (0, 1), (1, 2)]
    found = softmax_loss(logits, marks((2, 3), pairs, weights=[1.0, weight, 1.0]))
    assert found.item() == pytest.approx((first + weight * second + other) / (2 + weight))


def test_the_blank_picture_is_one_more_for_sentences_to_refuse() -> None:
    """One pair and a picture without a sentence: the picture has no choice, the sentence one of two."""
    assert softmax_loss(torch.zeros(2, 1), marks((2, 1), [(0, 0)])).item() == pytest.approx(LN2 / 2)


def test_a_picture_whose_negatives_count_nothing_gives_no_gradient_out_of_bounds() -> None:
    logits = torch.zeros(1, 2, requires_grad=True)
    softmax_loss(logits, marks((1, 2), [(0, 0)], hard=0.0)).backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert torch.equal(logits.grad, torch.zeros(1, 2))


def test_each_cell_of_the_sigmoid_loss_is_a_question() -> None:
    """Four cells of ln 2, over two pictures."""
    assert sigmoid_loss(torch.zeros(2, 2), marks((2, 2), [(0, 0), (1, 1)])).item() == pytest.approx(2 * LN2)


def test_a_sigmoid_loss_worked_out_by_hand() -> None:
    """Two positives, two negatives of a picture, and a sentence that is known to be true: 2 + 2 cells."""
    logits = torch.tensor([[1.0, 2.0, -1.0, 0.5, 9.0]])
    found = sigmoid_loss(
        logits, marks((1, 5), [(0, 0), (0, 1)], weights=[1.0, 0.5], known=[(0, 4)], hard=2.0)
    )
    expected = log(1 + exp(-1)) + 0.5 * log(1 + exp(-2)) + 2 * (log(1 + exp(-1)) + log(1 + exp(0.5)))
    assert found.item() == pytest.approx(expected)


def test_the_sigmoid_loss_is_divided_by_pictures_that_have_a_sentence() -> None:
    """Two pairs of one picture, and a blank picture: four cells of ln 2 over one picture."""
    assert sigmoid_loss(torch.zeros(2, 2), marks((2, 2), [(0, 0), (0, 1)])).item() == pytest.approx(4 * LN2)


def test_accuracy_counts_pairs_that_beat_every_negative() -> None:
    logits = torch.tensor([[2.0, 1.0, 3.0], [0.0, 1.0, 0.0]])
    pairs = [(0, 0), (1, 1)]
    assert accuracy(logits, marks((2, 3), pairs)).item() == 0.5
    assert accuracy(logits, marks((2, 3), pairs, hard=0.0)).item() == 1
    assert accuracy(logits, marks((2, 3), pairs, known=[(0, 2)])).item() == 1
    assert accuracy(torch.zeros(2, 2), marks((2, 2), pairs)).item() == 0
