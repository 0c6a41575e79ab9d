"""Does a model tell who does what to whom? Benchmarks, models, metrics, and analyses of text encoders and corpora.

`evaluate([open_model("openai/clip-vit-base-patch32")], open_benchmarks(["sugarcrepe"], "benchmarks"))` gives
`Results`: figures with their intervals, and what was left out. A model in memory, such as one in training, is asked
with `EncoderScorer(TransformersEncoder(tower))`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from naturel.evaluation.benchmarks.opening import open_benchmarks
    from naturel.evaluation.evaluating import evaluate
    from naturel.evaluation.measures import Measure
    from naturel.evaluation.models.opening import open_model
    from naturel.evaluation.models.score_file import read_scores, write_requests
    from naturel.evaluation.models.transformers_encoder import TransformersEncoder
    from naturel.evaluation.models.two_tower import TwoTower, open_two_tower
    from naturel.evaluation.output import write_results
    from naturel.evaluation.questions import Kind, Picture, Questions
    from naturel.evaluation.results import Results, read_results
    from naturel.evaluation.scoring import EncoderScorer

__all__ = [
    "EncoderScorer",
    "Kind",
    "Measure",
    "Picture",
    "Questions",
    "Results",
    "TransformersEncoder",
    "TwoTower",
    "evaluate",
    "open_benchmarks",
    "open_model",
    "open_two_tower",
    "read_results",
    "read_scores",
    "write_requests",
    "write_results",
]

_MODULES = {
    "benchmarks.opening": ("open_benchmarks",),
    "evaluating": ("evaluate",),
    "measures": ("Measure",),
    "models.opening": ("open_model",),
    "models.score_file": ("read_scores", "write_requests"),
    "models.transformers_encoder": ("TransformersEncoder",),
    "models.two_tower": ("TwoTower", "open_two_tower"),
    "output": ("write_results",),
    "questions": ("Kind", "Picture", "Questions"),
    "results": ("Results", "read_results"),
    "scoring": ("EncoderScorer",),
}


def __getattr__(name: str) -> object:
    """Load a name when it is first used, so that the commands answer at once."""
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__} has no attribute {name}")
