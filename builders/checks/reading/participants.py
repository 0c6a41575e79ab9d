"""Which of a sentence's things are the two things of the claim, and what the others are."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from naturel.annotations.claims import Claim
from naturel.annotations.nouns import NounKind, NounTable
from naturel.annotations.words import Lexicon
from naturel.builders.checks.reading.items import Item, Kind
from naturel.builders.checks.reading.wordings import Wordings, split

SUBJECT, OBJECT = "subject", "object"
_ABSTRACT = (
    "ness",
    "tion",
    "sion",
    "ment",
    "ance",
    "ence",
    "ity",
    "ship",
    "hood",
    "dom",
    "ism",
    "ure",
    "age",
    "light",
)
_PERSONAL = {"he", "she", "him", "himself", "herself", "her"}


class Role(StrEnum):
    """What a thing in the sentence is to the claim."""

    SUBJECT = "subject"
    OBJECT = "object"
    EITHER = "either"
    """It can be both: the nouns are the same, or one is a kind of the other."""
    OTHER = "other"
    """A thing that is neither."""
    BODY = "body"
    IMAGE = "image"
    SCENERY = "scenery"
    UNKNOWN = "unknown"


@dataclass
class Participants:
    """The two things of a claim, as a reader recognises them."""

    claim: Claim
    nouns: NounTable
    lexicon: Lexicon
    wordings: Wordings
    _roles: dict[str, Role] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.labels: dict[str, frozenset[str]] = {}
        self.names: dict[str, frozenset[str]] = {}
        for role, noun in ((SUBJECT, self.claim.subject), (OBJECT, self.claim.object)):
            known = self.nouns.by_label(noun) or self.nouns.by_noun(noun)
            self.labels[role] = frozenset({known.label}) if known else frozenset()
            entry = known or self.nouns.noun_for(noun)
            said = {noun, entry.noun, entry.plural, *entry.synonyms} - {""}
            self.names[role] = frozenset(name.lower() for name in said)
        every = {split(name) for names in self.names.values() for name in names}
        self.long_names = frozenset(name for name in every if len(name) > 1)
        self.last_words = {name.split()[-1] for names in self.names.values() for name in names}

    def is_thing(self, word: str) -> bool:
        """Whether a word names one of the two, or ends the name of one."""
        return word in self.last_words

    def is_name(self, word: str) -> bool:
        """Whether a word names a thing of any kind."""
        return word in self.last_words or bool(self.lexicon.labels_of(word)) or self.lexicon.is_other(word)

    def role(self, item: Item) -> Role:
        """What a thing of the sentence is: decided by the longest ending of its words that is known."""
        words = list(item.words)
        if (
            item.head in self.wordings.body
            and not self.is_thing(item.words[-1])
            and not self.is_thing(item.head)
        ):
            return Role.BODY
        for start in range(len(words)):
            for last in dict.fromkeys((words[-1], item.head)):
                phrase = " ".join([*words[start:-1], last])
                if role := self._named(phrase, item):
                    return role
        return Role.UNKNOWN

    def _named(self, phrase: str, item: Item) -> Role | None:
        exact = [role for role in (SUBJECT, OBJECT) if phrase in self.names[role]]
        if exact:
            kinds = exact + [
                role
                for role in (SUBJECT, OBJECT)
                if role not in exact and self.labels[role] & self.lexicon.labels_of(phrase)
            ]
            return Role.EITHER if len(kinds) == 2 else Role(exact[0])
        labels = self.lexicon.labels_of(phrase)
        matching = [role for role in (SUBJECT, OBJECT) if self.labels[role] & labels]
        if matching:
            return Role.EITHER if len(matching) == 2 else Role(matching[0])
        if phrase in self.wordings.image_nouns:
            return Role.IMAGE
        if phrase in self.wordings.places:
            return Role.SCENERY
        if labels:
            return Role.OTHER
        if self.lexicon.is_scenery(phrase):
            return Role.SCENERY
        if self.lexicon.is_other(phrase) or self.lexicon.is_group(phrase):
            return Role.OTHER
        if phrase == item.head and phrase.endswith(_ABSTRACT) and len(phrase) > 6:
            return Role.SCENERY
        return None

    def _kinds(self, role: str) -> set[NounKind]:
        return {self.nouns.nouns[label].kind for label in self.labels[role]}

    def is_person(self, role: str) -> bool:
        """Whether one of the two is a person (or an animal, of which "he" may be said)."""
        return bool(self._kinds(role) & {NounKind.PERSON, NounKind.ANIMAL})

    def is_clothing(self, role: str) -> bool:
        """Whether one of the two is worn."""
        return bool(self._kinds(role) & {NounKind.CLOTHING})

    def pronoun(self, word: str) -> str | None:
        """The one of the two that a pronoun can only mean, by its gender; None where both or neither fit."""
        if word in _PERSONAL:
            fits = [role for role in (SUBJECT, OBJECT) if self.is_person(role)]
        elif word in ("it", "itself"):
            person = {role: bool(self._kinds(role) & {NounKind.PERSON}) for role in (SUBJECT, OBJECT)}
            fits = [role for role in (SUBJECT, OBJECT) if not person[role]]
        else:
            return None
        return fits[0] if len(fits) == 1 else None


def assign(items: list[Item], participants: Participants) -> dict[int, Role]:
    """Give each thing of a sentence its role; where a thing could be either, the one that is not yet taken.

    Returns:
        Number of the item -> role. Things of a role that stand twice are the same thing.
    """
    roles = {i: participants.role(item) for i, item in enumerate(items) if item.kind == Kind.THING}
    taken: set[Role] = {role for role in roles.values() if role in (Role.SUBJECT, Role.OBJECT)}
    for i, role in roles.items():
        if role == Role.EITHER:
            free = [one for one in (Role.SUBJECT, Role.OBJECT) if one not in taken]
            roles[i] = free[0] if free else Role.OTHER
            taken.add(roles[i])
    seen: set[Role] = set()
    for i, role in sorted(roles.items()):
        if role in (Role.SUBJECT, Role.OBJECT):
            if role in seen and items[i].determiner in ("another", "other"):
                roles[i] = Role.OTHER
            seen.add(role)
    return roles
