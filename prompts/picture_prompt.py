"""Picture prompts: what a text-to-image model is asked for, one YAML file a version in `pictures/`.

`load_picture_prompt` finds one by name ("object-v1", or "object" for its newest version) or reads a user's own file.
`pictures/object-v1.yaml` explains the fields.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from naturel.annotations.nouns import Noun
from naturel.annotations.yaml_file import read_yaml
from naturel.prompts.parts import Name, OneLine, Text
from naturel.prompts.prompt import FILE_NAME, PromptError, files_by_version, read_document
from naturel.prompts.templates import render_template, template_faults, used_variables

VARIABLES = frozenset({"noun", "thing", "number"})
KIND = "picture"
_FOLDER = Path(__file__).parent / "pictures"


class PicturePrompt(BaseModel):
    """One version of a picture prompt."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Name
    version: int = Field(ge=1, strict=True)
    purpose: OneLine
    kind: Literal["picture"]
    text: Text
    """A template with `VARIABLES`; see `templates` for what it may do."""
    negative: str = ""
    """A template for what is not wanted."""

    @property
    def name(self) -> str:
        """Id and version: "object-v1"."""
        return f"{self.id}-v{self.version}"

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what shapes a request, in hexadecimal."""
        content = json.dumps([self.text.strip(), self.negative.strip()], ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()

    def render(self, noun: Noun) -> tuple[str, str]:
        """What is asked for a noun, and what is not wanted; each on one line."""
        variables = {"noun": noun.noun, "thing": noun.indefinite(), "number": str(noun.number)}
        asked, unwanted = (render_template(text, variables) for text in (self.text, self.negative))
        return " ".join(asked.split()), " ".join(unwanted.split())


def load_picture_prompt(name_or_path: str | Path) -> PicturePrompt:
    """Find or read a picture prompt.

    Args:
        name_or_path: "object-v1", "object" (the newest version), or the path of a file that ends in .yaml or .yml.

    Raises:
        PromptError: There is no such prompt, or its file has faults; all of them are named.
    """
    if isinstance(name_or_path, Path) or name_or_path.endswith((".yaml", ".yml")):
        return _load(Path(name_or_path))
    files = {path.stem: path for path in files_by_version(_FOLDER)}
    newest = {path.stem.rpartition("-v")[0]: path for path in files.values()}
    if path := files.get(name_or_path) or newest.get(name_or_path):
        return _load(path)
    there = ", ".join(files)
    raise PromptError(
        name_or_path, [f"no such picture prompt; there are: {there}. A file of your own ends in .yaml"]
    )


def list_picture_prompts() -> tuple[PicturePrompt, ...]:
    """The picture prompts that come with the package, by id and version."""
    return tuple(_load(path) for path in files_by_version(_FOLDER))


def is_picture_prompt(path: Path) -> bool:
    """Whether a file says that it is a picture prompt; one that cannot be read does not."""
    try:
        document, _ = read_yaml(path.read_bytes())
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError):
        return False
    return isinstance(document, dict) and document.get("kind") == KIND


def _load(path: Path) -> PicturePrompt:
    document, faults = read_document(path, "pictures/object-v1.yaml")
    faults += [*_name_faults(path, document), *_text_faults(document)]
    prompt = None
    try:
        prompt = PicturePrompt.model_validate(document)
    except ValidationError as error:
        for fault in error.errors():
            place = ".".join(str(part) for part in fault["loc"])
            faults.append(f"{place}: {fault['msg']}; mend this field as in pictures/object-v1.yaml")
    if faults or prompt is None:
        raise PromptError(path, faults)
    return prompt


def _name_faults(path: Path, document: dict[str, Any]) -> Iterator[str]:
    """What id and version must be, by the name of the file."""
    match = FILE_NAME.fullmatch(path.stem)
    if not match:
        yield "file name: is not of the form ID-vVERSION.yaml, such as my-style-v1.yaml; rename the file"
        return
    for field in ("id", "version"):
        if str(document.get(field)) != match[field]:
            yield f"{field}: is not the {match[field]} of the file's name; change one of them"


def _text_faults(document: dict[str, Any]) -> Iterator[str]:
    for field in ("text", "negative"):
        text = document.get(field)
        if not isinstance(text, str):
            continue
        found = template_faults(text, VARIABLES)
        yield from (f"{field}: {fault}" for fault in found)
        if field == "text" and not found and not used_variables(text) & {"noun", "thing"}:
            yield "text: never names the thing; write {{ thing }} where it belongs"
