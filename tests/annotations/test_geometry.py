"""Measures, rules and moves of boxes, against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from naturel.annotations.geometry import (
    MEASURES,
    as_boxes,
    holds,
    holds_by_relation,
    iou,
    is_degenerate,
    mirror,
    rotate,
    union_box,
)

# A cat high on the left, a desk below it and to the right:
#   cat  x .1-.3  y .2-.5   area .06        desk  x .2-.8  y .4-.8   area .24
CAT = np.array([[0.1, 0.2, 0.3, 0.5]])
DESK = np.array([[0.2, 0.4, 0.8, 0.8]])
# A lamp that touches neither: .3 right of the cat's right edge, .1 above the cat's top.
LAMP = np.array([[0.6, 0.0, 0.7, 0.1]])

BY_HAND = {
    "dx": 0.2 - 0.5,
    "dy": 0.35 - 0.6,
    "gap": 0.0,
    "gap_scaled": 0.0,
    "left_clear": 0.2 - 0.3,
    "right_clear": 0.1 - 0.8,
    "above_clear": 0.4 - 0.5,
    "below_clear": 0.2 - 0.8,
    "x_overlap": 0.1 / 0.2,
    "y_overlap": 0.1 / 0.3,
    "intersection": 0.01,
    "ioa_s": 0.01 / 0.06,
    "ioa_o": 0.01 / 0.24,
    "area_ratio": 0.06 / 0.24,
    "bottom_to_top": 0.5 - 0.4,
    "bottom_to_bottom": 0.5 - 0.8,
    "top_to_top": 0.2 - 0.4,
    "left_to_left": 0.1 - 0.2,
    "right_to_right": 0.3 - 0.8,
}

fractions = st.integers(0, 64).map(lambda n: n / 64)


@st.composite
def boxes(draw: st.DrawFn) -> list[float]:
    x = sorted(draw(st.lists(fractions, min_size=2, max_size=2, unique=True)))
    y = sorted(draw(st.lists(fractions, min_size=2, max_size=2, unique=True)))
    return [x[0], y[0], x[1], y[1]]


def test_every_measure_has_a_value_worked_out_by_hand() -> None:
    assert set(MEASURES) == set(BY_HAND)


@pytest.mark.parametrize(("name", "value"), BY_HAND.items())
def test_measure(name: str, value: float) -> None:
    assert MEASURES[name](CAT, DESK) == pytest.approx([value])


def test_gap_is_the_straight_distance_between_corners() -> None:
    # The lamp lies .3 to the right of the cat and .1 above it.
    assert MEASURES["gap"](CAT, LAMP) == pytest.approx([np.sqrt(0.3**2 + 0.1**2)])
    # The cat's diagonal, sqrt(.2^2 + .3^2), is the longer one.
    assert MEASURES["gap_scaled"](CAT, LAMP) == pytest.approx([np.sqrt(0.10 / 0.13)])


def test_a_rule_is_alternatives_of_joined_terms() -> None:
    both = ((("dx", "<", 0.0), ("dy", ">", 0.0)),)
    either = ((("dx", "<", 0.0),), (("dy", ">", 0.0),))
    assert not holds(both, CAT, DESK)[0]
    assert holds(either, CAT, DESK)[0]
    assert not holds((), CAT, DESK)[0]


@pytest.mark.parametrize(
    ("operator", "number", "margin", "expected"),
    [
        ("<=", 0.25, 0.0, True),
        ("<", 0.25, 0.0, False),
        (">=", 0.25, 0.0, True),
        (">", 0.25, 0.0, False),
        ("<=", 0.3, 0.04, True),
        ("<=", 0.3, 0.06, False),
        (">=", 0.2, 0.04, True),
        (">=", 0.2, 0.06, False),
        ("<", 0.25, -0.01, True),
    ],
)
def test_operators_and_margin(operator: str, number: float, margin: float, expected: bool) -> None:
    # Quarters are exact in binary: the subject's area is .25 of the object's.
    small, large = [[0.0, 0.0, 0.25, 0.25]], [[0.0, 0.0, 0.5, 0.5]]
    rule = ((("area_ratio", operator, number),),)
    assert holds(rule, small, large, margin).tolist() == [expected]


DEGENERATE = [
    [0.2, 0.2, 0.2, 0.5],
    [0.2, 0.2, 0.5, 0.2],
    [0.5, 0.2, 0.2, 0.5],
    [0.1, np.nan, 0.5, 0.5],
    [0.1, 0.1, np.inf, 0.5],
]


@pytest.mark.parametrize("box", DEGENERATE)
def test_a_degenerate_box_proves_nothing(box: list[float]) -> None:
    always = ((("gap", ">=", 0.0),), (("ioa_s", "<=", 1.0),))
    assert is_degenerate([box])[0]
    for s, o in (([box], DESK), (DESK, [box])):
        assert holds(always, s, o).tolist() == [False]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("box", DEGENERATE[:3])
def test_measures_stay_finite_without_area(box: list[float]) -> None:
    for measure in MEASURES.values():
        assert np.isfinite(measure(as_boxes(box), DESK)).all()
        assert np.isfinite(measure(DESK, as_boxes(box))).all()


def test_good_rows_are_judged_beside_degenerate_ones() -> None:
    rule = ((("dx", "<", 0.0),),)
    s = np.vstack([CAT, [DEGENERATE[0]], CAT])
    assert holds(rule, s, np.repeat(DESK, 3, axis=0)).tolist() == [True, False, True]


def test_float32_rows_are_judged_in_float64() -> None:
    s, o = CAT.astype(np.float32), DESK.astype(np.float32)
    assert as_boxes(s).dtype == np.float64
    assert MEASURES["dx"](as_boxes(s), as_boxes(o)) == pytest.approx([-0.3], abs=1e-6)


def test_each_row_is_judged_by_its_own_relation() -> None:
    rules = {"left": ((("dx", "<", 0.0),),), "right": ((("dx", ">", 0.0),),), "never": ()}
    codes = ["left", "right", "never", "unheard of", "right"]
    s, o = np.vstack([CAT, CAT, CAT, CAT, DESK]), np.vstack([DESK, DESK, DESK, DESK, CAT])
    assert holds_by_relation(codes, rules, s, o).tolist() == [True, False, False, False, True]
    numbers = {0: rules["left"], 1: rules["right"]}
    assert holds_by_relation(np.array([0, 1, 7, 7, 1]), numbers, s, o).tolist() == [
        True,
        False,
        False,
        False,
        True,
    ]
    assert holds_by_relation([], rules, [], []).tolist() == []


def test_rows_that_do_not_match_are_refused() -> None:
    with pytest.raises(ValueError, match="2 subject boxes"):
        holds(((("dx", "<", 0.0),),), np.vstack([CAT, CAT]), DESK)
    with pytest.raises(ValueError, match="do not match"):
        holds_by_relation([1], {}, np.vstack([CAT, CAT]), np.vstack([CAT, CAT]))
    with pytest.raises(ValueError, match=r"shape \(n, 4\)"):
        as_boxes([[0.0, 0.0, 1.0]])


def test_union_iou_mirror_rotate_by_hand() -> None:
    assert union_box(CAT, DESK) == pytest.approx(np.array([[0.1, 0.2, 0.8, 0.8]]))
    assert iou(CAT, DESK) == pytest.approx([0.01 / 0.29])
    assert iou([DEGENERATE[0]], [DEGENERATE[0]]).tolist() == [0.0]
    assert mirror(CAT) == pytest.approx(np.array([[0.7, 0.2, 0.9, 0.5]]))
    # Counterclockwise: what was on the right (x .8) comes to the top (y 1 - .8).
    assert rotate(DESK, 1) == pytest.approx(np.array([[0.4, 0.2, 0.8, 0.8]]))
    assert rotate(CAT, 1) == pytest.approx(np.array([[0.2, 0.7, 0.5, 0.9]]))
    assert rotate(CAT, 2) == pytest.approx(np.array([[0.7, 0.5, 0.9, 0.8]]))
    assert rotate(CAT, 3) == pytest.approx(np.array([[0.5, 0.1, 0.8, 0.3]]))
    assert rotate(CAT, -1) == pytest.approx(rotate(CAT, 3))


@given(boxes(), st.integers(-5, 5))
def test_four_turns_and_two_mirrors_change_nothing(box: list[float], turns: int) -> None:
    turned = box
    for _ in range(4):
        turned = rotate(turned, turns)[0].tolist()
    assert turned == box
    assert mirror(mirror(box))[0].tolist() == box


@given(boxes(), boxes())
def test_mirroring_turns_left_into_right(s: list[float], o: list[float]) -> None:
    s_b, o_b = as_boxes(s), as_boxes(o)
    assert MEASURES["left_clear"](s_b, o_b) == MEASURES["right_clear"](mirror(s), mirror(o))
    assert MEASURES["dx"](s_b, o_b) == -MEASURES["dx"](mirror(s), mirror(o))
    for same in ("gap", "dy", "ioa_s", "x_overlap"):
        assert MEASURES[same](s_b, o_b) == MEASURES[same](mirror(s), mirror(o))


@given(boxes(), boxes())
def test_a_quarter_turn_turns_right_into_above(s: list[float], o: list[float]) -> None:
    assert MEASURES["right_clear"](as_boxes(s), as_boxes(o)) == MEASURES["above_clear"](
        rotate(s, 1), rotate(o, 1)
    )
