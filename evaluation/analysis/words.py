"""The words of a batch of captions as arrays, one entry a word.

A batch of fifty thousand captions has half a million words, but some ten thousand different ones: what a word's
letters tell is read once for each different word, and looked up for the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations.joins import Integers
from naturel.annotations.truth import Flags
from naturel.builders.choice import Hashes, mix
from naturel.evaluation.analysis.lexicon import CLASSES, TIME, Lexicon, Phrase

EDGES = ".,;:!?\"'`()[]{}<>«»“”„‘’…*|~-–—•"
"""What is no part of a word at its edges."""
ENDS = r"[.,;:!?)\]}\"”»…|]$"
ADDRESS = r"(?i)://|^www\.|\w\.(?:com|net|org|info|co\.uk|de|ru)(?:/|$)"
FILE = r"(?i)\.(?:jpe?g|png|gif|bmp|tiff?|webp|svg|psd|pdf|mp4|html?|php)$|[a-z0-9]_[a-z0-9]|^(?:img|dscn?|dscf)-?\d+"
STEP = np.uint64(0x9E3779B97F4A7C15)
"""An odd number: its powers tell places apart in a hash."""


class Mark(IntEnum):
    """What follows a word; after any of them nothing belongs to the word before it."""

    NONE = 0
    END = 1
    """A clause ends, or a quotation."""
    COMMA = 2
    BRACKET = 3
    """A closing bracket, or a colon."""


@dataclass(frozen=True)
class Words:
    """t words of n captions."""

    caption: Integers
    """Which caption a word is in, shape (t,)."""
    code: npt.NDArray[np.int16]
    """Which of the lexicon's words it is, shape (t,); -1: none of them."""
    mark: npt.NDArray[np.uint8]
    """What mark follows: a `Mark`, shape (t,)."""
    count: Integers
    """Words of each caption, shape (n,), marks that stand alone not counted."""
    address: Flags
    """Captions with a web address, shape (n,)."""
    file_name: Flags
    """Captions with a file's name, shape (n,)."""
    foreign: npt.NDArray[np.float64]
    """Share of a caption's characters that are letters of other alphabets, accents included, shape (n,)."""
    hash: Hashes
    """Of each caption's words; case, marks and white space do not matter, shape (n,)."""

    def __len__(self) -> int:
        return len(self.code)


class Reader:
    """Reads captions with a lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.words = lexicon.words
        self._code = {word: number for number, word in enumerate(self.words)}
        self._known = pa.array(self.words)
        self._times = pa.array(sorted(lexicon.times - set(self.words)))

    def codes(self, phrase: Phrase) -> tuple[int, ...]:
        """The words of a phrase as numbers."""
        return tuple(self._code[word] for word in phrase)

    def read(self, captions: pa.Array) -> Words:
        """Take captions apart.

        Args:
            captions: n texts, none of them null.
        """
        split = pc.ascii_split_whitespace(pc.replace_substring(captions, "\u00a0", " "))
        count = len(captions)
        lengths = np.diff(split.offsets.to_numpy())
        encoded = split.flatten().dictionary_encode()
        place = encoded.indices.to_numpy()
        caption = np.repeat(np.arange(count), lengths)
        raw = encoded.dictionary
        bare = pc.utf8_trim(pc.utf8_lower(raw), characters=EDGES)
        foreign = _foreign_letters(bare)
        silent = pc.equal(bare, "").to_numpy(zero_copy_only=False)
        address, file_name = _matches(raw, ADDRESS), _matches(raw, FILE)
        # Few words have any of these: they are looked up where they are.
        special = np.flatnonzero((silent | address | file_name | (foreign > 0))[place])
        of, word = caption[special], place[special]
        letters = np.bincount(of, foreign[word], count)
        spoken = np.ones(len(place), dtype=np.bool_)
        spoken[special[silent[word]]] = False
        return Words(
            caption,
            self._codes(bare)[place],
            _marks(raw)[place],
            lengths - np.bincount(of[silent[word]], minlength=count),
            np.bincount(of[address[word]], minlength=count) > 0,
            np.bincount(of[file_name[word]], minlength=count) > 0,
            letters / np.maximum(pc.utf8_length(captions).to_numpy(), 1),
            _hash_captions(_hash_words(bare)[place], spoken, lengths),
        )

    def _codes(self, bare: pa.Array) -> npt.NDArray[np.int16]:
        codes: npt.NDArray[np.int16] = (
            pc.fill_null(pc.index_in(bare, value_set=self._known), -1).to_numpy().astype(np.int16)
        )
        unknown = codes < 0
        if TIME in self._code:
            codes[unknown & pc.is_in(bare, value_set=self._times).to_numpy(zero_copy_only=False)] = (
                self._code[TIME]
            )
        for name, pattern in CLASSES.items():
            if name in self._code:
                fits = (codes < 0) & _matches(bare, pattern)
                codes[fits] = self._code[name]
        return codes


class Places:
    """Where each of the lexicon's words stands in a batch."""

    def __init__(self, words: Words, known: int) -> None:
        self._words = words
        interesting = np.flatnonzero(words.code >= 0)
        codes = words.code[interesting]
        self._places = interesting[np.argsort(codes, kind="stable")]
        self._bounds = np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=known))])

    def of(self, codes: Sequence[int]) -> Integers:
        """Where a phrase begins; it lies within one clause of one caption.

        Args:
            codes: Its words as numbers.
        """
        words = self._words
        rarest = min(range(len(codes)), key=lambda i: self._bounds[codes[i] + 1] - self._bounds[codes[i]])
        word = codes[rarest]
        start: Integers = self._places[self._bounds[word] : self._bounds[word + 1]] - rarest
        if not len(start) or len(codes) == 1:
            return start
        last = len(codes) - 1
        start = start[(start >= 0) & (start + last < len(words))]
        start = start[words.caption[start] == words.caption[start + last]]
        for i, code in enumerate(codes):
            fits = words.code[start + i] == code
            start = start[fits if i == last else fits & (words.mark[start + i] == Mark.NONE)]
        return start


def _matches(texts: pa.Array, pattern: str) -> Flags:
    found: Flags = pc.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False)
    return found


def _marks(raw: pa.Array) -> npt.NDArray[np.uint8]:
    """What mark each word ends with."""
    marks = np.zeros(len(raw), dtype=np.uint8)
    ends = np.flatnonzero(_matches(raw, ENDS))
    some = raw.take(pa.array(ends))
    comma, bracket = _matches(some, r",$"), _matches(some, r"[)\]}:]$")
    marks[ends] = np.select([comma, bracket], [Mark.COMMA, Mark.BRACKET], Mark.END)
    return marks


def _foreign_letters(bare: pa.Array) -> Integers:
    """How many letters of each word are not of the English alphabet."""
    foreign = np.zeros(len(bare), dtype=np.int64)
    other = np.flatnonzero(pc.binary_length(bare).to_numpy() != pc.utf8_length(bare).to_numpy())
    letters = pc.replace_substring_regex(bare.take(pa.array(other)), r"[\x00-\x7f]+|[^\p{L}]+", "")
    foreign[other] = pc.utf8_length(letters).to_numpy()
    return foreign


def _hash_words(bare: pa.Array) -> Hashes:
    """A hash of each word's bytes."""
    plain = pc.binary_join_element_wise(bare, "", "")  # a copy of its own, without offset
    offsets = np.frombuffer(plain.buffers()[1], dtype=np.int32)[: len(plain) + 1].astype(np.int64)
    lengths = np.diff(offsets)
    data = plain.buffers()[2]
    letters = np.frombuffer(data, dtype=np.uint8)[: offsets[-1]] if data else np.zeros(0, dtype=np.uint8)
    place = np.arange(len(letters)) - np.repeat(offsets[:-1], lengths)
    return _hash_runs(letters.astype(np.uint64), place, lengths)


def _hash_captions(hashes: Hashes, spoken: Flags, lengths: Integers) -> Hashes:
    """A hash of each caption's words in their order."""
    before: Integers = np.cumsum(spoken) - spoken
    ends = np.cumsum(lengths)
    first = np.append(before, spoken.sum())[ends - lengths]
    place = before - np.repeat(first, lengths)
    return _hash_runs(np.where(spoken, hashes, np.uint64(0)), place, lengths)


def _hash_runs(values: Hashes, place: Integers, lengths: Integers) -> Hashes:
    """A hash of each run of values.

    Args:
        values: Of all runs, shape (n,).
        place: Of each value in its run, from 0, shape (n,).
        lengths: Of the runs, shape (k,).
    """
    powers = np.cumprod(np.full(place.max(initial=0) + 1, STEP))
    until = np.zeros(len(values) + 1, dtype=np.uint64)
    np.cumsum(values * powers[place], out=until[1:])
    ends = np.cumsum(lengths)
    return mix(until[ends] - until[ends - lengths])
