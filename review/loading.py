"""A release as a FiftyOne dataset: loaded once, found again in every later start."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.core.odm as foo
from bson import ObjectId
from pymongo.errors import OperationFailure
from rich.console import Console

from naturel.annotations.decisions import Decision
from naturel.annotations.journal import journal_files, read_journals
from naturel.annotations.verdicts import replay
from naturel.builders.progress import Progress, choose_progress
from naturel.builders.workspace import MANIFEST, digest_file
from naturel.review.contents import Contents, sample_id
from naturel.review.media import media_path, write_pictures
from naturel.review.mirror import changes_of, sides

LAYOUT = 2
"""Of the samples; another one is loaded anew."""
AT_ONCE = 1000
SHOWN = 3
"""Faulty lines of journals told."""
SUBJECT_COLOR, OBJECT_COLOR = "#3b82f6", "#f59e0b"
"""Of the boxes; the panel uses the same for the words."""
FINGERPRINT, JOURNALS = "fingerprint", "journals"
"""Keys of what is noted about a dataset: what was loaded, and the journals that were followed."""


def prepare(release: Path, folder: Path, rebuild: bool) -> str:
    """Load a release where it is not loaded yet or is to be loaded anew, and bring it up to the journals.

    Args:
        release: Its folder.
        folder: Of the journals, and of the pictures that the app shows.
        rebuild: Whether to load it anew.

    Returns:
        The name of its dataset.

    Raises:
        UserError: The release is damaged, or only links to its pictures.
    """
    contents = Contents(release)
    media = folder.resolve() / "media"
    reading = read_journals(folder)
    for fault in reading.faults[:SHOWN]:
        print(f"{fault}: left out", file=sys.stderr)
    progress = choose_progress(Console(stderr=True))
    name = dataset_name(release)
    if rebuild or not is_loaded(name):
        write_pictures(contents.release, media, progress)
        load(contents, name, media, progress)
    follow(contents, name, folder, reading.decisions)
    return name


def dataset_name(release: Path) -> str:
    """The name of a release's dataset: readable, and another one for other contents."""
    digest = digest_file(release / MANIFEST)
    return f"naturel-{release.name}-{hashlib.sha256(f'{LAYOUT} {digest}'.encode()).hexdigest()[:10]}"


def is_loaded(name: str) -> bool:
    """Whether a dataset was loaded to its end."""
    return bool(fo.dataset_exists(name) and fo.load_dataset(name).info.get(FINGERPRINT) == name)


def load(contents: Contents, name: str, media: Path, progress: Progress) -> None:
    """Load a release; a dataset of this name is replaced.

    Samples are written past FiftyOne's own `add_samples`, which takes ten times as long; the first one goes through
    it, and the others are made like it.

    Args:
        contents: The release.
        name: Of the dataset.
        media: The folder of pictures.
        progress: Where progress is shown.
    """
    if fo.dataset_exists(name):
        fo.delete_dataset(name)
    dataset = fo.Dataset(name, persistent=True)
    samples = contents.samples()
    first = next(samples)
    dataset.add_sample(_sample(first, media), dynamic=True)
    for field in ("reviewed_by", "bad_captions"):
        dataset.add_sample_field(field, fo.ListField, subfield=fo.StringField)
    dataset.add_sample_field("verdict", fo.StringField)
    dataset.add_sample_field("reason", fo.StringField)
    collection = foo.get_db_conn()[dataset._sample_collection_name]
    template = collection.find_one()
    collection.delete_many({})
    with progress.task("records", contents.count, "records") as task:
        for batch in _batches(contents.samples()):
            collection.insert_many(
                [_document(template, values, name, media) for values in batch], ordered=False
            )
            task.advance(len(batch))
    for field in ("record_id", "reviewed_by", "verdict"):
        dataset.create_index(field)
    _arrange(dataset)
    dataset.info[FINGERPRINT] = name
    dataset.save()
    with contextlib.suppress(OperationFailure):  # a server of the user's may forbid it
        # Until the next checkpoint a killed server forgets how many samples it has, and the app says: none.
        foo.get_db_conn().client.admin.command("fsync")


def follow(contents: Contents, name: str, folder: Path, decisions: Sequence[Decision]) -> None:
    """Bring a dataset up to the journals, unless they are as they were when that was last done."""
    now = [[path.name, path.stat().st_size] for path in journal_files(folder)]
    dataset = fo.load_dataset(name)
    if dataset.info.get(JOURNALS) == now:
        return
    collection = foo.get_db_conn()[dataset._sample_collection_name]
    collection.update_many(
        {"$or": [{"reviewed_by": {"$ne": []}}, {"bad_captions": {"$ne": []}}]},
        {"$set": {"reviewed_by": [], "bad_captions": [], "verdict": None, "reason": None}},
    )
    changes = list(changes_of(replay(decisions).values(), contents, name))
    for start in range(0, len(changes), AT_ONCE):
        collection.bulk_write(changes[start : start + AT_ONCE])
    dataset.info[JOURNALS] = now
    dataset.save()


def _batches(samples: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for values in samples:
        batch.append(values)
        if len(batch) == AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _sample(values: dict[str, Any], media: Path) -> fo.Sample:
    """The first sample: it tells FiftyOne the fields."""
    return fo.Sample(
        filepath=str(media_path(media, *values["media"])),
        metadata=fo.ImageMetadata(width=values["width"], height=values["height"]),
        record_id=values["id"],
        source=values["source"],
        claim=_text(values),
        subject=fo.Detection(label="x", bounding_box=[0, 0, 1, 1]),
        object=fo.Detection(label="x", bounding_box=[0, 0, 1, 1]),
        positives=values["positives"],
        negatives=values["negatives"],
    )


def _text(values: dict[str, Any]) -> str:
    claim = values["claim"]
    return f"{claim.subject} {claim.relation.replace('_', ' ')} {claim.object}"


def _document(template: dict[str, Any], values: dict[str, Any], name: str, media: Path) -> dict[str, Any]:
    """A sample as the database holds it."""
    digest = sample_id(name, values["id"])
    document = copy.deepcopy(template)
    document |= {
        "_id": ObjectId(digest),
        "filepath": str(media_path(media, *values["media"])),
        "_rand": int(digest[:8], 16) / 0x100000000,
        "record_id": values["id"],
        "source": values["source"],
        "claim": _text(values),
        "positives": values["positives"],
        "negatives": values["negatives"],
        "reviewed_by": [],
        "bad_captions": [],
    }
    document["metadata"] |= {"width": values["width"], "height": values["height"]}
    for number, thing in enumerate(("subject", "object")):
        box = values[thing]["box"]
        if box is None or (thing == "object" and values["claim"].is_attribute):
            document[thing] = None
            continue
        label = values[thing]["noun"] or values[thing]["label"]
        document[thing] |= {
            "_id": ObjectId(sample_id(digest, str(number))),
            "label": label,
            "bounding_box": sides(box),
        }
    return document


def _arrange(dataset: fo.Dataset) -> None:
    """Colours, what is shown on pictures, and what annotators may draw."""
    dataset.app_config.color_scheme = fo.ColorScheme(
        color_by="field",
        fields=[
            {"path": "subject", "fieldColor": SUBJECT_COLOR},
            {"path": "object", "fieldColor": OBJECT_COLOR},
        ],
    )
    dataset.app_config.active_fields = foo.ActiveFields(paths=["subject", "object"])
    dataset.app_config.sidebar_groups = [
        foo.SidebarGroupDocument(name="labels", paths=["subject", "object"]),
        foo.SidebarGroupDocument(
            name="review", paths=["claim", "record_id", "source", "reviewed_by", "verdict", "reason", "bad_captions"]
        ),
        foo.SidebarGroupDocument(
            name="other", expanded=False, paths=[
                "positives", "negatives", "id", "filepath", "tags", "metadata", "created_at", "last_modified_at",
            ],
        ),
    ]  # fmt: skip
    schemas = dataset.generate_label_schemas(fields=["subject", "object"])
    dataset.set_label_schemas(schemas)
    dataset.activate_label_schemas(["subject", "object"])
