"""Splits: which picture trains and which one tests, so that nothing leaks from one into the other.

A picture stays in the split that its source gives it, unless it shows something that is held out: then it goes to a
compositional test split, where only its records with that content are kept.

* `test_unseen_objects`: a thing that no caption of the other splits names;
* `test_unseen_pairs`: two things that no caption of the other splits names together;
* `test_unseen_relations_for_pair`: two things in a relation that no caption of the other splits says of them.

What is held out is chosen by hash of the seed and the words. Photos that are near-duplicates, and counterparts, go to
the same split: to the one of them that tests most. Pictures that were made (composites, testbed) are alike by design;
for them the pair of things decides, not the look.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from naturel.annotations.claims import ATTRIBUTE_RELATION
from naturel.annotations.joins import Integers, codes_of
from naturel.annotations.relations import Vocabulary
from naturel.builders.choice import Hashes, hash_texts, mix, seeded
from naturel.builders.near_duplicates import near_duplicates
from naturel.builders.settings import Holdout, Split

UNSEEN_OBJECTS, UNSEEN_PAIRS, UNSEEN_RELATIONS = (
    "test_unseen_objects",
    "test_unseen_pairs",
    "test_unseen_relations_for_pair",
)
HELD_OUT = (UNSEEN_OBJECTS, UNSEEN_PAIRS, UNSEEN_RELATIONS)
"""Compositional test splits; what belongs to several goes to the first."""
SPLITS = (*HELD_OUT, Split.TEST.value, Split.VALIDATION.value, Split.TRAIN.value)
"""All splits; of pictures that must stay together, the first of their splits takes all."""

MADE = ("composites", "testbed")
"""Sources whose pictures were made, so that they look alike on purpose."""


@dataclass(frozen=True)
class Splits:
    """Where pictures and claims belong."""

    images: pa.Table
    """`image_id`, `split`."""
    claims: pa.Table
    """`claim_id`, `split`: the compositional split of a claim that is held out, null of any other."""
    moved: Mapping[str, int]
    """Pictures that left their source's split, by reason."""


def split_build(
    images: pa.Table,
    pictures: pa.Table,
    positives: pa.Table,
    claims: pa.Table,
    holdout: Holdout,
    seed: int,
    vocabulary: Vocabulary,
) -> Splits:
    """Give every picture of a build its split.

    Args:
        images: `schema.IMAGES`.
        pictures: `schema.PICTURES`; perceptual hashes tell near-duplicates.
        positives: `image_id`, `claim_id` of what is proved true.
        claims: `schema.CLAIMS`.
        holdout: How much is held out.
        seed: The build's seed.
        vocabulary: The relations; a relation is held out together with its inverse and its mirror.

    Returns:
        The splits.
    """
    ids = images["image_id"].combine_chunks()
    own = codes_of(images["source_split"], pa.array(SPLITS))
    held = _held_out(claims, holdout, seed, vocabulary)
    image = codes_of(positives["image_id"], ids)
    claim = codes_of(positives["claim_id"], claims["claim_id"].combine_chunks())
    known = (image >= 0) & (claim >= 0)
    place = np.where(own >= 0, own, SPLITS.index(Split.TRAIN))
    np.minimum.at(place, image[known], held[claim[known]])
    held_out = int((place < len(HELD_OUT)).sum())

    together = _together(images, pictures)
    together_place = np.full(together.max(initial=-1) + 1, len(SPLITS) - 1, dtype=np.int64)
    np.minimum.at(together_place, together, place)
    final = together_place[together]
    names = pa.array(SPLITS)
    return Splits(
        images=pa.table({"image_id": ids, "split": names.take(pa.array(final))}),
        claims=pa.table(
            {
                "claim_id": claims["claim_id"],
                "split": names.take(pa.array(held, mask=held >= len(HELD_OUT))),
            }
        ),
        moved={
            "pictures with something held out": held_out,
            "pictures that follow a near-duplicate or counterpart": int((final != place).sum()),
        },
    )


def _held_out(claims: pa.Table, holdout: Holdout, seed: int, vocabulary: Vocabulary) -> Integers:
    """The compositional split of each claim, as a place in `SPLITS`; beyond `HELD_OUT` where it is not held out."""
    subject = claims["subject"].to_pylist()
    thing = [
        None if relation == ATTRIBUTE_RELATION else name
        for name, relation in zip(claims["object"].to_pylist(), claims["relation"].to_pylist(), strict=True)
    ]
    pair = ["\t".join(sorted((a, b))) if b else None for a, b in zip(subject, thing, strict=True)]
    families = {name: _family(name, vocabulary) for name in set(claims["relation"].to_pylist())}
    said = [
        f"{both}\t{families[relation]}" if both else None
        for both, relation in zip(pair, claims["relation"].to_pylist(), strict=True)
    ]
    objects = _chosen("object", subject, holdout.objects, seed) | _chosen(
        "object", thing, holdout.objects, seed
    )
    pairs = _chosen("pair", pair, holdout.pairs, seed)
    relations = _chosen("relation", said, holdout.relations, seed)
    return np.select([objects, pairs, relations], [0, 1, 2], len(SPLITS) - 1).astype(np.int64)


def _family(name: str, vocabulary: Vocabulary) -> str:
    """The first of a relation, its inverse, its mirror and that one's inverse: they are seen or unseen together."""
    relation = vocabulary[name]
    mirror = vocabulary[vocabulary.mirrored(name)]
    return min(one for one in (name, relation.inverse, mirror.name, mirror.inverse) if one)


def _chosen(what: str, keys: list[str | None], share: float, seed: int) -> np.typing.NDArray[np.bool_]:
    """Which keys a share of all possible ones, chosen by hash, holds; null is never held."""
    chance: Hashes = mix(seeded(seed), hash_texts(f"{what}\t{key}" for key in keys))
    held: np.typing.NDArray[np.bool_] = chance.astype(np.float64) / 2.0**64 < share
    return held & np.array([key is not None for key in keys], dtype=np.bool_)


def _together(images: pa.Table, pictures: pa.Table) -> Integers:
    """Numbers of the sets of pictures that must not be parted, one a picture."""
    ids = images["image_id"].combine_chunks()
    mate = codes_of(images["counterpart_id"], ids)
    one = np.flatnonzero(mate >= 0)
    photos = images.filter(pc.invert(pc.is_in(images["source"], value_set=pa.array(MADE))))
    looked_at = pictures.filter(
        pc.and_(
            pc.is_valid(pictures["phash"]),
            pc.is_in(pictures["image_id"], value_set=photos["image_id"].combine_chunks()),
        )
    )
    a, b = near_duplicates(looked_at["phash"])
    number = codes_of(looked_at["image_id"], ids)
    rows, columns = np.concatenate([one, number[a]]), np.concatenate([mate[one], number[b]])
    graph = coo_array((np.ones(len(rows), dtype=np.bool_), (rows, columns)), shape=(len(ids), len(ids)))
    _, labels = connected_components(graph, directed=False)
    return np.asarray(labels, dtype=np.int64)
