"""The one surface of all captions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naturel.builders.captions.surface import Style, normalise

COMPLEX = [
    ("the cat is on the desk", "The cat is on the desk."),
    ("The cat is on the desk.", "The cat is on the desk."),
    ("  The  cat\tis on\nthe desk . ", "The cat is on the desk."),
    ("The cat is on the desk!", "The cat is on the desk."),
    ("The cat is on the desk...", "The cat is on the desk."),
    ("On the desk , there is a cat", "On the desk, there is a cat."),
    ("the dog’s left", "The dog's left."),
    ("a “cat” on a desk", 'A "cat" on a desk.'),
    ("french fries are on the plate", "French fries are on the plate."),
    ("the cafe\u0301 has a cat in it", "The café has a cat in it."),
    ("the\u00a0cat is on\u200b the desk", "The cat is on the desk."),
    ("is the cat on the desk ?", "Is the cat on the desk?"),
    ("", ""),
    (" . ", ""),
]

SIMPLE = [
    ("Cat on desk.", "cat on desk"),
    ("cat on desk", "cat on desk"),
    ("French fries on plate", "French fries on plate"),
    ("French fries on plate.", "French fries on plate"),
    ("TV on desk", "TV on desk"),
    ("T-shirt on bed", "T-shirt on bed"),
    ("A cat on desk", "a cat on desk"),
    ("IPod on desk", "IPod on desk"),
    ("Man  holding guitar !", "man holding guitar"),
]


@pytest.mark.parametrize(("text", "expected"), COMPLEX)
def test_complex(text: str, expected: str) -> None:
    assert normalise(text) == expected


@pytest.mark.parametrize(("text", "expected"), SIMPLE)
def test_simple(text: str, expected: str) -> None:
    assert normalise(text, "simple", proper={"French"}) == expected


@given(text=st.text(), style=st.sampled_from(["simple", "complex"]))
def test_normalising_again_changes_nothing(text: str, style: Style) -> None:
    once = normalise(text, style)
    assert normalise(once, style) == once


@given(text=st.text(alphabet=" .,!?’“aAéE\u0301\u200b\u00a0ß", max_size=12))
def test_normalising_again_changes_nothing_among_awkward_letters(text: str) -> None:
    styles: tuple[Style, ...] = ("simple", "complex")
    for style in styles:
        once = normalise(text, style)
        assert normalise(once, style) == once
        assert "  " not in once
        assert once == once.strip()
