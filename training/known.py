"""Which sentences are known to be true of which pictures: what must not be taken for a negative.

Few different sentences stand behind many pictures, so a batch holds sentences of other records that are true of
this picture as well. Three things tell, and all are in the records themselves: the sentence is word for word a
positive of a record of the picture; it states a claim that a record of the picture states; or it states what such a
claim implies (the inverse relation, the swap of a symmetric one). What a record of the picture denies is never known
as true there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations.joins import Integers
from naturel.annotations.relations import Vocabulary, load_vocabulary
from naturel.annotations.truth import Flags
from naturel.loaders.sentences import PAIRS, Sentences

Claim = tuple[str, str, str]
"""Subject, relation, object."""
MARK = "\x1f"
"""Between them, where a claim is one text."""


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
        self._said = _Listed(*self._pairs_said(sentences), len(self.image_ids), len(self.texts))
        self._denied = _Listed(*_repeat(self.image, sentences.negative), len(self.image_ids), len(self.texts))
        self._true = self._implied(sentences, stated)

    def known(self, images: Integers, texts: Integers) -> Flags:
        """Which sentences are known to be true of which pictures, shape (k, u).

        Args:
            images: Numbers of pictures, shape (k,); those that are not of the release are negative.
            texts: Numbers of different sentences, shape (u,); those that are not of the release are negative.
        """
        inside = texts >= 0
        claims, place = np.unique(np.where(inside, self._claim_of_text[texts], -1), return_inverse=True)
        found: Flags = self._true.among(images, claims)[:, place]
        found |= self._said.among(images, texts)
        found &= ~self._denied.among(images, texts)
        return found

    def _claims(self, dataset: Any) -> tuple[Integers, Integers]:
        """Claims that records state, shape (n,), and deny, shape (n, 4); -1 where that is not told."""
        wanted = [
            name
            for name in ("subject", "relation", "object", "negative_claims")
            if name in dataset.column_names
        ]
        count = len(self.image)
        stated, denied = np.full(count, -1), np.full((count, PAIRS), -1)
        if not wanted:
            return stated, denied
        table = dataset.select_columns(wanted).with_format("arrow")[:]
        if {"subject", "relation", "object"} <= {*wanted}:
            things = [_whole(table[name]).field("noun") for name in ("subject", "object")]
            stated = self._encode(things[0], _whole(table["relation"]), things[1])
        if "negative_claims" in wanted:
            lists = _whole(table["negative_claims"])
            rows = np.asarray(pc.list_parent_indices(lists), dtype=np.int64)
            places = np.arange(len(rows)) - np.searchsorted(rows, rows)
            claims = pc.list_flatten(lists)
            # StructArray.field does not see that a claim is null as a whole.
            codes = self._encode(
                *(pc.struct_field(claims, name) for name in ("subject", "relation", "object"))
            )
            denied[rows, places] = codes
        return stated, denied

    def _encode(self, *parts: pa.Array) -> Integers:
        """Numbers of claims, given their subjects, relations and objects; -1 where one is null."""
        joined = pc.binary_join_element_wise(*(part.cast(pa.string()) for part in parts), MARK)
        encoded = joined.dictionary_encode()
        numbers = [
            self._numbers.setdefault(_claim(name), len(self._numbers))
            for name in encoded.dictionary.to_pylist()
        ]
        codes = np.asarray(pc.fill_null(encoded.indices, -1), dtype=np.int64)
        found: Integers = np.array([*numbers, -1], dtype=np.int64)[codes]
        return found

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

    def _implied(self, sentences: Sentences, stated: Integers) -> _Listed:
        """The claims that are true of each picture."""
        shown = np.flatnonzero((sentences.shown >= 0) & (self.negative_image >= 0))
        images = np.concatenate([self.image, self.negative_image[shown]])
        claims = np.concatenate([stated, self._claim_of_text[sentences.shown[shown]]])
        images, claims = images[claims >= 0], claims[claims >= 0]
        names = list(self._numbers)
        told = {claim: self._consequences(names[claim]) for claim in np.unique(claims).tolist()}
        implied = [
            (image, other)
            for image, claim in zip(images.tolist(), claims.tolist(), strict=True)
            for other in told[claim]
        ]
        more = np.array(implied, dtype=np.int64).reshape(-1, 2)
        return _Listed(
            np.concatenate([images, more[:, 0]]),
            np.concatenate([claims, more[:, 1]]),
            len(self.image_ids),
            len(self._numbers),
        )

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


class _Listed:
    """For each picture a list of numbers below `width`, in one piece."""

    def __init__(self, images: Integers, values: Integers, count: int, width: int) -> None:
        keys = np.unique((images * width + values)[images >= 0])
        self._values = keys % max(width, 1)
        self._starts = np.searchsorted(keys, np.arange(count + 1) * width)
        self._width = width

    def among(self, images: Integers, values: Integers) -> Flags:
        """Which of the different `values` (shape (u,)) each of `images` (shape (k,)) has, shape (k, u)."""
        column = np.full(self._width, -1)
        column[values[values >= 0]] = np.flatnonzero(values >= 0)
        known = np.maximum(images, 0)
        starts = self._starts[known]
        counts = np.where(images >= 0, self._starts[known + 1] - starts, 0)
        rows = np.repeat(np.arange(len(images)), counts)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        columns = column[self._values[starts[rows] + within]]
        found = np.zeros((len(images), len(values)), dtype=np.bool_)
        found[rows[columns >= 0], columns[columns >= 0]] = True
        return found


def _repeat(images: Integers, texts: npt.NDArray[Any]) -> tuple[Integers, Integers]:
    return np.repeat(images, texts.shape[1]), texts.ravel().astype(np.int64)


def _claim(name: str) -> Claim:
    subject, relation, thing = name.split(MARK)
    return subject, relation, thing


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """A column in one piece."""
    whole = column.combine_chunks()
    return whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole
