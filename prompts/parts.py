"""The parts of a prompt: styles, sampling settings, examples, and the messages that it becomes."""

from __future__ import annotations

from dataclasses import MISSING, asdict, dataclass, fields
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from naturel.prompts.templates import render_template
from naturel.prompts.words import ClaimWords, Feature, one_line

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$")]
ConstructionName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
OneLine = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[^\n\r]+$")]


class PromptKind(StrEnum):
    """What a prompt asks for."""

    CAPTIONS = "captions"
    """Sentences for a claim."""
    JUDGE = "judge"
    """Whether a sentence states exactly the claim: one word, yes or no."""


class Style(BaseModel):
    """A construction to ask for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    construction: ConstructionName
    """Its stable name, as the grammar's where it is the same one."""
    description: OneLine
    """What the model is told of it: a template with the variables of the claim."""
    needs: tuple[Feature, ...] = ()
    """What a claim must have; empty: it fits every claim."""

    def told(self, words: ClaimWords) -> dict[str, str]:
        """What a prompt's template sees of it."""
        description = render_template(self.description, words.variables())
        return {"construction": self.construction, "description": description}


class Sampling(BaseModel):
    """How the model is to choose its words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: float = Field(ge=0, le=2)
    top_p: float = Field(gt=0, le=1)
    max_tokens: int = Field(ge=1, strict=True)
    top_logprobs: int = Field(default=0, ge=0, le=20, strict=True)
    """How many log-probabilities to ask for at each token; 0: none."""


class Example(BaseModel):
    """One request and its right answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    claim: ClaimWords
    sentence: str = ""
    """The sentence to judge; only for a judge."""
    answer: dict[str, Any] | str

    @property
    def content(self) -> dict[str, Any]:
        """What of it shapes a request."""
        defaults = {field.name: field.default for field in fields(ClaimWords) if field.default is not MISSING}
        claim = {name: value for name, value in asdict(self.claim).items() if value != defaults.get(name)}
        content: dict[str, Any] = {"claim": claim, "answer": self.answer}
        return content | ({"sentence": one_line(self.sentence)} if self.sentence else {})


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str

    def to_dict(self) -> dict[str, str]:
        """The message as chat servers take it."""
        return {"role": self.role, "content": self.content}
