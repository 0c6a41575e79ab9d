"""The settings of `--source composites`; `settings.BuildSettings` has them too."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

COMPOSITES, LAYOUTS = 2000, 16
"""How many pictures are made where `--max-images` sets no limit, and layouts where `--layouts` sets none."""


class Backend(StrEnum):
    """Where the things on composites come from."""

    PICTOGRAMS = "pictograms"
    """Drawn by our code."""
    OPENMOJI = "openmoji"
    """OpenMoji pictograms."""
    PHOTOS = "photos"
    """Cut out of another source's photos."""
    DIFFUSERS = "diffusers"
    """Made by a text-to-image pipeline."""


class Arrangement(StrEnum):
    """How two things are arranged."""

    LEFT_RIGHT = "left_right"
    ABOVE_BELOW = "above_below"
    ON_UNDER = "on_under"
    INSIDE = "inside"


class DType(StrEnum):
    """Numbers that a text-to-image pipeline calculates with."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    BFLOAT16 = "bfloat16"


_OF_GENERATORS = (
    *(
        "generator",
        "generator_revision",
        "per_noun",
        "picture_prompt",
        "steps",
        "guidance",
        "generator_batch",
    ),
    *("device", "dtype"),
)
"""What only the backend diffusers heeds."""


class CompositeSettings(BaseModel):
    """Field names are those of the options, with underscores."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    backend: Backend = Backend.PICTOGRAMS
    arrangements: tuple[Arrangement, ...] = tuple(Arrangement)
    nouns: Annotated[int, Field(ge=2)] | None = None
    cutouts: Path | None = None
    generator: str | None = None
    generator_revision: str | None = None
    per_noun: Annotated[int, Field(ge=1, le=10_000)] = 10
    picture_prompt: str = "object"
    steps: Annotated[int, Field(ge=1, le=1000)] = 30
    guidance: Annotated[float, Field(ge=0, le=50)] = 7.5
    generator_size: Annotated[int, Field(ge=8, le=4096, multiple_of=8)] | None = None
    generator_batch: Annotated[int, Field(ge=1, le=256)] = 1
    device: str = "auto"
    dtype: DType = DType.FLOAT32

    @field_validator("arrangements", mode="before")
    @classmethod
    def _arrangement_names(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(name.strip().replace("-", "_") for name in value.split(",") if name.strip())
        return value

    @field_validator("arrangements")
    @classmethod
    def _arrangements_in_order(cls, names: tuple[Arrangement, ...]) -> tuple[Arrangement, ...]:
        if not names:
            raise ValueError(f"name at least one of {', '.join(Arrangement)}")
        return tuple(name for name in Arrangement if name in names)

    @model_validator(mode="after")
    def _whole_backend(self) -> CompositeSettings:
        if self.backend is not Backend.DIFFUSERS:
            for name in _OF_GENERATORS:
                if name in self.model_fields_set:
                    raise ValueError(f"--{name.replace('_', '-')} needs --backend diffusers")
        elif not self.generator:
            raise ValueError("--backend diffusers needs --generator, a model's name or folder")
        if self.backend is Backend.PHOTOS and self.cutouts is None:
            raise ValueError("--backend photos needs --cutouts, a folder with photos and boxes")
        if self.backend is not Backend.PHOTOS and self.cutouts is not None:
            raise ValueError("--cutouts needs --backend photos")
        return self
