"""What the panel shows: one caption, or one record, as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from naturel.annotations.claims import Claim
from naturel.annotations.decisions import Kind, relation_key
from naturel.annotations.joins import Integers
from naturel.builders.choice import hash_text, mix, seeded
from naturel.review.contents import Contents, sample_id
from naturel.review.media import media_path

STRIP = 4
"""Pictures shown beside a caption, of each kind."""

Item = dict[str, Any]


class Items:
    """Makes items of a release's contents."""

    def __init__(self, contents: Contents, dataset: str, media: Path) -> None:
        """Remember where things are.

        Args:
            contents: The release.
            dataset: Its name in the app, on which the ids of samples depend.
            media: The folder of pictures.
        """
        self.contents = contents
        self.dataset = dataset
        self.media = media

    def item(self, key: str) -> Item | None:
        """The item of a key; None where the release has nothing of it."""
        number = self.contents.caption_numbers.get(key)
        if number is not None:
            return self._caption(number)
        rows = self.contents.records_with(key)
        return self._record(rows[0], key) if rows else None

    def _caption(self, number: int) -> Item:
        contents = self.contents
        caption = contents.caption(number)
        positive = contents.places_of(number, positive=True)
        negative = contents.places_of(number, positive=False)
        strip = [
            self._picture(row, caption.claim) | {"truth": truth}
            for truth, rows in ((True, positive), (False, negative))
            for row in _some(rows, caption.key)
        ]
        return {
            "type": "caption",
            "key": caption.key,
            "sentence": caption.text,
            "claim": said(caption.claim),
            "style": caption.style,
            "writer": caption.writer,
            "construction": caption.construction.replace("_", " "),
            "doubt": caption.doubt,
            "positive": len(positive),
            "negative": len(negative),
            "records": len(np.union1d(positive, negative)),
            "pictures": strip,
        }

    def _record(self, row: int, key: str) -> Item:
        """A record, asked about through one of its keys."""
        record = self.contents.record(row)
        image, claim = self.contents.image_keys[row], record["claim"]
        own = self.contents.relation_keys[row]
        denied: dict[str, Item] = {}
        for other, kind, proof, text in zip(
            record["negative_claims"], record["negative_kinds"], record["negative_proofs"], record["negatives"],
            strict=True,
        ):  # fmt: skip
            entry = denied.setdefault(
                relation_key(image, other),
                {"claim": said(other), "kind": kind, "proof": proof, "sentences": []},
            )
            entry["sentences"].append(text)
        picture = self._picture(row, claim)
        return picture | {
            "type": "record",
            "key": key,
            "relation_key": own,
            "image_key": image,
            "positives": record["positives"],
            "denied": [{"key": other} | entry for other, entry in denied.items()],
            "pictures": [picture],
        }

    def _picture(self, row: int, claim: Claim) -> Item:
        """A record's picture, with the record's boxes; `relation_key` says `claim` of it."""
        record = self.contents.record(row)
        return {
            "record_id": record["id"],
            "sample": sample_id(self.dataset, record["id"]),
            "media": str(media_path(self.media, *self.contents.media[row])),
            "width": record["width"],
            "height": record["height"],
            "claim": said(record["claim"]),
            "subject": _thing(record["subject"]),
            "object": _thing(record["object"]),
            "relation_key": relation_key(self.contents.image_keys[row], claim),
            "own_key": self.contents.relation_keys[row],
        }  # fmt: skip

    def boxes(self, record: int) -> tuple[list[float] | None, list[float] | None]:
        """The boxes of a record's subject and object."""
        values = self.contents.record(record)
        return values["subject"]["box"], values["object"]["box"]


def said(claim: Claim) -> dict[str, str]:
    """A claim as JSON: as it is written, which is what a decision's claim needs."""
    return {"subject": claim.subject, "relation": claim.relation, "object": claim.object}


def _thing(entity: dict[str, Any]) -> Item:
    return {"label": entity["noun"] or entity["label"], "box": entity["box"]}


def kind_of(key: str, contents: Contents) -> Kind:
    """What a key is about."""
    if key in contents.caption_numbers:
        return Kind.CAPTION
    return Kind.RELATION if "/" in key else Kind.IMAGE


def _some(rows: Integers, key: str) -> list[int]:
    """A few records, always the same for one caption."""
    order = np.argsort(mix(seeded(hash_text(key)), rows.astype(np.uint64)), kind="stable")
    return [int(row) for row in rows[order[:STRIP]]]
