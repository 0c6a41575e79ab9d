"""Where two Arrow arrays of one type differ, whatever is nested in them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Mask = npt.NDArray[np.bool_]


def unequal(left: pa.Array, right: pa.Array) -> Mask:
    """Which rows differ. Two nulls are equal, and so are two NaNs.

    Args:
        left: n values.
        right: n values of the same type.

    Returns:
        Shape (n,).
    """
    empty_left, empty_right = _mask(left.is_null()), _mask(right.is_null())
    out: Mask = (empty_left != empty_right) | (_values_differ(left, right) & ~empty_left & ~empty_right)
    return out


def _values_differ(left: pa.Array, right: pa.Array) -> Mask:
    """Which rows differ where neither is null; anything elsewhere."""
    kind = left.type
    out = np.zeros(len(left), dtype=np.bool_)
    if pa.types.is_struct(kind):
        for field in kind:
            out |= unequal(pc.struct_field(left, field.name), pc.struct_field(right, field.name))
        return out
    if pa.types.is_fixed_size_list(kind):
        for place in range(kind.list_size):
            out |= unequal(pc.list_element(left, place), pc.list_element(right, place))
        return out
    if pa.types.is_list(kind):
        return _lists_differ(left, right)
    if pa.types.is_floating(kind):
        one, other = (part.to_numpy(zero_copy_only=False) for part in (left, right))
        return np.asarray((one != other) & ~(np.isnan(one) & np.isnan(other)))
    return _mask(pc.fill_null(pc.not_equal(left, right), False))


def _lists_differ(left: pa.Array, right: pa.Array) -> Mask:
    lengths = [
        np.asarray(pc.fill_null(pc.list_value_length(part), 0).to_numpy(zero_copy_only=False))
        for part in (left, right)
    ]
    out: Mask = lengths[0] != lengths[1]
    same = np.flatnonzero(~out)
    members = unequal(*(part.take(pa.array(same)).flatten() for part in (left, right)))
    owner = np.repeat(same, lengths[0][same])
    out[owner[members]] = True
    return out


def _mask(flags: pa.Array) -> Mask:
    return np.asarray(flags.to_numpy(zero_copy_only=False), dtype=np.bool_)
