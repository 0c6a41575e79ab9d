"""Which sentences are known to be true of which pictures: what must not be taken for a negative.

Few different sentences stand behind many pictures, so a batch holds sentences of other records that are true of
this picture as well. Three things tell, and all are in the records themselves: the sentence is word for word a
positive of a record of the picture; it states a claim that a record of the picture states; or it states what such a
claim implies (the inverse relation, the swap of a symmetric one). What a record of the picture denies is never known
as true there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from naturel.annotations.joins import Integers
from naturel.annotations.relations import Vocabulary, load_vocabulary
from naturel.annotations.truth import Flags
from naturel.loaders.sentences import PAIRS, Sentences

Claim = tuple[str, str, str]
"""Subject, relation, object."""


class KnownTruth:
    """Pictures and sentences of a release by number, and what is known of them."""

    def __init__(self, dataset: Any, sentences: Sentences, vocabulary: Vocabulary | None = None) -> None:
        """Reads the claims of all records.

        Args:
            dataset: The `datasets.Dataset` that `sentences` are of.
            sentences: Its sentences.
            vocabulary: What relations imply; None: the one that NatuRel comes with.
        """
        self._vocabulary = vocabulary or load_vocabulary()
        names = pa.concat_arrays([sentences.facts["image_id"], sentences.facts["negative_image_id"]])
        encoded = names.dictionary_encode()
        codes = np.asarray(encoded.indices.fill_null(-1), dtype=np.int64).reshape(2, -1)
        self.image_ids: list[str] = encoded.dictionary.to_pylist()
        """Of all pictures, negative ones too."""
        self.image, self.negative_image = codes
        """Numbers of pictures, shape (n,) each; -1 where a record has no negative image."""
        self.texts: list[str] = sentences.texts.to_pylist()
        """All sentences."""
        self._numbers: dict[Claim, int] = {}
        stated, denied = self._claims(dataset)
        self._claim_of_text = self._by_text(sentences, stated, denied)
        self._said = self._keys(self._pairs_said(sentences))
        self._denied = self._keys(_repeat(self.image, sentences.negative))
        self._true = self._implied(sentences, stated)

    def known(self, images: Integers, texts: Integers) -> Flags:
        """Which sentences are known to be true of which pictures, shape (k, u).

        Args:
            images: Numbers of pictures, shape (k,); those that are not of the release are negative.
            texts: Numbers of sentences, shape (u,); those that are not of the release are negative.
        """
        inside = (images[:, None] >= 0) & (texts[None, :] >= 0)
        keys = images[:, None] * len(self.texts) + texts[None, :]
        claims, place = np.unique(np.where(texts >= 0, self._claim_of_text[texts], -1), return_inverse=True)
        by_claim = np.isin(images[:, None] * (len(self._numbers) + 1) + claims[None, :], self._true)
        by_claim[:, claims < 0] = False
        true = by_claim[:, place] | np.isin(keys, self._said)
        found: Flags = true & ~np.isin(keys, self._denied) & inside
        return found

    def _claims(self, dataset: Any) -> tuple[Integers, Integers]:
        """Claims that records state, shape (n,), and deny, shape (n, 4); -1 where that is not told."""
        names = dataset.column_names
        count = len(self.image)
        stated, denied = np.full(count, -1), np.full((count, PAIRS), -1)
        if {"subject", "relation", "object"} <= set(names):
            table = dataset.select_columns(["subject", "relation", "object"]).with_format("arrow")[:]
            columns = [_nouns(table["subject"]), table["relation"].to_pylist(), _nouns(table["object"])]
            stated = np.array([self._number(claim) for claim in zip(*columns, strict=True)], dtype=np.int64)
        if "negative_claims" in names:
            rows = (
                dataset.select_columns(["negative_claims"])
                .with_format("arrow")[:]["negative_claims"]
                .to_pylist()
            )
            for number, claims in enumerate(rows):
                for place, claim in enumerate(claims or ()):
                    if claim is None:
                        continue
                    denied[number, place] = self._number(
                        (claim["subject"], claim["relation"], claim["object"])
                    )
        return stated, denied

    def _number(self, claim: Sequence[Any]) -> int:
        if None in claim:
            return -1
        return self._numbers.setdefault((claim[0], claim[1], claim[2]), len(self._numbers))

    def _by_text(self, sentences: Sentences, stated: Integers, denied: Integers) -> Integers:
        """The claim of each sentence; positives tell it first."""
        found = np.full(len(self.texts), -1)
        found[sentences.negative.ravel()] = denied.ravel()
        found[sentences.positive.ravel()] = np.repeat(stated, PAIRS)
        return found

    def _pairs_said(self, sentences: Sentences) -> tuple[Integers, Integers]:
        """Pictures and sentences that are true of them by a record's word."""
        images, texts = _repeat(self.image, sentences.positive)
        shown = sentences.shown >= 0
        both = (images, self.negative_image[shown]), (texts, sentences.shown[shown].astype(np.int64))
        return np.concatenate(both[0]), np.concatenate(both[1])

    def _keys(self, pairs: tuple[Integers, Integers]) -> Integers:
        images, texts = pairs
        keys: Integers = np.unique((images * len(self.texts) + texts)[images >= 0])
        return keys

    def _implied(self, sentences: Sentences, stated: Integers) -> Integers:
        """Keys of pictures with the claims that are true of them."""
        shown = np.flatnonzero((sentences.shown >= 0) & (self.negative_image >= 0))
        images = np.concatenate([self.image, self.negative_image[shown]])
        claims = np.concatenate([stated, self._claim_of_text[sentences.shown[shown]]])
        width = len(self._numbers) + 1
        keys = np.unique((images * width + claims)[claims >= 0])
        names = list(self._numbers)
        told = {claim: self._consequences(names[claim]) for claim in np.unique(keys % width).tolist()}
        implied = [key // width * width + other for key in keys.tolist() for other in told[key % width]]
        all_keys: Integers = np.unique(np.array([*keys.tolist(), *implied], dtype=np.int64))
        return all_keys

    def _consequences(self, claim: Claim) -> list[int]:
        """Claims of the release that are true wherever this one is."""
        subject, name, thing = claim
        if name not in self._vocabulary:
            return []
        claims: Iterable[Claim] = (
            (thing, other, subject) if swapped else (subject, other, thing)
            for other, swapped in self._vocabulary.implied(name)
        )
        return [self._numbers[other] for other in claims if other in self._numbers]


def _repeat(images: Integers, texts: npt.NDArray[Any]) -> tuple[Integers, Integers]:
    return np.repeat(images, texts.shape[1]), texts.ravel().astype(np.int64)


def _nouns(column: pa.ChunkedArray) -> list[str | None]:
    whole = column.combine_chunks()
    whole = whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole
    nouns: list[str | None] = whole.field("noun").to_pylist()
    return nouns
