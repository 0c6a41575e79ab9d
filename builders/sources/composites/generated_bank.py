"""Cut-outs made by a text-to-image pipeline: whole pictures of one thing each, put side by side as rectangles.

Nobody has looked at what else such a picture shows, so no label is called absent beside it.
"""

from __future__ import annotations

from collections.abc import Sequence

from naturel.annotations.nouns import NounTable
from naturel.builders.choice import hash_text
from naturel.builders.progress import Progress
from naturel.builders.sources.composites.cutouts import Credit, CutOut, Scene, Wanted, fit
from naturel.builders.sources.composites.generator import Generator, Request
from naturel.prompts.picture_prompt import PicturePrompt


class GeneratedBank:
    """So many pictures a noun."""

    def __init__(
        self,
        labels: Sequence[str],
        generator: Generator,
        prompt: PicturePrompt,
        per_noun: int,
        seed: int,
        nouns: NounTable,
    ) -> None:
        self._labels = tuple(sorted(labels))
        self._generator, self._prompt, self._nouns = generator, prompt, nouns
        self._per_noun, self._seed = per_noun, seed

    @property
    def labels(self) -> Sequence[str]:
        """The nouns that pictures are made of."""
        return self._labels

    def fits(self, scene: Scene, thing: str, base: str) -> bool:
        """Rectangles can be apart from one another, and nothing else."""
        return scene in (Scene.BESIDE, Scene.ABOVE)

    def may_meet(self, first: Wanted, second: Wanted) -> bool:
        """All have one licence."""
        return True

    def prepare(self, wanted: Sequence[Wanted], progress: Progress) -> None:
        """Have the pictures made that were never made before."""
        self._generator.prepare([self._request(one) for one in wanted], progress)

    def cut_out(self, wanted: Wanted, width: int, height: int) -> CutOut:
        """One of the noun's pictures."""
        picture = self._generator.picture(self._request(wanted)).convert("RGBA")
        return CutOut(
            image=fit(picture, width, height),
            credit=Credit(author=self._generator.pipeline.author),
            absent=frozenset(),
        )

    def _request(self, wanted: Wanted) -> Request:
        number = wanted.instance % self._per_noun
        asked, unwanted = self._prompt.render(self._nouns.noun_for(wanted.label))
        seed = hash_text(f"{self._seed}/picture/{wanted.label}/{number}") % 2**63
        return Request(asked, unwanted, self._prompt.digest, seed)
