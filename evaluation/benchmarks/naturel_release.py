"""NatuRel releases as benchmarks: each test and validation split by itself, so that unseen splits are told apart.

A folder or a dataset on the Hub is streamed in columns, so that nothing is copied into a cache; pictures stay the
bytes that they are, each once. Facts are those of the positive caption (`construction`) and of the negative one
(`negative_kind`, `proof`); a group has those of its two records, `left_of / right_of` where they differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations.errors import UserError
from naturel.annotations.joins import Integers, codes_of
from naturel.builders.report.tables import POSITIVE_PLACES
from naturel.evaluation.benchmarks.selecting import select
from naturel.evaluation.questions import Kind, Picture, Questions
from naturel.loaders.formats.source import Source
from naturel.loaders.groups import find_groups
from naturel.loaders.opening import open_release
from naturel.loaders.sentences import COMPLEX, PAIRS, READ, Sentences

NO_PICTURE = "record without a picture"
HALF = "group with a record in another split"
TWICE = "the two positives are the same sentence"
EXTRA = ("relation", "negative_kinds", "negative_proofs", "caption_ids")
"""Columns that facts are from; an older release may not have them."""
LISTS = {"negative_kinds": 4, "negative_proofs": 4, "caption_ids": 8}


def open_parts(
    parts: Sequence[str],
    release: Path | str,
    *,
    split: Sequence[str] | None = None,
    config: str | None = None,
) -> list[Questions]:
    """Read a release.

    Args:
        parts: Some of `simple`, `complex`, `groups`, `hard_positives`.
        release: A release, a build's folder, or a name on the Hub.
        split: Its splits; None: all whose names do not begin with `train`.
        config: The configuration; None: the default one.

    Returns:
        The questions of each part and split, such as `naturel/complex:test_unseen_pairs`.

    Raises:
        UserError: There is no such release, split or configuration, or it has no pictures.
    """
    place = release if Path(release).exists() else str(release)
    source = Source(place, config, list(split) if split else None)
    splits = source.splits if split else [name for name in source.splits if not name.startswith("train")]
    if not splits:
        raise UserError(
            f"{release} has no split to test on, but {', '.join(source.splits)}. Give one with --split, or build it "
            "with --holdout."
        )
    if not source.embedded:
        raise UserError(f"{release} has no pictures in it, but links. Build it with pictures.")
    constructions = _constructions(place)
    opened = [_Split(source, name, constructions) for name in splits]
    return [_ask(each, part) for part in parts for each in opened]


def _constructions(release: Path | str) -> pa.Table | None:
    """The constructions of captions by their ids; None where the release does not have its captions."""
    try:
        captions = open_release(
            release, config="captions", streaming=True, columns=["caption_id", "construction"]
        )
    except UserError:
        return None
    (stream,) = captions.values()
    return pa.concat_tables(stream.with_format("arrow").iter(10_000))


@dataclass(frozen=True)
class _Split:
    """One split of a release, read once."""

    source: Source
    name: str
    constructions: pa.Table | None

    @cached_property
    def table(self) -> pa.Table:
        return self.source.table(self.name, [*READ, *EXTRA])

    @cached_property
    def sentences(self) -> Sentences:
        return Sentences.from_table(self.table, embedded=True)

    @cached_property
    def captions(self) -> tuple[str, ...]:
        """The sentences that `Sentences` numbers."""
        return tuple(self.sentences.texts.to_pylist())

    @cached_property
    def pictures(self) -> tuple[Picture, ...]:
        """Each different picture once, in the order of the records."""
        found: dict[str, Picture] = {}
        for block in self.source.blocks(self.name, ["image_id", "image"]):
            ids = block["image_id"].to_pylist()
            new = [row for row, name in enumerate(ids) if name not in found]
            data = pc.struct_field(block["image"].take(new), "bytes").to_pylist() if new else []
            for row, content in zip(new, data, strict=True):
                if content:
                    found.setdefault(ids[row], Picture(ids[row], content))
        return tuple(found.values())

    @cached_property
    def images(self) -> Integers:
        """The number of each record's picture, shape (n,); -1: it has none."""
        keys = pa.array([picture.key for picture in self.pictures], pa.string())
        return codes_of(self.table["image_id"], keys)

    def fact(self, name: str, pairs: Sequence[int]) -> pa.Array:
        """A list column's entries of these pairs, record by record: nulls where the release does not have it."""
        wanted = len(self.table) * len(pairs)
        if name not in self.table.column_names:
            return pa.nulls(wanted, pa.string())
        flat = pc.list_flatten(self.table[name]).combine_chunks()
        if len(flat) != len(self.table) * LISTS[name]:
            raise UserError(
                f"split {self.name}: {name} has not {LISTS[name]} entries in every record, so the data are damaged. "
                "Copy the release again completely."
            )
        rows = LISTS[name] * np.arange(len(self.table))[:, None] + np.array(pairs)
        return flat.take(pa.array(rows.ravel()))

    @cached_property
    def facts(self) -> dict[str, pa.Array]:
        """Of each pair of each record, 4n rows: the simple pair, then the three complex ones."""
        every = range(PAIRS)
        count = PAIRS * len(self.table)
        relation = (
            self.table["relation"]
            .combine_chunks()
            .take(pa.array(np.repeat(np.arange(len(self.table)), PAIRS)))
            if "relation" in self.table.column_names
            else pa.nulls(count, pa.string())
        )
        facts = {
            "id": pc.binary_join_element_wise(
                self.sentences.ids.take(pa.array(np.repeat(np.arange(len(self.table)), PAIRS))),
                pa.array(np.tile(np.arange(PAIRS), len(self.table))).cast(pa.string()),
                ":",
            ),
            "relation": relation,
            "negative_kind": self.fact("negative_kinds", every),
            "proof": self.fact("negative_proofs", every),
        }
        if self.constructions is not None:
            rows = codes_of(
                self.fact("caption_ids", POSITIVE_PLACES), self.constructions["caption_id"].combine_chunks()
            )
            facts["construction"] = (
                self.constructions["construction"].combine_chunks().take(pa.array(rows, mask=rows < 0))
            )
        return {name: column.cast(pa.string()) for name, column in facts.items()}


def _ask(split: _Split, part: str) -> Questions:
    if part == "groups":
        return _groups(split)
    if part == "hard_positives":
        return _hard_positives(split)
    return _choices(split, part, range(1) if part == "simple" else range(1, PAIRS))


def _choices(split: _Split, part: str, pairs: Sequence[int]) -> Questions:
    """Each pair of each record as a choice of two sentences."""
    records, pair = _grid(len(split.table), pairs)
    texts = np.stack(
        [split.sentences.positive[records, pair], split.sentences.negative[records, pair]], axis=1
    )
    return _questions(split, part, Kind.CHOICE, records[:, None], texts, [PAIRS * records + pair])


def _hard_positives(split: _Split) -> Questions:
    """Each complex caption, the record's next one, and the negative opposed to the first.

    The simple one is not taken: where it stands among complex ones its style alone tells that it is true.
    """
    records, pair = _grid(len(split.table), range(1, PAIRS))
    other = pair % COMPLEX + 1
    positive = split.sentences.positive
    texts = np.stack(
        [positive[records, pair], positive[records, other], split.sentences.negative[records, pair]], axis=1
    )
    found = _questions(
        split, "hard_positives", Kind.HARD_POSITIVE, records[:, None], texts, [PAIRS * records + pair]
    )
    same = found.texts[:, 0] == found.texts[:, 1]
    if not same.any():
        return found
    kept = select(found, np.flatnonzero(~same))
    return replace(kept, left_out=dict(kept.left_out) | {TWICE: int(same.sum())})


def _groups(split: _Split) -> Questions:
    """Each group whose two records are in this split."""
    groups = find_groups(split.sentences)
    texts = split.sentences.positive[groups.records, groups.pairs]
    members = PAIRS * groups.records + groups.pairs
    found = _questions(
        split, "groups", Kind.GROUP, groups.records, texts.astype(np.int64), [members[:, 0], members[:, 1]],
        ids=split.sentences.group_names.take(pa.array(groups.number)),
    )  # fmt: skip
    left_out = dict(found.left_out) | ({HALF: groups.halves} if groups.halves else {})
    notes = () if len(groups) else (f"the split {split.name} has no 2x2 group.",)
    return replace(found, left_out=left_out, notes=notes)


def _grid(count: int, pairs: Sequence[int]) -> tuple[Integers, Integers]:
    """The record and the pair of each question."""
    return np.repeat(np.arange(count), len(pairs)), np.tile(np.array(pairs, dtype=np.int64), count)


def _questions(
    split: _Split,
    part: str,
    kind: Kind,
    records: Integers,
    texts: npt.NDArray[np.integer],
    members: Sequence[Integers],
    ids: pa.Array | None = None,
) -> Questions:
    """Questions about records.

    Args:
        split: What they are of.
        part: Which part they are.
        kind: What is asked.
        records: Of each picture, shape (n, a).
        texts: Shape (n, c).
        members: Rows of `_Split.facts` of each question: one array of shape (n,), or those of both records.
        ids: Of the questions, shape (n,); None: those of the first members.
    """
    facts = {}
    for name, column in split.facts.items():
        first, *others = (column.take(pa.array(rows)) for rows in members)
        facts[name] = _both(first, others[0]) if others else first
    if ids is not None:
        facts["id"] = ids
    images = split.images[records].reshape(records.shape)
    shape = (len(records), records.shape[1], texts.shape[1])
    true = np.zeros(shape, dtype=np.bool_)
    if kind is Kind.GROUP:
        true[:, [0, 1], [0, 1]] = True
    else:
        true[:, :, :-1] = True
    whole = Questions(
        benchmark=f"naturel/{part}:{split.name}",
        kind=kind,
        pictures=split.pictures,
        captions=split.captions,
        images=images,
        texts=texts.astype(np.int64),
        true=true,
        facts=facts,
    )
    there = (images >= 0).all(axis=1)
    left_out = Counter({NO_PICTURE: int((~there).sum())})
    return replace(select(whole, np.flatnonzero(there)), left_out=dict(+left_out))


def _both(first: pa.Array, second: pa.Array) -> pa.Array:
    """One value where two are the same, `a / b` in alphabetical order where they differ; null where one is."""
    lower, upper = pc.min_element_wise(first, second), pc.max_element_wise(first, second)
    return pc.if_else(pc.equal(lower, upper), lower, pc.binary_join_element_wise(lower, upper, " / "))
