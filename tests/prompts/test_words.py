"""The words of a claim: one line each, and what they offer to a construction."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naturel.prompts.words import ClaimWords, Feature, one_line


def test_texts_become_one_line() -> None:
    words = ClaimWords(
        "a\ncat is\ton a desk ",
        "a \r\n cat",
        "on",
        "a desk",
        paraphrases=("on\u2028top\x85of", "at\x00op"),
    )
    assert (words.statement, words.subject) == ("a cat is on a desk", "a cat")
    assert words.paraphrases == ("on top of", "at op")


@given(st.text())
def test_one_line_has_no_breaks_and_is_stable(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert line == line.strip()
    assert one_line(line) == line
    assert [c for c in line if not c.isspace()] == [
        c for c in text if c.isprintable() or c in line if not c.isspace()
    ]


@pytest.mark.parametrize("blank", ["", " ", "\n\t", "\x00"])
def test_blank_words_are_refused(blank: str) -> None:
    with pytest.raises(ValueError, match="subject, relation must not be blank"):
        ClaimWords("a cat is on a desk", blank, blank, "a desk")


def test_what_words_offer() -> None:
    plain = ClaimWords("a cat is on a desk", "a cat", "on", "a desk", place=True)
    assert plain.features == {Feature.RELATION, Feature.PLACE, Feature.DISTINCT}
    full = ClaimWords(
        "a man is holding another man",
        "a man",
        "holding",
        "another man",
        paraphrases=("gripping",),
        inverse="another man is held by a man",
        passive="is being held by",
        verb=True,
        twins=True,
    )
    expected = {Feature.RELATION, Feature.VERB, Feature.PASSIVE, Feature.INVERSE, Feature.OTHER_WORDS}
    assert full.features == expected
    attribute = ClaimWords("a table is wooden", "a table", "wooden")
    assert attribute.features == {Feature.ATTRIBUTE, Feature.DISTINCT}
    synonyms = ClaimWords("a bicycle is wooden", "a bicycle", "wooden", subject_synonyms=("bike",))
    assert Feature.OTHER_WORDS in synonyms.features
