"""A part of the questions: with the pictures and sentences that these need, and no others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations.joins import Integers
from naturel.builders.choice import hash_texts, mix, seeded
from naturel.evaluation.questions import Questions

SAMPLED = "not in the sample"


def select(questions: Questions, rows: Integers) -> Questions:
    """Keep some questions.

    Args:
        questions: All.
        rows: Numbers of those to keep, in the order wanted.

    Returns:
        Questions with their pictures and sentences numbered anew, in their old order.
    """
    images, pictures = _renumber(questions.images[rows], len(questions.pictures))
    texts, captions = _renumber(questions.texts[rows], len(questions.captions))
    return replace(
        questions,
        pictures=tuple(questions.pictures[number] for number in pictures),
        captions=tuple(questions.captions[number] for number in captions),
        images=images,
        texts=texts,
        true=questions.true[rows],
        facts={name: column.take(pa.array(rows)) for name, column in questions.facts.items()},
    )


def sample(questions: Questions, most: int, seed: int) -> Questions:
    """Keep at most so many questions; pairs and sets (`facts`) are kept or left out whole.

    Args:
        questions: All.
        most: How many to keep at most.
        seed: Shapes the choice, which depends on ids alone.

    Returns:
        The questions in their old order, the others counted in `left_out`.
    """
    if len(questions) <= most:
        return questions
    keys = questions.facts["id"]
    for name in ("pair", "set"):
        if name in questions.facts:
            keys = pc.coalesce(questions.facts[name], keys)
    encoded = keys.dictionary_encode()
    numbers = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    order = np.argsort(mix(seeded(seed), hash_texts(encoded.dictionary.to_pylist())), kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    sizes = np.bincount(numbers, minlength=len(order))[order]
    fits = np.cumsum(sizes) <= most
    rows = np.flatnonzero(fits[rank[numbers]])
    kept = select(questions, rows)
    left_out = dict(questions.left_out)
    left_out[SAMPLED] = left_out.get(SAMPLED, 0) + len(questions) - len(rows)
    return replace(kept, left_out=left_out)


def _renumber(numbers: Integers, count: int) -> tuple[Integers, Integers]:
    """Numbers without gaps, and the old number of each; -1 stays."""
    used = np.zeros(count, dtype=np.bool_)
    used[numbers[numbers >= 0]] = True
    new = np.append(np.cumsum(used) - 1, -1)
    return new[numbers], np.flatnonzero(used)
