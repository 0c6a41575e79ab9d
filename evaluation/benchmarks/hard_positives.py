"""The hard positive truth (Kamath and others, 2024): a caption, a hard positive and a hard negative of a photo.

Two files of the same name and order: `data/` has the original captions, `swapped_data/` the hard positives, both as
`true_caption` with the hard negative as `false_caption` (github.com/amitakamath/hard_positives, `run_eval.py`).
REPLACE: `vl_checklist_relations.json` and `vl_checklist_attributes.json`, photos as in `image_path`,
`data/VG_100K/61.jpg`; SWAP: `visual_genome_attribution.json` of ARO with its crops, photos below `data/images/`. The
hard negative is the one of `swapped_data/`, as in the authors' script.
"""

from __future__ import annotations

from typing import Any

from naturel.annotations.errors import UserError
from naturel.evaluation.benchmarks.aro import IMAGES as ARO_IMAGES
from naturel.evaluation.benchmarks.aro import box_of
from naturel.evaluation.benchmarks.collecting import Collector
from naturel.evaluation.benchmarks.rows import BadRow, Photos, Place, find_file, object_of, read_rows, text_of
from naturel.evaluation.questions import Kind, Questions

FILES = {
    "replace_rel": "vl_checklist_relations.json",
    "replace_att": "vl_checklist_attributes.json",
    "swap": "visual_genome_attribution.json",
}
PUBLISHED = "https://github.com/amitakamath/hard_positives"
VISUAL_GENOME = "https://homes.cs.washington.edu/~ranjay/visualgenome/api.html (VG_100K and VG_100K_2)"
TRUE = ((True, True, False),)


def open_part(part: str, place: Place) -> list[Questions]:
    """Read one pair of files.

    Args:
        part: `replace_rel`, `replace_att` or `swap`.
        place: The folder of `data/` and `swapped_data/`.

    Raises:
        MissingFileError: One of the two files is not there.
        UserError: They are not in this format, or do not belong together.
    """
    original = find_file(place, [f"data/{FILES[part]}"], PUBLISHED)
    swapped = find_file(place, [f"swapped_data/{FILES[part]}"], PUBLISHED)
    crops = part == "swap"
    photos = Photos(
        place.below("data/images", "swapped_data/images", "images", photos="visual_genome")
        if crops
        else place.below("data", "", photos="visual_genome"),
        ARO_IMAGES if crops else VISUAL_GENOME,
    )
    rows, others = read_rows(original), read_rows(swapped)
    if len(rows) != len(others):
        raise UserError(
            f"{original} has {len(rows):,} rows, {swapped} has {len(others):,}: they do not belong together. "
            f"Download both from {PUBLISHED}."
        )
    collector = Collector(f"hard_positives/{part}", Kind.HARD_POSITIVE, original)
    for (where, row), (_, other) in zip(rows, others, strict=True):
        with collector.row(where):
            told, changed = object_of(row), object_of(other)
            if _place_of(told) != _place_of(changed):
                raise BadRow("the two files are about different photos")
            sentences = [
                text_of(told.get("true_caption"), "true_caption"),
                text_of(changed.get("true_caption"), "true_caption"),
                text_of(changed.get("false_caption"), "false_caption"),
            ]
            name = told.get("image_path")
            name = name.removeprefix("data/") if isinstance(name, str) else name
            picture = photos.picture(name, box_of(told) if crops else None)
            collector.add([picture], sentences, TRUE, {"id": where.split()[-1]})
    return [collector.questions(photos.notes())]


def _place_of(row: dict[str, Any]) -> list[Any]:
    return [row.get(name) for name in ("image_path", "bbox_x", "bbox_y", "bbox_w", "bbox_h")]
