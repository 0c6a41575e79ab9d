"""Everything that shapes a build, checked at once."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from naturel.annotations.errors import UserError
from naturel.annotations.relations import load_vocabulary
from naturel.builders.composite_settings import CompositeSettings
from naturel.builders.settings_file import explain, read_settings


class Source(StrEnum):
    """Where triplets come from."""

    OPENIMAGES = "openimages"
    VISUAL_GENOME = "visual-genome"
    COCO = "coco"
    TESTBED = "testbed"
    COMPOSITES = "composites"


class Split(StrEnum):
    """A split of the source."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class Crop(StrEnum):
    """What of a picture is shown."""

    NONE = "none"
    """All of it."""
    UNION = "union"
    """The smallest box around subject and object: a picture of its own for each triplet."""


class Captioner(StrEnum):
    """Who writes the captions."""

    GRAMMAR = "grammar"
    """Rules, no model."""
    OPENAI = "openai"
    """A language model behind OpenAI's API, or any server that speaks it."""
    OPENAI_BATCH = "openai-batch"
    """The same through OpenAI's Batch API: half the price, within a day."""
    VLLM = "vllm"
    """A language model in this process, on a GPU."""
    REQUESTS_FILE = "requests-file"
    """Nobody yet: what is to be asked is written to a file."""
    RESPONSES_FILE = "responses-file"
    """Whoever answered that file."""


class Pictures(StrEnum):
    """Whether records carry the pictures or their addresses."""

    EMBED = "embed"
    LINK = "link"


class Balance(StrEnum):
    """Whether captions that are true of one picture are wanted as negatives of another."""

    OFF = "off"
    """No negative is preferred."""
    PREFER = "prefer"
    """Wherever it can be had; no record is lost for it."""
    STRICT = "strict"
    """Always: a record that cannot have it is left out."""


class Negative(StrEnum):
    """What a negative does to the triplet."""

    SWAP = "swap"
    """Subject and object exchanged."""
    CONTRAST = "contrast"
    """Another relation of the same two."""
    ATTRIBUTE = "attribute"
    """Another attribute."""
    SUBJECT = "subject"
    """The subject replaced by a thing that is verified absent."""
    OBJECT = "object"
    """The object replaced by a thing that is verified absent."""


class NegativeImages(StrEnum):
    """Whether records get a picture in which a negative of theirs is true."""

    OFF = "off"
    MINED = "mined"
    """Another picture of the build; where none is known, the record's own mirror image if that serves."""


class Holdout(BaseModel):
    """The shares that go to compositional test splits, each from 0 to below 1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    objects: Annotated[float, Field(ge=0, lt=1)] = 0
    """Of all things: no other split names them."""
    pairs: Annotated[float, Field(ge=0, lt=1)] = 0
    """Of all pairs of things: no other split names them together."""
    relations: Annotated[float, Field(ge=0, lt=1)] = 0
    """Of all pairs in a relation: other splits say other relations of the pair only."""


class Runner(StrEnum):
    """Where claims are judged."""

    NATIVE = "native"
    RAY = "ray"


_OF_FILES = (Captioner.REQUESTS_FILE, Captioner.RESPONSES_FILE)
_OF_MODELS = ("model", "prompt", "judge", "base_url", "max_cost", "requests_file", "responses_file")
"""What the grammar would ignore, and whoever gives it expects a model to be asked."""

ARO = "aro"
"""Stands for the relations of ARO's VG-Relation, among the names of `--relations`."""

_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")


class BuildSettings(CompositeSettings):
    """The settings of one build; field names are those of the options, with underscores."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Annotated[tuple[Source, ...], Field(min_length=1)] = (Source.OPENIMAGES,)
    sample: bool = False
    data: dict[str, Path] = Field(default_factory=dict)
    """Source -> folder of its files. Under the empty name stands the folder of the only source that has one."""
    splits: Annotated[
        tuple[Split, ...], Field(min_length=1, validation_alias=AliasChoices("split", "splits"))
    ] = (Split.TRAIN,)
    """The splits of the source that are read."""
    holdout: Holdout = Holdout()
    max_share_triplet: Annotated[float, Field(gt=0, le=1)] | None = None
    max_share_relation: Annotated[float, Field(gt=0, le=1)] | None = None
    max_images: Annotated[int, Field(ge=1)] | None = None
    max_per_triplet: Annotated[int, Field(ge=1)] | None = None
    relations: tuple[str, ...] = ()
    crop: Crop = Crop.NONE
    pairs: Annotated[int, Field(ge=1)] | None = None
    layouts: Annotated[int, Field(ge=1)] | None = None
    spatial: bool = False
    min_area: Annotated[float, Field(ge=0, lt=1)] = 0.03
    margin: Annotated[float, Field(ge=0, lt=0.5)] = 0.03
    licenses: tuple[str, ...] = ()
    captioner: Captioner = Captioner.GRAMMAR
    captions_per_claim: Annotated[int, Field(ge=3, le=40)] = 8
    model: str | None = None
    base_url: str | None = None
    prompt: tuple[str, ...] = ("naturel",)
    attempts: Annotated[int, Field(ge=1, le=20)] = 3
    fallback: bool = True
    judge: str | None = None
    concurrency: Annotated[int, Field(ge=1, le=4096)] = 32
    cache: Path | None = None
    price: str | None = None
    prices: Path | None = None
    max_cost: Annotated[float, Field(ge=0)] | None = None
    requests_file: Path | None = None
    responses_file: Path | None = None
    balance: Balance = Balance.PREFER
    negatives: tuple[Negative, ...] = tuple(Negative)
    negative_images: NegativeImages = NegativeImages.OFF
    mirror: bool = False
    mirror_exclude: tuple[str, ...] | None = None
    """Labels whose pictures are not mirrored; None: those of things with writing."""
    max_blind: Annotated[float, Field(ge=0.5, le=1)] | None = None
    prune: bool = False
    images: Pictures = Pictures.EMBED
    image_size: Annotated[int, Field(ge=0, le=16_384)] = 512
    respect_opt_out: bool = True
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    runner: Runner = Runner.NATIVE
    offline: bool = False
    decisions: Path | None = None
    out: Path = Path("build/naturel")
    version: str | None = None
    errata: Path | None = None

    @field_validator("source", mode="before")
    @classmethod
    def _source_names(cls, value: object) -> object:
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, list | tuple):
            return value
        parts = [part.strip() for name in names for part in str(name).split(",")]
        return tuple(part.replace("_", "-") for part in parts if part)

    @field_validator("source")
    @classmethod
    def _sources_in_order(cls, sources: tuple[Source, ...]) -> tuple[Source, ...]:
        return tuple(source for source in Source if source in sources)

    @field_validator("splits", mode="before")
    @classmethod
    def _split_names(cls, value: object) -> object:
        return tuple(name.strip() for name in value.split(",")) if isinstance(value, str) else value

    @field_validator("splits")
    @classmethod
    def _splits_in_order(cls, splits: tuple[Split, ...]) -> tuple[Split, ...]:
        return tuple(split for split in Split if split in splits)

    @field_validator("holdout", mode="before")
    @classmethod
    def _holdout_shares(cls, value: object) -> object:
        """Read "pairs=0.1,objects=0.05"."""
        if not isinstance(value, str):
            return value
        parts = [part.partition("=") for part in value.split(",") if part.strip()]
        if wrong := [name for name, equals, share in parts if not (equals and share)]:
            raise ValueError(f"{wrong[0]}: write shares such as pairs=0.1,objects=0.05,relations=0.1")
        return {name.strip(): share for name, _, share in parts}

    @field_validator("data", mode="before")
    @classmethod
    def _folders_by_source(cls, value: object) -> object:
        if isinstance(value, str | Path):
            value = [value]
        if not isinstance(value, list | tuple):
            return value
        folders: dict[str, str | Path] = {}
        for entry in value:
            name, equals, folder = str(entry).partition("=")
            known = name.replace("_", "-") in tuple(Source)
            key = name.replace("_", "-") if equals and known else ""
            if key in folders:
                raise ValueError(f"{entry}: a second folder for one source; write SOURCE=DIR for each source")
            folders[key] = folder if key else entry
        return folders

    @field_validator("relations", "negatives", "prompt", "mirror_exclude", "licenses", mode="before")
    @classmethod
    def _split_at_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(name.strip() for name in value.split(",") if name.strip())
        return value

    @field_validator("relations")
    @classmethod
    def _known_relations(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        vocabulary = load_vocabulary()
        usable = {relation.name for relation in vocabulary if relation.usable}
        canonical = []
        for name in names:
            if name == ARO:
                canonical += [relation.name for relation in vocabulary.usable if ARO in relation.sources]
                continue
            relation = vocabulary.canonical("openimages", name)
            found = name if name in usable else relation.name if relation else None
            if found not in usable:
                raise ValueError(
                    f"{name} is not a usable relation. Choose from {ARO}, {', '.join(sorted(usable))}"
                )
            canonical.append(found)
        return tuple(sorted(set(canonical)))

    @field_validator("negatives")
    @classmethod
    def _in_order(cls, kinds: tuple[Negative, ...]) -> tuple[Negative, ...]:
        if not kinds:
            raise ValueError(f"name at least one of {', '.join(Negative)}")
        return tuple(kind for kind in Negative if kind in kinds)

    @field_validator("version")
    @classmethod
    def _semantic_version(cls, version: str | None) -> str | None:
        if version is not None and not _VERSION.fullmatch(version):
            raise ValueError(f"{version!r} is not a version like 1.0.0")
        return version

    @model_validator(mode="after")
    def _whole_captioner(self) -> BuildSettings:
        if self.captioner == Captioner.GRAMMAR:
            for name in _OF_MODELS:
                if name in self.model_fields_set:
                    raise ValueError(
                        f"--{name.replace('_', '-')} needs a --captioner that asks a model, such as openai"
                    )
            return self
        if not self.model:
            raise ValueError(f"--captioner {self.captioner} needs --model")
        for captioner, name in (
            (Captioner.REQUESTS_FILE, "requests_file"),
            (Captioner.RESPONSES_FILE, "responses_file"),
        ):
            if self.captioner == captioner and getattr(self, name) is None:
                raise ValueError(f"--captioner {captioner} needs --{name.replace('_', '-')}")
            if self.captioner not in _OF_FILES and getattr(self, name) is not None:
                raise ValueError(f"--{name.replace('_', '-')} needs --captioner {captioner}")
        if not self.prompt:
            raise ValueError("--prompt names no prompt; give one of `naturel prompts list`, or a file")
        return self

    @model_validator(mode="after")
    def _composites_named(self) -> BuildSettings:
        given = CompositeSettings.model_fields.keys() & self.model_fields_set
        if given and Source.COMPOSITES not in self.source:
            raise ValueError(f"--{min(given).replace('_', '-')} needs --source composites")
        return self

    @model_validator(mode="after")
    def _one_origin(self) -> BuildSettings:
        if self.sample and Source.OPENIMAGES not in self.source:
            raise ValueError("--sample is a sample of openimages; add --source openimages")
        if self.sample and self.data_of(Source.OPENIMAGES) is not None:
            raise ValueError("--sample and --data exclude each other: the sample brings its own data")
        for name in ("pairs", "layouts"):
            if getattr(self, name) is not None and not {Source.TESTBED, Source.COMPOSITES} & {*self.source}:
                raise ValueError(
                    f"--{name} is a setting of testbed and composites; add --source testbed or composites"
                )
        if strange := [name for name in self.data if name and name not in self.source]:
            raise ValueError(f"--data {strange[0]}=... is of no --source of this build")
        if "" in self.data and len(self.source) > 1:
            raise ValueError("--data with several sources: say whose, --data SOURCE=DIR")
        return self

    @property
    def split(self) -> Split:
        """The split that a source is to read; sources are opened with the settings `for_split`."""
        (split,) = self.splits
        return split

    def for_split(self, split: Split) -> BuildSettings:
        """These settings, for the reader of one split."""
        return self.model_copy(update={"splits": (split,)})

    def data_of(self, source: Source) -> Path | None:
        """The folder that was given for a source; None: none was."""
        return self.data.get(source, self.data.get(""))

    @model_validator(mode="after")
    def _whole_mining(self) -> BuildSettings:
        if self.spatial and Source.OPENIMAGES not in self.source:
            raise ValueError("--spatial mines the boxes of openimages; add --source openimages")
        if not self.spatial and Source.COCO not in self.source:
            for name in ("min_area", "margin"):
                if name in self.model_fields_set:
                    option = name.replace("_", "-")
                    raise ValueError(f"--{option} needs --source coco, or --source openimages --spatial")
        if Source.COCO not in self.source and any(term.isdecimal() for term in self.licenses):
            raise ValueError(
                "--licenses: numbers are ids in COCO files; for other sources write by, by-sa, cc0"
            )
        return self

    @property
    def sampling(self) -> str:
        """What is taken of a source, in words; empty: everything."""
        limits = [f"at most {self.max_images:,} pictures"] if self.max_images else []
        limits += [f"at most {self.max_per_triplet:,} pictures a triplet"] if self.max_per_triplet else []
        limits += [f"only the relations {', '.join(self.relations)}"] if self.relations else []
        limits += ["cropped to subject and object"] if self.crop == Crop.UNION else []
        limits += [f"only pictures with a licence of {', '.join(self.licenses)}"] if self.licenses else []
        return "; ".join(limits)


def load_settings(config: Path | None, options: dict[str, Any]) -> BuildSettings:
    """Settings from a YAML file and the command line, which wins.

    Raises:
        UserError: The file cannot be read, or a setting is unknown or out of range; all faults are named.
    """
    values = {} if config is None else read_settings(config, config, "seed: 1")
    values |= {name: value for name, value in options.items() if value is not None}
    try:
        return BuildSettings(**values)
    except ValidationError as error:
        raise UserError(explain(error, config, whole="options: ")) from error
