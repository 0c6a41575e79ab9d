"""Where two arrays differ, whatever is nested in them."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naturel.builders.publishing.unequal import unequal

BOX = pa.list_(pa.float32(), 2)
NAN = float("nan")
TEXT = st.none() | st.sampled_from(["", "a", "b"])
NUMBER = st.none() | st.sampled_from([0.0, 0.5])
CASES: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "text": (pa.string(), TEXT),
    "number": (pa.int16(), st.none() | st.integers(0, 2)),
    "list": (pa.list_(pa.string()), st.none() | st.lists(TEXT, max_size=2)),
    "fixed list": (BOX, st.none() | st.lists(NUMBER, min_size=2, max_size=2)),
    "list of lists": (pa.list_(BOX), st.lists(st.lists(NUMBER, min_size=2, max_size=2), max_size=2)),
    "struct": (
        pa.struct({"text": pa.string(), "box": BOX}),
        st.none()
        | st.fixed_dictionaries({"text": TEXT, "box": st.none() | st.lists(NUMBER, min_size=2, max_size=2)}),
    ),
}


@pytest.mark.parametrize("case", CASES)
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_it_is_what_python_finds(case: str, data: st.DataObject) -> None:
    kind, value = CASES[case]
    pairs = data.draw(st.lists(st.tuples(value, value), max_size=5))
    left, right = (pa.array([pair[side] for pair in pairs], kind) for side in (0, 1))
    assert unequal(left, right).tolist() == [one != other for one, other in pairs]


def test_what_is_not_a_number_equals_itself() -> None:
    left = pa.array([NAN, NAN, 1.0, None], pa.float32())
    right = pa.array([NAN, 1.0, NAN, NAN], pa.float32())
    assert unequal(left, right).tolist() == [False, True, True, True]
