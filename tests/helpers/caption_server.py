"""A server that plays a language model which is asked for captions, well or badly as each test wants it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from helpers.llm_server import Json, LlmServer, Reply, completion, text_of

Sentences: TypeAlias = Mapping[str, str]
"""Construction -> sentence."""


@dataclass(frozen=True)
class Asked:
    """What a caption request asks for, read out of its last message."""

    text: str
    statement: str
    subject: str
    relation: str
    object: str
    passive: str
    constructions: tuple[str, ...]
    seed: int | None = None
    number: int = 1
    """How often this statement has been asked about, this time included."""

    @classmethod
    def read(cls, text: str, seed: int | None = None, number: int = 1) -> Asked:
        def line(name: str) -> str:
            found = re.search(rf"^{name}: (.*?)(?: \((?:or: |plural|mass).*\))?$", text, re.MULTILINE)
            return found[1] if found else ""

        passive = re.search(r"^- passive: in the passive, (.*)$", text, re.MULTILINE)
        return cls(
            text,
            line("Claim"),
            line("Subject"),
            line("Relation") or line("Attribute"),
            line("Object"),
            passive[1] if passive else "",
            tuple(re.findall(r"^- (\w+): ", text, re.MULTILINE)),
            seed,
            number,
        )

    @property
    def good(self) -> dict[str, str]:
        """A sentence for each construction, as a model that does its best writes them."""
        return {name: _sentence(self, name) for name in self.constructions}

    @property
    def swapped(self) -> dict[str, str]:
        """The same with subject and object exchanged."""
        return {
            name: f"{_the(self.object)} is {self.relation} {_the(self.subject)}."
            for name in self.constructions
        }


def _the(phrase: str) -> str:
    return re.sub(r"^(?:an?|another) ", "the ", phrase)


def _with_adjective(subject: str, adjective: str) -> str:
    if " " in adjective:
        return f"{subject} {adjective}"
    return f"the {adjective} {_the(subject).removeprefix('the ')}"


def _sentence(asked: Asked, construction: str) -> str:
    subject, relation, target = asked.subject, asked.relation, asked.object
    be = "are" if f"{subject} are " in asked.statement else "is"
    whole = f"{relation} {target}".strip()
    said = {
        "svo": f"{_the(subject)} {be} {relation} {_the(target)}",
        "fronted": f"{relation} {target}, there {be} {subject}",
        "passive": asked.passive,
        "relative": f"{subject} that {be} {whole}",
        "seen": f"you can see {subject} that {be} {whole}",
        "existential": f"there {be} {subject} that {be} {whole}",
        "object_relative": f"this is {target} that {subject} {be} {relation}",
        "picture": f"the photo shows {subject} that {be} {whole}",
        "here": f"here {be} {subject} that {be} {whole}",
        "cleft": f"it is {_the(subject)} that {be} {whole}",
        "in_picture": f"in this photo, {asked.statement}",
        "headline": f"{subject} {whole}" if target else _with_adjective(subject, relation),
        "inversion": f"{relation} {_the(target)} {be} {_the(subject)}",
        "present": f"{_the(subject)} {be} {relation} {_the(target)}",
        "object_cleft": f"it is {_the(target)} that {_the(subject)} {be} {relation}",
        "behold": f"behold {subject} that {be} {whole}",
        "pied": f"this is {_the(target)} {relation} which there {be} {subject}",
        "topic": f"as for {_the(subject)}, {'they' if be == 'are' else 'it'} {be} {whole}",
    }[construction].strip()
    return f"{said[0].upper()}{said[1:]}."


def answer_of(sentences: Sentences | Sequence[tuple[str, str]]) -> str:
    """The JSON that a model writes."""
    pairs = sentences.items() if isinstance(sentences, Mapping) else sentences
    return json.dumps({"captions": [{"construction": name, "text": text} for name, text in pairs]})


def reply_of(asked: Asked, sentences: Sentences | None = None, **options: Any) -> Reply:
    """A whole reply: the good sentences, or others."""
    chosen = asked.good if sentences is None else sentences
    return Reply(completion(answer_of(chosen), asked.text), **options)


def _body(reply: Reply) -> Json:
    assert isinstance(reply.body, dict)
    return reply.body


Behave: TypeAlias = Callable[[Asked], Reply | Sentences | None]
"""What a server does about a request; sentences are sent as they should be, None is what is good."""


class CaptionServer(LlmServer):
    """Answers caption requests, and questions to a judge.

    Attributes:
        asked: All caption requests, in order.
        opinions: What the judge was asked, with its answers.
    """

    def __init__(
        self,
        behave: Behave = lambda asked: None,
        *,
        judge_says: Callable[[str], str] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(answer=lambda text: _body(reply_of(Asked.read(text))), **options)
        self.behave = behave
        self.judge_says = judge_says
        self.asked: list[Asked] = []
        self.opinions: Counter[tuple[str, str]] = Counter()
        self._numbers: Counter[str] = Counter()

    def reply(self, body: Json) -> Reply:
        text = text_of(body)
        with self._lock:
            self.bodies.append(body)
            rejected = self.judge(body) if self.judge else None
            if rejected is not None:
                return rejected
            self.calls[text] += 1
            if "\nSentence: " in text:
                return self._opinion(text)
            statement = text.split("\n")[0]
            self._numbers[statement] += 1
            asked = Asked.read(text, body.get("seed"), self._numbers[statement])
            self.asked.append(asked)
        done = self.behave(asked)
        if isinstance(done, Reply):
            return done
        return reply_of(asked, done, pause=self.pause)

    def _opinion(self, text: str) -> Reply:
        sentence = text.split("\nSentence: ")[1].split("\n")[0]
        said = self.judge_says(sentence) if self.judge_says else "yes"
        self.opinions[sentence, said] += 1
        return Reply(completion(said, text))
