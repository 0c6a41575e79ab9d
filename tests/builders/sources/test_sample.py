"""The embedded sample: official layout, true relations, balance, determinism."""

from __future__ import annotations

import base64
import csv
import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from PIL import Image

from naturel.builders.sources import sample
from naturel.builders.sources.arrangements import ARRANGEMENTS
from naturel.builders.sources.pictograms import PICTOGRAMS, Canvas, draw, random_style

Row = dict[str, str]
Box = tuple[float, float, float, float]
Triplet = tuple[str, str, str]

NAMES = {mid: label for label, mid in sample.MIDS.items()} | dict(sample.ATTRIBUTES.values())
PIXEL = 1 / 250


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "open_images"
    sample.write_sample(path)
    return path


def rows(folder: Path, name: str) -> list[Row]:
    with (folder / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def box(row: Row, number: str = "") -> Box:
    x0, x1, y0, y1 = (float(row[side + number]) for side in ("XMin", "XMax", "YMin", "YMax"))
    return x0, y0, x1, y1


def pairs(folder: Path) -> list[tuple[Triplet, Box, Box, str]]:
    return [
        (
            (NAMES[r["LabelName1"]], r["RelationshipLabel"], NAMES[r["LabelName2"]]),
            box(r, "1"),
            box(r, "2"),
            r["ImageID"],
        )
        for r in rows(folder, sample.VRD)
        if r["RelationshipLabel"] != "is"
    ]


def width_overlap(a: Box, b: Box) -> float:
    """The shared width as a share of the narrower box."""
    return (min(a[2], b[2]) - max(a[0], b[0])) / min(a[2] - a[0], b[2] - b[0])


def area(a: Box) -> float:
    return max(a[2] - a[0], 0.0) * max(a[3] - a[1], 0.0)


def common(a: Box, b: Box) -> Box:
    return max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])


def gap(a: Box, b: Box) -> float:
    return max(a[0] - b[2], b[0] - a[2], a[1] - b[3], b[1] - a[3], 0.0)


def middle_y(a: Box) -> float:
    return (a[1] + a[3]) / 2


def test_the_files_have_the_official_names_and_headers(folder: Path) -> None:
    heads = {
        "oidv6-train-annotations-vrd.csv": "ImageID,LabelName1,LabelName2,XMin1,XMax1,YMin1,YMax1,XMin2,XMax2,"
        "YMin2,YMax2,RelationshipLabel",
        "oidv6-train-annotations-bbox.csv": "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,"
        "IsTruncated,IsGroupOf,IsDepiction,IsInside,XClick1X,XClick2X,XClick3X,XClick4X,XClick1Y,XClick2Y,"
        "XClick3Y,XClick4Y",
        "train-annotations-human-imagelabels-boxable.csv": "ImageID,Source,LabelName,Confidence",
        "oidv6-class-descriptions-boxable.csv": "id,name",
        "oidv6-attributes-description.csv": "id,name",
        "oidv6-relationship-triplets.csv": "LabelName1,LabelName2,RelationshipLabel",
        "oidv6-relationships-description.csv": "at,at",
        "train-images-boxable-with-rotation.csv": "ImageID,Subset,OriginalURL,OriginalLandingURL,License,"
        "AuthorProfileURL,Author,Title,OriginalSize,OriginalMD5,Thumbnail300KURL,Rotation",
    }
    assert {p.name for p in folder.iterdir()} == {*heads, "images"}
    for name, head in heads.items():
        assert (folder / name).read_text(encoding="utf-8").splitlines()[0] == head


def test_there_are_enough_pictures_triplets_and_relations(folder: Path) -> None:
    triplets = {t for t, *_ in pairs(folder)}
    assert len(rows(folder, sample.IMAGES)) >= 240
    assert len(triplets) >= 30
    assert len({relation for _, relation, _ in triplets}) >= 8
    assert {r["LabelName2"] for r in rows(folder, sample.VRD) if r["RelationshipLabel"] == "is"} == {
        mid for mid, _ in sample.ATTRIBUTES.values()
    }
    assert sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) < 10_000_000


def test_ids_and_descriptions_agree(folder: Path) -> None:
    ids = [r["ImageID"] for r in rows(folder, sample.IMAGES)]
    assert all(re.fullmatch(r"[0-9a-f]{16}", i) for i in ids)
    assert len(set(ids)) == len(ids)
    assert {p.stem for p in (folder / "images").iterdir()} == set(ids)
    classes = {r["id"]: r["name"] for r in rows(folder, sample.CLASSES)}
    used = {r["LabelName"] for name in (sample.BOXES, sample.LABELS) for r in rows(folder, name)}
    assert used == set(classes)
    assert classes == {mid: label for label, mid in sample.MIDS.items()}
    vrd = rows(folder, sample.VRD)
    listed = {tuple(r.values()) for r in rows(folder, sample.TRIPLETS)}
    assert listed == {(r["LabelName1"], r["LabelName2"], r["RelationshipLabel"]) for r in vrd}
    lines = (folder / sample.RELATIONS).read_text().split()
    assert {line.split(",")[0] for line in lines} == {r["RelationshipLabel"] for r in vrd}


def test_image_rows_describe_the_files(folder: Path) -> None:
    for row in rows(folder, sample.IMAGES):
        data = (folder / "images" / f"{row['ImageID']}.jpg").read_bytes()
        digest = hashlib.md5(data, usedforsecurity=False).digest()
        assert row["OriginalMD5"] == base64.b64encode(digest).decode()
        assert row["OriginalSize"] == str(len(data))
        assert row["License"] == "https://creativecommons.org/publicdomain/zero/1.0/"
        assert (row["Author"], row["Subset"], row["Rotation"]) == ("NatuRel sample generator", "train", "0.0")
        assert row["Title"]


def test_every_picture_opens_and_its_boxes_are_on_the_pixel_grid(folder: Path) -> None:
    boxes = defaultdict(list)
    for row in rows(folder, sample.BOXES):
        boxes[row["ImageID"]].append(box(row))
    assert set(boxes) == {p.stem for p in (folder / "images").iterdir()}
    for image_id, found in boxes.items():
        with Image.open(folder / "images" / f"{image_id}.jpg") as picture:
            picture.load()
            width, height = picture.size
        assert 320 <= width <= 400
        assert 240 <= height <= 300
        for a in found:
            for value, size in zip(a, (width, height, width, height), strict=True):
                assert abs(value * size * 3 - round(value * size * 3)) < 0.01


def test_boxes_lie_in_the_picture_and_hold_their_extreme_points(folder: Path) -> None:
    for row in rows(folder, sample.BOXES):
        x0, y0, x1, y1 = box(row)
        assert 0 <= x0 < x1 <= 1
        assert 0 <= y0 < y1 <= 1
        assert (row["Confidence"], row["IsDepiction"], row["IsGroupOf"]) == ("1", "0", "0")
        xs = [float(row[f"XClick{n}X"]) for n in (1, 2, 3, 4)]
        ys = [float(row[f"XClick{n}Y"]) for n in (1, 2, 3, 4)]
        assert (min(xs), max(xs)) == (x0, x1)
        assert (min(ys), max(ys)) == (y0, y1)


def test_every_related_box_is_a_box_row(folder: Path) -> None:
    known = {(r["ImageID"], r["LabelName"], box(r)) for r in rows(folder, sample.BOXES)}
    for row in rows(folder, sample.VRD):
        assert (row["ImageID"], row["LabelName1"], box(row, "1")) in known
        if row["RelationshipLabel"] == "is":
            assert box(row, "1") == box(row, "2")
        else:
            assert (row["ImageID"], row["LabelName2"], box(row, "2")) in known


def test_no_two_boxes_of_a_picture_are_the_same(folder: Path) -> None:
    found = Counter((r["ImageID"], box(r)) for r in rows(folder, sample.BOXES))
    assert max(found.values()) == 1


def test_absent_labels_are_never_drawn_and_drawn_labels_are_present(folder: Path) -> None:
    drawn = defaultdict(set)
    for row in rows(folder, sample.BOXES):
        drawn[row["ImageID"]].add(NAMES[row["LabelName"]])
    said: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows(folder, sample.LABELS):
        said[row["ImageID"], row["Confidence"]].add(NAMES[row["LabelName"]])
    for image_id, labels in drawn.items():
        assert said[image_id, "1"] == labels
        wider = labels | {sample.ABOVE[label] for label in labels if label in sample.ABOVE}
        assert not said[image_id, "0"] & wider
        if "Ball" in labels:
            assert not said[image_id, "0"] & {"Football", "Tennis ball"}
        assert ("Person" in said[image_id, "0"]) == (not labels & {"Man", "Woman", "Boy", "Girl"})


def _on(a: Box, b: Box) -> bool:
    return middle_y(a) < middle_y(b) and width_overlap(a, b) >= 0.5 and b[1] - PIXEL <= a[3] <= b[3] + PIXEL


def _under(a: Box, b: Box) -> bool:
    return middle_y(a) > middle_y(b) and width_overlap(a, b) >= 0.9 and a[3] >= b[3] - 0.05


def _inside(a: Box, b: Box) -> bool:
    return area(common(a, b)) >= 0.5 * area(a) and area(a) < area(b)


def _worn(a: Box, b: Box) -> bool:
    return area(common(a, b)) >= 0.4 * area(b) and area(a) > area(b)


def _touch(a: Box, b: Box) -> bool:
    return gap(a, b) == 0


RULES: dict[str, Callable[[Box, Box], bool]] = {
    "on": _on,
    "under": _under,
    "inside_of": _inside,
    "wears": _worn,
    "ride": _on,
    "holds": _touch,
    "plays": _touch,
    "read": _touch,
    "interacts_with": _touch,
    "at": lambda a, b: gap(a, b) <= 0.05,
    "kick": lambda a, b: gap(a, b) <= 0.02,
    "hits": lambda a, b: gap(a, b) <= 0.15,
}


def test_the_boxes_of_each_relation_behave(folder: Path) -> None:
    wrong = [(t, image_id, a, b) for t, a, b, image_id in pairs(folder) if not RULES[t[1]](a, b)]
    assert wrong == []


def test_what_takes_no_part_is_clear_of_what_does(folder: Path) -> None:
    by_picture = defaultdict(list)
    for triplet, a, b, image_id in pairs(folder):
        by_picture[image_id].append((triplet, a, b))
    boxes = defaultdict(list)
    for row in rows(folder, sample.BOXES):
        boxes[row["ImageID"]].append((NAMES[row["LabelName"]], box(row)))
    for image_id, found in boxes.items():
        taking = {b for _, *both in by_picture[image_id] for b in both}
        for label, free in found:
            if free not in taking:
                assert all(free[2] < b[0] or b[2] < free[0] for b in taking), (image_id, label)


def test_no_true_on_or_under_is_left_out(folder: Path) -> None:
    said: set[tuple[str, Box, Box]] = {(image_id, a, b) for _, a, b, image_id in pairs(folder)}
    boxes = defaultdict(list)
    for row in rows(folder, sample.BOXES):
        boxes[row["ImageID"]].append((NAMES[row["LabelName"]], box(row)))
    bases = {"Table", "Chair", "Bench", "Box", "Car", "Bowl"}
    people = {"Man", "Woman", "Boy", "Girl"}
    for image_id, found in boxes.items():
        for name, a in found:
            for base, b in found:
                if a == b or base not in bases or name in people or name in bases:
                    continue
                if (image_id, b, a) in said:
                    continue  # said the other way round: the box is on the suitcase
                if _on(a, b) or _under(a, b) or _inside(a, b):
                    assert (image_id, a, b) in said, (image_id, name, base)


OPPOSITES: list[tuple[Triplet, Triplet]] = [
    (("Cat", "on", "Table"), ("Cat", "under", "Table")),
    (("Dog", "on", "Table"), ("Dog", "under", "Table")),
    (("Ball", "on", "Table"), ("Ball", "under", "Table")),
    (("Box", "on", "Table"), ("Box", "under", "Table")),
    (("Cat", "on", "Chair"), ("Cat", "under", "Chair")),
    (("Ball", "on", "Chair"), ("Ball", "under", "Chair")),
    (("Ball", "on", "Bench"), ("Ball", "under", "Bench")),
    (("Bird", "on", "Bench"), ("Bird", "under", "Bench")),
    (("Ball", "inside_of", "Box"), ("Ball", "on", "Box")),
    (("Cat", "inside_of", "Box"), ("Cat", "on", "Box")),
    (("Cat", "inside_of", "Car"), ("Cat", "on", "Car")),
    (("Dog", "inside_of", "Car"), ("Dog", "on", "Car")),
    (("Mug", "on", "Book"), ("Book", "on", "Mug")),
    (("Box", "on", "Suitcase"), ("Suitcase", "on", "Box")),
    (("Man", "holds", "Mug"), ("Woman", "holds", "Mug")),
    (("Man", "wears", "Hat"), ("Woman", "wears", "Hat")),
    (("Man", "holds", "Hat"), ("Woman", "holds", "Hat")),
    (("Boy", "plays", "Drum"), ("Girl", "plays", "Drum")),
    (("Boy", "ride", "Bicycle"), ("Girl", "ride", "Bicycle")),
    (("Man", "ride", "Horse"), ("Woman", "ride", "Horse")),
    (("Man", "at", "Table"), ("Woman", "at", "Table")),
]


@pytest.mark.parametrize(("one", "other"), OPPOSITES, ids=lambda t: " ".join(t))
def test_opposites_are_balanced_and_apart(folder: Path, one: Triplet, other: Triplet) -> None:
    pictures = defaultdict(set)
    for triplet, _, _, image_id in pairs(folder):
        pictures[triplet].add(image_id)
    assert len(pictures[one]) >= 4
    assert abs(len(pictures[one]) - len(pictures[other])) <= 1
    assert not pictures[one] & pictures[other]


def test_several_objects_and_several_of_a_class(folder: Path) -> None:
    labels = defaultdict(list)
    for row in rows(folder, sample.BOXES):
        labels[row["ImageID"]].append(row["LabelName"])
    assert sum(len(found) >= 3 for found in labels.values()) >= len(labels) / 3
    assert sum(len(set(found)) < len(found) for found in labels.values()) >= 10


def _content(folder: Path) -> dict[str, str]:
    files = (p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_the_same_seed_gives_the_same_bytes_and_leaves_nothing_else(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "again"
    target.mkdir()
    (target / "stale.txt").write_text("old")
    sample.write_sample(target)
    assert _content(target) == _content(folder)
    assert [p.name for p in tmp_path.iterdir()] == ["again"]


@pytest.mark.parametrize("seed", [1])
def test_relations_hold_with_other_seeds(folder: Path, tmp_path: Path, seed: int) -> None:
    other = tmp_path / "other"
    sample.write_sample(other, seed)
    test_the_boxes_of_each_relation_behave(other)
    test_what_takes_no_part_is_clear_of_what_does(other)
    test_no_true_on_or_under_is_left_out(other)
    test_no_two_boxes_of_a_picture_are_the_same(other)
    assert not set(_content(other).items()) & set(_content(folder / "images").items())
    ours = {r["ImageID"] for r in rows(folder, sample.IMAGES)}
    assert not ours & {r["ImageID"] for r in rows(other, sample.IMAGES)}


def test_a_failed_write_leaves_the_old_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "sample"
    target.mkdir()
    (target / "kept.txt").write_text("old")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(sample, "write_file", fail)
    with pytest.raises(OSError, match="disk full"):
        sample.write_sample(target)
    assert [p.name for p in tmp_path.iterdir()] == ["sample"]
    assert (target / "kept.txt").read_text() == "old"


@pytest.mark.parametrize("label", PICTOGRAMS)
def test_every_pictogram_fills_any_box(label: str) -> None:
    for size in ((120, 90), (50, 130)):
        style = random_style(label, Random(1))
        drawing = draw(label, (10, 20, 10 + size[0], 20 + size[1]), style)
        x0, y0, x1, y1 = drawing.bounds()
        assert x0 >= 10 - size[0] * 0.08
        assert y0 >= 20 - size[1] * 0.08
        assert x1 <= 10 + size[0] * 1.08
        assert y1 <= 20 + size[1] * 1.08
        assert (x1 - x0) * (y1 - y0) >= 0.4 * size[0] * size[1]
        canvas = Canvas(200, 200, (255, 255, 255))
        canvas.paint(drawing.back + drawing.front, 1)
        seen, _ = canvas.visible(1)
        assert canvas.pixels()[1] > 0
        assert seen[0] * 200 == pytest.approx(x0, abs=2.5)
        assert seen[3] * 200 == pytest.approx(y1, abs=2.5)


def test_a_flipped_pictogram_is_the_mirror() -> None:
    style = random_style("Dog", Random(2))
    flipped = replace(style, flip=True)
    one, two = draw("Dog", (0, 0, 110, 84), style), draw("Dog", (0, 0, 110, 84), flipped)
    assert two.anchors["head"] == pytest.approx((110 - one.anchors["head"][0], one.anchors["head"][1]))


def test_arrangement_keys_are_unique() -> None:
    assert len({a.key for a in ARRANGEMENTS}) == len(ARRANGEMENTS)
    assert set(sample.MIDS) == set(PICTOGRAMS) | {"Person"}
