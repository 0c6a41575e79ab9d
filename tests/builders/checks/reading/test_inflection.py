"""Verb forms; the expected ones are those of a dictionary."""

from __future__ import annotations

import pytest

from naturel.builders.checks.reading.inflection import inflect


@pytest.mark.parametrize(
    ("base", "third", "gerund", "past", "participle"),
    [
        ("hug", "hugs", "hugging", "hugged", "hugged"),
        ("carry", "carries", "carrying", "carried", "carried"),
        ("play", "plays", "playing", "played", "played"),
        ("watch", "watches", "watching", "watched", "watched"),
        ("lie", "lies", "lying", "lay", "lain"),
        ("ride", "rides", "riding", "rode", "ridden"),
        ("hit", "hits", "hitting", "hit", "hit"),
        ("ski", "skis", "skiing", "skied", "skied"),
        ("have", "has", "having", "had", "had"),
        ("devour", "devours", "devouring", "devoured", "devoured"),
        ("squeeze", "squeezes", "squeezing", "squeezed", "squeezed"),
        ("equip", "equips", "equipping", "equipped", "equipped"),
        ("lean", "leans", "leaning", "leaned", "leaned"),
        ("snooze", "snoozes", "snoozing", "snoozed", "snoozed"),
        ("cross", "crosses", "crossing", "crossed", "crossed"),
        ("wear", "wears", "wearing", "wore", "worn"),
    ],
)
def test_forms(base: str, third: str, gerund: str, past: str, participle: str) -> None:
    forms = inflect(base)
    assert (forms.base, forms.third, forms.gerund) == (base, third, gerund)
    assert past in forms.past
    assert participle in forms.participle


def test_the_form_of_a_word() -> None:
    ride = inflect("ride")
    words = ["ride", "rides", "riding", "rode", "ridden", "rider"]
    assert [ride.form_of(word) for word in words] == [
        "base",
        "third",
        "gerund",
        "participle",
        "participle",
        "",
    ]
