"""The surface of a caption: one normaliser for the captions of every writer.

Case, quotes, spaces and the final period tell nothing about a caption's truth only if every caption has
them alike; so every caption, whoever wrote it, passes `normalise`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from typing import Literal

Style = Literal["simple", "complex"]
"""Simple: "cat on desk". Complex: "There is a cat on the desk."."""

_STRAIGHT = str.maketrans(dict.fromkeys("‘’‚‛`´", "'") | dict.fromkeys("“”„«»", '"'))
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_SPACE_BEFORE_PUNCTUATION = re.compile(r"\s+(?=[,.;:!?…])")
_END = " \t.,;:!…"


def normalise(text: str, style: Style = "complex", proper: Collection[str] = ()) -> str:
    """Gives a caption the one surface that all captions have.

    Args:
        text: The caption.
        style: A complex caption gets an initial capital and a final period (a question mark is left for the
            checks to see); a simple one gets neither.
        proper: Words that keep their capital at the start of a simple caption ("French"). A word with a
            capital after its first letter, or of one capital letter ("TV", "T-shirt"), always keeps it.

    Returns:
        The caption in NFC with straight quotes and single spaces; normalising it again changes nothing.
    """
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text)).translate(_STRAIGHT)
    text = _SPACE_BEFORE_PUNCTUATION.sub("", " ".join(text.split()))
    text = text.rstrip(_END)
    if not text:
        return ""
    if style == "complex":
        text = _with_first(text, text[0].upper())
        return text if text.endswith("?") else text + "."
    first_word = text.split(" ", 1)[0]
    if first_word in proper or _has_fixed_case(first_word):
        return text
    return _with_first(text, text[0].lower())


def _with_first(text: str, first: str) -> str:
    return unicodedata.normalize("NFC", first + text[1:]) if len(first) == 1 else text


def _has_fixed_case(word: str) -> bool:
    """Whether the word has a capital that a place in the sentence cannot explain: "TV", "iPod", "T-shirt"."""
    return any(letter.isupper() for letter in word[1:]) or bool(re.match(r"[B-HJ-Z]\b", word))
