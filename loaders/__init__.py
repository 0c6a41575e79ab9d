"""Training pairs from a release, and its export into the layouts that others read.

`pairs("build/demo", "single", seed=0)` makes pairs of a release, or of a dataset that `load_dataset` gave, streamed
or not; `GroupBatches(train, batch_size=512, groups=64)` makes batches of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from naturel.loaders.batches import GroupBatches
    from naturel.loaders.map_style import Draw, Pairs
    from naturel.loaders.opening import pairs
    from naturel.loaders.schemes import NegativeImages, Pair, Scheme, TwoPairs
    from naturel.loaders.stream import PairStream

__all__ = [
    "Draw",
    "GroupBatches",
    "NegativeImages",
    "Pair",
    "PairStream",
    "Pairs",
    "Scheme",
    "TwoPairs",
    "pairs",
]

_MODULES = {
    "batches": ("GroupBatches",),
    "map_style": ("Draw", "Pairs"),
    "opening": ("pairs",),
    "schemes": ("NegativeImages", "Pair", "Scheme", "TwoPairs"),
    "stream": ("PairStream",),
}


def __getattr__(name: str) -> object:
    """Load a name when it is first used, so that the commands answer at once."""
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__} has no attribute {name}")
