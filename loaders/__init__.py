"""Training pairs from a release, and its export into the layouts that others read.

`pairs("build/demo", "single", seed=0)` makes pairs of a release, or of a dataset that `load_dataset` gave, streamed
or not; `GroupBatches(train, batch_size=512, groups=64)` makes batches of them.
"""

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
