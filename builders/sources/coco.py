"""COCO, LVIS and other datasets in COCO's format: boxes without relations, from which spatial triplets are mined."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from naturel.annotations import schema
from naturel.annotations.errors import UserError
from naturel.annotations.joins import Integers
from naturel.annotations.nouns import NounTable
from naturel.annotations.relations import Vocabulary
from naturel.builders.progress import Progress
from naturel.builders.settings import BuildSettings, Pictures, Source
from naturel.builders.sources.coco_files import CocoFiles, about_file, find_coco
from naturel.builders.sources.coco_json import CocoRows, Key, read_coco
from naturel.builders.sources.coco_labels import is_coco, label_of
from naturel.builders.sources.licensing import NOT_ASKED_FOR, UNKNOWN, LicenseFilter
from naturel.builders.sources.origin import Origin
from naturel.builders.sources.sampling import Sampling
from naturel.builders.sources.spatial import (
    Mining,
    mine_triplets,
    nothing_mined,
    same_things,
    sample_triplets,
)
from naturel.builders.sources.tables import SourceTables

SOURCE = "coco"
DAMAGED = "picture: one of its annotations cannot be used, so that a thing may be missing"
NO_ADDRESS = "picture: it has no address to link to"

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Wish:
    """What is wanted of an instances file."""

    split: str
    sampling: Sampling
    mining: Mining
    licenses: tuple[str, ...] = ()
    linked: bool = False
    """Whether every picture needs an address."""


def open_coco(settings: BuildSettings, work: Path, progress: Progress) -> Origin:
    """Find the files.

    Args:
        settings: `data` and `split` say which files.
        work: Not used: nothing is drawn or downloaded.
        progress: Not used.

    Returns:
        The source, not read yet.

    Raises:
        UserError: There is no such folder, or no instances file of the split.
    """
    folder = settings.data_of(Source.COCO)
    if folder is None:
        raise UserError(
            "--source coco needs --data DIR, the folder of the annotation files (instances_*.json) and photos."
        )
    files = find_coco(folder, settings.split)
    about = about_file(files.annotations)
    wish = Wish(
        settings.split,
        Sampling(settings.seed, settings.max_images, settings.max_per_triplet, settings.relations),
        Mining(settings.min_area, settings.margin),
        settings.licenses,
        settings.images == Pictures.LINK,
    )
    return Origin(
        name=SOURCE,
        split=wish.split,
        inputs={"annotations": files.annotations},
        key={
            "split": wish.split,
            "sampling": [
                settings.seed,
                settings.max_images,
                settings.max_per_triplet,
                list(settings.relations),
            ],
            "mining": [settings.min_area, settings.margin],
            "licenses": list(wish.licenses),
            "linked": wish.linked,
        },
        folders=files.folders,
        read=lambda vocabulary, nouns: read_instances(files, wish, vocabulary, nouns),
        title=about.title,
        citation=about.citation,
        license_sentence=about.license_sentence,
        card_license=about.card_license,
        sampling=settings.sampling,
        notes=files.notes,
    )


def read_instances(files: CocoFiles, wish: Wish, vocabulary: Vocabulary, nouns: NounTable) -> SourceTables:
    """Read an instances file, and mine spatial triplets from its boxes.

    Every thing of COCO's 80 categories is boxed in COCO's photos, so the other categories are absent there; LVIS says
    of each photo which are. Of any other list nothing is known to be absent.

    Args:
        files: What `find_coco` gave.
        wish: What is wanted.
        vocabulary: The relations.
        nouns: The nouns.

    Returns:
        The source's tables, for the pictures that have a triplet in the sample.

    Raises:
        UserError: The file is damaged, or no pair of its boxes is clear enough.
    """
    return _Instances(read_coco(files.annotations), files, nouns).tables(wish, vocabulary)


def read_boxed_instances(files: CocoFiles, split: str, nouns: NounTable) -> SourceTables:
    """Read the boxes of an instances file and nothing else: all photos, without triplets.

    Args:
        files: What `find_coco` gave.
        split: Recorded.
        nouns: The nouns.

    Raises:
        UserError: The file is damaged.
    """
    return _Instances(read_coco(files.annotations), files, nouns).boxed(split)


class _Instances:
    """An instances file with its labels."""

    def __init__(self, rows: CocoRows, files: CocoFiles, nouns: NounTable) -> None:
        self.rows, self.files, self.nouns = rows, files, nouns
        self.dropped = Counter(rows.dropped)
        self.notes: list[str] = []
        names = [label_of(category.name, nouns) for category in rows.categories]
        self.labels = sorted(set(names))
        self.label_of = np.array([self.labels.index(name) for name in names], dtype=np.int64)
        """Number of each category's label."""
        self.label = self.label_of[rows.category]
        self.ids = pa.array([f"coco-{photo.id}" for photo in rows.photos], pa.string())

    def tables(self, wish: Wish, vocabulary: Vocabulary) -> SourceTables:
        """The tables of the pictures that have a triplet."""
        rows = self.rows
        kept = self._may_be_used(wish)
        objects = self._objects(np.flatnonzero(kept[rows.photo]))
        mined = mine_triplets(objects, wish.mining, vocabulary, self.nouns)
        self.dropped.update(mined.dropped)
        self.notes.append(wish.mining.note)
        triplets = sample_triplets(mined.triplets, wish.sampling, self.dropped)
        if not triplets.num_rows:
            raise UserError(nothing_mined(self.files.annotations, self.dropped))
        used = pc.is_in(self.ids, value_set=triplets["image_id"].combine_chunks().unique())
        photos = np.flatnonzero(np.asarray(used))
        return SourceTables(
            images=self._images(photos, wish.split),
            objects=objects.filter(
                pc.is_in(objects["image_id"].cast(pa.string()), value_set=self.ids.filter(used))
            ),
            absent_labels=self._absent_labels(photos),
            relations=schema.RELATIONS.empty_table(),
            triplets=triplets,
            dropped=+self.dropped,
            notes=tuple(self.notes),
            examples=rows.examples,
        )

    def boxed(self, split: str) -> SourceTables:
        """The tables of all photos."""
        photos = np.arange(len(self.rows.photos))
        return SourceTables(
            images=self._images(photos, split),
            objects=self._objects(np.arange(len(self.rows.photo))),
            absent_labels=self._absent_labels(photos),
            relations=schema.RELATIONS.empty_table(),
            triplets=schema.TRIPLETS.empty_table(),
            dropped=+self.dropped,
            notes=tuple(self.notes),
            examples=self.rows.examples,
        )

    def _license(self, key: Key | None) -> str | None:
        said = self.rows.licenses.get(str(key))
        return said.text if said else None

    def _may_be_used(self, wish: Wish) -> Flags:
        """Which pictures have a licence that is asked for, an address where they need one, and no damage."""
        photos = self.rows.photos
        kept = np.ones(len(photos), dtype=np.bool_)
        if wish.licenses:
            wanted = LicenseFilter(wish.licenses)
            keys = {photo.license for photo in photos}
            fits = {key: wanted.keeps(self._license(key), key) for key in keys}
            kept = np.array([fits[photo.license] for photo in photos], dtype=np.bool_)
            unknown = np.array([self._license(photo.license) is None for photo in photos], dtype=np.bool_)
            self.dropped[UNKNOWN] += int((~kept & unknown).sum())
            self.dropped[NOT_ASKED_FOR] += int((~kept & ~unknown).sum())
        if wish.linked:
            placeless = np.array([photo.coco_url is None for photo in photos], dtype=np.bool_)
            self.dropped[NO_ADDRESS] += int((kept & placeless).sum())
            kept &= ~placeless
        damaged = np.zeros(len(photos), dtype=np.bool_)
        damaged[list(self.rows.damaged)] = True
        self.dropped[DAMAGED] += int((kept & damaged).sum())
        return kept & ~damaged

    def _objects(self, which: Integers) -> pa.Table:
        """A table like `schema.OBJECTS`.

        A thing of a category that is not boxed exhaustively in its picture counts as a group: there are more of them.
        """
        rows = self.rows
        box = np.take(rows.box, which, axis=0).reshape(-1)
        group = rows.crowd | np.isin(self._place(rows.photo, self.label), self._not_exhaustive())
        return pa.table(
            {
                "image_id": pa.DictionaryArray.from_arrays(rows.photo[which].astype(np.int32), self.ids),
                "object_id": pa.array(rows.id[which]),
                "label": self._label_column(self.label[which]),
                "box": pa.FixedSizeListArray.from_arrays(pa.array(box), 4).cast(schema.BOX),
                "is_group_of": pa.array(group[which]),
            }
        )

    def _label_column(self, numbers: Integers) -> pa.DictionaryArray:
        return pa.DictionaryArray.from_arrays(numbers.astype(np.int32), pa.array(self.labels, pa.string()))

    def _place(self, photo: Integers, label: Integers) -> Integers:
        """A number for each (picture, label)."""
        return photo * len(self.labels) + label

    def _listed(self, lists: Iterable[Iterable[Key] | None]) -> tuple[Integers, Integers]:
        """Places of pictures and numbers of categories of the lists that LVIS has for each picture."""
        place = {str(category.id): i for i, category in enumerate(self.rows.categories)}
        pairs = [
            (photo, place[str(key)])
            for photo, keys in enumerate(lists)
            for key in keys or ()
            if str(key) in place
        ]
        photo, category = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
        return photo, category

    def _not_exhaustive(self) -> Integers:
        photo, category = self._listed(each.not_exhaustive_category_ids for each in self.rows.photos)
        return self._place(photo, self.label_of[category])

    def _absent_labels(self, photos: Integers) -> pa.Table:
        """Labels that are absent from pictures, and not the same thing as one that is boxed there."""
        rows, count = self.rows, len(self.labels)
        place = np.full(len(rows.photos), -1, dtype=np.int64)
        place[photos] = np.arange(len(photos))
        if is_coco(category.name for category in rows.categories):
            absent = np.ones((count, len(photos)), dtype=np.bool_)
        elif any(photo.neg_category_ids is not None for photo in rows.photos):
            absent = self._verified_absent(place)
        else:
            self.notes.append(
                "the categories are not COCO's own 80: no label is known to be absent, and every thing of a category "
                "that is boxed in a picture is taken to be boxed there"
            )
            return schema.ABSENT_LABELS.empty_table()
        present = np.zeros_like(absent)
        here = place[rows.photo] >= 0
        present[self.label[here], place[rows.photo[here]]] = True
        for label, alike in enumerate(same_things(self.labels, self.nouns)):
            absent[label] &= ~present[alike].any(axis=0)
        gone, at = np.nonzero(absent)
        ids = self.ids.take(pa.array(photos))
        return pa.table(
            {
                "image_id": pa.DictionaryArray.from_arrays(at.astype(np.int32), ids),
                "label": self._label_column(gone),
            }
        )

    def _verified_absent(self, place: Integers) -> Flags:
        """Labels all of whose categories are verified as absent, by label and `place` of the picture."""
        photo, category = self._listed(each.neg_category_ids for each in self.rows.photos)
        here = place[photo] >= 0
        verified = np.zeros((len(self.labels), int(place.max()) + 1), dtype=np.int16)
        np.add.at(verified, (self.label_of[category[here]], place[photo[here]]), 1)
        absent: Flags = verified == np.bincount(self.label_of, minlength=len(self.labels))[:, None]
        return absent

    def _images(self, photos: Integers, split: str) -> pa.Table:
        """Columns of `schema.IMAGES`; what the file does not say is left out."""
        chosen = [self.rows.photos[place] for place in photos.tolist()]
        license_of = {key: self._license(key) for key in {photo.license for photo in chosen}}
        said = {
            "url": [photo.coco_url for photo in chosen],
            "landing_url": [photo.flickr_url for photo in chosen],
            "license": [license_of[photo.license] for photo in chosen],
            "file_name": [photo.file for photo in chosen],
        }
        return pa.table(
            {
                "image_id": self.ids.take(pa.array(photos)),
                "source": pa.array([SOURCE] * len(chosen)),
                "source_split": pa.array([split] * len(chosen)),
                **{
                    name: pa.array([_composed(text) for text in texts], pa.string())
                    for name, texts in said.items()
                },
                "boxes_complete": pa.array([True] * len(chosen)),
            }
        )


def _composed(text: str | None) -> str | None:
    return unicodedata.normalize("NFC", text) if text else None
