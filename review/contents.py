"""A release as annotators see it: its captions and records by number, with the keys of decisions about them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from naturel.annotations.claims import Claim
from naturel.annotations.decisions import caption_key_of, image_key
from naturel.annotations.joins import Integers
from naturel.builders.captions.surface import Style
from naturel.builders.report.tables import NEGATIVE_PLACES, POSITIVE_PLACES, Release

RECORD_COLUMNS = (
    "id",
    "image_id",
    "width",
    "height",
    "subject",
    "object",
    "negative_kinds",
    "negative_proofs",
)


@dataclass(frozen=True)
class Caption:
    """A sentence that stands in records, with the claim that it should state."""

    key: str
    text: str
    claim: Claim
    style: Style
    writer: str
    construction: str
    doubt: str | None
    """What the checks have against it, or are unsure of."""


class Contents:
    """The captions and records of a release."""

    def __init__(self, folder: Path) -> None:
        """Open a release.

        Raises:
            UserError: It is damaged.
        """
        self.release = Release(folder)
        self.folder = folder

    @property
    def count(self) -> int:
        """How many records there are."""
        return int(self.release.count)

    @cached_property
    def _columns(self) -> dict[str, pa.Array]:
        return {name: self.release.column(name) for name in RECORD_COLUMNS}

    @cached_property
    def image_keys(self) -> list[str]:
        """The key of each record's picture."""
        names, digests = self.release.column("image_id"), self.release.column("sha256")
        return [image_key(*pair) for pair in zip(names.to_pylist(), digests.to_pylist(), strict=True)]

    @cached_property
    def media(self) -> list[tuple[str, str | None]]:
        """The digest and the file name of each record's picture, as `media_path` wants them."""
        names: list[str | None] = []
        for path in self.release.data:
            with pq.ParquetFile(path) as file:  # of the pictures' column, the names only
                paths = file.read(columns=["image.path"])["image"].combine_chunks()
            names += paths.field("path").to_pylist()
        return list(zip(self.release.column("sha256").to_pylist(), names, strict=True))

    @cached_property
    def relation_keys(self) -> list[str]:
        """The key of each record's own claim in its picture."""
        stated = self._claim_ids.take(pa.array(self.release.caption_rows[:, 0])).to_pylist()
        return [f"{image}/{claim}" for image, claim in zip(self.image_keys, stated, strict=True)]

    @cached_property
    def _claim_ids(self) -> pa.Array:
        return self.release.captions["claim_id"].combine_chunks()

    @cached_property
    def claims(self) -> dict[str, Claim]:
        """Claims by id."""
        rows = self.release.claims.select(["claim_id", "subject", "relation", "object"]).to_pylist()
        return {row["claim_id"]: Claim(row["subject"], row["relation"], row["object"]) for row in rows}

    @cached_property
    def _distinct(self) -> tuple[list[str], Integers, Integers]:
        """Caption keys in use, the number of each place's caption, shape (n, 8), and a row of `captions` for each."""
        rows = self.release.caption_rows
        used, places = np.unique(rows, return_inverse=True)
        taken = self.release.captions.select(["text", "claim_id"]).take(pa.array(used))
        keys = [
            caption_key_of(text, claim)
            for text, claim in zip(taken["text"].to_pylist(), taken["claim_id"].to_pylist(), strict=True)
        ]
        first: dict[str, int] = {}
        numbers = np.array([first.setdefault(key, len(first)) for key in keys], dtype=np.int64)
        _, at = np.unique(numbers, return_index=True)
        return list(first), numbers[places.reshape(rows.shape)], used[at]

    @property
    def caption_keys(self) -> list[str]:
        """The keys of captions that stand in records, each once."""
        return self._distinct[0]

    @cached_property
    def caption_numbers(self) -> dict[str, int]:
        """The places of captions in `caption_keys`."""
        return {key: number for number, key in enumerate(self.caption_keys)}

    @cached_property
    def _uses(self) -> tuple[Integers, Integers]:
        """Places (record * 8 + place) in the order of captions, and where each caption's begin."""
        flat = self._distinct[1].ravel()
        starts = np.searchsorted(np.sort(flat), np.arange(len(self.caption_keys) + 1))
        return np.argsort(flat, kind="stable"), starts

    @cached_property
    def uses(self) -> Integers:
        """In how many places each caption stands."""
        return np.diff(self._uses[1])

    def caption(self, number: int) -> Caption:
        """One caption."""
        table = self.release.captions
        row = table.slice(int(self._distinct[2][number]), 1).to_pylist()[0]
        order, starts = self._uses
        simple = order[starts[number]] % 8 in (POSITIVE_PLACES[0], NEGATIVE_PLACES[0])
        doubt = "the reader is unsure whether it states its claim" if row.get("states") == "unsure" else None
        return Caption(
            self.caption_keys[number],
            row["text"],
            self.claims[row["claim_id"]],
            "simple" if simple else "complex",
            row["writer"],
            row["construction"],
            row.get("status_reason") or doubt,
        )

    @cached_property
    def doubted(self) -> list[str]:
        """Keys of captions that the checks are unsure of."""
        if "states" not in self.release.captions.column_names:
            return []
        states = self.release.captions["states"].take(pa.array(self._distinct[2])).to_pylist()
        return [key for key, state in zip(self.caption_keys, states, strict=True) if state == "unsure"]

    def places_of(self, number: int, *, positive: bool) -> Integers:
        """The records in which a caption stands as a positive, or as a negative."""
        order, starts = self._uses
        places = order[starts[number] : starts[number + 1]]
        wanted = np.isin(places % 8, POSITIVE_PLACES if positive else NEGATIVE_PLACES)
        return np.unique(places[wanted] // 8)

    def records_with(self, key: str) -> list[int]:
        """The records that a relation's or picture's key is about."""
        image, _, claim = key.partition("/")
        rows = self._by_image.get(image, [])
        return [row for row in rows if not claim or claim in self._claims_of(row)]

    @cached_property
    def _by_image(self) -> dict[str, list[int]]:
        rows: dict[str, list[int]] = {}
        for row, key in enumerate(self.image_keys):
            rows.setdefault(key, []).append(row)
        return rows

    def _claims_of(self, row: int) -> list[str]:
        """The ids of the claims of a record: its own, then those of its negatives."""
        places = self.release.caption_rows[row, [0, *NEGATIVE_PLACES]]
        claims: list[str] = self._claim_ids.take(pa.array(places)).to_pylist()
        return claims

    def record_id(self, row: int) -> str:
        """The id of one record."""
        return str(self._columns["id"][row].as_py())

    def record(self, row: int) -> dict[str, Any]:
        """One record: its columns, its eight sentences, its claim and its negatives' claims."""
        values = {name: column[row].as_py() for name, column in self._columns.items()}
        own, *others = (self.claims[claim] for claim in self._claims_of(row))
        texts = self.release.captions["text"].take(pa.array(self.release.caption_rows[row])).to_pylist()
        return values | {
            "claim": own,
            "negative_claims": others,
            "positives": [texts[place] for place in POSITIVE_PLACES],
            "negatives": [texts[place] for place in NEGATIVE_PLACES],
        }

    def samples(self) -> Iterator[dict[str, Any]]:
        """What the app's database holds of each record, in order."""
        captions = self.release.captions
        texts, claims = captions["text"].to_pylist(), self._claim_ids.to_pylist()
        names = ("id", "source", "source_split", "width", "height", "subject", "object", "sha256")
        columns = [self.release.column(name) for name in names]
        for row in range(self.count):
            values = {name: column[row].as_py() for name, column in zip(names, columns, strict=True)}
            rows = self.release.caption_rows[row]
            yield values | {
                "media": self.media[row],
                "claim": self.claims[claims[rows[0]]],
                "positives": [texts[rows[place]] for place in POSITIVE_PLACES],
                "negatives": [texts[rows[place]] for place in NEGATIVE_PLACES],
            }


def sample_id(dataset: str, record: str) -> str:
    """The id in the database, 24 hexadecimal digits, of a record: a hash, so that nobody has to look it up."""
    return hashlib.sha256(f"{dataset}\t{record}".encode()).hexdigest()[:24]
