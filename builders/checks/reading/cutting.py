"""Cuts a sentence into items: things, relation phrases, and the small words between them."""

from __future__ import annotations

from collections.abc import Callable, Collection

from naturel.builders.checks.reading.items import PUNCTUATION, Item, Kind, Token
from naturel.builders.checks.reading.noun_phrases import NounPhrases
from naturel.builders.checks.reading.small_words import (
    BE,
    DETERMINERS,
    EXCLAMATIONS,
    HAVE,
    POSSESSIVES,
    PRONOUNS,
    WHO,
)
from naturel.builders.checks.reading.wordings import PREPOSITION, TOGETHER, Phrase, PhraseBook

_LOOSE_TAGS = ("RB", "RBR", "JJ", "RP", "UH")
_LOOSE = frozenset(("just", "right", "quite", "so", "very", "far", "too", "own", "both"))
"""What may stand inside a relation phrase: "to the immediate left of", "sits quietly on"."""


def cut(
    tokens: list[Token],
    book: PhraseBook,
    is_thing: Callable[[str], bool],
    is_name: Callable[[str], bool],
    names: Collection[tuple[str, ...]] = (),
) -> list[Item]:
    """Cut a sentence into items.

    Args:
        tokens: The parsed sentence.
        book: The phrase book.
        is_thing: Whether a word (lower case) names one of the two things of the claim; such a word is a noun whatever
            the parser took it for, where a noun can stand.
        is_name: Whether a word (lower case) names a thing of any kind; a verb may follow it.
        names: The names of more than one word of the two things, cut into words.

    Returns:
        The items in order; adverbs are left out.
    """
    return _Cutter(tokens, book, is_thing, is_name, names).run()


class _Cutter(NounPhrases):
    def run(self) -> list[Item]:
        """Cut the sentence."""
        self.loose = [token.tag in _LOOSE_TAGS or token.lower in _LOOSE for token in self.tokens]
        at = 0
        while at < len(self.tokens):
            item = self._next(at)
            if item.kind != Kind.WORD:
                self.items.append(item)
            at = item.end
        return self.items

    def _next(self, at: int) -> Item:
        token = self.tokens[at]
        if at == 0 and token.lower in EXCLAMATIONS:
            return Item(Kind.WORD, at, at + 1)
        if token.lower in PUNCTUATION:
            return Item(PUNCTUATION[token.lower], at, at + 1)
        if self._name_at(at) and (thing := self._thing(at)):
            return thing
        for read in (self._side, self._reciprocal, self._relation, self._thing, self._small):
            if item := read(at):
                return item
        return Item(Kind.WORD, at, at + 1)

    # Sides and reciprocals

    def _side(self, at: int) -> Item | None:
        """Cut "on the left", "to its left", "on the tree's left side", or a bare "left" after a thing."""
        word = self.lower[at]
        for side, order in (
            ("left", ["from", "left", "to", "right"]),
            ("right", ["from", "right", "to", "left"]),
        ):
            if self.lower[at : at + 4] == order:
                return Item(Kind.ORDER, at, at + 4, side=side)
        if word in ("left", "right") and self._ends_clause(at + 1) and self._after(Kind.THING):
            return Item(Kind.SIDE, at, at + 1, side=word)
        if word not in ("on", "to", "at", "from"):
            return None
        place, owner, possessive = at + 1, None, ""
        if place < len(self.tokens) and self.lower[place] in POSSESSIVES:
            possessive, place = self.lower[place], place + 1
        else:
            thing = self._thing(place) if place < len(self.tokens) else None
            if thing and thing.owner:
                owner, place = thing.owner, thing.owner.end + 1
            elif thing and self.lower[thing.end : thing.end + 1] == ["'s"]:
                owner, place = thing, thing.end + 1
            elif place < len(self.tokens) and self.lower[place] in ("the", "far", "right", "left"):
                place += self.lower[place] == "the"
        while place < len(self.tokens) and self.lower[place] in ("far", "immediate", "very", "own"):
            place += 1
        if place >= len(self.tokens) or self.lower[place] not in ("left", "right"):
            return None
        side, place = self.lower[place], place + 1
        while place < len(self.tokens) and self.lower[place] in ("-", "hand", "side", "edge", "half"):
            place += 1
        if place < len(self.tokens) and self.lower[place] == "than":
            return None
        if place < len(self.tokens) and self.lower[place] == "of":
            if not self._of_picture(place + 1):
                return None
            place = self._of_picture(place + 1)
        return Item(Kind.SIDE, at, place, side=side, owner=owner, possessive=possessive)

    def _of_picture(self, at: int) -> int:
        """The place after "the picture", or 0."""
        thing = self._thing(at) if at < len(self.tokens) else None
        if thing is None or self._name_at(thing.end - len(thing.words)) or self.is_thing(thing.head):
            return 0
        return thing.end if thing.head in self.book.wordings.image_nouns else 0

    def _reciprocal(self, at: int) -> Item | None:
        pair = tuple(self.lower[at : at + 2])
        if pair in (("as", "for"), ("as", "to"), ("speaking", "of"), ("when", "it")):
            return Item(Kind.AND, at, at + 2)
        if pair in (("each", "other"), ("one", "another")):
            return Item(Kind.RECIPROCAL, at, at + 2)
        return None

    # Relation phrases

    def _relation(self, at: int) -> Item | None:
        found = self.book.match(self.lower, at, self.loose)
        if found and found[0].kind == TOGETHER and (self._thing_starts(found[1]) or not self._joined()):
            found = self.book.match(self.lower, at, self.loose, together=False) or found
        if not found or not self._can_be_relation(at, found[0]):
            return None
        phrase, end = found
        if end - at > 1 and self._side(end - 1):
            return None  # stands | on the tree's left side
        if phrase.kind == TOGETHER:
            base, _ = self.book.verb_forms.get(self.lower[at], ("", ""))
            return Item(Kind.TOGETHER, at, end, phrase=phrase, head=base)
        if phrase.kind == PREPOSITION and not phrase.senses:
            return Item(Kind.PREPOSITION, at, end, phrase=phrase)
        return Item(Kind.RELATION, at, end, phrase=phrase, form=self._form(at, end, phrase), head=phrase.base)

    def _joined(self) -> bool:
        """Whether two things were named in one breath: "a man and a woman"."""
        kinds = [item.kind for item in self.items]
        return any(kinds[i : i + 3] == [Kind.THING, Kind.AND, Kind.THING] for i in range(len(kinds)))

    def _form(self, at: int, end: int, phrase: Phrase) -> str:
        """The form of a verb in this place; "read" may be three of them."""
        if len(phrase.forms) < 2:
            return next(iter(phrase.forms), "")
        by_tag = {"VBN": "participle", "VBD": "participle", "VBZ": "third", "VBG": "gerund"}.get(
            self.tokens[at].tag, "base"
        )
        by_follows = end < len(self.tokens) and self.lower[end] == "by"
        if "participle" in phrase.forms and (
            by_follows or self._before(at) in BE | {"gets", "get", "getting"}
        ):
            return "participle"
        return by_tag if by_tag in phrase.forms else sorted(phrase.forms)[0]

    def _can_be_relation(self, at: int, phrase: Phrase) -> bool:
        """Whether a word that could also be a noun or an adjective is used as verb or preposition here."""
        token, before = self.tokens[at], self._before(at)
        if phrase.kind == PREPOSITION:
            return not (
                before in POSSESSIVES
                or (before in ("the", "a", "an") and phrase.tokens[0] in ("left", "right"))
            )
        if self.is_thing(token.lower) and (not token.tag.startswith("VB") or self._noun_is_due()):
            return False
        if before in POSSESSIVES or (before in ("a", "an", "the", "this", "no", "'s") and before != "'s"):
            return False
        if token.tag.startswith("VB"):
            return not (before in DETERMINERS - {"that", "both", "all"} and self._noun_follows(at + 1))
        if len(phrase.tokens) > 1 or phrase.kind == TOGETHER:
            return True
        previous = self.items[-1].kind if self.items else Kind.STOP
        return bool(phrase.forms) and (
            (
                (
                    previous in (Kind.THING, Kind.PRONOUN, Kind.WHO, Kind.BE, Kind.VERB)
                    or (previous == Kind.RELATION and "gerund" in phrase.forms)
                )
                and (
                    self._thing_starts(at + 1)
                    or self._ends_clause(at + 1)
                    or self.lower[at + 1] in BE | {"by", "with"}
                )
            )
            or (
                previous in (Kind.COMMA, Kind.STOP)
                and bool(phrase.forms & {"gerund", "participle"})
                and self._thing_starts(at + 1)
            )
        )

    def _noun_is_due(self) -> bool:
        """Whether the sentence has come to a place where a thing must be named."""
        due = (Kind.RELATION, Kind.PREPOSITION, Kind.COMMA, Kind.AND, Kind.STOP, Kind.WITH)
        return not self.items or self.items[-1].kind in due

    # Small words

    def _small(self, at: int) -> Item | None:
        token = self.tokens[at]
        word = token.lower
        if word in PRONOUNS and not (word == "her" and self._noun_follows(at + 1)):
            return Item(Kind.PRONOUN, at, at + 1, head=word)
        if word == "there" or (
            word == "here" and at + 1 < len(self.tokens) and self.lower[at + 1] in ("is", "'s", "are")
        ):
            return Item(Kind.THERE, at, at + 1)
        if word in WHO or (word == "that" and token.tag in ("WDT", "WP", "IN", "DT")):
            return Item(Kind.WHO, at, at + 1, head=word)
        if word in BE or (word == "'s" and token.tag in ("VBZ", "POS")):
            return Item(Kind.BE, at, at + 1, head=word)
        if word in HAVE:
            return Item(Kind.HAVE, at, at + 1, head=word)
        if word == "with":
            return Item(Kind.WITH, at, at + 1)
        if word in ("and", "&", "while", "as", "but", "yet", "then", "plus"):
            return Item(Kind.AND, at, at + 1)
        if word in ("one", "ones"):
            return Item(Kind.PRONOUN, at, at + 1, head="one")
        if word in self.book.verb_forms and (token.tag.startswith(("VB", "NN")) or token.tag == "JJ"):
            base, form = self.book.verb_forms[word]
            return Item(Kind.VERB, at, at + 1, head=base, form=form)
        if token.tag.startswith("VB"):
            form = {"VBG": "gerund", "VBN": "participle", "VBD": "participle", "VBZ": "third"}.get(
                token.tag, "base"
            )
            return Item(Kind.VERB, at, at + 1, head=token.lemma.lower(), form=form)
        if token.tag in ("IN", "TO") or word in ("to", "of", "for", "by", "from"):
            return Item(Kind.PREPOSITION, at, at + 1, phrase=Phrase((word,), PREPOSITION))
        if token.tag.startswith("JJ"):
            return Item(Kind.ADJECTIVE, at, at + 1, head=word)
        return None

    def _before(self, at: int) -> str:
        return self.lower[at - 1] if at else ""

    def _after(self, kind: Kind) -> bool:
        return bool(self.items) and self.items[-1].kind == kind
