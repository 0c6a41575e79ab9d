"""Five records whose pairs and 2x2 groups can be told by hand, as a dataset and as the folder of a release.

record  picture  positives     negatives (slots 1 to 3)
ann     A        P0 P1 P2 P3   Q0 | Q1 of g1 | R2 of g2 | X3
bob     B        Q0 Q1 Q2 Q3   P0 | P1 of g1 | X2       | X3
cas     C        R0 R1 R2 R3   P0 | S3 of g3 | P2 of g2 | X3
dan     A        S0 S1 S2 S3   X0 | X1       | X2       | R1 of g3
eve     D        T0 T1 T2 T3   X0 | X1       | X2       | X3
"""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from naturel.annotations.schema import NEGATIVE_IMAGES, RECORDS, release_schema

COLOURS = {"A": "red", "B": "green", "C": "blue", "D": "black", "N": "yellow"}
MASK = 2**64 - 1


def origin(name: str) -> dict[str, Any]:
    """Where a picture is from, and what it needs."""
    return {
        "url": f"https://example.org/{name}.jpg",
        "crop": [0.0, 0.0, 0.5, 1.0],
        "rotation": 90,
        "mirrored": True,
    }


def record(name: str, picture: str, claim: str, negatives: str, groups: list[str | None]) -> dict[str, Any]:
    """One record; `negatives` are four sentences, separated by spaces."""
    against = negatives.split()
    entity = {"label": "Thing", "noun": "thing", "box": [0.0, 0.0, 0.5, 0.5]}
    return dict.fromkeys(RECORDS.names) | {
        "id": name,
        "image_id": picture,
        "source": "openimages",
        "source_split": "train",
        **origin(picture),
        "width": 8,
        "height": 6,
        "subject": entity,
        "relation": "on",
        "object": entity,
        "simple_positive": f"{claim}0",
        "simple_negative": against[0],
        "complex_positives": [f"{claim}{slot}" for slot in (1, 2, 3)],
        "complex_negatives": against[1:],
        "positive_proof": "annotated",
        "negative_claims": [{"subject": "a", "relation": "on", "object": "b"}] * 4,
        "negative_kinds": ["swap", "object", "contrast", "attribute"],
        "negative_proofs": ["absent"] * 4,
        "group_ids": groups,
        "caption_ids": [f"{name}{place}" for place in range(8)],
        "license": "CC0",
        "author": "nobody",
        "landing_url": "https://example.org",
        "version": "1.0.0",
    }


ROWS = [
    record("ann", "A", "P", "Q0 Q1 R2 X3", ["g1", "g2", None]),
    record("bob", "B", "Q", "P0 P1 X2 X3", ["g1", None, None]),
    record("cas", "C", "R", "P0 S3 P2 X3", ["g3", "g2", None]),
    record("dan", "A", "S", "X0 X1 X2 R1", [None, None, "g3"]),
    record("eve", "D", "T", "X0 X1 X2 X3", [None, None, None]),
]


def picture_bytes(name: str, kind: str = "JPEG") -> bytes:
    """A picture of 8 x 6 pixels in one colour."""
    file = io.BytesIO()
    Image.new("RGB", (8, 6), COLOURS[name]).save(file, kind)
    return file.getvalue()


def table_of(
    rows: list[dict[str, Any]], *, pictures: bool, negatives: dict[str, str] | None = None
) -> pa.Table:
    """Records as a release has them.

    Args:
        rows: The records.
        pictures: Whether their pictures are embedded.
        negatives: Negative pictures by record, of the second complex pair; None: the release has no such columns.
    """
    table = pa.Table.from_pylist(rows, RECORDS)
    features = json.loads(release_schema(RECORDS, with_images=False).metadata[b"huggingface"])
    columns = {"image": [row["image_id"] for row in rows]} if pictures else {}
    if negatives is not None:
        there = [negatives.get(row["id"]) for row in rows]
        sources = [name and origin(name) for name in there]
        pairs = [name and 1 for name in there]
        for field, values in zip(NEGATIVE_IMAGES, (there, pairs, sources), strict=True):
            table = table.append_column(field, pa.array(values, field.type))
        features["info"]["features"] |= json.loads(
            release_schema(NEGATIVE_IMAGES, with_images=False).metadata[b"huggingface"]
        )["info"]["features"]
        if pictures:
            columns["negative_image"] = there
    kind = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    for column, names in columns.items():
        cells = [name and {"bytes": picture_bytes(name), "path": f"{name}.jpg"} for name in names]
        table = table.append_column(column, pa.array(cells, kind))
        features["info"]["features"][column] = {"_type": "Image"}
    return table.replace_schema_metadata({"huggingface": json.dumps(features)})


def dataset_of(
    rows: list[dict[str, Any]] = ROWS, *, pictures: bool = False, negatives: dict[str, str] | None = None
) -> Any:
    """The records as a `datasets.Dataset`."""
    table = table_of(rows, pictures=pictures, negatives=negatives)
    return datasets.Dataset(table)


def write_release(
    folder: Path,
    files: dict[str, list[dict[str, Any]]],
    *,
    pictures: bool,
    negatives: dict[str, str] | None = None,
) -> Path:
    """A release's folder with records in `data/<name>.parquet`, named like `train-0`."""
    (folder / "data").mkdir(parents=True)
    for name, rows in files.items():
        table = table_of(rows, pictures=pictures, negatives=negatives)
        pq.write_table(table, folder / "data" / f"{name}.parquet")
    splits = sorted({name.split("-")[0] for name in files})
    # `datasets` tells folders of one name apart by their cards alone.
    card = f"---\nconfigs:\n- config_name: default\n  description: {folder}\n  data_files:\n"
    card += "".join(f"  - split: {split}\n    path: data/{split}-*.parquet\n" for split in splits)
    (folder / "README.md").write_text(card + "---\n")
    (folder / "manifest.json").write_text('{"version": "1.0.0"}\n')
    (folder / "attribution.csv").write_text("image_id,author\nA,nobody\n")
    return folder


def number_by_hand(seed: int, epoch: int, text: str, *more: int) -> int:
    """The number that decides a record's sentences, by Python's own integers."""
    state = 0
    for key in (seed, epoch, int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")):
        state = _mixed(state ^ key)
    if more:
        state = _mixed(_mixed(state) ^ more[0])
    return state


def _mixed(state: int) -> int:
    state = state * 0x9E3779B97F4A7C15 & MASK
    state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & MASK
    state = (state ^ state >> 27) * 0x94D049BB133111EB & MASK
    return state ^ state >> 31
