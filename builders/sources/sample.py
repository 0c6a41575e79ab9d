"""The embedded sample: drawn pictures and their annotations, laid out as the official Open Images V6 files.

Everything is drawn by `pictograms`; nothing is fetched and no third-party artwork is used, so the sample may be
passed on freely.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from naturel.builders.files import write_file
from naturel.builders.sources.arrangements import ARRANGEMENTS, Arrangement
from naturel.builders.sources.scenes import Scene, Seen, open_scene

MIDS: Mapping[str, str] = {
    "Apple": "/m/014j1m", "Backpack": "/m/01940j", "Ball": "/m/018xm", "Balloon": "/m/01j51",
    "Bench": "/m/0cvnqh", "Bicycle": "/m/0199g", "Bird": "/m/015p6", "Book": "/m/0bt_c3", "Bottle": "/m/04dr76w",
    "Bowl": "/m/04kkgm", "Box": "/m/025dyy", "Boy": "/m/01bl7v", "Car": "/m/0k4j", "Cat": "/m/01yrx",
    "Chair": "/m/01mzpv", "Dog": "/m/0bt9lr", "Drum": "/m/026t6", "Football": "/m/01226z", "Girl": "/m/05r655",
    "Guitar": "/m/0342h", "Hat": "/m/02dl1y", "Horse": "/m/03k3r", "Laptop": "/m/01c648", "Man": "/m/04yx4",
    "Mug": "/m/02jvh9", "Orange": "/m/0cyhj_", "Person": "/m/01g317", "Suitcase": "/m/01s55n",
    "Sunglasses": "/m/017ftj", "Table": "/m/04bcr3", "Tennis ball": "/m/05ctyq", "Tennis racket": "/m/0h8my_4",
    "Tree": "/m/07j7r", "Umbrella": "/m/0hnnb", "Woman": "/m/03bt1vf",
}  # fmt: skip
"""The sample's classes with their Open Images ids."""

ATTRIBUTES: Mapping[str, tuple[str, str]] = {
    "wooden": ("/m/083vt", "Wooden"),
    "plastic": ("/m/05z87", "Plastic"),
    "transparent": ("/m/02gy9n", "Transparent"),
    "leather": ("/m/04lbp", "(made of)Leather"),
    "textile": ("/m/0dnr7", "(made of)Textile"),
}

ABOVE: Mapping[str, str] = {
    "Man": "Person", "Woman": "Person", "Boy": "Person", "Girl": "Person", "Football": "Ball", "Tennis ball": "Ball",
}  # fmt: skip
"""A class -> the wider class of the sample that it belongs to."""

VRD = "oidv6-train-annotations-vrd.csv"
BOXES = "oidv6-train-annotations-bbox.csv"
LABELS = "train-annotations-human-imagelabels-boxable.csv"
CLASSES = "oidv6-class-descriptions-boxable.csv"
ATTRIBUTE_NAMES = "oidv6-attributes-description.csv"
TRIPLETS = "oidv6-relationship-triplets.csv"
RELATIONS = "oidv6-relationships-description.csv"
IMAGES = "train-images-boxable-with-rotation.csv"

VRD_HEADER = "ImageID,LabelName1,LabelName2,XMin1,XMax1,YMin1,YMax1,XMin2,XMax2,YMin2,YMax2,RelationshipLabel"
BOX_HEADER = (
    "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside,"
    "XClick1X,XClick2X,XClick3X,XClick4X,XClick1Y,XClick2Y,XClick3Y,XClick4Y"
)
LABEL_HEADER = "ImageID,Source,LabelName,Confidence"
IMAGE_HEADER = (
    "ImageID,Subset,OriginalURL,OriginalLandingURL,License,AuthorProfileURL,Author,Title,OriginalSize,OriginalMD5,"
    "Thumbnail300KURL,Rotation"
)
LICENSE = "https://creativecommons.org/publicdomain/zero/1.0/"
AUTHOR = "NatuRel sample generator"
JPEG_QUALITY = 90
ADD_SHARE = 0.5
"""The share of pictures to which something without a part in any relation is added, if there is room."""

Rows = list[list[str]]


@dataclass(frozen=True)
class _Picture:
    image_id: str
    jpeg: bytes
    seen: tuple[Seen, ...]
    relations: tuple[tuple[int, str, int], ...]

    @property
    def title(self) -> str:
        """What is seen, in a line."""
        said = [f"{self.seen[a].label} {_said(r)} {self.seen[b].label}" for a, r, b in self.relations]
        return "; ".join(dict.fromkeys(said))


def write_sample(folder: Path, seed: int = 0) -> None:
    """Draw the sample and write it as Open Images V6 files.

    The folder appears only when it is complete; one that is there is replaced. The same seed gives the same
    bytes on the same machine.

    Args:
        folder: where the files go.
        seed: another seed draws other pictures of the same arrangements.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        _fill(draft, seed)
        draft.chmod(0o755)
        if folder.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{folder.name}.old.", dir=folder.parent))
            folder.replace(old)
            draft.replace(folder)
            shutil.rmtree(old)
        else:
            draft.replace(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def draw_picture(arrangement: Arrangement, number: int, seed: int) -> Scene:
    """Arrange one picture; it depends on nothing but the arguments."""
    rng = Random(f"{seed}/{arrangement.key}/{number}")  # noqa: S311
    scene = open_scene(rng, arrangement.outdoors, arrangement.closeness)
    arrangement.build(scene)
    if arrangement.others and rng.random() < ADD_SHARE:
        scene.distract(arrangement.others)
    return scene


def _pictures(seed: int) -> Iterator[_Picture]:
    for arrangement in ARRANGEMENTS:
        for number in range(arrangement.count):
            scene = draw_picture(arrangement, number, seed)
            image, seen = scene.render()
            buffer = io.BytesIO()
            image.save(buffer, "JPEG", quality=JPEG_QUALITY, optimize=False, progressive=False)
            digest = hashlib.sha256(f"{seed}/{arrangement.key}/{number}".encode()).hexdigest()
            yield _Picture(digest[:16], buffer.getvalue(), seen, tuple(scene.relations))


def _fill(folder: Path, seed: int) -> None:
    (folder / "images").mkdir()
    vrd: Rows = []
    boxes: Rows = []
    labels: Rows = []
    images: Rows = []
    for picture in sorted(_pictures(seed), key=lambda p: p.image_id):
        write_file(folder / "images" / f"{picture.image_id}.jpg", picture.jpeg)
        vrd += _vrd_rows(picture)
        boxes += [_box_row(picture.image_id, seen) for seen in picture.seen]
        labels += _label_rows(picture)
        images.append(_image_row(picture))
    triplets = sorted({(row[1], row[2], row[11]) for row in vrd})
    relations = sorted({row[11] for row in vrd})
    classes = sorted((mid, label) for label, mid in MIDS.items())
    _write_csv(folder / VRD, VRD_HEADER, vrd)
    _write_csv(folder / BOXES, BOX_HEADER, boxes)
    _write_csv(folder / LABELS, LABEL_HEADER, labels)
    _write_csv(folder / IMAGES, IMAGE_HEADER, images)
    _write_csv(folder / CLASSES, "id,name", classes)
    _write_csv(folder / ATTRIBUTE_NAMES, "id,name", sorted(ATTRIBUTES.values()))
    _write_csv(folder / TRIPLETS, "LabelName1,LabelName2,RelationshipLabel", triplets)
    _write_csv(folder / RELATIONS, "", [(key, key) for key in relations])


def _vrd_rows(picture: _Picture) -> Rows:
    rows = []
    for a, relation, b in picture.relations:
        one, two = picture.seen[a], picture.seen[b]
        row = [picture.image_id, MIDS[one.label], MIDS[two.label], *_sides(one), *_sides(two), relation]
        rows.append(row)
    for seen in picture.seen:
        if seen.material:
            mid = ATTRIBUTES[seen.material][0]
            rows.append([picture.image_id, MIDS[seen.label], mid, *_sides(seen), *_sides(seen), "is"])
    return rows


def _box_row(image_id: str, seen: Seen) -> list[str]:
    flags = [str(int(seen.occluded)), str(int(seen.truncated)), "0", "0", "0"]
    clicks = [_number(x) for x, _ in seen.extremes] + [_number(y) for _, y in seen.extremes]
    return [image_id, "xclick", MIDS[seen.label], "1", *_sides(seen), *flags, *clicks]


def _label_rows(picture: _Picture) -> Rows:
    drawn = {seen.label for seen in picture.seen}
    related = drawn | {ABOVE[label] for label in drawn if label in ABOVE}
    related |= {label for label, above in ABOVE.items() if above in drawn}
    rows = [[picture.image_id, "verification", MIDS[label], "1"] for label in sorted(drawn)]
    absent = sorted(set(MIDS) - related)
    return rows + [[picture.image_id, "verification", MIDS[label], "0"] for label in absent]


def _image_row(picture: _Picture) -> list[str]:
    md5 = base64.b64encode(hashlib.md5(picture.jpeg, usedforsecurity=False).digest()).decode()
    size = str(len(picture.jpeg))
    return [picture.image_id, "train", "", "", LICENSE, "", AUTHOR, picture.title, size, md5, "", "0.0"]


def _sides(seen: Seen) -> list[str]:
    x0, y0, x1, y1 = seen.box
    return [_number(x0), _number(x1), _number(y0), _number(y1)]


def _number(value: float) -> str:
    return f"{value:.6f}"


def _said(relation: str) -> str:
    return relation.replace("_", " ")


def _write_csv(path: Path, header: str, rows: Iterable[Sequence[str]]) -> None:
    text = io.StringIO(newline="")
    if header:
        text.write(header + "\n")
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_file(path, text.getvalue().encode())
