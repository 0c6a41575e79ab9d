"""Everything that shapes a training run, checked at once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from naturel.annotations.errors import UserError
from naturel.builders.settings_file import explain, read_settings
from naturel.loaders.schemes import NegativeImages, Scheme

RECIPES = Path(__file__).parent / "recipes"


class Loss(StrEnum):
    """What is minimised."""

    AUTO = "auto"
    """What the model was made with: sigmoid for SigLIP, softmax for all others."""
    SOFTMAX = "softmax"
    """CLIP's, and with hard negatives NegCLIP's."""
    SIGMOID = "sigmoid"
    """SigLIP's."""


class Precision(StrEnum):
    """Numbers that the towers calculate with; losses and weights are of 32 bits always."""

    FLOAT32 = "float32"
    BF16 = "bf16"
    FP16 = "fp16"


class Schedule(StrEnum):
    """What the learning rate does after the warm-up."""

    COSINE = "cosine"
    CONSTANT = "constant"


Share = Annotated[float, Field(ge=0, lt=1)]
Weight = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]


class TrainSettings(BaseModel):
    """The settings of one run; field names are those of the options, with underscores."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    data: str
    """The folder of a build or release, or a name on the Hub."""
    model: str
    """The folder of a model, or a name on the Hub."""
    out: Path
    """The run folder."""
    revision: str | None = None
    """Of the Hub's model."""
    data_config: str | None = None
    """The release's configuration; None: the default one."""
    split: str = "train"
    validation: tuple[str, ...] = (
        "naturel/simple",
        "naturel/complex",
        "naturel/groups",
        "naturel/hard_positives",
    )
    """Benchmarks of `naturel evaluate` that the model is asked before, during and after training; those of `naturel`
    are of the release."""
    validation_split: str | None = "validation"
    """Of the release; None (or "none"): not of the release. One without the split `validation` is not asked about."""
    validation_data: Path | None = None
    """Where benchmarks other than the release lie."""
    scheme: Scheme = "single"
    negative_images: NegativeImages = "release"
    loss: Loss = Loss.AUTO
    hard_negative_weight: Weight = 1.0
    """How much a sentence that is nobody's positive counts among the sentences; 0: plain CLIP."""
    hard_positive_weight: Weight | None = None
    """How much a second true sentence of a record counts beside the first; None: 1 in the scheme `two`, else 0."""
    batch_size: Annotated[int, Field(ge=2)] = 256
    """Items a step, of all processes together."""
    groups: Annotated[int, Field(ge=0)] = 0
    """2x2 groups a batch in the schemes `single` and `two`; in the scheme `groups` all is groups."""
    accumulation: Count = 1
    """In how many parts a batch goes through the towers; its loss is that of the whole."""
    mix: Path | None = None
    """A plain caption set."""
    mix_images: Path | None = None
    """Where the pictures of `mix` are; None: beside it."""
    mix_share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Of a batch."""
    epochs: Count = 5
    max_steps: Count | None = None
    """Steps after which the run ends, whatever `epochs` says."""
    lr: Annotated[float, Field(gt=0)] = 1e-6
    schedule: Schedule = Schedule.COSINE
    warmup: Annotated[int, Field(ge=0)] = 50
    """Steps until the learning rate is reached."""
    final_lr: Share = 0.0
    """What is left of the learning rate at the end of the cosine, as a share."""
    weight_decay: Weight = 0.1
    beta1: Share = 0.9
    beta2: Share = 0.98
    eps: Annotated[float, Field(gt=0)] = 1e-6
    clip_norm: Annotated[float, Field(gt=0)] | None = 1.0
    """The gradient's greatest norm; None: any."""
    precision: Precision = Precision.FLOAT32
    device: str = "auto"
    """auto: a GPU where there is one. cpu."""
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    workers: Annotated[int, Field(ge=0, le=256)] = 0
    """Processes that decode pictures; 0: the training process itself."""
    log_every: Count = 10
    """Steps between two rows of the curve."""
    validate_every: Count | None = None
    """Steps between two validations; None: one an epoch."""
    monitor: str = "naturel/complex"
    """The benchmark whose figure is watched, one of `validation`."""
    patience: Count | None = None
    """Validations without a better figure after which the run ends, its best weights kept; None: none is too many."""
    checkpoint_every: Count | None = None
    """Steps between two checkpoints; None: one an epoch."""
    keep: Count = 2
    """Checkpoints that are kept, besides the best."""

    @field_validator("validation", mode="before")
    @classmethod
    def _names(cls, value: object) -> object:
        return (
            tuple(name.strip() for name in value.split(",") if name.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("validation_split")
    @classmethod
    def _none(cls, value: str | None) -> str | None:
        return None if value == "none" else value

    @model_validator(mode="after")
    def _whole(self) -> TrainSettings:
        if self.groups and self.scheme in ("all", "groups"):
            raise ValueError(
                "--groups is for the schemes single and two; in the scheme groups a batch is of groups as far as it "
                "is not mixed, and in the scheme all a record's pairs go apart"
            )
        if 2 * self.groups > self.released:
            raise ValueError(
                f"--groups {self.groups}: {self.released} items of the release have no room for them"
            )
        if self.scheme == "groups" and self.released % 2:
            raise ValueError(f"--batch-size: {self.released} items of the release are no whole groups of two")
        for name in ("mix_images", "mix_share"):
            if self.mix is None and getattr(self, name) != type(self).model_fields[name].default:
                raise ValueError(f"--{name.replace('_', '-')} needs --mix, a plain caption set")
        if self.patience is not None and not self.validation:
            raise ValueError("--patience needs a --validation")
        return self

    @property
    def mixed(self) -> int:
        """Items of a batch that come from the plain caption set."""
        return 0 if self.mix is None else round(self.batch_size * self.mix_share)

    @property
    def released(self) -> int:
        """Items of a batch that come from the release."""
        return self.batch_size - self.mixed

    @property
    def second_weight(self) -> float:
        """The weight of hard positives."""
        if self.hard_positive_weight is None:
            return 1.0 if self.scheme == "two" else 0.0
        return self.hard_positive_weight


def recipe_names() -> list[str]:
    """The recipes that come with NatuRel."""
    return sorted(path.stem for path in RECIPES.glob("*.yaml"))


def read_recipe(config: str | Path) -> dict[str, Any]:
    """The settings of a recipe.

    Args:
        config: The name of one that comes with NatuRel, or a file.

    Raises:
        UserError: There is none, or it cannot be read.
    """
    path = RECIPES / f"{config}.yaml" if str(config) in recipe_names() else Path(config)
    if not path.exists():
        raise UserError(
            f"--config {config}: there is no such file, and no recipe of this name. "
            f"Recipes: {', '.join(recipe_names())}."
        )
    return read_settings(path, config, "lr: 1e-6")


def load_train_settings(config: str | Path | None, options: dict[str, Any]) -> TrainSettings:
    """Settings from a recipe and the command line, which wins.

    Args:
        config: A recipe's name or file; None: none.
        options: What the command line gives; None is what it does not give.

    Raises:
        UserError: The recipe cannot be read, or a setting is unknown or out of range; all faults are named.
    """
    values = read_recipe(config) if config is not None else {}
    values |= {name: value for name, value in options.items() if value is not None}
    try:
        return TrainSettings(**values)
    except ValidationError as error:
        raise UserError(explain(error, config)) from error
