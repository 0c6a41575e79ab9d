"""Pairs as numbers, parts of them that are held out together, and attackers tried on the parts they have not met."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from naturel.annotations.errors import UserError
from naturel.builders.checks.blind_attackers import Attacker, Floats, Indices, Training
from naturel.builders.checks.blind_inputs import NO_GROUP, Pairs
from naturel.builders.choice import hash_texts, mix, seeded


@dataclass(frozen=True)
class Coded:
    """Pairs as numbers: places of texts and of folds."""

    texts: list[str]
    positive: Indices
    negative: Indices
    positive_fold: Indices
    negative_fold: Indices
    clusters: Indices
    """The group of each pair, for intervals."""
    groups: int
    folds: int


def code(pairs: Pairs, group: str, folds: int, seed: int) -> Coded:
    """Number texts and groups, and put groups into folds of about equal size."""
    table = pairs.table
    if not len(pairs):
        reasons = "".join(f", {count} left out for: {why}" for why, count in pairs.left_out.items())
        raise UserError(f"{pairs.source} holds no pairs of captions{reasons}. Give a file that holds some.")
    texts, (positive, negative) = _number(table["positive"], table["negative"])
    if group == NO_GROUP:
        names = [str(number) for number in range(len(pairs))]
        keys = [np.arange(len(pairs))] * 2
    else:
        names, keys = _number(*(table[column] for column in pairs.groups[group]))
    apart = bool(np.any(keys[0] != keys[1]))
    least = 3 if apart else 2
    if len(names) < least:
        raise UserError(
            f"{pairs.source}: grouped by {group}, its {len(pairs)} pairs make {len(names)} group(s), and the attack "
            f"needs {least}. Give more pairs, or another --group."
        )
    sizes = np.bincount(np.concatenate(keys), minlength=len(names))
    folds = min(folds, len(names))
    fold = _deal(sizes, mix(seeded(seed), hash_texts(names)), folds)
    return Coded(texts, positive, negative, fold[keys[0]], fold[keys[1]], keys[0], len(names), folds)


def _number(first: pa.ChunkedArray, second: pa.ChunkedArray) -> tuple[list[str], list[Indices]]:
    """Distinct texts of two columns, and the columns as places in them."""
    both = pa.chunked_array([*first.chunks, *second.chunks], first.type).combine_chunks()
    coded = both.dictionary_encode(null_encoding="encode")
    places = coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return [str(text) for text in coded.dictionary.to_pylist()], [places[: len(first)], places[len(first) :]]


def _deal(sizes: Indices, hashes: npt.NDArray[np.uint64], folds: int) -> Indices:
    """The fold of each group: the largest groups first, each to the emptiest fold."""
    fold = np.zeros(len(sizes), dtype=np.int64)
    filled = [0] * folds
    for group in np.lexsort((hashes, -sizes)):
        emptiest = filled.index(min(filled))
        fold[group] = emptiest
        filled[emptiest] += int(sizes[group])
    return fold


def cross_validate(
    coded: Coded, attackers: Mapping[str, Attacker], places: Indices
) -> Iterator[tuple[str, Floats, float]]:
    """Try attackers, each on groups that it has not met.

    Args:
        coded: All pairs; attackers learn from all but those held out.
        attackers: By name; a text that one cannot score has NaN, and is told by half.
        places: The pairs tried, shape (tried,).

    Yields:
        Name, the score of each pair's positive above its negative, shape (tried,), and the accuracy on captions.
    """
    uses = [np.zeros((len(coded.texts), coded.folds)) for _ in range(2)]
    np.add.at(uses[0], (coded.positive, coded.positive_fold), 1)
    np.add.at(uses[1], (coded.negative, coded.negative_fold), 1)
    low = np.minimum(coded.positive_fold, coded.negative_fold)
    high = np.maximum(coded.positive_fold, coded.negative_fold)
    for name, attacker in attackers.items():
        margins, called = np.zeros(len(low)), 0.0
        for held in sorted(set(zip(low[places].tolist(), high[places].tolist(), strict=True))):
            kept = np.setdiff1d(np.arange(coded.folds), held)
            free = ~(np.isin(coded.positive_fold, held) | np.isin(coded.negative_fold, held))
            training = Training(
                uses[0][:, kept].sum(axis=1),
                uses[1][:, kept].sum(axis=1),
                (coded.positive[free], coded.negative[free]),
            )
            scores = attacker(training)
            tested = places[(low[places] == held[0]) & (high[places] == held[1])]
            positive, negative = scores[coded.positive[tested]], scores[coded.negative[tested]]
            margins[tested] = np.nan_to_num(positive - negative)
            signs = np.nan_to_num(np.sign(positive)) - np.nan_to_num(np.sign(negative))
            called += float(signs.sum() + 2 * len(tested)) / 4
        yield name, margins[places], called / len(places)
