"""Batches: each different picture and each different sentence once, and the pairs of them.

Few sentences stand behind many pictures, so this saves work; and a loss sees at once what belongs together. Pictures
are never flipped or cropped at random: a flip would exchange left and right.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from naturel.annotations.errors import UserError
from naturel.annotations.joins import Integers
from naturel.builders.choice import hash_text, mix, seeded
from naturel.evaluation.models.two_tower import TwoTower
from naturel.loaders.map_style import Draw, Pairs
from naturel.training.known import KnownTruth
from naturel.training.mixing import CaptionSet
from naturel.training.plan import Plan
from naturel.training.settings import TrainSettings

if TYPE_CHECKING:
    from torch import Tensor

BLANK = -1
"""The number of the blank picture. Pictures of the caption set have the numbers -2, -3, ..., its sentences -1, ..."""

Inputs = dict[str, "Tensor"]


@dataclass(frozen=True)
class Batch:
    """One process's part of a step: k pictures, u sentences, p pairs."""

    images: Integers
    """Numbers of pictures as in `KnownTruth`, negative ones as `BLANK` says, shape (k,)."""
    texts: Integers
    """Numbers of sentences, shape (u,)."""
    pairs: Integers
    """Numbers of a picture and of a sentence of it, shape (p, 2)."""
    weights: Any
    """Of the pairs, float32 of shape (p,)."""
    picture_inputs: Inputs
    """What the model takes of the pictures."""
    text_inputs: Inputs
    items: int
    """Items of the release and of the caption set."""
    left_out: int
    """Pictures of the caption set that could not be read."""


@dataclass
class _Gathered:
    """Pictures, sentences and pairs as they come in."""

    pictures: dict[int, Image.Image] = field(default_factory=dict)
    texts: dict[int, str] = field(default_factory=dict)
    pairs: dict[tuple[int, int], float] = field(default_factory=dict)

    def add(self, image: int, picture: Image.Image, positives: Iterable[tuple[int, str, float]]) -> None:
        self.pictures.setdefault(image, picture)
        for number, text, weight in positives:
            self.texts.setdefault(number, text)
            self.pairs[image, number] = max(weight, self.pairs.get((image, number), 0.0))


class Steps:
    """Batches by the number of the step, for torch's `DataLoader` (without batching of its own)."""

    def __init__(
        self,
        settings: TrainSettings,
        plan: Plan,
        pairs: Pairs,
        known: KnownTruth,
        tower: TwoTower,
        captioned: CaptionSet | None = None,
        *,
        rank: int = 0,
        ranks: int = 1,
    ) -> None:
        """Keeps what batches are made of.

        Args:
            settings: The settings.
            plan: Which items a step has.
            pairs: The release's pairs.
            known: Numbers of pictures and sentences.
            tower: Whose tokeniser and preprocessing are used.
            captioned: The plain caption set.
            rank: Which of the processes that train together this is.
            ranks: How many they are; each gets its share of every step.
        """
        self._settings, self._plan, self._pairs, self._known = settings, plan, pairs, known
        self._captioned = captioned
        self._rank, self._ranks = rank, ranks
        # Workers need no weights.
        self._tokenize, self._preprocess = tower.tokenize, tower.preprocess
        self._numbers = {text: number for number, text in enumerate(known.texts)}

    def __len__(self) -> int:
        return self._plan.steps

    def __getitem__(self, number: int) -> Batch:
        step = self._plan.step(number)
        draws, mixed = step.draws[self._rank :: self._ranks], step.mixed[self._rank :: self._ranks]
        gathered = _Gathered()
        for draw, item in zip(draws, self._pairs.__getitems__(draws), strict=True):
            self._add(gathered, draw, item)
        left_out = sum(not self._add_mixed(gathered, number, step.epoch) for number in mixed)
        return Batch(
            np.array([*gathered.pictures], dtype=np.int64),
            np.array([*gathered.texts], dtype=np.int64),
            np.array([*gathered.pairs], dtype=np.int64).reshape(-1, 2),
            np.array([*gathered.pairs.values()], dtype=np.float32),
            self._preprocess([picture.convert("RGB") for picture in gathered.pictures.values()]),
            self._tokenize([*gathered.texts.values()]),
            len(draws) + len(mixed) - left_out,
            left_out,
        )

    def _add(self, gathered: _Gathered, draw: Draw, item: dict[str, Any]) -> None:
        if item["image"] is None:
            raise UserError(
                f"the records of {self._settings.data} have addresses of pictures, not the pictures. Build the "
                "release with --images embed."
            )
        two = "positives" in item
        positives = item["positives"] if two else [item["positive"]]
        negatives = item["negatives"] if two else [item["negative"]]
        second = self._settings.second_weight
        if second and not two:
            positives = [*positives, *self._another(draw, positives[0])]
        weights = [1.0, *[second] * (len(positives) - 1)]
        gathered.add(
            int(self._known.image[draw.record]),
            item["image"],
            [
                (self._numbers[text], text, weight)
                for text, weight in zip(positives, weights, strict=True)
                if weight
            ],
        )
        if self._settings.hard_negative_weight:
            for text in negatives:
                gathered.texts.setdefault(self._numbers[text], text)
        if item["negative_image"] is None:
            return
        caption = item["negative_image_caption"]
        if caption is None:
            gathered.add(BLANK, item["negative_image"], [])
        else:
            number = int(self._known.negative_image[draw.record])
            gathered.add(number, item["negative_image"], [(self._numbers[caption], caption, 1.0)])

    def _another(self, draw: Draw, text: str) -> list[str]:
        """Another true sentence of the record, if it has one."""
        codes = self._pairs.sentences.positive[draw.record].tolist()
        others = [
            other for other in dict.fromkeys(self._known.texts[code] for code in codes) if other != text
        ]
        if not others:
            return []
        key = self._pairs.sentences.hashes[draw.record : draw.record + 1]
        number = mix(seeded(self._settings.seed), seeded(draw.epoch), key, seeded(hash_text("hard positive")))
        return [others[int(number[0]) % len(others)]]

    def _add_mixed(self, gathered: _Gathered, number: int, epoch: int) -> bool:
        """Add a picture of the caption set with one of its captions; tell whether it can be read."""
        captioned = self._captioned
        picture = captioned.open(number) if captioned else None
        if captioned is None or picture is None:
            return False
        choice = mix(seeded(self._settings.seed), seeded(epoch), seeded(number))
        codes = captioned.captions[number]
        code = codes[int(choice[0]) % len(codes)]
        gathered.add(-2 - number, picture, [(-1 - code, captioned.texts[code], 1.0)])
        return True
