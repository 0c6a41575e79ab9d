"""Names from files are paths below their folder, or none."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naturel.evaluation.benchmarks.rows import is_safe


@pytest.mark.parametrize("name", ["a.jpg", "VG_100K/61.jpg", "a b/ü.png", "..a.jpg", "a..jpg"])
def test_names_of_photos(name: str) -> None:
    assert is_safe(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/etc/passwd",
        "//host/share",
        "../a.jpg",
        "a/../../b.jpg",
        "..",
        "a/..",
        "..\\a.jpg",
        "C:\\a.jpg",
        "c:a.jpg",
        "a\0.jpg",
        "a" * 256,
        "ü" * 128,
        "a/" * 3000,
        "\ud800.jpg",
    ],
)
def test_names_that_lead_elsewhere_or_cannot_be_names(name: str) -> None:
    assert not is_safe(name)


@given(st.text(alphabet=st.sampled_from("a./\\:\0~C"), max_size=12))
def test_a_safe_name_stays_below_its_folder(name: str) -> None:
    if is_safe(name):
        folder = Path("/nowhere/photos")
        assert Path(*(folder / name).parts).is_relative_to(folder)
        assert ".." not in (folder / name).parts
