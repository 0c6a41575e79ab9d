"""What a sentence says of the two things of a claim: each relation phrase with what stands on its two sides.

The two things are known, so that direction is a question of place: what follows a preposition or an active verb is
its object ("on the desk sits a cat", "a cat on a desk"); a phrase that nothing follows speaks of the thing before it
and of the one that was named earlier ("the desk that the cat sits on", "what the man holds is a guitar").
"""

from __future__ import annotations

from dataclasses import replace

from naturel.builders.checks.reading.acts import read_act, read_gift
from naturel.builders.checks.reading.bodies import read_body
from naturel.builders.checks.reading.items import Kind
from naturel.builders.checks.reading.participants import Role
from naturel.builders.checks.reading.sentence import ONLOOKERS, VAGUE, Sentence, other
from naturel.builders.checks.reading.sides import read_order, read_side, read_sides
from naturel.builders.checks.reading.wordings import PREPOSITION, VERB, Sense

Senses = frozenset[Sense]

_PLAIN = {"of", "to", "for", "from", "with", "as"}
"""Prepositions that say too many things to deny a claim by themselves."""
_RESTS = {
    "nap",
    "rest",
    "seat",
    "break",
    "stand",
    "bath",
    "swim",
    "dip",
    "snooze",
    "place",
    "spot",
    "position",
    "pose",
    "perch",
}
"""What one can take or have in a place without doing anything to it."""
_HAPPENING = {
    "happen",
    "manage",
    "continue",
    "come",
    "begin",
    "start",
    "get",
    "proceed",
    "see",
    "help",
    "dare",
    "turn",
}
"""Verbs after which what follows with "to" is the case."""
_PARTICLES = {
    ("along",),
    ("up",),
    ("down",),
    ("off",),
    ("away",),
    ("about",),
    ("around",),
    ("over",),
    ("out",),
}
_EMPTY_VERBS = {"be", "have", "do", "get", "keep"}


def read_statements(sentence: Sentence) -> None:
    """Find all statements, in the order of the sentence."""
    readers = {
        Kind.RELATION: _relation,
        Kind.PREPOSITION: _preposition,
        Kind.TOGETHER: _together,
        Kind.VERB: _verb,
        Kind.WITH: _with_which,
        Kind.THING: read_act,
        Kind.SIDE: read_side,
        Kind.ORDER: read_order,
    }
    for i, item in enumerate(sentence.items):
        if i not in sentence.used and (reader := readers.get(item.kind)):
            reader(sentence, i)
    read_sides(sentence)


def _relation(s: Sentence, i: int, more: Senses = frozenset()) -> None:
    phrase = s.phrase(i)
    senses = phrase.senses | more | _with_verb(s, i)
    if s.items[i].form == "base" and s.phrase(i - 1).tokens == ("to",) and not _really(s, i - 2):
        s.state((), Role.SUBJECT, i)  # forgets to wear a hat
        return
    if phrase.tokens == ("of",) and not s.pair(i - 1):
        return
    if s.is_by(i) and s.kind(i + 1) == Kind.WHO and any(item.form == "participle" for item in s.items[i:]):
        return  # the man by whom the guitar is held: read at "held"
    if phrase.kind == VERB and s.items[i].form == "participle" and _passive(s, i, senses):
        return
    if s.kind(i + 1) == Kind.RECIPROCAL:
        s.state(senses, Role.SUBJECT, i, mutual=True)
        return
    if s.kind(i + 1) == Kind.WHO and phrase.kind == PREPOSITION:
        if landmark := s.pair(s.before(i)):
            s.state(senses, other(landmark), i)  # a desk on which a cat lies
        return
    j = s.landmark(i)
    if j is not None and s.items[j].head.endswith("self"):
        if s.pair(j + 1):
            j += 1  # cuts himself a slice
        elif phrase.kind == VERB and s.kind(j + 1) not in (Kind.STOP, None):
            s.state_otherwise(i)
            return
    if j is None:
        _stranded(s, i, senses)
    elif s.kind(j) == Kind.PRONOUN:
        _before_pronoun(s, i, j, senses)
    elif landmark := s.pair(j):
        _governing(s, i, landmark, senses)
    else:
        _before_stranger(s, i, j)


def _really(s: Sentence, i: int) -> bool:
    """Whether what a verb is followed by with "to" happens: "manages to", "happens to"."""
    return s.items[i].head in _HAPPENING if i >= 0 else False


def _with_verb(s: Sentence, i: int) -> Senses:
    """What a preposition says together with the verb beside it: "against the tree leans a bicycle"."""
    phrase = s.phrase(i)
    if phrase.kind != PREPOSITION:
        return frozenset()
    for j in (i - 1, *range(i + 1, len(s.items))):
        kind = s.kind(j)
        if kind in (Kind.COMMA, Kind.STOP) and j > i + 2:
            break
        if kind in (Kind.VERB, Kind.TOGETHER) or (
            kind == Kind.RELATION and (j == i - 1 or s.kind(i + 1) == Kind.WHO)
        ):
            return s.book.by_preposition.get((s.items[j].head, phrase.tokens), frozenset())
    return frozenset()


# Passives


def _passive(s: Sentence, i: int, senses: Senses) -> bool:
    """Read a participle as a passive; False where it is none."""
    by = i + 1
    while by < i + 4 and (
        s.kind(by) in (Kind.VERB, Kind.ADJECTIVE, Kind.COMMA) or s.phrase(by).tokens in _PARTICLES
    ):
        by += 1
    if s.is_by(by):
        s.used.add(by)
        agent = s.pair(by + 1)
        if s.kind(by + 1) == Kind.THING:
            if agent:
                s.state(senses, agent, i)
            elif s.roles[by + 1] == Role.OTHER:
                s.state_otherwise(i)
        elif patient := s.pair(s.before(i)):
            s.state(senses, other(patient), i)  # the man that the guitar is held by
        return True
    if not _is_be(s, i - 1):
        return False
    if s.kind(i + 1) != Kind.THING:
        _agent_elsewhere(s, i, senses)
        return True
    if s.pair(i + 1):
        s.state_otherwise(i)  # is being fed a duck: by somebody
        return True
    return False


def _agent_elsewhere(s: Sentence, i: int, senses: Senses) -> None:
    """Read a passive whose agent stands before it: "the man by whom the guitar is held"."""
    for j in range(i - 1, -1, -1):
        if s.is_by(j) and s.kind(j + 1) == Kind.WHO and (agent := s.pair(s.before(j))):
            s.used.add(j)
            s.state(senses, agent, i)
            return


def _is_be(s: Sentence, i: int) -> bool:
    while s.kind(i) == Kind.ADJECTIVE:
        i -= 1
    return s.kind(i) == Kind.BE or (s.kind(i) == Kind.VERB and s.items[i].head == "get")


# What follows a phrase


def _governing(s: Sentence, i: int, landmark: Role, senses: Senses) -> None:
    """The phrase is followed by one of the two."""
    phrase = s.phrase(i)
    if phrase.kind == VERB and _stranger_acts(s, i):
        return
    if phrase.kind == PREPOSITION:
        if (
            phrase.tokens == ("in",)
            and s.participants.is_clothing(landmark)
            and s.participants.is_person(other(landmark))
        ):
            senses |= {Sense("wears")}
        if s.phrase(i).tokens[0] in ("on", "upon") and _gaze(s, i):
            senses |= {Sense("looks_at")}
        if _has_an_object(s, i):
            senses = frozenset(replace(sense, close=True) for sense in senses)
    s.state(senses, other(landmark), i)


def _gaze(s: Sentence, i: int) -> bool:
    """Whether what is on something is a look: "the falcon's gaze is on the rabbit"."""
    j = next((j for j in range(i - 1, -1, -1) if s.kind(j) == Kind.THING), None)
    return (
        j is not None and s.roles[j] == Role.BODY and s.items[j].head in ("gaze", "eye", "attention", "stare")
    )


def _has_an_object(s: Sentence, i: int) -> bool:
    """Whether a verb with an object of its own governs a preposition: "takes an interest in the box"."""
    return (
        s.roles.get(i - 1) in (Role.UNKNOWN, Role.SCENERY)
        and s.kind(i - 2) in (Kind.VERB, Kind.RELATION, Kind.HAVE)
        and s.items[i - 2].head not in s.book.wordings.posture
        and s.items[i - 1].head not in _RESTS
    )


def _stranger_acts(s: Sentence, i: int) -> bool:
    """Whether the subject of a verb is neither of the two: "we see a cat", "the picture shows a cat"."""
    if s.items[i].form == "gerund":
        return False
    for j in range(i - 1, -1, -1):
        if s.kind(j) == Kind.THING:
            return s.roles[j] == Role.IMAGE
        if s.kind(j) == Kind.PRONOUN:
            return s.items[j].head in ONLOOKERS
    return False


def _before_pronoun(s: Sentence, i: int, j: int, senses: Senses) -> None:
    """The phrase is followed by a pronoun: "a desk with a cat on it", "a desk, and on it a cat"."""
    if s.items[j].head in VAGUE:
        s.state_otherwise(i)
        return
    first = None
    if s.kind(i - 1) != Kind.AND:
        first = s.pair(s.before(i, (Kind.STOP, Kind.COMMA)))
    elif s.phrase(i).kind == PREPOSITION and (landmark := s.pair(s.before(i))):
        first = other(landmark)
    if first is None and (landmark := s.pair(j) if s.phrase(i).kind == VERB else s.pair(s.before(i))):
        first = other(landmark)
    if first is None and (landmark := s.pair(j)):
        first = other(landmark)
    if first is not None:
        s.state(senses, first, i)


def _before_stranger(s: Sentence, i: int, j: int) -> None:
    """The phrase is followed by a thing that is not of the claim."""
    role, phrase = s.roles[j], s.phrase(i)
    vague = phrase.kind == PREPOSITION or all(sense.close for sense in phrase.senses)
    if role == Role.BODY:
        read_body(s, i, j)
    elif role == Role.OTHER or (role == Role.UNKNOWN and not vague):
        s.state_otherwise(i)


def _stranded(s: Sentence, i: int, senses: Senses) -> None:
    """Nothing follows the phrase: "the desk that the cat sits on", "what the man holds is a guitar"."""
    j = s.before(i)
    first = s.pair(j)
    if j is None or first is None:
        return
    if s.phrase(i).tokens == ("on",) and s.kind(j - 1) in (Kind.HAVE, Kind.WITH):
        s.state(senses | {Sense("wears", swapped=True)}, first, i)  # has a hat on
    elif s.named(other(first), before=j) or s.kind(i + 1) == Kind.BE or _asks_what(s, j):
        s.state(senses, first, i)


def _asks_what(s: Sentence, j: int) -> bool:
    return any(item.kind == Kind.WHO and item.head == "what" for item in s.items[:j])


# Other words between the two


def _preposition(s: Sentence, i: int) -> None:
    """A preposition that no relation has by itself: "from the tree hangs a lantern", "runs towards the tree"."""
    word = s.phrase(i).tokens[0]
    if senses := _with_verb(s, i):
        before = len(s.found)
        _relation(s, i, senses)
        if len(s.found) > before:
            return
    j = s.landmark(i)
    if j is None:
        k = s.before(i)
        if word == "off" and k is not None and s.kind(k - 1) in (Kind.HAVE, Kind.WITH):
            s.state((), Role.SUBJECT, i)  # with his headphones off
    elif (landmark := s.pair(j)) and s.named(other(landmark)):
        s.state((), other(landmark), i, known=word not in _PLAIN)


def _together(s: Sentence, i: int) -> None:
    """Said of both at once: "a man and a woman are shaking hands"."""
    joined = any(s.pair(j - 1) and s.kind(j) == Kind.AND and s.pair(j + 1) for j in range(len(s.items)))
    if joined:
        s.state(s.phrase(i).senses, Role.SUBJECT, i, mutual=True)


def _with_which(s: Sentence, i: int) -> None:
    """A bear with which a cat is dancing."""
    landmark = s.pair(s.before(i))
    verb = next(
        (item.head for item in s.items[i:] if item.kind in (Kind.VERB, Kind.TOGETHER, Kind.RELATION)), ""
    )
    if s.kind(i + 1) == Kind.WHO and landmark and (senses := s.book.by_preposition.get((verb, ("with",)))):
        s.used.update(range(i, len(s.items)))
        s.state(senses, other(landmark), i)


def _verb(s: Sentence, i: int) -> None:
    """A verb that no relation has."""
    verb, words = s.items[i], s.book.wordings
    if read_gift(s, i) or verb.head in _EMPTY_VERBS | words.show_verbs | (words.posture - words.other_verbs):
        return
    if verb.form == "participle" and s.is_by(i + 1):
        if agent := s.pair(i + 2):
            s.used.add(i + 1)
            s.state((), agent, i, known=verb.head in words.other_verbs)
        return
    patient = s.pair(i + 1) if s.kind(i + 1) == Kind.THING else None
    if patient and s.pair(s.before(i)) == other(patient) and not _after_place(s, i):
        s.state((), other(patient), i, known=verb.head in words.other_verbs)


def _after_place(s: Sentence, i: int) -> bool:
    """Whether a place stands before the verb, so that its subject follows: "on the desk lounges a cat"."""
    j = i - 1
    while s.kind(j) in (Kind.COMMA, Kind.ADJECTIVE, Kind.THERE):
        j -= 1
    return s.kind(j) == Kind.THING and s.kind(j - 1) in (Kind.RELATION, Kind.PREPOSITION)
