"""What two boxes say: measures, rules over them, and the moves of a picture that boxes must follow.

A box is `[x_min, y_min, x_max, y_max]` in fractions of the picture's width and height, origin top left, y
downwards; boxes are arrays of shape (n, 4), and every function works on all rows at once, in float64.

A *degenerate* box has no width, no height or a coordinate that is not finite. It proves nothing: no rule holds
on a row with one. The measures themselves stay finite for it (a ratio over zero is 0).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from naturel.annotations.relations import Rule

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Boxes = FloatArray
"""Shape (n, 4)."""
Measure = Callable[[Boxes, Boxes], FloatArray]
"""From subject boxes and object boxes to one number a row."""


def as_boxes(boxes: ArrayLike) -> Boxes:
    """Return `boxes` as a float64 array of shape (n, 4); one box alone becomes one row.

    Raises:
        ValueError: The last axis does not have four columns.
    """
    array = np.asarray(boxes, dtype=np.float64)
    if array.size == 0:
        return array.reshape(0, 4)
    array = np.atleast_2d(array)
    if array.ndim != 2 or array.shape[1] != 4:
        raise ValueError(f"boxes must have shape (n, 4), not {np.shape(boxes)}")
    return array


def is_degenerate(boxes: ArrayLike) -> BoolArray:
    """Tell which boxes have no area or a coordinate that is not finite."""
    b = as_boxes(boxes)
    with np.errstate(invalid="ignore"):
        flat: BoolArray = ~((b[:, 2] > b[:, 0]) & (b[:, 3] > b[:, 1]))
    return flat | ~np.isfinite(b).all(axis=1)


def _ratio(over: FloatArray, under: FloatArray) -> FloatArray:
    """Divide, giving 0 where the denominator is not positive."""
    return np.divide(over, under, out=np.zeros_like(over), where=under > 0)


def area(boxes: Boxes) -> FloatArray:
    """Area of each box; 0 for an inverted one."""
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    product: FloatArray = np.maximum(width, 0.0) * np.maximum(height, 0.0)
    return product


def diagonal(boxes: Boxes) -> FloatArray:
    """Diagonal of each box, in the same fractions."""
    length: FloatArray = np.hypot(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    return length


def _centre(boxes: Boxes, axis: int) -> FloatArray:
    return (boxes[:, axis] + boxes[:, axis + 2]) / 2


def _clear(first: Boxes, second: Boxes, axis: int) -> FloatArray:
    """Free space along an axis when `first` comes before `second`; negative where it does not."""
    return second[:, axis] - first[:, axis + 2]


def _overlap(s: Boxes, o: Boxes, axis: int) -> FloatArray:
    """Length that two boxes share along an axis."""
    shared = np.minimum(s[:, axis + 2], o[:, axis + 2]) - np.maximum(s[:, axis], o[:, axis])
    length: FloatArray = np.maximum(shared, 0.0)
    return length


def _overlap_share(s: Boxes, o: Boxes, axis: int) -> FloatArray:
    smaller = np.minimum(s[:, axis + 2] - s[:, axis], o[:, axis + 2] - o[:, axis])
    return _ratio(_overlap(s, o, axis), smaller)


def intersection(s: Boxes, o: Boxes) -> FloatArray:
    """Area that the two boxes of each row share."""
    return _overlap(s, o, 0) * _overlap(s, o, 1)


def gap(s: Boxes, o: Boxes) -> FloatArray:
    """Distance between the two boxes of each row, 0 where they touch or overlap."""
    apart_x = np.maximum(np.maximum(_clear(s, o, 0), _clear(o, s, 0)), 0.0)
    apart_y = np.maximum(np.maximum(_clear(s, o, 1), _clear(o, s, 1)), 0.0)
    distance: FloatArray = np.hypot(apart_x, apart_y)
    return distance


MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "dx": lambda s, o: _centre(s, 0) - _centre(o, 0),
        "dy": lambda s, o: _centre(s, 1) - _centre(o, 1),
        "gap": gap,
        "gap_scaled": lambda s, o: _ratio(gap(s, o), np.maximum(diagonal(s), diagonal(o))),
        "left_clear": lambda s, o: _clear(s, o, 0),
        "right_clear": lambda s, o: _clear(o, s, 0),
        "above_clear": lambda s, o: _clear(s, o, 1),
        "below_clear": lambda s, o: _clear(o, s, 1),
        "x_overlap": lambda s, o: _overlap_share(s, o, 0),
        "y_overlap": lambda s, o: _overlap_share(s, o, 1),
        "intersection": intersection,
        "ioa_s": lambda s, o: _ratio(intersection(s, o), area(s)),
        "ioa_o": lambda s, o: _ratio(intersection(s, o), area(o)),
        "area_ratio": lambda s, o: _ratio(area(s), area(o)),
        "bottom_to_top": lambda s, o: s[:, 3] - o[:, 1],
        "bottom_to_bottom": lambda s, o: s[:, 3] - o[:, 3],
        "top_to_top": lambda s, o: s[:, 1] - o[:, 1],
        "left_to_left": lambda s, o: s[:, 0] - o[:, 0],
        "right_to_right": lambda s, o: s[:, 2] - o[:, 2],
    }
)
"""The measures that rules may name, each a function of subject boxes and object boxes.

Attributes:
    dx, dy: Subject's centre minus object's centre; dy > 0 where the subject is lower.
    gap: Distance between the boxes, 0 where they touch.
    gap_scaled: The gap in lengths of the longer of the two diagonals.
    left_clear: Free space between a subject on the left and the object; negative where there is none.
    right_clear, above_clear, below_clear: The same on the other sides.
    x_overlap, y_overlap: Shared length over the smaller of the two lengths, 0 to 1.
    intersection: Shared area.
    ioa_s, ioa_o: Shared area over the subject's (object's) area.
    area_ratio: Subject's area over object's area.
    bottom_to_top: Subject's bottom edge minus object's top edge; near 0 for a cup that stands on a table's rim.
    bottom_to_bottom, top_to_top, left_to_left, right_to_right: Subject's edge minus object's like edge.
"""

OPERATORS: Mapping[str, Callable[[FloatArray, float, float], BoolArray]] = MappingProxyType(
    {
        "<": lambda value, number, margin: value < number - margin,
        "<=": lambda value, number, margin: value <= number - margin,
        ">": lambda value, number, margin: value > number + margin,
        ">=": lambda value, number, margin: value >= number + margin,
    }
)
"""Comparisons of a measure with a number, made stricter by a margin."""


def holds(rule: Rule, subject_boxes: ArrayLike, object_boxes: ArrayLike, margin: float = 0.0) -> BoolArray:
    """Tell on which rows a rule holds.

    Args:
        rule: Alternatives of terms `(measure, operator, number)`; true where all terms of one alternative are.
        subject_boxes: Shape (n, 4).
        object_boxes: Shape (n, 4).
        margin: How much stricter than written each term must be met; negative makes it more lenient.

    Returns:
        One truth value a row. Always false where either box is degenerate, and for the empty rule.

    Raises:
        ValueError: The two arrays do not have the same number of rows.
        KeyError: The rule names an unknown measure or operator.
    """
    s, o = as_boxes(subject_boxes), as_boxes(object_boxes)
    if s.shape != o.shape:
        raise ValueError(f"{len(s)} subject boxes cannot be compared with {len(o)} object boxes")
    if not rule:
        return np.zeros(len(s), dtype=np.bool_)
    usable = ~(is_degenerate(s) | is_degenerate(o))
    if not usable.all():
        result = np.zeros(len(s), dtype=np.bool_)
        result[usable] = holds(rule, s[usable], o[usable], margin)
        return result
    names = dict.fromkeys(measure for terms in rule for measure, _, _ in terms)
    measured = {name: MEASURES[name](s, o) for name in names}
    result = np.zeros(len(s), dtype=np.bool_)
    for terms in rule:
        met = np.ones(len(s), dtype=np.bool_)
        for measure, operator, number in terms:
            met &= OPERATORS[operator](measured[measure], number, margin)
        result |= met
    return result


def holds_by_relation(
    codes: ArrayLike,
    rules: Mapping[Any, Rule],
    subject_boxes: ArrayLike,
    object_boxes: ArrayLike,
    margin: float = 0.0,
) -> BoolArray:
    """Tell on which rows the rule of that row's own relation holds.

    Rows are grouped by relation, so that each rule is evaluated once, and only its own measures.

    Args:
        codes: One relation a row, as a number or a name.
        rules: Rule of each relation; a relation without one never holds.
        subject_boxes: Shape (n, 4).
        object_boxes: Shape (n, 4).
        margin: As in `holds`.

    Returns:
        One truth value a row.

    Raises:
        ValueError: The arrays do not have the same number of rows.
    """
    keys = np.asarray(codes)
    s, o = as_boxes(subject_boxes), as_boxes(object_boxes)
    if not (keys.ndim == 1 and len(keys) == len(s) == len(o)):
        raise ValueError(f"{keys.size} codes, {len(s)} subject boxes and {len(o)} object boxes do not match")
    result = np.zeros(len(s), dtype=np.bool_)
    if not len(s):
        return result
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    for rows in np.split(order, starts[1:]):
        code: Hashable = keys[rows[0]].item() if hasattr(keys[rows[0]], "item") else keys[rows[0]]
        rule = rules.get(code, ())
        if rule:
            result[rows] = holds(rule, s[rows], o[rows], margin)
    return result


def iou(first: ArrayLike, second: ArrayLike) -> FloatArray:
    """Intersection over union of the two boxes of each row; 0 where the union has no area."""
    a, b = as_boxes(first), as_boxes(second)
    shared = intersection(a, b)
    return _ratio(shared, area(a) + area(b) - shared)


def union_box(first: ArrayLike, second: ArrayLike) -> Boxes:
    """Return the smallest box around the two boxes of each row."""
    a, b = as_boxes(first), as_boxes(second)
    return np.hstack([np.minimum(a[:, :2], b[:, :2]), np.maximum(a[:, 2:], b[:, 2:])])


def mirror(boxes: ArrayLike) -> Boxes:
    """Return the boxes of the picture mirrored left to right."""
    b = as_boxes(boxes)
    return np.stack([1.0 - b[:, 2], b[:, 1], 1.0 - b[:, 0], b[:, 3]], axis=1)


def rotate(boxes: ArrayLike, quarter_turns: int) -> Boxes:
    """Return the boxes of the picture turned counterclockwise.

    One turn takes the picture's right edge to the top: a point (x, y) goes to (y, 1 - x).

    Args:
        boxes: Shape (n, 4).
        quarter_turns: Number of quarter turns, any integer; negative turns go clockwise.

    Returns:
        Boxes of the turned picture, in fractions of its own width and height.
    """
    b = as_boxes(boxes).copy()
    match quarter_turns % 4:
        case 1:
            return np.stack([b[:, 1], 1.0 - b[:, 2], b[:, 3], 1.0 - b[:, 0]], axis=1)
        case 2:
            return np.stack([1.0 - b[:, 2], 1.0 - b[:, 3], 1.0 - b[:, 0], 1.0 - b[:, 1]], axis=1)
        case 3:
            return np.stack([1.0 - b[:, 3], b[:, 0], 1.0 - b[:, 1], b[:, 2]], axis=1)
        case _:
            return b
