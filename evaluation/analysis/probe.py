"""Does a text encoder tell opposite sentences apart? Cosines of "A left of B" and "A right of B", beside references.

"What's left can't be right" (2311.11477) asks this of CLIP: the cosine of left and right sentences is about .85
before training on left-right pairs, and lower after it. A cosine alone says little, for encoders differ in how close
all of their sentences are; so it stands beside those of sentences that mean the same, and of other things.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from naturel.builders.progress import Progress, SilentProgress
from naturel.evaluation.analysis.contrasts import TEMPLATES, Contrast, Pair, say
from naturel.evaluation.analysis.intervals import Figure, Floats, summarise
from naturel.evaluation.models.encoder import DualEncoder

TEXTS_AT_ONCE = 1024


class Reference(StrEnum):
    """What "A relation B" is compared with."""

    OPPOSITE = "opposite"
    """A opposite B: means the contrary."""
    SWAPPED = "swapped"
    """B relation A: means the contrary, or the same where the relation is symmetric."""
    CONVERSE = "converse"
    """B opposite A, where it means the same: A left of B, B right of A."""
    SYNONYM = "synonym"
    """The relation in other words, where the vocabulary has some: beneath for under."""
    OTHER_NOUNS = "other nouns"
    """The relation, of another pair of things."""


MARGIN = "margin"
"""Converse less opposite: above 0 where the encoder knows what the words mean. To a bag of words it is 0."""
MEANINGS = {
    Reference.OPPOSITE: "A is left of B / A is right of B",
    Reference.SWAPPED: "A is left of B / B is left of A",
    Reference.CONVERSE: "A is left of B / B is right of A: the same meaning",
    Reference.SYNONYM: "A is under B / A is beneath B: the same meaning",
    Reference.OTHER_NOUNS: "A is left of B / C is left of D",
    MARGIN: "converse less opposite; 0 for a bag of words",
}


@dataclass(frozen=True)
class Probed:
    """What an encoder makes of the contrasts."""

    model: str
    cosines: Mapping[str, Mapping[str, Floats]]
    """Contrast -> reference -> the mean cosine over templates of each noun pair, shape (pairs,)."""
    seed: int = 0

    def figures(self) -> dict[str, dict[str, Figure]]:
        """Contrast -> reference, or MARGIN -> its figure."""
        return {
            contrast: {name: summarise(values, seed=self.seed) for name, values in with_margin(found).items()}
            for contrast, found in self.cosines.items()
        }

    def less(self, first: Probed) -> dict[str, dict[str, Figure]]:
        """How much higher the figures are than another model's, of the same noun pairs one by one."""
        return {
            contrast: {
                name: summarise(values - with_margin(first.cosines[contrast])[name], seed=self.seed)
                for name, values in with_margin(found).items()
            }
            for contrast, found in self.cosines.items()
        }


def probe(
    encoder: DualEncoder,
    contrasts: Sequence[Contrast],
    pairs: Sequence[Pair],
    *,
    templates: Sequence[str] = TEMPLATES,
    seed: int = 0,
    progress: Progress | None = None,
) -> Probed:
    """Compare sentences.

    Args:
        encoder: Its text tower is used.
        contrasts: Relations with their opposites.
        pairs: At least two noun pairs; the next pair is the one of OTHER_NOUNS.
        templates: Sentences, see `contrasts.say`.
        seed: Of the intervals' draws.
        progress: Where it tells how far it is.
    """
    texts: dict[str, int] = {}

    def number(template: str, relation: str, pair: Pair) -> int:
        return texts.setdefault(say(template, relation, pair), len(texts))

    others = [*pairs[1:], *pairs[:1]]
    asked: dict[str, dict[str, npt.NDArray[np.int64]]] = {}
    for contrast in contrasts:
        references = _references(contrast)
        rows: dict[str, list[list[tuple[int, int]]]] = {name: [] for name in references}
        for pair, other in zip(pairs, others, strict=True):
            for name, (relation, choose) in references.items():
                rows[name].append(
                    [
                        (
                            number(template, contrast.said, pair),
                            number(template, relation, choose(pair, other)),
                        )
                        for template in templates
                    ]
                )
        asked[contrast.name] = {name: np.array(row) for name, row in rows.items()}
    vectors = encode(encoder, list(texts), progress)
    cosines = {
        contrast: {
            name: np.einsum("ptd,ptd->p", vectors[rows[:, :, 0]], vectors[rows[:, :, 1]]) / rows.shape[1]
            for name, rows in found.items()
        }
        for contrast, found in asked.items()
    }
    return Probed(encoder.name, cosines, seed)


def _references(contrast: Contrast) -> dict[str, tuple[str, Callable[[Pair, Pair], Pair]]]:
    """Reference -> how the relation is said there, and of which two things."""
    found: dict[str, tuple[str, Callable[[Pair, Pair], Pair]]] = {
        Reference.OPPOSITE: (contrast.opposite_said, lambda pair, _: pair),
        Reference.SWAPPED: (contrast.said, lambda pair, _: (pair[1], pair[0])),
        Reference.OTHER_NOUNS: (contrast.said, lambda _, other: other),
    }
    if contrast.converse:
        found[Reference.CONVERSE] = (contrast.opposite_said, lambda pair, _: (pair[1], pair[0]))
    if contrast.synonym:
        found[Reference.SYNONYM] = (contrast.synonym, lambda pair, _: pair)
    return found


def encode(encoder: DualEncoder, texts: Sequence[str], progress: Progress | None = None) -> Floats:
    """Embed sentences, the short ones first: a batch is padded to its longest. Rows of length 1, shape (n, d)."""
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    parts = []
    with (progress or SilentProgress()).task(f"{encoder.name}: sentences", len(texts), "sentences") as task:
        for start in range(0, len(order), TEXTS_AT_ONCE):
            some = order[start : start + TEXTS_AT_ONCE]
            parts.append(encoder.encode_texts([texts[i] for i in some]))
            task.advance(len(some))
    vectors = np.empty((len(texts), parts[0].shape[1]))
    vectors[order] = np.concatenate(parts)
    return vectors


def with_margin(cosines: Mapping[str, Floats]) -> dict[str, Floats]:
    """The cosines, and MARGIN where there is a converse."""
    found: dict[str, Floats] = {str(name): cosines[name] for name in Reference if name in cosines}
    if Reference.CONVERSE in found:
        found[MARGIN] = found[Reference.CONVERSE] - found[Reference.OPPOSITE]
    return found


def to_dict(probed: Sequence[Probed]) -> dict[str, Any]:
    """As it stands in JSON: every model's figures, and the differences of the later models to the first."""
    return {
        "meanings": {str(name): text for name, text in MEANINGS.items()},
        "models": [{"model": one.model, "contrasts": _plain(one.figures())} for one in probed],
        "differences": [
            {"model": one.model, "to": probed[0].model, "contrasts": _plain(one.less(probed[0]))}
            for one in probed[1:]
        ],
    }


def _plain(figures: Mapping[str, Mapping[str, Figure]]) -> dict[str, dict[str, Any]]:
    return {
        contrast: {str(name): asdict(figure) for name, figure in found.items()}
        for contrast, found in figures.items()
    }
