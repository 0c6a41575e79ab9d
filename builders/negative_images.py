"""Negative images: for a record, another picture in which a negative claim of it is true and its positive one false.

First comes the counterpart (the same things in the other arrangement), then the picture whose two boxes lie most like
the record's. Where no picture is known, the record's own mirror image serves, if the negative claim says no more than
the other side. All is found by joins of the judged candidates; nothing is judged anew.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.spatial import cKDTree

from naturel.annotations.joins import Integers, Lookup, codes_of
from naturel.annotations.relations import Vocabulary
from naturel.annotations.truth import FALSE, TRUE, Flags
from naturel.builders.candidates import POSITIVE
from naturel.builders.records import moves_of, standing_pairs
from naturel.builders.sentences import COMPLEX

MINED, CONSTRUCTED, NONE = (
    "negative images mined",
    "negative images constructed by mirroring",
    "records without a negative image",
)

Layouts = npt.NDArray[np.float64]
"""Two boxes, the more left one first (then the higher one), shape (n, 8)."""


@dataclass(frozen=True)
class Known:
    """What is known of all pictures of the build."""

    candidates: pa.Table
    """`schema.CANDIDATES`."""
    claims: pa.Table
    """`schema.CLAIMS`."""
    triplets: pa.Table
    """`schema.CLAIMED_TRIPLETS`."""
    objects: pa.Table
    """`schema.OBJECTS`, boxes upright."""
    images: pa.Table
    """`schema.IMAGES`."""
    pictures: pa.Table
    """`schema.PICTURES`."""


def find_negative_images(
    chosen: pa.Table, known: Known, vocabulary: Vocabulary
) -> tuple[pa.Table, Counter[str]]:
    """Find a negative image for every record.

    Args:
        chosen: What `assemble` gives.
        known: The build's tables.
        vocabulary: The relations.

    Returns:
        The columns of `schema.NEGATIVE_IMAGES`, row for row with `chosen`, and how many were found how.
    """
    search = _Search(chosen, known, vocabulary)
    image, pair = search.mined()
    mined = image >= 0
    image, pair = search.constructed(image, pair)
    counts = Counter(
        {
            MINED: int(mined.sum()),
            CONSTRUCTED: int((~mined & (image >= 0)).sum()),
            NONE: int((image < 0).sum()),
        }
    )
    return search.columns(image, pair), counts


class _Search:
    """Pictures and claims as numbers: places in `known.images` and `known.claims`."""

    def __init__(self, chosen: pa.Table, known: Known, vocabulary: Vocabulary) -> None:
        self.known, self.vocabulary = known, vocabulary
        self.images = known.images["image_id"].combine_chunks()
        self.claims = known.claims["claim_id"].combine_chunks()
        self.image = codes_of(chosen["image_id"], self.images)
        self.positive = codes_of(chosen["positive_claim"], self.claims)
        denied = codes_of(chosen["negative_claim_ids"].combine_chunks().flatten(), self.claims)
        self.denied = denied.reshape(-1, COMPLEX + 1)[:, 1:]  # the simple one stands first
        self.counterpart = np.append(codes_of(known.images["counterpart_id"], self.images), -1)

    def mined(self) -> tuple[Integers, Integers]:
        """The negative image of each record, and the complex pair that it belongs to; -1 where there is none."""
        image = np.full(len(self.image), -1, dtype=np.int64)
        pair = np.full(len(self.image), -1, dtype=np.int64)
        there, claim, false = self._deniers()
        width = len(self.claims)
        if not len(there):
            return image, pair
        layout = self._layouts(there, claim)
        own = self._layouts(self.image, self.positive)
        key = claim * width + false
        order = np.lexsort((there, key))
        there, key, layout = there[order], key[order], layout[order]
        exact = Lookup(there * (width * width) + key)
        for slot in range(COMPLEX):
            asked = self.denied[:, slot] * width + self.positive
            open_rows = np.flatnonzero(image < 0)
            mate = self.counterpart[self.image[open_rows]]
            at, row = exact.matches(np.where(mate >= 0, mate * (width * width) + asked[open_rows], -1))
            image[open_rows[at]] = there[row]
            open_rows = np.flatnonzero(image < 0)
            image[open_rows] = _nearest(asked[open_rows], own[open_rows], key, layout, there)
            pair[(pair < 0) & (image >= 0)] = slot
        return image, pair

    def _deniers(self) -> tuple[Integers, Integers, Integers]:
        """All (picture, claim that is proved there, claim that is proved false there)."""
        candidates = self.known.candidates
        is_positive = pc.equal(candidates["kind"], POSITIVE)
        proved = candidates.filter(pc.and_(is_positive, pc.equal(candidates["truth"], TRUE)))
        false = candidates.filter(pc.and_(pc.invert(is_positive), pc.equal(candidates["truth"], FALSE)))
        width = len(self.claims)
        known = codes_of(proved["image_id"], self.images) * width + codes_of(proved["claim_id"], self.claims)
        there = codes_of(false["image_id"], self.images)
        claim = codes_of(false["positive_claim"], self.claims)
        denied = codes_of(false["claim_id"], self.claims)
        wanted = np.unique(self.denied * width + self.positive[:, None])
        use = np.isin(there * width + claim, known) & np.isin(claim * width + denied, wanted)
        return there[use], claim[use], denied[use]

    def _layouts(self, image: Integers, claim: Integers) -> Layouts:
        known = self.known
        _, *boxes = standing_pairs(
            known.images["image_id"].take(pa.array(image)),
            known.claims["claim_id"].take(pa.array(claim)),
            known.triplets,
            known.objects,
        )
        first, second = (
            np.asarray(box.flatten().to_numpy(zero_copy_only=False), dtype=np.float64).reshape(-1, 4)
            for box in boxes
        )
        centre = [(box[:, :2] + box[:, 2:]) / 2 for box in (first, second)]
        side, height = (centre[0] - centre[1]).T
        later = (side > 0) | ((side == 0) & (height > 0))
        return np.where(later[:, None], np.hstack([second, first]), np.hstack([first, second]))

    def constructed(self, image: Integers, pair: Integers) -> tuple[Integers, Integers]:
        """Let the own mirror image serve the records that have none, where a pair differs in the side only."""
        usable = self.known.pictures.filter(pc.equal(self.known.pictures["status"], "ok"))
        is_usable = np.append(codes_of(self.images, usable["image_id"].combine_chunks()) >= 0, False)
        turned = np.append(
            np.asarray(pc.fill_null(self.known.images["mirrored"], False), dtype=np.bool_), False
        )
        mate = self.counterpart[self.image]
        mirror_image = is_usable[mate] & (turned[mate] != turned[self.image])
        image, pair = image.copy(), pair.copy()
        for slot in range(COMPLEX):
            found = (image < 0) & mirror_image & self._differs_in_side(slot)
            image[found], pair[found] = mate[found], slot
        return image, pair

    def _differs_in_side(self, slot: int) -> Flags:
        """Whether a record's negative claim is its positive one with the sides exchanged, or the two things."""
        claims = self.known.claims
        nouns = pc.unique(pa.chunked_array([*claims["subject"].chunks, *claims["object"].chunks]))
        subject, thing = codes_of(claims["subject"], nouns), codes_of(claims["object"], nouns)
        names = pa.array(self.vocabulary.names, pa.string())
        relation = codes_of(claims["relation"], names)
        mirror = codes_of(
            pa.array([self.vocabulary.mirrored(name) for name in self.vocabulary.names], pa.string()), names
        )
        ours, theirs = self.positive, self.denied[:, slot]
        sided = mirror[relation[ours]] != relation[ours]
        same = (subject[ours] == subject[theirs]) & (thing[ours] == thing[theirs])
        swapped = (subject[ours] == thing[theirs]) & (thing[ours] == subject[theirs])
        other_side = relation[theirs] == mirror[relation[ours]]
        found: Flags = sided & ((same & other_side) | (swapped & (relation[theirs] == relation[ours])))
        return found

    def columns(self, image: Integers, pair: Integers) -> pa.Table:
        """The columns of `schema.NEGATIVE_IMAGES`."""
        missing = image < 0
        rows = self.known.images.take(pa.array(np.maximum(image, 0)))
        place = codes_of(rows["image_id"], self.known.pictures["image_id"].combine_chunks())
        moves = moves_of(rows, self.known.pictures.take(pa.array(place)))
        parts = {"url": rows["url"], **moves}
        flat = [
            part.combine_chunks() if isinstance(part, pa.ChunkedArray) else part for part in parts.values()
        ]
        return pa.table(
            {
                "negative_image_id": self.images.take(pa.array(image, mask=missing)),
                "negative_image_pair": pa.array(pair, pa.int8(), mask=missing),
                "negative_image_source": pa.StructArray.from_arrays(
                    flat, names=list(parts), mask=pa.array(missing)
                ),
            }
        )


def _nearest(asked: Integers, layouts: Layouts, key: Integers, among: Layouts, image: Integers) -> Integers:
    """For each question the picture with the same key whose layout is nearest, -1 where no picture has the key.

    Args:
        asked: A key a question.
        layouts: A layout a question.
        key: The pictures' keys, ascending.
        among: The pictures' layouts.
        image: The pictures.
    """
    found = np.full(len(asked), -1, dtype=np.int64)
    order = np.argsort(asked, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(asked[order])) + 1):
        if not len(rows):
            continue
        start, end = (
            np.searchsorted(key, asked[rows[0]], side="left"),
            np.searchsorted(key, asked[rows[0]], side="right"),
        )
        if start < end:
            _, nearest = cKDTree(among[start:end]).query(layouts[rows])
            found[rows] = image[start + nearest]
    return found
