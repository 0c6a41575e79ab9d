"""What is asked of a language model for a claim: which prompt, which constructions, which request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from naturel.annotations.claims import Claim
from naturel.annotations.nouns import NounTable
from naturel.annotations.relations import Vocabulary
from naturel.builders.captions.claim_words import claim_words
from naturel.builders.captions.grammar import choose_constructions
from naturel.builders.choice import hash_texts
from naturel.builders.llm.requests import Message, Request, Sampling, Schema
from naturel.prompts.prompt import Prompt
from naturel.prompts.words import ClaimWords


@dataclass(frozen=True)
class PromptShare:
    """A prompt, and its share of the claims."""

    prompt: Prompt
    share: float


@dataclass(frozen=True)
class Question:
    """What one claim is asked for."""

    claim: Claim
    words: ClaimWords
    prompt: Prompt
    constructions: tuple[str, ...]

    def request(self, model: str, constructions: Sequence[str], sample_index: int, seed: int) -> Request:
        """The request for some of the constructions.

        Args:
            model: The model's name.
            constructions: Those still wanted, of `constructions`.
            sample_index: 0 at first; another one draws other sentences.
            seed: The build's seed.
        """
        sampling = self.prompt.sampling
        messages = self.prompt.render(self.words, constructions)
        return Request(
            model,
            tuple(Message(message.role, message.content) for message in messages),
            Sampling(sampling.max_tokens, sampling.temperature, sampling.top_p, seed),
            Schema.of("captions", self.prompt.json_schema),
            sample_index,
        )


class Questions:
    """Makes the questions of a build.

    A claim, its swap and its contrasts share their two nouns, and by them the prompt and the constructions, so that
    neither the style nor the prompt tells positives from negatives.
    """

    def __init__(
        self,
        prompts: Sequence[PromptShare],
        per_claim: int,
        seed: int,
        vocabulary: Vocabulary,
        nouns: NounTable,
    ) -> None:
        self.prompts = tuple(prompts)
        self.per_claim = per_claim
        self.seed = seed
        self.vocabulary = vocabulary
        self.nouns = nouns

    def of(self, claim: Claim) -> Question:
        """The question of one claim."""
        prompt = self._prompt(claim)
        words = claim_words(claim, self.vocabulary, self.nouns)
        fitting = [style.construction for style in prompt.styles_for(words)]
        if not claim.is_attribute:
            swapped = claim_words(claim.swapped(), self.vocabulary, self.nouns)
            shared = {style.construction for style in prompt.styles_for(swapped)}
            fitting = [name for name in fitting if name in shared] or fitting
        wanted = min(self.per_claim, prompt.captions)
        chosen = set(choose_constructions(fitting, claim.pair_key, wanted, self.seed))
        return Question(claim, words, prompt, tuple(name for name in fitting if name in chosen))

    def _prompt(self, claim: Claim) -> Prompt:
        """The claim's prompt, by its nouns and the prompts' shares."""
        total = sum(entry.share for entry in self.prompts)
        chance = float(hash_texts([f"{self.seed}\tprompt\t{claim.pair_key}"])[0]) / 2.0**64 * total
        for entry in self.prompts:
            chance -= entry.share
            if chance < 0:
                return entry.prompt
        return self.prompts[-1].prompt
