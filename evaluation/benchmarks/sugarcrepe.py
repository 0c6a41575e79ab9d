"""SugarCrepe (Hsieh and others, 2023): seven files, each of a kind of change that makes a caption of COCO false.

`<kind>.json`, `{"0": {"filename", "caption", "negative_caption"}, ...}`; photos of COCO's val2017
(github.com/RAIVNLab/sugar-crepe, `main_eval.py`). NatuRel's own `naturel export --format sugarcrepe` writes the same.
"""

from __future__ import annotations

from naturel.evaluation.benchmarks.collecting import RIGHT_FIRST, Collector
from naturel.evaluation.benchmarks.rows import Photos, Place, find_file, object_of, read_rows, text_of
from naturel.evaluation.questions import Kind, Questions

PUBLISHED = "https://github.com/RAIVNLab/sugar-crepe/tree/main/data"
COCO_VAL = "http://images.cocodataset.org/zips/val2017.zip"


def open_part(part: str, place: Place) -> list[Questions]:
    """Read one of the seven files; see `families.FAMILIES` for their names.

    Raises:
        MissingFileError: It is not there.
        UserError: It is not in this format.
    """
    path = find_file(place, [f"{part}.json", f"data/{part}.json"], PUBLISHED)
    photos = Photos(place.below("val2017", "images", "", photos="coco"), COCO_VAL)
    collector = Collector(f"sugarcrepe/{part}", Kind.CHOICE, path)
    for where, row in read_rows(path):
        with collector.row(where):
            told = object_of(row)
            sentences = [text_of(told.get(name), name) for name in ("caption", "negative_caption")]
            picture = photos.picture(told.get("filename"))
            collector.add([picture], sentences, RIGHT_FIRST, {"id": where.split()[-1]})
    return [collector.questions(photos.notes())]
