"""Visual Genome: relations, boxes and attributes in free text, versions 1.2 to 1.4.

Format: https://homes.cs.washington.edu/~ranjay/visualgenome/api.html . The files are read as streams into columns of
numbers (`visual_genome_walk.py`); names and predicates are read once each (`visual_genome_names.py`,
`visual_genome_predicates.py`).

Krishna et al.: Visual Genome: Connecting language and vision using crowdsourced dense image annotations, IJCV 2017.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from naturel.annotations import schema
from naturel.annotations.errors import UserError
from naturel.annotations.nouns import NounTable
from naturel.annotations.relations import Vocabulary
from naturel.annotations.words import Lexicon
from naturel.builders.settings import Split
from naturel.builders.sources.sampling import Chosen, Sampling, choose_triplets
from naturel.builders.sources.tables import SourceTables
from naturel.builders.sources.visual_genome_files import read_aliases
from naturel.builders.sources.visual_genome_names import NameReader
from naturel.builders.sources.visual_genome_predicates import SOURCE, Meaning, PredicateReader, plain
from naturel.builders.sources.visual_genome_rows import RowMaker, Rows, joined
from naturel.builders.sources.visual_genome_split import in_split
from naturel.builders.sources.visual_genome_things import REASONS, Judged, judge_things
from naturel.builders.sources.visual_genome_walk import Faults, Links, Photos, Walk, walk_photos
from naturel.builders.sources.visual_genome_words import FreeTextWords, load_free_text_words

__all__ = ["SOURCE", "read_visual_genome"]

SECOND_FOLDER = "/VG_100K_2/"


def read_visual_genome(
    files: Mapping[str, Path],
    split: Split,
    sampling: Sampling,
    vocabulary: Vocabulary,
    nouns: NounTable,
    lexicon: Lexicon,
) -> SourceTables:
    """Read one split of Visual Genome.

    Args:
        files: Kind -> path, as `find_files` gives them.
        split: Which pictures, by a hash of the photo.
        sampling: Which (picture, triplet)s are wanted.
        vocabulary: The relations.
        nouns: The nouns.
        lexicon: Further nouns.

    Returns:
        The source's tables, for the sampled pictures.

    Raises:
        UserError: A file is damaged, or has no usable row.
    """
    return _Reader(files, vocabulary, nouns, lexicon).read(split, sampling)


class _Reader:
    """Reads the files one after another; what has been left out and noted so far."""

    def __init__(
        self, files: Mapping[str, Path], vocabulary: Vocabulary, nouns: NounTable, lexicon: Lexicon
    ) -> None:
        self.files, self.vocabulary, self.nouns = files, vocabulary, nouns
        self.faults = Faults()
        self.notes: list[str] = []
        self.words = load_free_text_words()
        aliases = {kind: read_aliases(files.get(kind)) for kind in ("object_alias", "relationship_alias")}
        self.names = NameReader(nouns, lexicon, self.words, aliases["object_alias"])
        self.predicate_aliases = aliases["relationship_alias"]
        self.attribute_labels = _attribute_labels(nouns, self.words)

    def read(self, split: Split, sampling: Sampling) -> SourceTables:
        """All tables of the sampled pictures."""
        photos = walk_photos(self.files["image_data"], self.faults)
        wanted = in_split(split, photos.ids, photos.coco)
        walk = Walk(photos, wanted, self.faults)
        relations = walk.relations(self.files["relationships"])
        if walk.passed_over:
            self.notes.append(f"{walk.passed_over:,} rows of relationships.json are of other splits")
        attributes = self._walk_attributes(walk)
        things = judge_things(walk.things, photos, self.names, self.attribute_labels.values())
        del walk  # the columns as they were read: much memory
        unmapped, rows = self._rows(things, photos, relations, attributes)
        del relations, attributes
        dropped = self.faults.counts
        chosen = choose_triplets(rows, sampling, self.vocabulary, things.labels, dropped)
        sampled = np.zeros(len(wanted), dtype=np.bool_)
        sampled[rows.picture[chosen.row]] = True
        image_ids = pa.array([f"vg-{image}" for image in photos.ids.tolist()], pa.string())
        triplets = self._triplets(rows, chosen, things, image_ids)
        rows = rows.take(np.flatnonzero(sampled[rows.picture]))
        objects = self._objects(things, photos, sampled, image_ids)
        return SourceTables(
            images=_images(photos, sampled, image_ids, split),
            objects=objects,
            absent_labels=schema.ABSENT_LABELS.empty_table(),
            relations=self._relations(rows, things, image_ids),
            triplets=triplets,
            dropped=+dropped,
            notes=tuple(self.notes),
            examples=self.faults.examples,
            unmapped=unmapped,
        )

    @property
    def _attribute_file(self) -> Path | None:
        return self.files.get("attributes", self.files.get("objects"))

    def _walk_attributes(self, walk: Walk) -> Links:
        """The attributes that are ours, of `attributes.json`, or else of an `objects.json` that has them."""
        path = self._attribute_file
        if path is None:
            self.notes.append("no attributes.json: no attribute is known")
            return Links()
        return walk.attributes(path, cache(lambda said: plain(said) in self.attribute_labels))

    def _rows(
        self, things: Judged, photos: Photos, relations: Links, attributes: Links
    ) -> tuple[Counter[str], Rows]:
        """What was said with a predicate that we do not have, and all usable rows."""
        if not len(relations):
            raise UserError(f"{self.files['relationships']} has no relation of a picture of this split.")
        reader = PredicateReader(self.vocabulary, self.words)
        predicates = [self._predicate(said) for said in relations.what.values]
        meanings = [reader.read(said) for said in predicates]
        maker = RowMaker(things, photos.ids, self.vocabulary, self.nouns, self.faults)
        unmapped = _unmapped(predicates, meanings, np.frombuffer(relations.said, np.int32))
        labels = {said: self.attribute_labels[plain(said)] for said in attributes.what.values}
        rows = [maker.relations(relations, meanings, self.files["relationships"].name)]
        if self._attribute_file:
            rows.append(maker.attributes(attributes, labels, self._attribute_file.name))
        if things.clipped:
            self.notes.append(f"{things.clipped:,} boxes reached over the picture's edge and were clipped")
        return unmapped, joined(rows)

    def _predicate(self, said: str) -> str:
        """The predicate that stands for this one in the alias file."""
        text = " ".join(said.split()).casefold()
        return self.predicate_aliases.get(text, text)

    def _triplets(self, rows: Rows, chosen: Chosen, things: Judged, image_ids: pa.Array) -> pa.Table:
        """A table like `schema.TRIPLETS`."""
        columns = self._columns(rows.take(chosen.row), things, image_ids)
        return pa.table(columns | {"pairs": pa.array(chosen.pairs)})

    def _relations(self, rows: Rows, things: Judged, image_ids: pa.Array) -> pa.Table:
        """A table like `schema.RELATIONS`."""
        evidence = pa.DictionaryArray.from_arrays(np.zeros(len(rows), np.int8), pa.array(["annotated"]))
        columns = self._columns(rows, things, image_ids)
        return pa.table(columns | {"relation_id": pa.array(rows.id), "evidence": evidence})

    def _columns(self, rows: Rows, things: Judged, image_ids: pa.Array) -> dict[str, pa.Array]:
        """The columns that triplets and relations have together."""
        names = pa.array(self.vocabulary.names, pa.string())
        phrases = pa.array([*rows.phrases, None], pa.string())
        return {
            "image_id": pa.DictionaryArray.from_arrays(rows.picture, image_ids),
            "subject_label": things.labels.column(rows.subject),
            "relation": pa.DictionaryArray.from_arrays(rows.relation, names),
            "object_label": things.labels.column(rows.object),
            "subject_id": pa.array(things.key[rows.subject_thing]),
            "object_id": pa.array(things.key[rows.object_thing], mask=rows.unary),
            "phrase": phrases.take(pa.array(np.where(rows.phrase < 0, len(rows.phrases), rows.phrase))),
        }

    def _objects(
        self, things: Judged, photos: Photos, sampled: npt.NDArray[np.bool_], image_ids: pa.Array
    ) -> pa.Table:
        """A table like `schema.OBJECTS`: the things of relations and attributes, and those of `objects.json`."""
        which = np.flatnonzero((things.reason == 0) & sampled[things.picture])
        table = things.table(which, image_ids)
        path = self.files.get("objects")
        if path is None:
            self.notes.append("no objects.json: only boxes that take part in a relation are known")
            return table
        picture, key = things.picture[which], things.key[which]  # by picture
        starts = np.searchsorted(picture, np.arange(len(sampled) + 1))
        walk = Walk(photos, sampled, self.faults)
        walk.objects(path, lambda number: key[starts[number] : starts[number + 1]].tolist())
        more = judge_things(walk.things, photos, self.names)
        for n, reason in enumerate(REASONS):
            rows = np.flatnonzero(more.reason == n)
            if n and len(rows):
                image, one = photos.ids[more.picture[rows[0]]], more.key[rows[0]]
                place = f"{path.name}, image {image}, object {one}"
                self.faults.add(f"object row: {reason}", place, len(rows))
        return pa.concat_tables([table, more.table(np.flatnonzero(more.reason == 0), image_ids)])


def _attribute_labels(nouns: NounTable, words: FreeTextWords) -> dict[str, str]:
    """How an attribute is said -> its label."""
    said = {
        plain(text): label
        for label, attribute in nouns.attributes.items()
        for text in (attribute.adjective, attribute.predicate)
    }
    return said | {plain(text): label for label, texts in words.attributes.items() for text in texts}


def _unmapped(
    predicates: list[str], meanings: list[Meaning | None], said: npt.NDArray[np.int32]
) -> Counter[str]:
    """How often each predicate that means nothing here was said."""
    counts = np.bincount(said, minlength=len(predicates)).tolist()
    found: Counter[str] = Counter()
    for predicate, meaning, count in zip(predicates, meanings, counts, strict=True):
        if meaning is None:
            found[plain(predicate)] += count
    return found


def _images(photos: Photos, sampled: npt.NDArray[np.bool_], image_ids: pa.Array, split: Split) -> pa.Table:
    """A table like `schema.IMAGES`."""
    which = np.flatnonzero(sampled)
    urls = [photos.urls[i] for i in which.tolist()]
    ids = photos.ids[which].tolist()
    folders = ["VG_100K_2" if url and SECOND_FOLDER in url else "VG_100K" for url in urls]
    return pa.table(
        {
            "image_id": image_ids.take(pa.array(which)),
            "source": pa.array([SOURCE] * len(ids)),
            "source_split": pa.array([str(split)] * len(ids)),
            "url": pa.array(urls, pa.string()),
            "boxes_complete": pa.array(np.zeros(len(ids), dtype=np.bool_)),
            "file_name": pa.array([f"{folder}/{one}.jpg" for folder, one in zip(folders, ids, strict=True)]),
        }
    )
