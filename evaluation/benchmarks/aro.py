"""ARO's VG-Relation (Yuksekgonul and others, 2023): a relation against the same with its two things exchanged.

`visual_genome_relation.json`, `[{"image_path", "bbox_x", "bbox_y", "bbox_w", "bbox_h", "true_caption",
"false_caption", "relation_name"}, ...]` beside `images/`; what is shown is the box around both things
(github.com/mertyg/vision-language-models-are-bows, `dataset_zoo/aro_datasets.py`). The published figure is the macro
accuracy over the relations that are left after those in `aro.yaml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from naturel.annotations.yaml_file import read_yaml
from naturel.evaluation.benchmarks.collecting import RIGHT_FIRST, Collector
from naturel.evaluation.benchmarks.rows import (
    BadRow,
    Photos,
    Place,
    crop_of,
    find_file,
    is_whole,
    label_of,
    object_of,
    read_rows,
    text_of,
)
from naturel.evaluation.questions import Kind, Questions

PUBLISHED = (
    "https://drive.google.com/uc?id=1kX2iCHEv0CADL8dSO1nMdW-V0NqIAiP3 "
    "(see https://github.com/mertyg/vision-language-models-are-bows)"
)
IMAGES = "https://drive.google.com/uc?id=1qaPlrwhGNMrR3a11iopZUT_GPP_LrgP9 (vgr_vga_images.zip)"


def open_part(part: str, place: Place) -> list[Questions]:
    """Read VG-Relation.

    Args:
        part: `vg_relation`.
        place: Its folder.

    Raises:
        MissingFileError: The file is not there.
        UserError: It is not in this format.
    """
    path = find_file(place, ["visual_genome_relation.json"], PUBLISHED)
    photos = Photos(place.below("images"), IMAGES)
    collector = Collector(f"aro/{part}", Kind.CHOICE, path)
    for where, row in read_rows(path):
        with collector.row(where):
            told = object_of(row)
            sentences = [text_of(told.get(name), name) for name in ("true_caption", "false_caption")]
            relation = label_of(told.get("relation_name"))
            facts = {
                "id": where.split()[-1],
                "relation": relation,
                "asymmetric_relation": None if relation in left_out() else relation,
            }
            picture = photos.picture(told.get("image_path"), box_of(told))
            collector.add([picture], sentences, RIGHT_FIRST, facts)
    return [collector.questions(photos.notes())]


def box_of(row: Mapping[str, Any]) -> tuple[int, int, int, int]:
    """The crop of a row: ARO gives its corner, width and height.

    Raises:
        BadRow: It is none.
    """
    sides = [row.get(f"bbox_{side}") for side in "xywh"]
    whole = [int(side) for side in sides if side is not None and is_whole(side)]
    if len(whole) < len(sides):
        raise BadRow("the crop is not four whole numbers")
    x, y, width, height = whole
    return crop_of([x, y, x + width, y + height])


@cache
def left_out() -> frozenset[str]:
    """The relations that the authors do not average over."""
    found, _ = read_yaml(files(__package__).joinpath("aro.yaml").read_bytes())
    return frozenset(found["left_out"])
