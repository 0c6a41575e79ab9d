"""Fine-tuning of contrastive models on releases, with the objectives and recipes of the papers.

`train(TrainSettings(data="build/demo", model="openai/clip-vit-base-patch32", out="runs/demo"))` does what
`naturel train` does.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from naturel.training.loop import train
    from naturel.training.outcome import Trained
    from naturel.training.settings import TrainSettings, load_train_settings

__all__ = ["TrainSettings", "Trained", "load_train_settings", "train"]

_MODULES = {
    "loop": ("train",),
    "outcome": ("Trained",),
    "settings": ("TrainSettings", "load_train_settings"),
}


def __getattr__(name: str) -> object:
    """Load a name when it is first used, so that the commands answer at once."""
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__} has no attribute {name}")
