"""Things cut out of photos in COCO's layout, drawn here so that every pixel is known."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from naturel.annotations.errors import UserError
from naturel.annotations.nouns import load_nouns
from naturel.annotations.relations import load_vocabulary
from naturel.builders.progress import SilentProgress
from naturel.builders.settings import BuildSettings
from naturel.builders.sources.composites.composites_origin import open_composites
from naturel.builders.sources.composites.cutouts import Role, Scene, Wanted
from naturel.builders.sources.composites.photo_bank import PhotoBank
from naturel.builders.sources.composites.photo_sources import read_outlines
from naturel.builders.sources.composites.plan import DISAGREE
from naturel.builders.sources.composites.stock import Stock, open_stock
from naturel.builders.sources.tables import SourceTables

BY, SA, NC_SA, ND = (
    f"http://creativecommons.org/licenses/{code}/2.0/" for code in ("by", "by-sa", "by-nc-sa", "by-nd")
)
CATEGORIES = ("cat", "dog", "cup")
Entry = Mapping[str, Any]


def write_coco(folder: Path, photos: Sequence[tuple[str, Sequence[Entry]]]) -> Path:
    """Photos of 200 x 100 pixels, blue to the left of the middle and red to the right of it."""
    (folder / "train2017").mkdir(parents=True)
    licenses = [BY, SA, NC_SA, ND]
    images: list[Entry] = []
    annotations: list[Entry] = []
    for number, (license_, entries) in enumerate(photos, start=1):
        photo = Image.new("RGB", (200, 100), (0, 0, 255))
        photo.paste((255, 0, 0), (100, 0, 200, 100))
        photo.save(folder / "train2017" / f"{number:012}.png")
        images.append(
            {
                "id": number, "file_name": f"{number:012}.png", "width": 200, "height": 100,
                "license": licenses.index(license_), "flickr_url": f"http://example.org/{number}",
            }
        )  # fmt: skip
        for entry in entries:
            base = {"id": len(annotations) + 1, "image_id": number, "iscrowd": 0, "area": 1}
            category = CATEGORIES.index(entry["label"])
            annotations.append(
                {**base, "category_id": category, **{k: v for k, v in entry.items() if k != "label"}}
            )
    document = {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": number, "name": name} for number, name in enumerate(CATEGORIES)],
        "licenses": [{"id": number, "url": url, "name": ""} for number, url in enumerate(licenses)],
    }
    (folder / "instances_train2017.json").write_text(json.dumps(document))
    return folder


def stock_of(folder: Path, work: Path) -> Stock:
    settings = BuildSettings(source=["composites"], backend="photos", cutouts=folder)
    return open_stock(settings, work, SilentProgress())


def wanted(label: str, number: int = 0) -> Wanted:
    return Wanted(label, number, Scene.BESIDE, Role.THING)


CAT = {"label": "cat", "bbox": [60, 20, 80, 60]}
DOG = {"label": "dog", "bbox": [60, 20, 80, 60]}


def test_a_box_is_cut_out_as_it_is(tmp_path: Path) -> None:
    stock = stock_of(write_coco(tmp_path, [(BY, [CAT])]), tmp_path)
    cut_out = stock.bank.cut_out(wanted("Cat"), 80, 60)
    assert cut_out.image.size == (80, 60)
    pixels = np.asarray(cut_out.image)
    assert (pixels[..., 3] == 255).all()
    assert (pixels[:, :40] == (0, 0, 255, 255)).all()
    assert (pixels[:, 40:] == (255, 0, 0, 255)).all()
    assert BY in cut_out.credit.license
    assert cut_out.credit.landing_url == "http://example.org/1"


def test_an_outline_cuts_along_itself(tmp_path: Path) -> None:
    left_half = [[60, 20, 100, 20, 100, 80, 60, 80]]
    folder = write_coco(tmp_path, [(BY, [{**CAT, "segmentation": left_half}])])
    cut_out = stock_of(folder, tmp_path).bank.cut_out(wanted("Cat"), 80, 60)
    assert cut_out.image.size == (40, 60)
    assert (np.asarray(cut_out.image)[..., :3] == (0, 0, 255)).all()


@pytest.mark.parametrize(
    ("license_", "entries", "reason"),
    [
        (ND, [CAT], "the photo's licence forbids derivatives"),
        (BY, [{**CAT, "iscrowd": 1}], "a group or a depiction"),
        (BY, [{**CAT, "bbox": [0, 20, 80, 60]}], "cut off by the border"),
        (BY, [{**CAT, "bbox": [60, 20, 12, 60]}], "too small"),
        (BY, [{**CAT, "bbox": [5, 20, 190, 20]}], "too long and narrow"),
        (BY, [CAT, {"label": "cup", "bbox": [70, 30, 30, 30]}], "something else is in its box"),
    ],
)
def test_what_is_left_out_is_counted(
    license_: str, entries: list[Entry], reason: str, tmp_path: Path
) -> None:
    stock = stock_of(write_coco(tmp_path, [(license_, entries), (BY, [DOG])]), tmp_path)
    assert "Cat" not in stock.bank.labels
    assert "Dog" in stock.bank.labels
    assert stock.dropped[f"cut-out: {reason}"] >= 1


def test_a_missing_photo_is_counted(tmp_path: Path) -> None:
    folder = write_coco(tmp_path, [(BY, [CAT]), (BY, [DOG])])
    (folder / "train2017" / "000000000001.png").unlink()
    stock = stock_of(folder, tmp_path)
    assert list(stock.bank.labels) == ["Dog"]
    assert stock.dropped["cut-out: its photo is missing"] == 1


def test_share_alike_meets_itself_and_what_asks_for_a_name_only(tmp_path: Path) -> None:
    photos = [(BY, [CAT]), (SA, [CAT]), (NC_SA, [CAT]), (ND, [CAT])]
    bank = stock_of(write_coco(tmp_path, photos), tmp_path).bank
    assert isinstance(bank, PhotoBank)
    by, sa, nc_sa = (wanted("Cat", number) for number in range(3))
    assert bank.may_meet(by, sa)
    assert bank.may_meet(sa, sa)
    assert not bank.may_meet(sa, nc_sa)
    assert bank.may_meet(by, nc_sa)


def test_absent_is_what_the_photo_lacks_or_has_elsewhere(tmp_path: Path) -> None:
    apart = {"label": "dog", "bbox": [150, 20, 40, 60]}
    folder = write_coco(tmp_path, [(BY, [CAT, apart])])
    absent = stock_of(folder, tmp_path).bank.cut_out(wanted("Cat"), 80, 60).absent
    assert absent == frozenset({"Dog"})  # the list is not COCO's own: nothing is known of cups


def test_the_pictures_name_both_photos(tmp_path: Path) -> None:
    cup = {"label": "cup", "bbox": [60, 20, 80, 60]}
    folder = write_coco(tmp_path / "data", [(BY, [CAT]), (SA, [cup])])
    settings = BuildSettings(
        source=["composites"],
        backend="photos",
        cutouts=folder,
        max_images=4,
    )
    origin = open_composites(settings, tmp_path / "work", SilentProgress())
    tables = origin.read(load_vocabulary(), load_nouns())
    (said,) = set(tables.images["license"].to_pylist())
    assert BY in said
    assert SA in said
    assert set(tables.images["landing_url"].to_pylist()) <= {
        "http://example.org/1; http://example.org/2",
        "http://example.org/2; http://example.org/1",
    }
    assert origin.inputs == {"annotations": folder / "instances_train2017.json"}


def test_licences_that_do_not_go_together_are_counted(tmp_path: Path) -> None:
    cup = {"label": "cup", "bbox": [60, 20, 80, 60]}
    folder = write_coco(tmp_path / "data", [(NC_SA, [CAT]), (SA, [cup]), (BY, [{**cup, "label": "dog"}])])
    settings = BuildSettings(source=["composites"], backend="photos", cutouts=folder, layouts=1)
    tables = open_composites(settings, tmp_path / "work", SilentProgress()).read(
        load_vocabulary(), load_nouns()
    )
    assert tables.dropped[DISAGREE] == 2  # the cat and the cup: side by side, and one above the other
    assert {frozenset(labels) for labels in pairs_of(tables)} == {frozenset({"Cup", "Dog"})}


def pairs_of(tables: SourceTables) -> list[list[str]]:
    """The labels on each picture."""
    labels = tables.objects.group_by("image_id").aggregate([("label", "list")])
    return [list(pair) for pair in labels["label_list"].to_pylist()]


def test_only_things_with_the_licences_asked_for(tmp_path: Path) -> None:
    folder = write_coco(tmp_path, [(BY, [CAT]), (SA, [DOG])])
    settings = BuildSettings(source=["composites"], backend="photos", cutouts=folder, licenses="by")
    assert list(open_stock(settings, tmp_path, SilentProgress()).bank.labels) == ["Cat"]


def test_polygons_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "instances.json"
    shapes = [[[1, 2, 3]], {"counts": [1], "size": [1, 1]}, [[1, 1, 2, 2, 3, 3]], None, [["a"] * 6]]
    entries = [{"id": number, "segmentation": shape} for number, shape in enumerate(shapes)]
    path.write_text(json.dumps({"annotations": entries}))
    assert read_outlines(path) == {"2": [[1, 1, 2, 2, 3, 3]]}


def test_a_folder_with_neither_layout(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"--cutouts .* neither in COCO's nor in Open Images' layout"):
        stock_of(tmp_path, tmp_path)


def test_open_images_boxes_serve_too() -> None:
    data = Path(__file__).parents[4].parent / "shared" / "data" / "openimages_photos"
    if not data.is_dir():
        pytest.skip("the shared data folder is not there")
    stock = stock_of(data, data)
    assert {"Apple", "Bicycle", "Bird", "Boat"} <= set(stock.bank.labels)
    cut_out = stock.bank.cut_out(wanted("Bird"), 100, 100)
    assert max(cut_out.image.size) == 100
