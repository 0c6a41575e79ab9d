"""The phrase book: every way in which English says a relation, from the vocabulary and `wordings.yaml`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from naturel.annotations.errors import UserError
from naturel.annotations.relations import Relation, Vocabulary, load_vocabulary
from naturel.annotations.yaml_file import read_yaml
from naturel.builders.checks.reading.inflection import VerbForms, inflect

PREPOSITION, VERB, TOGETHER = "preposition", "verb", "together"
TOO_VAGUE = ("has", "of", "with")
"""Relations whose words say too many things to be read: "a table with a cat on it" is no with(table, cat)."""
GAP = 2
"""Adverbs and adjectives that may stand inside a phrase: "to the immediate left of", "sits quietly on"."""

_TOKEN = re.compile(r"\w+(?=n't)|n't|'\w+|\w+|[^\w\s]")


class WordingsError(UserError):
    """The wordings have faults; the text has a line for each."""


class RelationWordings(BaseModel):
    """How one relation may be said; the head of `wordings.yaml` describes each field."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prepositions: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    inverse_verbs: tuple[str, ...] = ()
    inverse_prepositions: tuple[str, ...] = ()
    nouns: tuple[str, ...] = ()
    acts: tuple[str, ...] = ()
    together: tuple[str, ...] = ()
    close: tuple[str, ...] = ()


class Wordings(BaseModel):
    """The whole of `wordings.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    relations: dict[str, RelationWordings]
    other_prepositions: tuple[str, ...]
    posture: frozenset[str]
    other_verbs: frozenset[str]
    placed: frozenset[str]
    negation: tuple[str, ...]
    harmless_negation: tuple[str, ...]
    hedge: tuple[str, ...]
    harmless_hedge: tuple[str, ...]
    image_nouns: frozenset[str]
    show_verbs: frozenset[str]
    partitives: frozenset[str]
    hands: frozenset[str]
    body: frozenset[str]
    on_body: frozenset[str]
    colours: frozenset[str]
    numbers: frozenset[str]
    places: frozenset[str]
    attributes: dict[str, tuple[str, ...]] = Field(default_factory=dict)


@dataclass(frozen=True, order=True)
class Sense:
    """What a phrase between two things may say of them."""

    relation: str
    swapped: bool = False
    """Whether the relation holds from the second thing to the first: "the desk bears the cat" is on(cat, desk)."""
    close: bool = False
    """Whether it is only near in meaning."""


@dataclass(frozen=True)
class Phrase:
    """One wording, in one form."""

    tokens: tuple[str, ...]
    kind: str
    forms: frozenset[str] = frozenset()
    """Of a verb: which of base, third, gerund and participle (or past) it can be; "hit" is three of them."""
    senses: frozenset[Sense] = frozenset()
    base: str = ""
    """Of a verb: its base form."""


NO_PHRASE = Phrase((), "")


def split(text: str) -> tuple[str, ...]:
    """Lower-case tokens, cut as the parser cuts them: "high-five" is three, "n't" and "'s" are one each."""
    return tuple(_TOKEN.findall(text.lower()))


@dataclass
class PhraseBook:
    """All phrases, found by their first token."""

    vocabulary: Vocabulary
    wordings: Wordings
    by_first: dict[str, list[Phrase]] = field(default_factory=dict)
    by_preposition: dict[tuple[str, tuple[str, ...]], frozenset[Sense]] = field(default_factory=dict)
    """(verb, preposition) -> senses, for a verb whose preposition stands elsewhere ("from the tree hangs")."""
    verb_forms: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Each form of each known verb -> (base, form)."""
    agents: dict[str, frozenset[str]] = field(default_factory=dict)
    """Agent noun -> relations: "rider"."""
    acts: dict[tuple[str, ...], frozenset[str]] = field(default_factory=dict)
    """Light noun -> relations: "hug"."""

    def match(
        self, tokens: Sequence[str], at: int, loose: Sequence[bool], *, together: bool = True
    ) -> tuple[Phrase, int] | None:
        """Find the longest phrase that starts at a token.

        Args:
            tokens: Lower-case tokens of the sentence.
            at: Where the phrase must start.
            loose: Which tokens may stand inside a phrase without belonging to it (adverbs, adjectives).
            together: Whether phrases said of both things at once count.

        Returns:
            The phrase and the place after its last token.
        """
        best: tuple[Phrase, int] | None = None
        for phrase in self.by_first.get(tokens[at], ()):
            if best and len(phrase.tokens) < len(best[0].tokens):
                break
            if phrase.kind == TOGETHER and not together:
                continue
            end = _matched(phrase.tokens, tokens, at, loose)
            if end and (best is None or end < best[1]):
                best = phrase, end
        return best

    def named(self, text: str) -> str | None:
        """The canonical relation that a name or phrase means: "to the left of", "wears", "inside_of"."""
        name = "_".join(text.strip().lower().replace("-", "_").split())
        if name in self.vocabulary:
            return name
        plain = " ".join(text.strip().lower().replace("_", " ").split())
        for relation in self.vocabulary:
            if plain in _own(relation):
                return relation.name
        for source in ("openimages", "aro", "vsr", "whatsup", "coco_spatial", "visual_genome"):
            if found := self.vocabulary.canonical(source, plain):
                return found.name
        tokens = split(plain)
        for phrase in self.by_first.get(tokens[0], ()) if tokens else ():
            exact = sorted(sense for sense in phrase.senses if not sense.close and not sense.swapped)
            if phrase.tokens == tokens and exact:
                return exact[0].relation
        return None


def _own(relation: Relation) -> Iterator[str]:
    """A relation's own phrases, in every form."""
    phrases = relation.phrases
    yield phrases.simple
    yield from phrases.prepositions
    yield from phrases.synonyms
    if verb := phrases.verb:
        for form in (verb.base, verb.third, verb.gerund, verb.participle):
            yield f"{form} {verb.particle}".strip()


def _matched(phrase: tuple[str, ...], tokens: Sequence[str], at: int, loose: Sequence[bool]) -> int:
    """The place after a phrase that starts at a token, 0 where it does not."""
    place = at
    for number, word in enumerate(phrase):
        skipped = 0
        while number and place < len(tokens) and tokens[place] != word and skipped < GAP and loose[place]:
            place, skipped = place + 1, skipped + 1
        if place >= len(tokens) or tokens[place] != word:
            return 0
        place += 1
    return place


def load_wordings(path: Path | None = None) -> Wordings:
    """Read `wordings.yaml`, or a file like it.

    Raises:
        WordingsError: With every fault.
    """
    path = path or Path(__file__).with_name("wordings.yaml")
    content, repeated = read_yaml(path.read_bytes())
    faults = [f"{path}: {name} is given twice; keep one" for name in sorted(repeated)]
    try:
        wordings = Wordings.model_validate(content)
    except ValidationError as error:
        faults += [
            f"{path}: {'.'.join(map(str, one['loc']))}: {one['msg']}; mend this field"
            for one in error.errors()
        ]
        raise WordingsError("\n".join(faults)) from error
    if faults:
        raise WordingsError("\n".join(faults))
    return wordings


@cache
def phrase_book() -> PhraseBook:
    """The phrase book of the package's own vocabulary and wordings, made once."""
    return make_book(load_vocabulary(), load_wordings())


def make_book(vocabulary: Vocabulary, wordings: Wordings) -> PhraseBook:
    """Join a vocabulary and wordings into a phrase book.

    Raises:
        WordingsError: A wording belongs to a relation that the vocabulary does not have.
    """
    if unknown := sorted(wordings.relations.keys() - set(vocabulary.names)):
        raise WordingsError(
            f"wordings: {', '.join(unknown)}: no such relation; see annotations/relations.yaml"
        )
    collected: dict[tuple[tuple[str, ...], str, str], set[Sense]] = defaultdict(set)
    forms_of: dict[tuple[tuple[str, ...], str, str], set[str]] = defaultdict(set)
    pairs: dict[tuple[str, tuple[str, ...]], set[Sense]] = defaultdict(set)
    verbs: dict[str, tuple[str, str]] = {}
    agents: dict[str, set[str]] = defaultdict(set)
    acts: dict[tuple[str, ...], set[str]] = defaultdict(set)
    heads = _preposition_heads(vocabulary, wordings)

    def preposition(text: str, *senses: Sense) -> None:
        collected[split(text), PREPOSITION, ""].update(senses)

    def verb(text: str, *senses: Sense, forms: VerbForms | None = None) -> None:
        base, *rest = split(text)
        if base == "be":
            preposition(" ".join(rest), *senses)
            return
        if len(rest) > 1 and rest[0] == "-":  # high-five: the last part is inflected
            stem = base + " - "
            known = inflect(rest[1])
            spelled = {
                "base": {stem + known.base},
                "third": {stem + known.third},
                "gerund": {stem + known.gerund},
                "participle": {stem + word for word in known.participle},
            }
            tail = tuple(rest[2:])
        else:
            known = forms or inflect(base)
            spelled = {
                "base": {known.base},
                "third": {known.third},
                "gerund": {known.gerund},
                "participle": set(known.participle | known.past),
            }
            tail = tuple(rest)
            for form, words in spelled.items():
                for word in words:
                    verbs.setdefault(word, (known.base, form))
        for form, words in spelled.items():
            for word in words:
                key = (tuple(word.split()) + tail, VERB, known.base)
                collected[key].update(senses)
                forms_of[key].add(form)
        if (
            tail
            and tail[0] in heads
            and not any(token in ("the", "a", "its", "his", "her") for token in tail)
        ):
            pairs[known.base, tail].update(senses)

    for relation in vocabulary:
        if relation.name in TOO_VAGUE:
            continue
        sense = Sense(relation.name)
        phrases = relation.phrases
        for text in (*phrases.prepositions, *phrases.synonyms):
            preposition(text, sense)
        if own := phrases.verb:
            past = frozenset({own.participle}) | inflect(own.base).past
            known = VerbForms(own.base, own.third, own.gerund, past, frozenset({own.participle}))
            verb(f"{own.base} {own.particle}".strip(), sense, forms=None if "-" in own.base else known)
    for name, said in wordings.relations.items():
        sense, swapped, close = Sense(name), Sense(name, swapped=True), Sense(name, close=True)
        for text in said.prepositions:
            preposition(text, sense)
        for text in said.inverse_prepositions:
            preposition(text, swapped)
        for text in said.verbs:
            verb(text, sense)
        for text in said.inverse_verbs:
            verb(text, swapped)
        for text in said.together:
            collected[split(text), TOGETHER, ""].add(sense)
        for text in said.close:
            if text not in wordings.posture:
                (preposition if split(text)[0] in heads else verb)(text, close)
        for text in said.nouns:
            agents[text].add(name)
        for text in said.acts:
            acts[split(text)].add(name)
    for text in wordings.other_prepositions:
        collected.setdefault((split(text), PREPOSITION, ""), set())
    for base in wordings.posture:
        known = inflect(base)
        for form in known.all:
            verbs.setdefault(form, (base, known.form_of(form)))
    book = PhraseBook(vocabulary, wordings)
    book.verb_forms = verbs
    for tokens, kind, _ in list(collected):
        if kind == PREPOSITION and len(tokens) > 1 and tokens[0] in verbs:
            pairs[verbs[tokens[0]][0], tokens[1:]].update(collected[tokens, kind, ""])  # covered | in
    book.by_preposition = {key: frozenset(senses) for key, senses in pairs.items()}
    book.agents = {noun: frozenset(names) for noun, names in agents.items()}
    book.acts = {act: frozenset(names) for act, names in acts.items()}
    plain = {
        tokens: senses for (tokens, kind, _), senses in collected.items() if kind in (PREPOSITION, TOGETHER)
    }
    book.by_first = _index(
        Phrase(
            key[0],
            key[1],
            frozenset(forms_of[key]),
            frozenset(senses | _place(key[0], plain, verbs, wordings)),
            key[2],
        )
        for key, senses in list(collected.items())
    )
    return book


def _place(
    tokens: tuple[str, ...],
    prepositions: dict[tuple[str, ...], set[Sense]],
    verbs: dict[str, tuple[str, str]],
    wordings: Wordings,
) -> set[Sense]:
    """What a preposition after a verb of posture says by itself: "sits on the desk" is on the desk as well."""
    first, rest = tokens[0], tokens[1:]
    if first in wordings.placed or verbs.get(first, ("", ""))[0] in wordings.posture:
        return prepositions.get(rest, set())
    return set()


def _index(phrases: Iterable[Phrase]) -> dict[str, list[Phrase]]:
    by_first: dict[str, list[Phrase]] = defaultdict(list)
    for phrase in phrases:
        by_first[phrase.tokens[0]].append(phrase)
    for found in by_first.values():
        found.sort(key=lambda phrase: (-len(phrase.tokens), phrase.kind, phrase.tokens))
    return dict(by_first)


def _preposition_heads(vocabulary: Vocabulary, wordings: Wordings) -> frozenset[str]:
    """First words of prepositions, participles ("parked on") left out."""
    texts: list[Any] = [text for relation in vocabulary for text in relation.phrases.prepositions]
    texts += [text for said in wordings.relations.values() for text in said.prepositions]
    texts += list(wordings.other_prepositions)
    return frozenset(
        head for text in texts if not (head := split(text)[0]).endswith(("ed", "ing", "wn", "ung"))
    ) | {"to", "from", "with", "of"}
