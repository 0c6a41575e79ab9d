"""Visual Spatial Reasoning (Liu, Emerson and Collier, 2023) as a ranking of true sentences above false ones.

JSON Lines of `image, caption, label (0 or 1), relation`, as in github.com/cambridgeltl/visual-spatial-reasoning:
`splits/random/test.jsonl`, `splits/zeroshot/test.jsonl`, `data_files/all_vsr_validated_data.jsonl`, photos of COCO
2017 below `images/`. A two-tower model has no threshold for true, so accuracy is replaced by AUC and ranking.
"""

from __future__ import annotations

from naturel.evaluation.benchmarks.collecting import Collector
from naturel.evaluation.benchmarks.rows import (
    BadRow,
    Photos,
    Place,
    find_file,
    label_of,
    object_of,
    read_lines,
    text_of,
)
from naturel.evaluation.questions import Kind, Questions

PUBLISHED = "https://github.com/cambridgeltl/visual-spatial-reasoning/tree/master/data"
IMAGES = "http://images.cocodataset.org/zips/train2017.zip and http://images.cocodataset.org/zips/val2017.zip"
ALL = "data_files/all_vsr_validated_data.jsonl"


def open_part(part: str, place: Place) -> list[Questions]:
    """Read one of the files.

    Args:
        part: `random`, `zeroshot` or `all`.
        place: The repository's folder `data`, or the repository; `random` and `zeroshot` give those of `train`, `dev`
            and `test` that are among its splits, else `test`.

    Raises:
        MissingFileError: A file is not there.
        UserError: It is not in this format.
    """
    if part == "all":
        return [_read("vsr/all", [ALL, f"data/{ALL}", "all_vsr_validated_data.jsonl"], place)]
    found = []
    for each in [name for name in ("train", "dev", "test") if name in place.split] or ["test"]:
        below = f"{part}/{each}.jsonl"
        name = f"vsr/{part}" if each == "test" else f"vsr/{part}:{each}"
        files = [f"splits/{below}", f"data/splits/{below}", below, f"vsr_{below}"]
        found.append(_read(name, files, place))
    return found


def _read(name: str, files: list[str], place: Place) -> Questions:
    path = find_file(place, files, PUBLISHED)
    folders = ("images", "data/images", "trainval2017", "train2017", "val2017", "")
    photos = Photos(place.below(*folders, photos="coco"), IMAGES)
    collector = Collector(name, Kind.JUDGEMENT, path)
    for where, row in read_lines(path):
        with collector.row(where):
            told = object_of(row)
            caption, label = text_of(told.get("caption"), "caption"), told.get("label")
            if label not in (0, 1):
                raise BadRow("the label is neither 0 nor 1")
            facts = {"id": where.split()[-1], "relation": label_of(told.get("relation"))}
            collector.add([photos.picture(told.get("image"))], [caption], [[bool(label)]], facts)
    return collector.questions(photos.notes())
