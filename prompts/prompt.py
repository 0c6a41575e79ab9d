"""Prompts: one YAML file a version, read and checked as a whole, and rendered for one claim at a time.

`load_prompt` finds a prompt by name ("naturel-v1", or "naturel" for its newest version) or reads a user's own file.
Every fault found is reported in one `PromptError`. `naturel-v1.yaml` explains the fields.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from naturel.annotations.errors import UserError
from naturel.annotations.yaml_file import read_yaml
from naturel.prompts import prompt_checks
from naturel.prompts.answers import answer_in_order, schema_in_order
from naturel.prompts.parts import Example, Message, Name, OneLine, PromptKind, Sampling, Style, Text
from naturel.prompts.templates import BadTemplateError, render_template
from naturel.prompts.words import ClaimWords, one_line

CANONICAL_FORM = 1
"""Raised whenever the same file would give another request."""
_FOLDER = Path(__file__).parent
FILE_NAME = re.compile(r"(?P<id>[a-z][a-z0-9]*(?:-[a-z0-9]+)*)-v(?P<version>[1-9][0-9]*)")
"""How prompt files are called, without their ending: "naturel-v1"."""
_SUFFIXES = (".yaml", ".yml")


class PromptError(UserError):
    """Every fault of a prompt's file, one a line, each with the file, the field and the mend."""

    def __init__(self, where: Path | str, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(f"{where}: {fault}" for fault in self.faults))


class Prompt(BaseModel):
    """One version of a prompt."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Name
    version: int = Field(ge=1, strict=True)
    purpose: OneLine
    kind: PromptKind
    system: Text
    """Sent as it stands."""
    user: Text
    """A template; see `templates` for what it may do."""
    examples: tuple[Example, ...] = ()
    answer_schema: dict[str, Any] = Field(alias="schema")
    """The JSON schema of the answer. A judge answers with one of the words of its `enum`, not with JSON."""
    sampling: Sampling
    styles: tuple[Style, ...] = ()
    captions: int = Field(default=0, ge=0, strict=True)
    """How many sentences a call asks for, at most; 0 for a judge."""

    @property
    def name(self) -> str:
        """Id and version: "naturel-v1"."""
        return f"{self.id}-v{self.version}"

    @property
    def json_schema(self) -> dict[str, Any]:
        """The answer's schema as it is sent."""
        return schema_in_order(self.answer_schema)

    @property
    def canonical(self) -> str:
        """Everything that shapes a request, as one line of JSON, from which the digest is made.

        It has the fields `captions, examples, kind, sampling, schema, styles, system, user` and `format`
        (`CANONICAL_FORM`), keys sorted, no spaces between tokens, no escapes for what is not ASCII. Optional fields
        that have their default are left out, text has no white space at its ends, and `temperature` and `top_p` are
        written as fractions (1.0). Id, version and purpose are not in it.
        """
        content: dict[str, Any] = {
            "format": CANONICAL_FORM,
            "kind": self.kind,
            "system": self.system,
            "user": self.user,
            "schema": self.answer_schema,
            "sampling": self.sampling.model_dump(exclude_defaults=True),
        }
        optional = {
            "captions": self.captions,
            "examples": [example.content for example in self.examples],
            "styles": [style.model_dump(exclude_defaults=True) for style in self.styles],
        }
        content |= {key: value for key, value in optional.items() if value}
        return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of `canonical` in UTF-8, in hexadecimal: the same requests have the same digest."""
        return hashlib.sha256(self.canonical.encode()).hexdigest()

    def styles_for(self, words: ClaimWords) -> tuple[Style, ...]:
        """The styles that fit a claim, in the file's order."""
        return tuple(style for style in self.styles if words.features >= set(style.needs))

    def render(
        self, words: ClaimWords, styles: Sequence[str] | None = None, sentence: str = ""
    ) -> tuple[Message, ...]:
        """The messages that ask for one claim: the system text, the examples, and the claim itself last.

        All but the last message are the same for every claim, so that servers can keep what they read of them.

        Args:
            words: The claim's words.
            styles: Constructions to ask for, in this order. By default the first `captions` that fit the claim.
            sentence: The sentence to judge; only for a judge.

        Raises:
            ValueError: A style is unknown, none is left, or a sentence is given or missing against the kind.
            PromptError: The template fails on this claim.
        """
        if bool(one_line(sentence)) != (self.kind is PromptKind.JUDGE):
            raise ValueError(f"{self.name}: a judge needs a sentence, and nothing else takes one")
        if styles is None:
            styles = [style.construction for style in self.styles_for(words)[: self.captions]]
        asked = Message("user", self._ask(words, styles, sentence))
        return (Message("system", self.system), *self._example_messages, asked)

    @cached_property
    def _example_messages(self) -> tuple[Message, ...]:
        messages: list[Message] = []
        for example in self.examples:
            styles: list[str] = []
            content = example.answer
            if isinstance(content, dict):
                styles = [caption["construction"] for caption in content["captions"]]
                content = json.dumps(answer_in_order(content, self.answer_schema), ensure_ascii=False)
            messages.append(Message("user", self._ask(example.claim, styles, example.sentence)))
            messages.append(Message("assistant", content))
        return tuple(messages)

    def _ask(self, words: ClaimWords, styles: Sequence[str], sentence: str) -> str:
        variables = words.variables()
        known = {style.construction: style for style in self.styles}
        if self.kind is PromptKind.JUDGE:
            variables["sentence"] = one_line(sentence)
        else:
            unknown = [name for name in styles if name not in known]
            if unknown or not styles:
                raise ValueError(f"{self.name}: {', '.join(unknown) or 'no style'} cannot be asked for")
            variables["count"] = len(styles)
        try:
            if self.kind is PromptKind.CAPTIONS:
                variables["styles"] = tuple(known[name].told(words) for name in styles)
            return render_template(self.user, variables)
        except BadTemplateError as error:
            raise PromptError(self.name, [f"user or styles: {error}"]) from error


def load_prompt(name_or_path: str | Path) -> Prompt:
    """Find or read a prompt.

    Args:
        name_or_path: "naturel-v1", "naturel" (the newest version), or the path of a file that ends in .yaml or .yml.

    Raises:
        PromptError: There is no such prompt, or its file has faults; all of them are named.
    """
    if isinstance(name_or_path, Path) or name_or_path.endswith(_SUFFIXES):
        return _load(Path(name_or_path))
    files = {path.stem: path for path in files_by_version(_FOLDER)}
    newest = {path.stem.rpartition("-v")[0]: path for path in files.values()}
    if path := files.get(name_or_path) or newest.get(name_or_path):
        return _load(path)
    close = difflib.get_close_matches(name_or_path, [*files, *newest], 1)
    hint = f"did you mean {close[0]}? There" if close else "there"
    raise PromptError(
        name_or_path, [f"no such prompt; {hint} are: {', '.join(files)}. A file of your own ends in .yaml"]
    )


def list_prompts() -> tuple[Prompt, ...]:
    """The prompts that come with the package, by id and version."""
    return tuple(_load(path) for path in files_by_version(_FOLDER))


def files_by_version(folder: Path) -> list[Path]:
    """The prompt files of a folder by id and version, so that the newest of an id comes last."""
    found = [(match, path) for path in folder.glob("*.yaml") if (match := FILE_NAME.fullmatch(path.stem))]
    return [path for _, path in sorted(found, key=lambda each: (each[0]["id"], int(each[0]["version"])))]


def read_document(path: Path, like: str) -> tuple[dict[str, Any], list[str]]:
    """The fields of a prompt file, and the faults of those that stand twice; `like` names a good file.

    Raises:
        PromptError: It cannot be read, or is no mapping.
    """
    try:
        document, repeated = read_yaml(path.read_bytes())
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        reason = " ".join(str(getattr(error, "strerror", None) or error).split())
        raise PromptError(path, [f"cannot be read as YAML ({reason}); mend or restore the file"]) from error
    if not isinstance(document, dict):
        raise PromptError(path, [f"is no mapping of fields; write them as in {like}"])
    return document, [f"{key}: stands twice; keep one" for key in dict.fromkeys(repeated)]


def _load(path: Path) -> Prompt:
    document, faults = read_document(path, "naturel-v1.yaml")
    faults += prompt_checks.faults(document)
    faults += _name_faults(path, document)
    try:
        prompt = Prompt.model_validate(document)
        if not faults:
            faults += prompt_checks.rendering_faults(prompt)
    except ValidationError as error:
        for fault in error.errors():
            place = ".".join(str(part) for part in fault["loc"])
            faults.append(f"{place}: {fault['msg']}; mend this field as in naturel-v1.yaml")
    if faults:
        raise PromptError(path, faults)
    return prompt


def _name_faults(path: Path, document: dict[str, Any]) -> list[str]:
    """What id and version must be, by the name of the file."""
    match = FILE_NAME.fullmatch(path.stem)
    if not match:
        return ["file name: is not of the form ID-vVERSION.yaml, such as my-style-v1.yaml; rename the file"]
    given = (str(document.get("id")), str(document.get("version")))
    return [
        f"{field}: {value} is not the {match[field]} of the file's name; change one of them"
        for field, value in zip(("id", "version"), given, strict=True)
        if value != match[field]
    ]
