"""Noun phrases: a noun with its article, its forms of *be* and *have*, and its pronouns."""

from __future__ import annotations

from dataclasses import dataclass

from naturel.annotations.nouns import Noun, Number

_HE, _SHE = ("he", "him"), ("she", "her")
_PRONOUNS = {"man": _HE, "boy": _HE, "guy": _HE, "woman": _SHE, "girl": _SHE, "lady": _SHE}
"""Nouns for people whose pronoun is plain. Another person gets none: English has only a contested one."""

_PEOPLE = frozenset(
    {"person", "people", "men", "women", "boys", "girls", "child", "children", "kid", "player"}
)
"""More nouns for people, for sources that do not say what kind of thing a label names."""

_VOWELS = frozenset("aeiou")


@dataclass(frozen=True)
class NounPhrase:
    """One participant of a claim, ready to be put into a sentence.

    A twin is a participant whose noun the other participant has as well. Its two phrases are both
    indefinite, and `distinguish` turns the second into "another man".
    """

    noun: Noun
    twin: bool = False
    adjective: str = ""

    @property
    def bare(self) -> str:
        """The noun without an article: "cat", "wooden table"."""
        return f"{self.adjective} {self.noun.noun}".strip()

    @property
    def the(self) -> str:
        """The definite phrase: "the cat"."""
        return self.a if self.twin else f"the {self.bare}"

    @property
    def a(self) -> str:
        """The indefinite phrase: "a cat", "an egg", "jeans", "milk"."""
        if self.noun.number is not Number.SINGULAR:
            return f"some {self.bare}" if self.twin else self.bare
        if self.is_unique:
            return f"the {self.bare}"
        by_spelling = "an" if self.bare[0].lower() in _VOWELS else "a"
        return f"{by_spelling if self.adjective else self.noun.article} {self.bare}"

    @property
    def another(self) -> str:
        """The second phrase of a pair of twins: "another cat", "some other jeans"."""
        determiner = "another" if self.noun.number is Number.SINGULAR else "some other"
        return f"{determiner} {self.bare}"

    @property
    def is_unique(self) -> bool:
        """Whether a picture has only one of it, so that it is known without being introduced: "the sky"."""
        return self.noun.article == "the"

    @property
    def is_plural(self) -> bool:
        """Whether the noun takes "are"."""
        return self.noun.number is Number.PLURAL

    @property
    def is_person(self) -> bool:
        """Whether the noun takes "who"."""
        return self.noun.kind == "person" or self.noun.noun in _PRONOUNS or self.noun.noun in _PEOPLE

    @property
    def be(self) -> str:
        """The form of *be* that agrees."""
        return "are" if self.is_plural else "is"

    @property
    def have(self) -> str:
        """The form of *have* that agrees."""
        return "have" if self.is_plural else "has"

    @property
    def this(self) -> str:
        """The demonstrative with its form of *be*: "this is", "these are"."""
        return "these are" if self.is_plural else "this is"

    @property
    def who(self) -> str:
        """The relative pronoun as a subject."""
        return "who" if self.is_person else "that"

    @property
    def whom(self) -> str:
        """The relative pronoun as an object."""
        return "whom" if self.is_person else "that"

    @property
    def which(self) -> str:
        """The relative pronoun after a preposition."""
        return "whom" if self.is_person else "which"

    @property
    def he(self) -> str | None:
        """The pronoun as a subject; None for a person whose pronoun is open."""
        return self._pronoun("it", "they", 0)

    @property
    def him(self) -> str | None:
        """The pronoun as an object; None for a person whose pronoun is open."""
        return self._pronoun("it", "them", 1)

    @property
    def possessive(self) -> str:
        """The definite possessive: "the tree's", "the flowers'"."""
        return f"{self.the}'" if self.is_plural and self.bare.endswith("s") else f"{self.the}'s"

    def _pronoun(self, singular: str, plural: str, case: int) -> str | None:
        if self.is_plural:
            return plural
        if not self.is_person:
            return singular
        pronouns = _PRONOUNS.get(self.noun.noun)
        return pronouns[case] if pronouns else None


def distinguish(text: str, phrase: NounPhrase) -> str:
    """Makes the second of two equal phrases say that it is another one.

    "a man is hugging a man" becomes "a man is hugging another man".
    """
    before, _, after = text.rpartition(phrase.a)
    if phrase.a not in before:
        raise ValueError(f"expected {phrase.a!r} twice in {text!r}")
    return before + phrase.another + after
