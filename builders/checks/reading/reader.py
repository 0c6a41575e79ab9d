"""Whether a sentence states a claim: `yes`, `no`, or `unsure` where it cannot be told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache

from naturel.annotations.claims import Claim
from naturel.annotations.nouns import NounTable, load_nouns
from naturel.annotations.relations import Kind as RelationKind
from naturel.annotations.relations import Symmetry
from naturel.annotations.words import Lexicon, load_words
from naturel.builders.checks.reading.attributes import AttributeReader
from naturel.builders.checks.reading.cutting import cut
from naturel.builders.checks.reading.denials import Denials, without_similes
from naturel.builders.checks.reading.items import Item, Kind, Token
from naturel.builders.checks.reading.parser import parse
from naturel.builders.checks.reading.participants import Participants, Role, assign
from naturel.builders.checks.reading.readings import Reading, States
from naturel.builders.checks.reading.sentence import PAIR, Sentence, Statement
from naturel.builders.checks.reading.statements import read_statements
from naturel.builders.checks.reading.wordings import PhraseBook, phrase_book


class Reader:
    """Reads sentences against claims."""

    def __init__(
        self, book: PhraseBook | None = None, nouns: NounTable | None = None, lexicon: Lexicon | None = None
    ) -> None:
        self.book = book or phrase_book()
        self.nouns = nouns or load_nouns()
        self.lexicon = lexicon or load_words()
        self.denials = Denials(self.book.wordings)
        self.attributes = AttributeReader(self.book.wordings, self.nouns)
        self._participants = lru_cache(maxsize=50_000)(self._make_participants)

    def read(self, sentences: Sequence[str], claims: Sequence[Claim]) -> list[Reading]:
        """Read each sentence against its claim.

        Args:
            sentences: Any text; case, quotes and the final period do not matter.
            claims: As many claims; relations are canonical names.

        Returns:
            One reading a sentence, in order.
        """
        return [
            self.read_tokens(tokens, claim) for tokens, claim in zip(parse(sentences), claims, strict=True)
        ]

    def read_tokens(self, tokens: list[Token], claim: Claim) -> Reading:
        """Read one parsed sentence."""
        participants = self._participants(claim)
        stated = without_similes(tokens)
        items = cut(stated, self.book, participants.is_thing, participants.is_name, participants.long_names)
        roles = assign(items, participants)
        return replace(self._read(stated, items, roles, participants, claim), items=items, roles=roles)

    def _read(
        self,
        tokens: list[Token],
        items: list[Item],
        roles: dict[int, Role],
        participants: Participants,
        claim: Claim,
    ) -> Reading:
        if not tokens:
            return Reading(States.NO, "empty", problem="missing")
        if denial := self.denials.found(
            tokens, participants.is_thing, self._names(participants), participants.long_names
        ):
            problem, words = denial
            return Reading(States.NO, f"{problem}: {words!r}" if words else f"a {problem}", problem=problem)
        if self.book.vocabulary[claim.relation].kind == RelationKind.ATTRIBUTE:
            return self.attributes.read(tokens, items, roles, claim)
        return _Judge(self, tokens, items, roles, participants, claim).judge()

    def _names(self, participants: Participants) -> Callable[[str], bool]:
        acts = {act[-1] for act in self.book.acts}
        return lambda word: participants.is_name(word) or word in acts or word in self.book.wordings.body

    def _make_participants(self, claim: Claim) -> Participants:
        return Participants(claim, self.nouns, self.lexicon, self.book.wordings)


class _Judge:
    def __init__(
        self,
        reader: Reader,
        tokens: list[Token],
        items: list[Item],
        roles: dict[int, Role],
        participants: Participants,
        claim: Claim,
    ) -> None:
        self.reader = reader
        self.words = [token.lower for token in tokens]
        self.items = items
        self.roles = roles
        self.participants = participants
        self.claim = claim
        self.book = reader.book

    def judge(self) -> Reading:
        if missing := self._missing():
            return missing
        sentence = Sentence(self.items, self.roles, self.participants, self.book, self.words)
        read_statements(sentence)
        if stranger := self._stranger():
            return Reading(States.NO, f"names {stranger} too")
        return self._verdict(sentence.found)

    @cached_property
    def _owners(self) -> set[Role]:
        return {self.participants.role(item.owner) for item in self.items if item.owner is not None}

    def _missing(self) -> Reading | None:
        """The answer where one of the two is not named."""
        present = set(self.roles.values()) | self._owners
        for role in PAIR:
            if role in present:
                continue
            noun = self.claim.subject if role == Role.SUBJECT else self.claim.object
            unknown = [
                " ".join(item.words) for i, item in enumerate(self.items) if self.roles.get(i) == Role.UNKNOWN
            ]
            others = [
                " ".join(item.words) for i, item in enumerate(self.items) if self.roles.get(i) == Role.OTHER
            ]
            if others or not unknown:
                instead = f", but {others[0]}" if others else ""
                return Reading(States.NO, f"{noun} is not named{instead}", problem="missing")
            return Reading(States.UNSURE, f"{noun} is not named; is {unknown[0]} one?", problem="missing")
        return None

    def _stranger(self) -> str | None:
        """A thing that the claim does not have."""
        for i, item in enumerate(self.items):
            if self.roles.get(i) == Role.OTHER or self._is_second(i):
                return " ".join(item.words)
            if item.owner is not None and self.participants.role(item.owner) == Role.OTHER:
                return " ".join(item.owner.words)
            if self.roles.get(i) == Role.IMAGE and self._is_pictured(i):
                return " ".join(item.words)
        return None

    def _is_second(self, i: int) -> bool:
        """Whether an unknown thing stands beside the two: "a cat and a thingummy", "the cat's thingummy"."""
        if self.roles.get(i) != Role.UNKNOWN:
            return False
        if self.items[i].owner is not None:
            return True
        return any(
            0 <= j < len(self.items)
            and 0 <= k < len(self.items)
            and self.items[j].kind == Kind.AND
            and self.words[self.items[j].start] == "and"
            and self.roles.get(k) in PAIR
            for j, k in ((i - 1, i - 2), (i + 1, i + 2))
        )

    def _is_pictured(self, i: int) -> bool:
        """Whether the sentence is about a picture as a thing: "a painting of a horse stands behind the sofa"."""
        following = self.items[i + 1] if i + 1 < len(self.items) else None
        if following is None or following.phrase.tokens != ("of",):
            return False
        if any(
            item.kind in (Kind.THING, Kind.RELATION) for item in self.items[:i]
        ) and not self._only_framing(i):
            return True
        finite = [
            item
            for k, item in enumerate(self.items[i + 2 :], i + 2)
            if (
                item.kind == Kind.BE
                or (item.kind in (Kind.VERB, Kind.RELATION) and item.form in ("third", "base"))
            )
            and not any(before.kind == Kind.WHO for before in self.items[i + 2 : k])
        ]
        return bool(finite)

    def _only_framing(self, i: int) -> bool:
        return all(
            item.kind in (Kind.BE, Kind.PRONOUN, Kind.THERE, Kind.VERB, Kind.WHO)
            or (item.kind == Kind.THING and self.roles.get(k) == Role.IMAGE)
            for k, item in enumerate(self.items[:i])
        )

    @cached_property
    def _wanted(self) -> frozenset[tuple[str, bool]]:
        """Every (relation, swapped) that says the same as the claim."""
        relation = self.book.vocabulary[self.claim.relation]
        wanted = {(relation.name, False)}
        if relation.inverse:
            wanted.add((relation.inverse, True))
        for name, swapped in tuple(wanted):
            if self.book.vocabulary[name].symmetry == Symmetry.SYMMETRIC:
                wanted.add((name, not swapped))
        return frozenset(wanted)

    @cached_property
    def _ruled_out(self) -> frozenset[tuple[str, bool]]:
        """Every (relation, swapped) that cannot be true of the two when the claim is."""
        return frozenset(self.book.vocabulary.ruled_out(self.claim.relation))

    def _verdict(self, statements: list[Statement]) -> Reading:
        found = tuple(dict.fromkeys(claim for statement in statements for claim in self._claims(statement)))
        outcomes = [(self._supports(statement), statement) for statement in statements]
        against = [one for answer, one in outcomes if answer == States.NO and one.firm]
        unsure = [one for answer, one in outcomes if answer == States.UNSURE and one.firm]
        backed = [one for answer, one in outcomes if answer == States.YES]
        if not backed:
            against += [one for answer, one in outcomes if answer == States.NO and not one.firm]
            unsure += [one for answer, one in outcomes if answer == States.UNSURE and not one.firm]
        if against:
            return Reading(States.NO, f"says {against[0].text!r} of them", found)
        if unsure:
            return Reading(States.UNSURE, f"{unsure[0].text!r} may mean something else", found)
        if backed:
            return Reading(States.YES, f"{backed[0].text!r}", found)
        if self._says_nothing():
            return Reading(States.NO, "states no relation of the two", found)
        return Reading(States.UNSURE, "cannot tell what it says of the two", found)

    def _says_nothing(self) -> bool:
        kinds = {Kind.RELATION, Kind.PREPOSITION, Kind.VERB, Kind.SIDE, Kind.WITH, Kind.HAVE, Kind.TOGETHER}
        said = (item for item in self.items if item.kind in kinds and item.phrase.tokens != ("of",))
        return next(said, None) is None and Role.UNKNOWN not in self.roles.values()

    def _supports(self, statement: Statement) -> States:
        if statement.first not in PAIR or statement.second not in PAIR:
            return States.NO
        turned = statement.first == Role.OBJECT
        best = States.NO if statement.known else self._unknown_phrase()
        denied = False
        for sense in statement.senses:
            ways = {sense.swapped != turned}
            if statement.mutual or self.claim.subject == self.claim.object:
                ways = {True, False}
            if any((sense.relation, way) in self._wanted for way in ways):
                if not sense.close:
                    return States.YES
                best = States.UNSURE
            elif not sense.close and any((sense.relation, way) in self._ruled_out for way in ways):
                denied = True
        return States.NO if denied else best

    def _unknown_phrase(self) -> States:
        """What a verb says that the vocabulary does not have: it may be a wording of an action, not of a place."""
        spatial = self.book.vocabulary[self.claim.relation].kind == RelationKind.SPATIAL
        return States.NO if spatial else States.UNSURE

    def _claims(self, statement: Statement) -> list[Claim]:
        if statement.first not in PAIR or statement.second not in PAIR:
            return []
        nouns = {Role.SUBJECT: self.claim.subject, Role.OBJECT: self.claim.object}
        claims = []
        for sense in sorted(statement.senses):
            if not sense.close:
                first, second = statement.first, statement.second
                if sense.swapped:
                    first, second = second, first
                claims.append(Claim(nouns[first], sense.relation, nouns[second]))
        return claims
