"""Human decisions about captions, relations and pictures: what one says, and the key of what it is about.

A key says what is judged by its content, so that a decision holds in every later build that has the same content:

    caption    the SHA-256 of the sentence and its claim's id: wherever the sentence stands
    image      the SHA-256 of the picture's file; `id:` and its id where the picture is only linked
    relation   the picture's key, a slash, the claim's id: one claim in one picture

How decisions are kept is told in `journal.py`, what follows from several of them in `verdicts.py`.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from naturel.annotations.claims import Claim

SCHEMA = 1
"""The version of a journal's lines that is written; later ones are refused."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")
NAME_RULE = "1 to 64 letters a-z, digits and _ . @ -, beginning with a letter or digit"


class Kind(StrEnum):
    """What is judged."""

    CAPTION = "caption"
    """A sentence and the claim that it should state."""
    RELATION = "relation"
    """A claim in one picture."""
    IMAGE = "image"
    """A picture."""


class Verdict(StrEnum):
    """What is decided."""

    ACCEPT = "accept"
    """It is right; of a relation: the claim is true in the picture."""
    REJECT = "reject"
    """It must go, for a reason of `REASONS`."""
    EDIT = "edit"
    """A caption: `text` instead of it. A relation: it holds, between `boxes`."""
    SKIP = "skip"
    """Nothing was decided."""
    UNDO = "undo"
    """An earlier decision of the same annotator is taken back."""


NEGATIVE_IS_TRUE = "negative_is_true"

REASONS: dict[Kind, dict[str, str]] = {
    Kind.CAPTION: {
        "wrong_meaning": "states something else: other roles, another relation, another thing",
        "says_more": "states its claim, and something that the claim does not say",
        "ambiguous": "can also be read as something else",
        "ungrammatical": "is not correct English",
        "awkward": "is correct, but nobody would say it",
        "other": "is bad in another way",
    },
    Kind.RELATION: {
        "wrong_relation": "the two things do not stand in this relation",
        "wrong_box": "a box is not around the thing that is meant",
        "wrong_thing": "a thing is not what its label says",
        NEGATIVE_IS_TRUE: "the claim is true of the picture, so it cannot be denied there; "
        "the key names the negative's claim",
        "unclear": "the picture does not show whether it holds",
        "other": "is bad in another way",
    },
    Kind.IMAGE: {
        "blurred": "too blurred, dark or small to see the things",
        "collage": "several pictures in one",
        "offensive": "nudity, violence, or an insult to somebody",
        "private": "shows what somebody would want to keep private",
        "not_upright": "lies on its side or stands on its head",
        "covered": "text or a watermark covers the things",
        "other": "is unfit in another way",
    },
}
"""Kind -> reason for a rejection -> what it says; in the order in which they are offered."""


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _in_utc(time: datetime) -> datetime:
    return time.astimezone(UTC)


def _annotator(name: str) -> str:
    if not is_annotator(name):
        raise ValueError(f"{name!r} is no annotator's name: {NAME_RULE}")
    return name


def _inside(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    x_min, y_min, x_max, y_max = box
    if not (0 <= x_min < x_max <= 1 and 0 <= y_min < y_max <= 1):
        raise ValueError(f"{box} is no box [x_min, y_min, x_max, y_max] of fractions in [0, 1]")
    return box


Text = Annotated[str, AfterValidator(_normal)]
Box = Annotated[tuple[float, float, float, float], AfterValidator(_inside)]
"""`[x_min, y_min, x_max, y_max]`: fractions of width and height, origin top left, in the upright picture."""


class Boxes(BaseModel):
    """Where the two things of a relation are; None: where they were."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subject: Box | None = None
    object: Box | None = None

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.subject is None and self.object is None:
            raise ValueError("boxes has neither a subject nor an object")
        return self


class Decision(BaseModel):
    """What one person said about one thing. `record_id`, `sentence` and `claim` tell a reader what the key means."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: UUID
    """Made where the decision was taken: saying it again under the same id is not a second decision."""
    time: Annotated[AwareDatetime, AfterValidator(_in_utc)]
    annotator: Annotated[str, AfterValidator(_annotator)]
    kind: Kind
    key: Annotated[Text, Field(min_length=1, max_length=512)]
    verdict: Verdict
    text: Annotated[Text, Field(min_length=1, max_length=2000)] | None = None
    """The sentence that should stand there; of edits of captions."""
    reason: str | None = None
    """Of rejections: one of `REASONS`."""
    session: str | None = None
    app_version: str | None = None
    record_id: str | None = None
    """The record at which it was decided."""
    sentence: Text | None = None
    """The caption that was judged."""
    claim: Claim | None = None
    """What the caption should state, or what is said of the picture."""
    boxes: Boxes | None = None
    """Of edits of relations."""
    retracts: UUID | None = None
    """Of undos: the decision that is taken back."""
    adjudication: bool = False
    """Whether it settles what others dispute."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        editing, undoing = self.verdict is Verdict.EDIT, self.verdict is Verdict.UNDO
        if editing and self.kind is Kind.IMAGE:
            raise ValueError("a picture cannot be edited; reject it")
        _given("text", self.text, editing and self.kind is Kind.CAPTION, "edits of captions")
        _given("boxes", self.boxes, editing and self.kind is Kind.RELATION, "edits of relations")
        _given("retracts", self.retracts, undoing, "undos")
        _given("reason", self.reason, self.verdict is Verdict.REJECT, "rejections")
        if self.reason is not None and self.reason not in REASONS[self.kind]:
            raise ValueError(
                f"reason {self.reason!r} of a {self.kind} is none of {', '.join(REASONS[self.kind])}"
            )
        if self.adjudication and self.verdict is Verdict.SKIP:
            raise ValueError("an adjudication decides; it cannot skip")
        if self.kind is Kind.CAPTION and self.sentence is not None and self.claim is not None:
            _same_key(self.key, caption_key(self.sentence, self.claim))
        return self

    @property
    def decides(self) -> bool:
        """Whether it says something about its key: it accepts, rejects or edits."""
        return self.verdict in (Verdict.ACCEPT, Verdict.REJECT, Verdict.EDIT)

    def to_line(self) -> str:
        """The line of a journal, without its end: JSON on one line, with the version of the schema first."""
        values = self.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        return json.dumps({"schema": SCHEMA} | values, ensure_ascii=False)


def _given(name: str, value: object, wanted: bool, whose: str) -> None:
    if wanted and value is None:
        raise ValueError(f"{name} is missing; {whose} need it")
    if not wanted and value is not None:
        raise ValueError(f"{name} is only for {whose}")


def _same_key(key: str, expected: str) -> None:
    if key != expected:
        raise ValueError("key is not that of the sentence and the claim")


class NoJsonError(ValueError):
    """A line is not JSON: it may be torn."""


class LaterSchemaError(ValueError):
    """A line was written by a later version of NatuRel."""


def from_line(line: str | bytes) -> Decision:
    """Read a line of a journal.

    Raises:
        LaterSchemaError: Its schema is later than `SCHEMA`.
        NoJsonError: It is not JSON.
        ValueError: It is no decision; the text says why, in a few words.
    """
    try:
        values = json.loads(line)
    except ValueError:
        raise NoJsonError("is not JSON in UTF-8") from None
    if not isinstance(values, dict):
        raise ValueError("is no JSON object")
    version = values.pop("schema", None)
    if not isinstance(version, int) or version < 1:
        raise ValueError("has no schema version")
    if version > SCHEMA:
        raise LaterSchemaError(f"has schema {version}; this version of NatuRel reads up to {SCHEMA}")
    return from_values(values)


def from_values(values: dict[str, Any]) -> Decision:
    """Make a decision of values by field.

    Raises:
        ValueError: It is no decision; the text names each bad field.
    """
    try:
        return Decision.model_validate(values)
    except ValidationError as error:
        raise ValueError("; ".join(_fault(fault["loc"], fault["msg"]) for fault in error.errors())) from None


def _fault(place: tuple[int | str, ...], message: str) -> str:
    message = message.removeprefix("Value error, ")
    return f"{'.'.join(map(str, place))}: {message}" if place else message


def is_annotator(name: str) -> bool:
    """Whether a name may be an annotator's; it becomes a file's name."""
    return _NAME.fullmatch(name) is not None


def caption_key(text: str, claim: Claim) -> str:
    """The key of a sentence that states a claim."""
    return caption_key_of(text, claim.claim_id)


def caption_key_of(text: str, claim_id: str) -> str:
    """The key of a sentence that states the claim with an id."""
    return hashlib.sha256(f"{_normal(text)}\t{claim_id}".encode()).hexdigest()


def image_key(image_id: str, sha256: str | None) -> str:
    """The key of a picture.

    Args:
        image_id: Its id at its source.
        sha256: Of its file in the build; None where it is only linked.
    """
    return sha256 or f"id:{image_id}"


def relation_key(image: str, claim: Claim) -> str:
    """The key of a claim in a picture.

    Args:
        image: The picture's key.
        claim: What is said of it.
    """
    return relation_key_of(image, claim.claim_id)


def relation_key_of(image: str, claim_id: str) -> str:
    """The key of the claim with an id in a picture; a record's id ends with that of its claim."""
    return f"{image}/{claim_id}"
