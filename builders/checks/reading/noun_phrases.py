"""Noun phrases: where they begin and end, whose they are, and what they are slices of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from naturel.builders.checks.reading.items import PUNCTUATION, Item, Kind, Token
from naturel.builders.checks.reading.small_words import BE, DETERMINERS, POSSESSIVES, PRONOUNS
from naturel.builders.checks.reading.wordings import GAP, PhraseBook

_INSIDE_NOUN_PHRASE = ("JJ", "JJR", "JJS", "CD", "VBN", "VBG", "AFX")


class NounPhrases:
    """Finds noun phrases in one sentence.

    Attributes:
        tokens: The parsed sentence.
        lower: Its words in lower case.
        book: The phrase book.
        is_thing: Whether a word names one of the two things of the claim; it is a noun whatever its tag.
        is_name: Whether a word names a thing of any kind; a verb may follow it.
        names: The two things' names of more than one word.
    """

    def __init__(
        self,
        tokens: Sequence[Token],
        book: PhraseBook,
        is_thing: Callable[[str], bool],
        is_name: Callable[[str], bool],
        names: Collection[tuple[str, ...]],
    ) -> None:
        self.tokens = tokens
        self.book = book
        self.is_thing = is_thing
        self.is_name = is_name
        self.names = names
        self.lower = [token.lower for token in tokens]
        self.items: list[Item] = []

    def _thing(self, at: int) -> Item | None:
        """A noun phrase, with its owner."""
        place, determiner, possessive = at, "", ""
        token = self.tokens[at]
        if token.lower in self.book.verb_forms and not self.is_thing(token.lower) and self._ends_thing(at):
            return None
        if token.lower in POSSESSIVES and (token.tag in ("PRP$", "PRP") and self._noun_follows(at + 1)):
            possessive, place = token.lower, at + 1
        elif token.lower in DETERMINERS or token.lower == "no":
            if token.lower == "that" and (token.tag != "DT" or not self._noun_follows(at + 1)):
                return None
            while place < len(self.tokens) and (
                self.lower[place] in DETERMINERS or self.lower[place] == "no"
            ):
                determiner, place = self.lower[place], place + 1
        end, words, head = self._act(place) or self._noun_words(place, bool(determiner or possessive))
        if not words:
            if determiner in ("another", "both", "each", "these", "those") and not self._noun_follows(place):
                return Item(Kind.PRONOUN, at, place, head=determiner)
            return None
        thing = Item(Kind.THING, at, end, tuple(words), head, determiner=determiner, possessive=possessive)
        if end < len(self.tokens) and self._is_possessive_mark(end) and end + 1 < len(self.tokens):
            inner_end, inner, inner_head = self._noun_words(end + 1, True)
            if inner:
                thing.end = end
                return Item(Kind.THING, at, inner_end, tuple(inner), inner_head, owner=thing)
        return self._partitive(thing)

    def _act(self, at: int) -> tuple[int, list[str], str] | None:
        """A light noun that the parser may not take for a noun: "high five"."""
        place = at
        while place < len(self.tokens) and self.tokens[place].tag == "JJ" and place < at + GAP:
            if found := self._act_at(place):
                return found
            place += 1
        return self._act_at(place)

    def _act_at(self, at: int) -> tuple[int, list[str], str] | None:
        for size in (4, 3, 2):
            words = tuple(self.lower[at : at + size])
            if words in self.book.acts:
                return at + size, list(words), words[-1]
        return None

    def _is_possessive_mark(self, at: int) -> bool:
        return self.tokens[at].tag == "POS" or (
            self.lower[at] in ("'s", "'", "s'")
            and self._noun_follows(at + 1)
            and self.tokens[at].tag != "VBZ"
        )

    def _ends_thing(self, at: int) -> bool:
        """Whether a noun phrase ends right before a token."""
        return bool(self.items) and self.items[-1].kind == Kind.THING and self.items[-1].end == at

    def _partitive(self, thing: Item) -> Item:
        """Read "a slice of cake" as cake."""
        if (
            thing.head in self.book.wordings.partitives
            and thing.end + 1 < len(self.tokens)
            and self.lower[thing.end] == "of"
            and not self.is_thing(self.lower[thing.end - 1])
            and (inner := self._thing(thing.end + 1))
        ):
            inner.start = thing.start
            inner.determiner = inner.determiner or thing.determiner
            return inner
        return thing

    def _noun_words(self, at: int, determined: bool) -> tuple[int, list[str], str]:
        """Adjectives and nouns from a token on: the place after them, the words, and the lemma of the last noun."""
        words: list[str] = []
        place, last_noun, head = at, -1, ""
        while place < len(self.tokens):
            token = self.tokens[place]
            if size := self._name_at(place):
                words.extend(self.lower[place : place + size])
                place += size
                last_noun, head = place - 1, _lemma(self.tokens[place - 1])
                continue
            if self._is_noun(place, last_noun >= 0, determined):
                words.append(token.lower)
                last_noun, head = place, _lemma(token)
            elif last_noun >= 0:
                glues = token.lower in ("-", "'") and self.tokens[place - 1].is_noun
                if not (glues and place + 1 < len(self.tokens) and self.tokens[place + 1].is_noun):
                    break
            elif token.tag in _INSIDE_NOUN_PHRASE:
                if token.tag in ("VBN", "VBG") and not determined and not self._noun_next(place + 1):
                    break
                words.append(token.lower)
            elif (token.tag in ("RB", "RBR", "RBS") and (determined or words)) or (
                token.lower in (",", "and", "yet", "but", "-") and words and self._adjective_list(place + 1)
            ):
                pass
            else:
                break
            place += 1
        if last_noun < 0:
            return at, [], ""
        return last_noun + 1, words, head

    def _name_at(self, at: int) -> int:
        """The length of a name of several words that starts at a token: "bow and arrow"; 0 for none."""
        fits = (len(name) for name in self.names if tuple(self.lower[at : at + len(name)]) == name)
        return max(fits, default=0)

    def _is_noun(self, at: int, had_noun: bool, determined: bool) -> bool:
        token = self.tokens[at]
        if token.lower in PRONOUNS or token.lower in BE or token.tag == "MD":
            return False
        if had_noun and token.lower in ("left", "right") and self._ends_clause(at + 1):
            return False
        if had_noun and token.lower in self.book.verb_forms and not self.is_thing(token.lower):
            noun = token.tag.startswith("NN") and token.lemma.lower() == "eye"  # amber eyes
            if (self.is_name(self.lower[at - 1]) and not noun) or token.tag.startswith("VB"):
                return False
        if self.is_thing(token.lower) and not (token.tag in ("VBZ", "VBD", "VBG") and had_noun):
            return True
        if token.tag.startswith("NN"):
            return True
        # A verb tag straight after a determiner, with no noun to come: "a hug", "the catch".
        return (
            not had_noun
            and determined
            and token.tag in ("VB", "VBP", "VBG", "VBN", "JJ", "VBD")
            and not self._noun_next(at + 1)
            and token.tag != "JJ"
            and token.tag != "VBG"
        )

    def _adjective_list(self, at: int) -> bool:
        """Whether adjectives and then a noun follow."""
        place = at
        while place < len(self.tokens) and self.tokens[place].tag in (*_INSIDE_NOUN_PHRASE, "RB"):
            place += 1
        return place > at and place < len(self.tokens) and self.tokens[place].is_noun

    def _noun_next(self, at: int) -> bool:
        """Whether a noun follows, with nothing but adjectives before it."""
        place = at
        while place < len(self.tokens) and (
            self.tokens[place].tag in (*_INSIDE_NOUN_PHRASE, "RB") and not self.is_thing(self.lower[place])
        ):
            place += 1
        return place < len(self.tokens) and (self.tokens[place].is_noun or self.is_thing(self.lower[place]))

    _noun_follows = _noun_next

    def _thing_starts(self, at: int) -> bool:
        if at >= len(self.tokens):
            return False
        return self.lower[at] in DETERMINERS | POSSESSIVES | PRONOUNS or self._noun_next(at)

    def _ends_clause(self, at: int) -> bool:
        return at >= len(self.tokens) or self.lower[at] in PUNCTUATION or self.lower[at] in ("and", "while")


def _lemma(token: Token) -> str:
    return token.lemma.lower() if token.is_noun else token.lower
