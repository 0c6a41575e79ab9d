"""Claims: what a caption states, and the keys by which captions are shared, swapped and chosen."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass

ATTRIBUTE_RELATION = "is"
"""The relation of an attribute claim: ("table", "is", "Wooden")."""


@dataclass(frozen=True, order=True, slots=True)
class Claim:
    """A claim: that the subject stands in the relation to the object.

    Nouns are written as in a sentence ("face"), relations by their canonical name ("on"). An attribute claim
    has the relation "is" and the attribute's label as its object.
    """

    subject: str
    relation: str
    object: str

    @property
    def claim_id(self) -> str:
        """The claim's stable id: 16 hexadecimal digits of the SHA-256 of its parts."""
        parts = "\t".join((self.subject, self.relation, self.object))
        return hashlib.sha256(unicodedata.normalize("NFC", parts).encode()).hexdigest()[:16]

    @property
    def is_attribute(self) -> bool:
        """Whether the claim is about one thing and an attribute of it."""
        return self.relation == ATTRIBUTE_RELATION

    @property
    def pair_key(self) -> str:
        """What a claim shares with its swap and its contrasts: its nouns, in no order."""
        if self.is_attribute:
            return self.subject
        return "\t".join(sorted((self.subject, self.object)))

    def swapped(self) -> Claim:
        """The claim with subject and object exchanged.

        Raises:
            ValueError: For an attribute claim, whose parts cannot change places.
        """
        if self.is_attribute:
            raise ValueError(f"an attribute claim has no swap: {self}")
        return Claim(self.object, self.relation, self.subject)
