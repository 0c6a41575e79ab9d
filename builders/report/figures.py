"""The figures of a report, counted from a release's tables."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations.joins import Integers
from naturel.builders.choice import hash_texts
from naturel.builders.report.balance import Balance, read_balance
from naturel.builders.report.check_figures import Checks, read_checks
from naturel.builders.report.pictures import Duplicates, exact_duplicates, near_duplicates
from naturel.builders.report.tables import (
    ATTRIBUTION,
    NEGATIVE_PLACES,
    POSITIVE_PLACES,
    Coded,
    Release,
    encode,
    ranked,
)

EXAMPLES = 12
UNKNOWN = "unknown"
WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
NEGATION = re.compile(r"\b(?:no|not|never|without|nobody|nothing|none|neither|nor)\b|n['’]t\b", re.IGNORECASE)

Floats = npt.NDArray[np.float64]
Two = tuple[float, float]
"""A figure of the positives and of the negatives."""


@dataclass(frozen=True)
class Skew:
    """How unevenly records lie over triplets."""

    top_tenth: float
    """Share of the records that the most frequent tenth of triplets has."""
    gini: float
    effective: float
    """So many equally frequent triplets would have the same entropy."""


@dataclass(frozen=True)
class PictureFigures:
    """What the pictures are."""

    longest: tuple[int, int, int] | None
    """Smallest, median and largest longest side; None where sizes are unknown."""
    shapes: list[tuple[str, int]]
    licenses: list[tuple[str, int]]
    sources: list[tuple[str, int]]
    authors: int
    without_author: int
    unattributed: int
    """Pictures that the attribution file does not name."""
    exact: Duplicates
    near: Duplicates


class Figures:
    """Counts of one release; each is made when it is asked for."""

    def __init__(self, release: Release) -> None:
        """Takes an open release."""
        self.release = release
        self.records = release.count

    @cached_property
    def relations(self) -> Coded:
        """Of each record."""
        return self.release.coded("relation")

    @cached_property
    def triplets(self) -> Coded:
        """Of each record, as `subject relation object`."""
        nouns = [self.release.column(side).field("noun") for side in ("subject", "object")]
        return encode(pc.binary_join_element_wise(nouns[0], self.release.column("relation"), nouns[1], " "))

    @cached_property
    def pictures(self) -> Coded:
        """Of each record."""
        return self.release.coded("image_id")

    @cached_property
    def captions(self) -> int:
        """Different captions in use."""
        return len(np.unique(self.release.caption_rows))

    @cached_property
    def writers(self) -> list[str]:
        """Who wrote the captions."""
        return sorted(set(self.release.captions["writer"].to_pylist()))

    @cached_property
    def skew(self) -> Skew:
        """Over triplets."""
        counts = np.sort(np.bincount(self.triplets.codes))
        total, size = int(counts.sum()), len(counts)
        shares = counts / total
        gini = 2 * float((np.arange(1, size + 1) * counts).sum()) / (size * total) - (size + 1) / size
        entropy = -float((shares * np.log(shares)).sum())
        tenth = int(counts[size - math.ceil(size / 10) :].sum())
        return Skew(tenth / total, max(gini, 0.0), float(np.exp(entropy)))

    @cached_property
    def constructions(self) -> list[tuple[str, int, int]]:
        """Complex captions by construction: positives and negatives."""
        coded = encode(self.release.captions["construction"].combine_chunks())
        used = coded.codes[self.release.caption_rows]
        size = len(coded.values)
        sides = [np.bincount(used[:, places[1:]].ravel(), minlength=size) for places in _PLACES]
        order = ranked(coded.values.to_pylist(), sides[0] + sides[1])
        found = dict(
            zip(coded.values.to_pylist(), zip(*(side.tolist() for side in sides), strict=True), strict=True)
        )
        return [(name, *found[name]) for name, _ in order]

    @cached_property
    def lengths(self) -> tuple[list[int], list[float], list[float]]:
        """Words a complex caption: the lengths, and the share of each among positives and among negatives."""
        sentences = self.release.sentences
        words = np.array([len(text.split()) for text in sentences.texts], dtype=np.int64)
        sides = [np.bincount(words[codes.ravel()]) for codes in self._complex]
        used = np.flatnonzero(
            sum(np.bincount(words[codes.ravel()], minlength=words.max() + 1) for codes in self._complex)
        )
        lengths = list(range(int(used[0]), int(used[-1]) + 1))
        positive, negative = (
            [float(side[n]) / float(side.sum()) if n < len(side) else 0.0 for n in lengths] for side in sides
        )
        return lengths, positive, negative

    @property
    def _complex(self) -> tuple[Integers, Integers]:
        sentences = self.release.sentences
        return sentences.complex_positive, sentences.complex_negative

    @cached_property
    def diversity(self) -> list[tuple[str, Two, bool]]:
        """Figures of words and sentences on either side, and whether each is a share."""
        texts = self.release.sentences.texts
        words = [[word.lower() for word in WORD.findall(text)] for text in texts]
        columns: list[tuple[float, ...]] = []
        for codes in self._complex:
            used = np.unique(codes)
            tokens = sum(len(words[code]) for code in used)
            types = len({word for code in used for word in words[code]})
            columns.append((codes.size, len(used), len(used) / codes.size, types, types / max(tokens, 1)))
        names = (
            ("complex captions", False),
            ("different sentences", False),
            ("different sentences per caption", True),
            ("different words", False),
            ("type-token ratio of the different sentences", True),
        )
        rows = zip(names, zip(*columns, strict=True), strict=True)
        return [(name, (positive, negative), share) for (name, share), (positive, negative) in rows]

    @cached_property
    def tells(self) -> list[tuple[str, Two, Two]]:
        """Surface feature, share of the complex captions that show it, and of the simple ones."""
        sentences = self.release.sentences
        texts = sentences.texts
        features = {
            "begins with a capital": [text[:1].isupper() for text in texts],
            "ends with a full stop": [text.endswith(".") for text in texts],
            "holds a comma": ["," in text for text in texts],
            "holds a digit": [any(letter.isdigit() for letter in text) for text in texts],
            "holds a negation": [bool(NEGATION.search(text)) for text in texts],
        }
        simple = (sentences.simple_positive, sentences.simple_negative)

        def shares(shown: list[bool], codes: tuple[Integers, Integers]) -> Two:
            flags = np.array(shown, dtype=np.bool_)
            return float(flags[codes[0]].mean()), float(flags[codes[1]].mean())

        return [
            (name, shares(shown, self._complex), shares(shown, simple)) for name, shown in features.items()
        ]

    @cached_property
    def mean_lengths(self) -> list[tuple[str, str, Two]]:
        """Style, unit, mean length of the positives and of the negatives."""
        sentences = self.release.sentences
        sizes = {
            "words": np.array([len(text.split()) for text in sentences.texts]),
            "letters": np.array([len(text) for text in sentences.texts]),
        }
        sides = {"complex": self._complex, "simple": (sentences.simple_positive, sentences.simple_negative)}
        return [
            (style, unit, (float(size[codes[0]].mean()), float(size[codes[1]].mean())))
            for style, codes in sides.items()
            for unit, size in sizes.items()
        ]

    @cached_property
    def kinds(self) -> Coded:
        """Of each negative, four a record."""
        return encode(self.release.lists("negative_kinds"))

    @cached_property
    def proofs(self) -> Coded:
        """Of each negative, four a record."""
        return encode(self.release.lists("negative_proofs"))

    @cached_property
    def kinds_by_proofs(self) -> tuple[list[str], list[tuple[str, list[int], int]], list[int]]:
        """Proofs, for each kind its negatives by proof and altogether, and all negatives by proof."""
        kinds, proofs = self.kinds, self.proofs
        known = (kinds.codes >= 0) & (proofs.codes >= 0)
        table = np.zeros((len(kinds.values), len(proofs.values)), dtype=np.int64)
        np.add.at(table, (kinds.codes[known], proofs.codes[known]), 1)
        columns = [name for name, _ in ranked(proofs.values.to_pylist(), table.sum(axis=0))]
        column = {name: place for place, name in enumerate(proofs.values.to_pylist())}
        row = {name: place for place, name in enumerate(kinds.values.to_pylist())}
        by_kind = [
            (name, [int(table[row[name], column[proof]]) for proof in columns], total)
            for name, total in ranked(kinds.values.to_pylist(), table.sum(axis=1))
        ]
        return columns, by_kind, [int(table[:, column[proof]].sum()) for proof in columns]

    @cached_property
    def balance(self) -> Balance:
        """Of sentences and of claims."""
        return read_balance(self.release, self.kinds)

    @cached_property
    def checks(self) -> Checks | None:
        """What was found in the captions; None where they were not checked."""
        return read_checks(self.release)

    @cached_property
    def picture_figures(self) -> PictureFigures:
        """Of the pictures, each counted once."""
        _, first = np.unique(self.pictures.codes, return_index=True)
        once = pa.array(first)
        take = {name: self.release.column(name).take(once) for name in _PICTURE_COLUMNS}
        sides = [
            pc.fill_null(take[name], 0).to_numpy(zero_copy_only=False).astype(np.int64)
            for name in ("width", "height")
        ]
        known = (sides[0] > 0) & (sides[1] > 0)
        width, height = (side[known] for side in sides)
        longest = np.maximum(width, height)
        shapes = {"landscape": width > height, "portrait": width < height, "square": width == height}
        authors = encode(take["author"])
        origin = pc.binary_join_element_wise(take["source"], take["source_split"], ", ")
        return PictureFigures(
            longest=(int(longest.min()), int(np.median(longest)), int(longest.max()))
            if known.any()
            else None,
            shapes=[(name, int(found.sum())) for name, found in shapes.items() if found.any()],
            licenses=encode(pc.fill_null(take["license"], UNKNOWN)).counts(),
            sources=encode(origin).counts(),
            authors=len(authors.values),
            without_author=int((authors.codes < 0).sum()),
            unattributed=len(set(take["image_id"].to_pylist()) - self._attributed()),
            exact=exact_duplicates(take["sha256"]),
            near=near_duplicates(take["phash"]),
        )

    def _attributed(self) -> set[str]:
        path = self.release.folder / ATTRIBUTION
        with path.open(encoding="utf-8", newline="") as file:
            return {row.get("image_id") or "" for row in csv.DictReader(file)}

    def example_rows(self, count: int = EXAMPLES) -> list[int]:
        """Rows chosen by a hash of their ids: of each relation in turn, most frequent first, one at a time.

        A picture or triplet comes again only where a relation offers nothing else.
        """
        hashes = hash_texts(self.release.column("id").to_pylist())
        order = np.lexsort((hashes, self.relations.codes))
        starts = np.searchsorted(self.relations.codes[order], np.arange(len(self.relations.values) + 1))
        place = {name: number for number, name in enumerate(self.relations.values.to_pylist())}
        queues = [
            order[starts[place[name]] : starts[place[name] + 1]].tolist()
            for name, _ in self.relations.counts()
        ]
        chosen: list[int] = []
        seen: set[tuple[str, int]] = set()
        while len(chosen) < count and any(queues):
            for queue in [queue for queue in queues if queue][: count - len(chosen)]:
                fresh = (n for n, row in enumerate(queue[:200]) if not seen & self._marks(row))
                row = queue.pop(next(fresh, 0))
                seen |= self._marks(row)
                chosen.append(row)
        return chosen

    def _marks(self, row: int) -> set[tuple[str, int]]:
        return {("picture", int(self.pictures.codes[row])), ("triplet", int(self.triplets.codes[row]))}


_PLACES = (POSITIVE_PLACES, NEGATIVE_PLACES)
_PICTURE_COLUMNS = (
    "image_id", "width", "height", "license", "author", "source", "source_split", "sha256", "phash",
)  # fmt: skip


def settings_rows(settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Settings as text."""
    return [
        (name, ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value))
        for name, value in sorted(settings.items())
    ]
