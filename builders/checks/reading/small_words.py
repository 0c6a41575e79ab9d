"""The small words of English that hold a sentence together."""

from __future__ import annotations

BE = frozenset(("am", "is", "are", "was", "were", "be", "been", "being", "'re", "'m"))
EXCLAMATIONS = frozenset(("behold",))
"""At the beginning of a sentence they only point: "Behold a cat on a desk." orders nobody to do anything."""
HAVE = frozenset(("has", "have", "having", "had", "'ve"))
WHO = frozenset(("who", "which", "whom", "whose", "where", "what", "whoever"))
PRONOUNS = frozenset(
    (
        "it",
        "he",
        "she",
        "him",
        "they",
        "them",
        "her",
        "himself",
        "herself",
        "itself",
        "themselves",
        "something",
        "someone",
        "somebody",
        "anyone",
        "anything",
        "everything",
        "everyone",
        "i",
        "you",
        "we",
        "us",
        "me",
    )
)
POSSESSIVES = frozenset(("his", "her", "its", "their", "my", "your", "our"))
DETERMINERS = frozenset(
    (
        "a",
        "an",
        "the",
        "this",
        "that",
        "these",
        "those",
        "some",
        "another",
        "each",
        "every",
        "both",
        "all",
        "any",
        "several",
        "many",
        "few",
        "other",
        "such",
        "own",
        "one's",
    )
)
