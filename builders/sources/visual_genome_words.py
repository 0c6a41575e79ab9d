"""The words of `visual_genome.yaml`, read and checked."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from naturel.annotations.errors import UserError
from naturel.annotations.yaml_file import read_yaml


class FreeTextWords(BaseModel):
    """What the file's sections say; the file explains each."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    manner: frozenset[str]
    modifiers: frozenset[str]
    nouns: frozenset[str]
    spellings: dict[str, tuple[str, ...]]
    attributes: dict[str, tuple[str, ...]]


@cache
def load_free_text_words() -> FreeTextWords:
    """Read the embedded file, once.

    Raises:
        UserError: The file has been damaged.
    """
    path = Path(__file__).with_name("visual_genome.yaml")
    try:
        content, repeated = read_yaml(path.read_bytes())
        words = FreeTextWords.model_validate(content)
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise UserError(f"{path} cannot be read: {error}. Install NatuRel again.") from error
    if repeated:
        raise UserError(f"{path}: {', '.join(repeated)} given twice; keep one.")
    return words
