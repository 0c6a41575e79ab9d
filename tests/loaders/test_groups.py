"""Groups of which no two share a record: as going through them one by one chooses them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from naturel.loaders.groups import Groups, disjoint

LINKS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda pair: pair[0] != pair[1]), max_size=30
)


@given(links=LINKS, data=st.data())
def test_groups_are_chosen_as_one_by_one(links: list[tuple[int, int]], data: st.DataObject) -> None:
    keys = data.draw(st.permutations(range(len(links))))
    taken: set[int] = set()
    expected = []
    for group in sorted(range(len(links)), key=lambda group: keys[group]):
        if not taken & set(links[group]):
            taken |= set(links[group])
            expected.append(group)
    records = np.array(links, dtype=np.int64).reshape(-1, 2)
    groups = Groups(np.arange(len(links)), records, np.ones_like(records), 0)
    assert disjoint(groups, np.array(keys, dtype=np.uint64), 10).tolist() == expected
